"""The weight of every source at one offset, exactly, for whole images at once: slow, and the truth for all tables."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from ..aperture import Aperture
from ..aperture_shapes import CatEye, Ring, Shape
from ..outline import contours_of
from .cat_eye import common_area, field_positions
from .profiles import AREA_OFFSET, SOFTNESS, area_normalisation, widest_of

_LINES = 64
"""Lines across each pixel row on which the coverage by an outline is measured."""

_NOTHING_PX = 1e-6
"""Below this radius a source stays in its own pixel."""

WeightsAt = Callable[[int, int], Tensor]


def weights_of(shape: Shape, profile: str, defocus: Tensor) -> WeightsAt:
    """Return a function that gives the weights (N, 1, H, W) of all sources at the target ``source + (dy, dx)``.

    defocus: (N, 1, H, W), px; in front of the focal plane (positive) the opening is turned by 180 degrees.
    """
    side = torch.where(defocus.detach() > 0, -1.0, 1.0).to(defocus.dtype)
    radius = defocus.abs()
    if profile == "bokehme":
        return _soft(shape, radius, side)
    with torch.no_grad():
        radius = radius.detach().double()
        if isinstance(shape, Aperture) and shape.blades == 0:
            share: WeightsAt = lambda dy, dx: _disc_coverage(radius, dy, dx, shape.ratio)  # noqa: E731
            area = math.pi / shape.ratio * radius**2
        elif isinstance(shape, Ring) and shape.outer.blades == 0:
            inner, ratio = shape.obstruction, shape.outer.ratio
            share = lambda dy, dx: (  # noqa: E731
                _disc_coverage(radius, dy, dx, ratio) - _disc_coverage(inner * radius, dy, dx, ratio)
            )
            area = math.pi / ratio * (1 - inner**2) * radius**2
        elif isinstance(shape, CatEye):
            return _cat_eye(shape, radius, side.double(), defocus.dtype)
        else:
            edges = _edges(shape, radius.device)
            share = lambda dy, dx: _outline_coverage(edges, radius, side.double(), dy, dx)  # noqa: E731
            area = _outline_area(edges) * radius**2

    def weights(dy: int, dx: int) -> Tensor:
        with torch.no_grad():
            own = 1.0 if dy == dx == 0 else 0.0
            still = radius < _NOTHING_PX
            return torch.where(still, own, share(dy, dx) / torch.where(still, 1.0, area)).to(defocus.dtype)

    return weights


def _soft(shape: Shape, radius: Tensor, side: Tensor) -> WeightsAt:
    outer = shape.outer if isinstance(shape, Ring) else shape
    assert isinstance(outer, Aperture)
    amplitude = 1.0 / (area_normalisation("bokehme", shape) * radius * radius + AREA_OFFSET)
    window = (radius.detach() * widest_of(outer)).floor() + 1

    def weights(dy: int, dx: int) -> Tensor:
        distance = math.hypot(dy, dx)
        reach = radius * _rim(outer, side * dx, -side * dy)
        soft = 0.5 + 0.5 * torch.tanh(SOFTNESS * (reach - distance))
        if isinstance(shape, Ring):
            soft = soft - (0.5 + 0.5 * torch.tanh(SOFTNESS * (reach * shape.obstruction - distance)))
        return torch.where(window >= max(abs(dy), abs(dx)), amplitude * soft, 0.0)

    return weights


def _rim(aperture: Aperture, right: Tensor, up: Tensor) -> Tensor | float:
    """Return how far the opening reaches in a direction, lens radii; as ``bokeh_render.aperture.rim``, squeezed."""
    length = torch.hypot(right, up)
    if (aperture.blades == 0 and aperture.ratio == 1.0) or not bool(length.any()):
        return 1.0
    stretched = torch.hypot(right * aperture.ratio, up) / length
    if aperture.blades == 0:
        return 1.0 / stretched
    sector = 2 * math.pi / aperture.blades
    angle = torch.atan2(up, right * aperture.ratio)
    from_middle = torch.remainder(angle - aperture.rotation_rad + sector / 2, sector) - sector / 2
    return math.cos(sector / 2) / torch.cos(from_middle) / stretched


def _disc_coverage(radius: Tensor, dy: int, dx: int, ratio: float) -> Tensor:
    """Area that a disc, its width divided by ``ratio``, shares with the pixel around (dx, dy), px^2, in closed form.

    Integral over x of how much of the pixel's height lies inside, ``clip(y1, -h, h) - clip(y0, -h, h)`` with
    ``h = sqrt(r^2 - x^2)``.
    """
    sides = (torch.full_like(radius, ratio * (dx + half)) for half in (-0.5, 0.5))
    low, high = (torch.minimum(torch.maximum(side, -radius), radius) for side in sides)

    def below(y: float) -> Tensor:
        size = torch.minimum(torch.full_like(radius, abs(y)), radius)
        flat = torch.sqrt(radius**2 - size**2)  # where the circle is higher than y

        def antiderivative(x: Tensor) -> Tensor:
            inside = size * torch.minimum(torch.maximum(x, -flat), flat)
            beyond = torch.where(x.abs() > flat, _under_circle(x.abs(), radius) - _under_circle(flat, radius), 0.0)
            return inside + torch.sign(x) * beyond

        return math.copysign(1.0, y) * (antiderivative(high) - antiderivative(low))

    return (below(dy + 0.5) - below(dy - 0.5)).clamp(min=0.0) / ratio


def _under_circle(x: Tensor, radius: Tensor) -> Tensor:
    """Integral of ``sqrt(r^2 - x^2)`` from 0 to x."""
    ratio = (x / radius.clamp(min=_NOTHING_PX)).clamp(-1.0, 1.0)
    return 0.5 * (x * torch.sqrt((radius**2 - x**2).clamp(min=0.0)) + radius**2 * torch.asin(ratio))


def _edges(shape: Shape, device: torch.device) -> Tensor:
    """Return the edges of an outline, (edges, 4): x0, y0, x1, y1 in lens coordinates."""
    edges = []
    for contour in contours_of(shape):
        corners = torch.from_numpy(contour).to(device)
        edges.append(torch.cat([corners, corners.roll(-1, 0)], dim=1))
    return torch.cat(edges)


def _outline_area(edges: Tensor) -> Tensor:
    return 0.5 * (edges[:, 0] * edges[:, 3] - edges[:, 2] * edges[:, 1]).sum()


def _lines(radius: Tensor, side: Tensor, dy: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield lines across what a pixel row and a lens share: height on the lens, and how much of the row each is."""
    low = torch.minimum(torch.maximum(torch.full_like(radius, dy - 0.5), -radius), radius)
    high = torch.minimum(torch.maximum(torch.full_like(radius, dy + 0.5), -radius), radius)
    for line in range(_LINES):
        down = low + (high - low) * ((line + 0.5) / _LINES)
        yield -side * down / radius.clamp(min=_NOTHING_PX), (high - low) / _LINES


