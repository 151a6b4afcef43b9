"""BokehDiff (ICCV 2025) in bokehbench: our adapter around the authors' code, which is neither here nor changed.

Their inference script is one function that reads folders and writes JPEG, so its set-up is written down here once more,
around the same pipeline, attention and numbers, with the K and the focus of each sample instead of its own.
"""

from __future__ import annotations

import importlib
import math
import os
import sys
from typing import TYPE_CHECKING, Any

import job_loop  # type: ignore[import-not-found]  # lies beside this file
import torch
from torch.nn.functional import interpolate

if TYPE_CHECKING:
    from numpy.typing import NDArray

PROMPT = "an excellent photo with a large aperture"
TRAINED_GAMMA = 2.2
TIMESTEP = 499
TILE_LATENTS = 64
LATENT_PX = 8
COC_UNIT_PX = 10.0
"""A circle of confusion of 1 is this many pixels, in tiles of 512 px: there the attention's distances end at 51.2."""

LENS_BLOCKS = "down_blocks.1.attentions.0"


def scale_for(height: int, width: int) -> float:
    """Return by how much an image must be enlarged, 1 at least, for the pipeline to work on tiles of 512 px.

    It does so above an area of two tiles; below, distances are relative to the image and a px is no fixed length.
    """
    tile = TILE_LATENTS * LATENT_PX
    return max(1.0, tile / min(height, width), math.sqrt(2.05 * tile**2 / (height * width)))


class BokehDiff:
    """The pipeline, loaded once; a call renders one sample."""

    def __init__(self) -> None:
        repo = job_loop.path_from("BOKEHDIFF_REPO", "a checkout of FreeButUselessSoul/bokehdiff")
        weights = job_loop.path_from(
            "BOKEHDIFF_WEIGHTS", "the folder with pytorch_lora_weights.safetensors and vae.ckpt of its variant 'small'"
        )
        base = job_loop.path_from("BOKEHDIFF_BASE", "a folder with SG161222/RealVisXL_V5.0 in the layout of diffusers")
        self.seed = int(os.environ.get("BOKEHDIFF_SEED", "0"))
        sys.path.insert(0, str(repo))
        self.device = job_loop.pick_device()
        scheduler = importlib.import_module("diffusers").DDPMScheduler.from_pretrained(str(base), subfolder="scheduler")
        pipeline_class = importlib.import_module("custom_diffusers.pipeline_sdxl").TiledStableDiffusionXLPipeline
        plain = importlib.import_module("custom_diffusers.attention_processor").AttnProcessor2_0
        lens = importlib.import_module("PISA_attn_processor").AttnProcessorDistReciprocal
        self.pipeline = pipeline_class.from_pretrained(
            str(base), scheduler=scheduler, add_watermarker=False, use_safetensors=True, torch_dtype=torch.float32
        )
        self.pipeline.vae.enable_tiling()
        self.pipeline.vae.set_attn_processor(plain())
        self.pipeline.unet.set_attn_processor(plain())
        self.pipeline.load_lora_weights(str(weights), weight_name="pytorch_lora_weights.safetensors")
        tuned = torch.load(weights / "vae.ckpt", map_location="cpu", weights_only=True)
        self.pipeline.vae.load_state_dict(tuned, strict=False)
        self.pipeline = self.pipeline.to(self.device)
        self.pipeline.set_progress_bar_config(disable=True)
        for name, part in self.pipeline.unet.named_modules():
            if LENS_BLOCKS in name and hasattr(part, "set_processor"):
                part.set_processor(lens(hard=1e7, supersampling_num=5, segment_num=7, train=False))

    def __call__(self, sample: Any) -> NDArray[Any]:
        """Return the bokeh image as display values in [0, 1]."""
        if abs(sample.gamma - TRAINED_GAMMA) > 0.01:
            raise ValueError(f"gamma is {sample.gamma}; BokehDiff was trained with {TRAINED_GAMMA} and takes none")
        height, width = sample.disparity.shape
        scale = scale_for(height, width)
        size = [math.ceil(length * scale / LATENT_PX) * LATENT_PX for length in (height, width)]
        image = self._resized(job_loop.to_batch(sample.display, self.device), size)
        disparity = self._resized(job_loop.to_batch(sample.disparity, self.device), size)
        radius_px = sample.blur_parameter * scale * (disparity - sample.focus_disparity).abs()
        torch.random.manual_seed(self.seed)  # their attention draws from PyTorch's own generator
        latents = self.pipeline.vae.encode(2 * image - 1).latent_dist.mode() * self.pipeline.vae.config.scaling_factor
        bokeh = self.pipeline(
            PROMPT,
            height=size[0],
            width=size[1],
            guidance_scale=1,
            return_dict=False,
            timesteps=[TIMESTEP],
            cross_attention_kwargs={"disp_coc": torch.cat([disparity, radius_px / COC_UNIT_PX], dim=1)},
            output_type="pt",
            latents=latents,
            TILE_SIZE=TILE_LATENTS,
        )[0]
        result: NDArray[Any] = job_loop.to_image(self._resized(bokeh, [height, width]).clamp(0, 1))
        return result

    def _resized(self, tensor: torch.Tensor, size: list[int]) -> torch.Tensor:
        if list(tensor.shape[2:]) == size:
            return tensor
        mode = "bicubic" if tensor.shape[1] == 3 else "bilinear"  # a map must not overshoot
        return interpolate(tensor, size=size, mode=mode, align_corners=False, antialias=True)


if __name__ == "__main__":
    job_loop.run_job(BokehDiff)
