"""Where EBB!'s photographs lie, in the layouts that people have and in those that nobody should have."""

from __future__ import annotations

import os
import pickle
import re
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import generator.ebb400.source
from bokeh_render.errors import BadInputError
from generator.ebb400.source import WIDE_AND_SHALLOW, open_ebb

from .drawn_photographs import write_folder, write_zip

FOLDER_OR_ZIP = pytest.mark.parametrize("write", [write_folder, write_zip])
ONCE = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
Write = Callable[[Path, dict[str, bytes]], Path]


def pairs(*ids: int, place: str = "", wide: str = "original", shallow: str = "bokeh") -> dict[str, bytes]:
    """Return files that are named as photographs are: no test here needs them to be any."""
    wides = {f"{place}{wide}/{number}.jpg": f"wide {number}".encode() for number in ids}
    return wides | {f"{place}{shallow}/{number}.jpg": f"shallow {number}".encode() for number in ids}


def refused(path: Path, *words: str) -> None:
    with pytest.raises(BadInputError) as raised:
        open_ebb(path)
    message = str(raised.value)
    assert message.startswith(str(path))
    assert "\n" not in message
    for word in words:
        assert word in message


@FOLDER_OR_ZIP
@pytest.mark.parametrize("place", ["", "train/", "Training/", "EBB/Training/"])
@pytest.mark.parametrize(("wide", "shallow"), [*WIDE_AND_SHALLOW, ("Original", "BOKEH")])
def test_every_layout_gives_the_photographs_bytes(
    tmp_path: Path, write: Write, place: str, wide: str, shallow: str
) -> None:
    root = write(tmp_path / "EBB.data", pairs(12, 0, 4400, place=place, wide=wide, shallow=shallow))
    source = open_ebb(root)
    assert source.ids == (0, 12, 4400)
    assert source.problems == {}
    assert source.ignored == ()
    assert source.name == f"EBB.data{'/' + place.rstrip('/') if place else ''} ({wide}/, {shallow}/)"
    files = source.extract(12, tmp_path / "out" / "new")
    assert files.wide == tmp_path / "out" / "new" / "wide.jpg"
    assert files.shallow == tmp_path / "out" / "new" / "shallow.jpg"
    assert (files.wide_name, files.shallow_name) == (f"{wide}/12.jpg", f"{shallow}/12.jpg")
    assert (files.wide.read_bytes(), files.shallow.read_bytes()) == (b"wide 12", b"shallow 12")
    assert sorted(path.name for path in (tmp_path / "out" / "new").iterdir()) == ["shallow.jpg", "wide.jpg"]


@FOLDER_OR_ZIP
def test_a_stem_is_an_id_however_it_is_written(tmp_path: Path, write: Write) -> None:
    files = {"original/0012.JPG": b"a", "bokeh/12.png": b"b", "original/007.jpeg": b"c", "bokeh/7.Jpg": b"d"}
    source = open_ebb(write(tmp_path / "ebb", files))
    assert (source.ids, source.problems) == ((7, 12), {})
    found = source.extract(12, tmp_path / "out")
    assert (found.wide.name, found.shallow.name) == ("wide.jpg", "shallow.png")
    assert (found.wide_name, found.shallow_name) == ("original/0012.JPG", "bokeh/12.png")
    assert source.extract(7, tmp_path / "out").wide.name == "wide.jpeg"


@FOLDER_OR_ZIP
def test_what_is_no_photograph_is_left_aside(tmp_path: Path, write: Write) -> None:
    others = {
        "original/.DS_Store": b"",
        "original/._1.jpg": b"",
        ".cache/original/1.jpg": b"",
        ".cache/bokeh/1.jpg": b"",
        "__MACOSX/original/1.jpg": b"",
        "__MACOSX/bokeh/1.jpg": b"",
        "original_depth/1.png": b"",
        "README.txt": b"",
        "original/Thumbs.db": b"",
        "original/cat.jpg": b"",
        "bokeh/1 (2).jpg": b"",
        "bokeh/-1.jpg": b"",
        "bokeh/1.jpg.txt": b"",
        "bokeh/١.jpg": b"",
        "bokeh/new/2.jpg": b"",
        f"bokeh/{'1' * 30}.jpg": b"",
    }
    source = open_ebb(write(tmp_path / "ebb", {**pairs(1), **others}))
    assert (source.ids, source.problems) == ((1,), {})
    assert source.ignored == tuple(
        sorted(
            [
                name
                for name in others
                if name.count("/") == 1 and name.startswith(("bokeh/", "original/T", "original/c"))
            ]
        )
    )


