"""What must be said beside any number of a set of pairs: on its card, on its page, and when it is checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple


class Caveat(NamedTuple):
    """What to say, and its headline; without one it is no warning."""

    headline: str
    text: str


def whose(selection: Mapping[str, Any]) -> Caveat:
    """Return how the ids of a set were chosen. selection: the config's, as :class:`.selection.Selection` writes it."""
    kind, split = selection.get("kind"), selection.get("split", "all")
    if kind == "authors":
        return Caveat("", "The photographs were given as the authors' EBB400.")
    if kind == "draw":
        place = "all of EBB!" if split == "all" else f"EBB!'s split {split}"
        return Caveat(
            "Not the paper's EBB400.",
            f"The ids were drawn by seed {selection.get('seed')} from {place}. The authors' own list is not public: "
            "scores on this set cannot be compared with the table of the BokehMe paper.",
        )
    if kind == "split":
        return Caveat("", "These are all pairs of EBB!." if split == "all" else f"These are EBB!'s split {split}.")
    return Caveat("", "The ids are a list that was given.")


def near_and_far(nearer: int, pairs: int) -> Caveat | None:
    """Return the doubt that near and far of a set's maps are exchanged, None when there is none.

    nearer: in how many of the pairs most of the picture lies in front of the focus. EBB! is focused in front: with
    right maps that is so in few pairs.
    """
    if 2 * nearer <= pairs:
        return None
    return Caveat(
        "Near and far may be exchanged.",
        f"In {nearer} of {pairs} pairs most of the picture lies in front of the focus by its disparity map, but EBB! "
        "is focused in front. Look at the maps: near should be bright. If they are depth, use --depth.",
    )
