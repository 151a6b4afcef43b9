"""Entries and a rendering made of plain numbers, for tests of tables, checks and pages."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from datetime import UTC, datetime

from benchmark.describing import describe_protocol
from benchmark.protocols import load_protocol
from benchmark.rendering import RenderedScene, Rendering
from benchmark.results import (
    DatasetReference,
    MethodReference,
    RegionScores,
    Result,
    SampleScore,
    Scores,
    summarise,
)
from leaderboards.entry import Entry

SCENES = ("meadow", "portrait", "street", "table")
FILES = hashlib.sha256(b"files").hexdigest()
RECIPE = hashlib.sha256(b"recipe").hexdigest()


def made_rendering(
    scenes: Sequence[str] = SCENES, *, levels: int = 2, focus: int = 3, maps: int = 2, files: str = FILES
) -> Rendering:
    """Return a dataset of small stacks, called made 1.0."""
    scene = RenderedScene(
        size_px=(48, 64),
        blur_parameters=tuple(4.0 * (level + 1) for level in range(levels)),
        focus_disparities=tuple(index / max(1, focus - 1) for index in range(focus)),
        noise_floor={level: 45.0 - level for level in range(levels)},
        corruptions=tuple(f"gaussian {2 * (index + 1)} px" for index in range(maps)),
    )
    return Rendering(
        name="made",
        version="1.0",
        takes="stacks",
        recipe_sha256=RECIPE,
        files_sha256=files,
        scenes=dict.fromkeys(scenes, scene),
    )


def made_result(
    method: str,
    psnr: float,
    *,
    revision: str = "1",
    protocol: str = "blb-v1",
    rendering: Rendering | None = None,
    without: Sequence[str] = (),
    lpips: bool = True,
    day: int = 1,
) -> Result:
    """Return a result of a mean PSNR near ``psnr``; without: scenes that are left out, as if they were not there."""
    rendering = rendering or made_rendering()
    rule = load_protocol(protocol)
    samples = []
    for sample in rendering.samples(rule):
        if sample.scene in without:
            continue
        value = psnr - 2.0 * sample.blur + 0.3 * sample.focus + 0.7 * list(rendering.scenes).index(sample.scene)
        value -= 0.0 if sample.corruption is None else 0.5 * (1 + sample.corruption)
        prediction = hashlib.sha256(f"{method} {revision} {sample}".encode()).hexdigest()
        samples.append(
            SampleScore(
                **sample._asdict(),
                metrics=Scores(psnr=value, ssim=0.5 + value / 100, lpips=1 / value if lpips else None),
                regions=made_regions(value, math.prod(rendering.scenes[sample.scene].size_px)),
                seconds=0.25,
                prediction_sha256=prediction,
                truth_sha256=hashlib.sha256(str(sample.truth).encode()).hexdigest(),
            )
        )
    return Result(
        schema_version=2,
        protocol=describe_protocol(rule),
        dataset=DatasetReference(
            name=rendering.name,
            version=rendering.version,
            recipe_sha256=rendering.recipe_sha256,
            files_sha256=rendering.files_sha256,
            noise_floor={name: dict(scene.noise_floor) for name, scene in rendering.scenes.items()},
            corruptions=dict(enumerate(rendering.scenes[rendering_first(rendering)].corruptions))
            if rule.disparity == "corrupted"
            else {},
        ),
        method=MethodReference(name=method, revision=revision, description=f"{method} <b>described</b>"),
        environment={"python": "3.11", "processor": "made up"},
        created=datetime(2026, 11, day, tzinfo=UTC),
        unavailable={} if lpips else {"lpips": "no weights"},
        samples=tuple(samples),
        summary=summarise(samples),
    )


def made_regions(psnr: float, frame: int) -> dict[str, RegionScores]:
    """Return regions whose errors add up to the image's: the boundary is 3 dB worse. frame: pixels of the image."""
    boundary, in_focus = 400, 1000
    rest = frame - boundary - in_focus
    left = frame - boundary * 10**0.3 - in_focus * 10**-0.3
    return {
        "boundary": RegionScores(psnr=psnr - 3.0, ssim=0.9, pixels=boundary),
        "in_focus": RegionScores(psnr=psnr + 3.0, ssim=0.95, pixels=in_focus),
        "out_of_focus": RegionScores(psnr=psnr - 10 * math.log10(left / rest), ssim=0.9, pixels=rest),
    }


def rendering_first(rendering: Rendering) -> str:
    """Return the name of the first scene."""
    return next(iter(rendering.scenes))


def made_entry(method: str, psnr: float, **settings: object) -> Entry:
    """Return a self-reported entry; settings: of :func:`made_result`."""
    return Entry(result=made_result(method, psnr, **settings))  # type: ignore[arg-type]
