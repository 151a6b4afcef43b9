"""What a user may type to name a method, and what he is told when there is none."""

from __future__ import annotations

import hashlib
import pickle
import sys
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import yaml

from benchmark.methods import included_names
from benchmark.methods.command import CommandMethod
from benchmark.methods.interface import Method
from benchmark.methods.loading import check_name, load_method
from benchmark.methods.measuring import render_measured
from bokeh_render.errors import BadInputError
from tests.benchmark.test_method_measuring import sample

CLASS = '''
class Mine:
    """A method."""

    name, revision, description = "mine", "3", "a test"

    def render(self, sample):
        return 0.5 * sample.display

ready = Mine()
'''
Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Write]:
    """Return a function that writes a module into the current folder, which is forgotten afterwards."""
    monkeypatch.chdir(tmp_path)
    path, known = list(sys.path), set(sys.modules)

    def module(name: str, text: str) -> Path:
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    yield module
    sys.path[:] = path
    for name in set(sys.modules) - known:
        origin = getattr(sys.modules[name], "__file__", None) or ""
        if origin.startswith(str(tmp_path)):
            del sys.modules[name]


def test_included_names_come_first(write: Write) -> None:
    write("identity/method.yaml", "nonsense")
    assert load_method("identity").description == "the all-in-focus image, untouched"


def test_a_folder_and_its_description_file(write: Write) -> None:
    content = {"name": "prog", "revision": "1", "description": "x", "command": ["run", "{job}"]}
    write("folder/method.yaml", yaml.safe_dump(content))
    for text in ("folder", "./folder", "folder/method.yaml"):
        method = load_method(text)
        assert isinstance(method, CommandMethod)
        assert method.name == "prog"
    write("folder/method.yaml", yaml.safe_dump({**content, "name": "classical"}))
    with pytest.raises(BadInputError, match="'classical' is the name of an included method; give yours another"):
        load_method("folder")


@pytest.mark.parametrize("text", ["code_a:Mine", "code_a:ready", "package_a.inner:Mine", "package_a.inner:Outer.mine"])
def test_classes_and_instances_from_the_current_folder(write: Write, text: str) -> None:
    write("code_a.py", CLASS)
    write("package_a/__init__.py", "")
    write("package_a/inner.py", "from code_a import Mine\n\nclass Outer:\n    mine = Mine()\n")
    method: Method = load_method(text)  # type: ignore[assignment]
    assert (method.name, method.revision) == ("mine", "3")
    given = sample(0.5)
    np.testing.assert_array_equal(render_measured(method, given).display, 0.5 * given.display)  # type: ignore[arg-type]
    assert pickle.loads(pickle.dumps(method)).name == "mine"


def test_a_function_is_named_by_its_code(write: Write) -> None:
    text = 'def halve(sample):\n    """Halve it.\n\n    More.\n    """\n    return sample.display / 2\n'
    file = write("code_b.py", text + "\ndef quiet(sample):\n    return sample.display\n")
    method: Method = load_method("code_b:halve")  # type: ignore[assignment]
    expected = hashlib.sha256(file.read_bytes()).hexdigest()[:12]
    assert (method.name, method.revision, method.description) == ("halve", expected, "Halve it.")
    given = sample(0.5)
    np.testing.assert_array_equal(render_measured(method, given).display, given.display / 2)  # type: ignore[arg-type]
    assert load_method("code_b:quiet").description == "the function quiet of code_b.py"
    assert pickle.loads(pickle.dumps(method)).revision == expected


def offer(monkeypatch: pytest.MonkeyPatch, **points: str) -> None:
    found = [metadata.EntryPoint(name.rstrip("_"), value, "bokehbench.methods") for name, value in points.items()]

    def entry_points(*, group: str, name: str | None = None) -> list[metadata.EntryPoint]:
        assert group == "bokehbench.methods"
        return [point for point in found if name in (None, point.name)]

    monkeypatch.setattr("benchmark.methods.loading.metadata", SimpleNamespace(entry_points=entry_points))


