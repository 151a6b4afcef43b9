"""A method's code by its hash, so that images of two versions under one revision are not taken for one method's."""

from __future__ import annotations

import inspect
import sys
from pathlib import Path

from bokeh_render.schema import sha256_of_file, sha256_of_json

from .command import METHOD_FILE, CommandMethod
from .interface import BatchMethod, Method

_LARGEST_BYTES = 1 << 20
_NOT_CODE = {"__pycache__", "venv", "env", "node_modules"}
_CODE = {".py", ".sh", ".jl", ".m", ".c", ".cpp", ".cu", ".h", ".rs"}  # nothing that a run inside the folder writes


def source_sha256(method: Method | BatchMethod) -> str | None:
    """Return a hash of the code that a method is made of, as far as it can be seen.

    A class: the file that defines it. A command: its ``method.yaml`` and the source files in that folder. What those
    import, and weights, are not looked at: a change there is for the revision to tell. None for included methods, and
    for functions, whose revision is such a hash already.
    """
    if isinstance(method, CommandMethod):
        files = [path for path in sorted(method.folder.rglob("*")) if _is_code(path.relative_to(method.folder), path)]
        return sha256_of_json({path.relative_to(method.folder).as_posix(): sha256_of_file(path) for path in files})
    module = type(method).__module__
    if module.partition(".")[0] == __name__.partition(".")[0]:
        return None
    try:
        file = inspect.getsourcefile(sys.modules[module])
    except (KeyError, TypeError):  # made in a session, or compiled
        return None
    return sha256_of_file(Path(file)) if file is not None and Path(file).is_file() else None


def _is_code(inside: Path, path: Path) -> bool:
    if str(inside) == METHOD_FILE:
        return True
    passed_over = any(part.startswith(".") or part in _NOT_CODE for part in inside.parts)
    return not passed_over and path.suffix in _CODE and path.is_file() and path.stat().st_size <= _LARGEST_BYTES
