"""How soft is the edge of a disc? A lens draws it hard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from bokeh_render.aperture import Aperture

from . import bars
from .exact import opening_image
from .measures import Float64, Spot, measure_spot
from .record import Judgement
from .runner import Answer
from .spots import all_spots

_SHOWN_PX = (8.0, 16.0, 32.0)  # radial profiles in the plot


@dataclass(frozen=True)
class EdgeEvidence:
    """Edge widths by radius, measured and ideal, and some radial profiles: (radius, measured, ideal)."""

    radius_px: Float64
    edge_px: Float64
    ideal_edge_px: Float64
    profiles: Sequence[tuple[float, Spot, Spot]]


@cache
def ideal_spot(radius_px: float) -> Spot:
    """Return what the rulers say of an ideal lens's disc."""
    margin = int(0.6 * radius_px) + 6
    picture = np.pad(opening_image(Aperture(), radius_px), margin)
    return measure_spot(picture * np.pi * radius_px**2, picture.shape[0] // 2, picture.shape[1] // 2, 0.0)


def judge_edge(answers: Mapping[str, Answer]) -> Judgement:
    """Measure how wide the edges of discs are."""
    spots = [(light, spot) for light, spot in all_spots(answers) if abs(light.defocus_px) >= bars.EDGE_FROM_PX]
    radius = np.array([abs(light.defocus_px) for light, _ in spots])
    edge = np.array([spot.edge_px for _, spot in spots])
    share = float(np.median(edge / radius))
    excess = float(np.max(np.where(edge <= bars.EDGE_PX, 0.0, edge / radius)))
    verdict = bars.EDGE_SHARE.verdict(excess)
    ideal = np.array([ideal_spot(one).edge_px for one in radius])
    numbers = {"edge_per_radius": share}
    numbers |= {f"edge_at_{one:g}_px": float(edge[radius == one].mean()) for one in (8.0, 16.0, 32.0)}
    if not any(spot.radius_px > 1 for _, spot in spots):
        verdict, sentence = "fail", "There are no discs: lights stay points, so that they have no edge."
    elif verdict == "pass":
        sentence = f"Discs have hard edges, as a lens draws them: 10–90 % in {edge.min():.1f} to {edge.max():.1f} px."
    else:
        sentence = (
            f"Edges of discs are {100 * share:.0f} % of the radius wide (10–90 %); a lens draws about 1 px. "
            "Usual cause: "
            + ("a Gaussian or a repeated blur" if share > bars.EDGE_SHARE.bearable else "a smoothed or upsampled blur")
            + " in place of a disc."
        )
    shown = [(light, spot) for light, spot in spots if light.defocus_px in [-one for one in _SHOWN_PX]]
    profiles = [(abs(light.defocus_px), spot, ideal_spot(abs(light.defocus_px))) for light, spot in shown]
    return Judgement(verdict, numbers, sentence, EdgeEvidence(radius, edge, ideal, profiles))
