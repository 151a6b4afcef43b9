"""Who may import whom, and what nobody may do: checked on the source, so that a shortcut cannot slip in."""

from __future__ import annotations

import ast
import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import UnionType

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("bokeh_render", "blender_scenes", "generator", "benchmark", "leaderboards")
ALLOWED = {
    "bokeh_render": (),
    "blender_scenes": (),
    "generator": ("bokeh_render", "blender_scenes.catalogue"),
    "benchmark": ("bokeh_render", "generator.stack", "generator.execution", "generator.blender_process"),
    "leaderboards": (
        "bokeh_render",
        "benchmark.results",
        "benchmark.reports",
        "benchmark.protocols",
        "benchmark.protocol_text",
        "benchmark.rendering",
        "benchmark.samples",
        "benchmark.store",
    ),
}
SOURCES = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]


def imports(path: Path) -> Iterator[str]:
    """Yield the full name of everything a file imports, relative imports resolved."""
    package = path.relative_to(ROOT).with_suffix("").parts[:-1]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield from (f"{module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_packages_import_only_what_they_may(path: Path) -> None:
    package = path.relative_to(ROOT).parts[0]
    for name in imports(path):
        top = name.split(".")[0]
        assert top not in {"bokehbench", "tests", "torchvision", "lpips"}, name
        if top in {"bpy", "mathutils"}:
            assert package == "blender_scenes", name
        if top in PACKAGES and top != package:
            allowed = ALLOWED[package]
            assert any(name == item or name.startswith(f"{item}.") for item in allowed), f"{package} imports {name}"
        if package == "blender_scenes" and top != package:
            assert top in sys.stdlib_module_names or top in {"bpy", "mathutils", "numpy"}, name


@pytest.mark.parametrize("module", ["atomic", "errors", "imagefile", "journal", "optics", "progress", "schema"])
def test_the_shared_ground_floor_needs_no_torch(module: str) -> None:
    assert not [name for name in imports(ROOT / "bokeh_render" / f"{module}.py") if name.split(".")[0] == "torch"]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_global_random_state(path: Path) -> None:
    allowed = {"Generator", "PCG64", "SeedSequence"}
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) in {"np.random", "numpy.random"}:
            assert node.attr in allowed, f"np.random.{node.attr}"
        if isinstance(node, ast.Attribute):
            assert ast.unparse(node) not in {"torch.manual_seed", "torch.seed"}
    assert "random" not in set(imports(path))


def test_modules_stay_small() -> None:
    long = {str(path.relative_to(ROOT)): n for path in SOURCES if (n := len(path.read_text().splitlines())) > 360}
    assert long == {}


@pytest.mark.parametrize("package", [package for package in PACKAGES if package != "blender_scenes"])
def test_public_names_load_and_stay_what_they_are(package: str) -> None:
    module = importlib.import_module(package)
    first = {name: getattr(module, name) for name in module.__all__}
    for name, value in first.items():
        assert callable(value) or isinstance(value, UnionType), f"{package}.{name}"
        assert getattr(module, name) is value, f"a sub-module hides {package}.{name}"
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = module.nothing


@pytest.mark.parametrize(
    "word",
    [
        "app.version ",
        "app.version[",
        "use_nodes",
        "emission_sampling",
        "sample_as_light",
        'outputs["Fac"]',
        "media_type",
    ]
    + ["FLOORED_MODULO", "use_light_tree =", "sampling_pattern"],
)
def test_versions_of_blender_are_told_apart_in_one_place(word: str) -> None:
    package = ROOT / "blender_scenes"
    told = [
        path.name for path in sorted(package.rglob("*.py")) if word in path.read_text() and path.name != "versions.py"
    ]
    assert told == [], f"what differs between Blenders is asked of blender_scenes.versions: {word.strip()}"
