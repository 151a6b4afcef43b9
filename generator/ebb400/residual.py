"""How far two aligned pictures still lie apart, from place to place."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bokeh_render.optics import Float32

_TILE_PX = 64
_FINENESS = 20  # steps a px
_LARGEST_PX = 6.0  # what a tile counts at most: farther, the peak says only that nothing fits
_TEXTURE = 0.012  # standard deviation of display values
_FEWEST_TILES = 4


class Residual(NamedTuple):
    """Shifts left over in tiles with detail, px. median, ninetieth: of their lengths, by tile; tiles: how many."""

    median_px: float
    ninetieth_px: float
    tiles: int


def measure_residual(rendered: Float32, shallow: Float32, counted: NDArray[np.bool_]) -> Residual | None:
    """Return how far the shallow photograph lies from its render, which is blurred alike; None with too few tiles.

    rendered, shallow: (H, W, 3) display values; counted: (H, W), tiles count of which these are more than half. Each
    tile's shift is that of the peak of its cross-correlation.
    """
    from skimage.registration import phase_cross_correlation

    grey = [picture.mean(axis=2) for picture in (rendered, shallow)]
    window = np.outer(np.hanning(_TILE_PX), np.hanning(_TILE_PX))
    lengths = []
    for top in range(0, counted.shape[0] - _TILE_PX + 1, _TILE_PX // 2):
        for left in range(0, counted.shape[1] - _TILE_PX + 1, _TILE_PX // 2):
            tile = (slice(top, top + _TILE_PX), slice(left, left + _TILE_PX))
            if counted[tile].mean() < 0.5 or min(float(picture[tile].std()) for picture in grey) < _TEXTURE:
                continue
            ours, theirs = ((picture[tile] - picture[tile].mean()) * window for picture in grey)
            shift, *_ = phase_cross_correlation(  # type: ignore[no-untyped-call]
                theirs, ours, upsample_factor=_FINENESS, normalization=None
            )
            lengths.append(min(float(np.hypot(*shift)), _LARGEST_PX))
    if len(lengths) < _FEWEST_TILES:
        return None
    return Residual(float(np.median(lengths)), float(np.percentile(lengths, 90)), len(lengths))
