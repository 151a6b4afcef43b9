"""Reading a store or a run: what lies there, whole, or one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from bokeh_render.errors import BadInputError
from leaderboards.store import entry_path, read_store, rendering_path
from tests.leaderboards.made_entries import FILES, made_entry, made_rendering
from tests.leaderboards.made_store import write_store

ENTRY = made_entry("a", 30.0)


def test_what_a_killed_writer_left_is_not_read(tmp_path: Path) -> None:
    store = write_store(tmp_path, [ENTRY])
    for path in (entry_path(store, ENTRY.result), rendering_path(store, made_rendering())):
        (path.parent / ".partial-abc.json").write_text("{", encoding="utf-8")
    content = read_store(store)
    assert content.entries == (ENTRY,)
    assert set(content.renderings) == {FILES}


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ('{"schema_version": ' + "9" * 5000 + "}", "is not valid JSON"),
        ("[" * 100_000, "nested too deeply"),
        ('{"status": 1, "status": 2}', "the key 'status' is there twice"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_sentence(text: str, what: str, tmp_path: Path) -> None:
    for find in (lambda: entry_path(tmp_path, ENTRY.result), lambda: rendering_path(tmp_path, made_rendering())):
        store = write_store(tmp_path, [ENTRY])
        find().write_text(text, encoding="utf-8")
        with pytest.raises(BadInputError, match=what):
            read_store(store)
