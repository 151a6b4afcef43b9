"""A protocol in words, every number of the definition in it: for ``bokehbench protocol show``, and for pages."""

from __future__ import annotations

import textwrap

from .protocols import SUMMARIES, Protocol

_WIDTH = 110


def definition(protocol: Protocol) -> dict[str, str]:
    """Return the whole definition by what it is about, ending with its hash."""
    return {
        "name": protocol.name,
        "in short": SUMMARIES.get(protocol.name, "a custom protocol; not comparable with published ones"),
        "dataset": _DATASETS[protocol.takes],
        "samples": _samples(protocol),
        "a method gets": _given(protocol),
        "colour transfer": f"display = light ** (1 / {protocol.gamma:g}), both ways, negative light as 0",
        "predictions": f"{', '.join(s[1:].upper() for s in protocol.prediction_suffixes)}; PNG (8 or 16 bits) holds "
        "display values, EXR and NPY hold light; JPEG is refused",
        "quantisation": f"none when scoring; predictions of a method that we run are kept as {protocol.storage}",
        "clipping": "prediction and truth to [{:g}, {:g}], display values, before every metric".format(
            *protocol.clip_scored
        ),
        "PSNR": "10 log10(1 / MSE), MSE over all pixels and R, G, B together, float64, at most "
        f"{protocol.psnr_cap_db:g} dB",
        "SSIM": f"Wang 2004: {protocol.ssim.window} window {protocol.ssim.window_px} px, "
        f"sigma {protocol.ssim.sigma:g}, K1 {protocol.ssim.k1:g}, K2 {protocol.ssim.k2:g}, "
        f"{protocol.ssim.covariance} covariance, {protocol.ssim.border} region, mean of R, G, B, float64",
        "LPIPS": f"{protocol.lpips.net}, heads {protocol.lpips.version}, full frame, RGB in [-1, 1], float32, backbone "
        f"sha256 {protocol.lpips.backbone_sha256 or 'as found, named in the result'}",
        "aggregation": protocol.aggregation + "; a missing sample is an error, never a smaller mean",
        "regions": _regions(protocol),
        "sha256": protocol.sha256,
    }


def describe(protocol: Protocol) -> str:
    """Return the whole definition as lines of text."""
    rows = definition(protocol)
    indent = max(map(len, rows)) + 2
    return "\n".join(
        textwrap.fill(value, _WIDTH, initial_indent=f"{key:<{indent}}", subsequent_indent=" " * indent)
        for key, value in rows.items()
    )


_DATASETS = {
    "stacks": "stacks: image, depth, truth over blur levels × focus settings (ours, or the original BLB download)",
    "pairs": "pairs: photograph, disparity, one truth each",
}


def _samples(protocol: Protocol) -> str:
    if protocol.takes == "pairs":
        return "every pair"
    focus = "every focus setting" if protocol.focus == "all" else f"the {protocol.focus} focus setting"
    maps = " × every corrupted disparity map" if protocol.disparity == "corrupted" else ""
    return f"every scene × every blur level × {focus}{maps}"


def _given(protocol: Protocol) -> str:
    image = "display values, clipped to [0, 1]" if protocol.clip_input else "display values, highlights above 1 kept"
    if protocol.disparity == "corrupted":
        maps = "a corrupted disparity map, normalised and in 1/m"
    elif protocol.takes == "pairs":
        maps = "disparity, normalised; nobody knows metres"
    else:
        maps = "disparity 1/depth, in 1/m and min-max normalised (65504 m counts as 0)"
    return (
        f"the all-in-focus image ({image}; the same as light on request); {maps}; K and focus disparity in the same "
        "units; aperture; gamma"
    )


def _regions(protocol: Protocol) -> str:
    r = protocol.regions
    return (
        f"{r.name}: boundary (defocus jumps of more than {r.jump_px:g} px, dilated by the larger blur radius + "
        f"{r.margin_px:g} px), in_focus and out_of_focus (the rest; blur radius below {r.sharp_px:g} px or not), "
        f"highlights (input of {r.highlight:g} or more, dilated by its blur radius + {r.margin_px:g} px); PSNR and "
        f"SSIM, regions of {r.least_pixels} pixels or more; shown beside the score, never part of it"
    )
