from __future__ import annotations

from pathlib import Path

import pytest

from benchmark.protocol_text import describe
from benchmark.protocols import ALEX_SHA256, PROTOCOLS, SUMMARIES, Protocol, load_protocol
from bokeh_render.errors import BadInputError
from bokeh_render.schema import sha256_of_json

FROZEN = {  # the public hash, and that of every value in the definition, defaults too
    "blb-v1": (
        "b10a3eaf18d483227c8626750871b92e693adc436d763023470d5fc3493de78c",
        "9f8ec68243b17704b3a2324335dc185ffc36f6a1cad0a124cf0283dbd9ad8861",
    ),
    "blb-ldr-v1": (
        "f9a111d56292b39e43a05bf8b052147cfcb1dfc626a27c7f26c60bdc9e8bcf33",
        "168ab5afb1dce1892c95b5fa0d2d2684fa267493a97e33dd0e9f93fd3a83685f",
    ),
    "blb-corrupted-v1": (
        "4c2b81c3808b616db813db0d997095cc5f135eeab32b50acf11c2ac0c970cd2b",
        "b3953c612076a42198c5b043473935ba72b537240f6696498f0815a52538cf5f",
    ),
    "ebb400-v1": (
        "f0da080ff96aace49dd72b67a1595a477b0b703bf437515ac047e5957199e2ca",
        "9f0ae704a6af15d8e0cd270aea6ef61d58654f3c9369c5ff26d44a2fcaae8f53",
    ),
}


@pytest.mark.parametrize(("name", "hashes"), FROZEN.items())
def test_a_published_protocol_never_changes(name: str, hashes: tuple[str, str]) -> None:
    protocol = load_protocol(name)
    found = (protocol.sha256, sha256_of_json(protocol.model_dump(mode="json")))
    assert found == hashes, "a protocol that moves a number needs a new version"


def test_every_published_protocol_is_frozen_and_told_of() -> None:
    assert set(FROZEN) == set(PROTOCOLS) == set(SUMMARIES)
    assert len({protocol.sha256 for protocol in PROTOCOLS.values()}) == len(PROTOCOLS)


@pytest.mark.parametrize(
    "change",
    [
        {"gamma": 2.4},
        {"clip_input": True},
        {"psnr_cap_db": 99.0},
        {"prediction_suffixes": (".png",)},
        {"disparity": "corrupted", "aggregation": PROTOCOLS["blb-corrupted-v1"].aggregation},
        {"focus": "first, middle and last"},
        {"takes": "pairs"},
        {"ssim": {"sigma": 1.6}},
        {"lpips": {"net": "vgg", "backbone_sha256": None}},
        {"regions": {"jump_px": 2.0}},
        {"regions": {"least_pixels": 100}},
    ],
)
def test_whatever_changes_moves_the_hash_and_the_printed_definition(change: dict[str, object]) -> None:
    before = PROTOCOLS["blb-v1"]
    after = Protocol.model_validate({"name": "blb-v1", **change})
    assert after.sha256 != before.sha256
    assert describe(after).splitlines()[:-1] != describe(before).splitlines()[:-1]


@pytest.mark.parametrize("protocol", PROTOCOLS.values(), ids=lambda protocol: str(protocol.name))
def test_the_printed_definition_names_every_number(protocol: Protocol) -> None:
    text = " ".join(describe(protocol).split())
    for needed in ("1 / 2.2", "window 11 px", "sigma 1.5", "K1 0.01", "K2 0.03", "100 dB", "[0, 1]", ALEX_SHA256):
        assert needed in text
    assert protocol.aggregation in text
    assert protocol.sha256 in text


def test_an_unknown_protocol_lists_the_known_ones() -> None:
    with pytest.raises(BadInputError, match=r"unknown protocol 'blb'; expected one of blb-v1.*or a \.yaml file"):
        load_protocol("blb")


OVER_MAPS = PROTOCOLS["blb-corrupted-v1"].aggregation


def custom(folder: Path, text: str) -> Protocol:
    (folder / "mine.yaml").write_text(text)
    return load_protocol(str(folder / "mine.yaml"))


def test_a_custom_protocol_changes_what_it_names(tmp_path: Path) -> None:
    mine = custom(tmp_path, "name: mine\nbase: blb-ldr-v1\ngamma: 2.0\nregions: {jump_px: 3}\n")
    assert (mine.name, mine.gamma, mine.clip_input) == ("mine", 2.0, True)
    assert (mine.regions.jump_px, mine.regions.margin_px) == (3.0, 1.0)
    assert "a custom protocol" in describe(mine)


def test_a_custom_protocol_averages_over_maps_when_it_has_them(tmp_path: Path) -> None:
    mine = custom(tmp_path, "name: mine\ndisparity: corrupted\n")
    assert mine.aggregation == PROTOCOLS["blb-corrupted-v1"].aggregation
    assert "then disparity maps" in describe(mine)


def test_a_custom_protocol_may_ask_for_vgg(tmp_path: Path) -> None:
    mine = custom(tmp_path, "name: mine\nlpips: {net: vgg, backbone_sha256: null}\n")
    assert "as found" in describe(mine)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: blb-v1\ngamma: 2.0\n", "'blb-v1' is a published protocol's"),
        ("gamma: 2.0\n", "the key 'name' is missing"),
        ("name: mine\ngama: 2.0\n", "unknown key 'gama'; expected one of name, gamma"),
        ("name: mine\nbase: blb\n", "base 'blb' is no published protocol; expected blb-v1"),
        ("name: mine\nbase: mine.yaml\n", "base 'mine.yaml' is no published protocol"),
        ("name: mine\nclip_scored: [0, 4]\n", r"all end at 0 and 1; expected \[0, 1\]"),
        ("name: mine\nssim: {window_px: 10}\n", "a window needs a middle pixel"),
        ("name: mine\npsnr_cap_db: -1\n", "psnr_cap_db"),
        (
            "name: mine\naggregation: mean over focus settings, then disparity maps, then scenes, then blur levels\n",
            "with clean disparity the aggregation is",
        ),
        ("name: ../mine\n", "cannot be a folder's"),
        ("name: mine\ngamma: 0\n", "gamma: Input should be greater than or equal to 1"),
        ("name: mine\nlpips: {net: vgg}\n", "net vgg needs backbone_sha256"),
        ("name: mine\nlpips: {net: alex, backbone_sha256: null}\n", "net alex needs backbone_sha256"),
        ("name: mine\nprediction_suffixes: [.jpg]\n", "prediction_suffixes"),
        ("name: [\n", "is not valid YAML"),
        ("- a list\n", "mine.yaml"),
    ],
)
def test_a_custom_protocol_that_is_wrong_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(BadInputError, match=message):
        custom(tmp_path, text)
