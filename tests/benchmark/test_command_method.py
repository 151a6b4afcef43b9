"""Methods that are other programs: what they are told, what they may answer, and how they end."""

from __future__ import annotations

import json
import os
import pickle
import re
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from benchmark.methods import child_process
from benchmark.methods.command import CommandDescription, CommandMethod, load_command_method
from benchmark.methods.interface import BatchMethod, MethodInput, MethodMetadata, Rendering, metadata_of
from benchmark.methods.job import Job, JobSample
from benchmark.methods.job_outputs import JobOutputs
from benchmark.methods.measuring import renderings
from bokeh_render.aperture import Aperture
from bokeh_render.errors import BadInputError
from bokeh_render.imagefile import read_image, read_map

READ_JOB = "import json, os, sys, time\nimport numpy as np\njob = json.load(open(sys.argv[1]))\n"
COPY = READ_JOB + "for s in job['samples']:\n    np.save(s['output'], np.load(s['image']))\n"


def sample(name: str = "one", *, gamma: float = 2.2, seed: int = 0, metres: bool = True) -> MethodInput:
    rng = np.random.default_rng(seed)
    disparity = rng.random((8, 12), dtype=np.float32)
    return MethodInput(
        display=1.5 * rng.random((8, 12, 3), dtype=np.float32),
        disparity=disparity,
        blur_parameter=12.0,
        focus_disparity=0.25,
        disparity_raw=0.5 * disparity + np.float32(0.1) if metres else None,
        blur_parameter_raw=24.0 if metres else None,
        focus_disparity_raw=0.225 if metres else None,
        gamma=gamma,
        aperture=Aperture(blades=6, rotation_rad=0.5),
        name=name,
    )


def method(folder: Path, script: str = COPY, **keys: Any) -> CommandMethod:
    folder.mkdir(exist_ok=True)
    (folder / "run.py").write_text(script)
    content = {
        "name": "mine",
        "revision": "r1",
        "description": "a test",
        "command": [sys.executable, "{folder}/run.py", "{job}"],
        "output": "display",
        "timeout_s": 60,
        **keys,
    }
    (folder / "method.yaml").write_text(yaml.safe_dump(content))
    return load_command_method(folder)


def only(command: CommandMethod, given: MethodInput) -> Rendering:
    (rendering,) = command.render_batch([given])
    return rendering


def test_a_description_becomes_a_batch_method(tmp_path: Path) -> None:
    command = method(tmp_path / "m", metadata={"licence": "MIT", "training_data": ["stills"]})
    assert isinstance(command, BatchMethod)
    assert (command.name, command.revision, command.description) == ("mine", "r1", "a test")
    assert metadata_of(command) == MethodMetadata(licence="MIT", training_data=("stills",))
    copied = pickle.loads(pickle.dumps(command))
    assert only(copied, sample()).display is not None
    assert load_command_method(tmp_path / "m" / "method.yaml").name == "mine"


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"speed": 3}, "unknown key 'speed'; expected one of name, revision"),
        ({"command": ["run", "{job}", "{size}"]}, r"unknown placeholder \{size\} in '\{size\}'; expected \{job\} or"),
        ({"command": ["run"]}, r"no part of it is \{job\}"),
        ({"command": []}, "command"),
        ({"environment": {"A": "{job}"}}, r"unknown placeholder \{job\}"),
        ({"workdir": "{home}/x"}, r"unknown placeholder \{home\}"),
        ({"name": "my method"}, "name 'my method' cannot be part of a file name; expected letters, digits, . _ [+]"),
        ({"revision": "a b"}, "revision 'a b' cannot be part of a file name; expected letters, digits, . _ [+] and -"),
        ({"name": "..", "revision": ""}, "name: .*; revision: "),
        ({"input": "light", "image_format": "png16"}, "png16 holds display values only; for input: light choose exr"),
        ({"image_format": "jpg"}, "image_format: .*found 'jpg'"),
        ({"per": "scene"}, "per: .*found 'scene'"),
        ({"timeout_s": 0}, "timeout_s: .*greater than 0"),
    ],
)
def test_a_wrong_description_is_one_sentence(tmp_path: Path, keys: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInputError, match=message):
        method(tmp_path / "m", **keys)


