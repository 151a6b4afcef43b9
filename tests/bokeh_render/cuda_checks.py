"""What must hold of the CUDA back end, wherever its kernels run: on a card, in Triton's interpreter, in its compiler.

python -m tests.bokeh_render.cuda_checks interpret          with TRITON_INTERPRET=1: tiny images on the CPU
python -m tests.bokeh_render.cuda_checks compile 80 90      for these compute capabilities; needs no card
python -m tests.bokeh_render.cuda_checks card               on the card that is there, at real sizes
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from bokeh_render.aperture_text import parse_aperture
from bokeh_render.classical import cpu, cuda, torch_taps
from bokeh_render.classical.taps import TapTable, tap_table

LENSES = [("disc", "area", "high"), ("pentagon:10", "bokehme", "high"), ("heart", "area", "preview")]
FLOAT, DOUBLE, LONG, INT, NUMBER = "*fp32", "*fp64", "*i64", "*i32", "i32"
TABLE = [DOUBLE, INT, INT, DOUBLE, INT]  # largest, first, position, weight, row_of
SIGNATURES = {
    "scatter": [FLOAT, FLOAT, DOUBLE, *TABLE, LONG, *[NUMBER] * 7],
    "running_sums": [LONG, DOUBLE, FLOAT, *[NUMBER] * 3],
    "suffix_sums": [FLOAT, DOUBLE, LONG, *[NUMBER] * 3],
    "gather": [LONG, DOUBLE, FLOAT, FLOAT, *TABLE, FLOAT, FLOAT, *[NUMBER] * 7],
}


def scene(device: str, images: int, height: int, width: int, radius: float) -> tuple[Tensor, Tensor, Tensor]:
    """Return values with lights of 1e5, defocus with sharp, missing and far too blurred sources, and a cotangent."""
    rng = np.random.default_rng(0)
    values = rng.uniform(-0.1, 1, (images, height, width, 4)) * 1e5 ** (rng.random((images, height, width, 1)) < 0.01)
    defocus = rng.uniform(-radius, radius, (images, height, width))
    kind = rng.random(defocus.shape)
    defocus[kind < 0.2] = 0
    defocus[kind > 0.99] *= 40
    defocus[(kind > 0.5) & (kind < 0.55)] = np.nan
    values[np.isnan(defocus)] = np.nan
    cotangent = rng.standard_normal(values.shape)
    found = [torch.from_numpy(array.astype(np.float32)).to(device) for array in (values, defocus, cotangent)]
    return found[0], found[1], found[2]


def check_sums(device: str, images: int, height: int, width: int, radius: float) -> Iterator[str]:
    """Ask for the same bits as from plain torch, whole or in bands, and to be near the CPU's sums."""
    values, defocus, _ = scene(device, images, height, width, radius)
    for lens in LENSES:
        table = table_of(lens, radius, max(height, width))
        expected = torch_taps.scatter_sums(values, defocus, table)
        for rows in (height * images, height // 2):
            found = cuda.scatter_sums(values, defocus, table, buffer_bytes=32 * width * rows)
            assert torch.equal(found, expected), (lens, rows)
        for n in range(images):
            on_cpu = cpu.accumulate(values[n].cpu().numpy(), defocus[n].cpu().numpy(), table, threads=0)
            error = np.abs(expected[n, ..., 0].cpu().numpy() - on_cpu.weight).max()
            assert error <= 2e-6 * np.abs(on_cpu.weight).max(), (lens, error)
        yield f"sums {' '.join(lens)}"


def check_gradients(device: str, images: int, height: int, width: int, radius: float) -> Iterator[str]:
    """Ask for plain torch's gradients up to rounding, and for the adjoint of the sums."""
    values, defocus, cotangent = scene(device, images, height, width, radius)
    there = ~defocus.isnan()
    for lens in LENSES[1:]:
        table = table_of(lens, radius, max(height, width))
        expected = torch_taps.gather_sums(cotangent, values, defocus, table)
        found = cuda.gather_sums(cotangent, values, defocus, table)
        banded = cuda.gather_sums(
            cotangent, values, defocus, table, buffer_bytes=32 * width * (2 * table.reach + height // 2)
        )
        for one, other, exact in zip(found, banded, expected, strict=True):
            assert torch.equal(one, other), lens
            torch.testing.assert_close(one, exact, rtol=1e-5, atol=1e-6 * float(exact.abs().max()))
        assert (found[0][~there] == 0).all(), lens
        assert (found[1][~there | (defocus.abs() > table.largest_px)] == 0).all(), lens
        forth = (cuda.scatter_sums(values, defocus, table).double() * cotangent.double()).sum()
        back = (found[0][there].double() * values[there].double()).sum()
        size = (found[0][there].double() * values[there].double()).abs().sum()
        assert abs(float(forth - back)) <= 1e-6 * float(size), (lens, forth, back)
        yield f"gradients {' '.join(lens)}"


def check_dark(device: str, height: int, width: int, radius: float) -> Iterator[str]:
    """Ask that a light of 1e5 leaves no trace beside its disc, and dark areas as they are."""
    for lens in LENSES[:2]:
        table = table_of(lens, radius, max(height, width))
        defocus = torch.full((1, height, width), radius - 0.3, device=device)
        lit = torch.zeros((1, height, width, 4), device=device)
        lit[0, height // 2, width // 2] = 1e5
        y, x = np.indices((height, width))
        beside = torch.from_numpy(np.hypot(y - height // 2, x - width // 2) > radius + 3).to(device)
        sums = cuda.scatter_sums(lit, defocus, table)
        assert beside.any()
        assert (sums[0][beside] == 0).all(), lens
        assert (sums[0][~beside] > 0).any(), lens
        dark = torch.full_like(lit, 1e-3)
        both = cuda.scatter_sums(torch.maximum(lit, dark), defocus, table)
        off = both[0][beside] / cuda.scatter_sums(dark, defocus, table)[0][beside] - 1
        assert off.abs().max() < 1e-5, (lens, off.abs().max())
        yield f"dark {' '.join(lens)}"


def check_repeats(device: str, images: int, height: int, width: int, radius: float) -> Iterator[str]:
    values, defocus, cotangent = scene(device, images, height, width, radius)
    table = table_of(LENSES[0], radius, max(height, width))
    sums = cuda.scatter_sums(values, defocus, table)
    gradients = cuda.gather_sums(cotangent, values, defocus, table)
    for _ in range(5):
        assert torch.equal(cuda.scatter_sums(values, defocus, table), sums)
        again = cuda.gather_sums(cotangent, values, defocus, table)
        assert all(torch.equal(a, b) for a, b in zip(again, gradients, strict=True))
    yield "repeats"


def table_of(lens: tuple[str, str, str], radius: float, longest: int) -> TapTable:
    return tap_table(parse_aperture(lens[0]), lens[1], lens[2], radius, longest)


def check_comparison(device: str, height: int, width: int, radius: float) -> Iterator[str]:
    """Try the script that compares with brute force."""
    from tests.speed import scatter_on_gpu

    found = scatter_on_gpu.compare(height, width, radius, device)
    assert found.our_error < 2e-3, found
    assert found.brute_force_error < 1e-4, found
    assert found.same_bits
    yield "comparison with brute force"


def interpret() -> Iterator[str]:
    cuda.PIXELS_AT_A_TIME["block"] = 16  # so that tiny rows, too, are summed in several pieces
    yield from check_sums("cpu", 2, 8, 35, 2.5)
    yield from check_gradients("cpu", 2, 6, 35, 2.5)
    yield from check_dark("cpu", 13, 13, 3)
    yield from check_comparison("cpu", 10, 14, 3)


def card() -> Iterator[str]:
    yield from check_sums("cuda", 2, 1080, 1920, 50)
    yield from check_gradients("cuda", 2, 270, 480, 50)
    yield from check_dark("cuda", 1080, 1920, 100)
    yield from check_repeats("cuda", 2, 1080, 1920, 50)
    yield from check_comparison("cuda", 540, 960, 25)


def compile_for(capability: int) -> Iterator[str]:
    """Compile all kernels as they are started; ours with whole-number additions and no fused multiply-adds."""
    import triton
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource

    from bokeh_render.classical import cuda_kernels
    from tests.speed import _brute_force_gpu

    kernel = _brute_force_gpu.scatter_by_brute_force
    signature = dict(zip(kernel.arg_names, [FLOAT, FLOAT, FLOAT, NUMBER, NUMBER, "constexpr"], strict=True))
    triton.compile(
        ASTSource(kernel, signature, {"block": 128}),
        target=GPUTarget("cuda", capability, 32),
        options={"enable_fp_fusion": True},
    )
    yield f"sm_{capability} brute force"

    for name, types in SIGNATURES.items():
        kernel = getattr(cuda_kernels, name)
        started = dict(cuda.SOURCES_PER_WARP if name in ("scatter", "gather") else cuda.PIXELS_AT_A_TIME)
        block = started.pop("block")
        for values in ({FLOAT: FLOAT}, {FLOAT: DOUBLE}):  # float32 and float64 images
            signature = dict(
                zip(kernel.arg_names, [*(values.get(kind, kind) for kind in types), "constexpr"], strict=True)
            )
            compiled = triton.compile(
                ASTSource(kernel, signature, {"block": block}),
                target=GPUTarget("cuda", capability, 32),
                options=started,
            )
            code = compiled.asm["ptx"]
            assert len(compiled.asm["cubin"]) > 1000
            assert re.search(r"\bfma\.rn\.f64", code) is None, name
            added = set(re.findall(r"\b(?:red|atom)\.\S+", code))
            assert added == ({"red.global.gpu.relaxed.add.u64"} if name == "scatter" else set()), added
        yield f"sm_{capability} {name}"


def main() -> None:
    torch.set_num_threads(1)
    what, *capabilities = sys.argv[1:]
    if what == "compile":
        checks = (line for capability in capabilities for line in compile_for(int(capability)))
    else:
        checks = {"interpret": interpret, "card": card}[what]()
    for line in checks:
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
