"""Protocols: immutable, versioned rules for scoring. Changing anything that moves a number makes a new version."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from bokeh_render.errors import BadInputError
from bokeh_render.schema import Record, load_yaml, parse, sha256_of_json

ALEX_SHA256 = "2b566cc3a4d6f0a7343701af22f461f1ac3dcd03a3ac28cce10968a1d3c85fdc"


Aggregation = Literal[
    "mean over focus settings, then scenes, then blur levels",
    "mean over focus settings, then disparity maps, then scenes, then blur levels",
]
_OVER_FOCUS: Aggregation = "mean over focus settings, then scenes, then blur levels"
_OVER_MAPS: Aggregation = "mean over focus settings, then disparity maps, then scenes, then blur levels"


class SsimSettings(Record):
    """Wang et al. 2004 on each of R, G, B, then their mean; float64."""

    window: Literal["gaussian"] = "gaussian"
    sigma: Annotated[float, Field(gt=0)] = 1.5
    window_px: Annotated[int, Field(ge=1)] = 11
    k1: Annotated[float, Field(gt=0)] = 0.01
    k2: Annotated[float, Field(gt=0)] = 0.03
    covariance: Literal["population"] = "population"
    border: Literal["valid"] = "valid"

    @field_validator("window_px")
    @classmethod
    def _has_a_middle(cls, window_px: int) -> int:
        if window_px % 2 == 0:
            raise ValueError("a window needs a middle pixel: an odd number of px")
        return window_px


class LpipsSettings(Record):
    """LPIPS with the linear heads of version 0.1, on the full frame, RGB scaled to [-1, 1].

    backbone_sha256: of the convolutions' float32 weights and biases in order (see ``benchmark.metrics.lpips``); None
    (``vgg`` only, whose weights nobody here has hashed) takes what is found and names its hash in the result.
    """

    net: Literal["alex", "vgg"] = "alex"
    version: Literal["0.1"] = "0.1"
    backbone_sha256: str | None = ALEX_SHA256

    @model_validator(mode="after")
    def _hash_belongs_to_net(self) -> LpipsSettings:
        if self.net == "alex" and self.backbone_sha256 is None:
            raise ValueError("net alex needs backbone_sha256; leave it out for torchvision's")
        if self.net == "vgg" and self.backbone_sha256 == ALEX_SHA256:
            raise ValueError("net vgg needs backbone_sha256: null, or the hash of your VGG16; found AlexNet's")
        return self


class RegionSettings(Record):
    """Where the same errors are looked at once more, apart. All follow from the truth's own disparity and K.

    boundary: both pixels of every pair of neighbours whose signed defocus differs by more than ``jump_px``, each
    dilated by a disc of the larger of the two blur radii plus ``margin_px`` (no ray that passes such an edge arrives
    further from it). in_focus, out_of_focus: the rest, by whether the blur radius is below ``sharp_px``.
    highlights: pixels whose display value is ``highlight`` or more in any channel of the input, each dilated by its own
    blur radius plus ``margin_px``; overlaps the others. Regions of fewer than ``least_pixels`` pixels do not count.
    """

    name: Literal["regions-v1"] = "regions-v1"
    jump_px: Annotated[float, Field(ge=0)] = 1.0
    margin_px: Annotated[float, Field(ge=0)] = 1.0
    sharp_px: Annotated[float, Field(ge=0)] = 1.0
    highlight: Annotated[float, Field(gt=0)] = 1.0
    least_pixels: Annotated[int, Field(ge=1)] = 200


_ADDED_LATER = ("takes", "disparity", "focus", "storage", "regions")


class Protocol(Record):
    """One rule for scoring.

    takes: kind of dataset: ``stacks`` (image, depth, truth over blur levels × focus settings) or ``pairs`` (photographs
    with one truth each). A method is given the all-in-focus image as display values ``light ** (1 / gamma)`` (clipped
    to [0, 1] only when ``clip_input``), disparity raw and normalised with the K that belongs to each, and the focus
    disparity. disparity: ``corrupted`` gives each of the dataset's corrupted maps in turn instead of the clean one.
    focus: which focus settings count. storage: how the predictions of a method that we run are kept; others are scored
    as stored. Prediction and truth are turned into display values, clipped to [0, 1] and compared over all channels.
    """

    name: str
    gamma: Annotated[float, Field(ge=1.0, le=5.0)] = 2.2
    clip_input: bool = False
    clip_scored: tuple[float, float] = (0.0, 1.0)
    psnr_cap_db: Annotated[float, Field(gt=0)] = 100.0
    ssim: SsimSettings = SsimSettings()
    lpips: LpipsSettings = LpipsSettings()
    aggregation: Aggregation = _OVER_FOCUS
    prediction_suffixes: tuple[Literal[".png", ".exr", ".npy"], ...] = (".png", ".exr", ".npy")
    takes: Literal["stacks", "pairs"] = "stacks"
    disparity: Literal["clean", "corrupted"] = "clean"
    focus: Literal["all", "first, middle and last"] = "all"
    storage: Literal["PNG, 16 bits"] = "PNG, 16 bits"
    regions: RegionSettings = RegionSettings()

    @field_validator("clip_scored")
    @classmethod
    def _metrics_end_at_white(cls, clip_scored: tuple[float, float]) -> tuple[float, float]:
        if clip_scored != (0.0, 1.0):
            raise ValueError("the metrics and stored predictions all end at 0 and 1; expected [0, 1]")
        return clip_scored

    @model_validator(mode="after")
    def _aggregation_belongs_to_samples(self) -> Protocol:
        expected = _OVER_MAPS if self.disparity == "corrupted" else _OVER_FOCUS
        if self.aggregation != expected:
            raise ValueError(f"with {self.disparity} disparity the aggregation is {expected!r}")
        return self

    @property
    def sha256(self) -> str:
        """Hash of the whole definition; what was added after the first protocols counts only where it differs."""
        content = self.model_dump(mode="json")
        default = Protocol(name=self.name).model_dump(mode="json")
        return sha256_of_json({k: v for k, v in content.items() if k not in _ADDED_LATER or v != default[k]})


PROTOCOLS: dict[str, Protocol] = {
    protocol.name: protocol
    for protocol in (
        Protocol(name="blb-v1"),
        Protocol(name="blb-ldr-v1", clip_input=True),
        Protocol(
            name="blb-corrupted-v1", disparity="corrupted", focus="first, middle and last", aggregation=_OVER_MAPS
        ),
        Protocol(name="ebb400-v1", takes="pairs", clip_input=True),
    )
}
SUMMARIES = {
    "blb-v1": "stacks as BokehMe's author scored BLB: HDR input, clean disparity, every blur level and focus setting",
    "blb-ldr-v1": "the same with the input clipped to [0, 1], as a photograph is",
    "blb-corrupted-v1": "the same with each of the 15 corrupted disparity maps, at three focus settings",
    "ebb400-v1": "pairs of photographs, one truth each, display values",
}


class _Custom(Record):
    """A protocol from a YAML file. base: the published protocol it starts from; the rest overrides its keys."""

    name: str
    base: str = "blb-v1"


def load_protocol(name: str) -> Protocol:
    """Return a published protocol by name, or a custom one from a YAML file (a path that ends in .yaml or .yml).

    Raises BadInputError that lists the known names, or says what is wrong in the file.
    """
    if name.endswith((".yaml", ".yml")):
        return _load_custom(Path(name))
    if name not in PROTOCOLS:
        raise BadInputError(f"unknown protocol {name!r}; expected one of {', '.join(PROTOCOLS)}, or a .yaml file")
    return PROTOCOLS[name]


def _load_custom(path: Path) -> Protocol:
    content = dict(load_yaml(_AnyKeys, path).model_dump())
    head = parse(_Custom, {key: content.pop(key) for key in ("name", "base") if key in content}, str(path))
    if head.name in PROTOCOLS:
        raise BadInputError(f"{path}: the name {head.name!r} is a published protocol's; give yours another one")
    if not head.name.replace("-", "").replace("_", "").replace(".", "").isalnum() or head.name.startswith("."):
        raise BadInputError(f"{path}: name {head.name!r} cannot be a folder's; expected letters, digits, - _ and .")
    if head.base not in PROTOCOLS:
        raise BadInputError(f"{path}: base {head.base!r} is no published protocol; expected {', '.join(PROTOCOLS)}")
    base = PROTOCOLS[head.base].model_dump(mode="json")
    if "aggregation" not in content:
        corrupted = content.get("disparity", base["disparity"]) == "corrupted"
        base["aggregation"] = _OVER_MAPS if corrupted else _OVER_FOCUS
    return parse(Protocol, _merged(base, {**content, "name": head.name}), str(path))


class _AnyKeys(Record):
    """A mapping as YAML holds it."""

    model_config = Record.model_config | {"extra": "allow"}


def _merged(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Return ``base`` with ``changes``; mappings within are merged key by key."""
    merged = dict(base)
    for key, value in changes.items():
        old = merged.get(key)
        merged[key] = _merged(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return merged