def test_a_description_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="holds no method.yaml; expected"):
        load_command_method(tmp_path)
    with pytest.raises(BadInputError, match=r"gone.yaml does not exist; expected a method.yaml"):
        load_command_method(tmp_path / "gone.yaml")


def told(folder: Path, given: list[MethodInput], **keys: Any) -> dict[str, Any]:
    """Return the job that a program got, its input files copied to ``folder / "kept"`` before they vanish."""
    keep = READ_JOB + "import shutil\nshutil.copytree(os.path.dirname(sys.argv[1]), os.environ['KEPT'])\n"
    kept = folder / "kept"
    command = method(folder / "m", keep, environment={"KEPT": str(kept)}, **keys)
    assert [rendering.display for rendering in command.render_batch(given)] == [None] * len(given)
    job: dict[str, Any] = json.loads((kept / "job.json").read_text())
    return job


def kept(folder: Path, path: str) -> Path:
    return folder / "kept" / "inputs" / Path(path).name


def test_the_job_says_all_that_a_method_is_told(tmp_path: Path) -> None:
    given = sample("night bokeh_00_01")
    job = told(tmp_path, [given])
    (only,) = job["samples"]
    assert (job["job_version"], job["gamma"], job["image_encoding"]) == (1, 2.2, "display")
    assert "light = display value ** gamma" in job["about"]
    assert (only["name"], only["blur_parameter"], only["focus_disparity"]) == ("night bokeh_00_01", 12.0, 0.25)
    assert (only["blur_parameter_raw"], only["focus_disparity_raw"]) == (24.0, 0.225)
    assert only["aperture"] == {"blades": 6, "rotation_rad": 0.5, "ratio": 1.0}
    assert (Path(only["output"]).suffix, only["output_encoding"]) == ("", "display")
    np.testing.assert_array_equal(np.load(kept(tmp_path, only["image"])), given.display)
    np.testing.assert_array_equal(np.load(kept(tmp_path, only["disparity"])), given.disparity)
    np.testing.assert_array_equal(np.load(kept(tmp_path, only["disparity_raw"])), given.disparity_raw)


def test_photographs_have_no_metres(tmp_path: Path) -> None:
    (only,) = told(tmp_path, [sample(metres=False)])["samples"]
    assert [only[key] for key in ("disparity_raw", "blur_parameter_raw", "focus_disparity_raw")] == [None] * 3


def test_images_as_light_and_as_exr(tmp_path: Path) -> None:
    given = sample()
    job = told(tmp_path, [given], input="light", image_format="exr")
    (only,) = job["samples"]
    assert job["image_encoding"] == "light"
    np.testing.assert_array_equal(read_image(kept(tmp_path, only["image"])).pixels, given.light)
    np.testing.assert_array_equal(read_map(kept(tmp_path, only["disparity_raw"])), given.disparity_raw)


def test_images_as_png_are_clipped_and_metres_stay_exact(tmp_path: Path) -> None:
    given = sample()
    (only,) = told(tmp_path, [given], image_format="png16")["samples"]
    image = read_image(kept(tmp_path, only["image"])).pixels
    np.testing.assert_allclose(image, np.clip(given.display, 0, 1), atol=1 / 131070)
    np.testing.assert_allclose(read_map(kept(tmp_path, only["disparity"])), given.disparity, atol=1 / 131070)
    np.testing.assert_array_equal(np.load(kept(tmp_path, only["disparity_raw"])), given.disparity_raw)


