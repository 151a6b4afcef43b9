"""The one exception family of the whole project.

A message says what was found, what was expected and what to do; the command prints it alone, without a traceback.
"""

from __future__ import annotations


class BokehbenchError(Exception):
    """Something failed that the user can understand. The command exits with ``exit_code``."""

    exit_code = 1


class BadInputError(BokehbenchError, ValueError):
    """What the user gave cannot be used: a file, an option, an array. Exit code 2."""

    exit_code = 2
