"""Is a dataset what it says it is? Every check on every scene, as rows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bokeh_render.errors import BadInputError
from bokeh_render.imagefile import read_image, read_map
from bokeh_render.optics import Float32
from bokeh_render.progress import ReportStep, Step, silent
from bokeh_render.schema import load_json

from .alignment import check_alignment
from .blur_law import BlurProbe, PatchFit, check_blur_law
from .contents import Contents, ListedFile, read_contents
from .file_checks import check_files, check_grid, check_manifest, check_scene_list, check_strays
from .finding import Finding
from .map_checks import check_anti_aliased, check_corrupted
from .optics_checks import check_depth, check_disparity_range, check_focus, check_lens
from .picture_checks import PictureFacts, check_highlights, check_light, check_sizes, check_values, picture_facts
from .stack import DATASET_FILE, DEPTH_FILE, INFO_FILE, RenderedStackInfo, Stack, StackInfo, read_stack

_PATCHES_PER_SCENE = 300


def validate(root: Path, *, quick: bool = False, report: ReportStep = silent) -> list[Finding]:
    """Check a dataset of either layout and kind and return what was found, a row per check and scene.

    quick: compare sizes instead of hashes, and open no bokeh image.
    Raises BadInputError when ``root`` is no dataset; a damaged one is a finding.
    """
    try:
        contents = read_contents(root)
    except BadInputError as error:
        if not (root / DATASET_FILE).is_file():
            raise
        return [Finding("manifest", "", "failed", str(error))]
    if contents.record is not None and contents.record.kind == "pairs":
        from .pair_validation import validate_pairs

        return validate_pairs(contents, quick=quick, report=report)
    findings = [check_manifest(contents), check_scene_list(contents), check_strays(contents)]
    for scene in contents.folders:
        findings += _Scene(contents, scene, quick, report).findings()
    return findings


class _Scene:
    """The checks of one scene. Each picture is read once."""

    def __init__(self, contents: Contents, scene: str, quick: bool, report: ReportStep) -> None:
        self.contents, self.scene, self.quick, self.report = contents, scene, quick, report
        self.folder = contents.folders[scene]
        self.done = 0
        self.total = len(contents.of_scene(scene)) * 2

    def findings(self) -> Iterator[Finding]:
        yield check_files(self.contents, self.scene, hashes=not self.quick, seen=self._seen)
        grid = check_grid(self.contents, self.scene)
        yield grid
        try:
            stack = read_stack(self.folder)
        except BadInputError as error:
            yield self._unread_depth() or Finding("stack", self.scene, "failed", str(error))
            self._finish()
            return
        yield from self._numbers(stack)
        yield check_alignment(self.scene, stack.light, stack.disparity)
        yield from self._pictures(stack)
        self._finish()

    def _unread_depth(self) -> Finding | None:
        """Return what is wrong with the depth, if that is why the stack cannot be read."""
        try:
            found = check_depth(self.scene, read_map(self.folder / DEPTH_FILE))
        except BadInputError:
            return None
        return found if found.state == "failed" else None

    def _numbers(self, stack: Stack) -> Iterator[Finding]:
        yield check_depth(self.scene, read_map(self.folder / DEPTH_FILE))
        info: StackInfo = stack.info
        if self.contents.record is not None:
            try:
                info = load_json(RenderedStackInfo, self.folder / INFO_FILE)
            except BadInputError as error:
                yield Finding("info", self.scene, "failed", str(error))
                return
            yield check_disparity_range(self.scene, info, stack.range)
        yield check_lens(self.scene, info, stack.range)
        yield check_focus(self.scene, info, stack.range)

    def _pictures(self, stack: Stack) -> Iterator[Finding]:
        facts = [picture_facts("image.exr", stack.light, None)]
        sizes = {"image.exr": facts[0].size, "depth.exr": _size(stack.disparity)}
        unreadable: list[str] = []
        fits: list[PatchFit] = []
        maps: dict[str, Float32] = {}
        probe = None if self.quick else BlurProbe(stack)
        for file in self.contents.of_scene(self.scene):
            self._seen(file)
            name = file.path.relative_to(self.folder).as_posix()
            try:
                if file.role in ("corrupted", "disparity_aa"):
                    maps[name] = read_map(file.path)
                    sizes[name] = _size(maps[name])
                elif file.role in ("bokeh", "bokeh_seed2") and not self.quick:
                    light = read_image(file.path).pixels
                    facts.append(picture_facts(name, light, stack.light))
                    sizes[name] = facts[-1].size
                    if file.role == "bokeh" and probe is not None:
                        fits += self._patches(probe, light, file)
            except BadInputError as error:
                unreadable.append(str(error))
        yield check_sizes(self.scene, self._expected_size(stack), sizes)
        yield check_values(self.scene, facts, unreadable)
        yield check_highlights(self.scene, facts)
        yield from self._judge_bokeh(stack, facts, fits)
        yield from self._judge_maps(stack, maps)

    @staticmethod
    def _patches(probe: BlurProbe, light: Float32, file: ListedFile) -> list[PatchFit]:
        info = probe.stack.info
        if file.blur not in range(len(info.blur_parameters)) or file.focus not in range(len(info.focus_distances)):
            return []  # check_grid tells of it
        if light.shape != probe.stack.light.shape or file.blur is None or file.focus is None:
            return []
        samples = len(info.blur_parameters) * len(info.focus_distances)
        patches = max(6, min(12, _PATCHES_PER_SCENE // samples))
        return probe.measure(light, file.blur, file.focus, patches=patches)

    @staticmethod
    def _expected_size(stack: Stack) -> tuple[int, int]:
        """Return (width, height) as info.json says, or else as the image has."""
        told = stack.info.model_extra or {}
        width, height = told.get("width"), told.get("height")
        return (width, height) if isinstance(width, int) and isinstance(height, int) else _size(stack.disparity)

    def _judge_bokeh(self, stack: Stack, facts: list[PictureFacts], fits: list[PatchFit]) -> Iterator[Finding]:
        if self.quick:
            yield Finding("light, blur law", self.scene, "not checked", "--quick opens no bokeh image")
            return
        yield check_light(self.scene, facts)
        yield check_blur_law(self.scene, fits, len(stack.info.blur_parameters))

    def _judge_maps(self, stack: Stack, maps: dict[str, Float32]) -> Iterator[Finding]:
        corrupted = {name: values for name, values in maps.items() if name.startswith("corrupted")}
        if corrupted:
            yield check_corrupted(self.scene, corrupted, stack.disparity, stack.range, stack.info.corruptions)
        for values in (values for name, values in maps.items() if name not in corrupted):
            yield check_anti_aliased(self.scene, values, stack.disparity, stack.range)

    def _seen(self, file: ListedFile) -> None:
        self.done += 1
        self.report(Step(self.scene, self.done, self.total, file.path.name))

    def _finish(self) -> None:
        self.report(Step(self.scene, self.total, self.total))


def _size(values: Float32) -> tuple[int, int]:
    return values.shape[1], values.shape[0]
