"""The improved hybrid with a refiner of one's own training, as a method: for ablations that need weights of their own.

    REFINER=runs/small/refiner.safetensors bokehbench evaluate tests.figures.own_hybrid:OwnHybrid …

The name is that of the training config, `hybrid-small`; revision and hash are those of the weights.
"""

from __future__ import annotations

import os
from pathlib import Path

from benchmark.methods.hybrid import HybridMethod
from benchmark.methods.interface import MethodMetadata, package_revision
from bokeh_render import BadInputError, HybridRenderer
from bokeh_render.neural.checkpoints import read_weights
from bokeh_render.schema import sha256_of_file


class OwnHybrid(HybridMethod):
    def __init__(self) -> None:
        if "REFINER" not in os.environ:
            raise BadInputError(
                "the variable REFINER names no weights; expected a refiner.safetensors of a training run"
            )
        self.path = Path(os.environ["REFINER"]).resolve()
        told, found = read_weights(self.path).metadata, sha256_of_file(self.path)
        self.name = f"hybrid-{told.get('config', self.path.stem)}"
        self.description = f"hybrid with the refiner that {told.get('config', 'an unknown config')} trained"
        self.revision = f"{package_revision()}+{found[:8]}"
        self.metadata = MethodMetadata(weights_sha256=found)

    def open_renderer(self) -> HybridRenderer:
        return HybridRenderer.from_checkpoints(refiner=self.path)
