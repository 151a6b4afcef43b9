"""Helpers of the same names."""

import math

import cv2
import numpy as np
import torch
from seen import note


def resize(inputs, short_size=640, ensure_multiple_of=32):
    height, width = inputs.shape[:2] if isinstance(inputs, np.ndarray) else inputs.shape[-2:]
    scale = min(1.0, short_size / min(height, width))
    rows, columns = (math.ceil(n * scale / ensure_multiple_of) * ensure_multiple_of for n in (height, width))
    if isinstance(inputs, np.ndarray):
        return cv2.resize(inputs, (columns, rows))
    return torch.nn.functional.interpolate(inputs, size=(rows, columns), mode="bilinear", align_corners=True)


def dilate(inputs, kernel_size=3):
    return torch.nn.functional.max_pool2d(inputs, kernel_size, stride=1, padding=kernel_size // 2)


def mask_generator(disp_grad, inpaint_mask, iteration=60, dilate_kernel_size=5):
    assert disp_grad.shape[1] == 2
    assert inpaint_mask.shape[1] == 1
    note(steps=iteration)
    return dilate(inpaint_mask, dilate_kernel_size)
