"""The controls by name: what each asks, which inputs it needs, and who judges the answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from bokeh_render.errors import BadInputError

from ..methods.interface import MethodInput
from .edge_control import judge_edge
from .energy_control import energy_inputs, judge_energy
from .focus_control import judge_focus
from .monotone_control import judge_monotone
from .occlusion_control import judge_occlusion
from .radius_control import judge_radius
from .record import Judgement
from .robustness_control import judge_robustness
from .runner import Answer
from .shape_control import judge_shape
from .spots import light_inputs
from .targets import (
    FOCUS_RADIUS_PX,
    PLANE_RADII_PX,
    POLYGONS,
    grey_stairs,
    half_planes,
    hard_cases,
    plane,
    polygon_sheet,
    two_planes,
)


class Control(NamedTuple):
    """name; question: in a few words; inputs: what the method is asked to render; judge: makes the finding."""

    name: str
    question: str
    inputs: Callable[[], list[MethodInput]]
    judge: Callable[[Mapping[str, Answer]], Judgement]


def _lights() -> list[MethodInput]:
    return [sheet.sample for sheet in light_inputs().values()]


def _energy() -> list[MethodInput]:
    return [*_lights(), energy_inputs().sample, grey_stairs()]


def _polygons() -> list[MethodInput]:
    return [polygon_sheet(name).sample for name in POLYGONS]


def _still() -> MethodInput:
    return two_planes("K = 0", 0.0, 0.5)


def _focus() -> list[MethodInput]:
    near, far = (
        two_planes(f"focus on the {side} half", FOCUS_RADIUS_PX, at) for side, at in (("near", 1.0), ("far", 0.0))
    )
    return [_still(), near, far]


def _planes() -> list[MethodInput]:
    return [_still(), *(plane(radius) for radius in PLANE_RADII_PX)]


def _edges() -> list[MethodInput]:
    return [half_planes(near_in_focus=False), half_planes(near_in_focus=True)]


CONTROLS: dict[str, Control] = {
    control.name: control
    for control in (
        Control("radius", "Is blur as wide as K·|d − d_f|?", _lights, judge_radius),
        Control("edge", "Do discs have the hard edge of a lens?", _lights, judge_edge),
        Control("energy", "Is all light kept?", _energy, judge_energy),
        Control("shape", "Do discs have the shape of the opening?", _polygons, judge_shape),
        Control("focus", "Does what is in focus stay as it is?", _focus, judge_focus),
        Control("monotone", "Does more K blur more, in front and behind alike?", _planes, judge_monotone),
        Control("occlusion", "Do edges in depth follow the thin lens?", _edges, judge_occlusion),
        Control(
            "robustness",
            "Does every input get a sound answer, twice the same?",
            lambda: list(hard_cases().values()),
            judge_robustness,
        ),
    )
}


def chosen_controls(names: tuple[str, ...]) -> list[Control]:
    """Return the controls of these names, all for none; raises BadInputError for an unknown one."""
    for name in names:
        if name not in CONTROLS:
            raise BadInputError(f"unknown control {name!r}; expected some of {', '.join(CONTROLS)}")
    return [control for control in CONTROLS.values() if not names or control.name in names]
