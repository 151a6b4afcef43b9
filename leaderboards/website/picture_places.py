"""Where a board's pictures lie. Scripts put the same names together: static/sample_view.js."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from benchmark.samples import Sample

from .arrangement import ShownBoard
from .places import PICTURES, slugs

FULL, SMALL, ERROR = ".avif", "_small.webp", "_error.avif"
"""What a picture's file names end with: in full size, to step through and for sheets, where a prediction errs."""

IMAGE, DISPARITY, TRUTH = "image", "disparity", "truth"
ERROR_SCALE_FILE = f"{PICTURES}/error_scale.webp"


@dataclass(frozen=True)
class PicturePlaces:
    """Places without suffix, below ``top``. scenes, methods: what stands for each in addresses."""

    top: str
    scenes: Mapping[str, str]
    methods: Mapping[str, str]

    @classmethod
    def of(cls, shown: ShownBoard) -> PicturePlaces:
        """Return those of a board. A method's folder has an @ in its name, so that none is called ``truth``."""
        scenes, methods = shown.board.scenes, shown.pictured or ()
        revisions = [f"{name}@{shown.board.entries[name].result.method.revision}" for name in methods]
        return cls(
            f"{PICTURES}/{shown.slug}",
            dict(zip(scenes, slugs(scenes), strict=True)),
            dict(zip(methods, slugs(revisions), strict=True)),
        )

    def given(self, scene: str, what: str) -> str:
        """Return where a scene's image or disparity lies."""
        return f"{self.top}/{self.scenes[scene]}/{what}"

    def truth(self, sample: Sample) -> str:
        """Return where a ground truth lies."""
        return f"{self.given(sample.scene, TRUTH)}/{_setting(sample)}"

    def prediction(self, sample: Sample, method: str) -> str:
        """Return where a method's prediction lies."""
        return f"{self.given(sample.scene, self.methods[method])}/{_setting(sample)}"


def _setting(sample: Sample) -> str:
    return f"{sample.blur:02d}_{sample.focus:02d}"
