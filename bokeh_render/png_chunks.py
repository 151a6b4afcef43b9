"""What a PNG file says about itself beside its pixels: colours, profile and orientation. No pixel is decoded here."""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator

from PIL import Image as PillowImage

from .orientation import UPRIGHT, orientation_of

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_SRGB_GAMMA = 45455  # 1 / 2.2, times 100000
_SRGB_POINTS = (31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)  # white, red, green, blue; times 100000
_GAMMA_SLACK, _POINT_SLACK = 1000, 300
_SRGB_CODE_POINTS = (1, 13, 0, 1)  # cICP: BT.709 primaries, sRGB curve, RGB, full range
_XMP_ORIENTATION = re.compile(rb"tiff:Orientation\s*(?:=\s*[\"']|>)\s*([1-8])")


class PngChunks:
    """The chunks of a PNG file, by name; of several with one name, all. Torn files give what is whole."""

    def __init__(self, content: bytes) -> None:
        self._chunks: dict[bytes, list[bytes]] = {}
        for name, data in _chunks(content):
            self._chunks.setdefault(name, []).append(data)

    def _first(self, name: bytes) -> bytes | None:
        return self._chunks.get(name, [None])[0]

    @property
    def profile(self) -> bytes | None:
        """The ICC profile; None when there is none, or when what outranks it (cICP) says how colours are coded."""
        data = self._first(b"iCCP")
        if data is None or self._first(b"cICP") is not None:
            return None
        return _inflate(data.partition(b"\0")[2][1:])

    @property
    def strange_colours(self) -> str | None:
        """What the file says about its colours, in words, where that is neither sRGB nor a profile; else None."""
        coding = self._first(b"cICP")
        if coding is not None:
            return None if tuple(coding[:4]) == _SRGB_CODE_POINTS else f"cICP {'/'.join(map(str, coding[:4]))}"
        if self._first(b"iCCP") is not None or self._first(b"sRGB") is not None:
            return None
        gamma, points = self._first(b"gAMA"), self._first(b"cHRM")
        if gamma is not None and len(gamma) == 4:
            (stored,) = struct.unpack(">I", gamma)
            if abs(stored - _SRGB_GAMMA) > _GAMMA_SLACK:
                return f"gAMA {stored / 1e5:g}"
        if points is not None and len(points) == 32:
            found = struct.unpack(">8I", points)
            if any(abs(a - b) > _POINT_SLACK for a, b in zip(found, _SRGB_POINTS, strict=True)):
                return f"cHRM {' '.join(f'{number / 1e5:g}' for number in found)}"
        return None

    @property
    def orientation(self) -> int:
        """EXIF's orientation, 1 to 8, from any of the three places where programs leave it."""
        for data in (self._first(b"eXIf"), self._raw_exif_profile()):
            if data is not None:
                exif = PillowImage.Exif()
                exif.load(data if data.startswith(b"Exif\0\0") else b"Exif\0\0" + data)
                if (found := orientation_of(exif)) != UPRIGHT:
                    return found
        for text in self._chunks.get(b"iTXt", []):
            if text.startswith(b"XML:com.adobe.xmp\0") and (match := _XMP_ORIENTATION.search(text)):
                return int(match[1])
        return UPRIGHT

    def _raw_exif_profile(self) -> bytes | None:
        """Return EXIF data that older ImageMagick wrote as hexadecimal text."""
        for text in self._chunks.get(b"zTXt", []):
            if text.startswith((b"Raw profile type exif\0", b"Raw profile type APP1\0")):
                lines = _inflate(text.partition(b"\0")[2][1:]).split(b"\n")[3:]
                return bytes.fromhex(b"".join(lines).decode("ascii"))
        return None


def _chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    position = len(_SIGNATURE)
    while content.startswith(_SIGNATURE) and position + 12 <= len(content):
        length, name = struct.unpack_from(">I4s", content, position)
        start = position + 8
        if name != b"IDAT":
            yield name, content[start : start + length]
        position = start + length + 4


def _inflate(data: bytes) -> bytes:
    return zlib.decompress(data)
