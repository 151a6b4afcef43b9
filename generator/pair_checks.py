"""Checks of a pair of photographs: its disparity, K and focus, and whether the one photograph is the other, blurred."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from bokeh_render.optics import DISPLAY_GAMMA, Float32, light_from_display

from .alignment import check_alignment
from .contents import ListedFile
from .ebb400.blur_search import render_pair
from .ebb400.info import OriginalPairInfo, PreparedPairInfo
from .ebb400.layout import scene_name
from .ebb400.pair_on_disk import PairPictures
from .finding import Finding, State, listed
from .stack import DISPARITY_FILE, PairInfo, bokeh_name

_ENDS = (0.1, 0.9)
"""Disparity should reach below and above these: a set's map is normalised, and only its margins are cut off."""
_FLAT = 1e-3
_LARGEST_BLUR = (0.12, 0.5)
"""Blur radius as a share of the longer side: twice what is searched for in photographs; what no photograph has."""
_SMALLEST_BLUR_PX = 0.5
_BLURRED_PX = 1.5  # blur radius from which detail should be gone
_FEWEST_BLURRED = 0.005  # of the pixels
_DETAIL_SIGMA_PX = 1.0
_SHARPER = 1.15
"""So much more detail than the image has makes a shallow photograph suspicious: noise and JPEG add a few per cent."""
_SAME = 0.5 / 255  # display value: two 8-bit pictures that differ nowhere
_SCORE_WARNING_DB, _SCORE_FAILED_DB = 0.1, 1.0
_ROUNDED = 1.5 / 12.0 / 255**2
"""Squared error that the image's own rounding to 8 bits may add: scores were measured before it."""


def check_pair_files(scene: str, files: Sequence[ListedFile]) -> Finding:
    """Check that a scene has one image, one shallow photograph, one disparity and one info, under their names."""
    problems = []
    names = {"image": "image", "bokeh": bokeh_name(0, 0), "disparity": Path(DISPARITY_FILE).stem, "info": "info"}
    for role, stem in names.items():
        of_role = [file for file in files if file.role == role]
        if len(of_role) != 1:
            problems.append(f"{len(of_role)} files of the role {role}")
        problems += [f"{f.path.name} has the role {role}" for f in of_role if f.path.stem != stem]
    problems += [f"{file.path.name} has the role {file.role}" for file in files if file.role not in names]
    problems += [
        f"{file.path.name} is listed with blur {file.blur} and focus {file.focus}"
        for file in files
        if file.role == "bokeh" and (file.blur, file.focus) != (0, 0)
    ]
    if problems:
        return Finding(
            "pair", scene, "failed", f"{listed(problems)}; expected one image, disparity, {names['bokeh']} and info"
        )
    return Finding("pair", scene, "ok", f"image, disparity, {names['bokeh']} and info")


def check_pair_info(scene: str, info: PairInfo, files: Sequence[ListedFile]) -> Finding:
    """Check that ``info.json`` is this scene's, and that untouched photographs are those it names."""
    if not isinstance(info, PreparedPairInfo | OriginalPairInfo):
        return Finding("info", scene, "ok", "K and focus disparity; nothing else is known of the pair")
    problems = []
    if info.scene != scene or scene_name(info.id) != scene:
        problems.append(f"it is of scene {info.scene}, id {info.id}")
    if isinstance(info, OriginalPairInfo):
        for role, photograph in (("image", info.wide), ("bokeh", info.shallow)):
            problems += [
                f"{file.path.name} is not {photograph.file}, by its sha256"
                for file in files
                # one that was stored turned lies there as PNG, and has another hash
                if file.role == role and file.path.suffix != ".png" and file.sha256 not in (None, photograph.sha256)
            ]
    if problems:
        return Finding("info", scene, "failed", f"{listed(problems)}; expected the info of this pair")
    doubts = info.blur.doubts if isinstance(info, PreparedPairInfo) else ()
    if doubts:
        return Finding("info", scene, "warning", f"doubtful: {listed(list(doubts), 1)}")
    return Finding("info", scene, "ok", f"of {info.wide.file} and {info.shallow.file}")


def check_normalised(scene: str, disparity: Float32) -> Finding:
    """Check that a disparity map (H, W) holds normalised disparity."""
    if not np.isfinite(disparity).all():
        return Finding("disparity", scene, "failed", "holds NaN or infinite values; expected 0 to 1")
    low, high = float(disparity.min()), float(disparity.max())
    text = f"goes from {low:.3g} to {high:.3g}"
    if low < 0 or high > 1:
        return Finding("disparity", scene, "failed", f"{text}; expected normalised disparity, 0 to 1")
    if high - low < _FLAT:
        return Finding("disparity", scene, "failed", f"{text}: the same nearly everywhere; expected a map with depth")
    if low > _ENDS[0] or high < _ENDS[1]:
        return Finding("disparity", scene, "warning", f"{text}; expected 0 (far) and 1 (near) to be reached, nearly")
    return Finding("disparity", scene, "ok", f"{text}, normalised")


