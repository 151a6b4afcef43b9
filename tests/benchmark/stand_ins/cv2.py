# ruff: noqa: N803  (their names)
"""The few functions of OpenCV that the adapters call, by SciPy."""

import numpy as np
from scipy import ndimage


def Sobel(src, ddepth, dx, dy):
    assert ddepth == -1
    return ndimage.sobel(src, axis=1 if dx else 0, mode="mirror")


def GaussianBlur(src, ksize, sigmaX):
    assert (ksize, sigmaX) == ((7, 7), 0)
    return ndimage.gaussian_filter(src, 1.4, mode="mirror", radius=3)


def connectedComponents(image, connectivity):
    assert image.dtype == np.uint8
    labels, number = ndimage.label(image, structure=np.ones((3, 3)) if connectivity == 8 else None)
    return number + 1, labels.astype(np.int32)


def resize(src, dsize):
    rows = np.linspace(0, src.shape[0] - 1, dsize[1])
    columns = np.linspace(0, src.shape[1] - 1, dsize[0])
    return ndimage.map_coordinates(src, np.meshgrid(rows, columns, indexing="ij"), order=1).astype(np.float32)
