"""A renderer that returns the image; it finds its weights from the folder that it runs in."""

from pathlib import Path

import numpy as np
from seen import extent, note

assert Path("app/Render/weights").is_file()


class DrBokeh:
    def __init__(self, lens, highlight=False):
        assert lens % 2 == 1
        self.lens = lens
        note(made=lens)

    def inference(self, rgb, disp, alpha, params):
        assert rgb.shape[:2] == disp.shape[:2] == alpha.shape[:2]
        assert disp.shape[2] == alpha.shape[2] == 1
        note(lens=self.lens, rgb=extent(rgb), disp=extent(disp), alpha=extent(alpha), params=params)
        return {"bokeh": (rgb ** params["gamma"]) ** (1 / params["gamma"])}


def salient_segmentation(rgb):
    assert extent(rgb)[1] <= 1  # it turns them into bytes
    return np.full(rgb.shape[:2], 0.75)
