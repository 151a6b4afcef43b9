"""Small pieces of text that several pages share."""

from __future__ import annotations

from benchmark.rendering import Rendering


def scene_label(name: str) -> str:
    """Return a scene's name as people read it."""
    words = name.replace("_", " ").strip()
    return words[:1].upper() + words[1:] if words else name


def counted(number: int, one: str, many: str | None = None) -> str:
    """Return a number with its noun. many: where it is not ``one`` with an s."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def sizes_of(rendering: Rendering) -> str:
    """Return width × height of the scenes in px; the range where they differ."""
    sizes = sorted({scene.size_px[::-1] for scene in rendering.scenes.values()})
    first, last = sizes[0], sizes[-1]
    told = f"{first[0]}×{first[1]}"
    return f"{told} px" if first == last else f"{told} to {last[0]}×{last[1]} px"


def is_address(text: str | None) -> bool:
    """Return whether a method's own word on its paper or code can be a link; what is not http(s) is shown as text."""
    return text is not None and text.startswith(("https://", "http://"))
