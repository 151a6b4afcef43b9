"""Whole scenes: a backdrop, things that stand or float before it, lamps, something close to the lens."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from .backdrops import backdrop
from .chance import log_uniform
from .depth_order import cut_to_order
from .lamps import lamp_places, lamps
from .painted import Painted, Plane, tilted, upright
from .prints import bricks
from .shading import uneven_light
from .things import Drawer, Place, Shape


def scene(drawer: Drawer, most_layers: int, *, night: bool) -> list[Painted]:
    """Return the layers of a new scene, near to far; the last ones leave no hole."""
    rng = drawer.rng
    behind, ground = backdrop(drawer)
    things: list[tuple[float, Painted]] = []
    room = most_layers - len(behind)
    wanted = min(int(rng.integers(1, 7)), room)
    kind = rng.uniform()
    if kind < 0.12:
        things += _meadow(drawer, ground, wanted)
    elif kind < 0.2:
        things += _rows(drawer, wanted)
    while len(things) < wanted:
        things += _thing(drawer, ground)
    if len(things) < room and rng.uniform() < 0.35:
        things.append(_close(drawer))
    if rng.uniform() < (0.85 if night else 0.15):
        _far_lights(drawer, behind[-1])
        if len(things) < room and rng.uniform() < 0.7:
            things.append(_near_lights(drawer))
    things.sort(key=lambda item: -item[0])
    layers = [layer for _, layer in things][:room] + behind
    cut_to_order(layers, drawer.canvas)
    return layers


def _thing(drawer: Drawer, ground: Plane | None) -> list[tuple[float, Painted]]:
    """Return one thing, standing on the ground or anywhere; one in six bulges: further layers, a little nearer."""
    rng, canvas = drawer.rng, drawer.canvas
    x = rng.uniform(-0.5, 0.5) * canvas.width
    if ground is not None and rng.uniform() < 0.75:
        base = rng.uniform(-0.3, 0.55) * canvas.height
        nearness = ground[0] + ground[1] * x + ground[2] * base
        if nearness < 0.03:
            base, nearness = 0.5 * canvas.height, ground[0] + ground[1] * x + ground[2] * 0.5 * canvas.height
        size = canvas.side * (0.06 + 0.45 * nearness) * np.exp(rng.normal(-0.4, 0.5))
        place, disparity = (x, base - 0.9 * size), float(np.clip(nearness, 0.03, 1.1))
    else:
        size = canvas.side * log_uniform(rng, 0.05, 0.5)
        place, disparity = (x, rng.uniform(-0.5, 0.5) * canvas.height), rng.uniform(0.08, 1.0)
    plane = upright(disparity)
    if rng.uniform() < 0.3:
        change = rng.uniform(0.02, 0.15) * canvas.side / max(size, 0.1 * canvas.side)
        leaning = tilted(disparity, change, rng.uniform(0, 2 * np.pi), canvas)
        plane = (disparity - leaning[1] * place[0] - leaning[2] * place[1], leaning[1], leaning[2])
    shape = drawer.thing(place, size)
    layers = [_painted(drawer, shape, plane)]
    if rng.uniform() < 0.17:
        layers = [*_bulge(shape, plane, drawer), *layers]
    return [(disparity + layer.plane[0] - plane[0], layer) for layer in layers]


def _bulge(shape: Shape, plane: Plane, drawer: Drawer) -> list[Painted]:
    """Return one or two layers in front of a shape, each within the one behind it, near to far."""
    rng = drawer.rng
    depth = ndimage.distance_transform_edt(shape[1] > 0.5)
    deepest, step = float(depth.max()), rng.uniform(0.01, 0.07)
    shares = sorted(rng.uniform(0.1, 0.8, int(rng.integers(1, 3))), reverse=True)
    return [
        Painted(
            shape[0],
            (np.clip(depth - share * deepest, 0, 1) * shape[1]).astype(np.float32),
            (plane[0] + step * (len(shares) - number), plane[1], plane[2]),
        )
        for number, share in enumerate(shares)
    ]


def _meadow(drawer: Drawer, ground: Plane | None, count: int) -> list[tuple[float, Painted]]:
    """Return rows of grass or reeds, one behind the other."""
    rng, canvas = drawer.rng, drawer.canvas
    rows = []
    for disparity in rng.uniform(0.15, 1.0, count):
        base = 0.5 * canvas.height * rng.uniform(0.2, 1.2)
        if ground is not None and ground[2] > 0:
            base = (disparity - ground[0]) / ground[2]
        size = canvas.side * (0.08 + 0.3 * disparity) * rng.uniform(0.6, 1.3)
        sheaves = [drawer.strokes((x * canvas.width, base - size), size) for x in rng.uniform(-0.5, 0.5, 2)]
        front, back = sheaves
        alpha = front[1] + back[1] * (1 - front[1])
        paint = front[0] * front[1][..., None] + back[0] * (back[1] * (1 - front[1]))[..., None]
        shape = paint / np.maximum(alpha, 1e-4)[..., None], alpha
        rows.append((float(disparity), _painted(drawer, shape, upright(float(disparity)))))
    return rows


def _rows(drawer: Drawer, count: int) -> list[tuple[float, Painted]]:
    """Return things of one kind and size in a slanting row: chess men, posts, bottles, a queue."""
    rng, canvas = drawer.rng, drawer.canvas
    start, end = rng.uniform(-0.5, 0.5, 2) * canvas.width
    base, rise = rng.uniform(0.0, 0.5) * canvas.height, rng.uniform(0.0, 0.5) * canvas.height
    size = canvas.side * rng.uniform(0.1, 0.4)
    row = []
    for step in np.linspace(0, 1, max(count, 2))[:count]:
        disparity = 0.95 - (0.95 - 0.15) * step
        scale = size * (1 - 0.7 * step)
        place: Place = (start + (end - start) * step, base - rise * step - scale)
        row.append((disparity, _painted(drawer, drawer.solid(place, scale), upright(disparity))))
    return row


def _close(drawer: Drawer) -> tuple[float, Painted]:
    """Return something close to the lens: a fence, twigs, or a thing at the picture's edge."""
    rng, canvas = drawer.rng, drawer.canvas
    disparity = rng.uniform(0.8, 1.1)
    angle = rng.uniform(0, 2 * np.pi)
    place = (np.cos(angle) * 0.55 * canvas.width, np.sin(angle) * 0.55 * canvas.height)
    kinds = (drawer.lattice, drawer.strokes, drawer.clutter, drawer.solid)
    shape = kinds[rng.choice(4, p=(0.2, 0.25, 0.25, 0.3))](place, canvas.side * rng.uniform(0.2, 0.5))
    return disparity, _painted(drawer, shape, upright(disparity))


