"""How soft is the edge of a disc? A lens draws it hard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from . import bars
from .measures import Float64, Spot
from .record import Judgement, NoEvidence
from .runner import Answer
from .spots import all_spots, ideal_spot

_SHOWN_PX = (8.0, 16.0, 32.0)  # radial profiles in the plot
_DISC_SHARE = 0.25  # of the radius: smaller ones are no discs


@dataclass(frozen=True)
class EdgeEvidence:
    """Edge widths by radius, measured and ideal, and some radial profiles: (radius, measured, ideal)."""

    radius_px: Float64
    edge_px: Float64
    ideal_edge_px: Float64
    profiles: Sequence[tuple[float, Spot, Spot]]


def judge_edge(answers: Mapping[str, Answer]) -> Judgement:
    """Measure how wide the edges of discs are."""
    discs = [
        (light, spot)
        for light, spot in all_spots(answers)
        if abs(light.defocus_px) >= bars.EDGE_FROM_PX and spot.radius_px > _DISC_SHARE * abs(light.defocus_px)
    ]
    if not discs:
        sentence = "There are no discs: lights stay points, or nearly, so that they have no edge."
        return Judgement("fail", {}, sentence, NoEvidence(sentence))
    radius = np.array([abs(light.defocus_px) for light, _ in discs])
    edge = np.array([spot.edge_px for _, spot in discs])
    share = float(np.median(edge / radius))
    verdict = bars.EDGE_SHARE.verdict(float(np.max(np.where(edge <= bars.EDGE_PX, 0.0, edge / radius))))
    numbers = {f"edge_at_{one:g}_px": float(edge[radius == one].mean()) for one in _SHOWN_PX if (radius == one).any()}
    numbers["edge_per_radius"] = share
    if verdict == "pass":
        sentence = f"Discs have hard edges, as a lens draws them: 10–90 % in {edge.min():.1f} to {edge.max():.1f} px."
    else:
        soft = "a Gaussian or a repeated blur" if share > bars.EDGE_SHARE.bearable else "a smoothed or upsampled blur"
        sentence = (
            f"Edges of discs are {100 * share:.0f} % of the radius wide (10–90 %); a lens draws about 1 px. "
            f"Usual cause: {soft} in place of a disc."
        )
    profiles = {abs(light.defocus_px): spot for light, spot in discs if abs(light.defocus_px) in _SHOWN_PX}
    ideal = np.array([ideal_spot(one).edge_px for one in radius])
    shown = [(one, spot, ideal_spot(one)) for one, spot in sorted(profiles.items())]
    return Judgement(verdict, numbers, sentence, EdgeEvidence(radius, edge, ideal, shown))
