"""Where the two photographs of each id of EBB! lie, as people have the data set: two folders, or a zip that holds them.

EBB! itself and the PyNET repository call the folders ``original/`` and ``bokeh/``, Bokehlicious' layout ``in/`` and
``gt/``; :data:`WIDE_AND_SHALLOW` lists what is known. They lie in the folder or zip that is given, or up to three
folders down (``Training/original/12.jpg``). A file belongs to the id that its stem is: 12.jpg and 0012.jpg to id 12.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import zipfile
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from bokeh_render.atomic import write_bytes
from bokeh_render.errors import BadInputError

WIDE_AND_SHALLOW = (
    ("original", "bokeh"),
    ("in", "gt"),
    ("input", "gt"),
    ("input", "target"),
    ("input", "bokeh"),
    ("wide", "shallow"),
)
"""Names of the folder of wide and of the folder of shallow photographs, in any case, that go together."""

_SUFFIXES = (".jpg", ".jpeg", ".png")
_NUMBERED = re.compile(r"([0-9]{1,18})(\.[^.]+)")
_MOST_LEADING = 3  # folders above original/; deeper, a whole disk would be searched
_MOST_BYTES = 256 << 20  # of one photograph, ten times what a camera makes; a zip could name any size
_ENCRYPTED = 0x1
_SHOWN = 6
_EXPECTED = (
    "expected photographs named by id in two folders, original/12.jpg and bokeh/12.jpg "
    f"(or {', '.join(f'{wide}/ and {shallow}/' for wide, shallow in WIDE_AND_SHALLOW[1:])}), "
    f"in it or up to {_MOST_LEADING} folders down"
)

_Folders = dict[PurePosixPath, list[str]]


class PhotographFiles(NamedTuple):
    """An id's two photographs on disk, and what their owner calls them: ``original/12.jpg``, ``bokeh/12.jpg``."""

    wide: Path
    shallow: Path
    wide_name: str
    shallow_name: str


@dataclass(frozen=True)
class EbbSource:
    """The photographs in a folder or zip, by name; none of them was opened.

    root: the folder or zip; name: what a report may call it, without saying where it lies; ids: sorted, every one that
    has a file in either folder; problems: of ids whose files' names rule them out, a sentence each; ignored: files
    beside the photographs whose names are no ids'; members: of every other id, wide and shallow, from ``root``.
    """

    root: Path
    name: str
    ids: tuple[int, ...]
    problems: dict[int, str]
    ignored: tuple[str, ...]
    members: dict[int, tuple[str, str]]

    def extract(self, identifier: int, folder: Path) -> PhotographFiles:
        """Copy an id's two photographs, byte for byte, to ``folder/wide.jpg`` and ``folder/shallow.jpg``, atomically.

        The suffix is the photograph's own, in lower case. Raises BadInputError, and writes nothing, for an id that is
        not there or has a problem, and for a file that cannot be read: gone, damaged in the zip, or enormous.
        """
        if identifier in self.problems:
            raise BadInputError(self.problems[identifier])
        if identifier not in self.members:
            raise BadInputError(f"{self.name} has no id {identifier}; expected one of its {len(self.ids)} ids")
        members = self.members[identifier]
        names = (_short(members[0]), _short(members[1]))
        contents = self._from_zip(members, names) if self.root.is_file() else self._from_folder(members, names)
        wide, shallow = (
            folder / f"{role}{PurePosixPath(name).suffix.lower()}"
            for role, name in zip(("wide", "shallow"), names, strict=True)
        )
        write_bytes(wide, contents[0])
        write_bytes(shallow, contents[1])
        return PhotographFiles(wide, shallow, *names)

    def fingerprint(self, identifier: int) -> str:
        """Return a hash of an id's two photographs, or what is the matter with them: differs when they do."""
        members = self.members.get(identifier)
        if members is None:
            return self.problems.get(identifier, "not there")
        names = (_short(members[0]), _short(members[1]))
        try:
            contents = self._from_zip(members, names) if self.root.is_file() else self._from_folder(members, names)
        except BadInputError as error:
            return str(error)
        digest = hashlib.sha256()
        for content in contents:
            digest.update(hashlib.sha256(content).digest())
        return digest.hexdigest()

    def _from_folder(self, members: tuple[str, str], names: tuple[str, str]) -> list[bytes]:
        contents = []
        for member, name in zip(members, names, strict=True):
            path = self.root / member
            try:
                status = path.stat()
                if not stat.S_ISREG(status.st_mode):
                    raise BadInputError(f"{name} is no plain file; expected a photograph")
                _refuse_enormous(name, status.st_size)
                contents.append(path.read_bytes())
            except FileNotFoundError:
                raise BadInputError(f"{name} is gone, or a link to nothing; expected a photograph") from None
            except OSError as error:
                reason = error.strerror or type(error).__name__
                raise BadInputError(f"{name} cannot be read ({reason}); see to the file or its disk") from None
        return contents

    def _from_zip(self, members: tuple[str, str], names: tuple[str, str]) -> list[bytes]:
        contents = []
        name = names[0]
        try:
            with zipfile.ZipFile(self.root) as opened:
                for member, name in zip(members, names, strict=True):
                    entry = opened.getinfo(member)
                    if entry.flag_bits & _ENCRYPTED:
                        raise BadInputError(f"{name} is encrypted in the zip; unpack it with its password first")
                    _refuse_enormous(name, entry.file_size)
                    contents.append(opened.read(entry))  # zipfile stops at the size that the entry names
        except BadInputError:
            raise
        except Exception as error:  # noqa: BLE001  (every decompressor has its own exceptions)
            raise BadInputError(
                f"{name} cannot be unpacked ({_one_line(error)}): the zip is damaged or of an unusual kind; "
                "get it again, or unpack it with another program and give the folder"
            ) from None
        return contents


