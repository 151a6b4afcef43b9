# ruff: noqa: N803  (their names)
"""Networks with one weight: the nearest plane is all painted background, the others are the image."""

import torch
from seen import extent, note


class _Weight(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.w = torch.nn.Parameter(torch.zeros(()))


class MPINet(_Weight):
    def __init__(self, encoder_layers, encoder_pretrained, num_output_channels, bins):
        super().__init__()
        self.bins = bins
        note(encoder_pretrained=encoder_pretrained, output_channels=num_output_channels)

    def forward(self, image, disp):
        assert image.shape[2] % 32 == image.shape[3] % 32 == 0
        note(planes=list(disp.shape[2:]), weight=float(self.w))
        blend = torch.zeros(1, self.bins, 1, *image.shape[2:])
        blend[:, -1] = 1
        return blend, torch.ones_like(blend), None


class AUPNet(_Weight):
    def __init__(self, bins):
        super().__init__()
        self.bins = bins

    def forward(self, image, disp, mpi_alpha):
        assert list(image.shape[2:]) == list(disp.shape[2:]) == [2 * n for n in mpi_alpha.shape[3:]]
        assert extent(image)[1] <= 1
        note(doubled=list(disp.shape[2:]), weight=float(self.w))
        return torch.ones(1, self.bins, 1, *image.shape[2:])


class FFCResNetGenerator(_Weight):
    def __init__(self, input_nc, output_nc):
        super().__init__()

    def forward(self, image, mask):
        assert float((image * mask).abs().max()) == 0  # what shall be painted is cut out
        note(painted=extent(mask), weight=float(self.w))
        return torch.full_like(image, 0.25)


class MPIBokehRenderer(torch.nn.Module):
    def __init__(self, K_max, bins):
        super().__init__()

    def forward(self, mpi_image, mpi_alpha, K, disp_focus, gamma, norm=True, increase_focus_range=False):
        note(
            K=K,
            focus=disp_focus,
            gamma=gamma,
            norm=norm,
            wider=increase_focus_range,
            shapes=[list(mpi_image.shape), list(mpi_alpha.shape)],
            difference=float((mpi_image[:, 0] - mpi_image[:, -1]).abs().max()),
        )
        return mpi_image[:, -1]
