"""JavaScript libraries that lie in the repository: what they are, and whether they still are what npm has.

    python -m tests.leaderboards.vendoring            fetch them again by `npm pack` and compare
    python -m tests.leaderboards.vendoring --update   after editing a version in VENDORED.json: take what npm has

A folder of libraries has a VENDORED.json. It names every file, so that none can be added or changed unseen.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Literal

from bokeh_render.atomic import write_bytes, write_json
from bokeh_render.errors import BadInputError, BokehbenchError
from bokeh_render.schema import Record, load_json, sha256_of_file

ROOT = Path(__file__).parents[2]
FOLDERS = (ROOT / "leaderboards/static/vendor", ROOT / "tests/leaderboards/browser/vendor")
RECORD = "VENDORED.json"


class VendoredFile(Record):
    """One file. path: in npm's package; name: in our folder."""

    path: str
    name: str
    sha256: str


class Package(Record):
    """One package of npm. integrity: of its archive, as npm tells it; why: what we have it for."""

    name: str
    version: str
    licence: Literal["MIT", "BSD-3-Clause", "Apache-2.0", "MPL-2.0"]
    why: str
    integrity: str
    files: tuple[VendoredFile, ...]


class Vendored(Record):
    """All packages of a folder."""

    packages: tuple[Package, ...]


def read_record(folder: Path) -> Vendored:
    """Read a folder's VENDORED.json; raises BadInputError when it does not fit."""
    return load_json(Vendored, folder / RECORD)


def differences(folder: Path) -> list[str]:
    """Return a sentence for each file that is not as VENDORED.json has it, without asking npm."""
    told = {file.name: file.sha256 for package in read_record(folder).packages for file in package.files}
    there = {path.name for path in folder.iterdir() if path.name != RECORD}
    found = [f"{name} is there and {RECORD} does not name it" for name in sorted(there - set(told))]
    for name, sha256 in sorted(told.items()):
        if name not in there:
            found.append(f"{name} is missing")
        elif sha256_of_file(folder / name) != sha256:
            found.append(f"{name} is not the file that {RECORD} names (its sha256 differs)")
    return found


def fetch(package: Package, scratch: Path) -> dict[str, bytes]:
    """Return a package's files by our names, as npm has them; raises when its archive is not the one recorded."""
    command = ["npm", "pack", "--silent", "--pack-destination", str(scratch), f"{package.name}@{package.version}"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        raise BokehbenchError(f"npm pack {package.name}@{package.version} failed: {ended.stderr.strip()}")
    archive = scratch / ended.stdout.split()[-1]
    found = "sha512-" + base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    if package.integrity not in {"", found}:
        raise BokehbenchError(
            f"npm's archive of {package.name} {package.version} has the integrity {found}; expected "
            f"{package.integrity}: it was replaced, do not take it"
        )
    with tarfile.open(archive) as members:
        return {file.name: _member(members, file, package) for file in package.files} | {"": found.encode()}


def _member(members: tarfile.TarFile, file: VendoredFile, package: Package) -> bytes:
    names = [member.name for member in members if member.isfile() and member.name.partition("/")[2] == file.path]
    stream = members.extractfile(names[0]) if names else None
    if stream is None:
        raise BadInputError(f"{package.name} {package.version} has no file {file.path}; correct it in {RECORD}")
    return stream.read()


def check_folder(folder: Path, *, update: bool) -> list[str]:
    """Compare a folder with npm; returns a sentence for each difference. update: take npm's files instead."""
    packages, found = [], []
    for package in read_record(folder).packages:
        asked = package.model_copy(update={"integrity": ""}) if update else package
        with tempfile.TemporaryDirectory() as scratch:
            contents = fetch(asked, Path(scratch))
        integrity = contents.pop("").decode()
        files = []
        for file in package.files:
            sha256 = hashlib.sha256(contents[file.name]).hexdigest()
            files.append(file.model_copy(update={"sha256": sha256}))
            if update:
                write_bytes(folder / file.name, contents[file.name])
            elif sha256 != file.sha256:
                found.append(f"{file.name} is not what npm has in {package.name} {package.version}")
        packages.append(package.model_copy(update={"integrity": integrity, "files": tuple(files)}))
        sys.stdout.write(f"{package.name} {package.version}: {integrity}\n")
    if update:
        write_json(folder / RECORD, Vendored(packages=tuple(packages)).model_dump(mode="json"))
    return [*found, *differences(folder)]


def main() -> None:
    """Compare, or update, all folders; exit code 1 when anything differs."""
    parser = argparse.ArgumentParser(description="Compare the vendored libraries with npm's.")
    parser.add_argument("--update", action="store_true", help="take what npm has of the versions in VENDORED.json")
    update = parser.parse_args().update
    if shutil.which("npm") is None:
        sys.exit("npm is not installed; it is needed to fetch the libraries again (Debian: apt-get install npm)")
    try:
        found = [f"{folder}: {one}" for folder in FOLDERS for one in check_folder(folder, update=update)]
    except BokehbenchError as error:
        sys.exit(str(error))
    sys.exit("\n".join(found) or 0)


if __name__ == "__main__":
    main()
