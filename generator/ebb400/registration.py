"""Where the wide photograph lies on the shallow one: SIFT matches, else intensities (ECC), else refusal."""

from __future__ import annotations

import math
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bokeh_render.optics import Float32
from bokeh_render.schema import Record

from .refusal import PairRefusedError
from .similarity import IDENTITY, Similarity, fit_similarity, nearest_similarity

_RATIO = 0.8  # of a match's distance to the second best's: Lowe's test
_RANSAC_PX = 1.5
_MOST_FEATURES = 8000  # of a picture; matching takes time as their number squared
_ECC_STEPS, _ECC_PRECISION = 200, 1e-6
_ECC_LEVELS = 3
_SMOOTHING_PX = 5


class RegistrationLimits(Record):
    """What hand and lens can have done between two photographs; beyond it a match is taken for a mistake.

    shift: share of the width; scale: |scale - 1|; turn_deg: degrees; fewest_inliers: matches that agree.
    """

    shift: float = 0.05
    scale: float = 0.04
    turn_deg: float = 1.5
    fewest_inliers: int = 25


DEFAULT_LIMITS = RegistrationLimits()


class Registration(NamedTuple):
    """Where the wide photograph lies on the shallow one.

    similarity: wide px to shallow px; method: how it was found, ``none`` when not looked for; inliers: matches that
    agree (0 but with ``sift``).
    """

    similarity: Similarity
    method: Literal["sift", "ecc", "none"]
    inliers: int


def register(wide: Float32, shallow: Float32, limits: RegistrationLimits = DEFAULT_LIMITS) -> Registration:
    """Find the similarity that takes the wide photograph onto the shallow one.

    wide, shallow: (H, W, 3) display values in [0, 1], of one size. Matches of sharp detail count, which both show only
    where the shallow one is in focus; where they are too few, the whole pictures are compared. Raises
    PairRefusedError when neither gives a similarity within the limits.
    """
    grey = [_grey(picture) for picture in (wide, shallow)]
    found = _by_matches(grey[0], grey[1], limits)
    if found is not None:
        return found
    similarity = _by_intensity(grey[0], grey[1])
    if similarity is None or not within(similarity, wide.shape[:2], limits):
        raise PairRefusedError(
            "align",
            "the two photographs could not be aligned: neither details nor brightness agree within "
            f"{100 * limits.shift:g} % of shift, {100 * limits.scale:g} % of scale and {limits.turn_deg:g}° of turn",
        )
    return Registration(similarity, "ecc", 0)


def within(similarity: Similarity, shape: tuple[int, ...], limits: RegistrationLimits) -> bool:
    """Return whether a similarity is one that a hand-held pair can have: the shift is that of the picture's centre."""
    height, width = shape[:2]
    centre = np.array([[(width - 1) / 2.0, (height - 1) / 2.0]])
    shift = float(np.linalg.norm(similarity.apply(centre) - centre))
    return (
        shift <= limits.shift * width
        and abs(similarity.scale - 1.0) <= limits.scale
        and abs(math.degrees(similarity.angle_rad)) <= limits.turn_deg
    )


def refine(moving: Float32, fixed: Float32, trusted: NDArray[np.bool_] | None = None) -> Similarity | None:
    """Return the small similarity that takes ``moving`` onto ``fixed`` by their intensities; None when there is none.

    moving, fixed: (H, W, 3) display values, alike in blur; trusted: (H, W), which pixels of ``fixed`` count.
    """
    return _ecc(_grey(moving), _grey(fixed), IDENTITY, trusted)


def _grey(picture: Float32) -> NDArray[np.uint8]:
    luma = picture @ np.array([0.299, 0.587, 0.114], dtype=np.float32)
    return np.asarray(np.rint(255.0 * np.clip(luma, 0.0, 1.0)), dtype=np.uint8)


def _by_matches(wide: NDArray[np.uint8], shallow: NDArray[np.uint8], limits: RegistrationLimits) -> Registration | None:
    import cv2

    sift = cv2.SIFT.create(nfeatures=_MOST_FEATURES, contrastThreshold=0.02)
    everywhere = np.full(wide.shape, 255, dtype=np.uint8)
    (points, features), (others, their_features) = (sift.detectAndCompute(grey, everywhere) for grey in (wide, shallow))
    if features is None or their_features is None or min(len(features), len(their_features)) < limits.fewest_inliers:
        return None
    pairs = [
        (best.queryIdx, best.trainIdx)
        for best, second in cv2.BFMatcher().knnMatch(features, their_features, k=2)
        if best.distance < _RATIO * second.distance
    ]
    if len(pairs) < limits.fewest_inliers:
        return None
    start = np.array([points[i].pt for i, _ in pairs])
    end = np.array([others[j].pt for _, j in pairs])
    near = np.linalg.norm(end - start, axis=1) < limits.shift * wide.shape[1]
    start, end = start[near], end[near]
    if len(start) < limits.fewest_inliers:
        return None
    cv2.setRNGSeed(0)  # RANSAC draws from OpenCV's own generator
    matrix, kept = cv2.estimateAffinePartial2D(start, end, method=cv2.RANSAC, ransacReprojThreshold=_RANSAC_PX)
    if matrix is None or int(kept.sum()) < limits.fewest_inliers:
        return None
    inside = kept.ravel() > 0
    similarity = fit_similarity(start[inside], end[inside])
    if not within(similarity, wide.shape, limits):
        return None
    return Registration(similarity, "sift", int(inside.sum()))


def _by_intensity(wide: NDArray[np.uint8], shallow: NDArray[np.uint8]) -> Similarity | None:
    import cv2

    similarity = IDENTITY
    for level in reversed(range(_ECC_LEVELS)):
        factor = 0.5**level
        size = (round(wide.shape[1] * factor), round(wide.shape[0] * factor))
        small = [
            np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), dtype=np.uint8) for grey in (wide, shallow)
        ]
        found = _ecc(small[0], small[1], similarity.scaled(factor), None)
        if found is None:
            return None
        similarity = found.scaled(1.0 / factor)
    return similarity


def _ecc(
    moving: NDArray[np.uint8], fixed: NDArray[np.uint8], start: Similarity, trusted: NDArray[np.bool_] | None
) -> Similarity | None:
    import cv2

    # OpenCV's matrix takes the template's px to the input's
    matrix: Any = start.inverse.matrix.astype(np.float32)
    mask: Any = None if trusted is None else trusted.astype(np.uint8)
    criteria = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, _ECC_STEPS, _ECC_PRECISION)
    try:
        _, matrix = cv2.findTransformECC(fixed, moving, matrix, cv2.MOTION_AFFINE, criteria, mask, _SMOOTHING_PX)
    except cv2.error:  # it did not converge
        return None
    return nearest_similarity(matrix, *fixed.shape).inverse
