from __future__ import annotations

import threading
from collections.abc import Iterator

import numpy as np
import pytest
import torch

from benchmark.metrics.lpips import build_lpips
from benchmark.metrics.parallel import in_order, outcomes
from benchmark.metrics.scorer import Measured, Scorer
from benchmark.protocols import SsimSettings
from bokeh_render.errors import BadInputError

from .test_lpips import images, random_backbone


def test_results_come_in_order_whatever_ends_first() -> None:
    second_done = threading.Event()

    def work(item: int) -> int:
        if item == 0:
            assert second_done.wait(20)  # two threads, or this never ends
        else:
            second_done.set()
        return item * item

    assert list(in_order(work, range(6), threads=2)) == [(i, i * i) for i in range(6)]


def fails_at_two(item: int) -> int:
    if item == 2:
        raise BadInputError("two is not a sample")
    return item


def test_an_error_comes_with_its_item_and_ends_no_other() -> None:
    found = list(outcomes(fails_at_two, range(5), threads=2))
    assert [outcome.item for outcome in found] == list(range(5))
    assert [outcome.value for outcome in found] == [0, 1, None, 3, 4]
    assert [type(outcome.error) for outcome in found] == [type(None)] * 2 + [BadInputError] + [type(None)] * 2
    with pytest.raises(BadInputError, match="two is not a sample"):
        found[2].value_or_raise()


def test_in_order_raises_an_error_at_its_turn() -> None:
    got = []
    with pytest.raises(BadInputError, match="two is not a sample"):
        for item, _ in in_order(fails_at_two, range(5), threads=2):
            got.append(item)
    assert got == [0, 1]


def test_items_are_taken_only_a_little_ahead() -> None:
    taken, done = [0], [0]

    def items() -> Iterator[int]:
        for item in range(40):
            taken[0] += 1
            assert taken[0] - done[0] <= 1 + 1 + 3  # in hand, waited for, beyond
            yield item

    for item, value in in_order(lambda item: -item, items(), threads=2, look_ahead=3):
        assert value == -item
        done[0] += 1
    assert done == [40]


def test_no_items_no_results() -> None:
    assert list(in_order(fails_at_two, [], threads=2)) == []


def test_leaving_early_begins_nothing_more_and_gives_torch_its_threads_back() -> None:
    before = torch.get_num_threads()
    seen = []

    def work(item: int) -> int:
        seen.append(torch.get_num_threads())
        return item

    try:
        torch.set_num_threads(3)
        running = outcomes(work, range(1000), threads=2, look_ahead=2)
        next(running)
        running.close()  # type: ignore[attr-defined]
        assert torch.get_num_threads() == 3
        elsewhere: list[int] = []
        thread = threading.Thread(target=lambda: elsewhere.append(torch.get_num_threads()))
        thread.start()
        thread.join()
        assert elsewhere == [3]
    finally:
        torch.set_num_threads(before)
    assert set(seen) == {1}
    assert len(seen) <= 5
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("sample")]


def test_numbers_do_not_depend_on_the_number_of_threads() -> None:
    scorer = Scorer(100.0, SsimSettings(), build_lpips(random_backbone()), device="cpu")

    def work(size: int) -> list[Measured]:
        truth, predictions = images(40 + size, 50, predictions=2)
        return scorer.score(scorer.prepare(truth), predictions, {"all": np.ones(truth.shape[:2], dtype=bool)})

    alone = [value for _, value in in_order(work, range(6), threads=1)]
    together = [value for _, value in in_order(work, range(6), threads=3)]
    for first, second in zip(alone, together, strict=True):
        for a, b in zip(first, second, strict=True):
            assert (a.psnr, a.ssim, a.regions) == (b.psnr, b.ssim, b.regions)
            assert a.lpips == pytest.approx(b.lpips, abs=1e-7)
