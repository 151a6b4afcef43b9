"""The CUDA back end: under Triton's interpreter, in its compiler, and on a card where there is one.

Triton reads its environment when imported, so the first two run in a process of their own.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from bokeh_render.classical import cuda

ROOT = Path(__file__).parents[2]

needs_triton = pytest.mark.skipif(
    importlib.util.find_spec("triton") is None,
    reason="Triton is not installed: pip install '.[triton-test]' (1 GB), or a CUDA build of torch",
)


def checks(tmp_path: Path, *arguments: str, **environment: str) -> list[str]:
    """Run the checks in another process; return what held."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TRITON_")}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "tests.bokeh_render.cuda_checks", *arguments],
        cwd=ROOT,
        env={**kept, "TRITON_CACHE_DIR": str(tmp_path), **environment},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout.splitlines()


@needs_triton
def test_under_the_interpreter(tmp_path: Path) -> None:
    assert len(checks(tmp_path, "interpret", TRITON_INTERPRET="1")) == 8


@needs_triton
def test_compiles_for_cards_that_are_not_here(tmp_path: Path) -> None:
    assert len(checks(tmp_path, "compile", "80", "90")) == 10


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_on_the_card_that_is_here(tmp_path: Path) -> None:
    assert len(checks(tmp_path, "card")) == 9


def test_says_why_a_device_cannot_use_it() -> None:
    assert cuda.unusable_because(torch.device("cpu")) == "cpu is no NVIDIA card"


def test_importing_it_imports_no_triton() -> None:
    code = "import sys, bokeh_render.classical.cuda; sys.stdout.write(str('triton' in sys.modules))"
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True)
    assert ended.stdout == "False"
