"""A dataset as the benchmark reads it: the samples its manifest demands, inputs for methods, truth for scoring.

Two layouts are read by the same code: ours (``dataset.json`` and ``manifest.jsonl``), and the original BLB download
(scene folders with ``image.exr``, ``depth.exr``, ``info.json`` and a full grid of ``bokeh_KK_FF.exr``).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from bokeh_render.errors import BadInputError
from bokeh_render.imagefile import read_image
from bokeh_render.optics import Float32, display_from_light
from bokeh_render.schema import load_json, sha256_of_file, sha256_of_json
from generator.stack import (
    DATASET_FILE,
    DEPTH_FILE,
    IMAGE_FILE,
    INFO_FILE,
    MANIFEST_FILE,
    WORK_FOLDER,
    DatasetRecord,
    SampleKey,
    Stack,
    StackInfo,
    bokeh_file,
    original_scene_folders,
    read_manifest,
    read_stack,
)

from .methods.interface import MethodInput
from .protocols import Protocol


@dataclass(frozen=True)
class SceneFiles:
    """Where a scene lies, and the sha256 of each of its files by name."""

    folder: Path
    sha256: dict[str, str]


@dataclass(frozen=True)
class Dataset:
    """An opened dataset.

    samples: every prediction that must be made, in order; recipe_sha256: None for the original BLB.
    """

    root: Path
    name: str
    version: str
    recipe_sha256: str | None
    files_sha256: str
    samples: tuple[SampleKey, ...]
    scenes: dict[str, SceneFiles]

    def stack(self, scene: str) -> Stack:
        """Read a scene's image, disparity and info, checking their hashes; the last one read is kept."""
        return _cached_stack(self, scene)

    def __hash__(self) -> int:
        return hash((self.root, self.files_sha256))

    def method_input(self, key: SampleKey, protocol: Protocol) -> MethodInput:
        """Return what a method is told about a sample."""
        stack = self.stack(key.scene)
        display = display_from_light(stack.light, protocol.gamma)
        blur_parameter_raw = stack.info.blur_parameters[key.blur]
        focus_raw = stack.info.focus_disparities[key.focus]
        return MethodInput(
            display=np.clip(display, 0.0, 1.0) if protocol.clip_input else display,
            disparity=stack.range.normalise(stack.disparity),
            blur_parameter=blur_parameter_raw * stack.range.extent,
            focus_disparity=stack.range.normalise(focus_raw),
            disparity_raw=stack.disparity,
            blur_parameter_raw=blur_parameter_raw,
            focus_disparity_raw=focus_raw,
            gamma=protocol.gamma,
            aperture=stack.info.aperture,
        )

    def truth(self, key: SampleKey) -> Float32:
        """Read a sample's ground truth in light, (H, W, 3); raises BadInputError when it is not the manifest's file."""
        path = self._checked(key.scene, bokeh_file(key.blur, key.focus))
        light = read_image(path).pixels
        expected = self.stack(key.scene).light.shape
        if light.shape != expected:
            raise BadInputError(
                f"{path} is {light.shape[1]}×{light.shape[0]} but {IMAGE_FILE} beside it is "
                f"{expected[1]}×{expected[0]}; the dataset is damaged, generate or download it again"
            )
        return light

    def noise_floor(self, scene: str) -> dict[int, float]:
        """Return the PSNR bound in dB by blur level, as far as it was measured."""
        return {floor.blur: floor.psnr for floor in self.stack(scene).info.noise_floor}

    def _checked(self, scene: str, file: str) -> Path:
        files = self.scenes[scene]
        path = files.folder / file
        if not path.is_file():
            raise BadInputError(f"{path} is missing, though the dataset lists it; generate or download it again")
        if sha256_of_file(path) != files.sha256.get(file):
            raise BadInputError(
                f"{path} is not the file that {MANIFEST_FILE} lists (its sha256 differs): truncated or edited; "
                "generate or download it again"
            )
        return path


@lru_cache(maxsize=2)
def _cached_stack(dataset: Dataset, scene: str) -> Stack:
    for file in (IMAGE_FILE, DEPTH_FILE, INFO_FILE):
        dataset._checked(scene, file)  # noqa: SLF001  (a method of this class in all but place)
    return read_stack(dataset.scenes[scene].folder)


def open_dataset(root: Path) -> Dataset:
    """Open a dataset of either layout; raises BadInputError when the folder holds neither, or not all of it."""
    if not root.is_dir():
        raise BadInputError(f"{root} is not a folder; expected a dataset made by bokehbench generate")
    if (root / DATASET_FILE).is_file():
        return _open_ours(root)
    if (root / WORK_FOLDER).is_dir():
        raise BadInputError(f"{root} is not finished; run the same bokehbench generate (or demo) again to complete it")
    return _open_original(root)


def _open_ours(root: Path) -> Dataset:
    record = load_json(DatasetRecord, root / DATASET_FILE)
    manifest = root / MANIFEST_FILE
    if not manifest.is_file() or sha256_of_file(manifest) != record.files_sha256:
        raise BadInputError(
            f"{manifest} is missing or is not the one that {DATASET_FILE} names; generate or download the dataset again"
        )
    scenes: dict[str, SceneFiles] = {}
    samples = []
    for entry in read_manifest(manifest):
        path = root / entry.path
        if entry.role == "bokeh_seed2":
            continue
        scenes.setdefault(entry.scene, SceneFiles(path.parent, {})).sha256[path.name] = entry.sha256
        if entry.role == "bokeh" and entry.blur is not None and entry.focus is not None:
            samples.append(SampleKey(entry.scene, entry.blur, entry.focus))
    return Dataset(root, record.name, record.version, record.recipe_sha256, record.files_sha256, tuple(samples), scenes)


def _open_original(root: Path) -> Dataset:
    found = original_scene_folders(root)
    samples: list[SampleKey] = []
    missing: list[str] = []
    for scene in found:
        info = load_json(StackInfo, scene / INFO_FILE)
        grid = [
            SampleKey(scene.name, blur, focus)
            for blur in range(len(info.blur_parameters))
            for focus in range(len(info.focus_distances))
        ]
        needed = [IMAGE_FILE, DEPTH_FILE, *(bokeh_file(key.blur, key.focus) for key in grid)]
        missing += [f"{scene.name}/{file}" for file in needed if not (scene / file).is_file()]
        samples += grid
    if missing:
        raise BadInputError(
            f"{root} looks like the original BLB layout but lacks {len(missing)} file(s), first {missing[0]}; "
            "expected image.exr, depth.exr and the full grid of bokeh_KK_FF.exr in each scene"
        )
    scenes = {
        scene.name: SceneFiles(
            scene, {path.name: sha256_of_file(path) for path in sorted(scene.iterdir()) if path.is_file()}
        )
        for scene in found
    }
    files = sha256_of_json({name: files.sha256 for name, files in scenes.items()})
    return Dataset(root, "BLB (original layout)", "original", None, files, tuple(samples), scenes)