@FOLDER_OR_ZIP
def test_ids_whose_files_are_no_pair(tmp_path: Path, write: Write) -> None:
    files = pairs(1, 2, 3, 4, 5)
    for name in ("bokeh/1.jpg", "original/2.jpg", "bokeh/5.jpg"):
        del files[name]
    files |= {"original/0003.jpg": b"", "bokeh/4.png": b"", "bokeh/5.tif": b"", "original/05.jpg": b""}
    source = open_ebb(write(tmp_path / "ebb", files))
    assert source.ids == (1, 2, 3, 4, 5)
    assert source.problems == {
        1: "original/1.jpg has no partner in bokeh/; expected one photograph in each",
        2: "bokeh/2.jpg has no partner in original/; expected one photograph in each",
        3: "original/ has 2 photographs of id 3 (0003.jpg, 3.jpg); expected one photograph in each",
        4: "bokeh/ has 2 photographs of id 4 (4.jpg, 4.png); expected one photograph in each",
        5: "original/ has 2 photographs of id 5 (05.jpg, 5.jpg) and original/05.jpg has no partner in bokeh/, "
        "only 5.tif, which is none of .jpg, .jpeg, .png; expected one photograph in each",
    }
    for number, problem in source.problems.items():
        with pytest.raises(BadInputError, match=re.escape(problem)):
            source.extract(number, tmp_path / "out")
    with pytest.raises(BadInputError, match="has no id 6; expected one of its 5 ids"):
        source.extract(6, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_file_that_is_twice_in_a_zip(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", pairs(1, 2))
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(path, "a") as archive:
        archive.writestr("original/1.jpg", b"another")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("bokeh\\2.jpg", b"another, from Windows")
    assert open_ebb(path).problems == {
        1: "original/ has 2 photographs of id 1 (1.jpg, 1.jpg); expected one photograph in each",
        2: "bokeh/ has 2 photographs of id 2 (2.jpg, 2.jpg); expected one photograph in each",
    }


@FOLDER_OR_ZIP
def test_several_places_are_listed(tmp_path: Path, write: Write) -> None:
    root = write(tmp_path / "ebb", pairs(1, 2, place="train/") | pairs(3, place="test/", wide="in", shallow="gt"))
    how = "give one of these folders"
    refused(root, "2 places: test/in with test/gt (1 id(s)), train/original with train/bokeh (2 id(s));", how)
    if write is write_zip:
        refused(root, "unpack it and give one")
    root = write(tmp_path / "both", pairs(1) | pairs(2, wide="in", shallow="gt"))
    refused(
        root, "2 places: original with bokeh (1 id(s)), in with gt (1 id(s)); leave one wide and one shallow folder"
    )
    root = write(tmp_path / "cases", pairs(1) | pairs(2, wide="Original"))
    refused(root, "Original with bokeh (1 id(s)), original with bokeh (1 id(s))")


@FOLDER_OR_ZIP
def test_the_place_that_is_plainly_meant(tmp_path: Path, write: Write) -> None:
    root = write(tmp_path / "above", pairs(1) | pairs(2, place="old/"))
    assert open_ebb(root).ids == (1,)
    # the challenge's test photographs came without truth
    root = write(
        tmp_path / "challenge", pairs(1, place="train/") | {"test/original/0.jpg": b"", "test/bokeh/.keep": b""}
    )
    assert open_ebb(root).ids == (1,)


def test_nothing_to_read(tmp_path: Path) -> None:
    refused(tmp_path / "ebb", "does not exist; expected the folder or zip")
    refused(write_folder(tmp_path / "empty", {".hidden": b""}), "is empty (hidden files aside); expected photographs")
    refused(write_zip(tmp_path / "empty.zip", {}), "is empty (hidden files aside); expected")
    (tmp_path / "alone" / "original").mkdir(parents=True)
    refused(tmp_path / "alone", "has original/ without a folder to go with it; expected")
    (tmp_path / "no.zip").write_bytes(b"no zip")
    refused(tmp_path / "no.zip", "is neither a folder nor a whole zip", "get the zip again")
    (tmp_path / "empty.jpg").touch()
    refused(tmp_path / "empty.jpg", "is neither a folder nor a whole zip")
    os.mkfifo(tmp_path / "fifo")
    refused(tmp_path / "fifo", "no plain file")


@FOLDER_OR_ZIP
def test_no_such_layout(tmp_path: Path, write: Write) -> None:
    expected = "expected photographs named by id in two folders, original/12.jpg and bokeh/12.jpg (or in/ and gt/,"
    refused(write(tmp_path / "a", {"1.jpg": b"", "2.jpg": b"", "x/y/z": b""}), "a has 1.jpg, 2.jpg, x/; " + expected)
    refused(write(tmp_path / "b", {f"{n}.jpg": b"" for n in range(9)}), "4.jpg, 5.jpg and 3 more; " + expected)
    only = write(tmp_path / "c", {"train/original/1.jpg": b"", "test/gt/1.jpg": b""})
    refused(only, "c has test/gt/, train/original/ without a folder to go with it; " + expected)
    strange = write(tmp_path / "d", {"original/1.jpg": b"", "bokeh/cat.jpg": b""})
    refused(strange, "d has no photographs in bokeh/ (names like 12.jpg); " + expected)


def test_folders_far_below_are_not_searched(tmp_path: Path) -> None:
    refused(write_folder(tmp_path / "deep", pairs(1, place="a/b/c/d/")), "deep has a/; expected")
    assert open_ebb(write_folder(tmp_path / "less", pairs(1, place="a/b/c/"))).ids == (1,)


def test_a_source_travels_to_other_processes(tmp_path: Path) -> None:
    source = open_ebb(write_folder(tmp_path / "ebb", pairs(1, 2)))
    again = pickle.loads(pickle.dumps(source))
    assert again == source
    assert again.extract(2, tmp_path / "out").wide.read_bytes() == b"wide 2"


def test_links_are_followed_and_broken_ones_told(tmp_path: Path) -> None:
    write_folder(tmp_path / "disk", pairs(1, 2, 3, 4))
    root = tmp_path / "ebb"
    root.mkdir()
    (root / "original").symlink_to(tmp_path / "disk" / "original")
    (root / "bokeh").symlink_to(tmp_path / "disk" / "bokeh")
    (root / "loop").symlink_to(root)
    source = open_ebb(root)
    assert source.extract(1, tmp_path / "out").shallow.read_bytes() == b"shallow 1"
    makers: list[Callable[[Path], None]] = [Path.mkdir, os.mkfifo, lambda path: path.symlink_to("nothing")]
    for number, make in enumerate(makers, start=2):
        path = root / "bokeh" / f"{number}.jpg"
        path.unlink()
        make(path)
        with pytest.raises(BadInputError, match=rf"^bokeh/{number}\.jpg is .*; expected a photograph"):
            source.extract(number, tmp_path / "nothing")
    assert not (tmp_path / "nothing").exists()
    assert open_ebb(root).ids == (1, 2, 3, 4)
    assert list(open_ebb(root).problems) == [2], "a folder is no photograph, and seen at once"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read(tmp_path: Path) -> None:
    root = write_folder(tmp_path / "ebb", pairs(1) | {"lost+found/x": b""})
    (root / "lost+found").chmod(0)
    (root / "bokeh" / "1.jpg").chmod(0)
    with pytest.raises(BadInputError, match=r"^bokeh/1.jpg cannot be read \(Permission denied\)"):
        open_ebb(root).extract(1, tmp_path / "out")
    (root / "bokeh").chmod(0)
    with pytest.raises(BadInputError, match=r"bokeh cannot be listed \(Permission denied\)"):
        open_ebb(root)
    for name in ("lost+found", "bokeh"):
        (root / name).chmod(0o755)


@FOLDER_OR_ZIP
def test_an_enormous_file_is_not_copied(tmp_path: Path, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    source = open_ebb(write(tmp_path / "ebb", pairs(1)))
    monkeypatch.setattr(generator.ebb400.source, "_MOST_BYTES", 3)
    with pytest.raises(BadInputError, match=r"^original/1\.jpg has 0 MB; expected a photograph of"):
        source.extract(1, tmp_path / "out")


def test_names_in_a_zip_never_become_paths(tmp_path: Path) -> None:
    evil = {"../original/1.jpg": b"", "../bokeh/1.jpg": b"", "/original/2.jpg": b"", "/bokeh/2.jpg": b"", "..\\x": b""}
    refused(write_zip(tmp_path / "evil.zip", evil), "is empty")
    windows = {"EBB\\original\\1.jpg": b"wide", "EBB\\bokeh\\1.jpg": b"shallow", "EBB\\..\\..\\original\\2.jpg": b""}
    source = open_ebb(write_zip(tmp_path / "windows.zip", windows))
    assert source.ids == (1,)
    files = source.extract(1, tmp_path / "out")
    assert (files.wide.read_bytes(), files.shallow_name) == (b"wide", "bokeh/1.jpg")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["evil.zip", "out", "windows.zip"]


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA])
def test_a_damaged_photograph_in_a_zip_costs_its_pair_alone(tmp_path: Path, compression: int) -> None:
    photographs = {name: os.urandom(500) for name in pairs(1, 2)}
    path = write_zip(tmp_path / "ebb.zip", photographs, compression)
    content = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        start = archive.getinfo("bokeh/1.jpg").header_offset
    content[start + 200] ^= 0xFF
    path.write_bytes(content)
    source = open_ebb(path)
    with pytest.raises(BadInputError, match=r"^bokeh/1\.jpg cannot be unpacked \(.*the zip is damaged"):
        source.extract(1, tmp_path / "out")
    assert not (tmp_path / "out").exists(), "a pair is written whole or not at all"
    assert source.extract(2, tmp_path / "out").shallow.read_bytes() == photographs["bokeh/2.jpg"]


def test_an_encrypted_zip(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "ebb.zip", pairs(1))
    content = bytearray(path.read_bytes())
    for signature, flags_at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        for match in re.finditer(re.escape(signature), bytes(content)):
            struct.pack_into("<H", content, match.start() + flags_at, 1)
    path.write_bytes(content)
    with pytest.raises(BadInputError, match=r"original/1\.jpg is encrypted in the zip; unpack it with its password"):
        open_ebb(path).extract(1, tmp_path / "out")


def test_a_source_that_went_away(tmp_path: Path) -> None:
    for write in (write_folder, write_zip):
        root = write(tmp_path / f"{write.__name__}", pairs(1))
        source = open_ebb(root)
        root.rename(tmp_path / "elsewhere")
        with pytest.raises(BadInputError, match=r"original/1\.jpg is gone"):
            source.extract(1, tmp_path / "out")
        (tmp_path / "elsewhere").rename(tmp_path / f"{write.__name__} away")


@ONCE
@given(
    names=st.lists(
        st.one_of(
            st.from_regex(r"0{0,3}[0-9]{1,2}\.(jpg|JPG|jpeg|png|tif)", fullmatch=True),
            st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=12),
        ),
        max_size=8,
        unique=True,
    )
)
@example(names=["1.jpg", "01.jpg", "a\nb.jpg", "..", ".", "1.jpg/", "\\1.jpg", "²3.jpg"])
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_any_file_name_is_a_photographs_or_left_aside(tmp_path: Path, names: list[str]) -> None:
    files = pairs(1000) | {f"original/{name}": b"" for name in names}
    source = open_ebb(write_zip(tmp_path / "any.zip", files))
    expected = {int(name.split(".")[0]) for name in names if re.fullmatch(r"[0-9]{1,18}\.(jpg|jpeg|png)", name.lower())}
    assert set(source.ids) == expected | {1000}
    assert set(source.problems) == expected
    for sentence in (*source.problems.values(), *source.ignored, source.name):
        assert sentence.isprintable()
    assert source.extract(1000, tmp_path / "out").wide.read_bytes() == b"wide 1000"