class _Place(NamedTuple):
    """Two folders that go together, as they are spelt, and the folder they lie in."""

    parent: PurePosixPath
    wide: str
    shallow: str

    @property
    def folders(self) -> tuple[PurePosixPath, PurePosixPath]:
        return self.parent / self.wide, self.parent / self.shallow


class _Photographs(NamedTuple):
    """The files of one folder: photographs' names by id, all others, which are left aside."""

    of_id: dict[int, list[str]]
    others: list[str]


def open_ebb(path: Path) -> EbbSource:
    """Find the photographs in a folder or zip. Only names are looked at, so that it costs little.

    Hidden files and ``__MACOSX`` are left aside. Two photographs of one id in a folder, or a photograph without
    partner, are problems of that id. Raises BadInputError when there is nothing at ``path``, the folder is empty, the
    zip is none, or the two folders are not there, hold no photographs, or are there several times.
    """
    if not path.exists():
        raise BadInputError(f"{path} does not exist; expected the folder or zip of EBB!'s photographs")
    spelling: dict[str, str] = {}
    if path.is_dir():
        folders = _folders_of_directory(path)
    else:
        names_in_zip = _names_in_zip(path)
        spelling = dict(names_in_zip)
        folders = _folders_of_names(name for name, _ in names_in_zip)
    if not any(folders.values()) and not any(folder.parts for folder in folders):
        raise BadInputError(f"{path} is empty (hidden files aside); {_EXPECTED}")
    place = _the_place(path, folders)
    wide, shallow = (_photographs_of(folders[folder]) for folder in place.folders)
    problems, members = {}, {}
    for identifier in sorted(wide.of_id.keys() | shallow.of_id.keys()):
        problem = _problem_of(identifier, place, wide, shallow)
        if problem is None:
            first = str(place.folders[0] / wide.of_id[identifier][0])
            second = str(place.folders[1] / shallow.of_id[identifier][0])
            members[identifier] = (spelling.get(first, first), spelling.get(second, second))
        else:
            problems[identifier] = problem
    ignored = [f"{place.wide}/{name}" for name in wide.others] + [f"{place.shallow}/{name}" for name in shallow.others]
    return EbbSource(
        root=path,
        name=_printable(f"{PurePosixPath(path.resolve().name) / place.parent} ({place.wide}/, {place.shallow}/)"),
        ids=tuple(sorted(problems.keys() | members.keys())),
        problems=problems,
        ignored=tuple(sorted(_printable(name) for name in ignored)),
        members=members,
    )


def _folders_of_directory(root: Path) -> _Folders:
    """Return the names of the files in every folder that may matter; links to folders are followed."""
    folders: dict[PurePosixPath, list[str]] = {}
    unreadable: list[OSError] = []
    for found, below, names in os.walk(root, followlinks=True, onerror=unreadable.append):
        folder = PurePosixPath(Path(found).relative_to(root).as_posix())
        folders[folder] = [name for name in names if not _is_left_behind(name)]
        deep_enough = len(folder.parts) > _MOST_LEADING
        below[:] = [] if deep_enough else sorted(name for name in below if not _is_left_behind(name))
    known = {name for pair in WIDE_AND_SHALLOW for name in pair}
    for error in unreadable:
        if Path(error.filename) == root or Path(error.filename).name.lower() in known:
            raise BadInputError(f"{error.filename} cannot be listed ({error.strerror}); expected a readable folder")
    return folders


def _names_in_zip(path: Path) -> list[tuple[str, str]]:
    """Return each file's name as a path with slashes, and how the zip spells it.

    Names are never used as paths on disk; those that are absolute or hold ``..`` are left aside all the same.
    """
    try:
        if not path.is_file():
            raise zipfile.BadZipFile("it is no plain file")
        with zipfile.ZipFile(path) as opened:
            spelt = [entry.filename for entry in opened.infolist() if not entry.is_dir()]
    except Exception as error:  # noqa: BLE001  (a damaged directory raises many kinds)
        raise BadInputError(
            f"{path} is neither a folder nor a whole zip ({_one_line(error)}); expected EBB!'s photographs in one of "
            "them: get the zip again, or give the folder"
        ) from None
    named = [(PurePosixPath(text.replace("\\", "/")), text) for text in spelt]  # some write \\ on Windows
    return [(str(name), text) for name, text in named if _is_plain(name)]


