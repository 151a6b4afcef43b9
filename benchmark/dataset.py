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
from bokeh_render.imagefile import Image, read_image, read_map
from bokeh_render.optics import Float32
from bokeh_render.progress import ReportStep, Step, silent
from bokeh_render.schema import load_json, sha256_of_file, sha256_of_json
from generator.stack import (
    DATASET_FILE,
    DEPTH_FILE,
    DISPARITY_FILE,
    IMAGE_FILE,
    INFO_FILE,
    MANIFEST_FILE,
    WORK_FOLDER,
    DatasetRecord,
    SampleKey,
    StackInfo,
    bokeh_file,
    corrupted_file,
    original_scene_folders,
    read_manifest,
)

from .methods.interface import MethodInput
from .protocols import Protocol
from .samples import Sample, demanded
from .scene import Scene, read_pair_scene, read_stack_scene

_IMAGE_STEM = Path(IMAGE_FILE).stem
_IMAGE_SUFFIXES = (".exr", ".png", ".jpg", ".jpeg")


@dataclass(frozen=True)
class SceneFiles:
    """Where a scene lies, and the sha256 of each of its files by name."""

    folder: Path
    sha256: dict[str, str]

    def named(self, stem: str) -> str:
        """Return the name of the image file with this stem, as the dataset lists it; EXR when it lists none."""
        return next((name for suffix in _IMAGE_SUFFIXES if (name := stem + suffix) in self.sha256), stem + ".exr")


@dataclass(frozen=True)
class Dataset:
    """An opened dataset.

    kind: ``stacks`` or ``pairs``; truths: every ground-truth image, in order; recipe_sha256: None for the original BLB.
    """

    root: Path
    name: str
    version: str
    kind: str
    recipe_sha256: str | None
    files_sha256: str
    truths: tuple[SampleKey, ...]
    scenes: dict[str, SceneFiles]

    def __hash__(self) -> int:
        return hash((self.root, self.files_sha256))

    def samples(self, protocol: Protocol) -> tuple[Sample, ...]:
        """Return every prediction that a protocol demands, in order: all of one truth stand together.

        Raises BadInputError when the protocol is for another kind of dataset, or needs maps that this one lacks.
        """
        if self.kind != protocol.takes:
            raise BadInputError(
                f"{self.root} is a dataset of {self.kind}, and {protocol.name} scores {protocol.takes}; "
                "choose another --protocol or another dataset"
            )
        return demanded(protocol, self.truths, self._corrupted_count)

    def _corrupted_count(self, scene: str) -> int:
        count = sum(name.startswith("corrupted_") for name in self.scenes[scene].sha256)
        if count == 0 or not all(corrupted_file(index) in self.scenes[scene].sha256 for index in range(count)):
            raise BadInputError(
                f"{self.scenes[scene].folder} has no corrupted disparity maps (corrupted_00.exr …); expected them "
                "for this protocol: generate the dataset with corruptions"
            )
        return count

    def scene(self, name: str) -> Scene:
        """Read what is given of a scene, checking the hashes of its files; the last ones read are kept."""
        return _cached_scene(self, name)

    def method_input(self, sample: Sample, protocol: Protocol) -> MethodInput:
        """Return what a method is told about a sample; its arrays are shared by many samples and read-only."""
        scene = self.scene(sample.scene)
        stack = scene.stack
        disparity = scene.disparity
        disparity_raw = None if stack is None else stack.disparity
        if sample.corruption is not None:
            disparity, disparity_raw = _cached_corrupted(self, sample.scene, sample.corruption)
        return MethodInput(
            display=_cached_display(self, sample.scene, protocol.gamma, protocol.clip_input),
            disparity=disparity,
            blur_parameter=scene.blur_parameters[sample.blur],
            focus_disparity=scene.focus_disparities[sample.focus],
            disparity_raw=disparity_raw,
            blur_parameter_raw=None if stack is None else stack.info.blur_parameters[sample.blur],
            focus_disparity_raw=None if stack is None else stack.info.focus_disparities[sample.focus],
            gamma=protocol.gamma,
            aperture=scene.aperture,
            name=str(sample),
        )

    def truth(self, key: SampleKey) -> Image:
        """Read a ground truth, (H, W, 3); raises BadInputError when it is not the file that the manifest lists."""
        path = self._checked(key.scene, self.scenes[key.scene].named(key.name))
        image = read_image(path)
        height, width = self.scene(key.scene).size
        if image.pixels.shape != (height, width, 3):
            raise BadInputError(
                f"{path} is {image.pixels.shape[1]}×{image.pixels.shape[0]} but the image beside it is "
                f"{width}×{height}; the dataset is damaged, generate or download it again"
            )
        return image

    def truth_sha256(self, key: SampleKey) -> str:
        """Return the hash of a ground truth's file, as the dataset lists it."""
        files = self.scenes[key.scene]
        return files.sha256[files.named(key.name)]

    def truth_display(self, key: SampleKey, protocol: Protocol) -> Float32:
        """Read a ground truth as it is compared: display values, clipped."""
        return np.clip(self.truth(key).as_display(protocol.gamma), *protocol.clip_scored)

    def noise_floor(self, scene: str) -> dict[int, float]:
        """Return the PSNR bound in dB by blur level, as far as it was measured."""
        if self.kind != "stacks":
            return {}
        info = load_json(StackInfo, self._checked(scene, INFO_FILE))
        return {floor.blur: floor.psnr for floor in info.noise_floor}

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
def _cached_scene(dataset: Dataset, scene: str) -> Scene:
    files = dataset.scenes[scene]
    image_file = files.named(_IMAGE_STEM)
    for file in (image_file, DEPTH_FILE if dataset.kind == "stacks" else DISPARITY_FILE, INFO_FILE):
        dataset._checked(scene, file)  # noqa: SLF001  (a method of this class in all but place)
    scene_read = (
        read_stack_scene(files.folder) if dataset.kind == "stacks" else read_pair_scene(files.folder, image_file)
    )
    _frozen(scene_read.disparity)
    if scene_read.stack is not None:
        _frozen(scene_read.stack.disparity)
    return scene_read


