from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pydantic import ValidationError
from scipy import ndimage

from bokeh_render.errors import BadInputError
from bokeh_render.imagefile import read_image, write_image
from bokeh_render.optics import signed_defocus
from bokeh_render.training_pairs import (
    ImperfectSettings,
    PairSettings,
    TrainingPair,
    draw_pair,
    imperfect,
    sources,
    write_sheet,
)
from bokeh_render.training_pairs.canvas import Canvas
from bokeh_render.training_pairs.noise import noise
from bokeh_render.training_pairs.sources import Photographs, image_files

SMALL: dict[str, Any] = {"height": 48, "width": 64, "blur_px": (1.0, 4.0), "lens_points": (24, 48)}
SETTINGS = PairSettings(**SMALL)


def same(first: TrainingPair, second: TrainingPair) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


@pytest.fixture(scope="module")
def pairs() -> list[TrainingPair]:
    return [draw_pair(SETTINGS, 3, index) for index in range(16)]


def test_a_pair_is_decided_by_settings_seed_and_index(pairs: list[TrainingPair]) -> None:
    assert same(draw_pair(SETTINGS, 3, 5), pairs[5])
    others = [draw_pair(SETTINGS, 3, 6), draw_pair(SETTINGS, 4, 5), draw_pair(PairSettings(**SMALL, night=1.0), 3, 5)]
    for other in others:
        assert not np.array_equal(other.display, pairs[5].display)


def test_pairs_are_what_they_are_said_to_be(pairs: list[TrainingPair]) -> None:
    for pair in pairs:
        assert pair.display.shape == pair.bokeh.shape == (48, 64, 3)
        assert pair.disparity.shape == pair.imperfect.shape == (48, 64)
        assert all(part.dtype == np.float32 and np.isfinite(part).all() for part in pair[:4])
        assert pair.display.min() >= 0.0
        assert pair.display.max() <= 4.01
        assert (pair.disparity.min(), pair.disparity.max()) == (0.0, 1.0)
        assert pair.imperfect.min() >= 0.0
        assert pair.imperfect.max() <= 1.0
        assert -1e-6 <= pair.focus_disparity <= 1 + 1e-6
        assert 1.0 <= pair.gamma <= 5.0
        defocus = np.abs(signed_defocus(pair.disparity, pair.blur_parameter, pair.focus_disparity))
        assert 0.2 < defocus.max() <= 4.001


def test_scenes_differ_in_brightness_gamma_focus_and_depth(pairs: list[TrainingPair]) -> None:
    medians = [float(np.median(pair.display)) for pair in pairs]
    assert max(medians) > 2 * min(medians)
    usual = sum(pair.gamma == 2.2 for pair in pairs)
    assert 0 < usual < len(pairs)
    assert np.ptp([pair.focus_disparity for pair in pairs]) > 0.5
    assert sum(len(np.unique(pair.disparity.round(3))) > 20 for pair in pairs) >= 3, "tilted planes"
    changed = sum(not np.array_equal(pair.disparity, pair.imperfect) for pair in pairs)
    assert 0 < changed < len(pairs)


def test_where_nothing_near_is_out_of_focus_the_truth_is_the_image() -> None:
    gentle = PairSettings(**{**SMALL, "blur_px": (1.0, 1.5)}, on_layer=1.0)
    changes = []
    for index in range(12):
        pair = draw_pair(gentle, 3, index)
        defocus = np.abs(signed_defocus(pair.disparity, pair.blur_parameter, pair.focus_disparity))
        sharp = ndimage.maximum_filter(defocus, 5) < 0.1
        sharp[:2] = sharp[-2:] = sharp[:, :2] = sharp[:, -2:] = False  # beyond the rim lies what is not seen
        changes += list(np.abs(pair.bokeh - pair.display).max(axis=-1)[sharp])
    assert len(changes) > 500
    assert np.mean(np.array(changes) < 0.05) > 0.95, "but for see-through things, which have no depth in the map"


