"""One rendering as one file: the round trip, and whatever else somebody might send."""

from __future__ import annotations

import fcntl
import io
import json
import os
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import generator.archive
from bokeh_render.errors import BadInputError, BokehbenchError
from bokeh_render.schema import sha256_of_file
from generator.archive import export_dataset, import_dataset
from generator.contents import check_manifest_paths
from generator.stack import DatasetRecord, ManifestEntry, manifest_text, read_manifest
from tests.conftest import Ended


@pytest.fixture(scope="module")
def archive(tiny_dataset_once: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("archive") / "tiny.tar"
    export_dataset(tiny_dataset_once, path)
    return path


Member = tuple[tarfile.TarInfo, bytes]


def members(archive: Path) -> list[Member]:
    with tarfile.open(archive, "r:") as tar:
        return [(member, tar.extractfile(member).read()) for member in tar]  # type: ignore[union-attr]


def written(path: Path, content: list[Member]) -> Path:
    with tarfile.open(path, "w") as tar:
        for member, data in content:
            tar.addfile(member, io.BytesIO(data))
    return path


def plain(name: str, data: bytes) -> Member:
    member = tarfile.TarInfo(name)
    member.size = len(data)
    return member, data


def refused(archive: Path, folder: Path, word: str) -> None:
    """Check that the archive is refused with this word and that nothing of it is left."""
    out = folder / "out"
    with pytest.raises(BadInputError, match=word) as raised:
        import_dataset(archive, out)
    assert str(archive) in str(raised.value)
    assert ".partial" not in str(raised.value)
    assert not out.exists()
    assert [path for path in folder.iterdir() if path.is_dir()] == []


def test_the_round_trip_keeps_every_byte(tiny_dataset_once: Path, archive: Path, tmp_path: Path) -> None:
    record = import_dataset(archive, tmp_path / "out")
    assert record.name == "tiny"
    for name in ("dataset.json", "manifest.jsonl", "README.md"):
        assert (tmp_path / "out" / name).read_bytes() == (tiny_dataset_once / name).read_bytes()
    for entry in read_manifest(tiny_dataset_once / "manifest.jsonl"):
        assert sha256_of_file(tmp_path / "out" / entry.path) == entry.sha256
    assert not (tmp_path / "out" / "previews").exists(), "pages are made again, not taken from strangers"
    again = export_dataset(tmp_path / "out", tmp_path / "again.tar")
    assert again.sha256 == sha256_of_file(archive), "the same files give the same archive"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["again.tar", "out"]


def test_an_archive_tells_nothing_of_its_maker(archive: Path) -> None:
    found = members(archive)
    assert [member.name for member, _ in found[:3]] == ["dataset.json", "manifest.jsonl", "README.md"]
    names = [member.name for member, _ in found[3:]]
    assert names == sorted(names)
    for member, _ in found:
        assert (member.mtime, member.uid, member.gid, member.uname, member.gname) == (0, 0, 0, "", "")


def test_a_damaged_dataset_is_not_exported(tiny_dataset: Path, tmp_path: Path) -> None:
    out = tmp_path / "tiny.tar"
    file = tiny_dataset / "scenes" / "window_table" / "bokeh_00_00.exr"
    content = file.read_bytes()
    file.write_bytes(content[:-1] + b"x")
    with pytest.raises(BadInputError, match="sha256 differs"):
        export_dataset(tiny_dataset, out)
    file.write_bytes(content[:-1])
    with pytest.raises(BadInputError, match="another size"):
        export_dataset(tiny_dataset, out)
    (tiny_dataset / "manifest.jsonl").write_text("")
    with pytest.raises(BadInputError, match="run dataset validate"):
        export_dataset(tiny_dataset, out)
    assert [path.name for path in tmp_path.iterdir()] == ["dataset"]


def test_where_an_archive_may_not_go(tiny_dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadInputError, match=r"does not end in \.tar"):
        export_dataset(tiny_dataset, tmp_path / "tiny.zip")
    with pytest.raises(BadInputError, match="inside the dataset"):
        export_dataset(tiny_dataset, tiny_dataset / "tiny.tar")
    (tmp_path / "folder.tar").mkdir()
    with pytest.raises(BadInputError, match="is a folder"):
        export_dataset(tiny_dataset, tmp_path / "folder.tar")
    monkeypatch.setattr(generator.archive.shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10, 9, 1))
    with pytest.raises(BokehbenchError, match="0 MB free, but 6"):
        export_dataset(tiny_dataset, tmp_path / "new" / "tiny.tar")
    assert not (tmp_path / "new").exists()


