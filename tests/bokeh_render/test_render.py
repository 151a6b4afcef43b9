from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bokeh_render.errors import BadInputError
from bokeh_render.highlights import HighlightRecovery
from bokeh_render.imagefile import read_image, write_image
from bokeh_render.render import (
    Pixel,
    RenderSettings,
    bits_for,
    prepare,
    render_file,
    render_prepared,
)


@pytest.fixture
def image(tmp_path: Path) -> Path:
    write_image(tmp_path / "image.png", np.random.default_rng(0).random((10, 14, 3)), bits=16)
    return tmp_path / "image.png"


@pytest.fixture
def raw_map(tmp_path: Path) -> Path:
    disparity = np.full((10, 14), 2.0, dtype=np.float32)
    disparity[:, 7:] = 6.0
    np.save(tmp_path / "map.npy", disparity)
    return tmp_path / "map.npy"


def test_disparity_is_normalised_unless_raw(image: Path, raw_map: Path) -> None:
    assert set(np.unique(prepare(image, raw_map, RenderSettings()).disparity)) == {0.0, 1.0}
    raw = prepare(image, raw_map, RenderSettings(raw=True))
    assert set(np.unique(raw.disparity)) == {2.0, 6.0}
    assert set(np.unique(raw.normalised)) == {0.0, 1.0}


def test_depth_becomes_disparity(image: Path, raw_map: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "depth.npy", 1 / np.load(raw_map))
    found = prepare(image, tmp_path / "depth.npy", RenderSettings(raw=True, depth=True)).disparity
    np.testing.assert_allclose(found, np.load(raw_map), rtol=1e-6)
    np.save(tmp_path / "depth.npy", np.zeros((10, 14)))
    with pytest.raises(BadInputError, match=r"depth\.npy: depth holds 140"):
        prepare(image, tmp_path / "depth.npy", RenderSettings(depth=True))


def test_focus_at_a_pixel_is_a_disparity_found_there(image: Path, raw_map: Path) -> None:
    disparity = np.load(raw_map)
    disparity[4, 3] = 500.0  # a hot pixel does not decide
    np.save(raw_map, disparity)
    pair = prepare(image, raw_map, RenderSettings(raw=True))
    assert pair.focus_disparity(Pixel(3, 4)) == 2.0
    assert pair.focus_disparity(Pixel(13, 9)) == 6.0
    assert pair.focus_disparity(Pixel(0, 0)) == 2.0
    assert pair.focus_disparity(0.25) == 0.25
    for x in range(14):  # at an edge it is one side or the other, never between
        assert pair.focus_disparity(Pixel(x, 0)) in (2.0, 6.0)
    for x, y in ((14, 0), (0, 10), (-1, 0), (0, -1)):
        with pytest.raises(BadInputError, match=rf"pixel {x},{y} lies outside the image of 14×10"):
            pair.focus_disparity(Pixel(x, y))


def test_what_is_in_focus_stays_and_the_rest_is_blurred(image: Path, raw_map: Path) -> None:
    pair = prepare(image, raw_map, RenderSettings())
    changed = np.abs(render_prepared(pair, 4.0, 1.0, RenderSettings()) - pair.display).mean(axis=(0, 2))
    assert changed[-2:].max() < 0.25 * changed[:5].min()


def test_highlights_count_in_the_normalised_unit(image: Path, raw_map: Path, tmp_path: Path) -> None:
    write_image(tmp_path / "image.png", np.ones((10, 14, 3)), bits=8)
    lit = RenderSettings(highlights=HighlightRecovery(gain=1.0))
    for settings, blur, focus in ((lit, 4.0, 1.0), (RenderSettings(raw=True, highlights=lit.highlights), 1.0, 6.0)):
        result = render_prepared(prepare(image, raw_map, settings), blur, focus, settings)
        assert result[:, 0].min() > 1.5
        np.testing.assert_allclose(result[:, -1], 1.0, atol=0.02)


def test_a_turned_photograph_matches_its_map(tmp_path: Path) -> None:
    from PIL import Image as PillowImage

    exif = PillowImage.Exif()
    exif[0x0112] = 6
    values = np.random.default_rng(0).integers(0, 255, (10, 14, 3)).astype(np.uint8)
    PillowImage.fromarray(values).save(tmp_path / "turned.jpg", exif=exif, quality=95)
    np.save(tmp_path / "upright.npy", np.zeros((14, 10), dtype=np.float32))
    np.save(tmp_path / "other.npy", np.zeros((14, 11), dtype=np.float32))
    assert prepare(tmp_path / "turned.jpg", tmp_path / "upright.npy", RenderSettings()).display.shape == (14, 10, 3)
    with pytest.raises(BadInputError, match=r"11×14 but .* is 10×14; expected equal sizes"):
        prepare(tmp_path / "turned.jpg", tmp_path / "other.npy", RenderSettings())


def test_render_file_writes_or_leaves_nothing(image: Path, raw_map: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.png"
    assert render_file(image, raw_map, out, blur_parameter=0.0, focus=0.0) >= 0.0
    assert read_image(out).pixels.shape == (10, 14, 3)
    out.unlink()
    for wrong in ({"blur_parameter": -1.0}, {"focus": Pixel(20, 2)}, {"focus": float("nan")}, {"bits": 12}):
        with pytest.raises(BadInputError):
            render_file(image, raw_map, out, **{"blur_parameter": 1.0, "focus": 0.5, **wrong})  # type: ignore[arg-type]
    assert not out.exists()


def test_bits_are_those_that_the_format_has() -> None:
    assert [bits_for(suffix, None) for suffix in (".png", ".JPG", ".exr", ".npy", ".pfm")] == [8, 8, 32, 32, 32]
    assert (bits_for(".png", 16), bits_for(".exr", 16)) == (16, 16)
    with pytest.raises(BadInputError, match=r"--bits is 16, but JPG has 8 bits \(files with 16: PNG, EXR\)"):
        bits_for(".jpg", 16)
    with pytest.raises(BadInputError, match="--bits is 12, but PNG has 8 or 16 bits"):
        bits_for(".png", 12)
    with pytest.raises(BadInputError, match="suffix .bmp"):
        bits_for(".bmp", None)
