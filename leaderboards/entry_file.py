"""An entry as a file: read so that nothing can hide in it, written so that a difference between two can be read."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel

from benchmark.results import Result
from bokeh_render.atomic import write_text
from bokeh_render.errors import BadInputError
from bokeh_render.schema import parse

from .entry import Entry

LARGEST_BYTES = 4_000_000
"""Of one entry. 2250 samples with all regions take 1.6 MB here, and 2.4 MB as ``evaluate`` writes them."""

_NO_SAMPLES = '"samples": []\n  }\n}'
ModelT = TypeVar("ModelT", bound=BaseModel)


@dataclass(frozen=True)
class Filed:
    """An entry and the file it lies in, as people are told of it."""

    file: str
    entry: Entry


def read_entry(path: Path) -> Entry:
    """Read an entry, or a result of ``evaluate``, which is self-reported; raises BadInputError, one sentence."""
    content = read_strictly(path)
    if isinstance(content, dict) and "result" in content:
        return parse(Entry, content, str(path))
    return Entry(result=parse(Result, content, str(path)))


def load_strictly(model: type[ModelT], path: Path) -> ModelT:
    """Read a model from a JSON file as :func:`read_strictly` does; raises BadInputError when it does not fit."""
    return parse(model, read_strictly(path), str(path))


def read_strictly(path: Path) -> Any:
    """Read plain JSON; raises BadInputError when it is none, or when a key is in it twice.

    Of two equal keys a reader in Python takes the last and another program may take the first.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=_each_key_once)
    except FileNotFoundError:
        raise BadInputError(f"{path} does not exist; expected a result file of bokehbench evaluate") from None
    except IsADirectoryError:
        raise BadInputError(f"{path} is a folder; name the result files in it") from None
    except _DoubledKeyError as error:
        raise BadInputError(f"{path}: the key {str(error)!r} is there twice; expected each once: remove one") from None
    except RecursionError:
        raise BadInputError(f"{path} is not valid JSON: nested too deeply") from None
    except ValueError as error:  # no JSON, no UTF-8, or a number of thousands of digits
        raise BadInputError(f"{path} is not valid JSON: {error}") from None


class _DoubledKeyError(Exception):
    """The key that is there twice."""


def _each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise _DoubledKeyError(key)
        found[key] = value
    return found


def entry_text(entry: Entry) -> str:
    """Return an entry as JSON: indented, but each sample on one line and without what it does not tell."""
    content = entry.model_dump(mode="json", exclude={"result": {"samples"}})
    content["result"]["samples"] = []
    head = json.dumps(content, indent=2, allow_nan=False)
    lines = [
        json.dumps(score.model_dump(mode="json", exclude_defaults=True), separators=(",", ":"), allow_nan=False)
        for score in entry.result.samples
    ]
    samples = ",\n".join(f"      {line}" for line in lines)
    return head.removesuffix(_NO_SAMPLES) + f'"samples": [\n{samples}\n    ]\n  }}\n}}\n'


def write_entry(path: Path, entry: Entry) -> None:
    """Write an entry, atomically."""
    write_text(path, entry_text(entry))
