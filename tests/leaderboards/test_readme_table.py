from __future__ import annotations

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from bokeh_render.atomic import write_json
from bokeh_render.errors import BadInputError
from leaderboards.entry import Entry
from leaderboards.readme_table import OWN_STORE, has_table, main, with_tables
from leaderboards.store import entry_path, rendering_path
from tests.leaderboards.made_entries import FILES, made_entry, made_rendering
from tests.leaderboards.made_store import with_result

README = Path(__file__).parents[2] / "README.md"
OTHER = "0" * 64
EMPTY = "before\n\n<!-- leaderboard: blb-v1 made@1.0 -->\n<!-- /leaderboard -->\n\nafter\n"


def store_of(root: Path, *entries: Entry) -> Path:
    for entry in entries:
        write_json(entry_path(root, entry.result), entry.model_dump(mode="json"))
        rendering = made_rendering(files=entry.result.dataset.files_sha256)
        write_json(rendering_path(root, rendering), rendering.model_dump(mode="json"))
    return root


def run(*words: str) -> tuple[int, str]:
    app = typer.Typer()
    app.command()(main)
    ran = CliRunner().invoke(app, list(words))
    return ran.exit_code, ran.output


def test_the_readme_says_what_the_results_say() -> None:
    text = README.read_text(encoding="utf-8")
    if not has_table(text):
        pytest.skip("README.md has no place for a table yet")
    assert with_tables(text, OWN_STORE) == text, "run python -m leaderboards.readme_table README.md"


def test_a_table_is_written_between_its_comments_and_stays_when_written_again(tmp_path: Path) -> None:
    store = store_of(tmp_path, made_entry("a", 30.0), made_entry("b", 32.0, without=["street"]))
    text = with_tables(EMPTY, store)
    assert text.startswith("before\n\n<!-- leaderboard: blb-v1 made@1.0 -->\n")
    assert text.endswith("<!-- /leaderboard -->\n\nafter\n")
    assert "boundary PSNR (dB) ↑" in text
    assert "**30.35** [" in text
    assert "b is not ranked: 6 of 24 samples are missing (scene street)." in text
    assert f"Entries: 2 self-reported. 24 samples of 4 scenes. Dataset files `{FILES[:12]}`" in text
    assert with_tables(text, store) == text


def test_words_of_an_entry_can_neither_end_the_table_nor_link_anywhere(tmp_path: Path) -> None:
    sly = "<!-- /leaderboard --> see https://evil.org, www.evil.org &lt;b&gt;"
    store = store_of(tmp_path, with_result(made_entry("sly", 30.0, lpips=False), unavailable={"lpips": sly}))
    text = with_tables(EMPTY, store)
    assert r"\<!-- /leaderboard --\> see https\://evil.org, www\.evil.org \&lt;b\&gt;." in text
    assert with_tables(text, store) == text, "the comment that ends the table is found again"


def test_one_of_several_renderings_has_to_be_named(tmp_path: Path) -> None:
    ours, other = made_entry("a", 30.0), made_entry("b", 32.0, rendering=made_rendering(files=OTHER))
    store = store_of(tmp_path, ours, other)
    with pytest.raises(BadInputError, match=f"2 renderings of blb-v1 made@1.0: {OTHER[:12]}, {FILES[:12]}"):
        with_tables(EMPTY, store)
    named = with_tables(EMPTY.replace("@1.0", f"@1.0 {OTHER[:12]}"), store)
    assert " b " in named
    assert " a " not in named


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (EMPTY.replace("made@1.0", "other@1.0"), "no results of blb-v1 other@1.0; expected one of blb-v1 made@1.0"),
        (EMPTY.replace("<!-- /leaderboard -->\n", ""), "a comment for a table is not as expected"),
        (EMPTY.replace("@1.0", ""), "a comment for a table is not as expected"),
    ],
)
def test_a_comment_that_names_no_board_is_refused(text: str, what: str, tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=what):
        with_tables(text, store_of(tmp_path, made_entry("a", 30.0)))


def test_the_command_checks_writes_and_explains(tmp_path: Path) -> None:
    store = store_of(tmp_path / "store", made_entry("a", 30.0))
    readme = tmp_path / "README.md"
    readme.write_text(EMPTY, encoding="utf-8")
    words = (str(readme), "--store", str(store))
    assert run(*words, "--check")[0] == 1
    assert readme.read_text(encoding="utf-8") == EMPTY
    assert run(*words)[0] == 0
    assert run(*words, "--check") == (0, f"{readme}: up to date\n")
    store_of(store, made_entry("a", 31.0, revision="2", day=2))
    code, output = run(*words, "--check")
    assert (code, "is not what the results say" in output) == (1, True)


@pytest.mark.parametrize(("content", "what"), [(None, "does not exist"), ("# nothing\n", "has no place for a table")])
def test_a_file_without_a_table_is_bad_input(content: str | None, what: str, tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    if content is not None:
        readme.write_text(content)
    code, output = run(str(readme), "--store", str(tmp_path))
    assert code == 2
    assert what in output
