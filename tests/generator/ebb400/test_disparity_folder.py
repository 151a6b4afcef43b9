"""Maps by id: read whatever their kind and size, laid upright, or refused in a sentence that names the file."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bokeh_render.errors import BadInputError
from bokeh_render.imagefile import write_image
from bokeh_render.optics import Float32
from bokeh_render.orientation import turn_upright
from bokeh_render.schema import sha256_of_file
from generator.ebb400.disparity_folder import DisparityFolder, Holds

from .drawn_scene import drawn_scene, made_smaller


@pytest.fixture(scope="module")
def scene() -> tuple[Float32, Float32]:
    return drawn_scene(0)


def folder_of(root: Path, maps: dict[str, Float32], holds: Holds = "disparity", **options: bool) -> DisparityFolder:
    for name, pixels in maps.items():
        write_image(root / name, pixels, bits=16 if name.lower().endswith(".png") else 32)
    return DisparityFolder(root, holds, **options)


def refusal(folder: DisparityFolder, display: Float32, identifier: int = 7) -> str:
    with pytest.raises(BadInputError) as refused:
        folder.find(identifier, display)
    text = str(refused.value)
    assert "\n" not in text
    assert str(folder.root) not in text, "a report does not say where the maps lie"
    return text


@pytest.mark.parametrize("name", ["7.png", "0007.png", "007.exr", "7.npy", "7.pfm", "7.PNG"])
def test_a_map_of_the_photographs_size_is_taken_as_it_is(
    tmp_path: Path, scene: tuple[Float32, Float32], name: str
) -> None:
    display, disparity = scene
    scale = 1.0 if name.lower().endswith(".png") else 40.0
    found = folder_of(tmp_path, {name: scale * disparity}).find(7, display)
    np.testing.assert_allclose(found.disparity, disparity, atol=2e-5)
    assert found.disparity.dtype == np.float32
    assert found.notes == ()
    assert found.origin["file"] == name
    assert found.origin["sha256"] == sha256_of_file(tmp_path / name)
    assert found.origin["holds"] == "disparity"
    assert found.origin["refined"] is False
    assert found.origin["high"] == pytest.approx(scale)
    json.dumps(found.origin, allow_nan=False)


def test_eight_bits_and_jpeg_are_read_as_well(tmp_path: Path, scene: tuple[Float32, Float32]) -> None:
    display, disparity = scene
    write_image(tmp_path / "1.png", disparity, bits=8)
    write_image(tmp_path / "2.jpg", np.repeat(disparity[..., None], 3, axis=2))
    folder = DisparityFolder(tmp_path, "disparity")
    assert np.abs(folder.find(1, display).disparity - disparity).max() < 0.003
    assert np.abs(folder.find(2, display).disparity - disparity).mean() < 0.01


@pytest.mark.parametrize("times", [2, 3])
def test_a_smaller_map_is_refined_to_the_photographs_size(
    tmp_path: Path, scene: tuple[Float32, Float32], times: int
) -> None:
    display, disparity = scene
    found = folder_of(tmp_path, {"7.npy": made_smaller(disparity, times)}).find(7, display)
    assert found.disparity.shape == disparity.shape
    assert np.abs(found.disparity - disparity).mean() < 0.02
    assert found.origin["refined"] is True
    assert found.origin["size"] == [192 // times, 288 // times]


def test_a_larger_map_is_made_smaller(tmp_path: Path, scene: tuple[Float32, Float32]) -> None:
    display, disparity = scene
    found = folder_of(tmp_path, {"7.npy": np.kron(disparity, np.ones((2, 2), np.float32))}).find(7, display)
    assert found.disparity.shape == disparity.shape
    assert np.abs(found.disparity - disparity).mean() < 0.02


def test_a_soft_map_is_refined_when_asked(tmp_path: Path, scene: tuple[Float32, Float32]) -> None:
    from scipy import ndimage

    display, disparity = scene
    soft = ndimage.gaussian_filter(disparity, 2.0)
    as_it_is = folder_of(tmp_path, {"7.npy": soft}).find(7, display)
    refined = DisparityFolder(tmp_path, "disparity", refined=True).find(7, display)
    np.testing.assert_allclose(as_it_is.disparity, (soft - soft.min()) / np.ptp(soft), atol=1e-6)
    assert np.abs(refined.disparity - disparity).mean() < 0.7 * np.abs(as_it_is.disparity - disparity).mean()


def test_depth_becomes_disparity_and_nothing_is_infinitely_far(tmp_path: Path, scene: tuple[Float32, Float32]) -> None:
    display, disparity = scene
    depth = np.where(disparity == 0, 65504.0, 2.0 / np.maximum(disparity, 1e-6)).astype(np.float32)
    depth[0, 0] = 1e30
    found = folder_of(tmp_path, {"7.exr": depth}, "depth").find(7, display)
    np.testing.assert_allclose(found.disparity, disparity, atol=1e-5)
    assert found.origin["holds"] == "depth"


@pytest.mark.parametrize("value", [0.0, -1.0])
def test_depth_of_nought_or_less_is_refused(tmp_path: Path, scene: tuple[Float32, Float32], value: float) -> None:
    display, disparity = scene
    depth = 1.0 + disparity
    depth[5, 5] = value
    assert "7.exr: depth holds 1 value(s) that are zero, negative" in refusal(
        folder_of(tmp_path, {"7.exr": depth}, "depth"), display
    )


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("holds", ["disparity", "depth"])
def test_what_is_no_number_is_refused(
    tmp_path: Path, scene: tuple[Float32, Float32], value: float, holds: Holds
) -> None:
    display, disparity = scene
    broken = 1.0 + disparity
    broken[5, 6] = value
    text = refusal(folder_of(tmp_path, {"7.npy": broken}, holds), display)
    assert text.startswith("7.npy holds 1 NaN or infinite value(s), the first at x=6, y=5")


def test_a_constant_map_is_refused(tmp_path: Path, scene: tuple[Float32, Float32]) -> None:
    text = refusal(folder_of(tmp_path, {"7.png": np.full((192, 288), 0.5, np.float32)}), scene[0])
    assert text.startswith("7.png is 0.500008 everywhere; expected")


@pytest.mark.parametrize("size", [(192, 284), (96, 146), (288, 192), (192, 192), (64, 64)])
def test_a_map_out_of_proportion_is_refused(
    tmp_path: Path, scene: tuple[Float32, Float32], size: tuple[int, int]
) -> None:
    pixels = np.random.default_rng(0).random(size, dtype=np.float32)
    text = refusal(folder_of(tmp_path, {"7.npy": pixels}), scene[0])
    assert f"7.npy is {size[1]}×{size[0]}, which is not in proportion to its photograph of 288×192" in text


@pytest.mark.parametrize("size", [(97, 145), (64, 97), (63, 96), (385, 577)])
def test_a_pixel_of_rounding_is_no_distortion(
    tmp_path: Path, scene: tuple[Float32, Float32], size: tuple[int, int]
) -> None:
    pixels = np.random.default_rng(0).random(size, dtype=np.float32)
    assert folder_of(tmp_path, {"7.npy": pixels}).find(7, scene[0]).disparity.shape == (192, 288)


def test_missing_and_double_maps_are_named(tmp_path: Path, scene: tuple[Float32, Float32]) -> None:
    display, disparity = scene
    (tmp_path / "9.tif").write_bytes(b"no map")
    folder = folder_of(tmp_path, {"7.png": disparity, "07.exr": disparity, "8.png": disparity})
    assert refusal(folder, display, 7).startswith("07.exr, 7.png are 2 disparity maps of id 7; expected one")
    assert refusal(folder, display, 6).startswith("id 6 has no disparity map; expected a file 6.png")
    assert "only 9.tif, which is none of .png" in refusal(folder, display, 9)
    assert folder.find(8, display).origin["file"] == "8.png"


def test_a_broken_file_costs_one_sentence(tmp_path: Path, scene: tuple[Float32, Float32]) -> None:
    display, disparity = scene
    folder = folder_of(tmp_path, {"7.png": disparity, "8.npy": disparity})
    whole = (tmp_path / "7.png").read_bytes()
    (tmp_path / "7.png").write_bytes(whole[: len(whole) // 2])
    assert refusal(folder, display, 7).startswith("7.png cannot be read as PNG")
    np.save(tmp_path / "8.npy", np.zeros((4, 4), dtype=np.int32))
    assert refusal(folder, display, 8).startswith("8.npy holds int32 values")


def test_false_colours_are_refused(tmp_path: Path, scene: tuple[Float32, Float32]) -> None:
    display, _ = scene
    assert "different channels" in refusal(folder_of(tmp_path, {"7.png": display}), display)


def test_folders_that_cannot_be_are_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="does not exist; expected a folder of disparity maps"):
        DisparityFolder(tmp_path / "nowhere", "disparity")
    (tmp_path / "scene.png").write_bytes(b"")
    (tmp_path / "7.tif").write_bytes(b"")
    with pytest.raises(BadInputError, match=r"holds no depth maps; expected files named by id, such as 12\.png"):
        DisparityFolder(tmp_path, "depth")
    with pytest.raises(BadInputError, match="is no folder"):
        DisparityFolder(tmp_path / "7.tif", "depth")
    with pytest.raises(BadInputError, match="'height'; expected disparity or depth"):
        DisparityFolder(tmp_path, "height")  # type: ignore[arg-type]


def test_a_map_that_is_turned_over_is_refused(tmp_path: Path, scene: tuple[Float32, Float32]) -> None:
    display, disparity = scene
    folder = folder_of(
        tmp_path, {"1.npy": disparity[::-1], "2.npy": disparity[:, ::-1], "3.npy": disparity[::-1, ::-1]}
    )
    assert refusal(folder, display, 1).startswith("1.npy lies on the photograph when turned upside down (")
    assert refusal(folder, display, 2).startswith("2.npy lies on the photograph when mirrored left to right (")
    assert refusal(folder, display, 3).endswith("turn the map")


def test_what_is_doubtful_is_noted(tmp_path: Path, scene: tuple[Float32, Float32]) -> None:
    display, disparity = scene
    wild = disparity.copy()
    wild[10, 10] = 90.0
    slope = np.tile(np.linspace(1, 2, 192, dtype=np.float32)[:, None], (1, 288))
    stranger = drawn_scene(90)[1]
    folder = folder_of(tmp_path, {"1.npy": wild, "2.npy": 1 - disparity, "3.npy": slope, "4.npy": stranger})
    assert folder.find(1, display).notes == (
        "1.npy has 1 outlying pixel(s), which were cut to the range of the others",
    )
    assert "the top of the picture is nearer than its bottom" in folder.find(2, display).notes[0]
    assert "3.npy has too few edges to tell" in folder.find(3, display).notes[0]
    assert "is not clear from its edges" in folder.find(4, display).notes[0]


@pytest.mark.parametrize("orientation", [5, 6, 7, 8])
@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("made_from", ["stored", "upright"])
def test_the_map_of_a_turned_photograph_is_laid_upright(
    tmp_path: Path, scene: tuple[Float32, Float32], orientation: int, times: int, made_from: str
) -> None:
    display, disparity = scene
    small = made_smaller(disparity, times)
    back = {5: 5, 6: 8, 7: 7, 8: 6}[orientation]
    pixels = turn_upright(small, back) if made_from == "stored" else small
    found = folder_of(tmp_path, {"7.npy": pixels}).find(7, display, (288, 192), orientation)
    assert found.disparity.shape == disparity.shape
    assert np.abs(found.disparity - disparity).mean() < 0.02


@pytest.mark.parametrize(("orientation", "height", "width"), [(2, 96, 144), (3, 96, 144), (4, 96, 144), (6, 96, 96)])
def test_a_turned_photograph_whose_map_could_lie_either_way_is_refused(
    tmp_path: Path, orientation: int, height: int, width: int
) -> None:
    display, disparity = drawn_scene(1, height, width)
    folder = folder_of(tmp_path, {"7.npy": disparity})
    with pytest.raises(BadInputError, match=r"7\.npy's photograph is stored .* the size of its map does not say"):
        folder.find(7, display, (height, width), orientation)


def test_an_almost_square_small_map_of_a_turned_photograph_is_refused(tmp_path: Path) -> None:
    display, disparity = drawn_scene(1, 96, 100)
    folder = folder_of(tmp_path, {"7.npy": made_smaller(disparity, 8)})
    with pytest.raises(BadInputError, match="too square to say whether"):
        folder.find(7, display, (100, 96), 6)


def test_it_can_be_pickled_and_its_key_follows_the_files(tmp_path: Path, scene: tuple[Float32, Float32]) -> None:
    display, disparity = scene
    folder = folder_of(tmp_path / "here", {"7.npy": disparity})
    again = pickle.loads(pickle.dumps(folder))
    np.testing.assert_array_equal(again.find(7, display).disparity, folder.find(7, display).disparity)
    moved = folder_of(tmp_path / "there", {"7.npy": disparity, "8.npy": 2 * disparity})
    assert json.dumps(moved.key_of(7)) == json.dumps(folder.key_of(7))
    assert moved.key_of(8) != folder.key_of(8)
    assert folder.key_of(8) == {**folder.key, "files": {}}
    assert folder.key != DisparityFolder(folder.root, "disparity", refined=True).key
    write_image(folder.root / "7.npy", disparity / 2)
    assert moved.key_of(7) != folder.key_of(7)


@settings(max_examples=30, deadline=None)
@given(
    size=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    photograph=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    orientation=st.integers(1, 8),
    seed=st.integers(0, 9),
    holds=st.sampled_from(["disparity", "depth"]),
)
def test_whatever_map_comes_it_fits_or_is_refused(
    tmp_path_factory: pytest.TempPathFactory,
    size: tuple[int, int],
    photograph: tuple[int, int],
    orientation: int,
    seed: int,
    holds: Holds,
) -> None:
    rng = np.random.default_rng(seed)
    folder = folder_of(tmp_path_factory.mktemp("maps"), {"7.npy": rng.random(size, dtype=np.float32) + 0.1}, holds)
    stored = photograph if orientation < 5 else photograph[::-1]
    found, refused = None, ""
    try:
        found = folder.find(7, rng.random((*photograph, 3), dtype=np.float32), stored, orientation)
    except BadInputError as error:
        refused = str(error)
    if found is None:
        assert "7.npy" in refused
        return
    assert found.disparity.shape == photograph
    assert 0.0 <= found.disparity.min() <= found.disparity.max() <= 1.0
