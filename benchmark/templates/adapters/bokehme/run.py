"""BokehMe (CVPR 2022) in bokehbench: our adapter around the authors' code, which is neither here nor changed."""

from __future__ import annotations

import ast
import importlib
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import job_loop  # type: ignore[import-not-found]  # lies beside this file
import torch

if TYPE_CHECKING:
    from numpy.typing import NDArray

DEFOCUS_SCALE = 10.0
"""BokehMe's networks and their pipeline are given px of blur radius divided by this."""

GAMMA_RANGE = (1.0, 5.0)


def functions_of(script: Path) -> dict[str, Any]:
    """Return what a script imports and the functions it defines, without running the rest of it."""
    tree = ast.parse(script.read_text(encoding="utf-8"))
    tree.body = [node for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom, ast.FunctionDef))]
    names: dict[str, Any] = {}
    exec(compile(tree, str(script), "exec"), names)  # noqa: S102  (the authors' demo.py)
    return names


def make_renderer() -> Any:
    """Load the networks once and return the function that renders a sample."""
    repo = job_loop.path_from("BOKEHME_REPO", "a checkout of JuewenPeng/BokehMe")
    weights = job_loop.path_from("BOKEHME_WEIGHTS", "the folder with arnet.pth and iunet.pth")
    sys.path.insert(0, str(repo))
    device = job_loop.pick_device()
    pipeline = functions_of(repo / "demo.py")["pipeline"]
    scatter = importlib.import_module("classical_renderer.scatter").ModuleRenderScatter().to(device)
    networks = importlib.import_module("neural_renderer")
    arnet = loaded(networks.ARNet(), weights / "arnet.pth", device)
    iunet = loaded(networks.IUNet(), weights / "iunet.pth", device)
    settings = SimpleNamespace(
        defocus_scale=DEFOCUS_SCALE, gamma_min=GAMMA_RANGE[0], gamma_max=GAMMA_RANGE[1], save_intermediate=False
    )

    def render(sample: Any) -> NDArray[Any]:
        if not GAMMA_RANGE[0] <= sample.gamma <= GAMMA_RANGE[1]:
            raise ValueError(f"gamma is {sample.gamma}; BokehMe's networks know 1 to 5")
        defocus_px = sample.blur_parameter * (sample.disparity - sample.focus_disparity)
        image = job_loop.to_batch(sample.display, device)
        defocus = job_loop.to_batch(defocus_px / DEFOCUS_SCALE, device)
        bokeh = pipeline(scatter, arnet, iunet, image, defocus, sample.gamma, settings)[0]
        result: NDArray[Any] = job_loop.to_image(bokeh)
        return result

    return render


def loaded(network: torch.nn.Module, weights: Path, device: torch.device) -> torch.nn.Module:
    """Return a network with the weights of a file, ready to use."""
    content = torch.load(weights, map_location=device, weights_only=False)  # it holds NumPy objects
    network.load_state_dict(content["model"])
    return network.to(device).eval()


if __name__ == "__main__":
    job_loop.run_job(make_renderer)
