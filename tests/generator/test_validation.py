"""Every damage done to a real dataset is found and named; the original layout gets the checks that apply to it."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bokeh_render.errors import BadInputError
from bokeh_render.imagefile import read_image, read_map, write_image
from bokeh_render.optics import display_from_light
from bokeh_render.progress import Step
from bokeh_render.schema import sha256_of_file
from generator.dataset_page import write_dataset_page
from generator.finding import Finding
from generator.stack import ManifestEntry, manifest_entry, manifest_text, read_manifest, read_stack
from generator.validation import validate
from tests.conftest import TINY, Ended

SCENE = "window_table"


def relist(root: Path, more: tuple[ManifestEntry, ...] = ()) -> None:
    """Write manifest and record anew, as somebody would who generated the damaged files."""
    entries = [
        manifest_entry(root, root / e.path, e.role, e.scene, e.blur, e.focus)
        for e in read_manifest(root / "manifest.jsonl")
        if (root / e.path).is_file()
    ]
    (root / "manifest.jsonl").write_text(manifest_text([*entries, *more]))
    record = json.loads((root / "dataset.json").read_text())
    record["files_sha256"] = sha256_of_file(root / "manifest.jsonl")
    (root / "dataset.json").write_text(json.dumps(record))


def failures(findings: list[Finding]) -> dict[str, str]:
    return {finding.check: finding.text for finding in findings if finding.state == "failed"}


def change_info(root: Path, change: Callable[[dict[str, Any]], None]) -> None:
    path = root / "scenes" / SCENE / "info.json"
    info = json.loads(path.read_text())
    change(info)
    path.write_text(json.dumps(info))


def rewrite(root: Path, file: str, change: Callable[[Any], Any]) -> None:
    path = root / "scenes" / SCENE / file
    write_image(path, change(read_map(path) if file == "depth.exr" else read_image(path).pixels), bits=32)


def test_an_unharmed_dataset_passes_every_check(tiny_dataset_once: Path) -> None:
    steps: list[Step] = []
    findings = validate(tiny_dataset_once, report=steps.append)
    assert failures(findings) == {}
    for scene in TINY.scenes:
        checks = {finding.check for finding in findings if finding.scene == scene}
        assert checks >= {"files", "grid", "depth", "disparity range", "lens", "focus", "alignment", "sizes", "values"}
        assert checks >= {"highlights", "light", "blur law"}
    assert [step.done for step in steps if step.task == SCENE][-1] == steps[-1].total
    quick = validate(tiny_dataset_once, quick=True)
    assert failures(quick) == {}
    assert "not checked" in {finding.state for finding in quick}


# what damages files behind the manifest's back


def test_a_missing_file(tiny_dataset: Path) -> None:
    (tiny_dataset / "scenes" / SCENE / "bokeh_01_00.exr").unlink()
    found = failures(validate(tiny_dataset))
    assert "bokeh_01_00.exr is missing" in found["files"]
    assert "bokeh_01_00.exr does not exist" in found["values"]


def test_a_flipped_byte(tiny_dataset: Path) -> None:
    path = tiny_dataset / "scenes" / SCENE / "seed2" / "bokeh_01_01.exr"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    found = failures(validate(tiny_dataset))
    assert "seed2/bokeh_01_01.exr has another sha256" in found["files"]
    assert "files" not in failures(validate(tiny_dataset, quick=True))
    path.write_bytes(content[:-10])
    assert "bytes instead of" in failures(validate(tiny_dataset, quick=True))["files"]


def test_a_stray_file(tiny_dataset: Path) -> None:
    (tiny_dataset / "scenes" / SCENE / "bokeh_07_00.exr").write_bytes(b"x")
    (tiny_dataset / "notes.txt").write_text("mine")
    (tiny_dataset / "previews" / "own.png").write_bytes(b"x")
    text = failures(validate(tiny_dataset))["strays"]
    assert text.startswith("1 file(s)")
    assert "bokeh_07_00.exr" in text


def test_an_edited_manifest(tiny_dataset: Path) -> None:
    manifest = tiny_dataset / "manifest.jsonl"
    lines = manifest.read_text().splitlines(keepends=True)
    manifest.write_text("".join([*lines, lines[0]]))
    assert "listed twice" in failures(validate(tiny_dataset))["manifest"]
    manifest.write_text("".join(line for line in lines if "bokeh_01_01" not in line))
    found = failures(validate(tiny_dataset))
    assert "one of them was edited" in found["manifest"]
    assert "no bokeh_01_01" in found["grid"]
    assert "strays" in found
    manifest.write_text("".join(line for line in lines if SCENE not in line))
    assert f"{SCENE} is missing" in failures(validate(tiny_dataset))["scenes"]
    manifest.write_text("no json\n")
    assert "not valid JSON" in failures(validate(tiny_dataset))["manifest"]
    manifest.unlink()
    assert "no manifest.jsonl" in failures(validate(tiny_dataset))["manifest"]


# what is wrong though every hash is right


def test_a_missing_sample(tiny_dataset: Path) -> None:
    (tiny_dataset / "scenes" / SCENE / "bokeh_00_01.exr").unlink()
    relist(tiny_dataset)
    assert failures(validate(tiny_dataset)) == {
        "grid": "no bokeh_00_01; expected 2 blur levels × 2 focus settings",
    }


def test_a_depth_of_another_scene(tiny_dataset: Path) -> None:
    shutil.copy(tiny_dataset / "scenes" / TINY.scenes[0] / "depth.exr", tiny_dataset / "scenes" / SCENE / "depth.exr")
    relist(tiny_dataset)
    found = failures(validate(tiny_dataset))
    assert "depth or info.json is not this stack's" in found["disparity range"]
    assert "K_norm = K" in found["lens"]
    assert "focus" in found


@pytest.mark.parametrize(
    ("key", "change", "check", "word"),
    [
        ("blur_parameters", lambda v: [1.1 * k for k in v], "lens", "raw K × disparity range is 1.65, 4.4"),
        ("blur_parameters", lambda v: v[::-1], "lens", "ascending"),
        ("f_stops", lambda v: [2 * n for n in v], "lens", "K and the camera give"),
        ("f_stops", lambda v: v[:1], "lens", "1 f_stops for 2"),
        ("focal_length", lambda v: v + 1, "lens", "focal_length is"),
        ("focus_distances", lambda v: v[::-1], "focus", "normalised disparities 0.6, 0.1"),
        ("focus_distances", lambda v: [0.0, 1.0], "grid", "greater than 0"),
        ("blur_parameters", lambda v: [], "grid", "blur_parameters"),
        ("camera", lambda v: {**v, "sensor_width_mm": 0.0}, "lens", "expected all > 0"),
        ("disparity_max", lambda v: v * 1.01, "disparity range", "but depth.exr has"),
        ("width", lambda v: v + 1, "sizes", "expected 97×64"),
        ("seed", lambda v: "red", "info", "seed"),
    ],
)
def test_a_wrong_number_in_the_info(
    tiny_dataset: Path, key: str, change: Callable[[Any], Any], check: str, word: str
) -> None:
    change_info(tiny_dataset, lambda info: info.update({key: change(info[key])}))
    relist(tiny_dataset)
    assert word in failures(validate(tiny_dataset))[check]


def test_an_unreadable_info(tiny_dataset: Path) -> None:
    (tiny_dataset / "scenes" / SCENE / "info.json").write_text("{")
    relist(tiny_dataset)
    found = failures(validate(tiny_dataset))
    assert "not valid JSON" in found["grid"]
    assert "not valid JSON" in found["stack"]


@pytest.mark.parametrize("file", ["image.exr", "bokeh_01_01.exr"])
def test_clipped_highlights(tiny_dataset: Path, file: str) -> None:
    rewrite(tiny_dataset, file, lambda light: np.minimum(light, 1.0))
    relist(tiny_dataset)
    text = failures(validate(tiny_dataset))["highlights"]
    assert f"{file} has" in text
    assert "exactly 1" in text


def test_a_shifted_depth_is_not_passed(tiny_dataset: Path) -> None:
    rewrite(tiny_dataset, "depth.exr", lambda depth: np.roll(depth, (3, 3), axis=(0, 1)))
    relist(tiny_dataset)
    finding = next(f for f in validate(tiny_dataset) if (f.check, f.scene) == ("alignment", SCENE))
    assert finding.state in {"warning", "failed"}  # 96×64 pixels hold little evidence; see test_alignment.py
    assert "-3 px in x" in finding.text


@pytest.mark.parametrize(
    ("file", "change", "check", "word"),
    [
        ("bokeh_01_00.exr", lambda light: 1.2 * light, "light", "bokeh_01_00.exr has 1"),
        ("bokeh_01_00.exr", display_from_light, "light", "exposure, gamma or scene differ"),
        ("bokeh_01_00.exr", lambda light: light[::2, ::2], "sizes", "bokeh_01_00.exr is 48×32; expected 96×64"),
        ("bokeh_01_00.exr", lambda light: light - 0.5, "values", "which is never negative"),
        ("bokeh_01_00.exr", lambda light: light * np.float32("nan"), "values", "NaN or infinite"),
        ("seed2/bokeh_01_01.exr", lambda light: 0 * light, "values", "seed2/bokeh_01_01.exr is black"),
        ("depth.exr", lambda depth: -depth, "depth", "zero, negative or NaN"),
        ("depth.exr", lambda depth: 1e4 * depth, "depth", "above 65504"),
        ("depth.exr", lambda depth: 0 * depth + 2, "depth", "is 2 m everywhere"),
        ("depth.exr", lambda depth: depth[::2], "stack", "expected equal sizes"),
    ],
)
def test_a_wrong_picture(tiny_dataset: Path, file: str, change: Callable[[Any], Any], check: str, word: str) -> None:
    rewrite(tiny_dataset, file, change)
    relist(tiny_dataset)
    assert word in failures(validate(tiny_dataset))[check]


def test_further_maps_are_checked(tiny_dataset: Path) -> None:
    folder = tiny_dataset / "scenes" / SCENE
    stack = read_stack(folder)
    states = {f.check: f.state for f in validate(tiny_dataset) if f.scene == SCENE}
    assert (states["corrupted"], states["disparity_aa"]) == ("ok", "ok")
    write_image(folder / "disparity_aa.exr", 2 * stack.disparity, bits=32)
    write_image(folder / "corrupted_01.exr", stack.disparity, bits=32)
    write_image(folder / "corrupted_07.exr", stack.range.normalise(stack.disparity), bits=32)
    found = failures(validate(tiny_dataset))
    assert "corrupted_01.exr goes from" in found["corrupted"]
    assert re.search(r"corrupted_07.exr differs by up to .* from the dilation of 1 px", found["corrupted"])
    assert "expected the same disparity" in found["disparity_aa"]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_wild_numbers_are_findings_and_never_a_traceback(tiny_dataset: Path, data: st.DataObject) -> None:
    path = tiny_dataset / "scenes" / SCENE / "info.json"
    whole = path.read_text()
    info = json.loads(whole)
    number = st.one_of(
        st.floats(allow_nan=False, allow_infinity=False), st.integers(-3, 3), st.none(), st.text(max_size=2)
    )
    value = st.one_of(number, st.lists(number, max_size=3), st.sampled_from([[1.0, 2.0], {}]))
    info[data.draw(st.sampled_from(sorted(info)))] = data.draw(value)
    path.write_text(json.dumps(info))
    try:
        validate(tiny_dataset, quick=data.draw(st.booleans()))
        write_dataset_page(tiny_dataset)
    except BadInputError:
        pass
    finally:
        path.write_text(whole)


# other folders


def original_layout(tiny: Path, root: Path) -> Path:
    """Make the original download's layout from a dataset of ours: no manifest, their four keys only."""
    for scene in TINY.scenes:
        folder = root / "data" / scene
        shutil.copytree(tiny / "scenes" / scene, folder, ignore=shutil.ignore_patterns("seed2"))
        info = json.loads((folder / "info.json").read_text())
        kept = ("blur_parameters", "focus_distances", "f_stops", "focal_length")
        (folder / "info.json").write_text(json.dumps({key: info[key] for key in kept}))
    return root