def test_what_samples_share_is_written_once(tmp_path: Path) -> None:
    first, other = sample(), sample(seed=1)
    equal = sample()  # other arrays, the same numbers
    again = MethodInput(**{**vars(first), "focus_disparity": 0.5})
    job = told(tmp_path, [first, again, equal, other])
    images = [only["image"] for only in job["samples"]]
    assert images[0] == images[1] == images[2] != images[3]
    assert len(list((tmp_path / "kept" / "inputs").iterdir())) == 6  # image, disparity, raw disparity of two scenes
    assert [only["focus_disparity"] for only in job["samples"]] == [0.25, 0.5, 0.25, 0.25]


@pytest.mark.parametrize(
    ("write", "encoding", "expected"),
    [
        ("np.save(out, np.full(shape, 1.25, 'f4'))", "display", 1.25),
        ("np.save(out, np.full(shape, 0.25, 'f8'))", "light", 0.25 ** (1 / 2.2)),
        ("write_image(Path(out + '.exr'), np.full(shape, 0.25), bits=32)", "display", 0.25 ** (1 / 2.2)),
        ("write_image(Path(out + '.png'), np.full(shape, 0.2), bits=8)", "light", 0.2),
        ("write_image(Path(out + '.png'), np.full(shape, 1 / 3), bits=16)", "light", 1 / 3),
    ],
)
def test_every_kind_of_output_becomes_display_values(
    tmp_path: Path, write: str, encoding: str, expected: float
) -> None:
    script = (
        READ_JOB
        + "from pathlib import Path\nfrom bokeh_render.imagefile import write_image\n"
        + f"for s in job['samples']:\n    out, shape = s['output'], (8, 12, 3)\n    {write}\n"
    )
    display = only(method(tmp_path / "m", script, output=encoding), sample()).display
    assert display is not None
    assert display.dtype == np.float32
    np.testing.assert_allclose(display, np.full((8, 12, 3), expected), atol=1e-6)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("np.save(out, np.zeros((12, 8, 3)))", r"two: the command wrote an image of 8×12; expected 12×8"),
        ("np.save(out, np.zeros((8, 12, 3), 'u1'))", "uint8 values; expected floating-point"),
        ("np.save(out, np.full((8, 12, 3), np.nan))", "NaN or infinite"),
        ("open(out + '.npy', 'wb').write(b'half')", "cannot be read as NPY"),
        ("open(out + '.jpg', 'wb').write(b'x')", "wrote 00001.jpg, but JPEG changes the image; write PNG, NPY or EXR"),
        (
            "np.save(out, image); open(out + '.png', 'wb').write(b'x')",
            "wrote 00001.npy and 00001.png; expected one of them",
        ),
        ("np.save(out, image); open(out + '.json', 'w').write('{\"second\": 1}')", "unknown key 'second'"),
        (
            "print('no such layer'); sys.exit(3)",
            "none of 00001.npy, 00001.exr, 00001.png: it ended with exit code 3; its last words: no such layer",
        ),
        ("os.kill(os.getpid(), 9)", "it was ended by SIGKILL; its last words: it wrote nothing"),
        ("pass", "it ended with exit code 0; its last words: it wrote nothing"),
        ("raise ValueError('bad K')", r"exit code 1; its last words: .* \| ValueError: bad K"),
    ],
)
def test_a_sample_that_failed_says_why_and_does_not_end_the_others(tmp_path: Path, body: str, message: str) -> None:
    script = (
        READ_JOB
        + "first, second = job['samples']\nimage, out = np.load(first['image']), second['output']\n"
        + f"np.save(first['output'], image)\n{body}\n"
    )
    good, bad = method(tmp_path / "m", script).render_batch([sample("first"), sample("two")])
    assert good.error is None
    np.testing.assert_array_equal(good.display, sample().display)
    assert bad.display is None
    with pytest.raises(AssertionError, match=message):
        raise AssertionError(bad.error)


