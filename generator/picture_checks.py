"""Checks of a stack's pictures as light: sizes, values, highlights kept, light neither lost nor won by blurring."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bokeh_render.optics import Float32

from .finding import Finding, listed

_CELLS_DOWN = 8
_LIGHT_TOLERANCE = 0.04
"""Of the median, over cells, of a bokeh image's light by the image's. Renders differ by 0.001 at 16 samples per pixel
and 0.006 at 8; single cells by a factor of two, where lamps stand at the frame or hide behind an edge."""
_LIMITS = (1.0, 65504.0)  # where clipping leaves its plateau: display white, the largest half float
_FEWEST_CLIPPED = 1e-4  # of the pixels
_PLATEAU_PX = 16


@dataclass(frozen=True)
class Clipped:
    """Pixels that share the highest value exactly. certain: whether nothing but clipping explains it."""

    value: float
    pixels: int
    certain: bool


@dataclass(frozen=True)
class PictureFacts:
    """What is worth knowing of one picture. light_ratio: to the all-in-focus image, see :func:`light_ratio`."""

    name: str
    size: tuple[int, int]
    minimum: float
    maximum: float
    clipped: Clipped | None
    light_ratio: float | None


def picture_facts(name: str, light: Float32, image: Float32 | None) -> PictureFacts:
    """Look at one picture (H, W, 3) of light. image: the all-in-focus image, to compare the light with."""
    ratio = light_ratio(light, image) if image is not None and image.shape == light.shape else None
    size = (light.shape[1], light.shape[0])
    return PictureFacts(name, size, float(light.min()), float(light.max()), find_clipping(light), ratio)


def light_ratio(light: Float32, image: Float32) -> float:
    """Return the median, over cells of an eighth of the height, of one picture's light divided by another's."""
    cell = max(4, image.shape[0] // _CELLS_DOWN)
    return float(np.median(_cell_means(light, cell) / np.maximum(_cell_means(image, cell), 1e-9)))


def _cell_means(light: Float32, cell: int) -> NDArray[np.float64]:
    rows, columns = light.shape[0] // cell, light.shape[1] // cell
    whole = light[: rows * cell, : columns * cell].mean(axis=2, dtype=np.float64)
    return np.asarray(whole.reshape(rows, cell, columns, cell).mean(axis=(1, 3)))


def find_clipping(light: Float32) -> Clipped | None:
    """Return the plateau that clipping left in a picture (H, W, 3), or None.

    A lamp seen directly is a plateau too: its light is the same all over. But lamps of different colours do not end
    at one value; colours that were cut off do. So a plateau counts when it lies at 1 or 65504, or when two channels
    end at the same value in different places (then it is not certain).
    """
    top = float(light.max())
    at_top = light == np.float32(top)
    pixels = int(at_top.any(axis=2).sum())
    if pixels < max(_PLATEAU_PX, _FEWEST_CLIPPED * light.shape[0] * light.shape[1]):
        return None
    if top in _LIMITS:
        return Clipped(top, pixels, certain=True)
    channels = [at_top[..., index] for index in range(3) if at_top[..., index].sum() >= _PLATEAU_PX]
    for index, first in enumerate(channels):
        for second in channels[index + 1 :]:
            if (first ^ second).sum() > 0.5 * (first | second).sum():
                return Clipped(top, pixels, certain=False)
    return None


def check_sizes(scene: str, expected: tuple[int, int], sizes: dict[str, tuple[int, int]]) -> Finding:
    """Check that all pictures and maps are as large (width, height) as info.json, or else the image, says."""
    wrong = [f"{name} is {width}×{height}" for name, (width, height) in sizes.items() if (width, height) != expected]
    text = f"{expected[0]}×{expected[1]}"
    if wrong:
        return Finding("sizes", scene, "failed", f"{listed(wrong)}; expected {text}")
    return Finding("sizes", scene, "ok", f"{len(sizes)} pictures and maps, all {text}")


def check_values(scene: str, facts: Sequence[PictureFacts], unreadable: Sequence[str]) -> Finding:
    """Check that every picture can be read, is finite (readers refuse it otherwise), not negative and not black."""
    if unreadable:
        return Finding("values", scene, "failed", listed(list(unreadable), 2))
    negative = [f"{fact.name} goes down to {fact.minimum:.3g}" for fact in facts if fact.minimum < 0]
    if negative:
        return Finding("values", scene, "failed", f"{listed(negative)}; expected light, which is never negative")
    black = [f"{fact.name} is black" for fact in facts if fact.maximum <= 0]
    if black:
        return Finding("values", scene, "failed", f"{listed(black)}; expected a picture")
    return Finding("values", scene, "ok", f"{len(facts)} pictures, finite and not negative")


def check_highlights(scene: str, facts: Sequence[PictureFacts]) -> Finding:
    """Check that highlights were not clipped in any picture (the first of ``facts`` is the all-in-focus image)."""
    clipped = [(fact.name, fact.clipped) for fact in facts if fact.clipped]
    certain = [_clipped_text(name, found) for name, found in clipped if found.certain]
    if certain:
        return Finding("highlights", scene, "failed", f"clipped: {listed(certain)}; expected light above 1 to be kept")
    if clipped:
        suspects = [_clipped_text(name, found) for name, found in clipped]
        return Finding("highlights", scene, "warning", f"perhaps clipped: {listed(suspects)}")
    brightest = facts[0].maximum
    if brightest <= 1.0:
        text = f"nothing in {facts[0].name} exceeds 1 (largest {brightest:.3g}); right only for a scene without lights"
        return Finding("highlights", scene, "warning", text)
    return Finding("highlights", scene, "ok", f"up to {brightest:.4g} times display white, no plateau")


def _clipped_text(name: str, clipped: Clipped) -> str:
    return f"{name} has {clipped.pixels} pixels at exactly {clipped.value:g}"


def check_light(scene: str, facts: Sequence[PictureFacts]) -> Finding:
    """Check that bokeh images hold the light of the all-in-focus image: blurring moves light, it makes none."""
    compared = [(fact.name, fact.light_ratio) for fact in facts if fact.light_ratio is not None]
    if not compared:
        return Finding("light", scene, "not checked", "no bokeh image could be compared with the image")
    off = [f"{name} has {ratio:.1%}" for name, ratio in compared if abs(ratio - 1.0) > _LIGHT_TOLERANCE]
    if off:
        return Finding(
            "light",
            scene,
            "failed",
            f"{len(off)} of {len(compared)}: {listed(off)} of the image's light (median over cells); "
            f"expected 100% within {_LIGHT_TOLERANCE:.0%}: exposure, gamma or scene differ",
        )
    ratios = [ratio for _, ratio in compared]
    return Finding("light", scene, "ok", f"bokeh images have {min(ratios):.1%} to {max(ratios):.1%} of the image's")
