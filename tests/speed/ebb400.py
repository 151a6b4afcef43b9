"""How long prepare-ebb400 takes for a pair at 1024 px, all in: photographs read, aligned, measured, written.

    python -m tests.speed.ebb400 [--pairs 8] [--jobs 2] [--size 1536x1024]

The photographs are drawn scenes, taken as by hand and enlarged: as many pixels as EBB!'s, blur radii up to 30 px.
The bar is 400 pairs in an hour on two cores, without a depth network, whose own time comes on top.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from bokeh_render.imagefile import write_image
from bokeh_render.training_pairs import PairSettings as Drawing
from bokeh_render.training_pairs import draw_pair
from generator.ebb400.disparity_folder import DisparityFolder
from generator.ebb400.prepare import prepare
from generator.ebb400.selection import Draw
from generator.ebb400.settings import PairSettings
from generator.ebb400.source import open_ebb
from tests.generator.ebb400.made_pairs import take

DRAWING = Drawing(height=256, width=384, blur_px=(5, 7), usual_gamma=1.0, night=0.0)


def write_photographs(root: Path, pairs: int, size: tuple[int, int]) -> None:
    """Write pairs of photographs and their maps as EBB! has them."""
    for index in range(pairs):
        scene = draw_pair(DRAWING, 11, index)

        def enlarged(picture: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
            large = cv2.resize(np.clip(picture, 0, 1).astype(np.float32), size, interpolation=cv2.INTER_CUBIC)
            return np.clip(large, 0, 1)

        k = scene.blur_parameter * size[0] / DRAWING.width
        pictures = (enlarged(scene.display), enlarged(scene.bokeh), enlarged(scene.disparity))
        made = take(*pictures, k, scene.focus_disparity, np.random.default_rng(index))
        for folder, picture in (("original", made.wide), ("bokeh", made.shallow)):
            (root / "ebb" / folder).mkdir(parents=True, exist_ok=True)
            stored = Image.fromarray(np.rint(255 * picture).astype(np.uint8))
            stored.save(root / "ebb" / folder / f"{index}.jpg", quality=95)
        write_image(root / "maps" / f"{index}.png", made.disparity, bits=16)


def main() -> None:
    """Print seconds a pair, of the clock and of the processors."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=8)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--size", default="1536x1024")
    given = parser.parse_args()
    width, height = (int(side) for side in given.size.split("x"))
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write_photographs(root, given.pairs, (width, height))
        source, maps = open_ebb(root / "ebb"), DisparityFolder(root / "maps", "disparity")
        before, began = os.times(), time.monotonic()
        settings = PairSettings(clear=False)
        made = prepare(source, Draw(count=given.pairs - 1), maps, root / "set", settings=settings, jobs=given.jobs)
        seconds, after = time.monotonic() - began, os.times()
        tried = len(made.outcomes)
    busy = sum(after[:4]) - sum(before[:4])
    print(
        f"{tried} pairs of {given.size}, {given.jobs} processes: {seconds / tried:.1f} s a pair by the clock, "
        f"{busy / tried:.1f} s of processor (starting the processes included)"
    )
    print(
        f"400 pairs: {400 * seconds / tried / 60:.0f} minutes by the clock, {400 * busy / tried / 60 / 2:.0f} minutes "
        "if two cores had nothing else to do (bar 60)"
    )


if __name__ == "__main__":
    main()
