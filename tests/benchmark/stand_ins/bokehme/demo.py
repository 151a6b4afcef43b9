"""A demo that must not run: only its functions are wanted."""

import torch
from classical_renderer.scatter import ModuleRenderScatter  # noqa: F401
from classical_renderer.scatter_ex import ModuleRenderScatterEX  # noqa: F401
from neural_renderer import ARNet, IUNet  # noqa: F401
from seen import extent, note


def blend(bokeh):
    return bokeh


def pipeline(classical_renderer, arnet, iunet, image, defocus, gamma, args):
    bokeh, dilated = classical_renderer(image**gamma, defocus * args.defocus_scale)
    note(
        image=extent(image),
        defocus=extent(defocus),
        shape=list(defocus.shape),
        gamma=gamma,
        network_gamma=(gamma - args.gamma_min) / (args.gamma_max - args.gamma_min),
        weights=[float(arnet.w), float(iunet.w)],
        training=[arnet.training, iunet.training],
        gradients=torch.is_grad_enabled(),
        saving=args.save_intermediate,
    )
    return blend(bokeh ** (1 / gamma)), None, None, dilated


raise SystemExit("the demo itself was run")
