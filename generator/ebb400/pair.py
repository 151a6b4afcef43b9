"""One pair of photographs from files to numbers: align, match colours, find focus and blur, and align once more."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bokeh_render.optics import DISPLAY_GAMMA, Float32

from .blur_search import BlurEstimate, find_blur, guess_blur, render_pair, squared_error
from .defocus_fit import Guess, calm, clipped_pixels, reached_by_clipped
from .framing import Frame, common_frame
from .photometry import Photometry, doubts_of, measure_photometry
from .refusal import PairRefusedError
from .registration import Registration, refine, register
from .residual import Residual, measure_residual
from .settings import DEFAULT_SETTINGS, PairSettings
from .similarity import IDENTITY, Similarity, covered, moved

Mask = NDArray[np.bool_]

_IN_FOCUS_PX = 0.7


class PreparedPair(NamedTuple):
    """A pair as it goes into the dataset, all of one size, and what was found out.

    wide, shallow: (H, W, 3) display values in [0, 1], the wide one moved and, if so wished, with the shallow one's
    gains; disparity: (H, W) normalised; rendered: (H, W, 3), the classical render at the K found; registration: wide px
    to shallow px of the whole photographs; refined: whether the render moved it; frame: what was kept of them; overlap:
    its share; residual: None where there was too little to tell; photometry; blur: K in px of this size.
    """

    wide: Float32
    shallow: Float32
    disparity: Float32
    rendered: Float32
    registration: Registration
    refined: bool
    frame: Frame
    overlap: float
    residual: Residual | None
    photometry: Photometry
    blur: BlurEstimate


def prepare_pair(
    wide: Float32, shallow: Float32, disparity: Float32, settings: PairSettings = DEFAULT_SETTINGS, *, threads: int = 1
) -> PreparedPair:
    """Prepare a pair.

    wide, shallow: (H, W, 3) display values; disparity: (H, W) normalised, near = 1, on the wide photograph's pixels.
    Raises PairRefusedError when it is beyond one of the settings' limits.
    """
    registration, refined = _aligned(wide, shallow, settings), False
    _check_overlap(registration.similarity, disparity.shape, settings)
    small = _Small.of(wide, shallow, disparity, settings.search_px)
    seen = small.seen(registration.similarity, None)
    guess = guess_blur(*seen.compared, limits=settings.blur, threads=threads)
    if settings.align == "similarity":
        better = small.aligned_by_render(seen, guess, registration.similarity, threads)
        if better is not None:
            registration, refined = registration._replace(similarity=better), True
    seen = small.seen(registration.similarity, guess)
    blur = find_blur(*seen.compared, guess, limits=settings.blur, threads=threads)
    rendered = seen.rendered(blur, threads)
    residual = measure_residual(rendered, seen.shallow, seen.clear(blur))

    frame = _check_overlap(registration.similarity, disparity.shape, settings)
    full = residual and Residual(
        residual.median_px / small.factor, residual.ninetieth_px / small.factor, residual.tiles
    )
    largest = settings.residual * max(disparity.shape)
    if full is not None and full.median_px > largest:
        raise PairRefusedError(
            "align", f"aligned, the pair still lies {full.median_px:.2f} px apart; expected {largest:.2f} px at most"
        )
    unmeasured = ("the alignment could not be checked: too few places show detail",) if full is None else ()
    blur = blur._replace(
        doubts=(*blur.doubts, *doubts_of(seen.photometry), *unmeasured),
        blur_parameter=blur.blur_parameter / small.factor,
        k_curve=blur.k_curve._replace(tried=tuple(k / small.factor for k in blur.k_curve.tried)),
    )
    kept = frame.cut(moved(wide, registration.similarity))
    if settings.photometric == "apply":
        kept = np.clip(seen.photometry.apply(kept), 0.0, 1.0)
    map_kept = frame.cut(np.clip(moved(disparity, registration.similarity, smooth=False), 0.0, 1.0))
    return PreparedPair(
        wide=kept,
        shallow=frame.cut(shallow),
        disparity=map_kept,
        rendered=render_pair(kept, map_kept, blur.blur_parameter, blur.focus_disparity, DISPLAY_GAMMA, threads),
        registration=registration,
        refined=refined,
        frame=frame,
        overlap=frame.share_of(disparity.shape),
        residual=full,
        photometry=seen.photometry,
        blur=blur,
    )


def _aligned(wide: Float32, shallow: Float32, settings: PairSettings) -> Registration:
    if settings.align == "none":
        return Registration(IDENTITY, "none", 0)
    return register(wide, shallow, settings.registration)


def _check_overlap(similarity: Similarity, shape: tuple[int, ...], settings: PairSettings) -> Frame:
    """Return what both photographs show; raises PairRefusedError when it is too little."""
    frame = common_frame(similarity, shape[0], shape[1])
    overlap = frame.share_of(shape)
    if overlap < settings.overlap:
        raise PairRefusedError(
            "align", f"only {100 * overlap:.0f} % of the picture is in both; expected {100 * settings.overlap:g} %"
        )
    return frame


class _Seen(NamedTuple):
    """A small pair, moved: the wide photograph with the shallow one's gains; clipped: its pixels before them."""

    wide: Float32
    shallow: Float32
    disparity: Float32
    valid: Mask
    clipped: Mask
    photometry: Photometry

    @property
    def compared(self) -> tuple[Float32, Float32, Float32, Mask, Mask]:
        return self.wide, self.shallow, self.disparity, self.valid, self.clipped

    def rendered(self, blur: Guess | BlurEstimate, threads: int) -> Float32:
        return render_pair(self.wide, self.disparity, blur.blur_parameter, blur.focus_disparity, DISPLAY_GAMMA, threads)

    def unclipped(self, blur: Guess | BlurEstimate) -> Mask:
        return self.valid & ~reached_by_clipped(self.clipped, self.disparity, blur.blur_parameter, blur.focus_disparity)

    def clear(self, blur: Guess | BlurEstimate) -> Mask:
        return self.unclipped(blur) & calm(self.disparity, blur.blur_parameter, blur.focus_disparity)


