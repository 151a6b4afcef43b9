"""Every way we know to hand in wrong predictions: each is refused in words its author understands."""

from __future__ import annotations

import json
import pickle
import re
import shutil
import zlib
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any

import imagecodecs
import numpy as np
import OpenEXR
import pytest
from numpy.typing import NDArray
from PIL import Image as PillowImage

from benchmark.dataset import Dataset, open_dataset
from benchmark.methods import included_method
from benchmark.predictions import prediction_path
from benchmark.protocols import load_protocol
from benchmark.samples import Sample
from benchmark.submissions.checks import Checked, check_submission
from benchmark.submissions.files import read_prediction_file
from benchmark.submissions.problems import Severity
from benchmark.submissions.submission import open_submission
from bokeh_render.errors import BadInputError
from bokeh_render.imagefile import Encoding, Image, read_image, write_image
from bokeh_render.optics import light_from_display

PROTOCOL = load_protocol("blb-v1")
SCENES = ("blue_hour_street", "window_table")
SAMPLE = Sample("window_table", 1, 0)
FILE = "window_table/bokeh_01_00"
ALL = [Sample(scene, blur, focus) for scene in SCENES for blur in (0, 1) for focus in (0, 1)]
Spoil = Callable[[Path, Dataset], object]


@pytest.fixture(scope="module")
def honest(tiny_dataset_once: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return predictions as a method of ours makes them, 16-bit PNG; nobody may change them."""
    folder = tmp_path_factory.mktemp("honest")
    dataset, method = open_dataset(tiny_dataset_once), included_method("classical")
    for sample in ALL:
        write_image(prediction_path(folder, sample), method.render(dataset.method_input(sample, PROTOCOL)))
    return folder


@pytest.fixture
def mine(honest: Path, tmp_path: Path) -> Path:
    """Return a copy of the honest predictions that the test may spoil."""
    return Path(shutil.copytree(honest, tmp_path / "mine"))


def check(predictions: Path, dataset: Dataset, **options: Any) -> Checked:
    with open_submission(predictions, dataset, PROTOCOL) as submission:
        return check_submission(submission, dataset, PROTOCOL, **options)


def test_honest_predictions_have_no_problem(honest: Path, tiny_dataset_once: Path) -> None:
    checked = check(honest, open_dataset(tiny_dataset_once))
    assert checked.problems == ()
    assert (list(checked.files), checked.compared) == (ALL, 8)
    checked.refuse()


# How one file is spoiled. `pixels` are the display values that were in it.


def replaced(suffix: str, write: Callable[[Path, NDArray[Any]], object]) -> Spoil:
    """Put another file in place of one prediction; ``write`` gets its path and the display values that were there."""

    def spoil(folder: Path, _: Dataset) -> None:
        path = prediction_path(folder, SAMPLE)
        pixels = read_image(path).pixels
        path.unlink()
        write(path.with_suffix(suffix), pixels)

    return spoil


def content(suffix: str, data: bytes) -> Spoil:
    return replaced(suffix, lambda path, _: path.write_bytes(data))


def npy(make: Callable[[NDArray[Any]], NDArray[Any]]) -> Spoil:
    """Put an array in place of one prediction; ``make`` gets the light that belongs there."""
    return replaced(".npy", lambda path, pixels: np.save(path, make(light_from_display(pixels))))


def png(make: Callable[[NDArray[Any]], NDArray[Any]]) -> Spoil:
    return replaced(".png", lambda path, pixels: write_image(path, make(pixels)))


def encoded(make: Callable[[NDArray[Any]], NDArray[Any]]) -> Spoil:
    """Put a PNG of exactly these integers in place of one prediction; ``make`` gets 16-bit values."""
    return replaced(
        ".png",
        lambda path, pixels: path.write_bytes(imagecodecs.png_encode(make((pixels * 65535).astype(np.uint16)))),
    )


def exr(make: Callable[[NDArray[Any]], dict[str, NDArray[Any]]]) -> Spoil:
    def write(path: Path, pixels: NDArray[Any]) -> None:
        channels = {name: np.ascontiguousarray(channel) for name, channel in make(light_from_display(pixels)).items()}
        header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
        with OpenEXR.File(header, channels) as file:
            file.write(str(path))

    return replaced(".exr", write)


def torn(suffix: str) -> Spoil:
    def write(path: Path, pixels: NDArray[Any]) -> None:
        write_image(path, light_from_display(pixels) if suffix != ".png" else pixels)
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])

    return replaced(suffix, write)


def with_chunk(name: bytes, data: bytes) -> Spoil:
    """Put a chunk behind the header of one PNG."""

    def spoil(folder: Path, _: Dataset) -> None:
        path = prediction_path(folder, SAMPLE)
        whole = path.read_bytes()
        chunk = len(data).to_bytes(4, "big") + name + data + zlib.crc32(name + data).to_bytes(4, "big")
        path.write_bytes(whole[:33] + chunk + whole[33:])

    return spoil


def palette(path: Path, pixels: NDArray[Any]) -> None:
    PillowImage.fromarray((pixels * 255).astype(np.uint8)).convert("P", palette=PillowImage.Palette.ADAPTIVE).save(path)


def jpeg(path: Path, pixels: NDArray[Any]) -> None:
    path.write_bytes(imagecodecs.jpeg_encode((pixels * 255).astype(np.uint8), level=95))


def exif_turned() -> Spoil:
    exif = PillowImage.Exif()
    exif[0x0112] = 6
    return with_chunk(b"eXIf", exif.tobytes().removeprefix(b"Exif\0\0"))


def structured(light: NDArray[Any]) -> NDArray[Any]:
    return np.zeros(light.shape[:2], dtype=[("r", "f4"), ("g", "f4"), ("b", "f4")])


def nan(light: NDArray[Any]) -> NDArray[Any]:
    light[3, 4, 1] = np.nan
    return light


# How names are spoiled.


def renamed(old: str, new: str) -> Spoil:
    def spoil(folder: Path, _: Dataset) -> None:
        target = folder / new
        target.parent.mkdir(parents=True, exist_ok=True)
        (folder / old).rename(target)

    return spoil


def copied(old: str, new: str) -> Spoil:
    def spoil(folder: Path, _: Dataset) -> None:
        (folder / new).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(folder / old, folder / new)

    return spoil


def numbered_from_one(blur: int, focus: int) -> Spoil:
    def spoil(folder: Path, _: Dataset) -> None:
        for sample in reversed(ALL):
            one_more = sample._replace(blur=sample.blur + blur, focus=sample.focus + focus)
            prediction_path(folder, sample).rename(prediction_path(folder, one_more))

    return spoil


def twice(folder: Path, _: Dataset) -> None:
    write_image((folder / FILE).with_suffix(".exr"), np.zeros((64, 96, 3)))


# How whole submissions are spoiled.


def every(suffix: str, make: Callable[[NDArray[Any]], NDArray[Any]]) -> Spoil:
    """Write every prediction anew; ``make`` gets its display values and returns what is put into the file."""

    def spoil(folder: Path, _: Dataset) -> None:
        for sample in ALL:
            path = prediction_path(folder, sample)
            pixels = read_image(path).pixels
            path.unlink()
            write_image(path.with_suffix(suffix), make(pixels), bits=32 if suffix == ".exr" else 16)

    return spoil


def reordered(order: Callable[[Sample], Sample]) -> Spoil:
    def spoil(folder: Path, _: Dataset) -> None:
        old = {sample: prediction_path(folder, sample).read_bytes() for sample in ALL}
        for sample in ALL:
            prediction_path(folder, sample).write_bytes(old[order(sample)])

    return spoil


def scenes_swapped(folder: Path, _: Dataset) -> None:
    (folder / SCENES[0]).rename(folder / "other")
    (folder / SCENES[1]).rename(folder / SCENES[0])
    (folder / "other").rename(folder / SCENES[1])


def input_sent(samples: list[Sample]) -> Spoil:
    def spoil(folder: Path, dataset: Dataset) -> None:
        for sample in samples:
            write_image(prediction_path(folder, sample), dataset.method_input(sample, PROTOCOL).display)

    return spoil


def truth_sent(target: Sample, source: Sample, suffix: str = ".png", bits: int = 16) -> Spoil:
    def spoil(folder: Path, dataset: Dataset) -> None:
        prediction_path(folder, target).unlink()
        truth = dataset.truth(source.truth)
        write_image(
            prediction_path(folder, target, suffix),
            truth.as_display(PROTOCOL.gamma) if suffix == ".png" else truth.pixels,
            bits=bits,
        )

    return spoil


def told(**keys: object) -> Spoil:
    return lambda folder, _: (folder / "submission.json").write_text(json.dumps(keys))


def damaged(file: str) -> Spoil:
    def spoil(_: Path, dataset: Dataset) -> None:
        path = dataset.root / "scenes" / file
        path.write_bytes(path.read_bytes()[:-100])

    return spoil


BROKEN: list[tuple[str, Spoil, str]] = [
    # names
    ("missing", lambda f, _: prediction_path(f, SAMPLE).unlink(), f"missing .1.:\n.*{FILE}.png is not there.*add it"),
    ("missing scene", lambda f, _: shutil.rmtree(f / SCENES[0]), r"missing .4.:\n.*blue_hour_street/bokeh_00_00.png"),
    ("empty", lambda f, _: [shutil.rmtree(f / s) for s in SCENES], r"8 problem\(s\).*\n.*missing .8."),
    ("extra", copied(f"{FILE}.png", "window_table/bokeh_07_07.png"), "bokeh_07_07.png belongs to no sample .*00 to 01"),
    ("extra scene", copied(f"{FILE}.png", "atlantis/bokeh_00_00.png"), "atlantis/.*the dataset has no such scene"),
    ("extra file", copied(f"{FILE}.png", "notes.csv"), "notes.csv belongs to no sample; expected only <scene>/bokeh"),
    ("note in a scene", copied(f"{FILE}.png", "window_table/notes.txt"), "window_table/notes.txt belongs to no sample"),
    ("for maps", copied(f"{FILE}.png", "window_table/corrupted_03/bokeh_00_00.png"), "it is for corrupted maps"),
    ("doubled", twice, f"{FILE}.exr and {FILE}.png stand for the same sample; expected one file: keep one"),
    ("doubled but for case", copied(f"{FILE}.png", "window_table/Bokeh_01_00.png"), "doubled .1.:\n.*/Bokeh_01_00.png"),
    ("doubled but for zeros", copied(f"{FILE}.png", "window_table/bokeh_1_0.png"), "doubled .1.:\n.*/bokeh_1_0.png"),
    ("preview beside it", copied(f"{FILE}.png", f"{FILE}.jpg"), f"{FILE}.jpg lies beside {FILE}.png.*take it out"),
    ("upper case", renamed(f"{FILE}.png", f"{FILE}.PNG"), f"{FILE}.PNG is nearly.*case only.*expected {FILE}.png"),
    ("one digit", renamed(f"{FILE}.png", "window_table/bokeh_1_0.png"), f"two digits.*expected {FILE}.png: rename it"),
    ("other scene name", renamed("window_table", "Window-Table"), f"the folder's name differs.*expected {FILE}.png"),
    ("flat", renamed(f"{FILE}.png", "window_table_bokeh_01_00.png"), f"another folder.*expected {FILE}.png: rename"),
    ("tail", renamed(f"{FILE}.png", f"{FILE}_pred.png"), f"more in it: _pred.*expected {FILE}.png: rename it"),
    (
        "from one",
        numbered_from_one(1, 1),
        r"1 problem\(s\).*\n  misnamed .1.:\n *blur levels and focus settings: all are numbered from 01; expected from "
        r"00: rename each by −1.*street/bokeh_01_01.png becomes blue_hour_street/bokeh_00_00.png",
    ),
    ("blur from one", numbered_from_one(1, 0), r"1 problem\(s\).*\n.*\n *blur levels: all are numbered from 01"),
    ("focus from one", numbered_from_one(0, 1), r"1 problem\(s\).*\n.*\n *focus settings: all are numbered from 01"),
    ("JPEG", replaced(".jpg", jpeg), f"{FILE}.jpg is JPEG, which alone costs about 1 dB .*16-bit PNG"),
    ("TIFF", content(".tif", b"II*\0"), f"{FILE}.tif has the suffix .tif; expected one of .png, .exr, .npy"),
    ("no suffix", renamed(f"{FILE}.png", FILE), r"has the suffix \(none\); expected one of"),
    # files
    ("JPEG renamed", replaced(".png", jpeg), f"{FILE}.png is a JPEG that was renamed.*expected PNG"),
    ("PNG renamed", renamed(f"{FILE}.png", f"{FILE}.exr"), f"{FILE}.exr holds PNG, not EXR"),
    ("empty file", content(".png", b""), f"{FILE}.png is empty; expected PNG: write it again"),
    ("web page", content(".png", b"<!DOCTYPE html><html>quota exceeded"), "holds a web page, not PNG"),
    ("LFS pointer", content(".exr", b"version https://git-lfs.github.com/spec/v1\n"), "holds a Git LFS pointer"),
    ("NPZ", content(".npy", b"PK\3\4rest"), "holds zip or NPZ, not NPY"),
    ("noise", content(".png", b"\1\2\3\4" * 50), f"unreadable .1.:\n *{FILE}.png cannot be read as PNG"),
    ("torn PNG", torn(".png"), f"unreadable .1.:\n *{FILE}.png cannot be read as PNG.*truncated"),
    ("torn EXR", torn(".exr"), f"unreadable .1.:\n *{FILE}.exr cannot be read as EXR.*truncated"),
    ("torn NPY", torn(".npy"), f"unreadable .1.:\n *{FILE}.npy cannot be read as NPY.*truncated"),
    ("half size", png(lambda p: p[::2, ::2]), "is 48×32; expected 96×64 .*rendered at 1/2 of the resolution"),
    ("third", npy(lambda p: p[:21, :32]), "is 32×21; expected 96×64 as the ground truth: render at the input's size"),
    ("twice the size", png(lambda p: p.repeat(2, 0).repeat(2, 1)), "is 192×128; .*it is 2 times as large"),
    ("transposed", png(lambda p: p.swapaxes(0, 1)), "is 64×96; expected 96×64 .*height and width are exchanged"),
    ("cropped", npy(lambda p: p[:, :64]), "is 64×64; .*cropped to multiples of 64 px; pad the input instead"),
    ("padded", npy(lambda p: np.pad(p, ((0, 0), (0, 32), (0, 0)))), "is 128×64; .*padded to multiples of 64 px"),
    ("bytes in NPY", npy(lambda p: (p * 255).astype(np.uint8)), r"holds uint8 values; .*\(array / 255\) \*\* 2.2"),
    (
        "words in NPY",
        npy(lambda p: (p * 65535).astype(np.uint16)),
        r"holds uint16 values; .*\(array / 65535\) \*\* 2.2",
    ),
    ("mask in NPY", npy(lambda p: p > 0.5), r"holds bool values; expected floating-point light.*astype\(np.float32\)"),
    ("complex", npy(lambda p: p.astype(np.complex64)), "holds complex64 values; expected floating-point light"),
    ("structured", npy(structured), "wrong channels .1.:\n.*it is grey"),
    ("objects", npy(lambda p: p.astype(object)), "holds pickled Python objects, which are never opened"),
    ("pickle", content(".npy", pickle.dumps([1, 2])), f"{FILE}.npy holds pickled Python objects.*np.save"),
    ("integers in EXR", exr(lambda p: {c: p[..., 0].astype(np.uint32) for c in "RGB"}), "holds uint32 values"),
    ("grey NPY", npy(lambda p: p[..., 0]), r"shape \(64, 96\); expected \(64, 96, 3\): it is grey"),
    ("RGBA NPY", npy(lambda p: np.pad(p, ((0, 0), (0, 0), (0, 1)))), r"a fourth channel, save R, G, B only"),
    ("channels first", npy(lambda p: p.transpose(2, 0, 1)), r"channels come first.*transpose\(1, 2, 0\)"),
    ("batch axis", npy(lambda p: p[None]), r"shape \(1, 64, 96, 3\).*batch axis, take it off: array\[0\]"),
    ("six channels", npy(lambda p: np.concatenate([p, p], 2)), "save one image with three channels"),
    ("RGBA EXR", exr(lambda p: {"RGBA": np.dstack([p, p[..., :1]])}), "channels A, B, G, R; expected R, G, B and no"),
    ("grey EXR", exr(lambda p: {"Y": p[..., 0]}), "has the channels Y; expected R, G, B: save light in all three"),
    (
        "see-through PNG",
        encoded(lambda p: np.dstack([p, p[..., :1]])),
        r"has an alpha channel \(RGBA\); expected opaque",
    ),
    ("opaque alpha", encoded(lambda p: np.dstack([p, 0 * p[..., :1] + 65535])), "has an alpha channel"),
    ("grey PNG", encoded(lambda p: p[..., 0].copy()), "is grey, 16 bits; expected RGB"),
    ("palette", replaced(".png", palette), "has a palette of at most 256 colours"),
    ("animation", with_chunk(b"acTL", b"\0\0\0\2\0\0\0\0"), "is an animation of 2 images"),
    ("EXIF turned", exif_turned(), f"{FILE}.png is stored turned by 90.*turn the pixels themselves first"),
    ("linear gAMA", with_chunk(b"gAMA", (100000).to_bytes(4, "big")), "colours are not sRGB .gAMA 1.; convert it"),
    # values
    ("NaN", npy(nan), f"not finite .1.:\n *{FILE}.npy holds NaN or infinite values"),
    ("infinite EXR", exr(lambda p: {"RGB": np.where(p > 0.1, np.inf, p).astype(np.float32)}), "NaN or infinite values"),
    ("beyond float32", npy(lambda p: p.astype(np.float64) * 1e300), "not finite .1.:"),
    ("negative", npy(lambda p: p * 2 - 1), r"holds \d+ negative value.s., down to -.*network's \[-1, 1\]"),
    (
        "0 to 255",
        npy(lambda p: np.rint(p * 255)),
        r"from 0 to 255 do; .*\(array / 255\) \*\* 2.2 if .* display values, array / 255 if .* light",
    ),
    ("0 to 255, smooth", npy(lambda p: p**0.45 * 254.7), "as numbers from 0 to 255 do; expected light, where 1 is"),
    ("0 to 65535", npy(lambda p: p**0.45 * 65534.6), "as numbers from 0 to 65535 do"),
    (
        "bytes in 16 bits",
        encoded(lambda p: p // 257),
        f"wrong scale .1.:\n *{FILE}.png goes up to \\d+ of 65535, as 8-bit values in a 16-bit file.*multiply by 257",
    ),
    ("black", png(lambda p: 0 * p), f"one colour .1.:\n *{FILE}.png is all black; expected an image"),
    ("one colour", npy(lambda p: 0 * p + 0.5), r"is all of one colour \(0.5, 0.5, 0.5\)"),
    # likeness
    ("light as PNG", every(".png", light_from_display), r"PNG look like linear light; .*light \*\* \(1 / 2.2\)"),
    ("gamma twice", every(".png", lambda p: p ** (1 / 2.2)), "PNG look brightened twice.*once"),
    (
        "display as NPY",
        every(".npy", lambda p: p),
        r"NPY look like display values; expected light: save display \*\* 2.2",
    ),
    ("display as EXR", every(".exr", lambda p: p), "EXR or NPY look like display values"),
    ("darkened twice", every(".exr", lambda p: p**4.84), "EXR or NPY look darkened twice"),
    ("BGR", every(".png", lambda p: p[..., ::-1]), "saved as B, G, R instead of R, G, B; .*dB nearer to the truth"),
    ("upside down", every(".png", lambda p: p[::-1]), r"look upside down; .*image\[::-1\]"),
    ("mirrored", every(".png", lambda p: p[:, ::-1]), "look mirrored left to right"),
    ("half turn", every(".png", lambda p: p[::-1, ::-1]), "look turned by 180"),
    ("input sent", input_sent(ALL), r"the input itself .[4-8].:\n.* equals the all-in-focus input, though \d+% of its"),
    ("input sent once", input_sent([SAMPLE]), f"the input itself .1.:\n *{FILE} equals the all-in-focus input"),
    ("truth sent", truth_sent(SAMPLE, SAMPLE), f"a ground truth .1.:\n *{FILE} equals its own ground truth"),
    ("truth sent, 8 bits", truth_sent(SAMPLE, SAMPLE, bits=8), "equals its own ground truth to the last stored digit"),
    ("truth sent, EXR", truth_sent(SAMPLE, SAMPLE, ".exr"), "equals its own ground truth to the last stored digit"),
    (
        "another's truth",
        truth_sent(SAMPLE, SAMPLE._replace(focus=1)),
        f"{FILE} equals the ground truth of window_table/bokeh_01_01; expected what a method made",
    ),
    (
        "copied",
        copied(f"{FILE}.png", "window_table/bokeh_01_01.png"),
        f"copies .1.:\n *window_table/bokeh_01_01 is the same image as {FILE}, though their ground truths differ",
    ),
    (
        "copied from another scene",
        copied(f"{FILE}.png", "blue_hour_street/bokeh_01_00.png"),
        "copies .1.:\n *window_table/bokeh_01_00 is the same image as blue_hour_street/bokeh_01_00",
    ),
    (
        "focus reversed",
        reordered(lambda s: s._replace(focus=1 - s.focus)),
        "numbered with focus settings in reverse order .*or the disparity was turned round",
    ),
    ("blur reversed", reordered(lambda s: s._replace(blur=1 - s.blur)), "numbered with blur levels in reverse order"),
    ("both reversed", reordered(lambda s: s._replace(blur=1 - s.blur, focus=1 - s.focus)), "focus settings and blur"),
    ("indices exchanged", reordered(lambda s: s._replace(blur=s.focus, focus=s.blur)), "exchanged: bokeh_FF_KK"),
    (
        "scenes swapped",
        scenes_swapped,
        "scenes exchanged .2.:\n.*for blue_hour_street are .* nearer to .* window_table",
    ),
    # what the author says, and the dataset
    ("other protocol", told(protocol="blb-ldr-v1"), "mixed dataset versions .1.:\n.*blb-ldr-v1, but .* under blb-v1"),
    (
        "other dataset",
        told(dataset_files_sha256="ab" * 32),
        "the dataset was rendering abababababab…, but .*files_sha256",
    ),
    ("typing error", told(metod="mine"), r"submission.json .1.:\n.*unknown key 'metod'; expected one of method"),
    ("no JSON", lambda f, _: (f / "submission.json").write_text("{'a': 1}"), "submission.json is not valid JSON"),
    ("time of nobody", told(seconds={"atlantis/bokeh_00_00": 1.0}), "seconds of 1 unknown sample.*atlantis"),
    ("negative time", told(seconds={FILE: -1.0}), "greater than or equal to 0"),
    ("truth damaged", damaged("window_table/bokeh_01_00.exr"), "dataset .1.:\n.*sha256 differs.*download it again"),
    ("image damaged", damaged("window_table/image.exr"), "dataset .1.:\n.*image.exr.*sha256 differs"),
]


@pytest.mark.parametrize(("spoil", "sentence"), [case[1:] for case in BROKEN], ids=[case[0] for case in BROKEN])
def test_a_broken_submission_is_refused_in_words(
    mine: Path, tiny_dataset_once: Path, tmp_path: Path, request: pytest.FixtureRequest, spoil: Spoil, sentence: str
) -> None:
    name = request.node.callspec.id
    root = tiny_dataset_once
    if "damaged" in name:
        root = Path(shutil.copytree(tiny_dataset_once, tmp_path / "dataset"))
    dataset = open_dataset(root)
    spoil(mine, dataset)
    checked = check(mine, dataset)
    with pytest.raises(BadInputError) as refused:
        checked.refuse()
    text = str(refused.value)
    assert re.search(sentence, text), text
    assert text.startswith(f"predictions in {mine} cannot be scored, {len(checked.errors)} problem(s)")
    assert str(tmp_path) not in text.removeprefix(f"predictions in {mine}") or "dataset" in text, (
        "files go by own names"
    )
    assert len(text.splitlines()) < 40
    allowed = {"from one": 1, "mixed": 1}
    kinds = {one.kind for one in checked.problems if one.severity is Severity.ERROR}
    assert len(kinds) <= allowed.get(name, 2), text


def test_a_dark_prediction_of_a_dark_truth_is_taken_in(tmp_path: Path) -> None:
    dark = np.full((8, 8, 3), 200 / 65535, dtype=np.float32)
    dark[2:4] /= 2
    name = PurePosixPath(f"{FILE}.png")
    write_image(tmp_path / "dark.png", dark)
    for truth, problems in ((dark, 0), (4 * dark, 0), (100 * dark, 1)):
        image = Image(truth, Encoding.DISPLAY)
        assert len(read_prediction_file(tmp_path / "dark.png", name, SAMPLE, (8, 8), image).problems) == problems


def test_there_are_enough_kinds() -> None:
    assert len(BROKEN) >= 36
    assert len({name for name, *_ in BROKEN}) == len(BROKEN)


def test_all_problems_come_at_once_by_kind_and_never_thousands_of_lines(mine: Path, tiny_dataset_once: Path) -> None:
    for number in range(3000):
        (mine / f"stray_{number}.csv").touch()
    content(".png", b"")(mine, open_dataset(tiny_dataset_once))
    prediction_path(mine, ALL[0]).unlink()
    with pytest.raises(BadInputError) as refused:
        check(mine, open_dataset(tiny_dataset_once)).refuse()
    lines = str(refused.value).splitlines()
    assert "3002 problem(s) of 3 kind(s)" in lines[0]
    assert "    … and 2992 more" in lines
    assert len(lines) == 1 + 2 + 2 + 1 + 8 + 1
