"""One line of ``bokehbench doctor``: something that is there, is missing, or could be there."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import metadata
from typing import Literal


@dataclass(frozen=True)
class Check:
    """A finding.

    state: ``missing`` only for what the main job cannot do without; remedy: how to get it, empty when it is there.
    """

    name: str
    state: Literal["ok", "optional", "missing"]
    found: str
    remedy: str = ""


def check_package(package: str, remedy: str) -> Check:
    """Check that a distribution is installed."""
    try:
        return Check(package, "ok", metadata.version(package))
    except metadata.PackageNotFoundError:
        return Check(package, "missing", "not installed", remedy)
