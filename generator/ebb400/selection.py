"""Which ids of EBB! make up a set, and in which order they are tried.

The ids of the authors' EBB400, 400 pairs drawn at random from EBB!, are not public. A set that is drawn here is called
by its draw (``ebb400-seed0``); ``ebb400`` alone is the authors' own distribution.
"""

from __future__ import annotations

import hashlib
import json
import re
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator

from bokeh_render.errors import BadInputError
from bokeh_render.schema import Record, sha256_of_json

Split = Literal["all", "train", "val294"]

_IDS_OF_SPLIT: dict[Split, range] = {"train": range(4400), "val294": range(4400, 4694)}  # by saikatdutta's DMSHN
_AUTHORS_COUNT = 400
_ID_OR_FILE = re.compile(r"(?:.*[/\\])?([0-9]{1,18})(?:\.(?:jpg|jpeg|png))?", re.IGNORECASE)
_SEPARATORS = re.compile(r"[,;\t]")
_SHOWN = 5
_EXPECTED = "expected an id such as 12, or a file's name such as original/12.jpg"


def rank(ids: Iterable[int], seed: int) -> list[int]:
    """Return the ids in the order in which a seed draws them, each once.

    An id's place relative to any other is a matter of the two and the seed alone: whatever else is in the folder, the
    draw is never shuffled; an id that is added comes somewhere between. This order is frozen: published sets name it.
    """
    return sorted(set(ids), key=lambda identifier: (_lot(identifier, seed), identifier))


def _lot(identifier: int, seed: int) -> bytes:
    return hashlib.sha256(f"bokehbench EBB! draw, seed {seed}, id {identifier}".encode()).digest()


class _Chosen(Record, ABC):
    """What every way to choose ids can say."""

    @property
    @abstractmethod
    def name(self) -> str:
        """The set's name, the same for everyone who chooses the same."""

    @property
    @abstractmethod
    def replaces(self) -> bool:
        """Whether the next id in order takes the place of a pair that is refused."""

    @abstractmethod
    def order(self, source_ids: Collection[int], unusable: Collection[int] = ()) -> list[int]:
        """Return the ids to try, in order.

        source_ids: every id of the source; unusable: those whose files' names rule them out already. They stay in the
        order, so that the report tells of them, but do not count where a number of pairs is asked for. Raises
        BadInputError when the source lacks ids, or pairs, that were asked for.
        """

    def wanted(self, source_ids: Collection[int], unusable: Collection[int] = ()) -> int:
        """Return how many pairs the set has when none of them is refused for good; raises as :meth:`order` does."""
        return len(self.order(source_ids, unusable))


class Draw(_Chosen):
    """Pairs drawn by a seed from a split: by default 400 from all of EBB!, as the authors' were.

    split: ``train``, ids 0 to 4399; ``val294``, ids 4400 to 4693, which methods trained on EBB! did not see; ``all``.
    """

    kind: Literal["draw"] = "draw"
    count: Annotated[int, Field(ge=1)] = _AUTHORS_COUNT
    seed: Annotated[int, Field(ge=0)] = 0
    split: Split = "all"

    @property
    def name(self) -> str:
        """``ebb400-seed0``, ``ebb100-seed3-train``."""
        return f"ebb{self.count}-seed{self.seed}" + ("" if self.split == "all" else f"-{self.split}")

    @property
    def replaces(self) -> bool:
        """Yes: the next id in rank takes a refused one's place."""
        return True

    def order(self, source_ids: Collection[int], unusable: Collection[int] = ()) -> list[int]:
        """Return every id of the split by rank; raises BadInputError when there are too few."""
        candidates = [identifier for identifier in source_ids if _is_in(identifier, self.split)]
        usable = len(set(candidates) - set(unusable))
        if usable < self.count:
            place = "the source" if self.split == "all" else f"the source's split {self.split}"
            raise BadInputError(
                f"{place} has {usable} complete pairs; expected {self.count} to draw: ask for fewer, or complete it"
            )
        return rank(candidates, self.seed)

    def wanted(self, source_ids: Collection[int], unusable: Collection[int] = ()) -> int:
        """Return ``count``; raises BadInputError when there are too few."""
        self.order(source_ids, unusable)
        return self.count


