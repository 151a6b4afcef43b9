"""Weights in and out, and checkpoints that must not run code."""

from __future__ import annotations

import copy
import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from bokeh_render.errors import BadInputError
from bokeh_render.neural.checkpoints import load_checkpoint, load_weights, read_weights, save_weights
from bokeh_render.neural.networks import ARNet, IUNet

OFFICIAL = "bokehme_iunet_official.pth"


class Attack:
    """Runs a command when it is unpickled by a reader that trusts it."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch {self.mark}",)


def released(network: nn.Module, **others: Any) -> dict[str, Any]:
    """Return what a released checkpoint holds, NumPy's objects included."""
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-4)
    return {
        "global_step": 1_653_750,
        "model": network.state_dict(),
        "optimizer": optimiser.state_dict(),
        "best_eval_measures": torch.tensor([32.0, 0.96]),
        "best_eval_steps": np.array([1, 2], dtype=np.int32),
        "scores": [np.float64(0.5), np.int64(3), np.float32(1.5), np.bool_(True), np.ones((2, 3))],
        **others,
    }


def distinct(seed: int) -> IUNet:
    network, generator = IUNet(), torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for values in network.parameters():
            values.copy_(torch.randn(values.shape, generator=generator))
    return network


def same(first: nn.Module, second: nn.Module) -> bool:
    others = second.state_dict()
    return all(torch.equal(values, others[name]) for name, values in first.state_dict().items())


def refusal(path: Path, network: nn.Module | None = None) -> str:
    """Return what is said of a file; the network must be as it was."""
    network = network or distinct(9)
    before = copy.deepcopy(network)
    with pytest.raises(BadInputError) as refused:
        load_weights(network, path)
    assert same(network, before)
    message = str(refused.value)
    assert "\n" not in message
    assert str(path) in message
    assert ". " not in message  # one sentence
    return message


@pytest.mark.parametrize("zipped", [True, False])
def test_checkpoint_of_the_released_make_loads(tmp_path: Path, zipped: bool) -> None:
    network, path = distinct(1), tmp_path / "iunet.pth"
    torch.save(released(network), path, _use_new_zipfile_serialization=zipped)
    loaded = IUNet()
    assert load_weights(loaded, path) == {}
    assert same(loaded, network)


def test_numpy_2_names_load_too(tmp_path: Path) -> None:
    """NumPy 2 pickles its arrays as numpy._core.multiarray._reconstruct."""
    network, path = distinct(1), tmp_path / "iunet.pth"
    torch.save(released(network), path, _use_new_zipfile_serialization=False)
    content = path.read_bytes()
    assert b"cnumpy.core.multiarray\n" in content
    path.write_bytes(content.replace(b"cnumpy.core.multiarray\n", b"cnumpy._core.multiarray\n"))
    loaded = IUNet()
    load_weights(loaded, path)
    assert same(loaded, network)


def test_bare_state_dict_loads(tmp_path: Path) -> None:
    network, path = distinct(2), tmp_path / "iunet.pt"
    torch.save(network.state_dict(), path)
    assert set(load_checkpoint(path)) == set(network.state_dict())


@pytest.mark.skipif(
    not (Path(os.environ.get("BOKEHBENCH_LPIPS_WEIGHTS", "")) / OFFICIAL).is_file()
    or not os.environ.get("BOKEHBENCH_LPIPS_WEIGHTS"),
    reason=f"BOKEHBENCH_LPIPS_WEIGHTS names no folder with {OFFICIAL}",
)
def test_official_checkpoint_loads_and_sharpens() -> None:
    network = IUNet()
    load_weights(network, Path(os.environ["BOKEHBENCH_LPIPS_WEIGHTS"]) / OFFICIAL)
    y, x = torch.meshgrid(torch.arange(32.0), torch.arange(48.0), indexing="ij")
    image = (0.5 + 0.4 * torch.sin(x / 2) * torch.cos(y / 3)).expand(1, 3, 32, 48)
    coarse = nn.functional.avg_pool2d(image, 2)
    with torch.no_grad():  # all in focus: the truth is the image itself
        found = network(image, torch.zeros(1, 1, 32, 48), coarse, torch.tensor([0.3]))
    inside = (slice(None), slice(None), slice(4, -4), slice(4, -4))
    blurred = nn.functional.interpolate(coarse, size=(32, 48), mode="bilinear", align_corners=True)
    assert float((found - image)[inside].abs().mean()) < 0.02
    assert float((found - image)[inside].abs().mean()) < 0.5 * float((blurred - image)[inside].abs().mean())


@pytest.mark.parametrize("place", ["beside", "instead"])
@pytest.mark.parametrize("zipped", [True, False])
def test_code_in_a_checkpoint_is_refused_and_not_run(tmp_path: Path, place: str, zipped: bool) -> None:
    mark, path = tmp_path / "ran", tmp_path / "attack.pth"
    attack = Attack(mark)
    content = released(distinct(3), extra=attack) if place == "beside" else {"model": attack}
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    message = refusal(path)
    assert "system" in message
    assert "was run" in message
    assert not mark.exists()
    pickle.loads(pickle.dumps(attack))  # the attack is real: a trusting reader runs it
    assert mark.exists()


def test_plain_pickle_and_objects_of_classes_are_refused(tmp_path: Path) -> None:
    mark, path = tmp_path / "ran", tmp_path / "attack.pkl"
    path.write_bytes(pickle.dumps({"model": Attack(mark)}))
    refusal(path)
    assert not mark.exists()
    torch.save(distinct(4), path)  # a whole module: its class would have to be looked up
    assert "bokeh_render.neural.networks" in refusal(path)
    # an array of objects may hold nothing that could not stand alone
    torch.save({"model": {}, "x": np.array([Attack(mark)], dtype=object)}, path)
    refusal(path)
    assert not mark.exists()


