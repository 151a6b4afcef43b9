"""A network that estimates depth, out of the files that ``transformers`` keeps it in: found, checked and run.

Code that comes with a model is never run, and a pickle is read for its tensors only.
"""

from __future__ import annotations

import hashlib
import importlib
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
import yaml
from torch import Tensor, nn

from bokeh_render.errors import BadInputError
from bokeh_render.optics import Float32
from bokeh_render.schema import read_json, sha256_of_json

_CONFIG, _PREPROCESSING, _CARD = "config.json", "preprocessor_config.json", "README.md"
_SAFE = ("model.safetensors", "model.safetensors.index.json")
_PICKLED = ("pytorch_model.bin", "pytorch_model.bin.index.json")
_EXPECTED = f"expected a model as transformers saves it: {_CONFIG}, {_PREPROCESSING} and {_SAFE[0]}"
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?", re.ASCII)
_KNOWN = "Depth Anything (also metric), DPT (also MiDaS), Depth Pro, ZoeDepth and GLPN"
_ZOE, _DEPTH_PRO = "zoedepth", "depth_pro"
_ZOE_PADDING = 3.0  # times the root of half a side: how much of a photograph's mirror image is put round it
_PROBE_SHAPE = (64, 96, 3)
_SHOWN = 3
_WHY_NOT_FROM_HUB = {
    "RepositoryNotFoundError": "it has no such model, or hides it",
    "GatedRepoError": "its owner wants to be asked first: agree on its page there and log in",
}


@dataclass(frozen=True)
class DepthNetwork:
    """A network, ready to run on its device.

    gives_depth: whether it gives depth, far large, and not inverse depth, near large; identity: plain JSON data, see
    DepthModel.
    """

    network: nn.Module
    processor: Any
    gives_depth: bool
    identity: dict[str, Any]

    def predict(self, display: Float32) -> Float32:
        """Return what the network gives for a photograph, (h, w), which is all of it, at the network's own size.

        display: (H, W, 3) display values. Raises BadInputError when the network cannot take it, or gives NaN.
        """
        found = _run(self.network, self.processor, display, self.identity["name"])
        if self.identity["model_type"] == _ZOE and self.processor.do_pad:
            found = _without_padding(found, (display.shape[0], display.shape[1]))
        values = found.cpu().numpy()
        if not np.isfinite(values).all():
            raise BadInputError(f"{self.identity['name']} gives NaN or infinity; expected depth: use another model")
        return np.ascontiguousarray(values, dtype=np.float32)


class _Located(NamedTuple):
    """name: what a report may call it, without saying where it lies; revision: the hub's, None for other folders."""

    folder: Path
    name: str
    revision: str | None


def load_network(name_or_path: str, device: torch.device) -> DepthNetwork:
    """Load a network from a folder, or by its id from the hub, as DepthModel.load says."""
    with _without_torchvision():
        transformers = _import_transformers()
        folder, name, revision = _locate(name_or_path)
        config, preprocessing = (_read_settings(folder / file, name) for file in (_CONFIG, _PREPROCESSING))
        gives_depth = _gives_depth(config, name)
        with _quiet(transformers):
            processor = _load_processor(transformers, folder, config["model_type"], name)
            network = _load_weights(transformers, folder, processor, name).to(device)
    identity = {
        "name": name,
        "revision": revision,
        "model_type": config["model_type"],
        "gives": "depth" if gives_depth else "inverse depth",
        "weights_sha256": _weights_sha256(network),
        "settings_sha256": sha256_of_json([_without_version(config), _without_version(preprocessing)]),
        "licence": _licence(folder),
        "transformers": str(transformers.__version__),
    }
    return DepthNetwork(network, processor, gives_depth, identity)


@contextmanager
def _without_torchvision() -> Iterator[None]:
    """Keep transformers from a torchvision that may not fit torch, on which its import fails; Pillow does as well."""
    if "torchvision" in sys.modules:
        yield
        return
    modules: dict[str, Any] = sys.modules
    modules["torchvision"] = None  # what the import system takes for "not there"
    try:
        yield
    finally:
        del modules["torchvision"]


def _import_transformers() -> Any:
    try:
        transformers = importlib.import_module("transformers")
        for name in ("AutoModelForDepthEstimation", "AutoImageProcessor"):  # imported when first asked for
            getattr(transformers, name)
    except ModuleNotFoundError as error:
        if error.name == "transformers":
            raise BadInputError(
                "a depth model needs transformers, which is not installed; pip install 'bokehbench[depth]'"
            ) from None
        raise _unusable(error) from None
    except (ImportError, RuntimeError, AttributeError) as error:
        raise _unusable(error) from None
    return transformers


