"""The libraries that lie in the repository are those that VENDORED.json names; `make vendor` asks npm as well."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from leaderboards.website import pages
from tests.leaderboards.vendoring import FOLDERS, RECORD, differences, read_record

MOST_BYTES = 1_500_000


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.parts[-3])
def test_every_file_is_the_one_that_is_named_and_has_its_licence_beside_it(folder: Path) -> None:
    assert differences(folder) == []
    for package in read_record(folder).packages:
        assert any(file.name.startswith("LICENCE") for file in package.files), package.name
        assert package.integrity.startswith("sha512-")


def test_a_changed_a_strange_and_a_missing_file_are_seen(tmp_path: Path) -> None:
    folder = shutil.copytree(FOLDERS[0], tmp_path / "vendor")
    (folder / "panzoom.min.js").write_text("alert(1)")
    (folder / "new.js").write_text("")
    (folder / "dataTables.min.js").unlink()
    assert differences(folder) == [
        f"new.js is there and {RECORD} does not name it",
        "dataTables.min.js is missing",
        f"panzoom.min.js is not the file that {RECORD} names (its sha256 differs)",
    ]


def test_the_site_carries_little_and_only_licences_that_let_it() -> None:
    shipped = FOLDERS[0]
    assert sum(path.stat().st_size for path in shipped.iterdir()) < MOST_BYTES
    assert {package.licence for package in read_record(shipped).packages} <= {"MIT", "BSD-3-Clause", "Apache-2.0"}
    templates = Path(pages.__file__).parents[1] / "templates"
    scripts = [path.read_text() for path in templates.glob("*.html")]
    used = {name for name in (path.name for path in shipped.glob("*.js")) if any(name in text for text in scripts)}
    assert used == {path.name for path in shipped.glob("*.js")}, "nothing lies there unused"
