"""Image files in and out: EXR, PNG (8 and 16 bit), JPEG, NPY and PFM.

JPEG and PNG hold sRGB display values in [0, 1]; EXR, NPY and PFM hold light (or, for maps, plain numbers).
Every writer is atomic; every reader either returns a whole image or raises BadInputError with one clear sentence.
"""

from __future__ import annotations

import errno
import io
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .atomic import atomic_path
from .errors import BadInputError
from .optics import Float32, display_from_light, light_from_display
from .orientation import lay_as_map
from .photograph import Photograph, as_srgb, read_jpeg, read_png


class Encoding(StrEnum):
    """What the numbers of an image mean."""

    DISPLAY = "display"
    LIGHT = "light"


ENCODING_OF_SUFFIX = {
    ".png": Encoding.DISPLAY,
    ".jpg": Encoding.DISPLAY,
    ".jpeg": Encoding.DISPLAY,
    ".exr": Encoding.LIGHT,
    ".npy": Encoding.LIGHT,
    ".pfm": Encoding.LIGHT,
}
_DEPTH_CHANNELS = ("Z", "V", "Y", "Depth.Z", "ViewLayer.Depth.Z")


class Image(NamedTuple):
    """Colours (H, W, 3) float32 RGB, and whether they are display values or light."""

    pixels: Float32
    encoding: Encoding

    def as_display(self, gamma: float) -> Float32:
        """Return display values, converting light by ``light ** (1 / gamma)``; never clipped."""
        return self.pixels if self.encoding is Encoding.DISPLAY else display_from_light(self.pixels, gamma)

    def as_light(self, gamma: float) -> Float32:
        """Return light, converting display values by ``value ** gamma``."""
        return self.pixels if self.encoding is Encoding.LIGHT else light_from_display(self.pixels, gamma)


def encoding_of(path: Path) -> Encoding:
    """Return what a file of this name holds; raises BadInputError for an unknown suffix."""
    try:
        return ENCODING_OF_SUFFIX[path.suffix.lower()]
    except KeyError:
        raise BadInputError(
            f"{path} has the suffix {path.suffix or '(none)'}; expected one of {', '.join(ENCODING_OF_SUFFIX)}"
        ) from None


def read_image(path: Path, *, size_of_map: tuple[int, int] | None = None) -> Image:
    """Read a colour image as (H, W, 3) float32 RGB; grey becomes RGB.

    PNG and JPEG become sRGB display values in [0, 1], at the file's full depth: an ICC profile is applied, colours
    described in another way (CMYK, gAMA, cICP) are refused, and so is a PNG that is see-through. Alpha of EXR and NPY
    is dropped. size_of_map: (height, width) of the map that belongs to the image; with it a picture stored turned
    (EXIF) is laid as the map lies where their sizes decide that; without it, or where they do not, it is refused.
    Raises BadInputError also when the file is missing, truncated, of an unknown kind, or holds NaN or infinity.
    """
    stored = _read_stored(path)
    if isinstance(stored, Photograph):
        array: NDArray[Any] = lay_as_map(as_srgb(stored, str(path)), stored.orientation, size_of_map, str(path))
    else:
        array = stored
    if array.ndim == 2:
        array = array[..., None]
    if array.ndim != 3 or array.shape[2] not in (1, 3, 4) or array.size == 0:
        raise BadInputError(f"{path} holds an array of shape {array.shape}; expected an image (height, width, 3)")
    if array.shape[2] == 1:
        array = np.repeat(array, 3, axis=2)
    pixels = np.ascontiguousarray(array[..., :3], dtype=np.float32)
    if not np.isfinite(pixels).all():
        raise BadInputError(f"{path} holds NaN or infinite values; expected finite colours")
    return Image(pixels, encoding_of(path))


