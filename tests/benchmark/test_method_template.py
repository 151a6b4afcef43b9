"""A new method's folder: it works as it is written, needs what it says and no more, and overwrites nothing."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import numpy as np
import pytest

from benchmark.methods.interface import MethodInput, Rendering
from benchmark.methods.loading import load_method
from benchmark.methods.measuring import renderings
from benchmark.methods.template import ADAPTERS, KINDS, Started, write_adapter, write_template
from benchmark.run import describe_method
from bokeh_render.aperture import Aperture
from bokeh_render.errors import BadInputError
from bokeh_render.optics import Float32, display_from_light, light_from_display


def sample(display: Float32, disparity: Float32, blur_parameter: float, focus: float) -> MethodInput:
    return MethodInput(
        display=display,
        disparity=disparity,
        blur_parameter=blur_parameter,
        focus_disparity=focus,
        disparity_raw=None,
        blur_parameter_raw=None,
        focus_disparity_raw=None,
        gamma=2.2,
        aperture=Aperture(),
    )


def scenes() -> list[MethodInput]:
    """Return a point of light out of focus, the same in focus, and a slope of odd size."""
    rng = np.random.default_rng(0)
    point = np.full((61, 81, 3), 0.05, dtype=np.float32)
    point[30, 40] = 400.0
    flat = np.full((61, 81), 0.9, dtype=np.float32)
    slope = np.tile(np.linspace(0, 1, 39, dtype=np.float32), (27, 1))
    return [
        sample(display_from_light(point), flat, 20.0, 0.4),
        sample(display_from_light(point), flat, 20.0, 0.9),
        sample(rng.random((27, 39, 3), dtype=np.float32), slope, 9.0, 0.3),
    ]


def rendered(started: Started, monkeypatch: pytest.MonkeyPatch) -> list[Rendering]:
    monkeypatch.chdir(started.folder)
    monkeypatch.setattr(sys, "path", list(sys.path))
    sys.modules.pop(started.method.partition(":")[0], None)  # another test's, from another folder
    return list(renderings(load_method(started.method), scenes()))


def images(found: list[Rendering]) -> list[Float32]:
    for rendering in found:
        assert rendering.error is None
    return [rendering.display for rendering in found if rendering.display is not None]


def test_the_python_template_blurs_as_the_optics_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started = write_template("disc-mean", "python", tmp_path / "new")
    assert started.method == "disc_mean:DiscMean"
    assert [path.name for path in started.files] == ["README.md", "disc_mean.py"]
    disc, sharp, slope = images(rendered(started, monkeypatch))
    given = scenes()
    np.testing.assert_allclose(sharp, given[1].display, rtol=1e-6)
    light = light_from_display(disc)[..., 0] - 0.05
    assert light.sum() == pytest.approx(400.0 - 0.05, rel=1e-3)  # no light is lost
    assert np.count_nonzero(light > light.max() / 2) == pytest.approx(np.pi * 10.0**2, rel=0.03)  # K |0.9 - 0.4| px
    assert np.abs(slope - given[2].display).mean() > 0.1
    text = "\n".join(path.read_text() for path in started.files)
    assert not re.search(r"my.?method(?!_method)", text, re.IGNORECASE)


@pytest.fixture(scope="module")
def numpy_only(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a virtual environment in which there is NumPy and nothing else, made without any network."""
    environment = tmp_path_factory.mktemp("numpy") / ".venv"
    venv.create(environment, symlinks=True, with_pip=False)
    packages = next((environment / "lib").glob("python3*")) / "site-packages"
    for name in ("numpy", "numpy.libs"):
        source = Path(sysconfig.get_paths()["purelib"]) / name
        if source.exists():
            (packages / name).symlink_to(source)
    for module, code in (("numpy", 0), ("scipy", 1), ("yaml", 1), ("bokeh_render", 1)):
        command = [str(environment / "bin" / "python"), "-I", "-c", f"import {module}"]
        assert subprocess.run(command, capture_output=True, check=False).returncode == code, module
    return environment