class _Small(NamedTuple):
    """A pair at the size at which K is searched. factor: its size as a share of the photographs'."""

    wide: Float32
    shallow: Float32
    disparity: Float32
    factor: float

    @classmethod
    def of(cls, wide: Float32, shallow: Float32, disparity: Float32, longest_px: int) -> _Small:
        import cv2

        height, width = disparity.shape
        factor = min(1.0, longest_px / max(height, width))
        if factor == 1.0:
            return cls(wide, shallow, disparity, 1.0)
        size = (round(width * factor), round(height * factor))

        def resized(picture: Float32) -> Float32:
            return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), dtype=np.float32)

        return cls(resized(wide), resized(shallow), resized(disparity), factor)

    def seen(self, similarity: Similarity, blur: Guess | None) -> _Seen:
        """Move the wide photograph and match its gains, in focus when the blur is known."""
        here = similarity.scaled(self.factor)
        valid = covered(here, *self.disparity.shape)
        plain = moved(self.wide, here)
        disparity = np.clip(moved(self.disparity, here, smooth=False), 0.0, 1.0)
        clipped = clipped_pixels(plain)
        usable, in_focus = valid, None
        if blur is not None:
            away = blur.blur_parameter * np.abs(disparity - blur.focus_disparity)
            in_focus = (away < _IN_FOCUS_PX) & calm(disparity, *blur)
            usable = valid & ~reached_by_clipped(clipped, disparity, *blur)
        photometry = measure_photometry(plain, self.shallow, usable, in_focus=in_focus)
        matched = np.clip(photometry.apply(plain), 0.0, 1.0)
        return _Seen(matched, self.shallow, disparity, valid, clipped, photometry)

    def aligned_by_render(self, seen: _Seen, blur: Guess, similarity: Similarity, threads: int) -> Similarity | None:
        """Return a better alignment, from the render, which is blurred as the shallow photograph is; None if none is.

        Better is what lowers the median error of the moved render.
        """
        rendered, counted = seen.rendered(blur, threads), seen.unclipped(blur)
        step = refine(rendered, seen.shallow, counted)
        if step is None:
            return None
        both = counted & covered(step, *counted.shape)
        before, after = (
            float(np.median(squared_error(picture, seen.shallow)[both]))
            for picture in (rendered, moved(rendered, step))
        )
        return step.scaled(1.0 / self.factor).after(similarity) if after < before else None
