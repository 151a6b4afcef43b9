"""Is a dataset of pairs what it says it is? Every check on every pair of photographs, as rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from bokeh_render.errors import BadInputError
from bokeh_render.imagefile import read_image, read_map
from bokeh_render.optics import DISPLAY_GAMMA, Float32
from bokeh_render.progress import ReportStep, Step, silent

from .contents import Contents, ListedFile, read_contents
from .ebb400.caveats import near_and_far
from .ebb400.info import OriginalPairInfo, PreparedPairInfo
from .ebb400.layout import ORIGINAL_FOLDER, REPORT_FILE, scene_name
from .ebb400.pair_on_disk import PairPictures, pair_files, read_pair_info
from .file_checks import check_files, check_manifest, check_strays
from .finding import Finding, listed
from .pair_checks import (
    check_normalised,
    check_pair_alignment,
    check_pair_blur,
    check_pair_files,
    check_pair_info,
    check_render,
    check_shallower,
)
from .picture_checks import PictureFacts, check_sizes, check_values, picture_facts
from .stack import DATASET_FILE, MANIFEST_FILE, WORK_FOLDER, PairInfo


def validate_pairs(contents: Contents, *, quick: bool = False, report: ReportStep = silent) -> list[Finding]:
    """Check a dataset of pairs and return what was found, a row per check and scene.

    quick: compare sizes instead of hashes, and open no shallow photograph.
    """
    untouched, beside = _untouched_part(contents)
    findings = [check_manifest(contents), _check_ids(contents), _check_strays(contents, beside)]
    if untouched is not None:
        findings.append(untouched)
    prepared: list[PreparedPairInfo] = []
    for done, scene in enumerate(contents.folders):
        report(Step("checking pairs", done, len(contents.folders), scene))
        pair = _Pair(contents, scene, quick)
        findings += pair.findings()
        if isinstance(pair.info, PreparedPairInfo):
            prepared.append(pair.info)
    report(Step("checking pairs", len(contents.folders), len(contents.folders)))
    if prepared:
        findings.append(_check_near_and_far(prepared))
    return findings


def _check_ids(contents: Contents) -> Finding:
    """Check that the scenes are those whose ids the config lists."""
    ids = None if contents.record is None else contents.record.config.get("ids")
    if not isinstance(ids, list):
        return Finding("scenes", "", "not checked", f"{len(contents.folders)}; {DATASET_FILE} lists no ids")
    wanted, found = {scene_name(i) if isinstance(i, int) else str(i) for i in ids}, set(contents.folders)
    difference = [f"{scene} is missing" for scene in sorted(wanted - found)]
    difference += [f"{scene} is too many" for scene in sorted(found - wanted)]
    if difference:
        return Finding("scenes", "", "failed", f"{listed(difference)}; expected the ids of {DATASET_FILE}'s config")
    return Finding("scenes", "", "ok", f"{len(found)}, the ids of the config")


def _check_strays(contents: Contents, beside: list[ListedFile]) -> Finding:
    """Check that no data lies about; what a prepared set has beside its own is none."""
    found = check_strays(replace(contents, files=(*contents.files, *beside)))
    work = contents.root / WORK_FOLDER
    if found.state == "ok" and work.is_dir():
        return Finding("strays", "", "warning", f"{WORK_FOLDER} is left of an unfinished run; delete it")
    return found


def _untouched_part(contents: Contents) -> tuple[Finding | None, list[ListedFile]]:
    """Check that the untouched photographs beside a prepared set are of the same pairs; list files that are no strays.

    They are a dataset of their own, with its own manifest: what that lists belongs there.
    """
    root, record = contents.root / ORIGINAL_FOLDER, contents.record
    beside = [contents.root / REPORT_FILE]
    beside += [path for path in (contents.root / WORK_FOLDER).rglob("*") if path.is_file()]
    files = [ListedFile(path, "info", "") for path in beside]
    if record is None or not (root / DATASET_FILE).is_file():
        return None, files
    files += [ListedFile(root / name, "info", "") for name in (DATASET_FILE, MANIFEST_FILE)]
    try:
        untouched = read_contents(root)
    except BadInputError as error:
        return Finding("untouched", "", "failed", str(error)), files
    files += untouched.files
    if untouched.record is None or untouched.record.recipe_sha256 != record.recipe_sha256:
        text = f"{ORIGINAL_FOLDER}/ is of another set (its recipe differs); expected the photographs of these pairs"
        return Finding("untouched", "", "failed", text), files
    if set(untouched.folders) != set(contents.folders):
        text = (
            f"{ORIGINAL_FOLDER}/ has {len(untouched.folders)} scenes; expected the {len(contents.folders)} of this set"
        )
        return Finding("untouched", "", "failed", text), files
    text = f"{ORIGINAL_FOLDER}/ has the same pairs; it is a dataset of its own, to be checked by itself"
    return Finding("untouched", "", "ok", text), files


def _check_near_and_far(prepared: list[PreparedPairInfo]) -> Finding:
    nearer = sum(info.blur.mostly_nearer for info in prepared)
    doubt = near_and_far(nearer, len(prepared))
    if doubt is not None:
        return Finding("near and far", "", "warning", doubt.text)
    text = f"in {nearer} of {len(prepared)} pairs most of the picture lies in front of the focus"
    return Finding("near and far", "", "ok", text)


class _Pair:
    """The checks of one pair. Each picture is read once. info: None until, and unless, it could be read."""

    def __init__(self, contents: Contents, scene: str, quick: bool) -> None:
        self.contents, self.scene, self.quick = contents, scene, quick
        self.folder = contents.folders[scene]
        self.info: PairInfo | None = None
        self.listed = contents.of_scene(scene)

    def findings(self) -> Iterator[Finding]:
        yield check_files(self.contents, self.scene, hashes=not self.quick, seen=lambda _: None)
        yield check_pair_files(self.scene, self.listed)
        try:
            self.info = read_pair_info(self.folder)
        except BadInputError as error:
            yield Finding("info", self.scene, "failed", str(error))
        else:
            yield check_pair_info(self.scene, self.info, self.listed)
        yield from self._pictures()

    def _pictures(self) -> Iterator[Finding]:
        try:
            files = pair_files(self.folder)
        except BadInputError as error:
            yield Finding("values", self.scene, "failed", str(error))
            return
        unreadable: list[str] = []
        image, shallow, disparity = (
            None
            if self.quick and path is files.shallow
            else self._read(path, unreadable, is_map=path is files.disparity)
            for path in files
        )
        named = {files.image.name: image, files.shallow.name: shallow, files.disparity.name: disparity}
        sizes = {name: (picture.shape[1], picture.shape[0]) for name, picture in named.items() if picture is not None}
        facts = [self._facts(path.name, named[path.name]) for path in (files.image, files.shallow)]
        yield check_values(self.scene, [fact for fact in facts if fact is not None], unreadable)
        if not sizes:
            return
        yield check_sizes(self.scene, self._expected_size(next(iter(sizes.values()))), sizes)
        if disparity is None:
            return
        normalised = check_normalised(self.scene, disparity)
        yield normalised
        if normalised.state == "failed" or len(set(sizes.values())) > 1:
            yield Finding("K, focus, blur", self.scene, "not checked", "they need a disparity of the pictures' size")
            return
        yield from self._judge(image, shallow, disparity)

    def _judge(self, image: Float32 | None, shallow: Float32 | None, disparity: Float32) -> Iterator[Finding]:
        """Yield what is found by comparing what is there; all of one size."""
        blur = None if self.info is None else check_pair_blur(self.scene, self.info, disparity)
        if blur is not None:
            yield blur
        if image is not None:
            yield check_pair_alignment(self.scene, image, disparity)
        if self.quick:
            yield Finding("blur, render", self.scene, "not checked", "--quick opens no shallow photograph")
        elif image is None or shallow is None or self.info is None or blur is None or blur.state == "failed":
            yield Finding("blur, render", self.scene, "not checked", "what it needs is missing or wrong, see above")
        else:
            pictures = PairPictures(image, shallow, disparity)
            yield check_shallower(self.scene, self.info, pictures)
            yield check_render(self.scene, self.info, pictures)

    def _read(self, path: Path, unreadable: list[str], *, is_map: bool) -> Float32 | None:
        try:
            return read_map(path) if is_map else read_image(path).as_display(DISPLAY_GAMMA)
        except BadInputError as error:
            unreadable.append(str(error))
            return None

    @staticmethod
    def _facts(name: str, picture: Float32 | None) -> PictureFacts | None:
        return None if picture is None else picture_facts(name, picture, None)

    def _expected_size(self, found: tuple[int, int]) -> tuple[int, int]:
        """Return (width, height) as info.json says, or else as the first picture has."""
        if isinstance(self.info, PreparedPairInfo | OriginalPairInfo):
            return self.info.width, self.info.height
        return found
