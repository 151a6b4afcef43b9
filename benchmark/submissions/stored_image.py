"""What the header of an image file says, before any pixel is decoded: size, channels, kind of numbers.

Readers elsewhere turn grey to colour and drop alpha; whoever has to know what an author really stored asks here.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np

_CONTENT = {
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"\x76\x2f\x31\x01": "EXR",
    b"\x93NUMPY": "NPY",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"BM": "BMP",
    b"GIF8": "GIF",
    b"PK\x03\x04": "zip or NPZ",
    b"\x80": "pickle",
    b"#?": "Radiance HDR",
    b"PF\n": "PFM",
    b"Pf\n": "PFM",
    b"version https://git-lfs": "a Git LFS pointer instead of the file",
}
_PNG_COLOURS = {0: "grey", 2: "RGB", 3: "palette", 4: "grey and alpha", 6: "RGBA"}
_EXR_NUMBERS = {0: "uint32", 1: "float16", 2: "float32"}
_MOST_HEADER_BYTES = 1 << 20


class StoredImage(NamedTuple):
    """What a header says. shape: the array's, NPY in full, else (H, W); channels: their names, empty for NPY.

    numbers: dtype, like ``uint8`` or ``float32``; frames: more than 1 for an animated PNG.
    """

    kind: str
    shape: tuple[int, ...]
    channels: tuple[str, ...]
    numbers: str
    frames: int = 1


def content_of(path: Path) -> str:
    """Return what the first bytes of a file say that it is: ``PNG``, ``JPEG``, …, ``empty`` or ``unknown``."""
    with path.open("rb") as stream:
        start = stream.read(512)
    if not start:
        return "empty"
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        return "WebP"
    if start.lstrip().lower().startswith((b"<!doctype", b"<html")):
        return "a web page"
    return next((kind for magic, kind in _CONTENT.items() if start.startswith(magic)), "unknown")


def read_header(path: Path) -> StoredImage | None:
    """Return what the header of a PNG, EXR or NPY file says; None when it is another kind of file, or torn."""
    readers = {"PNG": _png_header, "EXR": _exr_header, "NPY": _npy_header}
    try:
        reader = readers.get(content_of(path))
        if reader is None:
            return None
        with path.open("rb") as stream:
            return reader(stream)
    except (OSError, ValueError, struct.error, IndexError, KeyError):
        return None


def stored_size(path: Path) -> tuple[int, int] | None:
    """Return (height, width) of an image file by its header; None when it is missing or not understood."""
    header = read_header(path) if path.is_file() else None
    return None if header is None or len(header.shape) < 2 else (header.shape[0], header.shape[1])


def _png_header(stream: BinaryIO) -> StoredImage:
    stream.seek(8)
    colours, depth, frames = -1, 0, 1
    width = height = 0
    while True:
        length, name = struct.unpack(">I4s", stream.read(8))
        if name == b"IDAT":
            break
        data = stream.read(length) if name in (b"IHDR", b"acTL") else b""
        if name == b"IHDR":
            width, height, depth, colours = struct.unpack(">IIBB", data[:10])
        elif name == b"acTL":
            (frames,) = struct.unpack(">I", data[:4])
        stream.seek(length - len(data) + 4, 1)
    return StoredImage("PNG", (height, width), (_PNG_COLOURS[colours],), f"uint{depth}", frames)


def _npy_header(stream: BinaryIO) -> StoredImage:
    version = np.lib.format.read_magic(stream)  # type: ignore[no-untyped-call]
    read: Any = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read(stream)
    numbers = "object" if dtype.hasobject else ("structured" if dtype.names else str(dtype.newbyteorder("=")))
    return StoredImage("NPY", tuple(shape), (), numbers)


def _exr_header(stream: BinaryIO) -> StoredImage:
    content = stream.read(_MOST_HEADER_BYTES)
    position = 8
    shape: tuple[int, ...] = ()
    channels: dict[str, int] = {}
    while content[position] != 0:
        name, position = _text(content, position)
        kind, position = _text(content, position)
        (length,) = struct.unpack_from("<i", content, position)
        value = content[position + 4 : position + 4 + length]
        position += 4 + length
        if kind == "chlist":
            channels = _exr_channels(value)
        elif name == "dataWindow":
            left, top, right, bottom = struct.unpack("<4i", value)
            shape = (bottom - top + 1, right - left + 1)
    numbers = sorted({_EXR_NUMBERS[number] for number in channels.values()})
    return StoredImage("EXR", shape, tuple(sorted(channels)), " and ".join(numbers))


def _exr_channels(value: bytes) -> dict[str, int]:
    channels: dict[str, int] = {}
    position = 0
    while value[position] != 0:
        name, position = _text(value, position)
        (channels[name],) = struct.unpack_from("<i", value, position)
        position += 16
    return channels


def _text(content: bytes, position: int) -> tuple[str, int]:
    end = content.index(b"\0", position)
    return content[position:end].decode("latin-1"), end + 1