@pytest.mark.parametrize("arguments", [[], ["--png"]])
def test_the_command_template_needs_numpy_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, numpy_only: Path, arguments: list[str]
) -> None:
    monkeypatch.delenv("PYTHONPATH", raising=False)
    started = write_template("disc-mean", "command", tmp_path / "new")
    (started.folder / ".venv").symlink_to(numpy_only)
    description = started.folder / "method.yaml"
    text = description.read_text()
    assert '"{folder}/run.py", "{job}"]' in text
    isolated = text.replace('"{folder}/run.py", "{job}"]', '"-I", "{folder}/run.py", "{job}", "--"]')
    description.write_text(isolated.replace('"--"', '"--png"') if arguments else isolated)
    found = rendered(started, monkeypatch)
    monkeypatch.chdir(tmp_path)
    expected = images(rendered(write_template("disc-mean", "python", tmp_path / "class"), monkeypatch))
    for image, rendering, right in zip(images(found), found, expected, strict=True):
        if arguments:
            np.testing.assert_allclose(image, np.clip(right, 0, 1), atol=1 / 131070 + 1e-6)
        else:
            np.testing.assert_allclose(image, right, rtol=1e-5, atol=1e-6)
        assert rendering.seconds is not None
        assert 0 < rendering.seconds < 60
        assert rendering.peak_memory_mb is not None


def test_a_program_that_needs_more_than_numpy_fails_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, numpy_only: Path
) -> None:
    monkeypatch.delenv("PYTHONPATH", raising=False)
    started = write_template("disc-mean", "command", tmp_path / "new")
    (started.folder / ".venv").symlink_to(numpy_only)
    run = started.folder / "run.py"
    run.write_text(run.read_text().replace("import zlib\n", "import zlib\nimport scipy\n"))
    for rendering in rendered(started, monkeypatch):
        assert "ModuleNotFoundError: No module named 'scipy'" in str(rendering.error)


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_overwritten(tmp_path: Path, kind: str) -> None:
    first = write_template("one", kind, tmp_path / "new")
    (tmp_path / "new" / "README.md").write_text("mine")
    before = {path: path.read_bytes() for path in (tmp_path / "new").iterdir()}
    with pytest.raises(BadInputError, match=r"README.md, .* would be overwritten; choose another folder"):
        write_template("one", kind, tmp_path / "new")
    assert {path: path.read_bytes() for path in (tmp_path / "new").iterdir()} == before
    first.files[-1].unlink()
    with pytest.raises(BadInputError, match=r"README.md.* would be overwritten"):
        write_template("one", kind, tmp_path / "new")
    assert not first.files[-1].exists()


@pytest.mark.parametrize(
    ("name", "kind", "message"),
    [
        ("layered", "python", "'layered' is the name of an included method"),
        ("../up", "python", "cannot be part of a file name"),
        ("mine", "rust", "unknown kind of method 'rust'; expected python or command"),
    ],
)
def test_what_cannot_be_written(tmp_path: Path, name: str, kind: str, message: str) -> None:
    with pytest.raises(BadInputError, match=message):
        write_template(name, kind, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "new").write_text("")
    with pytest.raises(BadInputError, match="is a file; expected a folder"):
        write_template("mine", "python", tmp_path / "new")


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("3d-lens", "method_3d_lens:Method3dLens"),
        ("numpy", "numpy_method:Numpy"),
        ("json", "json_method:Json"),
        ("class", "class_method:Class"),
        ("1.0", "method_1_0:Method10"),
        ("__", "method:Method"),
        ("bokeh_Net.v2", "bokeh_net_v2:BokehNetV2"),
    ],
)
def test_every_name_makes_a_module_that_loads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, typed: str
) -> None:
    started = write_template(name, "python", tmp_path)
    assert started.method == typed
    sys.modules.pop(typed.partition(":")[0], None)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    assert load_method(started.method).name == name
    other = write_template(name, "command", tmp_path / "command")
    assert load_method(str(other.folder)).name == name


@pytest.mark.parametrize("template", [*KINDS, *ADAPTERS])
def test_every_template_and_adapter_can_be_evaluated_as_it_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, template: str
) -> None:
    write = write_template if template in KINDS else write_adapter
    started = write("theirs-1.0", template, tmp_path)
    sys.modules.pop(started.method.partition(":")[0], None)
    monkeypatch.chdir(started.folder)
    monkeypatch.setattr(sys, "path", list(sys.path))
    method = load_method(started.method)
    described = describe_method(method)
    assert (described.name, described.revision) == ("theirs-1.0", method.revision)


def test_templates_need_no_torch() -> None:
    code = "import benchmark.methods.template, sys; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], env={**os.environ}, check=False).returncode == 0
