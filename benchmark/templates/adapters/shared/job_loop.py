"""What every adapter does alike: read the job, render its samples one by one, write images and costs.

It runs in the environment of somebody else's code: Python 3.8, NumPy and PyTorch will do, nothing of bokehbench.
"""

from __future__ import annotations

import json
import os
import sys
import time
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

if TYPE_CHECKING:  # old environments know neither
    from collections.abc import Callable

    from numpy.typing import NDArray

    Renderer = Callable[["Sample"], NDArray[Any]]
    """Renders one sample: (H, W, 3) floating-point display values."""


@dataclass(frozen=True)
class Sample:
    """What an adapter is given.

    display: (H, W, 3) float32, display values, highlights may exceed 1; disparity: (H, W) float32, normalised to [0,
    1], larger = nearer; blur_parameter: K in px of blur radius per unit of it; focus_disparity: in the same unit;
    gamma: light = display ** gamma.
    """

    display: NDArray[np.float32]
    disparity: NDArray[np.float32]
    blur_parameter: float
    focus_disparity: float
    gamma: float

    @property
    def largest_radius_px(self) -> float:
        """The largest blur radius that any pixel has."""
        return float(self.blur_parameter * np.abs(self.disparity - self.focus_disparity).max())


def path_from(variable: str, what: str) -> Path:
    """Return the path in an environment variable; ends the program with one sentence when it is not there."""
    text = os.environ.get(variable)
    if not text:
        sys.exit(f"the variable {variable} is not set; expected {what} (see environment in method.yaml)")
    path = Path(text).expanduser().resolve()
    if not path.exists():
        sys.exit(f"{path}, named by {variable}, does not exist; expected {what}")
    return path


def pick_device() -> torch.device:
    """Return the first CUDA card, or the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def to_batch(array: NDArray[Any], device: torch.device) -> torch.Tensor:
    """Return an image (H, W, 3) or a map (H, W) as a float32 tensor, (1, C, H, W)."""
    planes = array[None] if array.ndim == 2 else array.transpose(2, 0, 1)
    return torch.from_numpy(np.ascontiguousarray(planes, dtype=np.float32))[None].to(device)


def to_image(batch: torch.Tensor) -> NDArray[np.float32]:
    """Return a tensor (1, 3, H, W) as an image (H, W, 3)."""
    return batch[0].detach().float().cpu().numpy().transpose(1, 2, 0)


def run_job(make_renderer: Callable[[], Renderer]) -> None:
    """Render the job that the command line names. A sample that fails leaves its traceback and no image."""
    job = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    if job["job_version"] != 1 or job["image_encoding"] != "display":
        sys.exit("this adapter reads jobs of version 1 with images as display values (input: display in method.yaml)")
    render = make_renderer()
    for told in job["samples"]:
        try:
            _render_one(told, job["gamma"], render)
        except Exception:  # noqa: BLE001  (their code may raise anything; the other samples must go on)
            traceback.print_exc()


def _render_one(told: dict[str, Any], gamma: float, render: Renderer) -> None:
    sample = Sample(
        display=np.load(told["image"]),
        disparity=np.load(told["disparity"]),
        blur_parameter=told["blur_parameter"],
        focus_disparity=told["focus_disparity"],
        gamma=gamma,
    )
    on_gpu = torch.cuda.is_available()
    if on_gpu:
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
    started = time.perf_counter()
    with torch.no_grad():
        display = render(sample)
    if on_gpu:
        torch.cuda.synchronize()
    notes = {"seconds": time.perf_counter() - started}
    if on_gpu:
        notes["peak_gpu_memory_mb"] = torch.cuda.max_memory_allocated() / 1024**2
    np.save(told["output"] + ".npy", np.asarray(display, dtype=np.float32))
    Path(told["output"] + ".json").write_text(json.dumps(notes), encoding="utf-8")
