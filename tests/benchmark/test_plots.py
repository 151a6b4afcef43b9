"""Plots and error maps: they are drawn, in every format, name every method, and hide nothing."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest

from benchmark.dataset import open_dataset
from benchmark.methods.identity import Identity
from benchmark.protocols import load_protocol
from benchmark.reports.error_maps import error_map, error_sheet, median_sample, sheet_samples, worst_samples
from benchmark.reports.plot_style import error_bars, looks, spread
from benchmark.reports.plots import plot_all, plot_corruptions, plot_levels, plot_regions, plot_scenes, plot_time
from benchmark.reports.uncertainty import Interval
from benchmark.results import Result
from benchmark.samples import Sample
from bokeh_render.errors import BadInputError
from bokeh_render.imagefile import read_image

from .made_results import made_result, scene_name, scene_scores
from .test_comparison import corrupted, several

TWELVE = tuple(f"method-{index}" for index in range(12))


def names_in(path: Path, results: list[Result]) -> list[str]:
    """Return the methods whose names an SVG does not hold. matplotlib writes each text beside its outline."""
    text = path.read_text()
    return [result.method.name for result in results if f"<!-- {result.method.name} -->" not in text]


@pytest.mark.parametrize("results", [several(), several(("only",)), several(TWELVE), several(scenes=2)])
def test_every_plot_names_every_method(results: list[Result], tmp_path: Path) -> None:
    paths = plot_all(results, tmp_path, ".svg")
    assert [path.name for path in paths] == ["levels.svg", "scenes.svg", "regions.svg", "time.svg"]
    for path in paths:
        assert names_in(path, results) == []
    levels, scenes, regions, time = (path.read_text() for path in paths)
    for text, parts in (
        (levels, ("PSNR (dB) ↑", "LPIPS ↓", "blur level", "noise floor of the truth")),
        (scenes, (scene_name(0), scene_name(1), "noise floor of the truth")),
        (regions, ("boundary", "in focus")),
        (time, ("seconds per image (log)", "PSNR (dB) ↑")),
    ):
        for part in parts:
            assert f"<!-- {part}" in text, part


def test_plots_are_pictures_and_the_same_each_time(tmp_path: Path) -> None:
    before = dict(mpl.rcParams)
    for suffix in (".png", ".svg", ".pdf", ".jpg"):
        first, second = tmp_path / f"a{suffix}", tmp_path / f"b{suffix}"
        for path in (first, second):
            plot_levels(several(), path)
        assert first.read_bytes() == second.read_bytes()
    assert dict(mpl.rcParams) == before
    pixels = read_image(tmp_path / "a.png").pixels
    assert pixels.shape[1] > 1500
    assert pixels.std() > 0.05
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        f"{n}.{s}" for n in "ab" for s in ("jpg", "pdf", "png", "svg")
    ]


def test_an_unknown_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=r"expected \.png"):
        plot_levels(several(), tmp_path / "a.gif")
    assert not list(tmp_path.iterdir())


def test_corrupted_maps_are_drawn_by_kind_and_strength(tmp_path: Path) -> None:
    results = [corrupted("a", 0.0), corrupted("b", -3.0)]
    assert tmp_path / "corruptions.svg" in plot_all(results, tmp_path, ".svg")
    text = (tmp_path / "corruptions.svg").read_text()
    for part in ("gaussian", "erosion", "strength (px)", "1.33"):
        assert f"<!-- {part} -->" in text, part
    with pytest.raises(BadInputError, match="clean disparity"):
        plot_corruptions(several(), tmp_path / "none.svg")


def test_what_is_not_there_is_refused_or_named(tmp_path: Path) -> None:
    plain = made_result(scene_scores([30.0, 31.0, 29.0]), "plain", seconds=None)
    assert [path.stem for path in plot_all([plain], tmp_path)] == ["levels", "scenes"]
    with pytest.raises(BadInputError, match="regions"):
        plot_regions([plain], tmp_path / "a.svg")
    with pytest.raises(BadInputError, match="times"):
        plot_time([plain], tmp_path / "a.svg")
    timed = made_result(scene_scores([30.0, 31.0, 29.0]), "timed", seconds=1e-6)
    plot_time([plain, timed], tmp_path / "time.svg")
    text = (tmp_path / "time.svg").read_text()
    assert "not timed: plain" in text
    assert "0.001 stands for less" in text


def test_a_method_without_lpips_stays_in_the_other_panels(tmp_path: Path) -> None:
    without = made_result(np.random.default_rng(1).normal(20, 3, size=(7, 3, 2)), "without")
    for draw in (plot_levels, plot_scenes):
        draw([*several(), without], tmp_path / "a.svg")
        assert names_in(tmp_path / "a.svg", [*several(), without]) == []
        assert "<!-- LPIPS ↓ -->" in (tmp_path / "a.svg").read_text()


def test_many_scenes_are_counted_instead_of_named(tmp_path: Path) -> None:
    values = np.random.default_rng(3).normal(30, 3, size=(60, 1, 1))
    plot_scenes([made_result(values)], tmp_path / "a.svg")
    text = (tmp_path / "a.svg").read_text()
    assert "60 scenes, the hardest at the bottom" in text
    assert scene_name(7) not in text


def test_twelve_methods_look_different() -> None:
    found = looks(TWELVE).values()
    assert len({(look.colour, look.face) for look in found}) == 12
    assert len({look.marker for look in found}) == 12


def test_bars_reach_the_limits_and_places_do_not_coincide() -> None:
    means, (low, high) = error_bars([Interval(30.0, 28.0, 33.0, 5), Interval(20.0, None, None, 2)])
    assert (means, low, high) == ([30.0, 20.0], [2.0, 0.0], [3.0, 0.0])
    places = [spread(index, 4, 0.3) for index in range(4)]
    assert places == pytest.approx([-0.15, -0.05, 0.05, 0.15])
    assert spread(0, 1, 0.3) == 0.0


def test_the_error_map_is_the_largest_error_of_a_channel() -> None:
    truth = np.zeros((2, 2, 3), np.float32)
    prediction = truth.copy()
    prediction[0, 1] = (0.1, 0.2, -0.4)
    assert error_map(prediction, truth) == pytest.approx(np.array([[0, 0.4], [0, 0]]))


def test_a_sheet_shows_what_was_given_and_every_prediction(tiny_dataset_once: Path, tmp_path: Path) -> None:
    dataset, protocol = open_dataset(tiny_dataset_once), load_protocol("blb-v1")
    sample = dataset.samples(protocol)[-1]
    display = Identity().render(dataset.method_input(sample, protocol))
    truth = dataset.truth_display(sample.truth, protocol)
    error_sheet(dataset, protocol, sample, {"identity": display, "the-truth": truth}, tmp_path / "sheet.svg")
    text = (tmp_path / "sheet.svg").read_text()
    for part in (
        "identity, ",
        "the-truth, 100.00 dB",
        "ground truth",
        "given: disparity",
        "signed defocus",
        sample.scene,
    ):
        assert f"<!-- {part}" in text, part
    error_sheet(dataset, protocol, sample, {"identity": display}, tmp_path / "sheet.png")
    assert read_image(tmp_path / "sheet.png").pixels.std() > 0.1
    with pytest.raises(BadInputError, match="predicts shape"):
        error_sheet(dataset, protocol, sample, {"cut": display[1:]}, tmp_path / "cut.png")
    assert not (tmp_path / "cut.png").exists()


def test_the_worst_samples_are_of_different_scenes_first() -> None:
    values = np.array([[[10.0, 11.0], [30.0, 31.0]], [[20.0, 21.0], [40.0, 41.0]], [[25.0, 26.0], [50.0, 51.0]]])
    result = made_result(values, lpips=1 / values)
    expected = [("scene_00", 0, 0), ("scene_01", 0, 0), ("scene_02", 0, 0), ("scene_00", 0, 1)]
    assert worst_samples(result, 4) == tuple(Sample(*key) for key in expected)
    assert worst_samples(result, 4, "lpips") == worst_samples(result, 4)
    assert len(worst_samples(result, 99)) == 12
    assert median_sample(result) == Sample("scene_00", 1, 0)  # 30, the seventh of twelve
    other = made_result(-values, "other")
    assert sheet_samples([result, other, result]) == (
        Sample("scene_00", 0, 0),
        Sample("scene_00", 1, 0),
        Sample("scene_02", 1, 1),
        median_sample(other),
    )
    with pytest.raises(BadInputError, match="no lpips"):
        worst_samples(other, 1, "lpips")
