"""BokehMe's networks alone: no classical image is mixed in."""

from __future__ import annotations

from .hybrid import HybridMethod


class Neural(HybridMethod):
    """What ARNet and IUNet render by themselves."""

    name = "neural"
    description = "the networks of hybrid-plain alone: ARNet at a small size, enlarged by IUNet"
    pretrained = "bokehme"
    fuse = False