def test_a_full_disk_is_noticed_before_unpacking(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generator.archive.shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10, 9, 1))
    with pytest.raises(BokehbenchError, match="MB are needed"):
        import_dataset(archive, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_is_never_overwritten(archive: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "thesis.tex").write_text("years of work")
    with pytest.raises(BadInputError, match="is not empty"):
        import_dataset(archive, out)
    assert (out / "thesis.tex").read_text() == "years of work"
    (out / "thesis.tex").unlink()
    import_dataset(archive, out)
    assert (out / "dataset.json").is_file()


def test_a_killed_import_is_started_again(archive: Path, tmp_path: Path) -> None:
    leftover = tmp_path / ".partial-out" / "scenes" / "window_table"
    leftover.mkdir(parents=True)
    (leftover / "image.exr").write_bytes(b"half")
    (tmp_path / ".partial-out" / "manifest.jsonl").write_bytes(b"half")
    import_dataset(archive, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_two_imports_cannot_share_a_folder(archive: Path, tmp_path: Path) -> None:
    staging = tmp_path / ".partial-out"
    staging.mkdir()
    lock = os.open(staging, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    try:
        with pytest.raises(BadInputError, match="another run is importing"):
            import_dataset(archive, tmp_path / "out")
    finally:
        os.close(lock)


def test_damaged_archives(archive: Path, tmp_path: Path) -> None:
    whole = archive.read_bytes()
    bad = tmp_path / "bad.tar"
    with pytest.raises(BadInputError, match="does not exist"):
        import_dataset(bad, tmp_path / "out")
    for content, word in (
        (b"", "cannot be read as tar"),
        (b"x" * 4096, "cannot be read as tar"),
        (whole[: len(whole) // 2], "cannot be read as tar|lacks|damaged"),
        (whole[:512], "cannot be read as tar|ends too early|JSON"),
    ):
        bad.write_bytes(content)
        refused(bad, tmp_path, word)
    middle = len(whole) // 2
    bad.write_bytes(whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :])
    refused(bad, tmp_path, "sha256 differs|manifest|cannot be read")


def test_members_that_do_not_belong(archive: Path, tmp_path: Path) -> None:
    found = members(archive)
    bad = tmp_path / "bad.tar"
    link = tarfile.TarInfo(found[4][0].name)
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    hard = tarfile.TarInfo(found[4][0].name)
    hard.type, hard.linkname = tarfile.LNKTYPE, "dataset.json"
    folder = tarfile.TarInfo("scenes")
    folder.type = tarfile.DIRTYPE
    device = tarfile.TarInfo(found[4][0].name)
    device.type = tarfile.CHRTYPE
    for content, word in (
        ([*found, plain("scenes/x/extra.exr", b"x")], "is not in its manifest"),
        ([*found, plain("/etc/cron.d/x", b"x")], "is not in its manifest"),
        ([*found, plain("../x", b"x")], "is not in its manifest"),
        ([*found, plain("index.html", b"<script>")], "is not in its manifest"),
        ([*found, found[5]], "is there twice"),
        ([*found, found[0]], "is there twice"),
        ([*found, found[2]], "is there twice"),
        (found[:-1], "lacks 1 listed"),
        ([*found[:4], (link, b""), *found[5:]], "a link, a folder or a device"),
        ([*found[:4], (hard, b""), *found[5:]], "a link, a folder or a device"),
        ([*found[:4], (device, b""), *found[5:]], "a link, a folder or a device"),
        ([*found, (folder, b"")], "is not in its manifest"),
        ([*found[:4], plain(found[4][0].name, b"x"), *found[5:]], "has 1 bytes; expected"),
        ([*found[:4], plain(found[4][0].name, b"x" * found[4][0].size), *found[5:]], "sha256 differs"),
        (found[1:], "where dataset.json belongs"),
        ([found[0], *found[2:]], "where manifest.jsonl belongs"),
        ([found[0], plain("manifest.jsonl", found[1][1][:-2]), *found[2:]], "is not the one that dataset.json names"),
        ([plain("dataset.json", b"{}"), *found[1:]], "is missing"),
        ([plain("dataset.json", b"\xff"), *found[1:]], "not valid JSON"),
        ([*found[:2], plain("README.md", b"x" * ((1 << 20) + 1)), *found[3:]], "README.md has 1048577 bytes"),
    ):
        refused(written(bad, content), tmp_path, word)


def with_manifest(found: list[Member], text: bytes) -> list[Member]:
    """Return the head of an archive with another manifest, named by its record."""
    import hashlib

    record = json.loads(found[0][1])
    record["files_sha256"] = hashlib.sha256(text).hexdigest()
    return [plain("dataset.json", json.dumps(record).encode()), plain("manifest.jsonl", text)]


def entry(path: str, size: int = 1) -> ManifestEntry:
    return ManifestEntry(path=path, bytes=size, sha256="0" * 64, role="image", scene="s")


@pytest.mark.parametrize(
    "paths",
    [
        ["/etc/passwd"],
        ["scenes/s/../../../x"],
        ["dataset.json"],
        ["scenes/x"],
        ["scenes/another/image.exr"],
        ["scenes//s/image.exr"],
        ["./scenes/s/image.exr"],
        ["scenes/s/.hidden/image.exr"],
        ["scenes/s/a\\b"],
        ["scenes/s/a\nb"],
        ["scenes/s/a", "scenes/s/a"],
        ["scenes/s/a", "scenes/s/a/b"],
    ],
)
def test_manifests_that_point_elsewhere(archive: Path, tmp_path: Path, paths: list[str]) -> None:
    entries = [entry(path) for path in paths]
    content = with_manifest(members(archive), manifest_text(entries).encode())
    refused(
        written(tmp_path / "bad.tar", [*content, *(plain(path, b"x") for path in paths)]), tmp_path, "path|listed|file"
    )


def test_sizes_that_cannot_be(archive: Path, tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="cannot be a file of its own"):
        check_manifest_paths([entry("scenes/s/a", -1)], "manifest")
    content = with_manifest(members(archive), manifest_text([entry("scenes/s/a", 10**18)]).encode())
    with pytest.raises(BokehbenchError, match="MB are needed"):
        import_dataset(written(tmp_path / "bomb.tar", content), tmp_path / "out")
    content = with_manifest(members(archive), b'{"path": 3}')
    refused(written(tmp_path / "bad.tar", content), tmp_path, "manifest.jsonl, line 1: ")
    content = with_manifest(members(archive), b"\xff\xfe")
    refused(written(tmp_path / "bad.tar", content), tmp_path, "is not text")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_wild_archives_never_leave_the_folder(archive: Path, tmp_path: Path, data: st.DataObject) -> None:
    """Whatever the members are called, whatever they are: one clear refusal, and nothing is written anywhere."""
    names = st.one_of(
        st.sampled_from(["dataset.json", "manifest.jsonl", "README.md", "scenes/s/image.exr", "../x", "/x", "."]),
        st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=300),
    )
    kinds = st.sampled_from([tarfile.REGTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE])
    found = members(archive)
    head = data.draw(st.integers(0, 3))
    content = found[:head]
    for name in data.draw(st.lists(names, min_size=1, max_size=5)):
        member, body = plain(name, data.draw(st.binary(max_size=40)))
        member.type = data.draw(kinds)
        member.linkname = data.draw(names)
        member.size = len(body) if member.isreg() else 0
        content.append((member, body if member.isreg() else b""))
    folder = tmp_path / "wild"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    wild = written(folder / "wild.tar", content)
    with pytest.raises(BadInputError):
        import_dataset(wild, folder / "out")
    assert [path.name for path in folder.iterdir()] == ["wild.tar"]


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_flipped_and_cut_archives_are_refused_or_whole(
    tiny_dataset_once: Path, archive: Path, tmp_path: Path, data: st.DataObject
) -> None:
    content = bytearray(archive.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        # headers are where the parser can be hurt: aim at the first blocks and at block starts
        block = data.draw(st.integers(0, len(content) // 512 - 1))
        position = data.draw(st.one_of(st.integers(0, 4096), st.just(block * 512 + 124)))
        content[position] = data.draw(st.integers(0, 255))
    folder = tmp_path / "flipped"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    (folder / "flipped.tar").write_bytes(content[: data.draw(st.integers(len(content) - 2000, len(content)))])
    try:
        import_dataset(folder / "flipped.tar", folder / "out")
    except BokehbenchError:
        assert [path.name for path in folder.iterdir()] == ["flipped.tar"]
    else:
        for name in ("manifest.jsonl", *(entry.path for entry in read_manifest(tiny_dataset_once / "manifest.jsonl"))):
            assert (folder / "out" / name).read_bytes() == (tiny_dataset_once / name).read_bytes()


def test_the_commands(command: Callable[..., Ended], tiny_dataset: Path, tmp_path: Path) -> None:
    ended = command("dataset", "export", tiny_dataset, "-o", tmp_path / "tiny.tar", "--json")
    assert ended.code == 0, ended
    assert json.loads(ended.out)["sha256"] == sha256_of_file(tmp_path / "tiny.tar")
    ended = command("dataset", "import", tmp_path / "tiny.tar", "-o", tmp_path / "copy")
    assert ended.code == 0, ended
    record = DatasetRecord.model_validate_json((tiny_dataset / "dataset.json").read_text())
    assert record.files_sha256 in ended.out
    assert (tmp_path / "copy" / "index.html").is_file()
    assert command("dataset", "validate", tmp_path / "copy").code == 0
    ended = command("dataset", "import", tmp_path / "tiny.tar", "-o", tmp_path / "copy")
    assert (ended.code, ended.err.startswith("bokehbench: ")) == (2, True)
    assert "sha256" in command("dataset", "export", tmp_path / "copy", "-o", tmp_path / "b.tar").out
    ended = command("dataset", "import", tmp_path / "copy" / "README.md", "-o", tmp_path / "x", "--json")
    assert (ended.code, "cannot be read as tar" in ended.err) == (2, True)