def test_names_that_are_no_utf8(tmp_path: Path) -> None:
    root = write_folder(tmp_path / "ebb", pairs(1))
    with open(os.path.join(os.fsencode(root), b"original", b"\xff.jpg"), "wb"):  # noqa: PTH118, PTH123
        pass
    assert open_ebb(root).ignored == (r"original/\udcff.jpg",)


@ONCE
@given(position=st.floats(0, 1, exclude_max=True), value=st.integers(0, 255), length=st.floats(0, 1))
@pytest.mark.filterwarnings("ignore")
def test_a_damaged_zip_is_read_or_refused_in_one_sentence(
    tmp_path: Path, position: float, value: int, length: float
) -> None:
    whole = write_zip(tmp_path / "whole.zip", pairs(1, 2)).read_bytes()
    changed = bytearray(whole)
    changed[int(position * len(whole))] = value
    for content in (bytes(changed), whole[: int(length * len(whole))]):
        (tmp_path / "bad.zip").unlink(missing_ok=True)
        (tmp_path / "bad.zip").write_bytes(content)
        messages = []
        try:
            source = open_ebb(tmp_path / "bad.zip")
        except BadInputError as error:
            messages.append(str(error))
        else:
            for number in source.ids:
                try:
                    files = source.extract(number, tmp_path / "out")
                except BadInputError as error:
                    messages.append(str(error))
                else:
                    assert files.wide.read_bytes() == f"wide {number}".encode()
                    assert files.shallow.read_bytes() == f"shallow {number}".encode()
        assert all("\n" not in message for message in messages)
