"""What an entry's regions can be: their names, their sizes, and errors that add up to those of the whole image."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from benchmark.protocols import Protocol
from benchmark.rendering import Rendering
from benchmark.results import REGIONS, RegionScores, Result, SampleScore

from .findings import Kind

_PARTITION = REGIONS[:3]
_ROUNDING = 1e-9


def check_regions(result: Result, protocol: Protocol, rendering: Rendering) -> Iterator[tuple[Kind, str]]:
    """Yield each way in which regions contradict the image that they are of, with the first sample where they do.

    Boundary, in focus and out of focus cover an image without overlap. One of them is left out only where it has fewer
    pixels than the protocol asks for, so sizes must add up to the image but for that, and squared errors to its error.
    """
    found: dict[str, list[str]] = defaultdict(list)
    for score in result.samples:
        scene = rendering.scenes.get(score.scene)
        if scene is None:
            continue
        for sentence in _contradictions(score, protocol, scene.size_px[0] * scene.size_px[1]):
            found[sentence].append(str(score.sample))
    for sentence, samples in found.items():
        yield Kind.REGIONS, f"at {len(samples)} sample(s), first {samples[0]}, {sentence}: score the predictions again"


def _contradictions(score: SampleScore, protocol: Protocol, frame: int) -> Iterator[str]:
    """frame: pixels of the image."""
    unknown = sorted(score.regions.keys() - set(REGIONS))
    if unknown:
        yield f"there is the region {unknown[0]!r:.40}; expected no others than {', '.join(REGIONS)}"
    least = protocol.regions.least_pixels
    if any(not least <= region.pixels <= frame for name, region in score.regions.items() if name in REGIONS):
        yield f"a region is smaller than {least} pixels or larger than the image; expected one that counts"
        return
    parts = [score.regions[name] for name in _PARTITION if name in score.regions]
    rest = frame - sum(part.pixels for part in parts)
    most = (len(_PARTITION) - len(parts)) * (least - 1)
    if not 0 <= rest <= most:
        yield f"{', '.join(_PARTITION)} leave pixels out or overlap; expected them to cover the image"
        return
    cap = protocol.psnr_cap_db
    if not all(0.0 <= psnr <= cap for psnr in (score.metrics.psnr, *(part.psnr for part in score.regions.values()))):
        return  # which plausibility tells
    low, high = _squared_error(RegionScores(psnr=score.metrics.psnr, ssim=None, pixels=frame), cap)
    spans = [_squared_error(part, cap) for part in parts]
    above, below = sum(span[0] for span in spans), sum(span[1] for span in spans) + rest  # display values: at most 1
    if above > high * (1 + _ROUNDING) or below < low * (1 - _ROUNDING):
        yield "the squared errors of the regions do not add up to those of the image; expected the same by both PSNRs"
    highlights = score.regions.get("highlights")
    if highlights is not None and _squared_error(highlights, cap)[0] > high * (1 + _ROUNDING):
        yield "the highlights have larger squared errors than the whole image; expected a part of them"


def _squared_error(part: RegionScores, cap_db: float) -> tuple[float, float]:
    """Return between what the sum of squared errors lies, by the PSNR: at its cap, anything down to 0."""
    error = part.pixels * 10 ** (-part.psnr / 10)
    return (0.0 if part.psnr >= cap_db else error), error
