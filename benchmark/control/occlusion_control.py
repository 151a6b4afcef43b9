"""What happens at an edge in depth? Two half planes, one in focus, against the closed form of the thin lens.

A blurred near plane over a sharp far one: the lens sees the far plane past the edge by the disc's free area. A sharp
near plane before a blurred far one: nothing of the far plane may leak onto it, and the far plane goes on behind it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from bokeh_render.optics import DISPLAY_GAMMA, display_from_light

from . import bars
from .exact import half_plane_coverage
from .measures import Float64, light_of, psnr_db
from .record import Judgement, Verdict
from .runner import Answer
from .targets import OCCLUSION_DISPLAY, OCCLUSION_RADIUS_PX, half_planes

_STRIPS = {"bright": slice(20, 44), "dark": slice(84, 108)}  # rows a radius away from borders, by the near plane
_REACH_PX = int(1.25 * OCCLUSION_RADIUS_PX)


@dataclass(frozen=True)
class Profile:
    """Coverage by the near plane across the edge: 1 is the near plane's light, 0 the far one's."""

    near_is_bright: bool
    distance_px: Float64
    coverage: Float64


@dataclass(frozen=True)
class OcclusionEvidence:
    """Profiles where the near plane is blurred, and where it is sharp."""

    blurred_edge: tuple[Profile, ...]
    sharp_edge: tuple[Profile, ...]


def judge_occlusion(answers: Mapping[str, Answer]) -> Judgement:
    """Measure the coverage across both kinds of edges."""
    blurred = _profiles(answers[half_planes(near_in_focus=False).name])
    sharp = _profiles(answers[half_planes(near_in_focus=True).name])
    numbers = {
        "blurred_edge_error": _error(blurred, OCCLUSION_RADIUS_PX),
        "blurred_edge_psnr_db": _psnr(blurred, OCCLUSION_RADIUS_PX),
        "sharp_edge_error": _error(sharp, 0.0),
        "sharp_edge_psnr_db": _psnr(sharp, 0.0),
    }
    noticed = max(numbers["blurred_edge_error"], numbers["sharp_edge_error"]) > bars.OCCLUSION
    verdict: Verdict = "notice" if noticed else "pass"
    return Judgement(verdict, numbers, _sentence(blurred, sharp, numbers), OcclusionEvidence(blurred, sharp))


def _profiles(answer: Answer) -> tuple[Profile, ...]:
    light = light_of(answer.display, answer.sample.gamma)
    edge = light.shape[1] // 2
    columns = slice(edge - _REACH_PX, edge + _REACH_PX)
    distance = np.arange(-_REACH_PX, _REACH_PX) + 0.5
    profiles = []
    for name, rows in _STRIPS.items():
        near, far = _lights(name == "bright")
        profiles.append(Profile(name == "bright", distance, (light[rows, columns].mean(axis=0) - far) / (near - far)))
    return tuple(profiles)


def _lights(near_is_bright: bool) -> tuple[float, float]:
    near, far = (value**DISPLAY_GAMMA for value in OCCLUSION_DISPLAY)
    return (near, far) if near_is_bright else (far, near)


def _error(profiles: tuple[Profile, ...], radius_px: float) -> float:
    """Return the mean error of coverage within one radius of the edge."""
    close = np.abs(profiles[0].distance_px) <= OCCLUSION_RADIUS_PX
    return float(
        np.mean([np.abs(one.coverage - half_plane_coverage(one.distance_px, radius_px))[close] for one in profiles])
    )


def _psnr(profiles: tuple[Profile, ...], radius_px: float) -> float:
    pairs = []
    for one in profiles:
        near, far = _lights(one.near_is_bright)
        true = half_plane_coverage(one.distance_px, radius_px)
        pairs.append([display_from_light(far + (near - far) * share) for share in (one.coverage, true)])
    measured, expected = (np.concatenate(side)[None, :, None] for side in zip(*pairs, strict=True))
    return psnr_db(measured.repeat(3, axis=2), expected.repeat(3, axis=2))


def _sentence(blurred: tuple[Profile, ...], sharp: tuple[Profile, ...], numbers: Mapping[str, float]) -> str:
    first, second = numbers["blurred_edge_error"], numbers["sharp_edge_error"]
    found = (
        f"coverage is off by {first:.3f} at a blurred near edge and by {second:.3f} at a sharp one "
        "(mean within one radius)"
    )
    if max(first, second) <= bars.OCCLUSION:
        return f"Edges in depth follow the thin lens: {found}."
    if _error(blurred, 0.0) < 0.5 * first and _error(sharp, OCCLUSION_RADIUS_PX) < 0.5 * second:
        return (
            f"Near and far are swapped at edges: {found}. Usual cause: a depth map in place of disparity, or the sign "
            "of d − d_f."
        )
    causes = []
    if first > bars.OCCLUSION:
        inner = np.mean(
            [one.coverage[(one.distance_px < 0) & (one.distance_px > -OCCLUSION_RADIUS_PX)] for one in blurred]
        )
        causes.append(
            "blurred near things end in a hard edge (what stands behind them is not guessed)"
            if inner > 0.95
            else "the soft border of blurred near things is wrong"
        )
    if second > bars.OCCLUSION:
        causes.append("blur from behind leaks onto sharp near things, or their light into it")
    return f"At edges in depth {found}: {'; '.join(causes)}. Methods without layers or a network have this by nature."
