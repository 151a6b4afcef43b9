"""Adapters for published code, held against stand-ins with its signatures: what arrives there, in which unit.

None of the code itself, and none of its weights, is here; see ``stand_ins/README.md``.
"""

from __future__ import annotations

import ast
import json
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from benchmark.methods.command import CommandMethod, load_command_method
from benchmark.methods.interface import MethodInput, Rendering
from benchmark.methods.template import ADAPTERS, write_adapter
from bokeh_render.aperture import Aperture
from bokeh_render.errors import BadInputError

STAND_INS = Path(__file__).with_name("stand_ins")
CHECKOUT = {"bokehme": "BokehMe", "mpib": "MPIB", "bokehdiff": "bokehdiff", "drbokeh": "DrBokeh-Src"}
COMMIT = re.compile(r"`[0-9a-f]{40}`")


def sample(height: int, width: int, blur_parameter: float, focus: float, *, gamma: float = 2.2) -> MethodInput:
    """Return a smooth image with highlights over a disparity that steps from a slope to 1, raw K another than K."""
    y, x = np.meshgrid(np.linspace(0, 1, height), np.linspace(0, 1, width), indexing="ij")
    disparity = np.where(x > 0.5, 1.0, 0.4 * y).astype(np.float32)
    return MethodInput(
        display=np.stack([0.2 + 1.2 * x * y, 0.5 + 0.1 * x, 0.9 - 0.4 * y], axis=2).astype(np.float32),
        disparity=disparity,
        blur_parameter=blur_parameter,
        focus_disparity=focus,
        disparity_raw=0.1 + 0.25 * disparity,
        blur_parameter_raw=4 * blur_parameter,
        focus_disparity_raw=0.1 + 0.25 * focus,
        gamma=gamma,
        aperture=Aperture(),
        name=f"{height} {blur_parameter}",
    )


Adapt = Callable[..., tuple[CommandMethod, Path]]


@pytest.fixture
def adapt(tmp_path: Path) -> Adapt:
    """Return a function that writes an adapter beside a checkout made of stand-ins; its calls go to a file."""

    def make(adapter: str, *weights: str) -> tuple[CommandMethod, Path]:
        folder = tmp_path / "method"
        started = write_adapter("theirs", adapter, folder)
        assert sorted(path.name for path in started.files) == ["README.md", "job_loop.py", "method.yaml", "run.py"]
        checkout = folder / CHECKOUT[adapter]
        shutil.copytree(STAND_INS / adapter, checkout)
        for shared in ("seen.py", "cv2.py"):
            shutil.copy(STAND_INS / shared, checkout)
        for name in weights:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(b"")
        description = folder / "method.yaml"
        text = description.read_text().replace('"{folder}/.venv/bin/python"', f'"{sys.executable}"')
        text = text.replace("environment:\n", f'environment:\n  SEEN: "{tmp_path}/seen"\n')
        description.write_text(text)
        return load_command_method(folder), folder

    return make


def seen(tmp_path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (tmp_path / "seen").read_text().splitlines()]


def save(path: Path, weight: float, prefix: str = "") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save({"model": {f"{prefix}w": torch.tensor(weight)}, "steps": np.float64(3)}, path)


def good(found: list[Rendering]) -> list[Any]:
    for rendering in found:
        assert rendering.error is None
        assert rendering.seconds is not None
    return [rendering.display for rendering in found]


def defocus_px(given: MethodInput) -> list[float]:
    return [float(given.defocus.min()), float(given.defocus.max())]


def test_bokehme_gets_a_tenth_of_the_radius_and_its_gamma(adapt: Adapt, tmp_path: Path) -> None:
    method, folder = adapt("bokehme")
    save(folder / "BokehMe/checkpoints/arnet.pth", 2.0)
    save(folder / "BokehMe/checkpoints/iunet.pth", 3.0)
    given = [sample(37, 53, 40.0, 0.25), sample(20, 30, 0.0, 0.5)]
    for image, had in zip(good(list(method.render_batch(given))), given, strict=True):
        np.testing.assert_allclose(image, had.display, rtol=1e-5)
    for call, had in zip(seen(tmp_path), given, strict=True):
        assert call["shape"] == [1, 1, *had.disparity.shape]
        assert [10 * end for end in call["defocus"]] == pytest.approx(defocus_px(had), rel=1e-5)
        assert call["image"][1] == pytest.approx(1.4)  # not clipped
        assert (call["gamma"], call["weights"], call["training"]) == (2.2, [2.0, 3.0], [False, False])
        assert call["network_gamma"] == pytest.approx(0.3)
        assert (call["gradients"], call["saving"]) == (False, False)
    (wrong,) = method.render_batch([sample(20, 30, 4.0, 0.5, gamma=6.0)])
    assert "ValueError: gamma is 6.0; BokehMe's networks know 1 to 5" in str(wrong.error)


