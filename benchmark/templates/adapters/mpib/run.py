"""MPIB (ECCV 2022) in bokehbench: our adapter around the authors' code, which is neither here nor changed.

Their demo is one function that reads and writes files, so its steps are written down here once more, around the same
networks, the same helpers (``utils``) and the same numbers.
"""

from __future__ import annotations

import importlib
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import job_loop  # type: ignore[import-not-found]  # lies beside this file
import numpy as np
import torch
import yaml
from torch.nn.functional import interpolate

if TYPE_CHECKING:
    from numpy.typing import NDArray

INPAINTING_SIZE_PX = 1024
EDGE_THRESHOLD = 0.2
SMALLEST_EDGE_SHARE = 1e-4
DILATION_PX = 5
LARGEST_BASE_PX = 512
BASE_PX_TIMES_K = 30.0


def resized(tensor: torch.Tensor, height: int, width: int) -> torch.Tensor:
    """Return a tensor (N, C, H, W) at another size, as they resize: bilinear, corners on corners."""
    return interpolate(tensor, size=(height, width), mode="bilinear", align_corners=True)


class Mpib:
    """The networks, loaded once; a call renders one sample."""

    def __init__(self) -> None:
        repo = job_loop.path_from("MPIB_REPO", "a checkout of JuewenPeng/MPIB")
        weights = job_loop.path_from("MPIB_WEIGHTS", "the folder with mpinet.pth, aupnet.pth and inpnet.pth")
        sys.path.insert(0, str(repo))
        self.cv2 = importlib.import_module("cv2")
        self.tools = importlib.import_module("utils")
        self.device = job_loop.pick_device()
        models = importlib.import_module("models")
        config = yaml.safe_load((repo / "configs" / "default.yaml").read_text(encoding="utf-8"))
        config["mpinet"]["encoder_pretrained"] = False  # mpinet.pth replaces what would be fetched from the network
        self.largest_radius_px = config["renderer"]["K_max"]
        self.planes = self._loaded(models.MPINet(**config["mpinet"]), weights / "mpinet.pth", parallel=True)
        self.upsampling = self._loaded(models.AUPNet(**config["aupnet"]), weights / "aupnet.pth", parallel=True)
        self.inpainting = self._loaded(models.FFCResNetGenerator(**config["inpnet"]), weights / "inpnet.pth")
        self.renderer = models.MPIBokehRenderer(**config["renderer"]).to(self.device)

    def _loaded(self, network: torch.nn.Module, weights: Path, *, parallel: bool = False) -> torch.nn.Module:
        """Return a network with its weights; those saved from a parallel one name its parts ``module.…``."""
        whole: torch.nn.Module = torch.nn.DataParallel(network) if parallel else network
        content = torch.load(weights, map_location=self.device, weights_only=False)
        whole.load_state_dict(content["model"])
        return network.to(self.device).eval()

    def __call__(self, sample: Any) -> NDArray[Any]:
        """Return the bokeh image as display values."""
        if sample.largest_radius_px > self.largest_radius_px:
            raise ValueError(f"blur radius {sample.largest_radius_px:.0f} px; MPIB ends at {self.largest_radius_px}")
        image = job_loop.to_batch(sample.display, self.device)
        disparity = job_loop.to_batch(sample.disparity, self.device)
        background = self._background(sample, image)
        blend, alpha = self._planes(sample.blur_parameter, image, disparity)
        colours = blend * background[:, None] + (1 - blend) * image[:, None]
        bokeh = self.renderer(
            colours,
            self._full_alpha(image, disparity, alpha),
            sample.blur_parameter,
            sample.focus_disparity,
            sample.gamma,
            norm=True,
            increase_focus_range=True,
        )
        result: NDArray[Any] = job_loop.to_image(bokeh)
        return result

    def _background(self, sample: Any, image: torch.Tensor) -> torch.Tensor:
        """Return the image with what stands in front of an edge of disparity painted over."""
        height, width = sample.disparity.shape
        slope, edges = self._edges(sample.disparity)
        steps = int(2 * sample.blur_parameter * min(1, INPAINTING_SIZE_PX / min(height, width)))
        hidden = self.tools.mask_generator(
            job_loop.to_batch(slope, self.device),
            job_loop.to_batch(edges, self.device),
            iteration=steps,
            dilate_kernel_size=DILATION_PX,
        )
        small = self.tools.resize(image, short_size=INPAINTING_SIZE_PX, ensure_multiple_of=8)
        painted = resized(self.inpainting(small * (1 - hidden), hidden), height, width)
        share = resized(hidden, height, width)
        return share * painted + (1 - share) * image

    def _edges(self, disparity: NDArray[np.float32]) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return the slope of the disparity, (h, w, 2), and where it is an edge, (h, w), at the inpainting size."""
        small = self.tools.resize(disparity, short_size=INPAINTING_SIZE_PX, ensure_multiple_of=8)
        slopes = [self.cv2.Sobel(small, ddepth=-1, dx=dx, dy=1 - dx) for dx in (1, 0)]
        slope = np.stack([self.cv2.GaussianBlur(one, (7, 7), 0) for one in slopes], axis=2)
        edges = (np.abs(slope).sum(axis=2) > EDGE_THRESHOLD).astype(np.uint8)
        _, labels = self.cv2.connectedComponents(edges, connectivity=8)
        too_small = np.bincount(labels.ravel()) < SMALLEST_EDGE_SHARE * labels.size
        too_small[0] = False  # not an edge
        return slope, np.where(too_small[labels], 0, edges).astype(np.float32)

    def _planes(
        self, blur_parameter: float, image: torch.Tensor, disparity: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return how much of each plane is painted background, at full size, and each plane's alpha, at a small one."""
        height, width = image.shape[2:]
        base = LARGEST_BASE_PX
        if blur_parameter > 0:
            base = min(base, int(min(height, width) * BASE_PX_TIMES_K / blur_parameter))
        small = [self.tools.resize(one, short_size=base, ensure_multiple_of=32) for one in (image, disparity)]
        blend, alpha, _ = self.planes(*small)
        return resized(self.tools.dilate(blend[0], kernel_size=DILATION_PX), height, width)[None], alpha

    def _full_alpha(self, image: torch.Tensor, disparity: torch.Tensor, alpha: torch.Tensor) -> torch.Tensor:
        """Return each plane's alpha at full size, refined at each doubling."""
        height, width = image.shape[2:]
        rows, columns = alpha.shape[3:]
        for _ in range(int(math.log2(max(height / rows, 1)))):
            rows, columns = 2 * rows, 2 * columns
            larger = [resized(one, rows, columns) for one in (image, disparity)]
            alpha = self.upsampling(larger[0].clamp(0, 1), larger[1], alpha)
        short = min(height, width)
        even = [self.tools.resize(one, short_size=short, ensure_multiple_of=2) for one in (image, disparity)]
        half = resized(alpha[0], even[0].shape[2] // 2, even[0].shape[3] // 2)[None]
        return resized(self.upsampling(even[0].clamp(0, 1), even[1], half)[0], height, width)[None]


if __name__ == "__main__":
    job_loop.run_job(Mpib)