def test_the_original_layout(tiny_dataset_once: Path, tmp_path: Path) -> None:
    root = original_layout(tiny_dataset_once, tmp_path / "BLB")
    findings = validate(root)
    assert failures(findings) == {}
    states = {finding.check: finding.state for finding in findings}
    assert states["manifest"] == "not checked"
    assert states["light"] == "ok"
    folder = root / "data" / SCENE
    (folder / "bokeh_00_00.exr").unlink()
    info = json.loads((folder / "info.json").read_text())
    (folder / "info.json").write_text(json.dumps({**info, "f_stops": [1.0, 1.0]}))
    found = failures(validate(root))
    assert "bokeh_00_00.exr is missing" in found["files"]
    assert "one lens made them" in found["lens"]


def test_what_is_no_dataset_is_refused(tiny_dataset: Path, tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="is not a folder"):
        validate(tmp_path / "none")
    (tmp_path / "holiday").mkdir()
    with pytest.raises(BadInputError, match="is no dataset"):
        validate(tmp_path / "holiday")
    (tiny_dataset / "dataset.json").unlink()
    (tiny_dataset / ".work").mkdir()
    with pytest.raises(BadInputError, match="is not finished"):
        validate(tiny_dataset)


def test_the_command_says_it_by_exit_code_table_and_json(
    command: Callable[..., Ended], tiny_dataset: Path, tmp_path: Path
) -> None:
    ended = command("dataset", "validate", tiny_dataset)
    assert ended.code == 0, ended
    assert "0 failed" not in ended.out
    assert "sizes and hashes as listed" in ended.out
    (tiny_dataset / "scenes" / SCENE / "depth.exr").write_bytes(b"")
    ended = command("dataset", "validate", tiny_dataset, "--json")
    assert ended.code == 1
    content = json.loads(ended.out)
    assert content["counts"]["failed"] >= 2
    assert {"check", "scene", "state", "text"} == set(content["findings"][0])
    assert command("dataset", "validate", tiny_dataset, "--quick").code == 1
    ended = command("dataset", "validate", tmp_path / "none")
    assert ended.code == 2
    assert ended.err.startswith("bokehbench: ")
