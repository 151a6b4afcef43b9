"""The hybrid renderer: a classical render that is right almost everywhere, repaired by a network at depth edges.

refined   an occlusion-aware base, and a network that finds what is still wrong with it (:mod:`.refining`); where
          that counts follows from the defocus (:mod:`.error_map`); elsewhere the base comes out, bit for bit
bokehme   plain scatter, and a network that renders by itself (:mod:`.published`) and says where scatter errs;
          BokehMe as published (CVPR 2022), with weights of our own training or the official ones
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from ..aperture import Aperture
from ..aperture_shapes import CatEye, Shape
from ..classical.dilation import dilate_defocus
from ..errors import BadInputError
from ..highlights import HighlightRecovery, recover_highlights
from ..optics import DISPLAY_GAMMA, Float32
from ..outline import reach_of
from ..renderers import render_display
from .device import choose_device
from .error_map import ErrorMapSettings, error_map
from .hybrid_options import PUBLISHED_OPTIONS, HybridBatch, HybridOptions, HybridResult
from .pretrained import load_published, load_refiner, pretrained_networks
from .published import Networks, render_published
from .refiner import Refiner
from .refining import residual
from .threads import torch_threads
from .tiling import Tiles

if TYPE_CHECKING:
    from ..classical.profiles import Profile
    from ..classical.scattering import Backend

_DISC = Aperture()
_FARTHEST = 4  # blur radii beyond so many times the longer side look alike
_HARDLY_MORE = 1.001


class HybridRenderer:
    """Render bokeh with a classical renderer and a network.

    ``HybridRenderer.from_pretrained().render(display, defocus).bokeh``. networks: a Refiner, or ARNet and IUNet;
    options: None = as fits them; edges: how E* is found, as in their training; device: ``auto`` (a graphics card that
    torch sees, else the CPU), ``cpu``, ``cuda`` …
    Not to be shared between threads while it renders. Raises BadInputError for options that the networks do not know,
    and devices that are not there.
    """

    def __init__(
        self,
        networks: Refiner | Networks,
        options: HybridOptions | None = None,
        *,
        edges: ErrorMapSettings = ErrorMapSettings(),  # noqa: B008  (frozen)
        device: str = "auto",
    ) -> None:
        refined = isinstance(networks, Refiner)
        self.options = options or (HybridOptions() if refined else PUBLISHED_OPTIONS)
        if refined and self.options.error_map == "predicted":
            raise BadInputError("refined networks predict no error map; expected error_map 'boundary'")
        self.edges = edges
        self.device = choose_device(device)
        self._refiner = networks.to(self.device).eval() if isinstance(networks, Refiner) else None
        self._published = None
        if not isinstance(networks, Refiner):
            arnet, iunet = networks
            self._published = Networks(arnet.to(self.device).eval(), iunet.to(self.device).eval())

    @classmethod
    def from_pretrained(
        cls, name: str = "refined", options: HybridOptions | None = None, *, device: str = "auto"
    ) -> HybridRenderer:
        """Return a renderer with weights that come with the package; needs no network connection.

        name: ``refined`` or ``bokehme``. Raises BadInputError for other names, and where the weights are missing.
        """
        networks, edges = pretrained_networks(name)
        return cls(networks, options, edges=edges, device=device)

    @classmethod
    def from_checkpoints(
        cls,
        *,
        arnet: Path | str | None = None,
        iunet: Path | str | None = None,
        refiner: Path | str | None = None,
        options: HybridOptions | None = None,
        device: str = "auto",
    ) -> HybridRenderer:
        """Return a renderer with weights from files: ARNet's and IUNet's (BokehMe's official ones too), or a Refiner's.

        Raises BadInputError unless it is the two or the one, and for files that are missing or do not fit.
        """
        if refiner is not None and arnet is None and iunet is None:
            networks, edges = load_refiner(refiner)
        elif refiner is None and arnet is not None and iunet is not None:
            networks, edges = load_published(arnet, iunet)
        else:
            files = {"arnet": arnet, "iunet": iunet, "refiner": refiner}
            given = [name for name, file in files.items() if file is not None]
            raise BadInputError(
                f"checkpoints are given for {' and '.join(given) or 'no network'}; expected checkpoints for arnet and "
                "iunet, or one for refiner alone"
            )
        return cls(networks, options, edges=edges, device=device)

    def render(
        self,
        display: Float32,
        defocus: Float32,
        *,
        gamma: float = DISPLAY_GAMMA,
        aperture: Shape = _DISC,
        threads: int = 0,
    ) -> HybridResult:
        """Render one image; NumPy in and out.

        display: (H, W, 3), display values, 0 or more, not clipped; defocus: (H, W), px, positive in front of the focal
        plane, taken as four times the longer side where it is more; gamma: light = display ** gamma (the networks know
        1 to 5 and take others for the nearer of these); aperture: the opening, shaped by the classical part (the
        networks know discs); threads: CPU threads, 0 = all. Raises BadInputError for sizes that do not fit, NaN and
        infinity, negative values, and apertures that the base does not know.
        """
        if self.options.highlights is not None:
            display = _with_highlights(display, defocus, self.options.highlights)
        defocus = _within_sight(defocus)
        base = self._base(display, defocus, gamma, aperture, threads)
        display = np.asarray(display, dtype=np.float32)
        with torch.inference_mode(), torch_threads(threads):
            if self._refiner is not None:
                return self._refine(self._refiner, display, defocus, base, gamma, aperture, threads)
            assert self._published is not None
            return self._render_published(self._published, display, defocus, base, gamma, aperture, threads)

    def render_batch(
        self,
        display: Tensor,
        defocus: Tensor,
        *,
        gamma: float = DISPLAY_GAMMA,
        aperture: Shape = _DISC,
        threads: int = 0,
    ) -> HybridBatch:
        """Render a batch of tensors, each image as :meth:`render` does; the result lies where ``display`` does.

        display: (N, 3, H, W); defocus: (N, 1, H, W). No gradients. Raises BadInputError as :meth:`render`.
        """
        if (
            display.ndim != 4
            or display.shape[1] != 3
            or not len(display)
            or defocus.shape != (len(display), 1, *display.shape[2:])
        ):
            raise BadInputError(
                f"display is {tuple(display.shape)} and defocus {tuple(defocus.shape)}; "
                "expected (N, 3, H, W) and (N, 1, H, W), N at least 1"
            )
        images = display.detach().float().permute(0, 2, 3, 1).cpu().numpy()
        blurs = defocus.detach().float()[:, 0].cpu().numpy()
        results = [
            self.render(image, blur, gamma=gamma, aperture=aperture, threads=threads)
            for image, blur in zip(images, blurs, strict=True)
        ]

        def stack(arrays: list[Float32]) -> Tensor:
            tensors = torch.from_numpy(np.stack(arrays))
            placed = tensors[:, None] if tensors.ndim == 3 else tensors.permute(0, 3, 1, 2).contiguous()
            return placed.to(display.device)

        return HybridBatch(*(stack(list(arrays)) for arrays in zip(*results, strict=True)))

    def _base(self, display: Float32, defocus: Float32, gamma: float, aperture: Shape, threads: int) -> Float32:
        if self.options.base == "layered":
            return render_display(display, defocus, renderer="layered", aperture=aperture, gamma=gamma, threads=threads)
        profile: Profile = "area" if self._refiner is not None else "bokehme"
        backend: Backend = "cuda" if self.device.type == "cuda" and not isinstance(aperture, CatEye) else "auto"
        return render_display(
            display, defocus, aperture=aperture, profile=profile, gamma=gamma, threads=threads, backend=backend
        )

    def _refine(
        self,
        refiner: Refiner,
        display: Float32,
        defocus: Float32,
        base: Float32,
        gamma: float,
        aperture: Shape,
        threads: int,
    ) -> HybridResult:
        share = _boundary(defocus, aperture, self.edges) if self.options.fuse else np.ones_like(defocus)
        if not share.any():
            return HybridResult(base.copy(), base.copy(), base, share)
        added = residual(
            refiner,
            self._tensor(display),
            self._tensor(defocus),
            self._tensor(base),
            self._tensor(share),
            gamma,
            iterative=self.options.iterative,
            how=self._tiles(),
            threads=threads,
        )
        missing = _array(added)
        neural: Float32 = np.maximum(base + missing, 0.0)
        missing *= share[..., None]
        missing += base
        return HybridResult(np.maximum(missing, 0.0, out=missing), neural, base, share)

    def _render_published(
        self,
        networks: Networks,
        display: Float32,
        defocus: Float32,
        base: Float32,
        gamma: float,
        aperture: Shape,
        threads: int,
    ) -> HybridResult:
        found = render_published(
            networks,
            self._tensor(display),
            self._tensor(defocus),
            self._tensor(dilate_defocus(defocus, threads=threads)),
            gamma,
            iterative=self.options.iterative,
            how=self._tiles(),
        )
        neural = _array(found.bokeh)
        if not self.options.fuse:
            return HybridResult(neural.copy(), neural, base, np.ones_like(defocus))
        predicted = self.options.error_map == "predicted"
        share = _array(found.error_map)[..., 0] if predicted else _boundary(defocus, aperture, self.edges)
        fused: Float32 = np.maximum(base + share[..., None] * (neural - base), 0.0)
        return HybridResult(fused, neural, base, share)

    def _tiles(self) -> Tiles:
        return Tiles(self.options.tile_px, half=self.options.half and self.device.type == "cuda")

    def _tensor(self, values: Float32) -> Tensor:
        """Return (H, W, C) or (H, W) as (1, C, H, W) on the device."""
        tensor = torch.from_numpy(np.require(values, requirements=["C", "W"])).to(self.device)  # torch wants writable
        return tensor[None, None] if tensor.ndim == 2 else tensor.permute(2, 0, 1)[None].contiguous()


def _array(tensor: Tensor) -> Float32:
    """Return (1, C, H, W) as (H, W, C)."""
    return np.ascontiguousarray(tensor[0].permute(1, 2, 0).cpu().numpy())


def _within_sight(defocus: Float32) -> Float32:
    """Return defocus without what differs in no visible way; what the base refuses stays, for it to say why."""
    with np.errstate(over="ignore"):
        blur = np.asarray(defocus, dtype=np.float32)
    if blur.size == 0 or not np.isfinite(blur).all():
        return blur
    farthest = _FARTHEST * max(blur.shape, default=1)
    return np.clip(blur, -farthest, farthest)


def _boundary(defocus: Float32, aperture: Shape, edges: ErrorMapSettings) -> Float32:
    """Return E*; it spreads as far as the opening does where that is more than a disc."""
    widest = 1.0 if isinstance(aperture, CatEye) else reach_of(aperture)
    if widest > _HARDLY_MORE:
        edges = edges.model_copy(update={"reach": edges.reach * widest})
    return error_map(defocus, edges)


def _with_highlights(display: Float32, defocus: Float32, settings: HighlightRecovery) -> Float32:
    """Brighten clipped lights; defocus stands for disparity - focus, its extent for that of a disparity in [0, 1]."""
    extent = float(np.ptp(defocus)) if defocus.size else 0.0
    return recover_highlights(display, defocus / (extent or 1.0), 0.0, settings)
