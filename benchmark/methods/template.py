"""Starting a method: a folder with a template that works, or with an adapter for published code."""

from __future__ import annotations

import keyword
import re
import sys
from collections.abc import Iterator, Sequence
from importlib import metadata, resources
from importlib.resources.abc import Traversable
from pathlib import Path, PurePath
from typing import NamedTuple

from bokeh_render.atomic import write_text
from bokeh_render.errors import BadInputError

from .loading import check_name

KINDS = ("python", "command")
ADAPTERS = ("bokehdiff", "bokehme", "drbokeh", "mpib")

_CLASS, _MODULE, _NAME = "MyMethod", "my_method", "my-method"
"""The placeholders: every template is valid as it stands, and is tested so."""


class Started(NamedTuple):
    """A new method. files: what was written; method: what to type for METHOD; folder: where to type it."""

    files: tuple[Path, ...]
    method: str
    folder: Path


def write_template(name: str, kind: str, folder: Path) -> Started:
    """Write a working template into ``folder``, which is made when missing.

    name: the method's; kind: ``python`` (a class that runs in our process) or ``command`` (a program of its own).
    Raises BadInputError when the name or the kind will not do, or a file would be overwritten; nothing is written then.
    """
    check_name(name)
    if kind not in KINDS:
        raise BadInputError(f"unknown kind of method {kind!r}; expected {' or '.join(KINDS)}")
    module, class_name = _identifiers(name)
    files = _write([_templates() / "method" / kind], folder, name, module, class_name)
    return Started(files, f"{module}:{class_name}" if kind == "python" else ".", folder)


def write_adapter(name: str, adapter: str, folder: Path) -> Started:
    """Write one of our adapters for published code into ``folder``, which is made when missing.

    name: what the method shall be called; adapter: one of ``ADAPTERS``. Raises BadInputError as :func:`write_template`.
    """
    check_name(name)
    if adapter not in ADAPTERS:
        raise BadInputError(f"unknown adapter {adapter!r}; expected one of {', '.join(ADAPTERS)}")
    adapters = _templates() / "adapters"
    files = _write([adapters / adapter, adapters / "shared"], folder, name, *_identifiers(name))
    return Started(files, ".", folder)


def _templates() -> Traversable:
    return resources.files("benchmark") / "templates"


def _identifiers(name: str) -> tuple[str, str]:
    """Return the module and the class of a method of this name; no module that would hide, or be hidden by, another."""
    words = [word for word in re.split(r"[^A-Za-z0-9]+", name) if word] or ["method"]
    module = "_".join(words).lower()
    class_name = "".join(word[:1].upper() + word[1:] for word in words)
    if module[0].isdigit():
        module, class_name = f"method_{module}", f"Method{class_name}"
    taken = {*sys.stdlib_module_names, *metadata.packages_distributions()}
    return f"{module}_method" if keyword.iskeyword(module) or module in taken else module, class_name


def _write(templates: Sequence[Traversable], folder: Path, name: str, module: str, class_name: str) -> tuple[Path, ...]:
    if folder.exists() and not folder.is_dir():
        raise BadInputError(f"{folder} is a file; expected a folder for the new method")
    contents: dict[Path, str] = {}
    for inner, file in (found for template in templates for found in _files(template, PurePath())):
        text = file.read_text(encoding="utf-8")
        for placeholder, word in ((_CLASS, class_name), (_MODULE, module), (_NAME, name)):
            text = text.replace(placeholder, word)
        contents[folder / inner.parent / inner.name.replace(_MODULE, module)] = text
    taken = [str(path) for path in contents if path.exists()]
    if taken:
        raise BadInputError(f"{', '.join(taken)} would be overwritten; choose another folder, or move what is there")
    for path, text in contents.items():
        write_text(path, text)
    return tuple(contents)


def _files(folder: Traversable, inner: PurePath) -> Iterator[tuple[PurePath, Traversable]]:
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.is_dir():
            if entry.name != "__pycache__":
                yield from _files(entry, inner / entry.name)
        else:
            yield inner / entry.name, entry