def test_what_the_program_tells_of_its_cost_is_kept(tmp_path: Path) -> None:
    script = COPY + 'json.dump({"seconds": 0.125, "peak_gpu_memory_mb": 900}, open(s["output"] + ".json", "w"))\n'
    first, last = method(tmp_path / "m", script).render_batch([sample(), sample()])
    assert (last.seconds, last.peak_gpu_memory_mb) == (0.125, 900)
    assert first.seconds is not None
    assert first.peak_gpu_memory_mb is None


def test_peak_memory_is_the_childs_and_not_ours(tmp_path: Path) -> None:
    ours = np.ones(300 * 2**17)  # 300 MB, which the system counts as the child's until it has become another program
    small = only(method(tmp_path / "small", COPY + "time.sleep(0.2)\n"), sample())
    large = only(method(tmp_path / "large", COPY + "x = np.ones(200 * 2**17)\ntime.sleep(0.2)\n"), sample())
    assert small.peak_memory_mb is not None
    assert large.peak_memory_mb is not None
    assert 10 < small.peak_memory_mb < 150
    assert 190 < large.peak_memory_mb - small.peak_memory_mb < 210
    del ours


def test_started_once_for_a_batch_or_once_for_each_sample(tmp_path: Path) -> None:
    script = COPY + "open(os.environ['COUNT'], 'a').write(f'{len(job[\"samples\"])} {job[\"gamma\"]}\\n')\n"
    given = [sample(), sample(seed=1), sample(gamma=1.8)]
    for per, expected in (("batch", ["2 2.2", "1 1.8"]), ("sample", ["1 2.2", "1 2.2", "1 1.8"])):
        count = tmp_path / per
        command = method(tmp_path / "m", script, per=per, environment={"COUNT": str(count)})
        renderings = list(command.render_batch(given))
        assert count.read_text().splitlines() == expected
        for rendering, had in zip(renderings, given, strict=True):
            np.testing.assert_array_equal(rendering.display, had.display)


def test_the_command_runs_in_its_folder_with_its_variables_and_no_shell(tmp_path: Path) -> None:
    script = COPY + "print(os.getcwd(), os.environ['A'], sys.argv[2])\n"
    command = method(
        tmp_path / "a folder",
        script,
        environment={"A": "{folder}/weights"},
        command=[sys.executable, "run.py", "{job}", "$HOME; {folder}"],
    )
    command.log = tmp_path / "logs" / "mine.txt"
    assert only(command, sample()).error is None
    folder = (tmp_path / "a folder").resolve()
    assert command.log.read_text().splitlines() == ["--- mine r1: one", f"{folder} {folder}/weights $HOME; {folder}"]
    (tmp_path / "else").mkdir()
    (tmp_path / "else" / "run.py").write_text(COPY)
    elsewhere = method(tmp_path / "b", "", workdir=str(tmp_path / "else"), command=[sys.executable, "run.py", "{job}"])
    assert only(elsewhere, sample()).display is not None


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"command": ["{folder}/.venv/bin/python", "{job}"]}, r"venv/bin/python' cannot be started \(No such file"),
        ({"command": ["{folder}/run.py", "{job}"]}, r"run.py' cannot be started \(Permission denied\)"),
        ({"workdir": "{folder}/gone"}, "workdir .*gone is not a folder"),
    ],
)
def test_a_command_that_cannot_be_started_is_the_users_mistake(
    tmp_path: Path, keys: dict[str, Any], message: str
) -> None:
    with pytest.raises(BadInputError, match=message):
        only(method(tmp_path / "m", **keys), sample())


PARENT = (
    COPY
    + "import subprocess\n"
    + "child = subprocess.Popen([sys.executable, '-I', '-S', '-c', 'import time; time.sleep(600)'])\n"
    + "open(os.environ['PID'], 'w').write(f'{os.getpid()} {child.pid}')\n"
)


