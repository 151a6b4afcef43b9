"""Result files: what was published keeps loading, and the published schema says what is written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmark.results import (
    Result,
    check_comparable,
    load_result,
    load_results,
    result_schema_text,
    summarise,
    write_result,
)
from benchmark.store import Store
from bokeh_render.errors import BadInputError

DATA = Path(__file__).parents[1] / "data" / "results"
SCHEMA = Path(__file__).parents[2] / "benchmark" / "result.schema.json"


@pytest.mark.parametrize("file", sorted(DATA.glob("*.json")), ids=lambda path: path.stem)
def test_result_files_of_every_schema_keep_loading(file: Path) -> None:
    result = load_result(file)
    assert f"schema{result.schema_version}" == file.stem
    assert summarise(result.samples) == result.summary
    assert Result.model_validate_json(result.model_dump_json()) == result


def test_the_old_file_says_what_it_said() -> None:
    old = load_result(DATA / "schema1.json")
    assert (old.method.name, len(old.samples)) == ("classical", 8)
    assert old.summary.overall.psnr == 23.487895354
    assert old.samples[0].regions == {}
    assert old.samples[0].peak_memory_mb is None


def test_the_published_schema_is_that_of_the_code() -> None:
    hint = "write it anew: python -c 'from benchmark.results import *; print(result_schema_text(), end=\"\")'"
    assert SCHEMA.read_text() == result_schema_text(), hint
    properties = json.loads(SCHEMA.read_text())["properties"]
    assert set(properties) == set(Result.model_fields)


def test_a_result_is_never_overwritten(tmp_path: Path) -> None:
    result = load_result(DATA / "schema1.json")
    path = Store.of(tmp_path, result).result(result.method)
    write_result(path, result)
    before = path.read_bytes()
    with pytest.raises(BadInputError, match="is there already and results are never overwritten"):
        write_result(path, result)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda r: r["samples"].pop(), "no whole grid, each once"),
        (lambda r: r["samples"].extend([r["samples"][0]] * 20), "no whole grid, each once"),
        (lambda r: r.update(samples=[]), "there are no samples"),
        (lambda r: r["samples"][0]["metrics"].update(psnr=99.0), "the summary does not follow"),
        (lambda r: r["summary"]["overall"].update(psnr=99.0), "the summary does not follow"),
        (
            lambda r: r["protocol"].update(definition={"name": "blb-v1", "gamma": 2.0}),
            "does not have the hash beside it",
        ),
        (lambda r: r.update(schema_version=3), "schema_version"),
        (lambda r: r.update(rank=1), "unknown key 'rank'"),
        (lambda r: r.pop("dataset"), "the key 'dataset' is missing"),
        (lambda r: r["samples"][0]["metrics"].update(psnr="high"), r"samples\.0\.metrics\.psnr"),
    ],
)
def test_an_edited_result_is_refused(tmp_path: Path, change: object, message: str) -> None:
    content = json.loads((DATA / "schema1.json").read_text())
    change(content)  # type: ignore[operator]
    (tmp_path / "edited.json").write_text(json.dumps(content))
    with pytest.raises(BadInputError, match=message):
        load_result(tmp_path / "edited.json")


def test_results_of_a_folder_are_found_below_it_and_by_protocol(tmp_path: Path) -> None:
    first = load_result(DATA / "schema1.json")
    other = first.model_copy(
        update={"protocol": first.protocol.model_copy(update={"name": "mine", "sha256": "0" * 64})}
    )
    for result in (first, other):
        write_result(Store.of(tmp_path, result).result(result.method), result)
    assert load_results(tmp_path / "results", "blb-v1") == [first]
    with pytest.raises(BadInputError, match="results of blb-v1, mine; expected one for a table: choose by --protocol"):
        load_results(tmp_path / "results")
    with pytest.raises(BadInputError, match="holds no results of ebb400-v1"):
        load_results(tmp_path / "results", "ebb400-v1")


def test_results_on_other_samples_do_not_compare() -> None:
    first = load_result(DATA / "schema1.json")
    fewer = first.samples[:-1]
    with pytest.raises(BadInputError, match="differ in sample list"):
        check_comparable([first, first.model_copy(update={"samples": fewer, "summary": summarise(fewer)})])
