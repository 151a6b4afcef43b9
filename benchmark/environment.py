"""What a number was made with: versions and hardware, kept in every result."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from pathlib import Path

_PACKAGES = ("bokehbench", "numpy", "torch", "scikit-image", "scipy", "numba", "lpips", "imagecodecs", "openexr")


def describe_environment(*, jobs: int, threads: int) -> dict[str, str]:
    """Return versions of what moves a number and the hardware that moves the times.

    jobs: processes that rendered side by side; threads: that scored.
    """
    return {
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
        "cpu": _cpu(),
        "cores": str(os.cpu_count() or 0),
        "memory_gb": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.1f}",
        "gpu": _gpu(),
        "jobs": str(jobs),
        "threads": str(threads),
        **{package: metadata.version(package) for package in _PACKAGES},
    }


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown"


def _gpu() -> str:
    import torch

    return torch.cuda.get_device_name(0) if torch.cuda.is_available() else "none"