class IdList(_Chosen):
    """Just these ids, each once and in ascending order, however they were listed; see :func:`read_ids`."""

    kind: Literal["ids"] = "ids"
    ids: Annotated[tuple[Annotated[int, Field(ge=0)], ...], Field(min_length=1)]

    @field_validator("ids")
    @classmethod
    def _each_once(cls, ids: tuple[int, ...]) -> tuple[int, ...]:
        twice = sorted(identifier for identifier, times in Counter(ids).items() if times > 1)
        if twice:
            raise ValueError(f"{len(twice)} id(s) are there more than once: {_few(twice)}; expected each once")
        return tuple(sorted(ids))

    @property
    def name(self) -> str:
        """``ebb50-ids-0a1b2c3d``, by the number of ids and their hash."""
        return f"ebb{len(self.ids)}-ids-{sha256_of_json(list(self.ids))[:8]}"

    @property
    def replaces(self) -> bool:
        """No: another id would make another set."""
        return False

    def order(self, source_ids: Collection[int], unusable: Collection[int] = ()) -> list[int]:
        """Return the list; raises BadInputError when the source lacks some of them."""
        del unusable
        return _all_of(self.ids, source_ids, "the list")


class WholeSplit(_Chosen):
    """Every pair of a split, see :class:`Draw`."""

    kind: Literal["split"] = "split"
    split: Split

    @property
    def name(self) -> str:
        """``ebb-val294``."""
        return f"ebb-{self.split}"

    @property
    def replaces(self) -> bool:
        """No: there are no others."""
        return False

    def order(self, source_ids: Collection[int], unusable: Collection[int] = ()) -> list[int]:
        """Return the split's ids, ascending; raises BadInputError when the source lacks some of them."""
        del unusable
        asked = _IDS_OF_SPLIT.get(self.split, source_ids)
        if not asked:
            raise BadInputError("the source has no pairs; expected the photographs of EBB!")
        return _all_of(asked, source_ids, f"the split {self.split}")


class AuthorsSet(_Chosen):
    """The authors' own EBB400: a source that the user declares to be it."""

    kind: Literal["authors"] = "authors"

    @property
    def name(self) -> str:
        """``ebb400``."""
        return "ebb400"

    @property
    def replaces(self) -> bool:
        """No: there are no others."""
        return False

    def order(self, source_ids: Collection[int], unusable: Collection[int] = ()) -> list[int]:
        """Return every id, ascending; raises BadInputError unless there are 400 complete pairs."""
        complete = len(set(source_ids) - set(unusable))
        if complete != _AUTHORS_COUNT:
            raise BadInputError(
                f"the source has {complete} complete pairs; expected the authors' EBB400 to have {_AUTHORS_COUNT}: "
                "of any other photographs, draw a set by seed or give a list of ids"
            )
        return sorted(set(source_ids))

    def wanted(self, source_ids: Collection[int], unusable: Collection[int] = ()) -> int:
        """Return 400; raises BadInputError unless there are 400 complete pairs."""
        self.order(source_ids, unusable)
        return _AUTHORS_COUNT


Selection = Annotated[Draw | IdList | WholeSplit | AuthorsSet, Field(discriminator="kind")]
"""One way to choose, as a config's field; ``kind`` tells which."""


def _is_in(identifier: int, split: Split) -> bool:
    return split == "all" or identifier in _IDS_OF_SPLIT[split]


def _all_of(asked: Collection[int], source_ids: Collection[int], whose: str) -> list[int]:
    missing = sorted(set(asked) - set(source_ids))
    if missing:
        raise BadInputError(
            f"the source lacks {len(missing)} of the {len(asked)} ids of {whose}: {_few(missing)}; "
            "expected all of them: complete the source, or list other ids"
        )
    return sorted(set(asked))


