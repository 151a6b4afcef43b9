"""``info.json`` of a prepared pair: every estimate, what is left over, and every doubt."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ConfigDict

from bokeh_render.schema import Record

from ..stack import PairInfo


class PhotographInfo(Record):
    """One untouched photograph. file: its owner's name for it; sha256: of its bytes; width, height: px, upright."""

    file: str
    sha256: str
    width: int
    height: int


class AlignmentInfo(Record):
    """How the wide photograph was moved onto the shallow one, and how well that went.

    method: ``sift``, ``ecc`` or ``none``; inliers: matches that agree; refined: whether the render improved it;
    scale, turn_deg, shift_px: of the similarity, the shift at the picture's centre; matrix: 2×3, wide px to shallow px;
    frame: top, left, bottom, right of what was kept of the shallow photograph, px; overlap: its share;
    residual_px, residual_ninetieth_px: median and 90th percentile of what tiles with detail still lie apart, px; None
    where fewer than four tiles tell.
    """

    method: Literal["sift", "ecc", "none"]
    inliers: int
    refined: bool
    scale: float
    turn_deg: float
    shift_px: tuple[float, float]
    matrix: tuple[tuple[float, float, float], tuple[float, float, float]]
    frame: tuple[int, int, int, int]
    overlap: float
    residual_px: float | None
    residual_ninetieth_px: float | None
    residual_tiles: int


class PhotometricInfo(Record):
    """shallow = wide × gains × vignetting, in light. applied: whether ``image.png`` has the gains; see Photometry."""

    applied: bool
    gains: tuple[float, float, float]
    vignetting: tuple[float, float]
    in_focus: bool
    pixels: int
    residual: float


class CurveInfo(Record):
    """Values tried and the likeness of the render to the shallow photograph at each, 0 to 1."""

    tried: tuple[float, ...]
    likeness: tuple[float, ...]


class BlurInfo(Record):
    """How sure K is: see :class:`.blur_search.BlurEstimate`. gamma: effective, only recorded.

    k_spread, focus_spread, elsewhere: see :class:`.steadiness.Steadiness`.
    """

    gamma: float
    likeness: float
    gain: float
    width: float
    k_spread: float
    focus_spread: float
    elsewhere: float
    pixels: float
    nearer: float
    k_curve: CurveInfo
    gamma_curve: CurveInfo
    doubts: tuple[str, ...]

    @property
    def mostly_nearer(self) -> bool:
        """Whether most of the picture lies in front of the focus."""
        return self.nearer > 0.5


class PairScores(Record):
    """How close the classical render at the K found comes: dB, and mean SSIM, to the shallow photograph."""

    psnr: float
    ssim: float


class _PhotographedPairInfo(PairInfo):
    """What both kinds tell. scene: the id in four digits; scores: of the classical renderer at this K and focus."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    scene: str
    id: int
    width: int
    height: int
    wide: PhotographInfo
    shallow: PhotographInfo
    scores: PairScores


class PreparedPairInfo(_PhotographedPairInfo):
    """``info.json`` of a pair that was prepared here.

    disparity: where the map is from; notes: a sentence each. The untouched pair's own info (``original``) has the same
    K, and the scores there.
    """

    alignment: AlignmentInfo
    photometric: PhotometricInfo
    disparity: dict[str, Any]
    blur: BlurInfo
    notes: tuple[str, ...]


class OriginalPairInfo(_PhotographedPairInfo):
    """``info.json`` of the untouched pair: K, focus and disparity of the prepared one, nothing moved, no gains."""
