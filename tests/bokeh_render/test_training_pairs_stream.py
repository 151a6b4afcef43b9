from __future__ import annotations

import itertools
import multiprocessing
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from bokeh_render.errors import BadInputError
from bokeh_render.training_pairs import Mixture, PairPool, PairSettings, TrainingPair, draw_pair, iter_drawn, iter_pairs

SETTINGS = PairSettings(height=24, width=32, blur_px=(1.0, 2.0), lens_points=(8, 8))


def flat(name: str, seed: int, index: int) -> TrainingPair:
    plane = np.zeros((4, 4), np.float32)
    return TrainingPair(np.zeros((4, 4, 3), np.float32), plane, plane, plane, 1.0, 0.0, 2.2, f"{name}-{seed}-{index}")


def test_worker_processes_give_the_same_stream_and_end() -> None:
    here = list(itertools.islice(iter_pairs(SETTINGS, 2, 3), 5))
    stream = iter_pairs(SETTINGS, 2, 3, workers=2)
    there = list(itertools.islice(stream, 5))
    for first, second in zip(here, there, strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))
    assert [pair.name for pair in there] == [f"drawn-2-{index}" for index in range(3, 8)]
    assert multiprocessing.active_children()
    stream.close()  # type: ignore[attr-defined]
    assert not multiprocessing.active_children()


def test_an_error_in_a_worker_reaches_the_reader(tmp_path: Path) -> None:
    stream = iter_pairs(SETTINGS.model_copy(update={"photographs": (tmp_path,)}), 0, workers=1)
    with pytest.raises(BadInputError, match="holds no images"):
        next(stream)
    assert not multiprocessing.active_children()


def test_a_mixture_keeps_its_shares_and_is_decided_by_seed_and_index() -> None:
    mixed = Mixture([(partial(flat, "a"), 3.0), (partial(flat, "b"), 1.0)])
    names = [mixed(1, index).name for index in range(400)]
    assert names == [pair.name for pair in itertools.islice(iter_drawn(mixed, 1), 400)]
    assert 60 < sum(name.startswith("b") for name in names) < 140
    assert all(name.endswith(f"-1-{index}") for index, name in enumerate(names))
    assert [name[0] for name in names] != [mixed(2, index).name[0] for index in range(400)]
    with pytest.raises(BadInputError, match="weights"):
        Mixture([(partial(flat, "a"), 0.0)])


def test_a_pool_draws_each_pair_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pool = PairPool(tmp_path / "pool", SETTINGS, 5, 3)
    told: list[tuple[int, int]] = []
    pool.draw(told=lambda there, wanted: told.append((there, wanted)))
    assert told == [(1, 3), (2, 3), (3, 3)]
    assert len(list(pool)) == 3
    fresh = draw_pair(SETTINGS, 5, 1)
    assert np.allclose(pool[1].display, fresh.display, atol=2e-3)
    assert np.allclose(pool[-2].disparity, fresh.disparity, atol=5e-4)
    assert pool[1][4:] == fresh[4:]
    assert pool[1].bokeh.dtype == np.float32

    pool.path(1).unlink()
    again = PairPool(tmp_path / "pool", SETTINGS, 5, 4)
    assert again.missing() == [1, 3]
    drawn: list[int] = []

    def counted(settings: PairSettings, seed: int, index: int) -> TrainingPair:
        drawn.append(index)
        return draw_pair(settings, seed, index)

    monkeypatch.setattr("bokeh_render.training_pairs.pool.draw_pair", counted)
    assert again[1].name == "drawn-5-1"
    again.draw()
    assert drawn == [1, 3]


def test_a_pool_is_drawn_by_processes_too(tmp_path: Path) -> None:
    pool = PairPool(tmp_path, SETTINGS, 5, 3)
    pool.draw(workers=1)
    assert pool.missing() == []
    assert pool[2].name == "drawn-5-2"


def test_a_pool_never_mixes_settings(tmp_path: Path) -> None:
    PairPool(tmp_path, SETTINGS, 5, 1)
    PairPool(tmp_path, SETTINGS, 5, 2)
    for settings, seed in ((SETTINGS, 6), (SETTINGS.model_copy(update={"night": 0.5}), 5)):
        with pytest.raises(BadInputError, match="other settings or another seed"):
            PairPool(tmp_path, settings, seed, 1)


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    pool = PairPool(tmp_path, SETTINGS, 5, 2)
    for content in (b"", b"PK\x03\x04 cut off"):
        pool.path(0).write_bytes(content)
        with pytest.raises(BadInputError, match=r"pair_000000\.npz is no stored pair"):
            pool[0]
    with pytest.raises(IndexError):
        pool[2]