def _few(ids: list[int]) -> str:
    return ", ".join(map(str, ids[:_SHOWN])) + (" …" if len(ids) > _SHOWN else "")


def read_ids(path: Path) -> tuple[int, ...]:
    """Read a list of ids, in its order: one a line, a JSON list, or a CSV's first column, with or without its header.

    An id is a number or a photograph's file name (``./Training/original/4400.jpg``); empty lines and what follows a #
    are left aside. Raises BadInputError, with the line, for what is no id, for an id that is there twice, and for
    a list that is empty or no text.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise BadInputError(f"{path} does not exist; expected a list of ids") from None
    except UnicodeDecodeError:
        raise BadInputError(f"{path} is no text; expected a list of ids, one a line") from None
    except OSError as error:
        raise BadInputError(f"{path} cannot be read ({error.strerror}); expected a list of ids, one a line") from None
    found = _ids_of_json(path, text) if text.lstrip().startswith("[") else _ids_of_lines(path, text)
    if not found:
        raise BadInputError(f"{path} lists no ids; {_EXPECTED}")
    places: dict[int, list[str]] = {}
    for place, identifier in found:
        places.setdefault(identifier, []).append(place)
    twice = [f"{identifier} ({', '.join(where)})" for identifier, where in places.items() if len(where) > 1]
    if twice:
        few = ", ".join(twice[:_SHOWN]) + (" …" if len(twice) > _SHOWN else "")
        raise BadInputError(f"{path} lists {len(twice)} id(s) more than once: {few}; expected each once")
    return tuple(places)


def _ids_of_lines(path: Path, text: str) -> list[tuple[str, int]]:
    lines = [(number, line.partition("#")[0].strip()) for number, line in enumerate(text.split("\n"), start=1)]
    rows = [(number, _SEPARATORS.split(line)) for number, line in lines if line]
    if rows and _is_header(rows[0][1]):
        if not _unquoted(rows[0][1][0]):
            raise BadInputError(
                f"{path}, line {rows[0][0]}: the first column has no name, as a count of rows has none; "
                "expected ids in the first column"
            )
        rows = rows[1:]
    return [(f"line {number}", _id_of(f"{path}, line {number}", _unquoted(fields[0]))) for number, fields in rows]


def _is_header(fields: list[str]) -> bool:
    """Return whether a list's first line names its columns: no digit, and several or a name that says ids."""
    if any(letter.isdecimal() for field in fields for letter in field):
        return False
    return len(fields) > 1 or _unquoted(fields[0]).lower() in ("id", "ids", "file", "filename", "name", "image")


def _unquoted(field: str) -> str:
    return field.strip().strip("\"'").strip()


def _ids_of_json(path: Path, text: str) -> list[tuple[str, int]]:
    try:
        entries = json.loads(text)
    except json.JSONDecodeError as error:
        raise BadInputError(f"{path}, line {error.lineno} is not valid JSON ({error.msg}); {_EXPECTED}") from None
    except (ValueError, RecursionError) as error:  # numbers of thousands of digits, or lists in lists in lists
        raise BadInputError(f"{path} is no JSON list of ids ({error}); {_EXPECTED}") from None
    found = []
    for number, entry in enumerate(entries, start=1):
        may_be_id = isinstance(entry, str | int) and not isinstance(entry, bool)
        told = str(entry).strip() if may_be_id else json.dumps(entry)
        found.append((f"entry {number}", _id_of(f"{path}, entry {number}", told)))
    return found


def _id_of(place: str, text: str) -> int:
    match = _ID_OR_FILE.fullmatch(text)
    if match is None:
        shown = text if len(text) <= 60 else text[:60] + "…"
        raise BadInputError(f"{place}: {shown!r} is no id; {_EXPECTED}")
    return int(match[1])
