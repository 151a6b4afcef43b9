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
    SceneEntry(
        name="glass_and_metal",
        family="glassware",
        title="Glasses, a carafe and cutlery on a laid table in the evening",
        tests="see-through and mirror-like things whose depth is not the depth of what one sees in them",
    ),
    SceneEntry(
        name="meadow",
        family="foliage",
        title="Grass and wild flowers at the edge of a wood",
        tests="thousands of thin blades at all depths, one or two pixels wide",
    ),
    SceneEntry(
        name="wire_fence",
        family="fence",
        title="A wire-mesh fence close to the lens, a playground behind it",
        tests="a near net that all but vanishes when blurred, so that what it hides must be seen through it",
    ),
    SceneEntry(
        name="portrait",
        family="portrait",
        title="Head and shoulders of a woman with loose hair, before evening lights",
        tests="single strands of hair and a soft outline before bright balls of light",
    ),
    SceneEntry(
        name="chessboard",
        family="chess",
        title="A game of chess seen along the board",
        tests="one plane that runs from far before to far behind the focus, pieces standing on it",
    ),
    SceneEntry(
        name="bookshelf",
        family="bookshelf",
        title="A corner of a library: slanted shelves, spines with print, a ladder",
        tests="slanted planes with print-like texture, where a wrong radius shows at once",
    ),
    SceneEntry(
        name="fairground",
        family="fairground",
        title="A fairground at night: a big wheel, stalls and strings of coloured bulbs",
        tests="hundreds of saturated lights above display white, at all depths and before one another",
    ),
    SceneEntry(
        name="sunlit_room",
        family="interior",
        title="A room in shade with a window on a sunlit garden",
        tests="a range of light beyond display white, and dark edges cut into it",
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
