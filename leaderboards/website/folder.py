"""The folder of the site: it knows what it holds, so that a rebuild leaves nothing behind and touches nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from bokeh_render.atomic import remove_leftovers, write_bytes, write_json
from bokeh_render.errors import BadInputError
from bokeh_render.schema import read_json

LIST_FILE = "site.json"


class SiteFolder:
    """The folder ``root``. Every file of the site is written, or kept, through it.

    Raises BadInputError when the folder holds a page that a build of a site did not make.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._made: set[str] = set()
        self._before = self._listed()
        if root.exists() and not root.is_dir():
            raise BadInputError(f"{root} is a file; expected a folder for the site")
        if not self._before and (root / "index.html").exists():
            raise BadInputError(
                f"{root / 'index.html'} would be overwritten, and this command did not make it; choose another "
                "folder, or delete this one"
            )

    def _listed(self) -> set[str]:
        path = self.root / LIST_FILE
        content = read_json(path) if path.is_file() else []
        if not isinstance(content, list) or not all(isinstance(name, str) for name in content):
            raise BadInputError(f"{path} is no list of a site's files; choose another folder, or delete this one")
        return set(content)

    def begin(self) -> None:
        """Make the folder ours, before the first file is written."""
        self.root.mkdir(parents=True, exist_ok=True)
        if self._before:
            remove_leftovers(self.root)
        else:
            write_json(self.root / LIST_FILE, ["index.html"])

    def write(self, name: str, content: str | bytes) -> None:
        """Write a file, unless the same is there already. name: its place, with ``/``."""
        path = self.root / name
        content = content.encode() if isinstance(content, str) else content
        if not (path.is_file() and path.read_bytes() == content):
            write_bytes(path, content)
        self.keep(name)

    def keep(self, name: str) -> None:
        """Count a file that is there already as one of the site."""
        self._made.add(name)

    def remember(self, names: Iterable[str]) -> None:
        """Count files as made by an earlier build, one that was killed before it could list them."""
        self._before |= set(names)

    def finish(self) -> None:
        """Delete what an earlier build made and this one did not, and list what there is."""
        for name in sorted(self._before - self._made):
            path = self.root / name
            if self.root.resolve() in path.resolve().parents:
                path.unlink(missing_ok=True)
                _remove_empty(path.parent, self.root)
        write_json(self.root / LIST_FILE, sorted(self._made))


def _remove_empty(folder: Path, root: Path) -> None:
    while folder != root and folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent
