"""PNG and JPEG as the world writes them: bit depths, palettes, profiles, turned pictures."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image as PillowImage
from PIL import ImageCms, ImageOps

from bokeh_render.errors import BadInputError
from bokeh_render.imagefile import read_image, read_map, write_image

D65 = [0.3127, 0.3290, 1.0]
P3 = [0.680, 0.320, 1.0, 0.265, 0.690, 1.0, 0.150, 0.060, 1.0]
RGB_OF_P3 = np.array(  # linear Display P3 to linear sRGB, from the primaries
    [[1.2249402, -0.2249402, 0.0], [-0.0420570, 1.0420570, 0.0], [-0.0196376, -0.0786361, 1.0982735]]
)
EXIF_OF_ADOBE_RGB = (  # three folders, each of one entry: to the camera's, to the interoperability's, its index R03
    b"Exif\0\0II*\0\x08\0\0\0"
    + struct.pack("<HHHIII", 1, 0x8769, 4, 1, 26, 0)
    + struct.pack("<HHHIII", 1, 0xA005, 4, 1, 44, 0)
    + struct.pack("<HHHI4sI", 1, 1, 2, 4, b"R03\0", 0)
)
ONCE = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def srgb_curve(light: NDArray[Any]) -> NDArray[Any]:
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * np.maximum(light, 1e-9) ** (1 / 2.4) - 0.055)


def png(rows: NDArray[Any], bits: int, colour_type: int, *chunks: tuple[bytes, bytes]) -> bytes:
    """Return a PNG made by hand: values (H, W) or (H, W, C), packed to any bit depth, with chunks before the pixels."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    packed = b""
    for row in rows.reshape(rows.shape[0], -1):
        text = "".join(f"{int(value):0{bits}b}" for value in row)
        text += "0" * (-len(text) % 8)
        packed += b"\0" + int(text, 2).to_bytes(len(text) // 8, "big")
    header = struct.pack(">IIBBBBB", rows.shape[1], rows.shape[0], bits, colour_type, 0, 0, 0)
    body = [chunk(b"IHDR", header), *(chunk(*pair) for pair in chunks), chunk(b"IDAT", zlib.compress(packed))]
    return b"\x89PNG\r\n\x1a\n" + b"".join([*body, chunk(b"IEND", b"")])


def icc_chunk(profile: bytes) -> tuple[bytes, bytes]:
    return b"iCCP", b"some profile\0\0" + zlib.compress(profile)


def exif_with(orientation: int) -> bytes:
    exif = PillowImage.Exif()
    exif[0x0112] = orientation
    return exif.tobytes()


@ONCE
@given(
    bits=st.sampled_from([1, 2, 4, 8, 16]), height=st.integers(1, 5), width=st.integers(1, 9), seed=st.integers(0, 999)
)
def test_grey_of_every_depth_is_read_in_full(tmp_path: Path, bits: int, height: int, width: int, seed: int) -> None:
    values = np.random.default_rng(seed).integers(0, 2**bits, (height, width))
    path = tmp_path / "grey.png"
    path.write_bytes(png(values, bits, 0))
    np.testing.assert_allclose(read_map(path), values / (2**bits - 1), rtol=1e-6)
    np.testing.assert_allclose(read_image(path).pixels[..., 2], values / (2**bits - 1), rtol=1e-6)


@ONCE
@given(bits=st.sampled_from([8, 16]), alpha=st.booleans(), height=st.integers(1, 5), seed=st.integers(0, 999))
def test_colours_of_every_depth_are_read_in_full(
    tmp_path: Path, bits: int, alpha: bool, height: int, seed: int
) -> None:
    values = np.random.default_rng(seed).integers(0, 2**bits, (height, 4, 3 + alpha))
    if alpha:
        values[..., 3] = 2**bits - 1
    path = tmp_path / "colours.png"
    path.write_bytes(png(values, bits, 6 if alpha else 2))
    np.testing.assert_allclose(read_image(path).pixels, values[..., :3] / (2**bits - 1), rtol=1e-6)


def test_a_palette_is_looked_up(tmp_path: Path) -> None:
    colours = bytes([0, 0, 0, 255, 0, 0, 10, 20, 30, 200, 200, 200])
    path = tmp_path / "palette.png"
    path.write_bytes(png(np.array([[0, 1], [2, 3]]), 2, 3, (b"PLTE", colours)))
    np.testing.assert_allclose(read_image(path).pixels[1, 0] * 255, [10, 20, 30], rtol=1e-6)
    with pytest.raises(BadInputError, match="different channels.*false colours"):
        read_map(path)
    path.write_bytes(png(np.array([[0, 1]]), 1, 3, (b"PLTE", bytes([50, 50, 50, 7, 7, 7]))))
    np.testing.assert_allclose(read_map(path) * 255, [[50, 7]], rtol=1e-6)


def test_grey_with_alpha_is_read_when_opaque(tmp_path: Path) -> None:
    values = np.array([[[1000, 65535], [2000, 65535]]])
    path = tmp_path / "grey.png"
    path.write_bytes(png(values, 16, 4))
    np.testing.assert_allclose(read_map(path) * 65535, [[1000, 2000]], rtol=1e-6)
    assert read_image(path).pixels.shape == (1, 2, 3)


@pytest.mark.parametrize("reader", [read_map, read_image])
def test_see_through_pictures_are_refused(tmp_path: Path, reader: Any) -> None:
    path = tmp_path / "holes.png"
    for content in (
        png(np.array([[[9, 255], [9, 254]]]), 8, 4),
        png(np.array([[[9, 9, 9, 65535], [9, 9, 9, 0]]]), 16, 6),
        png(np.array([[0, 1]]), 1, 3, (b"PLTE", bytes(6)), (b"tRNS", bytes([0, 255]))),
    ):
        path.write_bytes(content)
        with pytest.raises(BadInputError, match=r"holes.png has 1 see-through pixel.*flatten"):
            reader(path)


def test_another_profile_is_converted_at_the_files_depth(tmp_path: Path) -> None:
    profile = imagecodecs.cms_profile("rgb", whitepoint=D65, primaries=P3, gamma=2.2)
    ramp = np.linspace(20000, 30000, 500).astype(int)
    values = np.stack([ramp, ramp[::-1], np.full(500, 25000)], axis=1)[None]
    path = tmp_path / "p3.png"
    path.write_bytes(png(values, 16, 2, icc_chunk(profile)))
    expected = srgb_curve((values / 65535) ** 2.2 @ RGB_OF_P3.T)
    found = read_image(path).pixels
    np.testing.assert_allclose(found, expected, atol=8e-4)
    assert len(np.unique(found[..., 0])) == 500
    path.write_bytes(png(np.array([[[0, 255, 0]]]), 8, 2, icc_chunk(profile)))
    np.testing.assert_allclose(read_image(path).pixels, [[[0, 1, 0]]], atol=1e-3)  # greener than sRGB can be


def test_a_profile_of_a_jpeg_is_converted_too(tmp_path: Path) -> None:
    profile = imagecodecs.cms_profile("rgb", whitepoint=D65, primaries=P3, gamma=2.2)
    path = tmp_path / "p3.jpg"
    PillowImage.new("RGB", (8, 8), (200, 100, 60)).save(path, icc_profile=profile, quality=100, subsampling=0)
    expected = srgb_curve((np.array([200, 100, 60]) / 255) ** 2.2 @ RGB_OF_P3.T)
    np.testing.assert_allclose(read_image(path).pixels[3, 3], expected, atol=0.01)


def test_srgbs_own_profile_changes_nothing(tmp_path: Path) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    values = np.random.default_rng(0).integers(0, 65536, (3, 4, 3))
    path = tmp_path / "srgb.png"
    path.write_bytes(png(values, 16, 2, icc_chunk(profile)))
    np.testing.assert_allclose(read_image(path).pixels, values / 65535, rtol=1e-6)


def test_a_grey_profile_is_applied_to_an_image_but_not_to_a_map(tmp_path: Path) -> None:
    profile = imagecodecs.cms_profile("gray", whitepoint=D65, gamma=1.8)
    path = tmp_path / "grey.png"
    path.write_bytes(png(np.array([[128, 255]]), 8, 0, icc_chunk(profile)))
    expected = srgb_curve((np.array([128, 255]) / 255) ** 1.8)
    np.testing.assert_allclose(read_image(path).pixels[0, :, 1], expected, atol=1e-3)
    np.testing.assert_allclose(read_map(path)[0] * 255, [128, 255], rtol=1e-6)


def test_profiles_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    grey = imagecodecs.cms_profile("gray", whitepoint=D65, gamma=1.8)
    rgb = imagecodecs.cms_profile("rgb", whitepoint=D65, primaries=P3, gamma=2.2)
    path = tmp_path / "strange.png"
    for profile in (lab, grey, rgb[:300], b"no profile"):
        path.write_bytes(png(np.array([[[1, 2, 3]]]), 8, 2, icc_chunk(profile)))
        with pytest.raises(BadInputError, match="strange.png has .*profile.*sRGB"):
            read_image(path)


@pytest.mark.parametrize(
    ("chunk", "word"),
    [
        ((b"gAMA", struct.pack(">I", 100000)), "gAMA 1"),
        ((b"cHRM", struct.pack(">8I", 31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000)), "cHRM"),
        ((b"cICP", bytes([9, 16, 0, 1])), "cICP 9/16/0/1"),
    ],
)
def test_colours_described_without_a_profile_are_refused(tmp_path: Path, chunk: tuple[bytes, bytes], word: str) -> None:
    path = tmp_path / "strange.png"
    path.write_bytes(png(np.array([[[1, 2, 3]]]), 8, 2, chunk))
    with pytest.raises(BadInputError, match=f"not sRGB .*{word}.*convert it to sRGB"):
        read_image(path)
    path.write_bytes(png(np.array([[7]]), 8, 0, chunk))
    assert read_map(path).shape == (1, 1)


@pytest.mark.parametrize(
    "chunks",
    [
        [(b"gAMA", struct.pack(">I", 45455))],
        [(b"sRGB", b"\0"), (b"gAMA", struct.pack(">I", 100000))],
        [(b"cICP", bytes([1, 13, 0, 1])), (b"gAMA", struct.pack(">I", 100000))],
        [(b"cHRM", struct.pack(">8I", 31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000))],
    ],
)
def test_colours_described_as_srgb_are_read(tmp_path: Path, chunks: list[tuple[bytes, bytes]]) -> None:
    path = tmp_path / "plain.png"
    path.write_bytes(png(np.array([[[1, 2, 3]]]), 8, 2, *chunks))
    np.testing.assert_allclose(read_image(path).pixels * 255, [[[1, 2, 3]]], rtol=1e-6)


def test_jpegs_of_other_kinds(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    PillowImage.new("L", (6, 4), 77).save(path)
    np.testing.assert_allclose(read_image(path).pixels * 255, 77, rtol=1e-6)
    np.testing.assert_allclose(read_map(path) * 255, 77, rtol=1e-6)
    PillowImage.new("CMYK", (6, 4)).save(path)
    with pytest.raises(BadInputError, match="CMYK JPEG.*convert it to sRGB"):
        read_image(path)
    PillowImage.new("RGB", (6, 4)).save(path, exif=EXIF_OF_ADOBE_RGB)
    with pytest.raises(BadInputError, match="Adobe RGB, without its profile"):
        read_image(path)
    write_image(tmp_path / "b.png", np.zeros((4, 6, 3)))
    path.write_bytes((tmp_path / "b.png").read_bytes())
    with pytest.raises(BadInputError, match="cannot be read as JPG"):
        read_image(path)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["jpg", "eXIf", "raw profile", "xmp"])
def test_a_turned_picture_is_laid_as_its_map_lies(tmp_path: Path, orientation: int, kind: str) -> None:
    values = np.random.default_rng(1).integers(0, 256, (16, 24, 3)).astype(np.uint8)
    path = tmp_path / ("a.jpg" if kind == "jpg" else "a.png")
    exif = exif_with(orientation)
    if kind == "jpg":
        PillowImage.fromarray(values).save(path, exif=exif, quality=100, subsampling=0)
        values = np.asarray(PillowImage.open(path))
    else:
        hexadecimal = f"\nexif\n{len(exif):8}\n{exif.hex()}\n".encode()
        xmp = f'XML:com.adobe.xmp\0\0\0\0\0<x tiff:Orientation="{orientation}"/>'.encode()
        chunk = {
            "eXIf": (b"eXIf", exif.removeprefix(b"Exif\0\0")),
            "raw profile": (b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(hexadecimal)),
            "xmp": (b"iTXt", xmp),
        }[kind]
        path.write_bytes(png(values, 8, 2, chunk))
    turned = PillowImage.fromarray(values)
    turned.getexif()[0x0112] = orientation
    upright = np.asarray(ImageOps.exif_transpose(turned))
    if orientation == 1:
        np.testing.assert_allclose(read_image(path).pixels * 255, values, atol=1e-3)
        return
    with pytest.raises(BadInputError, match=f"EXIF orientation {orientation}.*turn the pixels"):
        read_image(path)
    with pytest.raises(BadInputError, match=f"EXIF orientation {orientation}"):
        read_map(path)
    if orientation <= 4:  # the sizes do not tell whether the map was made before or after turning
        with pytest.raises(BadInputError, match="does not say whether"):
            read_image(path, size_of_map=(16, 24))
        return
    np.testing.assert_allclose(read_image(path, size_of_map=(24, 16)).pixels * 255, upright, atol=1e-3)
    np.testing.assert_allclose(read_image(path, size_of_map=(16, 24)).pixels * 255, values, atol=1e-3)


def test_a_turned_square_is_refused(tmp_path: Path) -> None:
    PillowImage.new("RGB", (8, 8)).save(tmp_path / "a.jpg", exif=exif_with(6))
    with pytest.raises(BadInputError, match="does not say whether"):
        read_image(tmp_path / "a.jpg", size_of_map=(8, 8))


@ONCE
@given(position=st.integers(8, 200), value=st.integers(0, 255))
def test_a_damaged_png_is_read_or_refused_in_one_sentence(tmp_path: Path, position: int, value: int) -> None:
    profile = imagecodecs.cms_profile("gray", whitepoint=D65, gamma=1.8)
    whole = png(np.arange(64).reshape(8, 8), 8, 0, (b"eXIf", exif_with(6)[6:]), icc_chunk(profile))
    content = io.BytesIO(whole)
    content.seek(min(position, len(whole) - 1))
    content.write(bytes([value]))
    path = tmp_path / "a.png"
    path.write_bytes(content.getvalue())
    for reader in (read_image, read_map):
        try:
            reader(path)
        except BadInputError as error:
            message = str(error)
        else:
            message = ""
        assert "\n" not in message
