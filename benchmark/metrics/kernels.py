"""The compiled inner loops of PSNR, SSIM and LPIPS on CPUs; each runs on the thread that calls it, without the lock.

They stand in one file because compiled code is kept on disk by its file's date alone: a change in a function that is
compiled into another file's kernel would go unnoticed. ``rows`` are an image as (H, 3 W): R, G, B, R, G, B, … ``taps``
is a tuple, so that the compiler knows how many there are and unrolls the loops over them. Sums run over the columns of
one row after another: that order is fixed, and the compiler can do many columns at a time.
"""

from __future__ import annotations

import numpy as np

from bokeh_render.classical.jit import compiled

_POINTS_PER_PART = 32
"""After so many points a float32 sum is added to a float64 one."""


@compiled
def squared_error_sum(prediction, truth):
    """Return the sum of squared differences over all rows."""
    columns = np.zeros(truth.shape[1])
    for y in range(truth.shape[0]):
        for j in range(truth.shape[1]):
            difference = np.float64(prediction[y, j]) - np.float64(truth[y, j])
            columns[j] += difference * difference
    total = 0.0
    for j in range(columns.shape[0]):
        total += columns[j]
    return total


@compiled
def squared_error_map(prediction, truth, out):
    """Write the mean over R, G, B of the squared differences, (H, W)."""
    for y in range(out.shape[0]):
        for x in range(out.shape[1]):
            total = 0.0
            for j in range(3 * x, 3 * x + 3):
                difference = np.float64(prediction[y, j]) - np.float64(truth[y, j])
                total += difference * difference
            out[y, x] = total / 3.0


@compiled
def sum_where(values, mask):
    """Return the sum of ``values`` (H, W) where ``mask`` is set."""
    columns = np.zeros(values.shape[1])
    for y in range(values.shape[0]):
        for x in range(values.shape[1]):
            columns[x] += values[y, x] if mask[y, x] else 0.0
    total = 0.0
    for x in range(columns.shape[0]):
        total += columns[x]
    return total


@compiled
def _mean_down(rows, y, taps, mean, square):
    """Write the weighted means of the values and of their squares over the window's rows, which begin at ``y``."""
    for j in range(mean.shape[0]):
        values, squares = 0.0, 0.0
        for k in range(len(taps)):
            value = np.float64(rows[y + k, j])
            weighted = taps[k] * value
            values += weighted
            squares += weighted * value
        mean[j] = values
        square[j] = squares


@compiled
def _mean_product_down(prediction, truth, y, taps, product):
    # apart from _mean_down: in one loop with it, the compiler would not do several columns at a time
    for j in range(product.shape[0]):
        products = 0.0
        for k in range(len(taps)):
            products += taps[k] * (np.float64(prediction[y + k, j]) * np.float64(truth[y + k, j]))
        product[j] = products


@compiled
def _mean_across(row, taps, out):
    """Write the weighted means along a row, of every third value."""
    for j in range(out.shape[0]):
        total = 0.0
        for k in range(len(taps)):
            total += taps[k] * row[j + 3 * k]
        out[j] = total


@compiled
def window_moments(rows, taps, mean, square):
    """Write the weighted means of the values and of their squares in each window that fits, (H - n + 1, 3 W - …)."""
    mean_down, square_down = np.empty(rows.shape[1]), np.empty(rows.shape[1])
    for y in range(mean.shape[0]):
        _mean_down(rows, y, taps, mean_down, square_down)
        _mean_across(mean_down, taps, mean[y])
        _mean_across(square_down, taps, square[y])