def _outline_coverage(edges: Tensor, radius: Tensor, side: Tensor, dy: int, dx: int) -> Tensor:
    """Area that an outline scaled by the radius shares with the pixel around (dx, dy), px^2."""
    covered = torch.zeros_like(radius)
    farthest = float(edges.abs().max()) * math.sqrt(2)
    if float(radius.max()) * farthest < math.hypot(max(abs(dx) - 0.5, 0), max(abs(dy) - 0.5, 0)):
        return covered
    x0, y0, x1, y1 = (edge.reshape(-1, 1, 1, 1, 1) for edge in edges[edges[:, 1] != edges[:, 3]].T)
    for up, share in _lines(radius, side, dy):
        crosses = (up >= torch.minimum(y0, y1)) & (up < torch.maximum(y0, y1))
        at = radius * (x0 + (up - y0) * (x1 - x0) / (y1 - y0))  # right of the source, behind the focal plane
        right_of = (side * dx + 0.5 - at).clamp(0.0, 1.0)
        covered += share * torch.where(crosses, torch.sign(y0 - y1) * right_of, 0.0).sum(dim=0)
    return covered


def _cat_eye(shape: CatEye, radius: Tensor, side: Tensor, dtype: torch.dtype) -> WeightsAt:
    """Weights of a disc and a barrel rim that shifts with the place in the image; see :class:`CatEye`."""
    height, width = radius.shape[-2:]
    fields = field_positions(height, width)
    centre_right, centre_up = (torch.from_numpy(-shape.strength * field).to(radius.device) for field in fields)
    distance = torch.hypot(centre_right, centre_up).cpu().numpy()
    area = torch.from_numpy(common_area(distance, shape.barrel_radius)).to(radius.device) * radius**2

    def weights(dy: int, dx: int) -> Tensor:
        covered = torch.zeros_like(radius)
        for up, share in _lines(radius, side, dy):
            half = torch.sqrt((1 - up**2).clamp(min=0.0))
            barrel = torch.sqrt((shape.barrel_radius**2 - (up - centre_up) ** 2).clamp(min=0.0))
            left = radius * torch.maximum(-half, centre_right - barrel)
            right = radius * torch.minimum(half, centre_right + barrel)
            pixel = side * dx
            overlap = torch.minimum(right, pixel + 0.5) - torch.maximum(left, pixel - 0.5)
            inside = ((up.abs() < 1) & ((up - centre_up).abs() < shape.barrel_radius)).to(radius.dtype)
            covered += share * inside * overlap.clamp(min=0.0)
        still = radius < _NOTHING_PX
        own = 1.0 if dy == dx == 0 else 0.0
        return torch.where(still, own, covered / torch.where(still, 1.0, area)).to(dtype)

    return weights
