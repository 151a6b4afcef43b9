# ruff: noqa: N801  (their name)
"""Plain attention."""


class AttnProcessor2_0:
    pass
