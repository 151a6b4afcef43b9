"""Protocols: immutable, versioned rules for scoring. Changing anything that moves a number makes a new version."""

from __future__ import annotations

from typing import Literal

from bokeh_render.errors import BadInputError
from bokeh_render.schema import Record, sha256_of_json


class SsimSettings(Record):
    """Wang et al. 2004 on each of R, G, B, then their mean; float64."""

    window: Literal["gaussian"] = "gaussian"
    sigma: float = 1.5
    window_px: int = 11
    k1: float = 0.01
    k2: float = 0.03
    covariance: Literal["population"] = "population"
    border: Literal["valid"] = "valid"


class LpipsSettings(Record):
    """LPIPS with the linear heads of version 0.1, on the full frame, RGB scaled to [-1, 1].

    backbone_sha256: of the convolutions' float32 weights and biases in order (see ``benchmark.metrics.lpips``).
    """

    net: Literal["alex"] = "alex"
    version: Literal["0.1"] = "0.1"
    backbone_sha256: str = "2b566cc3a4d6f0a7343701af22f461f1ac3dcd03a3ac28cce10968a1d3c85fdc"


class Protocol(Record):
    """One rule for scoring.

    A method is given the all-in-focus image as display values ``light ** (1 / gamma)`` (clipped to [0, 1] only when
    ``clip_input``), disparity raw and normalised with the K that belongs to each, and the focus disparity.
    Prediction and truth are turned into display values, clipped to [0, 1] and compared over all channels.
    """

    name: str
    gamma: float = 2.2
    clip_input: bool = False
    clip_scored: tuple[float, float] = (0.0, 1.0)
    psnr_cap_db: float = 100.0
    ssim: SsimSettings = SsimSettings()
    lpips: LpipsSettings = LpipsSettings()
    aggregation: Literal["mean over focus settings, then scenes, then blur levels"] = (
        "mean over focus settings, then scenes, then blur levels"
    )
    prediction_suffixes: tuple[str, ...] = (".png", ".exr", ".npy")

    @property
    def sha256(self) -> str:
        """Hash of the whole definition."""
        return sha256_of_json(self.model_dump(mode="json"))


PROTOCOLS: dict[str, Protocol] = {protocol.name: protocol for protocol in (Protocol(name="blb-v1"),)}


def load_protocol(name: str) -> Protocol:
    """Return a protocol by name; raises BadInputError that lists the known ones."""
    if name not in PROTOCOLS:
        raise BadInputError(f"unknown protocol {name!r}; expected one of {', '.join(PROTOCOLS)}")
    return PROTOCOLS[name]
