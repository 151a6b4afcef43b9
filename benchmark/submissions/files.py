"""Whether one prediction's file is an image of the demanded size with numbers that can be a bokeh image's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np

from bokeh_render.errors import BadInputError
from bokeh_render.imagefile import Encoding, Image, read_exr_channels, read_image
from bokeh_render.optics import DISPLAY_GAMMA, Float32

from ..samples import Sample
from .problems import Kind, Problem, problem, shown
from .stored_image import StoredImage, content_of, read_header

_LOWEST_LIGHT = -1e-3  # what a resampling filter may undershoot by; it counts as 0
_MULTIPLES = (64, 32, 16, 8, 4, 2)
_BYTE, _WORD = 255.0, 65535.0
_FAR_BRIGHTER = 30.0  # times the truth's median, with a median above display white: no exposure is that wrong
_SLACK = 0.5
_BYTES_IN_WORDS_DARKER = 30.0  # times darker than its truth, where 257 is what dividing by the wrong number costs


class PredictionFile(NamedTuple):
    """A prediction as it was read: the image, None when it cannot be used; the bits of a PNG; what is wrong."""

    image: Image | None
    bits: int | None
    problems: tuple[Problem, ...]


def read_prediction_file(
    path: Path, name: PurePosixPath, sample: Sample, size: tuple[int, int], truth: Image
) -> PredictionFile:
    """Read a prediction, (H, W, 3), and say what is wrong with it. size: height and width; truth: what it is of.

    A file that is wrong by its header is not decoded.
    """
    found = list(_wrong_by_header(path, name, size))
    header = read_header(path)
    bits = int(header.numbers.removeprefix("uint")) if header is not None and header.kind == "PNG" else None
    if found:
        return PredictionFile(None, bits, _problems(found, sample, name))
    try:
        with np.errstate(over="ignore"):  # a float64 beyond float32 becomes infinite, which is told as such
            image = read_image(path)
    except BadInputError as error:
        kind = Kind.NOT_FINITE if _has_no_number(path) else Kind.UNREADABLE
        sentence = str(error).replace(str(path), shown(name))
        return PredictionFile(None, bits, _problems([(kind, sentence)], sample, name))
    found = list(_wrong_values(image, truth, shown(name)))
    if bits == 16 and _are_bytes_in_words(image.pixels, truth):
        found.append((Kind.SCALE, f"{shown(name)} {_BYTES_IN_WORDS.format(float(image.pixels.max()) * _WORD)}"))
    return PredictionFile(None if found else image, bits, _problems(found, sample, name))


def _problems(found: list[tuple[Kind, str]], sample: Sample, name: PurePosixPath) -> tuple[Problem, ...]:
    return tuple(problem(kind, sentence, sample=sample, file=name) for kind, sentence in found)


def _wrong_by_header(path: Path, name: PurePosixPath, size: tuple[int, int]) -> Iterator[tuple[Kind, str]]:
    try:
        content = content_of(path)
    except OSError as error:
        yield Kind.UNREADABLE, f"{shown(name)} cannot be opened ({error.strerror}); expected an image: write it again"
        return
    expected = path.suffix[1:].upper()
    if content == "pickle":
        yield Kind.NUMBERS, f"{shown(name)} {_PICKLED}"
    elif content not in (expected, "unknown"):
        yield Kind.FORMAT, _other_content(shown(name), content, expected)
    elif (header := read_header(path)) is not None:
        if header.kind == "NPY" and (wrong := _npy_layout(header, size)):
            yield wrong[0], f"{shown(name)} {wrong[1]}"
            return
        yield from ((kind, f"{shown(name)} {what}") for kind, what in _wrong_header(header, size))


_BYTES_IN_WORDS = (
    "goes up to {:.0f} of 65535, as 8-bit values in a 16-bit file do; expected display white at 65535: multiply by 257"
)
_PICKLED = (
    "holds pickled Python objects, which are never opened (they can run programs); "
    "expected an array of floating-point light: np.save(file, array.astype(np.float32))"
)


def _other_content(name: str, content: str, expected: str) -> str:
    if content == "JPEG":
        return (
            f"{name} is a JPEG that was renamed, and its losses cannot be taken back; expected {expected}: let the "
            "method write it"
        )
    if content == "empty":
        return f"{name} is empty; expected {expected}: write it again"
    return f"{name} holds {content}, not {expected}; expected what its suffix says: write it again"


def _npy_layout(header: StoredImage, size: tuple[int, int]) -> tuple[Kind, str] | None:
    """Return what is wrong with the shape of an array, other than its height and width."""
    shape = header.shape
    want = (*size, 3)
    told = f"holds an array of shape {shape}; expected {want}"
    if len(shape) == 4 and shape[0] == 1:
        return Kind.CHANNELS, f"{told}: it has a batch axis, take it off: array[0]"
    if len(shape) == 3 and shape[0] == 3 and shape[2] != 3:
        return Kind.CHANNELS, f"{told}: its channels come first, move them last: array.transpose(1, 2, 0)"
    if len(shape) == 2 or (len(shape) == 3 and shape[2] == 1):
        return Kind.CHANNELS, f"{told}: it is grey, save all three channels R, G, B"
    if len(shape) == 3 and shape[2] == 4:
        return Kind.CHANNELS, f"{told}: it has a fourth channel, save R, G, B only: array[..., :3]"
    if len(shape) != 3 or shape[2] != 3:
        return Kind.CHANNELS, f"{told}: save one image with three channels R, G, B"
    return None


def _wrong_header(header: StoredImage, size: tuple[int, int]) -> Iterator[tuple[Kind, str]]:
    if header.kind == "PNG":
        yield from _wrong_png(header)
    elif header.kind == "EXR":
        yield from _wrong_exr(header)
    if header.kind != "PNG" and not set(header.numbers.split(" and ")) <= {"float16", "float32", "float64"}:
        yield Kind.NUMBERS, _PICKLED if header.numbers == "object" else _not_floating(header)
    if header.shape[:2] != size:
        found = header.shape[:2]
        hint = _size_hint(found, size)
        yield Kind.SIZE, f"is {_size(found)}; expected {_size(size)} as the ground truth: {hint}"


def _wrong_png(header: StoredImage) -> Iterator[tuple[Kind, str]]:
    (channels,) = header.channels
    bits = header.numbers.removeprefix("uint")
    if "alpha" in channels or channels == "RGBA":
        yield Kind.CHANNELS, f"has an alpha channel ({channels}); expected opaque RGB: save the colours only"
    elif channels == "grey":
        yield Kind.CHANNELS, f"is grey, {bits} bits; expected RGB: save all three channels"
    elif channels == "palette":
        yield Kind.CHANNELS, "has a palette of at most 256 colours; expected RGB with 16 bits: save true colours"
    if header.frames > 1:
        yield Kind.FORMAT, f"is an animation of {header.frames} images; expected one image: save the right one"


def _wrong_exr(header: StoredImage) -> Iterator[tuple[Kind, str]]:
    last = {name.rpartition(".")[2] for name in header.channels}
    listed = ", ".join(header.channels)
    if len(header.channels) == 1 or not {"R", "G", "B"} <= last:
        yield Kind.CHANNELS, f"has the channels {shown(listed)}; expected R, G, B: save light in all three"
    elif len(header.channels) > 3:
        yield Kind.CHANNELS, f"has the channels {shown(listed)}; expected R, G, B and no other: save the colours only"


def _not_floating(header: StoredImage) -> str:
    told = f"holds {header.numbers} values; expected floating-point light"
    if header.numbers == "uint8":
        return f"{told}: save {_divided(_BYTE)}, as float32; or display values as PNG"
    if header.numbers == "uint16":
        return f"{told}: save {_divided(_WORD)}, as float32; or display values as 16-bit PNG"
    return f"{told} (float16, float32 or float64): save array.astype(np.float32)"


def _divided(scale: float) -> str:
    whole = f"array / {scale:.0f}"
    return f"({whole}) ** 2.2 if they are display values, {whole} if they are light"


def _size(size: tuple[int, ...]) -> str:
    return f"{size[1]}×{size[0]}"


def _size_hint(found: tuple[int, ...], expected: tuple[int, int]) -> str:
    height, width = found
    if (width, height) == expected:
        return "height and width are exchanged, transpose it"
    for times in range(2, 9):
        if (height * times, width * times) == expected:
            return f"it looks rendered at 1/{times} of the resolution; render at full size, do not resize"
        if found == (expected[0] * times, expected[1] * times):
            return f"it is {times} times as large; render at the input's size, do not resize"
    lost = (expected[0] - height, expected[1] - width)
    for multiple in _MULTIPLES:
        if height % multiple == width % multiple == 0 and max(map(abs, lost)) < multiple:
            if min(lost) >= 0:
                return f"it looks cropped to multiples of {multiple} px; pad the input instead and cut the padding off"
            if max(lost) <= 0:
                return f"it looks padded to multiples of {multiple} px; cut the padding off"
    return "render at the input's size; neither resize nor crop"


def _has_no_number(path: Path) -> bool:
    """Whether an array or EXR that could not be used is whole, but holds NaN or infinity."""
    try:
        if path.suffix.lower() == ".npy":
            with np.errstate(over="ignore"):
                return not bool(np.isfinite(np.load(path, allow_pickle=False).astype(np.float32)).all())
        if path.suffix.lower() == ".exr":
            return not all(bool(np.isfinite(channel).all()) for channel in read_exr_channels(path).values())
    except (ValueError, OSError, EOFError):  # it is torn, which is what its reader said
        pass
    return False


def _wrong_values(image: Image, truth: Image, name: str) -> Iterator[tuple[Kind, str]]:
    pixels = image.pixels
    if image.encoding is Encoding.LIGHT:
        lowest = float(pixels.min())
        if lowest < _LOWEST_LIGHT:
            count = int(np.count_nonzero(pixels < _LOWEST_LIGHT))
            yield (
                Kind.NEGATIVE,
                f"{name} holds {count} negative value(s), down to {lowest:g}; expected light of 0 or more: clip at 0, "
                "and map a network's [-1, 1] to light first",
            )
        elif scale := _scale(pixels, truth):
            yield (
                Kind.SCALE,
                f"{name} goes up to {float(pixels.max()):g} (median {float(np.median(pixels)):g}), as numbers from 0 "
                f"to {scale:.0f} do; expected light, where 1 is display white: save {_divided(scale)}",
            )
    if _is_one_colour(pixels) and not _is_one_colour(truth.pixels):
        colour = ", ".join(f"{value:g}" for value in pixels[0, 0])
        what = "black" if not pixels.any() else f"of one colour ({colour})"
        yield Kind.CONSTANT, f"{name} is all {what}; expected an image as its ground truth is: write it again"


def _scale(pixels: Float32, truth: Image) -> float | None:
    """Return 255 or 65535 when light looks like numbers that go up to there."""
    highest = float(pixels.max())
    if not 1.0 + _SLACK < highest <= _WORD + _SLACK:
        return None
    scale = _BYTE if highest <= _BYTE + _SLACK else _WORD
    median = float(np.median(pixels))
    far_brighter = median > 1.0 and median > _FAR_BRIGHTER * float(np.median(truth.as_light(DISPLAY_GAMMA)))
    return scale if far_brighter or bool((pixels == np.rint(pixels)).all()) else None


def _are_bytes_in_words(pixels: Float32, truth: Image) -> bool:
    """Whether display values of a 16-bit PNG stop at 255 of 65535 though the truth is nowhere near as dark."""
    if not 0.0 < float(pixels.max()) <= (_BYTE + _SLACK) / _WORD:
        return False
    shown_truth = truth.as_display(DISPLAY_GAMMA).clip(0.0, 1.0)
    return float(shown_truth.mean()) > _BYTES_IN_WORDS_DARKER * float(pixels.mean())


def _is_one_colour(pixels: Float32) -> bool:
    return bool((pixels == pixels[0, 0]).all())
