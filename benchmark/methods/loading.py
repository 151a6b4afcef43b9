"""Finding a method by what a user types: an included name, a description file, Python code, an entry point."""

from __future__ import annotations

import hashlib
import importlib
import inspect
import sys
from contextlib import redirect_stdout
from importlib import metadata
from operator import attrgetter
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from bokeh_render.errors import BadInputError

from . import included_method, included_names
from .command import METHOD_FILE, load_command_method
from .interface import BatchMethod, Method, MethodInput, check_file_name_part, check_name_and_revision
from .measuring import explain

ENTRY_POINTS = "bokehbench.methods"
"""The group in which an installed package may offer methods: ``name = "module:Name"``."""

_WORDS = ("name", "revision", "description")
_SHOWN_NAMES = 8


class FunctionMethod:
    """A plain function ``f(sample) -> image`` as a method; its revision follows from its source file."""

    def __init__(self, function: FunctionType, source: Path) -> None:
        self.name = function.__name__
        self.revision = hashlib.sha256(source.read_bytes()).hexdigest()[:12]
        lines = (function.__doc__ or "").strip().splitlines()
        self.description = lines[0] if lines else f"the function {function.__name__} of {source.name}"
        self._function = function

    def render(self, sample: MethodInput) -> Any:
        """Return what the function returns. See :class:`benchmark.methods.interface.Method`."""
        return self._function(sample)


def load_method(text: str) -> Method | BatchMethod:
    """Return the method that ``text`` names; raises BadInputError with one sentence for every mistake.

    text, tried in this order: the name of an included method; a ``method.yaml`` or a folder that holds one;
    ``module:Name`` for a class without arguments, an instance or a function ``f(sample)``, where modules of the current
    folder are found as well; the name of an entry point of the group ``bokehbench.methods``.
    """
    if text in included_names():
        return included_method(text)
    with redirect_stdout(sys.stderr):  # what a module prints when it is imported must not come before a command's JSON
        return _load(text)


def _load(text: str) -> Method | BatchMethod:
    path = Path(text)
    if path.suffix in {".yaml", ".yml"} or path.is_dir():
        method: Method | BatchMethod = load_command_method(path)
    elif ":" in text:
        method = _from_module(text)
    else:
        method = _from_entry_point(text)
    check_name_and_revision(method.name, method.revision)
    check_name(method.name)
    return method


def check_name(name: str) -> None:
    """Refuse a method's name that cannot name files, or that belongs to an included method; raises BadInputError."""
    check_file_name_part("name", name)
    if name in included_names():
        raise BadInputError(f"{name!r} is the name of an included method; give yours another name")
    if name.casefold() in included_names():  # on some file systems it would also be the same file
        raise BadInputError(
            f"{name!r} differs only in case from the included method {name.casefold()!r}; give yours another name"
        )


def _from_module(text: str) -> Method | BatchMethod:
    module_name, _, name = text.partition(":")
    if module_name.endswith(".py") or not all(part.isidentifier() for part in module_name.split(".")):
        example = Path(module_name).stem if module_name.endswith(".py") else "my_module"
        raise BadInputError(
            f"{text!r} names no module; expected module:Name, for example {example}:{name or 'MyMethod'} "
            f"for {example}.py in the current folder"
        )
    module = _import(module_name)
    if not name:
        raise BadInputError(f"{text!r} names nothing in the module; expected {module_name}:Name {_offers(module)}")
    try:
        found = attrgetter(name)(module)
    except AttributeError:
        raise BadInputError(f"module {module_name} has no {name!r}; expected a method {_offers(module)}") from None
    return _as_method(found, text)


def _import(name: str) -> ModuleType:
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.append(here)  # last, so that no file of a user takes the place of a package that anyone needs
    importlib.invalidate_caches()
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise BadInputError(f"module {name} cannot be imported: {explain(error)}") from None
        raise BadInputError(
            f"there is no module {error.name}; expected one that is installed here or lies in {here}"
        ) from None
    except (Exception, SystemExit) as error:  # noqa: BLE001  (a user's module may raise anything)
        raise BadInputError(f"module {name} cannot be imported: {explain(error)}") from None
    _refuse_namesake(name, module, Path(here))
    return module


def _refuse_namesake(name: str, module: ModuleType, here: Path) -> None:
    """Refuse to take an installed module for the user's file of the same name."""
    top = name.partition(".")[0]
    meant = next((path for path in (here / f"{top}.py", here / top / "__init__.py") if path.is_file()), None)
    taken = getattr(sys.modules.get(top, module), "__file__", None)
    if meant is not None and (taken is None or Path(taken).resolve() != meant.resolve()):
        raise BadInputError(
            f"{meant} is hidden by another module {top} ({taken or 'built in'}); give your file another name"
        )


def _offers(module: ModuleType) -> str:
    own = [
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and getattr(value, "__module__", None) == module.__name__ and callable(value)
    ]
    return f"(it has {', '.join(own[:_SHOWN_NAMES])})" if own else "(it has no class or function of its own)"


def _from_entry_point(text: str) -> Method | BatchMethod:
    found = list(metadata.entry_points(group=ENTRY_POINTS, name=text))
    if not found:
        raise BadInputError(
            f"unknown method {text!r}; expected one of {', '.join(included_names())}, a folder with a {METHOD_FILE}, "
            f"module:Name, or an entry point of the group {ENTRY_POINTS}{_offered()}"
        )
    if len({point.value for point in found}) > 1:
        raise BadInputError(
            f"{len(found)} installed packages offer a method {text!r} ({', '.join(point.value for point in found)}); "
            "name the one you mean as module:Name"
        )
    try:
        loaded = found[0].load()
    except (Exception, SystemExit) as error:  # noqa: BLE001  (an installed package may raise anything)
        raise BadInputError(f"the entry point {text} = {found[0].value} cannot be loaded: {explain(error)}") from None
    return _as_method(loaded, text)


def _offered() -> str:
    names = sorted({point.name for point in metadata.entry_points(group=ENTRY_POINTS)})
    return f" (installed: {', '.join(names)})" if names else ""


def _as_method(found: Any, text: str) -> Method | BatchMethod:
    if inspect.isfunction(found):
        return FunctionMethod(found, _source(found, text))
    if inspect.isclass(found):
        try:
            found = found()
        except (Exception, SystemExit) as error:  # noqa: BLE001  (a user's class may raise anything)
            raise BadInputError(f"{text} cannot be made without arguments: {explain(error)}") from None
    told = {word: getattr(found, word, None) for word in _WORDS}
    for word, value in told.items():
        if value is not None and not isinstance(value, str):
            kind = type(value).__name__
            article = "an" if kind[0] in "aeiou" else "a"
            raise BadInputError(f"{text} is no method: its {word} is {value!r}, {article} {kind}; expected a text")
    wrong = [word for word, value in told.items() if not value]
    if not callable(getattr(found, "render", None)) and not callable(getattr(found, "render_batch", None)):
        wrong.append("render(sample)")
    if wrong:
        raise BadInputError(
            f"{text} is no method: it lacks {', '.join(wrong)}; expected the texts name, revision and description, "
            "and render(sample) or render_batch(samples)"
        )
    method: Method | BatchMethod = found
    return method


def _source(function: FunctionType, text: str) -> Path:
    file = inspect.getsourcefile(function)
    if file is None or not Path(file).is_file():
        raise BadInputError(f"{text} has no source file, from which its revision would follow; expected a .py file")
    return Path(file)