def check_pair_blur(scene: str, info: PairInfo, disparity: Float32) -> Finding:
    """Check that K and focus disparity make a blur that a photograph can have, with something in focus."""
    k, focus = info.blur_parameter_normalised, info.focus_disparity_normalised
    radius = k * float(np.abs(disparity - focus).max())
    text = f"K {k:.3g} px, focus at {focus:.2f}, blur up to {radius:.3g} px"
    most, absurd = (share * max(disparity.shape) for share in _LARGEST_BLUR)
    if radius > most:
        state: State = "failed" if radius > absurd else "warning"
        return Finding(
            "K, focus", scene, state, f"{text}; expected {most:.0f} px at most: K may be of another unit or size"
        )
    if radius < _SMALLEST_BLUR_PX:
        return Finding("K, focus", scene, "warning", f"{text}: nothing is blurred")
    nearest = float(np.abs(disparity - focus).min()) * k
    if nearest > _BLURRED_PX:
        return Finding("K, focus", scene, "warning", f"{text}; nothing is in focus (at least {nearest:.1f} px of blur)")
    return Finding("K, focus", scene, "ok", text)


def check_shallower(scene: str, info: PairInfo, pictures: PairPictures) -> Finding:
    """Check that the shallow photograph differs from the image, and is less sharp where it should be blurred."""
    image, shallow, disparity = pictures
    if float(np.abs(image - shallow).max()) <= _SAME:
        return Finding("blur", scene, "failed", "image and shallow photograph are the same; expected one to be blurred")
    radius = info.blur_parameter_normalised * np.abs(disparity - info.focus_disparity_normalised)
    blurred = radius > _BLURRED_PX
    if blurred.mean() < _FEWEST_BLURRED:
        return Finding("blur", scene, "not checked", f"hardly anything is blurred by more than {_BLURRED_PX:g} px")
    ratio = _detail(shallow, blurred) / max(_detail(image, blurred), 1e-9)
    text = f"where it should be blurred the shallow photograph has {100 * ratio:.0f} % of the image's detail"
    if ratio > _SHARPER:
        return Finding("blur", scene, "failed", f"{text}; expected less: are the two exchanged?")
    if ratio > 1.0:
        return Finding("blur", scene, "warning", f"{text}; expected less")
    return Finding("blur", scene, "ok", text)


def _detail(display: Float32, where: NDArray[np.bool_]) -> float:
    """Return how much fine detail there is: the mean of what a small Laplacian of Gaussian lets through."""
    return float(np.abs(ndimage.gaussian_laplace(display.mean(axis=2), _DETAIL_SIGMA_PX))[where].mean())


def check_render(scene: str, info: PairInfo, pictures: PairPictures) -> Finding:
    """Check that the image, rendered at this K and focus, is as like the shallow photograph as ``info.json`` says."""
    image, shallow, disparity = pictures
    k, focus = info.blur_parameter_normalised, info.focus_disparity_normalised
    clipped = np.clip(image, 0.0, 1.0)
    rendered = _squared_error(render_pair(clipped, disparity, k, focus, DISPLAY_GAMMA, threads=1), shallow)
    sharp = _squared_error(clipped, shallow)
    text = (
        f"rendered at its K, the image comes to {_decibels(rendered):.2f} dB of the shallow photograph "
        f"(unblurred {_decibels(sharp):.2f} dB)"
    )
    if isinstance(info, PreparedPairInfo | OriginalPairInfo):
        off = abs(_decibels(rendered) - info.scores.psnr)
        expected = f"{text}; expected {info.scores.psnr:.2f} dB, as info.json says"
        if off > _SCORE_FAILED_DB and rendered > _ROUNDED:
            return Finding(
                "render", scene, "failed", f"{expected}: pictures, disparity or K are not those it was made of"
            )
        if (
            off > _SCORE_WARNING_DB
            and abs(rendered - 10.0 ** (-min(max(info.scores.psnr, -300.0), 300.0) / 10.0)) > _ROUNDED
        ):
            return Finding("render", scene, "warning", f"{expected}: the renderer may have changed since")
    if rendered >= sharp:
        return Finding("render", scene, "warning", f"{text}; expected K to make it more like it")
    return Finding("render", scene, "ok", text)


def _squared_error(one: Float32, other: Float32) -> float:
    return float(np.mean((one.astype(np.float64) - other) ** 2))


def _decibels(squared_error: float) -> float:
    return -10.0 * math.log10(max(squared_error, 1e-10))


def check_pair_alignment(scene: str, image: Float32, disparity: Float32) -> Finding:
    """Check that disparity and image (display values) show the same edges; never more than a warning.

    A map that a network made is no truth: its edges may lie beside the photograph's, and the pair is still this pair.
    """
    found = check_alignment(scene, light_from_display(np.clip(image, 0.0, 1.0)), disparity)
    text = found.text.replace("depth", "disparity")
    return Finding(found.check, scene, "warning" if found.state == "failed" else found.state, text)