def _far_lights(drawer: Drawer, wall: Painted) -> None:
    """Put lamps, and at times lit windows, on the backdrop."""
    rng, canvas = drawer.rng, drawer.canvas
    glow = np.zeros_like(wall.paint)
    for _ in range(int(rng.integers(1, 4))):
        glow = np.maximum(glow, lamps(rng, canvas, lamp_places(rng, canvas))[0])
    if rng.uniform() < 0.3:
        shades = np.zeros((10, 3))
        shades[-int(rng.integers(1, 5)) :] = rng.uniform(0.3, 1.0, 3)
        glow = np.maximum(glow, bricks(rng, canvas, shades) ** 2 * rng.uniform(0.2, 3.0))
    wall.glow = glow.astype(np.float32)


def _near_lights(drawer: Drawer) -> tuple[float, Painted]:
    """Return a layer of lamps that hang before the backdrop."""
    rng, canvas = drawer.rng, drawer.canvas
    glow, alpha = lamps(rng, canvas, lamp_places(rng, canvas))
    disparity = rng.uniform(0.05, 1.0)
    light = glow / np.maximum(alpha, 1e-3)[..., None]
    return disparity, Painted(np.zeros_like(glow), alpha, upright(disparity), light)


def _painted(drawer: Drawer, shape: Shape, plane: Plane) -> Painted:
    paint, alpha = shape
    if drawer.rng.uniform() < 0.5:
        paint = paint * uneven_light(drawer.rng, drawer.canvas)[..., None]
    return Painted(np.asarray(paint, np.float32), np.asarray(alpha, np.float32), plane)