def assert_gone(file: Path) -> None:
    """Assert that the processes named in a file have ended (one that nobody waited for is a zombie, state Z)."""
    for pid in file.read_text().split():
        status = Path(f"/proc/{pid}/stat")
        for _ in range(200):
            try:
                alive = status.read_text().rpartition(")")[2].split()[0] != "Z"
            except (FileNotFoundError, ProcessLookupError):
                alive = False
            if not alive:
                break
            time.sleep(0.02)
        assert not alive


def test_a_time_out_ends_the_whole_group_and_keeps_what_is_there(tmp_path: Path) -> None:
    script = PARENT.replace("np.save", "s is job['samples'][0] and np.save") + "time.sleep(600)\n"
    command = method(tmp_path / "m", script, timeout_s=3, environment={"PID": str(tmp_path / "pid")})
    first, second = command.render_batch([sample(), sample(seed=1)])
    assert first.display is not None
    assert second.error is not None
    assert re.search(r"it was stopped after \d+ s, its time-out", second.error)
    assert_gone(tmp_path / "pid")


def test_what_a_program_left_behind_is_ended_with_it(tmp_path: Path) -> None:
    command = method(tmp_path / "m", PARENT, environment={"PID": str(tmp_path / "pid")})
    assert only(command, sample()).display is not None
    assert_gone(tmp_path / "pid")


def test_ctrl_c_ends_the_whole_group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command = method(tmp_path / "m", PARENT + "time.sleep(600)\n", environment={"PID": str(tmp_path / "pid")})

    def interrupt(seconds: float) -> None:
        if (tmp_path / "pid").is_file() and (tmp_path / "pid").read_text():
            raise KeyboardInterrupt

    monkeypatch.setattr(child_process.time, "sleep", interrupt)
    with pytest.raises(KeyboardInterrupt):
        only(command, sample())
    monkeypatch.undo()
    assert_gone(tmp_path / "pid")


WRITES_AND_STAYS = (
    READ_JOB
    + "outputs = [s['output'] for s in job['samples']]\n"
    + "def write(i):\n    np.save(outputs[i], np.load(job['samples'][i]['image']))\n"
    + "open(os.environ['PID'], 'w').write(str(os.getpid()))\n"
)


def pid_variable(tmp_path: Path) -> dict[str, str]:
    return {"PID": str(tmp_path / "pid")}


def test_images_come_while_the_program_runs_and_their_files_go(tmp_path: Path) -> None:
    script = (
        WRITES_AND_STAYS
        + "open(os.environ['PID'] + '-outputs', 'w').write(outputs[0])\nfor i in range(3): write(i)\ntime.sleep(600)\n"
    )
    command = method(tmp_path / "m", script, environment=pid_variable(tmp_path))
    command.log = tmp_path / "log.txt"
    given = [sample(seed=i) for i in range(5)]
    found = command.render_batch(given)
    for had in given[:2]:
        rendering = next(found)
        np.testing.assert_array_equal(rendering.display, had.display)
        assert rendering.seconds is not None
        assert rendering.peak_memory_mb is None or rendering.peak_memory_mb > 10
    pid = int((tmp_path / "pid").read_text())
    os.kill(pid, 0)  # raises when it has ended
    outputs = Path((tmp_path / "pid-outputs").read_text()).parent
    assert [path.name for path in outputs.iterdir()] == ["00002.npy"]
    found.close()  # type: ignore[attr-defined]
    assert_gone(tmp_path / "pid")
    assert not outputs.parent.exists()
    assert command.log.read_text().startswith("--- mine r1: one and 4 more\n")


def test_what_is_interrupted_from_outside_ends_the_program(tmp_path: Path) -> None:
    script = WRITES_AND_STAYS + "write(0), write(1)\ntime.sleep(600)\n"
    command = method(tmp_path / "m", script, environment=pid_variable(tmp_path))
    found = renderings(command, [sample(), sample(), sample()])
    with pytest.raises(KeyboardInterrupt), closing(found):  # type: ignore[type-var]
        next(found)
        raise KeyboardInterrupt
    assert_gone(tmp_path / "pid")


