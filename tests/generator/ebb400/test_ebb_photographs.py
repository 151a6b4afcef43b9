"""Photographs of EBB! as cameras, phones and broken downloads leave them."""

from __future__ import annotations

import io
import shutil
import struct
import warnings
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image as PillowImage
from PIL import ImageOps

from bokeh_render.errors import BadInputError
from bokeh_render.imagefile import write_image
from generator.ebb400.photographs import Photographs, read_photographs
from generator.ebb400.source import PhotographFiles, open_ebb

from .drawn_photographs import drawn, jpeg, write_folder

ONCE = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
WIDE, SHALLOW = drawn(1), drawn(2)
D65, P3 = [0.3127, 0.3290, 1.0], [0.680, 0.320, 1.0, 0.265, 0.690, 1.0, 0.150, 0.060, 1.0]
EXIF_OF_ADOBE_RGB = (  # three folders, each of one entry: to the camera's, to the interoperability's, its index R03
    b"Exif\0\0II*\0\x08\0\0\0"
    + struct.pack("<HHHIII", 1, 0x8769, 4, 1, 26, 0)
    + struct.pack("<HHHIII", 1, 0xA005, 4, 1, 44, 0)
    + struct.pack("<HHHI4sI", 1, 1, 2, 4, b"R03\0", 0)
)


def exif_with(orientation: int) -> bytes:
    exif = PillowImage.Exif()
    exif[0x0112] = orientation
    return exif.tobytes()


def read(folder: Path, wide: bytes, shallow: bytes | None = None, suffix: str = "jpg") -> Photographs:
    """Read two files' bytes, having come the way that a user's come."""
    names = {f"original/12.{suffix}": wide, f"bokeh/12.{suffix}": jpeg(SHALLOW) if shallow is None else shallow}
    shutil.rmtree(folder / "ebb", ignore_errors=True)
    return read_photographs(open_ebb(write_folder(folder / "ebb", names)).extract(12, folder / "out"))


def refusal(folder: Path, wide: bytes, shallow: bytes | None = None, suffix: str = "jpg") -> str:
    with pytest.raises(BadInputError) as raised:
        read(folder, wide, shallow, suffix)
    message = str(raised.value)
    assert message.startswith((f"original/12.{suffix} ", f"bokeh/12.{suffix} "))
    assert message.isprintable()
    assert str(folder) not in message
    assert len(message) < 250
    return message


def display(content: bytes) -> Any:
    return np.asarray(PillowImage.open(io.BytesIO(content))) / 255


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": 0}, {"restart_marker_rows": 1}])
def test_a_pair_is_read_as_display_values(tmp_path: Path, options: dict[str, Any]) -> None:
    wide, shallow = jpeg(WIDE, **options), jpeg(SHALLOW, **options)
    found = read(tmp_path, wide, shallow)
    np.testing.assert_allclose(found.wide, display(wide), atol=1e-6)
    np.testing.assert_allclose(found.shallow, display(shallow), atol=1e-6)
    for pixels in (found.wide, found.shallow):
        assert pixels.dtype == np.float32
        assert pixels.flags.c_contiguous
    assert (found.stored_size, found.orientation, found.notes) == ((72, 96), 1, ())


@pytest.mark.parametrize("bits", [8, 16])
def test_png_is_read_at_its_full_depth(tmp_path: Path, bits: int) -> None:
    values = np.random.default_rng(0).random((64, 65, 3)).astype(np.float32)
    write_image(tmp_path / "a.png", values, bits=bits)
    content = (tmp_path / "a.png").read_bytes()
    np.testing.assert_allclose(read(tmp_path, content, content, "png").wide, values, atol=0.6 / 2**bits)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_photograph_is_set_upright_and_noted(tmp_path: Path, orientation: int) -> None:
    stored = jpeg(WIDE, exif=exif_with(orientation))
    upright = np.asarray(ImageOps.exif_transpose(PillowImage.open(io.BytesIO(stored))))
    found = read(tmp_path, stored, jpeg(drawn(2, *upright.shape[:2])))
    np.testing.assert_allclose(found.wide, upright / 255, atol=1e-6)
    assert (found.stored_size, found.orientation) == ((72, 96), orientation)
    note = f"original/12.jpg was turned upright (EXIF orientation {orientation})"
    assert found.notes == (() if orientation == 1 else (note,))


def test_both_photographs_may_be_turned(tmp_path: Path) -> None:
    stored = jpeg(WIDE, exif=exif_with(8))
    found = read(tmp_path, stored, jpeg(SHALLOW, exif=exif_with(6)))
    assert found.wide.shape == found.shallow.shape == (96, 72, 3)
    assert found.orientation == 8
    assert [note.split()[0] for note in found.notes] == ["original/12.jpg", "bokeh/12.jpg"]


