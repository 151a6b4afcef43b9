"""The exact formula on a graphics card, as BokehMe's own renderer does it: O(N r^2), float32 atomic additions."""

import triton
import triton.language as tl


@triton.jit
def scatter_by_brute_force(light, defocus, sums, height, width, block: tl.constexpr):
    """Give the light of each source of a run to every pixel of its window.

    light: (H, W, 3); defocus: (H, W), px; sums: (H, W, 4), zero: weight and weighted colours; all float32.
    """
    pixel = tl.program_id(0) * block + tl.arange(0, block)
    is_source = pixel < height * width
    y = pixel // width
    x = pixel - y * width
    radius = tl.abs(tl.load(defocus + pixel, mask=is_source, other=0.0))
    amplitude = 1.0 / (radius * radius + 0.2)
    red = tl.load(light + 3 * pixel, mask=is_source, other=0.0)
    green = tl.load(light + 3 * pixel + 1, mask=is_source, other=0.0)
    blue = tl.load(light + 3 * pixel + 2, mask=is_source, other=0.0)
    reach = tl.where(is_source, radius.to(tl.int32) + 1, -1)
    farthest = tl.max(reach, axis=0)
    for dy in range(-farthest, farthest + 1):
        to_y = y + dy
        in_row = (tl.abs(dy) <= reach) & (to_y >= 0) & (to_y < height)
        for dx in range(-farthest, farthest + 1):
            to_x = x + dx
            hit = in_row & (tl.abs(dx) <= reach) & (to_x >= 0) & (to_x < width)
            right, down = (to_x - x).to(tl.float32), (to_y - y).to(tl.float32)
            distance = tl.sqrt(right * right + down * down)
            weight = amplitude / (1.0 + tl.exp(8.0 * (distance - radius)))  # = 0.5 + 0.5 tanh(4 (r - l))
            to = sums + (to_y * width + to_x) * 4
            tl.atomic_add(to, weight, mask=hit, sem="relaxed")
            tl.atomic_add(to + 1, weight * red, mask=hit, sem="relaxed")
            tl.atomic_add(to + 2, weight * green, mask=hit, sem="relaxed")
            tl.atomic_add(to + 3, weight * blue, mask=hit, sem="relaxed")
