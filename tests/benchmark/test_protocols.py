from __future__ import annotations

import pytest

from benchmark.protocols import load_protocol
from bokeh_render.errors import BadInputError

FROZEN = {"blb-v1": "b10a3eaf18d483227c8626750871b92e693adc436d763023470d5fc3493de78c"}


@pytest.mark.parametrize(("name", "sha256"), FROZEN.items())
def test_a_published_protocol_never_changes(name: str, sha256: str) -> None:
    assert load_protocol(name).sha256 == sha256, "a protocol that moves a number needs a new version"


def test_an_unknown_protocol_lists_the_known_ones() -> None:
    with pytest.raises(BadInputError, match="unknown protocol 'blb'; expected one of blb-v1"):
        load_protocol("blb")
