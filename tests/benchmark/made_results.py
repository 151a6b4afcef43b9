"""Results made from tables of numbers, for tests of what is computed from them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from benchmark.results import (
    DatasetReference,
    MethodReference,
    ProtocolReference,
    RegionScores,
    Result,
    SampleScore,
    Scores,
    summarise,
)

Array = NDArray[np.float64]


def made_result(
    psnr: Array,
    name: str = "mine",
    *,
    revision: str = "1",
    ssim: Array | None = None,
    lpips: Array | None = None,
    regions: Callable[[int, int, int], Mapping[str, RegionScores]] | None = None,
    seconds: float | None = 0.5,
    noise_floor: float | None = 45.0,
    corruptions: Sequence[str] = (),
) -> Result:
    """Return a result with these scores. psnr, ssim, lpips: (scenes, levels, focus settings, maps or 1).

    regions: of scene, level and focus setting, by index.
    """
    psnr = psnr.reshape(*psnr.shape, *(1,) * (4 - psnr.ndim))
    samples = []
    for scene, blur, focus, corruption in np.ndindex(psnr.shape):
        at = (scene, blur, focus, corruption)
        samples.append(
            SampleScore(
                scene=scene_name(scene),
                blur=blur,
                focus=focus,
                corruption=corruption if corruptions else None,
                metrics=Scores(
                    psnr=float(psnr[at]),
                    ssim=0.9 if ssim is None else float(ssim.reshape(psnr.shape)[at]),
                    lpips=None if lpips is None else float(lpips.reshape(psnr.shape)[at]),
                ),
                regions={} if regions is None else dict(regions(scene, blur, focus)),
                seconds=seconds,
                peak_memory_mb=100.0,
                prediction_sha256="0" * 64,
            )
        )
    floors = {} if noise_floor is None else dict.fromkeys(range(psnr.shape[1]), noise_floor)
    return Result(
        schema_version=2,
        protocol=ProtocolReference(name="blb-v1", sha256="p"),
        dataset=DatasetReference(
            name="made",
            version="1",
            recipe_sha256=None,
            files_sha256="f" * 64,
            noise_floor={scene_name(index): floors for index in range(psnr.shape[0])} if floors else {},
            corruptions=dict(enumerate(corruptions)),
        ),
        method=MethodReference(name=name, revision=revision, description="a test"),
        environment={},
        created=datetime(2026, 1, 1, tzinfo=UTC),
        unavailable={} if lpips is not None else {"lpips": "no weights"},
        samples=tuple(samples),
        summary=summarise(samples),
    )


def scene_name(index: int) -> str:
    return f"scene_{index:02d}"


def scene_scores(values: Sequence[float], levels: int = 1, focus: int = 1) -> Array:
    """Return (scenes, levels, focus settings), every sample of a scene with its value."""
    return np.broadcast_to(np.array(values, dtype=float)[:, None, None], (len(values), levels, focus)).copy()