def test_no_name_stays_allowed_afterwards(tmp_path: Path) -> None:
    path = tmp_path / "iunet.pth"
    torch.save(released(distinct(5)), path)
    before = set(torch.serialization.get_safe_globals())
    load_checkpoint(path)
    assert set(torch.serialization.get_safe_globals()) == before


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
@pytest.mark.parametrize("share", [0.0, 0.001, 0.5, 0.999])
def test_files_cut_off_are_refused(tmp_path: Path, suffix: str, share: float) -> None:
    path = tmp_path / f"weights{suffix}"
    if suffix == ".pth":
        torch.save(released(distinct(6)), path)
    else:
        save_weights(path, distinct(6))
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    assert "cut off" in refusal(path)


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_other_things_are_refused(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"weights{suffix}"
    assert "is not a file" in refusal(path)
    path.write_text("hello world, this is no network")
    refusal(path)
    path.unlink()
    path.mkdir()
    assert "is not a file" in refusal(path)


@pytest.mark.parametrize("content", [[1, 2], {}, {"model": {}}, {"model": 3}, {"model": {"a": 1}}, torch.ones(2)])
def test_checkpoint_without_a_network_is_refused(tmp_path: Path, content: Any) -> None:
    path = tmp_path / "weights.pth"
    torch.save(content, path)
    assert "holds no network" in refusal(path)


def spoilt(kind: str) -> dict[str, torch.Tensor]:
    tensors = dict(distinct(7).state_dict())
    name = "block_stack.blocks.1.0.conv.weight"
    if kind == "missing":
        del tensors[name]
    elif kind == "unknown":
        tensors["conv9.conv.weight"] = torch.ones(1)
    elif kind == "shape":
        tensors[name] = tensors[name][:, :-1].contiguous()
    elif kind == "integers":
        tensors[name] = tensors[name].to(torch.int32)
    elif kind == "complex":
        tensors[name] = tensors[name].to(torch.complex64)
    else:
        tensors[name] = torch.full_like(tensors[name], float(kind))
    return tensors


SPOILT = [
    ("missing", "lacks block_stack.blocks.1.0.conv.weight"),
    ("unknown", "has conv9.conv.weight besides"),
    ("shape", r"block_stack.blocks.1.0.conv.weight has shape (64, 63, 3, 3), expected (64, 64, 3, 3)"),
    ("integers", "no plain floating-point numbers in block_stack.blocks.1.0.conv.weight"),
    ("complex", "no plain floating-point numbers"),
    ("nan", "NaN or infinity in block_stack.blocks.1.0.conv.weight"),
    ("inf", "NaN or infinity in block_stack.blocks.1.0.conv.weight"),
]


@pytest.mark.parametrize(("kind", "told"), SPOILT)
@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_weights_that_do_not_fit_are_refused(tmp_path: Path, suffix: str, kind: str, told: str) -> None:
    from safetensors.torch import save_file

    path = tmp_path / f"weights{suffix}"
    if suffix == ".pth":
        torch.save({"model": spoilt(kind)}, path)
    else:
        save_file(spoilt(kind), path)
    assert told in refusal(path)


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    save_weights(path, IUNet())
    assert "is not of ARNet" in refusal(path, ARNet())


def test_saved_weights_come_back_with_their_metadata(tmp_path: Path) -> None:
    network, path = distinct(8), tmp_path / "new" / "weights.safetensors"
    metadata = {"steps": 100, "network": "iunet", "blur": [1.0, 16.0]}
    save_weights(path, network, metadata)
    loaded = IUNet()
    assert load_weights(loaded, path) == metadata
    assert same(loaded, network)
    assert read_weights(path).metadata == metadata
    assert [item.name for item in path.parent.iterdir()] == [path.name]


def test_same_weights_give_the_same_bytes(tmp_path: Path) -> None:
    first, second = tmp_path / "a.safetensors", tmp_path / "b.safetensors"
    save_weights(first, distinct(8), {"steps": 1, "network": "iunet", "seed": 3})
    save_weights(second, distinct(8), {"seed": 3, "network": "iunet", "steps": 1})
    assert first.read_bytes() == second.read_bytes()


def test_half_precision_weights_load_into_a_network_of_single_precision(tmp_path: Path) -> None:
    path, network = tmp_path / "weights.safetensors", distinct(8)
    save_weights(path, copy.deepcopy(network).half())
    loaded = IUNet()
    load_weights(loaded, path)
    assert next(loaded.parameters()).dtype == torch.float32
    for found, expected in zip(loaded.parameters(), network.parameters(), strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-6)


def test_nothing_is_written_that_could_not_be_read(tmp_path: Path) -> None:
    path, network = tmp_path / "weights.safetensors", distinct(8)
    save_weights(path, network)
    before = path.read_bytes()
    with torch.no_grad():
        network.conv0.conv.bias[0] = float("nan")  # type: ignore[index]
    with pytest.raises(BadInputError, match="NaN or infinity in conv0.conv.bias"):
        save_weights(path, network)
    assert path.read_bytes() == before
    with pytest.raises(BadInputError, match=r"does not end in \.safetensors"):
        save_weights(tmp_path / "weights.pth", IUNet())
    with pytest.raises(ValueError, match="JSON"):
        save_weights(path, IUNet(), {"loss": float("nan")})
    assert path.read_bytes() == before
