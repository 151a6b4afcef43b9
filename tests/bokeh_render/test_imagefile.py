from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image as PillowImage

from bokeh_render.errors import BadInputError
from bokeh_render.imagefile import Encoding, read_image, read_map, write_image

TOLERANCE = {(".exr", 16): 2**-11, (".exr", 32): 0.0, (".npy", 32): 0.0, (".pfm", 32): 0.0}
TOLERANCE |= {(".png", 8): 0.5 / 255 + 1e-7, (".png", 16): 0.5 / 65535 + 1e-7}


@pytest.mark.parametrize(("suffix", "bits"), TOLERANCE)
@given(height=st.integers(1, 9), width=st.integers(1, 9), colours=st.booleans(), seed=st.integers(0, 99))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_written_is_read(
    tmp_path: Path, suffix: str, bits: int, height: int, width: int, colours: bool, seed: int
) -> None:
    pixels = np.random.default_rng(seed).random((height, width, 3) if colours else (height, width), dtype=np.float32)
    path = tmp_path / f"image{suffix}"
    write_image(path, pixels, bits=bits)
    found = read_image(path).pixels if colours else read_map(path)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, pixels, rtol=0, atol=TOLERANCE[suffix, bits])


def test_suffixes_say_what_numbers_mean(tmp_path: Path) -> None:
    pixels = np.full((4, 4, 3), 0.5, dtype=np.float32)
    for suffix, encoding in ((".png", Encoding.DISPLAY), (".jpg", Encoding.DISPLAY), (".exr", Encoding.LIGHT)):
        write_image(tmp_path / f"a{suffix}", pixels)
        image = read_image(tmp_path / f"a{suffix}")
        assert image.encoding is encoding
        as_light = 0.5 if encoding is Encoding.LIGHT else 0.5**2.2
        np.testing.assert_allclose(image.as_light(2.2), as_light, atol=5e-3)


def test_sixteen_bit_png_is_read_at_full_depth(tmp_path: Path) -> None:
    values = np.linspace(0, 1, 4096, dtype=np.float32).reshape(64, 64)
    write_image(tmp_path / "map.png", values, bits=16)
    assert len(np.unique(read_map(tmp_path / "map.png"))) == 4096


def test_light_above_one_survives_in_exr_and_is_clipped_in_png(tmp_path: Path) -> None:
    pixels = np.full((2, 2, 3), 40.0, dtype=np.float32)
    write_image(tmp_path / "a.exr", pixels)
    write_image(tmp_path / "a.png", pixels)
    assert read_image(tmp_path / "a.exr").pixels.max() == 40.0
    assert read_image(tmp_path / "a.png").pixels.max() == 1.0


def test_light_that_half_floats_cannot_hold_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="does not fit a half float"):
        write_image(tmp_path / "a.exr", np.full((2, 2, 3), 1e5))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", [".exr", ".png", ".jpg", ".npy", ".pfm"])
@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.98])
def test_a_truncated_file_is_refused(tmp_path: Path, suffix: str, share: float) -> None:
    path = tmp_path / f"image{suffix}"
    write_image(path, np.random.default_rng(0).random((64, 48, 3)), bits=32 if suffix == ".exr" else 16)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(BadInputError, match=r"image\.\w+ cannot be read"):
        read_image(path)


def test_other_content_than_the_suffix_says_is_refused(tmp_path: Path) -> None:
    for suffix in (".exr", ".png", ".jpg", ".npy", ".pfm"):
        path = tmp_path / f"words{suffix}"
        path.write_text("these are words\nand more\nand more\nwords\n")
        with pytest.raises(BadInputError, match="cannot be read|PFM file begins"):
            read_image(path)


def test_missing_and_unknown_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="does not exist"):
        read_image(tmp_path / "none.png")
    with pytest.raises(BadInputError, match=r"suffix \.tiff; expected one of"):
        read_image(tmp_path / "a.tiff")


def test_nan_colours_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.full((2, 2, 3), np.nan, dtype=np.float32))
    with pytest.raises(BadInputError, match="NaN"):
        read_image(tmp_path / "a.npy")


def test_an_integer_array_is_refused_because_its_scale_is_unknown(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.zeros((2, 2, 3), dtype=np.uint8))
    with pytest.raises(BadInputError, match="floating-point"):
        read_image(tmp_path / "a.npy")


def test_a_coloured_map_is_refused(tmp_path: Path) -> None:
    write_image(tmp_path / "a.png", np.random.default_rng(0).random((4, 4, 3)))
    with pytest.raises(BadInputError, match="different channels"):
        read_map(tmp_path / "a.png")


def test_a_rotated_photograph_is_refused(tmp_path: Path) -> None:
    exif = PillowImage.Exif()
    exif[0x0112] = 6
    PillowImage.new("RGB", (4, 6)).save(tmp_path / "a.jpg", exif=exif)
    with pytest.raises(BadInputError, match="EXIF orientation 6"):
        read_image(tmp_path / "a.jpg")
