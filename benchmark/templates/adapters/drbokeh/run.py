"""Dr.Bokeh (CVPR 2024) in bokehbench: our adapter around the authors' code, which is neither here nor changed."""

from __future__ import annotations

import importlib
import math
import os
import sys
from typing import TYPE_CHECKING, Any

import job_loop  # type: ignore[import-not-found]  # lies beside this file
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

LAYER_SETTINGS = {
    "Salient": "LDF",
    "offset": 0.0,
    "fg_erode": 5,
    "fg_iters": 2,
    "inpaint_kernel": 7,
    "threshold": 0.1,
    "Occlusion": True,
}
"""What their own script sets, and offers no option for."""


def lens_size(largest_radius_px: float) -> int:
    """Return the odd width in px of the neighbourhood that holds the largest disc: their radii are K |…| + 1 px."""
    return 2 * math.ceil(largest_radius_px + 2.0) + 1


class DrBokeh:
    """Their renderer, matting and inpainting, loaded once; a call renders one sample."""

    def __init__(self) -> None:
        repo = job_loop.path_from("DRBOKEH_REPO", "a checkout of ShengCN/DrBokeh-Src with the weights in their places")
        os.chdir(repo)  # their code finds its weights from there
        sys.path.insert(0, str(repo))
        self.code = importlib.import_module("app.Render.Inference")
        self.cv2 = importlib.import_module("cv2")
        self.renderers: dict[int, Any] = {}

    def __call__(self, sample: Any) -> NDArray[Any]:
        """Return the bokeh image as display values."""
        lens = lens_size(sample.largest_radius_px)
        if lens // 2 >= min(sample.disparity.shape):
            raise ValueError(f"discs of {sample.largest_radius_px:.0f} px do not fit the image, which they reflect")
        if lens not in self.renderers:
            self.renderers[lens] = self.code.DrBokeh(lens)
        height, width = sample.disparity.shape
        matte = np.asarray(self.code.salient_segmentation(np.clip(sample.display, 0.0, 1.0)), dtype=np.float32)
        matte = self.cv2.resize(matte, (width, height))
        settings = {
            **LAYER_SETTINGS,
            "focal": sample.focus_disparity,
            "lens_effect": sample.blur_parameter,
            "gamma": sample.gamma,
        }
        maps = [one.reshape(height, width, 1) for one in (sample.disparity, matte)]
        result: NDArray[Any] = self.renderers[lens].inference(sample.display.copy(), *maps, settings)["bokeh"]
        return result


if __name__ == "__main__":
    job_loop.run_job(DrBokeh)