@lru_cache(maxsize=2)
def _cached_display(dataset: Dataset, scene: str, gamma: float, clipped: bool) -> Float32:
    display = dataset.scene(scene).image.as_display(gamma)
    return _frozen(np.clip(display, 0.0, 1.0) if clipped else display)


@lru_cache(maxsize=32)
def _cached_corrupted(dataset: Dataset, scene: str, index: int) -> tuple[Float32, Float32 | None]:
    """Return a corrupted map, normalised and, where metres are known, in 1/metre."""
    path = dataset._checked(scene, corrupted_file(index))  # noqa: SLF001  (as above)
    given = dataset.scene(scene)
    found = read_map(path)
    if found.shape != given.size:
        raise BadInputError(f"{path} is {found.shape[1]}×{found.shape[0]}; expected {given.size[1]}×{given.size[0]}")
    return _frozen(found), None if given.range is None else _frozen(given.range.denormalise(found))


def _frozen(array: Float32) -> Float32:
    """Return the array, which nobody may change any more: many samples share it."""
    array.flags.writeable = False
    return array


def open_dataset(root: Path, report: ReportStep = silent) -> Dataset:
    """Open a dataset of either layout; raises BadInputError when the folder holds neither, or not all of it.

    report: hears of the original layout's files, all of which are hashed, as it has no manifest.
    """
    if not root.is_dir():
        raise BadInputError(f"{root} is not a folder; expected a dataset made by bokehbench generate")
    if (root / DATASET_FILE).is_file():
        return _open_ours(root)
    if (root / WORK_FOLDER).is_dir():
        raise BadInputError(
            f"{root} is not finished; run the command that began it (bokehbench generate, demo or prepare-ebb400) again"
        )
    return _open_original(root, report)


def _open_ours(root: Path) -> Dataset:
    record = load_json(DatasetRecord, root / DATASET_FILE)
    manifest = root / MANIFEST_FILE
    if not manifest.is_file() or sha256_of_file(manifest) != record.files_sha256:
        raise BadInputError(
            f"{manifest} is missing or is not the one that {DATASET_FILE} names; generate or download the dataset again"
        )
    scenes: dict[str, SceneFiles] = {}
    truths = []
    for entry in read_manifest(manifest):
        path = root / entry.path
        if entry.role == "bokeh_seed2":
            continue
        scenes.setdefault(entry.scene, SceneFiles(path.parent, {})).sha256[path.name] = entry.sha256
        if entry.role == "bokeh" and entry.blur is not None and entry.focus is not None:
            truths.append(SampleKey(entry.scene, entry.blur, entry.focus))
    return Dataset(
        root=root,
        name=record.name,
        version=record.version,
        kind=record.kind,
        recipe_sha256=record.recipe_sha256,
        files_sha256=record.files_sha256,
        truths=tuple(truths),
        scenes=scenes,
    )


def _open_original(root: Path, report: ReportStep) -> Dataset:
    found = original_scene_folders(root)
    truths: list[SampleKey] = []
    needed: dict[Path, list[str]] = {}
    for scene in found:
        info = load_json(StackInfo, scene / INFO_FILE)
        grid = [
            SampleKey(scene.name, blur, focus)
            for blur in range(len(info.blur_parameters))
            for focus in range(len(info.focus_distances))
        ]
        needed[scene] = [IMAGE_FILE, DEPTH_FILE, INFO_FILE, *(bokeh_file(key.blur, key.focus) for key in grid)]
        truths += grid
    missing = [
        f"{scene.name}/{file}" for scene, files in needed.items() for file in files if not (scene / file).is_file()
    ]
    if missing:
        raise BadInputError(
            f"{root} looks like the original BLB layout but lacks {len(missing)} file(s), first {missing[0]}; "
            "expected image.exr, depth.exr and the full grid of bokeh_KK_FF.exr in each scene"
        )
    scenes = {}
    for done, (scene, names) in enumerate(needed.items()):
        report(Step("hash the dataset", done, len(needed), scene.name))
        scenes[scene.name] = SceneFiles(scene, {name: sha256_of_file(scene / name) for name in names})
    report(Step("hash the dataset", len(needed), len(needed)))
    files = sha256_of_json({name: files.sha256 for name, files in scenes.items()})
    return Dataset(
        root=root,
        name="BLB-original-layout",
        version="original",
        kind="stacks",
        recipe_sha256=None,
        files_sha256=files,
        truths=tuple(truths),
        scenes=scenes,
    )