@pytest.mark.parametrize("order", [(2, 0, 3, 1), (3, 2, 1, 0)])
def test_images_in_any_order_are_yielded_in_their_turn(tmp_path: Path, order: tuple[int, ...]) -> None:
    script = WRITES_AND_STAYS + f"for i in {order}:\n    write(i); time.sleep(0.1)\n"
    given = [sample(seed=i) for i in range(4)]
    found = list(method(tmp_path / "m", script, environment=pid_variable(tmp_path)).render_batch(given))
    for rendering, had in zip(found, given, strict=True):
        np.testing.assert_array_equal(rendering.display, had.display)


def test_half_a_file_is_waited_for(tmp_path: Path) -> None:
    script = WRITES_AND_STAYS + (
        "import io\nwhole = io.BytesIO()\nnp.save(whole, np.load(job['samples'][0]['image']))\n"
        "with open(outputs[0] + '.npy', 'wb') as file:\n    file.write(whole.getvalue()[:200]); file.flush()\n"
        "    write(1); time.sleep(0.5); file.write(whole.getvalue()[200:])\n"
        "write(2)\n"
    )
    given = [sample(seed=i) for i in range(3)]
    found = list(method(tmp_path / "m", script, environment=pid_variable(tmp_path)).render_batch(given))
    for rendering, had in zip(found, given, strict=True):
        np.testing.assert_array_equal(rendering.display, had.display)


def test_seconds_that_nobody_told_sum_to_the_time_of_the_last_image(tmp_path: Path) -> None:
    given = [sample(seed=i) for i in range(4)]
    outputs = JobOutputs(tmp_path / "outputs", given, "display")
    outputs.begin()
    started = (tmp_path / "outputs").stat().st_ctime
    written = {}
    for index in (1, 0, 3, 2):
        time.sleep(0.02)
        np.save(f"{outputs.stem(index)}.npy", given[index].display)
        written[index] = Path(f"{outputs.stem(index)}.npy").stat().st_ctime
    seconds = []
    for index in range(3):
        rendering = outputs.take_if_whole(index)
        assert rendering is not None
        seconds.append(rendering.seconds)
    assert outputs.take_if_whole(3) is None
    seconds.append(outputs.take_at_end(3, "").seconds)
    since = {0: written[1], 1: started, 2: written[3], 3: written[0]}
    assert seconds == pytest.approx([written[index] - since[index] for index in range(4)])
    assert sum(filter(None, seconds)) == pytest.approx(written[2] - started)
    assert list((tmp_path / "outputs").iterdir()) == []


def test_long_words_are_shortened(tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    log.write_bytes(b"\xff first\n" * 20000 + b"".join(b"line %d\n" % i for i in range(9)))
    assert child_process.last_words(log) == "line 4 | line 5 | line 6 | line 7 | line 8"
    log.write_text("x" * 5000)
    assert len(child_process.last_words(log)) == 601


@pytest.mark.parametrize("module", ["command", "job", "child_process", "job_inputs", "job_outputs"])
def test_commands_need_no_torch(module: str) -> None:
    code = f"import benchmark.methods.{module}, sys; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], env={**os.environ}, check=False).returncode == 0


def test_the_docs_name_every_key() -> None:
    text = (Path(__file__).parents[2] / "docs" / "methods.md").read_text()
    for record in (CommandDescription, MethodMetadata):
        assert [key for key in record.model_fields if key not in text] == []
    shown = json.loads(text.partition("```json")[2].partition("```")[0])
    assert Job.model_validate(shown).samples[0].output_encoding == "light"
    assert set(shown) == set(Job.model_fields)
    assert set(shown["samples"][0]) == set(JobSample.model_fields)
