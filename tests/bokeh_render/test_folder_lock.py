"""Who may write when others come, go, or die."""

from __future__ import annotations

import errno
import fcntl
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bokeh_render.errors import BadInputError, BokehbenchError
from bokeh_render.folder_lock import locked


def test_a_lock_goes_with_its_process_however_it_ends(tmp_path: Path) -> None:
    path = tmp_path / "a" / "lock"
    code = (
        "import time\nfrom pathlib import Path\nfrom bokeh_render.folder_lock import locked\n"
        f"with locked(Path({str(path)!r}), Path('x')):\n    print('held', flush=True)\n    time.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(BadInputError, match="another run is writing into mine"), locked(path, Path("mine")):
            pass
        holder.send_signal(signal.SIGKILL)
        holder.wait()
    with locked(path, tmp_path):
        pass


def test_a_lock_whose_folder_was_cleared_away_is_taken_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / ".work" / "lock"
    real, calls = fcntl.flock, []

    def flock(descriptor: int, flags: int) -> None:
        if not calls:
            shutil.rmtree(tmp_path / ".work")  # another run finished between opening and locking
        calls.append(flags)
        real(descriptor, flags)

    monkeypatch.setattr(fcntl, "flock", flock)
    with locked(path, tmp_path, wait=True):
        assert path.is_file()
    assert len(calls) == 2


def test_a_file_system_without_locks_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def flock(descriptor: int, flags: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", flock)
    with pytest.raises(BokehbenchError, match=r"cannot be locked \(No locks available\)"):  # noqa: SIM117
        with locked(tmp_path / "lock", tmp_path):
            pass
