from __future__ import annotations

import itertools
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bokeh_render.errors import BadInputError
from bokeh_render.training_pairs import Mixture, PairSettings, TrainingPair, draw_pair, iter_drawn
from bokeh_render.training_pairs.identity import pairs_key

SETTINGS = PairSettings(height=24, width=32, blur_px=(1.0, 2.0), lens_points=(8, 8))


def flat(name: str, seed: int, index: int) -> TrainingPair:
    plane = np.zeros((4, 4), np.float32)
    return TrainingPair(np.zeros((4, 4, 3), np.float32), plane, plane, plane, 1.0, 0.0, 2.2, f"{name}-{seed}-{index}")


DRAWN = partial(draw_pair, SETTINGS)
OWNER = """
import multiprocessing, time
from functools import partial
from bokeh_render.training_pairs import PairSettings, draw_pair, iter_drawn

if __name__ == "__main__":
    settings = PairSettings(height=24, width=32, blur_px=(1.0, 2.0), lens_points=(8, 8))
    stream = iter_drawn(partial(draw_pair, settings), 2, workers=1)
    next(stream)
    print(*(child.pid for child in multiprocessing.active_children()), flush=True)
    time.sleep(60)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads /proc")
def test_workers_end_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "owner.py"
    script.write_text(OWNER)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, env=environment, text=True) as owner:
        assert owner.stdout is not None
        worker = int(owner.stdout.readline())
        os.kill(worker, signal.SIGINT)
        time.sleep(0.5)
        assert alive(worker), "Ctrl-C is the parent's to answer"
        owner.kill()
    for _ in range(200):
        if not alive(worker):
            return
        time.sleep(0.1)
    os.kill(worker, signal.SIGKILL)
    pytest.fail("the worker outlived its parent by 20 s")


def alive(process: int) -> bool:
    """Return whether a process runs; one that has ended and waits to be collected does not."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{process}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_worker_processes_give_the_same_stream_and_end() -> None:
    here = list(itertools.islice(iter_drawn(DRAWN, 2, 3), 5))
    stream = iter_drawn(DRAWN, 2, 3, workers=2)
    there = list(itertools.islice(stream, 5))
    for first, second in zip(here, there, strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))
    assert [pair.name for pair in there] == [f"drawn-2-{index}" for index in range(3, 8)]
    assert multiprocessing.active_children()
    stream.close()  # type: ignore[attr-defined]
    assert not multiprocessing.active_children()


def test_an_error_in_a_worker_reaches_the_reader(tmp_path: Path) -> None:
    stream = iter_drawn(partial(draw_pair, SETTINGS.model_copy(update={"photographs": (tmp_path,)})), 0, workers=1)
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


def test_the_key_tells_streams_apart(tmp_path: Path) -> None:
    other = SETTINGS.model_copy(update={"night": 0.5})
    keys = {pairs_key(SETTINGS, 5), pairs_key(SETTINGS, 6), pairs_key(other, 5)}
    assert len(keys) == 3
    assert pairs_key(SETTINGS, 5) in keys
    Image.new("RGB", (40, 40)).save(tmp_path / "a.png")
    photographs = SETTINGS.model_copy(update={"photographs": (tmp_path,)})
    before = pairs_key(photographs, 5)
    Image.new("RGB", (50, 40)).save(tmp_path / "b.png")
    assert pairs_key(photographs, 5) != before