def test_mpib_gets_normalised_disparity_and_sizes_it_can_use(adapt: Adapt, tmp_path: Path) -> None:
    method, folder = adapt("mpib")
    save(folder / "MPIB/checkpoints/mpinet.pth", 2.0, "module.")
    save(folder / "MPIB/checkpoints/aupnet.pth", 3.0, "module.")
    save(folder / "MPIB/checkpoints/inpnet.pth", 4.0)
    given = [sample(93, 131, 60.0, 0.25), sample(33, 49, 0.0, 0.5), sample(20, 30, 300.0, 0.0)]
    first, still, refused = method.render_batch(given)
    assert "ValueError: blur radius 300 px; MPIB ends at 200" in str(refused.error)
    for image, had in zip(good([first, still]), given, strict=False):
        painted = np.isclose(image, 0.25, atol=1e-4).all(axis=2)  # the nearest plane is all background
        edge = had.disparity.shape[1] // 2
        assert painted[:10, edge - 1 : edge + 1].all()
        rest = ~painted
        rest[:, edge - 8 : edge + 8] = False
        assert np.count_nonzero(rest) > 0.6 * rest.size
        np.testing.assert_allclose(image[rest], had.display[rest], atol=1e-5)
    calls = seen(tmp_path)
    assert calls[0] == {"encoder_pretrained": False, "output_channels": 2}
    renders = [call for call in calls if "K" in call]
    assert [(call["K"], call["focus"], call["gamma"]) for call in renders] == [(60.0, 0.25, 2.2), (0.0, 0.5, 2.2)]
    assert all(call["norm"] and call["wider"] for call in renders)
    assert renders[0]["shapes"] == [[1, 4, 3, 93, 131], [1, 4, 1, 93, 131]]
    assert [call["steps"] for call in calls if "steps" in call] == [120, 0]
    assert [call["planes"] for call in calls if "planes" in call] == [[64, 96], [64, 64]]  # 93 · 30 / 60 = 46
    assert [call["doubled"] for call in calls if "doubled" in call] == [[94, 132], [34, 50]]
    assert {key: {call["weight"] for call in calls if key in call} for key in ("planes", "doubled", "painted")} == {
        "planes": {2.0},
        "doubled": {3.0},
        "painted": {4.0},
    }


def test_bokehdiff_gets_radii_in_tens_of_px_and_tiles_of_512(adapt: Adapt, tmp_path: Path) -> None:
    method, folder = adapt("bokehdiff", "weights/small/pytorch_lora_weights.safetensors", "RealVisXL_V5.0/scheduler/x")
    torch.save({"w": torch.tensor(5.0), "unknown": torch.tensor(1.0)}, folder / "weights/small/vae.ckpt")
    large, small = sample(736, 736, 40.0, 0.25), sample(301, 450, 20.0, 0.4)
    given = [large, small, small, sample(20, 30, 4.0, 0.5, gamma=1.8)]
    *found, wrong = method.render_batch(given)
    assert "gamma is 1.8; BokehDiff was trained with 2.2" in str(wrong.error)
    images = good(found)
    np.testing.assert_array_equal(images[1], images[2])  # the noise is the same
    noise = images[0] - np.clip(large.display, 0, 1)
    inside = large.display.max(axis=2) < 0.98
    assert noise[inside].std() < 1e-6
    np.testing.assert_allclose(images[1], np.clip(small.display, 0, 1), atol=0.02)
    calls = seen(tmp_path)
    assert calls[0]["size"] == [736, 736]
    assert calls[0]["coc"] == pytest.approx([0.0, 40.0 * 0.75 / 10], abs=1e-3)
    assert calls[0]["latents"] == pytest.approx([0.0 - 0.3, 0.5 * (2 * 1.4 - 1)], abs=0.01)  # as encoded, not clipped
    rows, columns = calls[1]["size"]
    assert rows % 8 == columns % 8 == 0
    assert rows >= 512
    assert rows * columns > 2 * 512 * 512
    assert columns / rows == pytest.approx(450 / 301, rel=0.02)
    assert calls[1]["coc"][1] == pytest.approx(20.0 * (rows / 301) * 0.6 / 10, rel=0.02)  # K grows with the image
    assert calls[1]["disparity"] == pytest.approx([0.0, 1.0], abs=1e-5)
    assert calls[0]["attention"] == [None, [1e7, 5, 7, False], None]
    assert (calls[0]["vae"], calls[0]["tile"]) == ([5.0, True], 64)


