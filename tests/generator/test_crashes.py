"""Every way in which Blender dies gets its class, its plain sentence, and the right answer to "try again?"."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from generator import blender_process
from generator.blender_process import Job, run_job
from generator.crashes import BlenderCrashError, blender_error, check_render_log, explain_death


@pytest.mark.parametrize(
    ("code", "log", "kind", "retry", "words"),
    [
        (-signal.SIGKILL, "", "out of memory", True, "--jobs 1"),
        (1, "Calloc returns null: len=800 in mesh", "out of memory", True, "want of memory"),
        (1, "ImportError: libSM.so.6: cannot open shared object file", "missing library", False, "apt-get install"),
        (1, "ModuleNotFoundError: No module named 'bpy'", "missing library", False, "pip install bpy"),
        (-signal.SIGSEGV, "Fra:1 Mem:20M", "killed", True, "SIGSEGV; its last words: Fra:1"),
        (1, "OSError: [Errno 28] No space left on device", "disk full", False, "disk is full"),
        (139, "Fra:1 Mem:20M", "killed", True, "SIGSEGV; its last words: Fra:1"),
        (137, "", "out of memory", True, "--jobs 1"),
        (11, "", "Blender error", True, "ended with code 11 before it was done; its last words: it wrote nothing"),
    ],
)
def test_deaths(code: int, log: str, kind: str, retry: bool, words: str) -> None:
    crash = explain_death(code, log)
    assert (crash.kind, crash.retry) == (kind, retry)
    assert words in str(crash)


def test_a_failed_script_is_not_tried_again_unless_memory_ran_out() -> None:
    assert blender_error("KeyError: 'Camera'").retry is False
    assert blender_error("MemoryError: ").kind == "out of memory"


def test_a_render_that_complains_is_not_believed() -> None:
    check_render_log("Fra:1 Mem:20M\nUnable to initialise audio\nSaved: a.exr")
    with pytest.raises(BlenderCrashError, match="Out of SVM stack"):
        check_render_log("Fra:1\nOut of SVM stack space, shader graph too complex\n")


SAY = "import json, sys; job = json.load(open(sys.argv[-1])); stream = open(job['events'], 'a');"
STAND_INS = {
    "hangs": "import time; time.sleep(60)",
    "dies": "import os; os.kill(os.getpid(), 11)",
    "lies": SAY + "print('Error: Texture not found'); print(json.dumps({'event': 'finished'}), file=stream)",
    "fails": SAY + "print(json.dumps({'event': 'failed', 'message': 'KeyError: x'}), file=stream)",
}


@pytest.mark.parametrize(
    ("stand_in", "kind", "words"),
    [
        ("hangs", "time-out", "nothing came from Blender for 1 s"),
        ("dies", "killed", "SIGSEGV"),
        ("lies", "Blender error", "Texture not found"),
        ("fails", "Blender error", "KeyError: x"),
    ],
)
def test_a_process_that(stand_in: str, kind: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    worker = tmp_path / "worker.py"
    worker.write_text(STAND_INS[stand_in])
    monkeypatch.setattr(blender_process, "WORKER", worker)
    job = Job(scene="calibration", seed=0, width=16, height=16, threads=2, shots=())
    with pytest.raises(BlenderCrashError, match=words) as caught:
        run_job(job, tmp_path / "job", lambda event: None, timeout_seconds=1.0 if stand_in == "hangs" else 30.0)
    assert caught.value.kind == kind
    assert str(tmp_path / "job" / "blender.log") in str(caught.value), "the message says where the log is"


def test_what_a_dead_process_started_is_ended_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    worker = tmp_path / "worker.py"
    worker.write_text(
        "import os, subprocess\nprint(subprocess.Popen(['sleep', '600']).pid, flush=True)\nos.kill(os.getpid(), 11)\n"
    )
    monkeypatch.setattr(blender_process, "WORKER", worker)
    job = Job(scene="calibration", seed=0, width=16, height=16, threads=2, shots=())
    with pytest.raises(BlenderCrashError, match="SIGSEGV"):
        run_job(job, tmp_path / "job", lambda event: None)
    orphan = Path("/proc") / (tmp_path / "job" / "blender.log").read_text().split()[0]
    deadline = time.monotonic() + 10
    while orphan.exists() and "Z" not in (orphan / "stat").read_text().rpartition(")")[2]:
        assert time.monotonic() < deadline, "it still runs"
        time.sleep(0.02)


def test_the_log_of_the_try_before_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    worker = tmp_path / "worker.py"
    monkeypatch.setattr(blender_process, "WORKER", worker)
    for word in ("first", "second"):
        worker.write_text(f"print({word!r}); raise SystemExit(1)")
        with pytest.raises(BlenderCrashError, match=f"its last words: {word}"):
            run_job(Job(scene="x", seed=0, width=16, height=16, threads=2, shots=()), tmp_path, lambda event: None)
    assert (tmp_path / "blender.previous.log").read_text() == "first\n"
