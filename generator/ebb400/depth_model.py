"""Disparity from a network that estimates depth from one photograph, run through ``transformers``.

The networks are not part of this package: their weights come from a folder, or from the Hugging Face hub.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from bokeh_render.errors import BadInputError
from bokeh_render.neural.device import choose_device
from bokeh_render.neural.threads import torch_threads
from bokeh_render.optics import Float32
from bokeh_render.orientation import UPRIGHT

from .depth_network import DepthNetwork, load_network
from .disparity_refining import HIGH_PERCENT, LOW_PERCENT, normalise_robustly, refine
from .disparity_source import DisparityFound

_NEAREST = 1e-6  # of the largest depth: less, and 0, counts as this


class DepthModel:
    """A network that estimates depth, as a source of disparity (see DisparitySource).

    It can be pickled: it is then loaded again, and refused should its weights have changed. identity: plain JSON data:
    name, revision (the hub's, else None), model_type, gives (``inverse depth`` or ``depth``), weights_sha256 (over
    names, shapes and float32 values in the order of the state dict), settings_sha256 (of the network and its
    preprocessing), licence (as its own page says, or ``unknown``) and the version of transformers.
    """

    def __init__(self, network: DepthNetwork, source: str, device: str, threads: int) -> None:
        self.identity = network.identity
        self._network, self._source, self._device, self._threads = network, source, device, threads

    @classmethod
    def load(cls, name_or_path: str, device: str = "auto", threads: int = 1) -> DepthModel:
        """Load a network from a folder, or from the hub (from its cache where the hub is not reached).

        name_or_path: a folder with config.json, preprocessor_config.json and model.safetensors (or pytorch_model.bin,
        from which nothing but tensors is read), or an id such as ``depth-anything/Depth-Anything-V2-Small-hf``;
        device: auto, cpu, cuda or cuda:1; threads: of the CPU, 0 = all. Raises BadInputError, in one sentence, when
        transformers is not installed, there is no such model, and when its files are incomplete, damaged or of a type
        that is not known here.
        """
        chosen = choose_device(device)
        with torch_threads(threads):
            network = load_network(name_or_path, chosen)
        is_local = network.identity["revision"] is None
        source = str(Path(name_or_path).expanduser().resolve()) if is_local else name_or_path
        return cls(network, source, device, threads)

    @property
    def key(self) -> dict[str, Any]:
        """The weights, the settings and what runs them; not what the model is called or where it lies."""
        named = ("gives", "weights_sha256", "settings_sha256", "transformers")
        return {"source": "model", **{name: self.identity[name] for name in named}}

    def key_of(self, identifier: int) -> dict[str, Any]:
        """Return ``key``: all ids get their disparity from the same network."""
        del identifier
        return self.key

    def disparity(self, display: Float32) -> Float32:
        """Return relative inverse depth, near large, (h, w) at the network's own size, for all of the photograph.

        display: (H, W, 3) display values. Its scale, and for most networks its zero, mean nothing. Raises
        BadInputError when the network cannot take the photograph, or gives NaN or no depth above 0.
        """
        with torch_threads(self._threads):
            found = self._network.predict(display)
        if not self._network.gives_depth:
            return found
        farthest = float(found.max())
        if farthest <= 0:
            raise BadInputError(f"{self.identity['name']} gives no depth above 0; use another model")
        return (1.0 / np.maximum(found, _NEAREST * farthest)).astype(np.float32)

    def find(
        self, identifier: int, display: Float32, stored_size: tuple[int, int] | None = None, orientation: int = UPRIGHT
    ) -> DisparityFound:
        """Return the normalised disparity of the upright photograph, refined (see DisparitySource.find).

        Raises BadInputError as ``disparity`` does, and when the network sees neither near nor far.
        """
        del identifier, stored_size, orientation  # the network is shown the upright pixels
        raw = self.disparity(display)
        normalised = normalise_robustly(raw, f"the disparity that {self.identity['name']} estimates")
        origin = {
            **self.identity,
            "source": "model",
            "size": [raw.shape[0], raw.shape[1]],
            "percentiles": [LOW_PERCENT, HIGH_PERCENT],
            "low": normalised.low,
            "high": normalised.high,
            "refined": True,
        }
        return DisparityFound(refine(normalised.disparity, display), origin)

    def __reduce__(self) -> tuple[Any, ...]:
        return _load_again, (self._source, self._device, self._threads, self.identity["weights_sha256"])


def _load_again(source: str, device: str, threads: int, weights_sha256: str) -> DepthModel:
    model = DepthModel.load(source, device, threads)
    if model.identity["weights_sha256"] != weights_sha256:
        raise BadInputError(f"{model.identity['name']} has changed since it was loaded first; start again")
    return model