@compiled
def similarity_map(prediction, truth, truth_mean, truth_square, taps, c1, c2, out):
    """Write the mean over R, G, B of SSIM in each window that fits; the truth's moments as window_moments has them."""
    width = truth.shape[1]
    mean_down, square_down, product_down = np.empty(width), np.empty(width), np.empty(width)
    width = truth_mean.shape[1]
    mean, square, product = np.empty(width), np.empty(width), np.empty(width)
    for y in range(out.shape[0]):
        _mean_down(prediction, y, taps, mean_down, square_down)
        _mean_product_down(prediction, truth, y, taps, product_down)
        _mean_across(mean_down, taps, mean)
        _mean_across(square_down, taps, square)
        _mean_across(product_down, taps, product)
        for j in range(width):
            means = mean[j] * truth_mean[y, j]
            mean_squares = mean[j] * mean[j] + truth_mean[y, j] * truth_mean[y, j]
            variances = square[j] + truth_square[y, j] - mean_squares
            structure = (2.0 * (product[j] - means) + c2) / (variances + c2)
            product[j] = structure * ((2.0 * means + c1) / (mean_squares + c1))
        for x in range(out.shape[1]):
            out[y, x] = (product[3 * x] + product[3 * x + 1] + product[3 * x + 2]) / 3.0


@compiled
def squared_feature_differences(features, lengths, truth, totals):
    """Add, for each channel, the squared differences of unit feature vectors, summed over all points.

    features: (points, channels), of any length; lengths: (points,); truth: (points, channels), of unit length; all
    float32. totals: (channels,) float64. Features are divided, not multiplied by a reciprocal, so that the difference
    of equal ones is exactly 0: a product could be fused with the subtraction, unrounded.
    """
    part = np.zeros(features.shape[1], dtype=np.float32)
    for begin in range(0, features.shape[0], _POINTS_PER_PART):
        part[:] = 0.0
        for p in range(begin, min(begin + _POINTS_PER_PART, features.shape[0])):
            for c in range(features.shape[1]):
                difference = features[p, c] / lengths[p] - truth[p, c]
                part[c] += difference * difference
        for c in range(features.shape[1]):
            totals[c] += np.float64(part[c])


@compiled
def tiles_to_points(padded, transform, tile, down, across, first, scratch, out):
    """Write tiles of images evaluated at points: values at n × n points, in Winograd's way of convolving.

    padded: (N, H, W, C); transform: n rows of n weights; tile: step from one tile to the next, px; down, across: tiles
    of an image each way; first: which tile of all is the first wanted; scratch: (n, C); out: (n * n, tiles, C).
    """
    n = len(transform)
    channels = out.shape[2]
    for t in range(out.shape[1]):
        image, place = divmod(first + t, down * across)
        y, x = place // across * tile, place % across * tile
        for i in range(n):
            weights = transform[i]
            for q in range(n):
                for c in range(channels):
                    total = np.float32(0.0)
                    for k in range(n):
                        total += weights[k] * padded[image, y + k, x + q, c]
                    scratch[q, c] = total
            for j in range(n):
                weights = transform[j]
                for c in range(channels):
                    total = np.float32(0.0)
                    for k in range(n):
                        total += weights[k] * scratch[k, c]
                    out[i * n + j, t, c] = total


@compiled
def points_to_tiles(products, transform, bias, down, across, first, scratch, out):
    """Write tiles of outputs from their values at n × n points; then bias and ReLU.

    products: (n * n, tiles, C); transform: m rows of n weights for tiles of m px; bias: (C,); first, down, across: as
    in tiles_to_points; scratch: (n, C); out: (N, H, W, C). What a tile has beyond the image is dropped.
    """
    m, n = len(transform), len(transform[0])
    channels = out.shape[3]
    for t in range(products.shape[1]):
        image, place = divmod(first + t, down * across)
        y, x = place // across * m, place % across * m
        for i in range(min(m, out.shape[1] - y)):
            weights = transform[i]
            for q in range(n):
                for c in range(channels):
                    total = np.float32(0.0)
                    for k in range(n):
                        total += weights[k] * products[k * n + q, t, c]
                    scratch[q, c] = total
            for j in range(min(m, out.shape[2] - x)):
                weights = transform[j]
                for c in range(channels):
                    total = bias[c]
                    for k in range(n):
                        total += weights[k] * scratch[k, c]
                    out[image, y + i, x + j, c] = max(total, np.float32(0.0))