def read_map(path: Path) -> Float32:
    """Read one value per pixel, (H, W) float32: a depth or disparity map.

    PNG and JPEG are scaled by their bit depth to [0, 1] (16-bit files at full precision), whatever profile they
    carry; EXR, NPY and PFM keep their numbers. NaN is passed on: whoever knows the map's meaning checks it. Raises
    BadInputError for files that are missing, truncated, see-through, stored turned, or hold different channels.
    """
    stored = _read_stored(path)
    if isinstance(stored, Photograph):
        array: NDArray[Any] = lay_as_map(stored.values, stored.orientation, None, str(path))
    else:
        array = stored
    if array.ndim == 3:
        channels = array[..., :3]
        if channels.shape[2] > 1 and not all(
            np.array_equal(channels[..., 0], channels[..., i], equal_nan=True) for i in range(1, channels.shape[2])
        ):
            raise BadInputError(
                f"{path} holds {array.shape[2]} different channels; expected one value per pixel "
                "(of a map shown in false colours, export the numbers)"
            )
        array = channels[..., 0]
    if array.ndim != 2 or array.size == 0:
        raise BadInputError(f"{path} holds an array of shape {array.shape}; expected a map (height, width)")
    return np.ascontiguousarray(array, dtype=np.float32)


def write_image(path: Path, pixels: NDArray[Any], *, bits: int = 16, quality: int = 95) -> None:
    """Write an image or a map, atomically; the suffix chooses the format and so what ``pixels`` must be.

    pixels: (H, W, 3) or (H, W); display values for PNG and JPEG (clipped to [0, 1]), light or plain numbers
    for EXR, NPY and PFM. bits: 8 or 16 for PNG (JPEG is always 8); 16 or 32 for EXR (half or float).
    Raises BadInputError when half floats cannot hold the values.
    """
    encoding_of(path)
    writer = {".exr": _write_exr, ".npy": _write_npy, ".pfm": _write_pfm, ".png": _write_png}.get(path.suffix.lower())
    with atomic_path(path) as temporary:
        if writer is not None:
            writer(temporary, np.ascontiguousarray(pixels), bits)
        else:
            _write_jpeg(temporary, np.asarray(pixels), quality)


def read_exr_channels(path: Path) -> dict[str, Float32]:
    """Read every channel of an EXR file, all parts merged, as (H, W) float32 by full channel name."""
    import OpenEXR

    if not path.is_file():
        raise BadInputError(f"{path} does not exist; expected an EXR file")
    try:
        with OpenEXR.File(str(path), separate_channels=True) as exr:
            channels = {
                name: np.array(channel.pixels, dtype=np.float32)
                for part in exr.parts
                for name, channel in part.channels.items()
            }
    except (RuntimeError, OSError, ValueError) as error:
        raise BadInputError(
            f"{path} cannot be read as EXR: {_one_line(error)} The file may be truncated; write it again"
        ) from None
    if not channels:
        raise BadInputError(
            f"{path} cannot be read as EXR: no channel is whole. The file may be truncated; write it again"
        )
    return channels


def _one_line(error: Exception) -> str:
    text = " ".join(str(error).split())
    return text if text.endswith(".") else text + "."


def _read_stored(path: Path) -> Photograph | NDArray[Any]:
    """Read what the file holds: a photograph for PNG and JPEG, plain numbers for the others."""
    encoding_of(path)
    if not path.is_file():
        raise BadInputError(f"{path} does not exist; expected an image file")
    suffix = path.suffix.lower()
    if suffix == ".exr":
        return _stack_channels(path, read_exr_channels(path))
    readers: dict[str, Callable[[Path], Photograph | NDArray[Any]]] = {
        ".npy": _read_npy,
        ".pfm": _read_pfm,
        ".png": read_png,
    }
    try:
        return readers.get(suffix, read_jpeg)(path)
    except BadInputError:
        raise
    except Exception as error:  # noqa: BLE001  (every decoder has its own exceptions)
        raise BadInputError(
            f"{path} cannot be read as {suffix[1:].upper()}: {_one_line(error)} "
            "The file may be truncated or of another kind; write it again"
        ) from None


def _stack_channels(path: Path, channels: dict[str, Float32]) -> Float32:
    """Choose the colours of an EXR file, or its single depth channel."""
    for prefix in sorted({name.rpartition(".")[0] for name in channels}, key=lambda text: (text.count("."), text)):
        names = [f"{prefix}.{letter}" if prefix else letter for letter in "RGB"]
        if all(name in channels for name in names):
            return np.stack([channels[name] for name in names], axis=2)
    if len(channels) == 1:
        return next(iter(channels.values()))
    for name in _DEPTH_CHANNELS:
        if name in channels:
            return channels[name]
    raise BadInputError(
        f"{path} has the channels {', '.join(channels)}; expected R, G, B, or one of {', '.join(_DEPTH_CHANNELS)}"
    )