def test_drbokeh_gets_a_neighbourhood_that_holds_the_largest_disc(adapt: Adapt, tmp_path: Path) -> None:
    method, _ = adapt("drbokeh", "DrBokeh-Src/app/Render/weights")
    given = [sample(93, 131, 40.0, 0.25), sample(93, 131, 40.0, 0.25), sample(33, 49, 0.0, 0.5)]
    *found, refused = method.render_batch([*given, sample(20, 30, 60.0, 0.0)])
    assert "discs of 60 px do not fit the image" in str(refused.error)
    for image, had in zip(good(found), given, strict=True):
        np.testing.assert_allclose(image, had.display, rtol=1e-5)
    calls = seen(tmp_path)
    assert [call["made"] for call in calls if "made" in call] == [65, 5]  # 40 · 0.75 px and two more to each side
    renders = [call for call in calls if "lens" in call]
    assert [(call["params"]["lens_effect"], call["params"]["focal"]) for call in renders] == [
        (40.0, 0.25),
        (40.0, 0.25),
        (0.0, 0.5),
    ]
    assert renders[0]["params"]["gamma"] == 2.2
    assert renders[0]["params"]["Salient"] == "LDF"
    assert renders[0]["disp"] == [0.0, 1.0]
    assert renders[0]["rgb"][1] == pytest.approx(1.4)
    assert renders[0]["alpha"] == [0.75, 0.75]


def test_what_is_not_set_up_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_adapter("theirs", "drbokeh", tmp_path)
    loop: dict[str, Any] = {"__name__": "job_loop"}
    monkeypatch.setitem(sys.modules, "job_loop", SimpleNamespace(__dict__=loop))  # dataclasses look there
    exec((tmp_path / "job_loop.py").read_text(), loop)
    monkeypatch.delenv("THEIRS", raising=False)
    with pytest.raises(SystemExit, match="the variable THEIRS is not set; expected a checkout .see environment"):
        loop["path_from"]("THEIRS", "a checkout")
    monkeypatch.setenv("THEIRS", str(tmp_path / "gone"))
    with pytest.raises(SystemExit, match="gone, named by THEIRS, does not exist; expected a checkout"):
        loop["path_from"]("THEIRS", "a checkout")
    monkeypatch.setenv("THEIRS", str(tmp_path))
    assert loop["path_from"]("THEIRS", "a checkout") == tmp_path.resolve()


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_every_adapter_says_what_it_is_and_what_it_is_not(tmp_path: Path, adapter: str) -> None:
    started = write_adapter("theirs", adapter, tmp_path)
    readme = (tmp_path / "README.md").read_text()
    assert readme.startswith("# theirs: ")
    assert "**We have never run this with" in readme.split("##")[0]
    assert COMMIT.search(readme.split("##")[0])
    assert "None of its code is here" in readme
    method = load_command_method(tmp_path)
    assert method.name == "theirs"
    assert method.metadata.code is not None
    assert method.metadata.code.removeprefix("https://github.com/") in readme
    for path in started.files:
        if path.suffix == ".py":
            ast.parse(path.read_text(), feature_version=(3, 8))  # what their environments have
    with pytest.raises(BadInputError, match="would be overwritten"):
        write_adapter("theirs", adapter, tmp_path)


def test_an_unknown_adapter(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="unknown adapter 'deeplens'; expected one of bokehdiff, bokehme"):
        write_adapter("theirs", "deeplens", tmp_path)