def _unusable(error: Exception) -> BadInputError:
    return BadInputError(
        f"transformers is installed, but cannot be imported ({_one_line(error)}); "
        "install the version that bokehbench is tested with: pip install --upgrade 'bokehbench[depth]'"
    )


def _locate(name_or_path: str) -> _Located:
    path = Path(name_or_path).expanduser()
    if path.is_dir():
        return _Located(path, path.resolve().name, None)
    if path.exists():
        raise BadInputError(f"{path} is a file; {_EXPECTED}, in a folder")
    if not _HUB_ID.fullmatch(name_or_path):
        raise BadInputError(f"{name_or_path} is no folder, and no id of the Hugging Face hub; {_EXPECTED}, in a folder")
    folder = _from_hub(name_or_path, [_CONFIG, _PREPROCESSING, _CARD, "model*.safetensors", _SAFE[1]])
    if not _has(folder, _SAFE):
        folder = _from_hub(name_or_path, [_CONFIG, _PREPROCESSING, _CARD, "pytorch_model*.bin", _PICKLED[1]])
    return _Located(folder, name_or_path, folder.name)


def _from_hub(identifier: str, files: list[str]) -> Path:
    """Return the folder in the hub's cache, fetched if need be; it is called by the revision."""
    hub = importlib.import_module("huggingface_hub")
    try:
        return Path(hub.snapshot_download(identifier, allow_patterns=files))
    except Exception as error:  # noqa: BLE001  (the hub's own errors, and those of every layer of the network)
        reason = _WHY_NOT_FROM_HUB.get(type(error).__name__, "not reached, and its cache here lacks the model")
        raise BadInputError(
            f"{identifier} is no folder here, and the Hugging Face hub does not give it: {reason}; "
            f"{_EXPECTED}, in a folder, or an id such as depth-anything/Depth-Anything-V2-Small-hf"
        ) from None


def _read_settings(path: Path, name: str) -> dict[str, Any]:
    if not path.is_file():
        raise BadInputError(f"{name} has no {path.name}; {_EXPECTED}")
    settings = read_json(path)
    if not isinstance(settings, dict):
        raise BadInputError(f"{path} holds no JSON object; {_EXPECTED}")
    return settings


def _gives_depth(config: dict[str, Any], name: str) -> bool:
    """Return whether such a network gives depth (and not inverse depth).

    MiDaS and Depth Anything give inverse depth up to scale and shift, Depth Pro canonical inverse depth. Depth is
    given by the metric kind of Depth Anything, by ZoeDepth and GLPN, and by the DPT heads on DINOv2, which were trained
    on NYU and KITTI.
    """
    model_type = config.get("model_type")
    if model_type == "depth_anything":
        return bool(config.get("depth_estimation_type") == "metric")
    if model_type == "dpt":
        backbone = config.get("backbone_config")
        return isinstance(backbone, dict) and str(backbone.get("model_type")).startswith("dinov2")
    if model_type in ("glpn", _ZOE, _DEPTH_PRO):
        return bool(model_type != _DEPTH_PRO)
    raise BadInputError(
        f"{name} is of the type {model_type!r}, of which is not known here whether near or far is large; "
        f"expected one of {_KNOWN}"
    )


def _load_processor(transformers: Any, folder: Path, model_type: str, name: str) -> Any:
    """Return what makes a network's input of a photograph, by means of Pillow."""
    try:
        if model_type == _DEPTH_PRO:  # its own needs torchvision; the same steps, in another order
            maker = importlib.import_module("transformers.models.dpt.image_processing_pil_dpt").DPTImageProcessorPil
            processor = maker.from_pretrained(str(folder), local_files_only=True)
        else:
            processor = transformers.AutoImageProcessor.from_pretrained(
                str(folder), local_files_only=True, trust_remote_code=False, backend="pil"
            )
    except Exception as error:  # noqa: BLE001  (settings from outside can fail in any way)
        raise BadInputError(f"{name}'s {_PREPROCESSING} cannot be used ({_one_line(error)}); {_EXPECTED}") from None
    if getattr(processor, "do_center_crop", False) or (model_type != _ZOE and getattr(processor, "do_pad", False)):
        raise BadInputError(
            f"{name} crops or pads photographs ({_PREPROCESSING}), so that its maps would not lie on them; "
            "set do_center_crop and do_pad to false there, or use another model"
        )
    return processor