def test_a_profile_is_converted_and_noted(tmp_path: Path) -> None:
    profile = imagecodecs.cms_profile("rgb", whitepoint=D65, primaries=P3, gamma=2.2)
    flat = np.full((64, 64, 3), (200, 100, 60), dtype=np.uint8)
    found = read(tmp_path, jpeg(flat, icc_profile=profile, subsampling=0), jpeg(flat))
    light = (np.array([200, 100, 60]) / 255) ** 2.2
    red = light @ np.array([1.2249402, -0.2249402, 0.0])  # of linear Display P3 in linear sRGB, from the primaries
    assert found.wide[9, 9, 0] == pytest.approx(1.055 * red ** (1 / 2.4) - 0.055, abs=0.01)
    assert found.notes == ("original/12.jpg was converted to sRGB from the colours of its ICC profile",)


def test_srgbs_own_profile_is_not_worth_a_note(tmp_path: Path) -> None:
    from PIL import ImageCms

    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    found = read(tmp_path, jpeg(WIDE, icc_profile=profile))
    np.testing.assert_allclose(found.wide, display(jpeg(WIDE)), atol=1e-6)
    assert found.notes == ()


def test_colours_that_cannot_be_used(tmp_path: Path) -> None:
    grey, cmyk = io.BytesIO(), io.BytesIO()
    PillowImage.fromarray(WIDE).convert("L").save(grey, "JPEG")
    PillowImage.fromarray(WIDE).convert("CMYK").save(cmyk, "JPEG")
    assert refusal(tmp_path, grey.getvalue()) == "original/12.jpg is grey; expected a photograph in colours"
    assert "is grey" in refusal(tmp_path, jpeg(WIDE), grey.getvalue())
    assert "original/12.jpg is a CMYK JPEG, made for print" in refusal(tmp_path, cmyk.getvalue())
    assert "not sRGB (Adobe RGB, without its profile)" in refusal(tmp_path, jpeg(WIDE, exif=EXIF_OF_ADOBE_RGB))
    assert "ICC profile that cannot be used" in refusal(
        tmp_path, jpeg(WIDE, icc_profile=b"\0" * 16 + b"RGB " + b"x" * 200)
    )
    holes = bytes(imagecodecs.png_encode(np.dstack([WIDE, WIDE[..., 0]])))
    assert "see-through pixel(s)" in refusal(tmp_path, holes, holes, "png")


def test_sizes_that_do_not_fit(tmp_path: Path) -> None:
    assert refusal(tmp_path, jpeg(WIDE), jpeg(drawn(2, 72, 95))) == (
        "original/12.jpg is 96×72 px and bokeh/12.jpg 95×72 px; expected two photographs of one size"
    )
    assert refusal(tmp_path, jpeg(WIDE, exif=exif_with(6))) == (
        "original/12.jpg is 72×96 px (turned upright) and bokeh/12.jpg 96×72 px; expected two photographs of one size"
    )
    small = jpeg(drawn(1, 63, 200))
    assert refusal(tmp_path, small, small) == "original/12.jpg is 200×63 px; expected 64 px at least on each side"
    least = jpeg(drawn(1, 64, 64))
    assert read(tmp_path, least, least).wide.shape == (64, 64, 3)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "it is empty"),
        (bytes(5000), r"it begins with b'\x00\x00\x00\x00\x00\x00\x00\x00'"),
        (b"version https://git-lfs.github.com/spec/v1\n", "it begins with b'version '"),
        (imagecodecs.png_encode(WIDE), r"it begins with b'\x89PNG\r\n\x1a\n'"),
    ],
)
def test_what_is_no_jpeg(tmp_path: Path, content: bytes, found: str) -> None:
    assert refusal(tmp_path, content) == f"original/12.jpg is no JPEG file: {found}; get the file again"
    assert "bokeh/12.jpg is no JPEG" in refusal(tmp_path, jpeg(WIDE), content)
    if not content.startswith(b"\x89PNG"):
        assert "is no PNG file" in refusal(tmp_path, content, content, "png")


def start_of_pixels(content: bytes) -> int:
    return content.index(b"\xff\xda") + 14


def write_anew(path: Path, content: bytes) -> None:
    path.unlink(missing_ok=True)  # some file systems wait for the disk when a file is overwritten
    path.write_bytes(content)


