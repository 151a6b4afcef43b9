"""What numbers an entry can hold at all, and which would be too good for the truth that they were compared with.

What its regions can hold is ``region_checks``'s.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterator

from benchmark.protocols import Protocol
from benchmark.rendering import Rendering
from benchmark.results import Result, SampleScore
from benchmark.samples import Sample

from .findings import Kind

ABOVE_FLOOR_DB = 3.0
"""How far a scene's mean may be above its noise floor: there half of the noise would have to be known."""

_ROUNDING = 1e-9
_SHA256 = re.compile(r"[0-9a-f]{64}")


def check_values(result: Result, protocol: Protocol) -> Iterator[tuple[Kind, str]]:
    """Yield each kind of number that lies where the protocol cannot have put it, with the first sample that has it."""
    bounds = {
        "psnr": (0.0, protocol.psnr_cap_db),
        "ssim": (-1.0, 1.0),
        "lpips": (0.0, math.inf),
        "seconds": (0.0, math.inf),
        "peak_memory_mb": (0.0, math.inf),
        "peak_gpu_memory_mb": (0.0, math.inf),
        "pixels": (1.0, math.inf),
    }
    outside: dict[tuple[str, str], list[tuple[Sample, str]]] = defaultdict(list)
    for score in result.samples:
        for name, measure, value in _numbers(score):
            low, high = bounds[measure]
            if not low - _ROUNDING <= value <= high + _ROUNDING:
                expected = f"at least {low:g}" if high == math.inf else f"{low:g} to {high:g}"
                outside[name, expected].append((score.sample, f"{value:g}"))
        for name, sha256 in (("prediction_sha256", score.prediction_sha256), ("truth_sha256", score.truth_sha256)):
            if sha256 is not None and not _SHA256.fullmatch(sha256):
                outside[name, "64 digits of 0-9 and a-f"].append((score.sample, repr(sha256[:64])))
    for (name, expected), found in outside.items():
        sample, told = found[0]
        yield (
            Kind.VALUES,
            f"{name} of {len(found)} sample(s) cannot be, first {sample}: {told}; expected {expected}: score the "
            "predictions again with bokehbench evaluate",
        )


def _numbers(score: SampleScore) -> Iterator[tuple[str, str, float]]:
    """Yield name, measure and value of every number of a sample that is there."""
    whole: dict[str, float | None] = {
        **score.metrics.model_dump(),
        "seconds": score.seconds,
        "peak_memory_mb": score.peak_memory_mb,
        "peak_gpu_memory_mb": score.peak_gpu_memory_mb,
    }
    yield from ((name, name, value) for name, value in whole.items() if value is not None)
    for region, scores in score.regions.items():
        parts = scores.model_dump().items()
        yield from ((f"{region}_{measure}", measure, value) for measure, value in parts if value is not None)


def check_perfection(result: Result, protocol: Protocol, rendering: Rendering) -> Iterator[tuple[Kind, str]]:
    """Yield what only the truth itself, or its very noise, could score."""
    at_cap = [score.sample for score in result.samples if score.metrics.psnr >= protocol.psnr_cap_db]
    if at_cap:
        yield (
            Kind.TRUTH,
            f"{len(at_cap)} sample(s) have {protocol.psnr_cap_db:g} dB, first {at_cap[0]}: they equal their ground "
            "truths; expected what a method made: hand in its output, not files of the dataset",
        )
    below = [score for score in result.samples if score.metrics.psnr < protocol.psnr_cap_db]
    for metric, alike in (
        ("SSIM", [score for score in below if score.metrics.ssim >= 1.0]),
        ("LPIPS", [score for score in below if score.metrics.lpips is not None and score.metrics.lpips <= 0.0]),
    ):
        if alike:
            yield (
                Kind.VALUES,
                f"{metric} of {len(alike)} sample(s) says that nothing differs from the truth, and PSNR says how much "
                f"does, first {alike[0].sample}: {alike[0].metrics.psnr:.1f} dB; expected the two to agree: score the "
                "predictions again with bokehbench evaluate",
            )
    for name, scene in rendering.scenes.items():
        own = [score for score in result.samples if score.scene == name]
        levels = {score.blur for score in own}
        if not own or not levels <= set(scene.noise_floor):
            continue
        mean = sum(score.metrics.psnr for score in own) / len(own)
        floor = sum(scene.noise_floor[level] for level in levels) / len(levels)
        if mean > floor + ABOVE_FLOOR_DB:
            yield (
                Kind.ABOVE_NOISE,
                f"{name} scores {mean:.1f} dB on average, and noise in its truth leaves a perfect prediction "
                f"{floor:.1f} dB; expected at most {ABOVE_FLOOR_DB:g} dB more: see that the method never saw the truth",
            )
