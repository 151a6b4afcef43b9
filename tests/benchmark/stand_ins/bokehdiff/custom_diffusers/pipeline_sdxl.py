# ruff: noqa: N803  (their names)
"""A pipeline that returns its input with a little noise from PyTorch's own generator."""

from pathlib import Path
from types import SimpleNamespace

import torch
from seen import extent, note


class _Attention(torch.nn.Module):
    processor = None

    def set_processor(self, processor):
        self.processor = processor


class _Part(torch.nn.Module):
    config = SimpleNamespace(scaling_factor=0.5)

    def __init__(self):
        super().__init__()
        self.w = torch.nn.Parameter(torch.zeros(()))
        blocks = [torch.nn.ModuleDict({"attentions": torch.nn.ModuleList([_Attention()])}) for _ in range(3)]
        self.down_blocks = torch.nn.ModuleList(blocks)

    def set_attn_processor(self, processor):
        for part in self.modules():
            if isinstance(part, _Attention):
                part.set_processor(processor)

    def enable_tiling(self):
        self.tiled = True

    def encode(self, image):
        return SimpleNamespace(latent_dist=SimpleNamespace(mode=lambda: image))


class TiledStableDiffusionXLPipeline:
    def __init__(self):
        self.vae, self.unet = _Part(), _Part()

    @classmethod
    def from_pretrained(cls, path, scheduler, add_watermarker, use_safetensors, torch_dtype):
        assert type(scheduler).__name__ == "DDPMScheduler"
        assert (add_watermarker, use_safetensors, torch_dtype) == (False, True, torch.float32)
        return cls()

    def load_lora_weights(self, path, weight_name):
        assert (Path(path) / weight_name).is_file()

    def to(self, device):
        return self

    def set_progress_bar_config(self, disable):
        pass

    def __call__(
        self,
        prompt,
        height,
        width,
        guidance_scale,
        return_dict,
        timesteps,
        cross_attention_kwargs,
        output_type,
        latents,
        TILE_SIZE,
    ):
        disp_coc = cross_attention_kwargs["disp_coc"]
        assert list(disp_coc.shape) == [1, 2, height, width]
        assert (guidance_scale, return_dict, output_type, timesteps) == (1, False, "pt", [499])
        used = [block["attentions"][0].processor for block in self.unet.down_blocks]
        note(
            prompt=prompt,
            size=[height, width],
            disparity=extent(disp_coc[:, 0]),
            coc=extent(disp_coc[:, 1]),
            latents=extent(latents),
            tile=TILE_SIZE,
            vae=[float(self.vae.w), self.vae.tiled],
            attention=[getattr(one, "settings", None) for one in used],
        )
        return ((latents / 0.5 + 1) / 2 + 0.01 * torch.rand(1),)
