"""Where each page and file of the site lies, and names that can be part of an address."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import quote

INDEX, ENTER, REPORTED = "index.html", "enter.html", "reported.html"
STATIC, DATA, PICTURES, DOWNLOADS, ENTRIES = "static", "data", "pictures", "downloads", "entries"

_UNSAFE = re.compile(r"[^A-Za-z0-9._+@-]+")


def slugs(names: Iterable[str]) -> list[str]:
    """Return for each name what stands for it in addresses: safe in any file system, and no two alike."""
    found: list[str] = []
    for name in names:
        plain = _UNSAFE.sub("-", name).strip(".-") or "unnamed"
        slug, number = plain, 1
        while slug.lower() in {one.lower() for one in found}:  # some file systems do not tell case apart
            number += 1
            slug = f"{plain}-{number}"
        found.append(slug)
    return found


def page(kind: str, slug: str) -> str:
    """Return the place of a page. kind: ``boards``, ``methods``, ``samples``, ``datasets``, ``protocols``."""
    return f"{kind}/{slug}.html"


def address(path: str, root: str) -> str:
    """Return a place as a page refers to it. root: from the page to the top of the site, ``""`` or ``"../"``."""
    file, mark, fragment = path.partition("#")
    return root + quote(file, safe="/@+") + mark + fragment
