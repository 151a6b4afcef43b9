"""Metrics as one puts them together from packages: scikit-image and lpips, one pair of files after the other.

A process of its own, ``python -m tests.speed._naive_metrics WEIGHTS``: for each line ``TRUTH<tab>PREDICTION`` it prints
one JSON line: seconds by the clock and of the processor for reading and for each metric, and their values. LPIPS is
timed twice, with one thread and with two.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from bokeh_render.imagefile import read_image
from bokeh_render.optics import Float32
from bokeh_render.schema import sha256_of_file


def read_checked(path: Path) -> Float32:
    """Return a file's image as clipped display values, (H, W, 3), after hashing it, as the benchmark does."""
    sha256_of_file(path)
    return np.clip(read_image(path).as_display(2.2), 0.0, 1.0)


@contextmanager
def timed(seconds: dict[str, tuple[float, float]], name: str) -> Iterator[None]:
    clock, processor = time.perf_counter(), time.process_time()
    yield
    seconds[name] = (time.perf_counter() - clock, time.process_time() - processor)


def load_package(weights: Path) -> Any:
    """Return the lpips package's network with the weights of a file."""
    import torch

    operators = torch.library.Library("torchvision", "DEF")  # those that a CPU build of torchvision lacks
    operators.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    operators.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    import lpips  # noqa: TID251

    model = lpips.LPIPS(net="alex", version="0.1", pnet_rand=True, verbose=False).eval()
    state = torch.load(weights, map_location="cpu", weights_only=True)
    names = {name.split(".", 1)[1]: name for name in model.net.state_dict()}
    model.net.load_state_dict({names[key]: state[f"features.{key}"] for key in names})
    return model


def main() -> None:
    import torch
    from skimage.metrics import peak_signal_noise_ratio, structural_similarity

    model = load_package(Path(sys.argv[1]))
    print("ready", flush=True)
    for line in sys.stdin:
        paths = [Path(name) for name in line.rstrip("\n").split("\t")]
        seconds: dict[str, tuple[float, float]] = {}
        values = {}
        with timed(seconds, "read"):
            truth, prediction = (read_checked(path) for path in paths)
        with timed(seconds, "psnr"):
            values["psnr"] = peak_signal_noise_ratio(
                truth.astype(np.float64), prediction.astype(np.float64), data_range=1.0
            )
        with timed(seconds, "ssim"):
            values["ssim"] = structural_similarity(
                truth.astype(np.float64),
                prediction.astype(np.float64),
                gaussian_weights=True,
                sigma=1.5,
                use_sample_covariance=False,
                data_range=1.0,
                channel_axis=-1,
            )
        for threads in (1, 2):
            torch.set_num_threads(threads)
            with timed(seconds, f"lpips, {threads} threads"), torch.no_grad():
                pair = [torch.from_numpy(image).permute(2, 0, 1)[None] for image in (prediction, truth)]
                values["lpips"] = float(model(*pair, normalize=True))
        print(json.dumps({"seconds": seconds, "values": {k: float(v) for k, v in values.items()}}), flush=True)


if __name__ == "__main__":
    main()
