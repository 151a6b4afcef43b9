"""Frozen, typo-proof models for every config and record on disk, and their loading with one clear sentence."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from .errors import BadInputError

ModelT = TypeVar("ModelT", bound=BaseModel)
_SHOWN = 80


class Record(BaseModel):
    """A model that cannot be changed and refuses keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def sha256_of_json(content: Any) -> str:
    """Return the sha256 of a JSON value in canonical form (sorted keys, no spaces)."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def sha256_of_file(path: Path) -> str:
    """Return the sha256 of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def parse(model: type[ModelT], content: Any, source: str) -> ModelT:
    """Make a model from plain data; raises BadInputError that names ``source``, the key and what is wrong with it."""
    try:
        return model.model_validate(content)
    except ValidationError as error:
        problems = "; ".join(_explain(model, problem) for problem in error.errors()[:3])
        raise BadInputError(f"{source}: {problems}") from None


def _explain(model: type[BaseModel], problem: Any) -> str:
    key = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "extra_forbidden":
        return f"unknown key {key!r}; expected one of {', '.join(model.model_fields)}"
    if problem["type"] == "missing":
        return f"the key {key!r} is missing"
    told = str(problem["msg"]).removeprefix("Value error, ")
    if isinstance(problem["input"], dict | list | tuple):  # a whole part of the file: it would not fit a line
        return f"{key}: {told}" if key else told
    found = repr(problem["input"])
    return f"{key or 'content'}: {told} (found {found if len(found) <= _SHOWN else found[:_SHOWN] + '…'})"


def load_json(model: type[ModelT], path: Path) -> ModelT:
    """Read a model from a JSON file; raises BadInputError when it is missing, no JSON, or does not fit."""
    return parse(model, read_json(path), str(path))


def load_yaml(model: type[ModelT], path: Path) -> ModelT:
    """Read a model from a YAML file; raises BadInputError when it is missing, no YAML, or does not fit."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BadInputError(f"{path} does not exist; expected a YAML file") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise BadInputError(f"{path} is not valid YAML: {' '.join(str(error).split())}") from None
    return parse(model, content, str(path))


def read_json(path: Path) -> Any:
    """Read plain JSON; raises BadInputError when the file is missing or not JSON."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BadInputError(f"{path} does not exist; expected a JSON file") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise BadInputError(f"{path} is not valid JSON: {error}") from None
