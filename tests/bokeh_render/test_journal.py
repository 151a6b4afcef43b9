from __future__ import annotations

from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bokeh_render.journal import append_to_journal, read_journal


@given(st.integers(0, 60), st.integers(1, 5))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_entries_around_a_torn_line_are_kept(tmp_path: Path, cut: int, count: int) -> None:
    path = tmp_path / "journal.jsonl"
    path.unlink(missing_ok=True)
    entries = [{"file": f"bokeh_{index}", "seconds": index / 4} for index in range(count)]
    for entry in entries:
        append_to_journal(path, entry)
    whole = path.read_bytes()
    path.write_bytes(whole[: max(0, len(whole) - cut)])
    survivors = read_journal(path)
    assert survivors == entries[: len(survivors)]
    append_to_journal(path, "next")
    assert read_journal(path)[-1] == "next"
    assert read_journal(path)[: len(survivors)] == survivors


def test_no_journal_is_an_empty_one(tmp_path: Path) -> None:
    assert read_journal(tmp_path / "none.jsonl") == []
