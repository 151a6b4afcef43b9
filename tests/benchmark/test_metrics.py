from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from benchmark.metrics.lpips import (
    FEATURES_FILE,
    WEIGHTS_VARIABLE,
    Lpips,
    backbone_sha256,
    build_lpips,
    find_backbone,
    load_lpips,
)
from benchmark.metrics.psnr import psnr
from benchmark.metrics.ssim import ssim
from benchmark.protocols import load_protocol
from bokeh_render.errors import BadInputError
from bokeh_render.imagefile import read_image

PROTOCOL = load_protocol("blb-v1")
Array = NDArray[np.float64]


def pair(height: int = 48, width: int = 56) -> tuple[Array, Array]:
    rng = np.random.default_rng(0)
    truth = rng.random((height, width, 3))
    return np.clip(truth + rng.normal(0, 0.05, truth.shape), 0, 1), truth


def test_psnr_of_a_known_error() -> None:
    truth = np.zeros((4, 4, 3))
    assert psnr(truth + 0.1, truth, cap_db=100.0) == pytest.approx(20.0)


def test_equal_images_get_the_cap_not_infinity() -> None:
    _, truth = pair()
    assert psnr(truth, truth, cap_db=PROTOCOL.psnr_cap_db) == 100.0
    assert ssim(truth, truth, PROTOCOL.ssim) == pytest.approx(1.0)


def test_psnr_does_not_overflow_in_small_integers() -> None:
    dark, bright = np.zeros((2, 2, 3), dtype=np.uint8), np.ones((2, 2, 3), dtype=np.uint8)
    assert psnr(dark, bright, cap_db=100.0) == pytest.approx(0.0)


def test_ssim_is_wang_2004_over_the_valid_region() -> None:
    prediction, truth = pair(16, 18)
    offsets = np.arange(-5, 6)
    window = np.exp(-(offsets[:, None] ** 2 + offsets[None] ** 2) / (2 * 1.5**2))
    window /= window.sum()
    values = []
    for c in range(3):
        for y in range(5, 11):
            for x in range(5, 13):
                a, b = (image[y - 5 : y + 6, x - 5 : x + 6, c] for image in (prediction, truth))
                ma, mb = (window * a).sum(), (window * b).sum()
                va, vb = (window * a * a).sum() - ma**2, (window * b * b).sum() - mb**2
                vab = (window * a * b).sum() - ma * mb
                c1, c2 = 0.01**2, 0.03**2
                values.append((2 * ma * mb + c1) * (2 * vab + c2) / ((ma**2 + mb**2 + c1) * (va + vb + c2)))
    assert ssim(prediction, truth, PROTOCOL.ssim) == pytest.approx(np.mean(values), abs=1e-6)


def test_images_too_small_for_a_metric_are_refused() -> None:
    tiny = np.zeros((8, 8, 3))
    with pytest.raises(BadInputError, match="SSIM needs at least 11 px"):
        ssim(tiny, tiny, PROTOCOL.ssim)
    with pytest.raises(BadInputError, match="LPIPS needs at least 31 px"):
        Lpips().distance(tiny, tiny)


def random_backbone(seed: int) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return {
        f"features.{index}.{kind}": torch.randn(tensor.shape, generator=generator) * 0.05
        for index, convolution in Lpips().convolutions.items()
        for kind, tensor in convolution.named_parameters()
    }


def test_lpips_equals_the_lpips_package_on_a_random_backbone(tmp_path: Path) -> None:
    """The package runs in a child, which first defines the operators that a CPU build of torchvision lacks."""
    state = random_backbone(7)
    prediction, truth = pair(80, 96)
    images = [torch.from_numpy(image.transpose(2, 0, 1)[None]).float() * 2 - 1 for image in (prediction, truth)]
    torch.save({"state": state, "images": images}, tmp_path / "given.pt")
    child = f"""
import warnings; warnings.simplefilter("ignore")
import torch
operators = torch.library.Library("torchvision", "DEF")
operators.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
operators.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
import lpips
given = torch.load({str(tmp_path / "given.pt")!r}, weights_only=True)
model = lpips.LPIPS(net="alex", version="0.1", pnet_rand=True, verbose=False)
slices = {{0: "slice1.0", 3: "slice2.3", 6: "slice3.6", 8: "slice4.8", 10: "slice5.10"}}
model.net.load_state_dict({{
    f"{{slices[int(key.split('.')[1])]}}.{{key.split('.')[2]}}": value for key, value in given["state"].items()
}})
with torch.no_grad():
    print(float(model.eval()(*given["images"])))
"""
    ended = subprocess.run([sys.executable, "-c", child], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    theirs = float(ended.stdout.split()[-1])
    assert theirs > 1e-3
    assert build_lpips(state).distance(prediction, truth) == pytest.approx(theirs, abs=1e-6)


def golden_folder() -> Path | None:
    value = os.environ.get(WEIGHTS_VARIABLE)
    return Path(value) if value and (Path(value) / FEATURES_FILE).is_file() else None


@pytest.mark.skipif(golden_folder() is None, reason=f"{WEIGHTS_VARIABLE} names no folder with {FEATURES_FILE}")
def test_lpips_gives_the_published_values() -> None:
    folder = golden_folder()
    assert folder is not None
    model = load_lpips(PROTOCOL.lpips.backbone_sha256)
    assert model is not None
    reference, first, second = (read_image(folder / f"ex_{name}.png").pixels for name in ("ref", "p0", "p1"))
    assert model.distance(reference, first) == pytest.approx(0.7218807, abs=1e-6)
    assert model.distance(reference, second) == pytest.approx(0.1375656, abs=1e-6)
    assert model.distance(reference, reference) == 0.0


def test_another_backbone_is_refused_by_its_hash(tmp_path: Path) -> None:
    state = random_backbone(0)
    assert backbone_sha256(state) != PROTOCOL.lpips.backbone_sha256
    torch.save(state, tmp_path / "alexnet.pth")
    with pytest.raises(BadInputError, match="holds another AlexNet"):
        load_lpips(PROTOCOL.lpips.backbone_sha256, tmp_path / "alexnet.pth")


def test_no_weights_means_no_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(WEIGHTS_VARIABLE, raising=False)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    assert find_backbone() is None
    assert load_lpips(PROTOCOL.lpips.backbone_sha256) is None


def test_a_named_place_without_weights_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(WEIGHTS_VARIABLE, str(tmp_path / "nowhere.pth"))
    with pytest.raises(BadInputError, match="no LPIPS backbone at"):
        find_backbone()
    (tmp_path / "words.pth").write_text("not weights")
    with pytest.raises(BadInputError, match="not AlexNet's state dict"):
        load_lpips(PROTOCOL.lpips.backbone_sha256, tmp_path / "words.pth")


def test_torchvision_is_never_imported() -> None:
    code = (
        "import sys, benchmark.run, benchmark.metrics.lpips as l, leaderboards.page, generator.build; "
        "l.read_heads(); "
        "sys.exit(bool({'torchvision', 'lpips', 'bpy'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