def _is_plain(name: PurePosixPath) -> bool:
    return not (name.is_absolute() or ".." in name.parts or any(map(_is_left_behind, name.parts))) and bool(name.parts)


def _folders_of_names(names: Iterable[str]) -> _Folders:
    folders: dict[PurePosixPath, list[str]] = defaultdict(list)
    for name in map(PurePosixPath, names):
        folders[name.parent].append(name.name)
    return dict(folders)


def _is_left_behind(name: str) -> bool:
    return name.startswith(".") or name == "__MACOSX"


def _the_place(root: Path, folders: _Folders) -> _Place:
    """Return where the photographs are: in ``root`` itself, else in the only place below it."""
    named = _places(folders)
    filled = [place for place in named if all(_photographs_of(folders[folder]).of_id for folder in place.folders)]
    at_root = [place for place in filled if not place.parent.parts]
    if len(at_root) == 1:
        return at_root[0]
    if len(filled) == 1:
        return filled[0]
    if filled:
        told = [_told(place, folders) for place in filled]
        how = "give one of these folders" if root.is_dir() else "unpack it and give one of these folders"
        several = f"photographs in {len(filled)} places: {_few(told)}"
        if len({place.parent for place in filled}) == 1:
            how = "leave one wide and one shallow folder there"
        raise BadInputError(f"{root} has {several}; {how}")
    raise BadInputError(f"{root} has {_what_there_is(named, folders)}; {_EXPECTED}")


def _places(folders: _Folders) -> list[_Place]:
    inside: dict[PurePosixPath, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for folder in sorted(folders):
        if folder.parts:
            inside[folder.parent][folder.name.lower()].append(folder.name)
    return [
        _Place(parent, wide, shallow)
        for parent, names in inside.items()
        for wide_name, shallow_name in WIDE_AND_SHALLOW
        for wide in names.get(wide_name, ())
        for shallow in names.get(shallow_name, ())
    ]


def _told(place: _Place, folders: _Folders) -> str:
    count = len(_photographs_of(folders[place.folders[0]]).of_id)
    parent = _printable(f"{place.parent}/") if place.parent.parts else ""
    return f"{parent}{place.wide} with {parent}{place.shallow} ({count} id(s))"


def _what_there_is(named: list[_Place], folders: _Folders) -> str:
    """Return what was found where no place is whole, in words."""
    for place in named:
        for folder in place.folders:
            if not _photographs_of(folders[folder]).of_id:
                return f"no photographs in {_printable(str(folder))}/ (names like 12.jpg)"
    known = {name for pair in WIDE_AND_SHALLOW for name in pair}
    alone = [f"{_printable(str(folder))}/" for folder in sorted(folders) if folder.name.lower() in known]
    if alone:
        return f"{_few(alone)} without a folder to go with it"
    tops = {f"{name.parts[0]}/" for name in folders if name.parts} | set(folders.get(PurePosixPath(), ()))
    return _few([_printable(top) for top in sorted(tops)])


def _photographs_of(names: Iterable[str]) -> _Photographs:
    of_id: dict[int, list[str]] = defaultdict(list)
    others = []
    for name in sorted(names):
        match = _NUMBERED.fullmatch(name)
        if match and match[2].lower() in _SUFFIXES:
            of_id[int(match[1])].append(name)
        else:
            others.append(name)
    return _Photographs(dict(of_id), others)


def _problem_of(identifier: int, place: _Place, wide: _Photographs, shallow: _Photographs) -> str | None:
    """Return why an id's files cannot be a pair, in one sentence; None when they can."""
    sides = ((place.wide, wide), (place.shallow, shallow))
    problems = []
    for folder, found in sides:
        files = found.of_id.get(identifier, [])
        if len(files) > 1:
            problems.append(f"{folder}/ has {len(files)} photographs of id {identifier} ({', '.join(files)})")
    for (folder, found), (other_folder, other) in (sides, sides[::-1]):
        if identifier not in other.of_id:
            unread = [name for name in other.others if (match := _NUMBERED.match(name)) and int(match[1]) == identifier]
            instead = f", only {_printable(unread[0])}, which is none of {', '.join(_SUFFIXES)}" if unread else ""
            problems.append(f"{folder}/{found.of_id[identifier][0]} has no partner in {other_folder}/{instead}")
    return " and ".join(problems) + "; expected one photograph in each" if problems else None


def _short(member: str) -> str:
    """Return the last two parts of a name: original/12.jpg."""
    return "/".join(PurePosixPath(member.replace("\\", "/")).parts[-2:])


def _refuse_enormous(name: str, size: int) -> None:
    if size > _MOST_BYTES:
        raise BadInputError(f"{name} has {size / 1e6:.0f} MB; expected a photograph of {_MOST_BYTES >> 20} MB at most")


def _few(names: list[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")


def _printable(text: str) -> str:
    """Return the text with what cannot be shown in a line (line ends, bytes that are no UTF-8) as escapes."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
