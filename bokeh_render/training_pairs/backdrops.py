"""What lies behind everything: walls, skies, rooms, and ground that comes towards the camera."""

from __future__ import annotations

import numpy as np
import torch
from scipy import ndimage
from torch.nn import functional

from ..optics import Float32
from .canvas import Canvas
from .noise import noise
from .painted import Painted, Plane, tilted
from .shading import uneven_light
from .textures import colour
from .things import Drawer

TILE_PX = 384
"""Side of the texture that a lying plane repeats."""
_BLURS = (0.0, 1.5, 6.0, 20.0)
"""Sigmas of the tile's copies; a far place is looked up in a soft one, so that it does not alias."""


def backdrop(drawer: Drawer) -> tuple[list[Painted], Plane | None]:
    """Return layers that leave no hole, and the plane of the ground if things can stand on one.

    Everywhere the nearest of them is the one that is there: see :func:`.depth_order.cut_to_order`.
    """
    rng, canvas = drawer.rng, drawer.canvas
    kind = rng.choice(4, p=(0.3, 0.35, 0.2, 0.15))
    if kind == 3:
        plane = tilted(0.5, rng.uniform(0.4, 1.0), rng.normal(np.pi / 2, 0.4), canvas)
        return [_opaque(drawer, lying(drawer, plane), plane)], plane if rng.uniform() < 0.5 else None
    farthest = rng.uniform(0.0, 0.3)
    level = kind != 0 or rng.uniform() < 0.5
    wall = (farthest, 0.0, 0.0) if level else tilted(0.3, rng.uniform(0.1, 0.6), rng.uniform(0, 2 * np.pi), canvas)
    painted = sky(drawer) if kind == 1 and rng.uniform() < 0.4 else drawer.surface()
    layers = [_opaque(drawer, painted, wall)]
    if kind == 0:
        return layers, None
    horizon = rng.uniform(-0.4, 0.3) * canvas.height
    slope = (rng.uniform(0.5, 1.1) - farthest) / (canvas.height / 2 - horizon)
    roll = rng.normal(0, 0.05)
    ground = (farthest - slope * horizon, float(slope * roll), float(slope))
    layers.insert(0, _before(drawer, ground))
    if kind == 2:
        for side in (-1.0, 1.0):
            if rng.uniform() < 0.55:
                edge = side * rng.uniform(0.1, 0.45) * canvas.width
                steep = side * rng.uniform(0.2, 0.9) / (canvas.width / 2 - abs(edge))
                layers.insert(0, _before(drawer, (farthest - steep * edge, steep, 0.0)))
        if rng.uniform() < 0.3:
            top = rng.uniform(-0.45, -0.2) * canvas.height + min(horizon, 0)
            layers.insert(0, _before(drawer, (farthest + slope * top * 0.7, 0.0, -slope * 0.7)))
    return layers, ground


def lying(drawer: Drawer, plane: Plane) -> Float32:
    """Return a texture (h, w, 3) seen in perspective on a plane: fine far away, coarse near by."""
    rng, canvas = drawer.rng, drawer.canvas
    tile = Drawer(rng, Canvas(TILE_PX, TILE_PX, 0), drawer.photographs, drawer.colours).surface()
    near = np.maximum(canvas.disparity(plane), 0.0) + rng.uniform(0.05, 0.4)
    focal = canvas.width * rng.uniform(0.8, 1.6)
    texels = rng.uniform(0.3, 1.2) * focal * float(np.median(near))
    steepest = max(np.hypot(plane[1], plane[2]), 1e-6)
    right = (-plane[2] * canvas.x + plane[1] * canvas.y) / steepest * -1.0
    place = np.stack([texels * right / (focal * near), texels / near], axis=-1) + rng.uniform(0, TILE_PX, 2)
    footprint = np.maximum(texels / (focal * near), texels * steepest / near**2)
    level = np.clip(np.log2(np.maximum(footprint, 0.5)) * 0.75, 0, len(_BLURS) - 1).astype(np.float32)
    total = np.zeros((*canvas.shape, 3), np.float32)
    for step, sigma in enumerate(_BLURS):
        share = np.clip(1 - np.abs(level - step), 0, 1)
        if share.max() > 0:
            soft = ndimage.gaussian_filter(tile, (sigma, sigma, 0), mode="mirror") if sigma else tile
            total += share[..., None] * _looked_up(soft, place)
    return total


def sky(drawer: Drawer) -> Float32:
    """Return a bright sky (h, w, 3), with clouds or without."""
    rng, canvas = drawer.rng, drawer.canvas
    low, high = np.array([0.75, 0.8, 0.85]), np.array([0.25, 0.45, 0.8])
    low, high = np.clip(low + rng.normal(0, 0.12, 3), 0, 1.2), np.clip(high + rng.normal(0, 0.15, 3), 0, 1)
    share = np.clip(0.5 - canvas.y / canvas.height + 0 * canvas.x, 0, 1)[..., None]
    cloud = np.clip((noise(rng, canvas.shape, 1.6, (1.0, 1.6)) + rng.normal(0, 1)) * 0.5, 0, 1)[..., None]
    return np.asarray((low * (1 - share) + high * share) * (1 - cloud) + cloud * 0.95, dtype=np.float32)


def _opaque(drawer: Drawer, paint: Float32, plane: Plane) -> Painted:
    lit = paint * uneven_light(drawer.rng, drawer.canvas)[..., None]
    return Painted(lit, np.ones(drawer.canvas.shape, np.float32), plane)


def _before(drawer: Drawer, plane: Plane) -> Painted:
    """Return a plane in perspective, of which what is behind other planes is taken away later."""
    paint = lying(drawer, plane) if drawer.rng.uniform() < 0.8 else drawer.surface()
    return _opaque(drawer, paint * (0.7 + 0.6 * colour(drawer.rng, drawer.colours).mean()), plane)


def _looked_up(tile: Float32, place: Float32) -> Float32:
    grid = torch.from_numpy(np.asarray(place / (TILE_PX / 2) - 1, dtype=np.float32))[None]
    found = functional.grid_sample(
        torch.from_numpy(np.ascontiguousarray(tile.transpose(2, 0, 1)))[None], grid,
        mode="bilinear", padding_mode="reflection", align_corners=False,
    )  # fmt: skip
    return np.asarray(found[0].permute(1, 2, 0).numpy())