def _load_weights(transformers: Any, folder: Path, processor: Any, name: str) -> nn.Module:
    safe = _has(folder, _SAFE)
    if not safe and not _has(folder, _PICKLED):
        raise BadInputError(f"{name} has no weights; {_EXPECTED}")
    try:
        network, told = transformers.AutoModelForDepthEstimation.from_pretrained(
            str(folder),
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=safe,
            weights_only=True,
            dtype=torch.float32,
            output_loading_info=True,
        )
    except Exception as error:  # noqa: BLE001  (files from outside can fail in any way)
        raise BadInputError(
            f"{name} cannot be loaded ({_one_line(error)}): its weights are damaged, refused (they want more than "
            f"tensors) or do not fit its {_CONFIG}; fetch the model again"
        ) from None
    network.eval()
    _settle_missing(network, processor, sorted(told["missing_keys"]), name)
    return network  # type: ignore[no-any-return]


def _settle_missing(network: nn.Module, processor: Any, missing: list[str], name: str) -> None:
    """Set weights that the file lacks to 0 where they have no part in the result; refuse those that have.

    MiDaS's own (``Intel/dpt-large``) lacks some that are never used. Set to NaN, one that is used shows.
    """
    if not missing:
        return
    state = network.state_dict()
    lost = [state[key] for key in missing if key in state and state[key].is_floating_point()]
    for values in lost:
        values.fill_(float("nan"))
    found = _run(network, processor, np.full(_PROBE_SHAPE, 0.5, dtype=np.float32), name)
    if not bool(torch.isfinite(found).all()):
        more = f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else ""
        raise BadInputError(
            f"{name} lacks the weights {', '.join(missing[:_SHOWN])}{more}, so it would give noise; "
            "use a model that was trained to estimate depth, saved whole"
        )
    for values in lost:
        values.zero_()


def _run(network: nn.Module, processor: Any, display: Float32, name: str) -> Tensor:
    pixels = np.rint(np.clip(display, 0.0, 1.0) * 255.0).astype(np.uint8)
    device = next(network.parameters()).device
    try:
        inputs = processor(images=pixels, return_tensors="pt", input_data_format="channels_last")
        with torch.inference_mode():
            found: Tensor = network(pixel_values=inputs["pixel_values"].to(device, torch.float32)).predicted_depth
    except (RuntimeError, ValueError, TypeError, ZeroDivisionError) as error:
        raise BadInputError(
            f"{name} cannot take a photograph of {pixels.shape[1]}×{pixels.shape[0]} ({_one_line(error)}); "
            "use another model"
        ) from None
    return found.float().reshape(found.shape[-2:])


def _without_padding(found: Tensor, size: tuple[int, int]) -> Tensor:
    """Return a map of the photograph alone, at its size, from one that includes ZoeDepth's padding."""
    top, left = (int(np.sqrt(side / 2.0) * _ZOE_PADDING) for side in size)
    padded = nn.functional.interpolate(
        found[None, None], size=(size[0] + 2 * top, size[1] + 2 * left), mode="bicubic", align_corners=False
    )
    return padded[0, 0, top : top + size[0], left : left + size[1]]


def _weights_sha256(network: nn.Module) -> str:
    """Return a sha256 over names, shapes and float32 values, in the state dict's order."""
    total = hashlib.sha256()
    for key, values in network.state_dict().items():
        plain = values.detach().cpu()
        plain = plain.float() if plain.is_floating_point() else plain
        total.update(f"{key} {tuple(plain.shape)}\n".encode())
        total.update(np.ascontiguousarray(plain.numpy()).tobytes())
    return total.hexdigest()


def _licence(folder: Path) -> str:
    """Return the licence that the head of the model's own page names, or unknown."""
    try:
        _, head, _ = (folder / _CARD).read_text(encoding="utf-8").split("---", 2)
        told = yaml.safe_load(head)["license"]
    except (OSError, UnicodeDecodeError, ValueError, yaml.YAMLError, KeyError, TypeError):
        return "unknown"
    return told if isinstance(told, str) else "unknown"


def _without_version(settings: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in settings.items() if key not in ("transformers_version", "_name_or_path")}


def _has(folder: Path, names: tuple[str, ...]) -> bool:
    return any((folder / name).is_file() for name in names)


@contextmanager
def _quiet(transformers: Any) -> Iterator[None]:
    """Keep transformers from writing to the terminal: what matters of it becomes an error here."""
    logging = transformers.utils.logging
    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()


def _one_line(error: Exception) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 200 else f"{text[:200]}…"