def test_light_that_is_blurred_is_neither_lost_nor_made() -> None:
    """A lens spreads light: over a whole picture the means agree, but for what enters and leaves at the rim."""
    ratios = []
    for index in range(12):
        pair = draw_pair(SETTINGS, 9, index)
        inner = (slice(4, -4), slice(4, -4))
        ratios.append((pair.bokeh[inner] ** pair.gamma).mean() / (pair.display[inner] ** pair.gamma).mean())
    assert np.median(ratios) == pytest.approx(1.0, abs=0.1)


def test_without_faults_the_map_is_clean() -> None:
    clean = PairSettings(**SMALL, imperfect=ImperfectSettings(probability=0.0))
    pair = draw_pair(clean, 3, 1)
    assert np.array_equal(pair.disparity, pair.imperfect)


@pytest.mark.parametrize("seed", range(12))
def test_faults_stay_within_their_settings(seed: int) -> None:
    """A map of two flat halves: only near the edge may it change by more than the waves do."""
    disparity = np.zeros((64, 64), np.float32)
    disparity[:, 32:] = 0.8
    limits = ImperfectSettings(probability=1.0, blur_sigma_px=2.0, grow_px=3.0, wave=0.04)
    wrong = imperfect(np.random.Generator(np.random.PCG64(seed)), disparity, limits)
    change = np.abs(wrong - disparity)
    far = np.r_[0:18, 46:64]
    assert change[:, far].max() <= 0.04 + 1e-6


def test_all_four_faults_occur() -> None:
    disparity = np.zeros((64, 64), np.float32)
    disparity[24:40, 24:40] = 0.5
    signs = set()
    for seed in range(60):
        rng = np.random.Generator(np.random.PCG64(seed))
        wrong = imperfect(rng, disparity, ImperfectSettings(probability=1.0))
        area, values = int((wrong > 0.25).sum()), len(np.unique(wrong))
        if values == 2:
            signs.add("grown" if area > 256 else "shrunk")
        elif np.ptp(wrong[:8]) > 1e-3:
            signs.add("bent")
        elif values > 10:
            signs.add("blurred")
        elif values == 1:
            signs.add("shrunk")
    assert signs == {"grown", "shrunk", "bent", "blurred"}


def test_noise_has_the_spectrum_it_is_asked_for() -> None:
    for exponent in (0.5, 1.5):
        values = noise(np.random.Generator(np.random.PCG64(1)), (128, 128), exponent)
        power = np.abs(np.fft.fft2(values)) ** 2
        frequency = np.hypot(np.fft.fftfreq(128)[:, None], np.fft.fftfreq(128)[None])
        within = (frequency > 0.03) & (frequency < 0.4)
        slope = np.polyfit(np.log(frequency[within]), np.log(power[within]), 1)[0]
        assert slope == pytest.approx(-2 * exponent, abs=0.15)


def photographs(folder: Path) -> Path:
    """Make a blue photograph, a yellow cut-out that is a disc, and files that are no pictures."""
    folder.mkdir()
    blue = np.zeros((40, 50, 3), np.float32) + (0.1, 0.2, 0.9)
    write_image(folder / "blue.png", blue, bits=8)
    disc = np.zeros((40, 40, 4), np.uint8)
    disc[np.hypot(*(np.mgrid[:40, :40] - 19.5)) < 18] = (250, 220, 10, 255)
    Image.fromarray(disc).save(folder / "disc.png")
    write_image(folder / "depth.exr", blue, bits=16)
    write_image(folder / "image.exr", blue**2.2, bits=16)
    (folder / "notes.txt").write_text("no picture")
    return folder