@pytest.fixture
def files(tmp_path: Path) -> PhotographFiles:
    """Return a whole pair, of which a test writes the wide one anew."""
    (tmp_path / "shallow.jpg").write_bytes(jpeg(SHALLOW))
    return PhotographFiles(tmp_path / "wide.jpg", tmp_path / "shallow.jpg", "original/12.jpg", "bokeh/12.jpg")


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_rows": 1, "subsampling": 0}])
def test_a_truncated_jpeg_is_refused_wherever_it_ends(files: PhotographFiles, options: dict[str, Any]) -> None:
    thumbnail = jpeg(drawn(3, 16, 16), quality=20)
    whole = jpeg(drawn(1, 64, 64), exif=b"Exif\0\0" + thumbnail, quality=20, **options)
    assert whole.count(b"\xff\xd9") == 2, "the thumbnail has an end mark too"
    header = start_of_pixels(whole)
    for length in (*range(0, header, 23), *range(header, len(whole))):
        write_anew(files.wide, whole[:length])
        with pytest.raises(BadInputError, match=r"^original/12\.jpg (is no JPEG|cannot be decoded)"):
            read_photographs(files)


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_rows": 1, "subsampling": 0}])
def test_a_download_whose_rest_is_zeros_is_refused(files: PhotographFiles, options: dict[str, Any]) -> None:
    whole = jpeg(drawn(1, 64, 64), quality=20, **options)
    header = start_of_pixels(whole)
    for length in (*range(1, header, 23), *range(header, len(whole) - 1)):
        write_anew(files.wide, whole[:length] + bytes(len(whole) - length))
        with pytest.raises(BadInputError, match=r"^original/12\.jpg (is no JPEG|cannot be decoded|is cut off)"):
            read_photographs(files)


def test_a_cut_jpeg_that_was_closed_is_refused_by_its_grey_rows(files: PhotographFiles) -> None:
    whole = jpeg(WIDE, subsampling=0, quality=75)
    start = start_of_pixels(whole)
    for share in (0.0, 0.1, 0.5, 0.75):
        length = start + int(share * (len(whole) - start))
        write_anew(files.wide, whole[:length] + b"\xff\xd9")
        with pytest.raises(BadInputError, match=r"is cut off: its lowest \d+ rows decode to even grey; get the file"):
            read_photographs(files)


def test_what_follows_a_whole_jpeg_does_no_harm(files: PhotographFiles) -> None:
    whole = jpeg(WIDE)
    for appended in (b"\0" * 100, b"\xff\xda junk", jpeg(drawn(4, 16, 16))):
        write_anew(files.wide, whole + appended)
        np.testing.assert_allclose(read_photographs(files).wide, display(whole), atol=1e-6)


def test_a_truncated_png_is_refused(tmp_path: Path) -> None:
    whole = bytes(imagecodecs.png_encode(WIDE))
    for length in range(8, len(whole) - 12, 997):
        message = refusal(tmp_path, whole[:length], whole, "png")
        assert message == "original/12.png cannot be decoded as PNG, it may be truncated; get the file again"


def test_odd_metadata_warns_nobody(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = read(tmp_path, jpeg(WIDE, exif=b"Exif\0\0II*\0\x08\0\0\0\x09\0\x12\x01"))
    assert found.notes == ()


@ONCE
@given(position=st.floats(0, 1, exclude_max=True), value=st.integers(0, 255), in_header=st.booleans())
def test_a_damaged_jpeg_is_read_or_refused_in_one_sentence(
    tmp_path: Path, position: float, value: int, in_header: bool
) -> None:
    profile = imagecodecs.cms_profile("rgb", whitepoint=D65, primaries=P3, gamma=2.2)
    whole = bytearray(jpeg(WIDE, quality=60, exif=exif_with(6), icc_profile=profile))
    whole[int(position * (start_of_pixels(bytes(whole)) if in_header else len(whole)))] = value
    write_anew(tmp_path / "wide.jpg", bytes(whole))
    write_anew(tmp_path / "shallow.jpg", jpeg(drawn(2, 96, 72)))
    files = PhotographFiles(tmp_path / "wide.jpg", tmp_path / "shallow.jpg", "original/12.jpg", "bokeh/12.jpg")
    message = ""
    try:
        found = read_photographs(files)
    except BadInputError as error:
        message = str(error)
    else:
        assert found.wide.shape == found.shallow.shape == (96, 72, 3)
        assert found.wide.min() >= 0
        assert found.wide.max() <= 1
    assert message.startswith("original/12.jpg ") or not message
    assert message.isprintable()
    assert str(tmp_path) not in message
