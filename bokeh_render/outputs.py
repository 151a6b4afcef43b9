"""Where results go: one image, one animation, or a folder with one file for each image and step of a sweep."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from .animation import ANIMATIONS, check_animation
from .errors import BadInputError
from .imagefile import ENCODING_OF_SUFFIX, encoding_of
from .pairs import OTHER_PICTURES, Pair
from .render import Focus, bits_for

_OTHER_FILES = OTHER_PICTURES | {".apng", ".avi", ".m4v", ".mkv", ".mov", ".webm", ".pdf", ".npz", ".json"}


class Step(NamedTuple):
    """One image of a sweep: K and what is in focus."""

    blur_parameter: float
    focus: Focus


class Output(NamedTuple):
    """One file to make: its name, the pair it is rendered from, and the steps in it (several in an animation)."""

    path: Path
    pair: Pair
    steps: tuple[Step, ...]


class Writing(NamedTuple):
    """How files are written. bits: None = as usual for the format; form: suffix without dot, for files in folders."""

    bits: int | None = None
    form: str | None = None
    frames_per_second: float = 12.0
    back_and_forth: bool = False


def outputs_of(pairs: list[Pair], steps: list[Step], out: Path, *, folders: bool, writing: Writing) -> list[Output]:
    """Return the files to make. folders: the inputs are folders, and so ``out`` is one even for a single pair.

    Names in a folder are ``<stem>.<form>``, with a number for each step of a sweep unless the form is an animation.
    Raises BadInputError for an ``out`` that cannot hold them, or that is one of the inputs.
    """
    for parent in out.parents:
        if parent.is_file():
            raise BadInputError(f"{out} cannot be written, as {parent} is a file; expected a folder there")
    sweep = len(steps) > 1
    many = folders or (sweep and out.suffix.lower() not in ANIMATIONS)
    if folders and out.resolve() in {path.resolve().parent for pair in pairs for path in pair}:
        raise BadInputError(f"{out} is one of the folders of inputs; expected another folder for the results")
    if many:
        suffix = _suffix_in_folder(out, writing, steps=len(steps), folders=folders)
        outputs = _outputs_in_folder(pairs, tuple(steps), out, suffix)
    else:
        if writing.form is not None:
            raise BadInputError(f"--format {writing.form} is for files in a folder; {out} is named by its own suffix")
        _refuse_folder(out, pairs[0])
        suffix = out.suffix
        if suffix.lower() not in ANIMATIONS:
            encoding_of(out)
        outputs = [Output(out, pairs[0], tuple(steps))]
    if suffix.lower() in ANIMATIONS:
        if not sweep:
            raise BadInputError(f"an animation ({suffix}) needs a sweep, such as -K 0:40:9 or --focus 0:1:9")
        if writing.bits not in (None, 8):
            raise BadInputError(f"--bits is {writing.bits}; an animation ({suffix}) has 8 bits")
        check_animation(suffix, writing.frames_per_second)
    else:
        bits_for(suffix, writing.bits)
    _refuse_inputs(outputs)
    return outputs


def _suffix_in_folder(out: Path, writing: Writing, *, steps: int, folders: bool) -> str:
    suffix = out.suffix.lower()
    if not out.is_dir() and suffix in {*ENCODING_OF_SUFFIX, *ANIMATIONS, *_OTHER_FILES}:
        if folders:
            hint = "a folder, as the inputs are folders; choose the kind of file by --format"
        else:
            hint = f"a folder for its {steps} images, or an animation ({', '.join(ANIMATIONS)})"
        raise BadInputError(f"{out} has the name of a file; expected {hint}")
    form = f".{(writing.form or 'png').lower().lstrip('.')}"
    if form not in {*ENCODING_OF_SUFFIX, *ANIMATIONS}:
        expected = ", ".join(name[1:] for name in (*ENCODING_OF_SUFFIX, *ANIMATIONS))
        raise BadInputError(f"--format is {writing.form!r}; expected one of {expected}")
    return form


def _outputs_in_folder(pairs: list[Pair], steps: tuple[Step, ...], out: Path, suffix: str) -> list[Output]:
    if len(steps) == 1 or suffix in ANIMATIONS:
        return [Output(out / f"{pair.image.stem}{suffix}", pair, steps) for pair in pairs]
    digits = max(2, len(str(len(steps) - 1)))
    return [
        Output(out / f"{pair.image.stem}_{number:0{digits}d}{suffix}", pair, (step,))
        for pair in pairs
        for number, step in enumerate(steps)
    ]


def _refuse_folder(out: Path, pair: Pair) -> None:
    if out.is_dir():
        raise BadInputError(f"{out} is a folder; expected a file such as {out / pair.image.stem}.png")


def _refuse_inputs(outputs: list[Output]) -> None:
    inputs = {path.resolve() for output in outputs for path in output.pair}
    for output in outputs:
        if output.path.resolve() in inputs:
            raise BadInputError(f"{output.path} is one of the inputs and would be overwritten; choose another name")
