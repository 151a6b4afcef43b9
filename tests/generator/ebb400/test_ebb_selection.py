"""Which ids of EBB! make up a set: draws that never shuffle, and lists as people write them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bokeh_render.errors import BadInputError
from bokeh_render.schema import Record, parse
from generator.ebb400.selection import AuthorsSet, Draw, IdList, Selection, WholeSplit, rank, read_ids

ONCE = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
IDS = st.integers(0, 10**18 - 1)
EBB = range(4694)


class Config(Record):
    selection: Selection = Draw()


@given(st.sets(IDS), st.sets(IDS), st.integers(0, 2**64))
def test_an_id_keeps_its_place_whatever_else_is_there(ids: set[int], added: set[int], seed: int) -> None:
    before, after = rank(ids, seed), rank(ids | added, seed)
    assert sorted(before) == sorted(ids)
    assert [identifier for identifier in after if identifier in ids] == before


def test_the_order_of_a_seed_is_frozen() -> None:
    assert rank(range(8), 0) == [6, 0, 4, 7, 5, 3, 1, 2]
    assert rank(EBB, 0)[:5] == [2532, 2718, 1275, 3404, 2604]
    assert rank(range(8), 1) == [1, 0, 6, 4, 5, 7, 2, 3]


def test_seeds_draw_evenly() -> None:
    # 400 draws of 5 of 20: an id is drawn 100 times, give or take 8.7
    drawn = [identifier for seed in range(400) for identifier in rank(range(20), seed)[:5]]
    counts = [drawn.count(identifier) for identifier in range(20)]
    assert min(counts) > 100 - 4.5 * 8.7
    assert max(counts) < 100 + 4.5 * 8.7


def test_a_draw_is_a_random_400_of_all() -> None:
    draw = Draw()
    order = draw.order(EBB)
    assert order == rank(EBB, 0)
    assert draw.wanted(EBB) == 400
    assert (draw.name, draw.replaces) == ("ebb400-seed0", True)
    assert Draw(seed=7).order(EBB)[:400] != order[:400]


def test_a_draw_of_a_split_has_only_its_ids() -> None:
    order = Draw(count=294, split="val294", seed=3).order(range(9000))
    assert sorted(order) == list(range(4400, 4694))
    assert sorted(Draw(split="train").order(range(9000))) == list(range(4400))


@pytest.mark.parametrize(
    ("selection", "name"),
    [
        (Draw(seed=3), "ebb400-seed3"),
        (Draw(count=100, seed=3, split="train"), "ebb100-seed3-train"),
        (Draw(split="val294"), "ebb400-seed0-val294"),
        (Draw(count=12), "ebb12-seed0"),
        (WholeSplit(split="val294"), "ebb-val294"),
        (WholeSplit(split="train"), "ebb-train"),
        (WholeSplit(split="all"), "ebb-all"),
        (IdList(ids=(12, 7, 4400)), "ebb3-ids-59510dd5"),
        (AuthorsSet(), "ebb400"),
    ],
)
def test_names_say_how_a_set_was_chosen(selection: Selection, name: str) -> None:
    assert selection.name == name
    config = parse(Config, json.loads(Config(selection=selection).model_dump_json()), "config")
    assert config.selection == selection
    assert selection.replaces == isinstance(selection, Draw)


def test_lists_of_the_same_ids_are_one_set() -> None:
    assert IdList(ids=(3, 1, 2)) == IdList(ids=(1, 2, 3))
    assert IdList(ids=(1, 2, 4)).name != IdList(ids=(1, 2, 3)).name
    assert IdList(ids=(3, 1, 2)).order(EBB) == [1, 2, 3]
    assert IdList(ids=(3, 1, 2)).wanted(EBB, unusable=(1,)) == 3, "a pair that is no good is reported, not left out"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"kind": "ids", "ids": [1, 2, 1, 2]}, "2 id\\(s\\) are there more than once: 1, 2"),
        ({"kind": "ids", "ids": []}, "ids"),
        ({"kind": "ids", "ids": [-1]}, "greater than or equal to 0"),
        ({"kind": "ids", "ids": [1], "seed": 3}, "seed"),
        ({"kind": "draw", "count": 0}, "greater than or equal to 1"),
        ({"kind": "draw", "seed": -1}, "greater than or equal to 0"),
        ({"kind": "draw", "split": "val300"}, "'all', 'train' or 'val294'"),
        ({"kind": "split"}, "missing"),
        ({"kind": "best"}, "'draw', 'ids', 'split', 'authors'"),
    ],
)
def test_a_selection_that_makes_no_sense(content: Any, words: str) -> None:
    with pytest.raises(BadInputError, match=words):
        parse(Config, {"selection": content}, "config")


@pytest.mark.parametrize(
    ("selection", "words"),
    [
        (Draw(count=7, split="all"), "the source has 6 complete pairs; expected 7 to draw: ask for fewer"),
        (Draw(count=3, split="val294"), "the source's split val294 has 2 complete pairs; expected 3 to draw"),
        (IdList(ids=(1, 8, 9)), "the source lacks 2 of the 3 ids of the list: 8, 9; expected all of them"),
        (IdList(ids=tuple(range(8, 15))), "lacks 7 of the 7 ids of the list: 8, 9, 10, 11, 12 …; expected"),
        (WholeSplit(split="val294"), "lacks 291 of the 294 ids of the split val294: 4403, 4404, 4405, 4406, 4407 …"),
        (AuthorsSet(), "the source has 6 complete pairs; expected the authors' EBB400 to have 400"),
    ],
)
def test_what_the_source_does_not_have(selection: Selection, words: str) -> None:
    source_ids, unusable = (0, 1, 2, 3, 4400, 4401, 4402), (4402,)
    for ask in (selection.order, selection.wanted):
        with pytest.raises(BadInputError) as raised:
            ask(source_ids, unusable)
        assert words in str(raised.value)


def test_unusable_ids_stay_in_the_order_to_be_reported() -> None:
    assert sorted(Draw(count=2).order((5, 6, 7), (6,))) == [5, 6, 7]
    assert WholeSplit(split="all").order((7, 6, 5), (6,)) == [5, 6, 7]
    assert WholeSplit(split="val294").wanted(EBB, (4400,)) == 294
    with pytest.raises(BadInputError, match="no pairs"):
        WholeSplit(split="all").order(())
    authors = AuthorsSet()
    assert authors.order(range(401), (3,)) == list(range(401))
    assert authors.wanted(range(401), (3,)) == 400
    with pytest.raises(BadInputError, match="399 complete pairs"):
        authors.order(range(400), (3,))


@pytest.mark.parametrize(
    "text",
    [
        "12\n7\n4400\n",
        "\ufeff12\r\n7\r\n4400",
        "# my ids\n\n 12 # a cat\n\t7\n4400",
        "12.jpg\n0007.PNG\n4400.jpeg",
        "./Training/original/12.jpg\noriginal\\7.jpg\n/somewhere/12.5/4400",
        "[12, 7, 4400]",
        '\n[\n  "12", "original/7.jpg", 4400]\n',
        "id,sharp\n12,yes\n7,no\n4400,no",
        "bokeh,original\n./Training/bokeh/12.jpg,./Training/original/12.jpg\n./Training/bokeh/7.jpg,\n4400,x",
        '"id";"note"\n"12";"x, y"\n"7";\n\'4400\';',
        "12\tx\n7\ty\n4400",
        "file\n12.jpg\n7.jpg\n4400.jpg",
    ],
)
def test_lists_as_people_write_them(tmp_path: Path, text: str) -> None:
    path = tmp_path / "ids.txt"
    path.write_text(text, encoding="utf-8", newline="")
    assert read_ids(path) == (12, 7, 4400)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "ids.txt lists no ids; expected an id such as 12, or a file's name such as original/12.jpg"),
        ("# nothing\n\n", "lists no ids"),
        ("id,name\n", "lists no ids"),
        ("[]", "lists no ids"),
        ("12\n\ncat.jpg\n", "ids.txt, line 3: 'cat.jpg' is no id; expected an id such as 12"),
        ("cat.jpg\n12", "line 1: 'cat.jpg' is no id"),
        ("12\n-3", "line 2: '-3' is no id"),
        ("12\n1.5", "line 2: '1.5' is no id"),
        ("12 13 14", "line 1: '12 13 14' is no id"),
        ("12.tif", "line 1: '12.tif' is no id"),
        ("12\n" + "9" * 80, "line 2: '" + "9" * 60 + "…' is no id"),
        ("١٢", "is no id"),
        (
            ",bokeh,original\n0,4400.jpg,4400.jpg\n1,4401.jpg,4401.jpg",
            "line 1: the first column has no name, as a count",
        ),
        ("12\n,7", "line 2: '' is no id"),
        (
            "1\n2\n1.jpg\n02\n1",
            "lists 2 id(s) more than once: 1 (line 1, line 3, line 5), 2 (line 2, line 4); expected",
        ),
        ("[1, 2, 1]", "lists 1 id(s) more than once: 1 (entry 1, entry 3)"),
        ("[1,\n2,,\n3]", "ids.txt, line 2 is not valid JSON (Expecting value)"),
        ("[1, 2.0]", "entry 2: '2.0' is no id"),
        ("[true]", "entry 1: 'true' is no id"),
        ("[-1]", "entry 1: '-1' is no id"),
        ("[[1, 2]]", "entry 1: '[1, 2]' is no id"),
        ("[" + "9" * 5000 + "]", "is no JSON list of ids"),
        ("[" * 100_000, "is no JSON list of ids"),
        ('{"ids": [1]}', "is no id"),
    ],
)
def test_lists_that_are_none(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "ids.txt"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadInputError) as raised:
        read_ids(path)
    assert words in str(raised.value)
    assert str(raised.value).startswith(str(path))
    assert str(raised.value).isprintable()


def test_no_list_at_all(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="does not exist; expected a list of ids"):
        read_ids(tmp_path / "ids.txt")
    with pytest.raises(BadInputError, match="cannot be read"):
        read_ids(tmp_path)
    (tmp_path / "photo.jpg").write_bytes(b"\xff\xd8\xff\xe0")
    with pytest.raises(BadInputError, match="is no text"):
        read_ids(tmp_path / "photo.jpg")


@ONCE
@given(ids=st.lists(IDS, min_size=1, unique=True), data=st.data())
def test_any_list_is_read_back(tmp_path: Path, ids: list[int], data: st.DataObject) -> None:
    as_lines = st.sampled_from(
        ["{}", "{:06d}", "{}.jpg", "a b/{:04d}.JPEG", "{},{}", " {} # {}", '"{}"', "C:\\x\\{}.png"]
    )
    lines = [data.draw(as_lines).format(identifier, identifier) for identifier in ids]
    texts = ["\n".join(lines), "\r\n\n".join(["# ids", *lines, ""]), "id,x\n" + "\n".join(lines), json.dumps(ids)]
    path = tmp_path / "ids.txt"
    path.write_text(data.draw(st.sampled_from(texts)), encoding="utf-8", newline="")
    assert read_ids(path) == tuple(ids)


@ONCE
@given(st.one_of(st.binary(max_size=60), st.text("[]{}\"'0123456789.,-/\\#eE \n\r\tjpg", max_size=40).map(str.encode)))
def test_any_file_is_a_list_or_refused_in_one_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "ids.txt"
    path.write_bytes(content)
    message = ""
    try:
        ids = read_ids(path)
    except BadInputError as error:
        message = str(error)
    else:
        assert ids
        assert IdList(ids=ids).ids == tuple(sorted(set(ids)))
    assert message.isprintable()