def _read_npy(path: Path) -> NDArray[Any]:
    array = np.load(path, allow_pickle=False)
    if not isinstance(array, np.ndarray) or array.dtype.kind != "f":
        kind = getattr(array, "dtype", type(array).__name__)
        raise BadInputError(
            f"{path} holds {kind} values; expected floating-point numbers (NPY is light, or plain disparity)"
        )
    return array


def _read_pfm(path: Path) -> NDArray[Any]:
    content = path.read_bytes()
    magic, size, scale_text, data = content.split(b"\n", 3)
    if magic.strip() not in (b"Pf", b"PF"):
        raise BadInputError(f"{path} begins with {magic[:8]!r}; a PFM file begins with Pf or PF")
    width, height = (int(number) for number in size.split())
    bands = 3 if magic.strip() == b"PF" else 1
    order = "<f4" if float(scale_text) < 0 else ">f4"
    needed = width * height * bands
    values = np.frombuffer(data, dtype=order, count=needed).astype(np.float32)
    array = values.reshape(height, width, bands)[::-1]
    return array if bands == 3 else array[..., 0]


def _write_exr(path: Path, pixels: NDArray[Any], bits: int) -> None:
    import OpenEXR

    if bits not in (16, 32):
        raise BadInputError(f"EXR with {bits} bits was asked for; expected 16 (half) or 32 (float)")
    if bits == 16:
        largest = float(np.abs(pixels).max(initial=0.0))
        if not largest <= 65504.0:
            raise BadInputError(f"a value of {largest:g} does not fit a half float (65504 at most); write 32-bit EXR")
    array = np.ascontiguousarray(pixels, dtype=np.float16 if bits == 16 else np.float32)
    channels = {"RGB": array} if array.ndim == 3 else {"Z": array}
    header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
    try:
        with OpenEXR.File(header, channels) as exr:
            exr.write(str(path))
    except RuntimeError as error:  # OpenEXR's word for a full disk or a folder that may not be written
        number = errno.ENOSPC if "No space left" in str(error) else errno.EIO
        raise OSError(number, _one_line(error), str(path)) from None


def _write_npy(path: Path, pixels: NDArray[Any], bits: int) -> None:
    del bits
    content = io.BytesIO()  # straight into a file, numpy reports a full disk without saying so
    np.save(content, np.asarray(pixels, dtype=np.float32), allow_pickle=False)
    path.write_bytes(content.getvalue())


def _write_pfm(path: Path, pixels: NDArray[Any], bits: int) -> None:
    del bits
    magic = "PF" if pixels.ndim == 3 else "Pf"
    header = f"{magic}\n{pixels.shape[1]} {pixels.shape[0]}\n-1.0\n".encode()
    path.write_bytes(header + np.ascontiguousarray(pixels[::-1], dtype="<f4").tobytes())


def quantise(display: NDArray[Any], bits: int) -> NDArray[np.uint8] | NDArray[np.uint16]:
    """Return display values clipped to [0, 1] and rounded to ``bits`` (8 or 16) bits."""
    if bits not in (8, 16):
        raise BadInputError(f"PNG with {bits} bits was asked for; expected 8 or 16")
    scaled = np.rint(np.clip(display, 0.0, 1.0).astype(np.float64) * (2**bits - 1))
    return np.asarray(scaled, dtype=np.uint8) if bits == 8 else np.asarray(scaled, dtype=np.uint16)


def _write_png(path: Path, pixels: NDArray[Any], bits: int) -> None:
    import imagecodecs

    path.write_bytes(imagecodecs.png_encode(quantise(pixels, bits), level=6))


def _write_jpeg(path: Path, pixels: NDArray[Any], quality: int) -> None:
    from PIL import Image as PillowImage

    PillowImage.fromarray(quantise(pixels, 8)).save(path, format="JPEG", quality=quality, subsampling=0)
