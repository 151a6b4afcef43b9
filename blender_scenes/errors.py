"""What the worker tells the user apart from a failure of its own."""

from __future__ import annotations


class UserError(ValueError):
    """The user's file or choice cannot be used; the message is a whole sentence: found, expected, what to do."""
