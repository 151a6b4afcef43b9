from __future__ import annotations

import pytest
import torch

from bokeh_render.errors import BadInputError
from bokeh_render.neural.device import choose_device


@pytest.mark.parametrize(("cards", "expected"), [(0, "cpu"), (2, "cuda")])
def test_auto_is_a_card_where_there_is_one(cards: int, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cards > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: cards)
    assert choose_device("auto").type == expected
    assert choose_device("cpu") == torch.device("cpu")


def test_what_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    assert choose_device("cuda:0") == torch.device("cuda:0")
    with pytest.raises(BadInputError, match="the device cuda:1 needs an NVIDIA card, but torch sees 1 CUDA cards"):
        choose_device("cuda:1")
    for name in ("gpu", "meta", "cpu:x"):
        with pytest.raises(BadInputError, match=f"unknown device '{name}'; expected auto, cpu, cuda or cuda:1"):
            choose_device(name)
