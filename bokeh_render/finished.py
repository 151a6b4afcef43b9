"""A folder of rendered files that knows what made each of them, so that a killed run goes on and nothing is mixed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .atomic import TEMPORARY_PREFIX, write_json
from .errors import BadInputError
from .journal import append_to_journal, read_journal
from .schema import read_json, sha256_of_json

SETTINGS_FILE = "render.json"
JOURNAL_FILE = "finished.jsonl"


class FinishedFolder:
    """The folder ``root``, all of whose files are made with the same ``settings`` (plain JSON values)."""

    def __init__(self, root: Path, settings: dict[str, Any]) -> None:
        self.root = root
        self._settings = settings
        entries = [entry for entry in read_journal(root / JOURNAL_FILE) if isinstance(entry, dict) and "file" in entry]
        self._entries: dict[str, dict[str, Any]] = {entry["file"]: entry for entry in entries}

    def check(self, names: list[str]) -> None:
        """Refuse a folder made with other settings, or one of someone else that holds any of ``names``."""
        if self.root.exists() and not self.root.is_dir():
            raise BadInputError(f"{self.root} is a file; expected a folder for {len(names)} files")
        begun = self.root / SETTINGS_FILE
        if begun.is_file():
            found = read_json(begun)
            if found != self._settings:
                raise BadInputError(
                    f"{self.root} holds files made with other settings ({_differences(found, self._settings)}); "
                    "choose another folder, or delete this one"
                )
            return
        taken = [name for name in names if (self.root / name).exists()]
        if taken:
            more = f" and {len(taken) - 1} more" if len(taken) > 1 else ""
            raise BadInputError(
                f"{self.root / taken[0]}{more} would be overwritten, and this command did not make it; "
                "choose another folder"
            )

    def begin(self) -> None:
        """Make the folder ours; call it after :meth:`check` and before the first file is written."""
        self.root.mkdir(parents=True, exist_ok=True)
        if not (self.root / SETTINGS_FILE).is_file():
            write_json(self.root / SETTINGS_FILE, self._settings)
        for leftover in self.root.glob(f"{TEMPORARY_PREFIX}*"):  # of a killed run
            leftover.unlink(missing_ok=True)

    def entry(self, name: str, inputs: dict[str, str]) -> dict[str, Any] | None:
        """Return what was noted about a file if it is there and was made from the same inputs (sha256 by role)."""
        entry = self._entries.get(name)
        if entry is None or entry.get("key") != self._key(name, inputs) or not (self.root / name).is_file():
            return None
        return entry

    def finish(self, name: str, inputs: dict[str, str], notes: dict[str, Any]) -> None:
        """Note that a file is finished, with what a program may want to know about it."""
        entry = {"file": name, "key": self._key(name, inputs), **notes}
        append_to_journal(self.root / JOURNAL_FILE, entry)
        self._entries[name] = entry

    def _key(self, name: str, inputs: dict[str, str]) -> str:
        return sha256_of_json({"file": name, "inputs": inputs, "settings": self._settings})


def _differences(found: Any, expected: dict[str, Any]) -> str:
    if not isinstance(found, dict):
        return f"{SETTINGS_FILE} is no record of this command"
    names = [name for name in {**expected, **found} if found.get(name) != expected.get(name)]
    return ", ".join(f"{name}: {_short(found.get(name))} there, {_short(expected.get(name))} now" for name in names)


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
