"""A renderer that returns the image."""

import torch


class ModuleRenderScatter(torch.nn.Module):
    def forward(self, image, defocus):
        assert image.shape[1] == 3
        assert defocus.shape[1] == 1
        return image, defocus