def test_a_folder_gives_textures_and_cutouts(tmp_path: Path) -> None:
    folder = photographs(tmp_path / "mine")
    assert [path.name for path in image_files([folder])] == ["blue.png", "disc.png", "image.exr"]
    source, canvas = Photographs([folder], 1.0, 76), Canvas(48, 64, 6)
    rng = np.random.Generator(np.random.PCG64(0))
    surface = source.surface(rng, canvas)
    assert surface is not None
    assert np.allclose(surface, (0.1, 0.2, 0.9), atol=0.01)
    found = source.cutout(rng, canvas, (5.0, -3.0), 12.0)
    assert found is not None
    colours, alpha = found
    assert np.allclose(colours[alpha > 0.99], np.array([250, 220, 10]) / 255, atol=0.01)
    assert alpha.sum() == pytest.approx(np.pi * (12 * 0.9) ** 2, rel=0.05)
    rows, columns = np.nonzero(alpha > 0.5)
    assert (columns.mean() - 37.5, rows.mean() - 29.5) == (pytest.approx(5.0, abs=1), pytest.approx(-3.0, abs=1))


def test_photographs_take_little_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are kept no larger than a canvas shows them, and only as many as the bytes allow."""
    pixels = np.random.Generator(np.random.PCG64(0)).uniform(size=(600, 900, 3)).astype(np.float32)
    for number in range(4):
        write_image(tmp_path / f"{number}.png", pixels, bits=8)
    rng, canvas = np.random.Generator(np.random.PCG64(1)), Canvas(32, 40, 0)
    small = Photographs([tmp_path], 1.0, 40)
    surfaces = [small.surface(rng, canvas) for _ in range(20)]
    assert all(surface is not None and surface.shape == (32, 40, 3) for surface in surfaces)
    assert small.bytes_in_memory == 4 * 100 * 150 * 3 * 4
    monkeypatch.setattr(sources, "_MEMORY_BYTES", 2 * 100 * 150 * 3 * 4)
    bounded = Photographs([tmp_path], 1.0, 40)
    for _ in range(20):
        bounded.surface(rng, canvas)
    assert bounded.bytes_in_memory == 2 * 100 * 150 * 3 * 4


def test_pairs_are_drawn_from_a_folder(tmp_path: Path) -> None:
    folder = photographs(tmp_path / "mine")
    pair = draw_pair(PairSettings(**SMALL, photographs=(folder,), photograph_share=1.0, night=0.0), 1, 2)
    assert not np.array_equal(pair.display, draw_pair(PairSettings(**SMALL, night=0.0), 1, 2).display)
    hue = np.median(pair.display[..., 2]) / np.median(pair.display[..., 0])
    assert hue > 1.5, "mostly blue"


def test_a_folder_without_pictures_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="holds no images; expected a folder with PNG"):
        draw_pair(PairSettings(**SMALL, photographs=(tmp_path,)), 0, 0)


def test_a_sheet_shows_its_pairs(pairs: list[TrainingPair], tmp_path: Path) -> None:
    path = tmp_path / "sheet.png"
    write_sheet(pairs[:5], path, columns=2, height_px=24)
    sheet = read_image(path).pixels
    assert sheet.shape == (3 * 28, 2 * (4 * 32 + 8), 3)
    shown = sheet[18:24, 98:128]  # the bokeh image's lower part, away from the caption
    truth = np.clip(pairs[0].bokeh, 0, 1).reshape(24, 2, 32, 2, 3).mean(axis=(1, 3))[18:24, 2:]
    assert np.allclose(shown, truth, atol=0.02)
    with pytest.raises(BadInputError, match="no pairs"):
        write_sheet([], path)


@pytest.mark.parametrize(
    "wrong",
    [{"blur_px": (4.0, 1.0)}, {"gamma_range": (0.0, 2.0)}, {"height": 4}, {"hight": 64}, {"night": 1.5}],
)
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        PairSettings(**wrong)


def test_negative_seeds_are_refused() -> None:
    with pytest.raises(BadInputError, match="from 0"):
        draw_pair(SETTINGS, -1, 0)