def test_entry_points(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    write("code_c.py", CLASS)
    monkeypatch.syspath_prepend(Path.cwd())
    offer(monkeypatch, theirs="code_c:Mine", broken="code_gone:Mine", twice="code_c:Mine", twice_="code_c:ready")
    assert load_method("theirs").name == "mine"
    with pytest.raises(
        BadInputError, match="entry point broken = code_gone:Mine cannot be loaded: ModuleNotFoundError"
    ):
        load_method("broken")
    with pytest.raises(BadInputError, match=r"2 installed packages offer a method 'twice' \(code_c:Mine, code_c:ready"):
        load_method("twice")
    with pytest.raises(BadInputError, match=r"unknown method 'other'; .*\(installed: broken, theirs, twice\)"):
        load_method("other")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "nothing",
            "unknown method 'nothing'; expected one of identity, gaussian.* a folder with a method.yaml, module",
        ),
        ("gone/method.yaml", "gone/method.yaml does not exist"),
        ("empty", "empty holds no method.yaml"),
        ("gone_module:Mine", "there is no module gone_module; expected one that is installed here or lies in "),
        ("code_d.gone:Mine", "module code_d.gone cannot be imported|there is no module code_d.gone"),
        ("needs:Mine", r"module needs cannot be imported: ModuleNotFoundError: No module named 'not_there' \(needs.py"),
        ("raises:Mine", r"module raises cannot be imported: ZeroDivisionError: division by zero \(raises.py, line 1\)"),
        ("leaves:Mine", "module leaves cannot be imported: SystemExit: 0"),
        ("syntax:Mine", "module syntax cannot be imported: SyntaxError"),
        (
            "code_d:Gone",
            r"module code_d has no 'Gone'; expected a method \(it has Mine, Bare, Needs, identity, anonymous, wrong, C",
        ),
        ("code_d:", r"'code_d:' names nothing in the module; expected code_d:Name \(it has Mine"),
        ("code_d.py:Mine", "names no module; expected module:Name, for example code_d:Mine for code_d.py"),
        ("a/b:Mine", "'a/b:Mine' names no module"),
        ("code_d:Bare", r"it lacks name, revision, description, render\(sample\); expected the texts name"),
        ("code_d:Needs", r"code_d:Needs cannot be made without arguments: TypeError: .*'weights'"),
        ("code_d:identity", "'identity' is the name of an included method"),
        ("code_d:anonymous", "name '<lambda>' cannot be part of a file name"),
        ("code_d:wrong", "name 'two words' cannot be part of a file name"),
        (
            "code_d:spaced",
            r"^revision 'a b' cannot be part of a file name; expected letters, digits, . _ [+] and - \(1 to 80\)",
        ),
        ("code_d:number", "code_d:number is no method: its revision is 3, an int; expected a text$"),
        ("code_d:empty", "it lacks revision;"),
        ("code_d:Classical", "'Classical' differs only in case from the included method 'classical'; give yours"),
        ("math:sqrt", r"math:sqrt is no method: it lacks name"),
        ("antigravity:Mine", "antigravity.py is hidden by another module antigravity "),
    ],
)
def test_every_mistake_is_one_sentence(write: Write, text: str, message: str) -> None:
    (Path.cwd() / "empty").mkdir()
    write("needs.py", "import not_there\n")
    write("raises.py", "1 / 0\n")
    write("leaves.py", "raise SystemExit(0)\n")
    write("syntax.py", "def f(:\n")
    write("antigravity.py", CLASS)  # a module of that name comes with Python, and imports here by another's hand
    sys.modules.setdefault("antigravity", SimpleNamespace(__file__="elsewhere.py"))  # type: ignore[arg-type]
    write(
        "code_d.py",
        CLASS
        + "class Bare: pass\n"
        + "class Needs:\n    def __init__(self, weights): pass\n"
        + "def identity(sample): return sample.display\n"
        + "anonymous = lambda sample: sample.display\n"
        + "def wrong(sample): return sample.display\n"
        + "wrong.__name__ = 'two words'\n"
        + "number = Mine()\nnumber.revision = 3\n"
        + "empty = Mine()\nempty.revision = ''\n"
        + "def Classical(sample): return sample.display\n"
        + "spaced = Mine()\nspaced.revision = 'a b'\n",
    )
    try:
        with pytest.raises(BadInputError, match=message) as caught:
            load_method(text)
    finally:
        sys.modules.pop("antigravity", None)
    assert "\n" not in str(caught.value)


def test_a_users_file_takes_no_packages_place(write: Write) -> None:
    write("numpy.py", "raise SystemExit('a stranger was imported')")
    write("code_e.py", "import numpy\n" + CLASS)
    assert load_method("code_e:Mine").name == "mine"


def test_names_for_predictions_are_checked_alike() -> None:
    for name in ("my-method_2.1", "a+b", "x" * 80):
        check_name(name)
    for name in (
        *included_names(),
        "GAUSSIAN",
        "Blender-Defocus",
        "",
        ".hidden",
        "a/b",
        "two words",
        "naïve",
        "x" * 81,
        "line\n",
    ):
        with pytest.raises(BadInputError, match="included method|cannot be part of a file name"):
            check_name(name)
