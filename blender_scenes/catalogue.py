"""The scenes that exist, known without Blender: names, families and what each one is there to test.

Adding a scene: write ``blender_scenes/scenes/<name>.py`` with a ``build(rng, parameters)`` function, then list it here.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class SceneEntry:
    """One scripted scene.

    name: module name under ``blender_scenes.scenes``; family: the distribution it is drawn from;
    title: one line for people; tests: what kind of renderer it is meant to break.
    """

    name: str
    family: str
    title: str
    tests: str


_ENTRIES = (
    SceneEntry(
        name="blue_hour_street",
        family="street",
        title="A café street at blue hour, lamps and windows at all depths",
        tests="bright lights from 2 m to 80 m, thin bars and spokes before them, bulbs across the frame",
    ),
    SceneEntry(
        name="window_table",
        family="still_life",
        title="A table by a window: books, pencils, a plant, fairy lights behind",
        tests="strong occlusion edges at close range, thin leaves and stems, textured slanted planes",
    ),
)

_CALIBRATION = (
    SceneEntry(
        name="calibration",
        family="calibration",
        title="One emissive disc before a black wall",
        tests="that the camera obeys radius = K |1/z - 1/z_f| and that depth is planar metres",
    ),
)

SCENES: dict[str, SceneEntry] = {entry.name: entry for entry in _ENTRIES}
"""Scenes that go into datasets, in the order in which presets list them."""

BUILDABLE: dict[str, SceneEntry] = {entry.name: entry for entry in _ENTRIES + _CALIBRATION}
"""Everything the worker can build: the scenes and the calibration targets."""
