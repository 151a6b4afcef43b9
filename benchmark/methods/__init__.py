"""The methods that are included."""

from __future__ import annotations

from bokeh_render.errors import BadInputError

from .interface import BatchMethod, Method


def included_names() -> tuple[str, ...]:
    """Return the names of the methods that come with bokehbench."""
    return (
        "identity",
        "gaussian",
        "classical",
        "layered",
        "hybrid",
        "hybrid-plain",
        "neural",
        "hybrid-no-error-map",
        "hybrid-no-upsampling",
        "blender-defocus",
    )


def included_method(name: str) -> Method | BatchMethod:
    """Return an included method; raises BadInputError that lists them, or says that its weights are missing."""
    from .blender_defocus import BlenderDefocus
    from .classical import Classical
    from .gaussian import Gaussian
    from .hybrid import Hybrid, HybridPlain, HybridWithoutErrorMap, HybridWithoutUpsampling
    from .identity import Identity
    from .layered import Layered
    from .neural import Neural

    methods: dict[str, type[Method | BatchMethod]] = {
        "identity": Identity,
        "gaussian": Gaussian,
        "classical": Classical,
        "layered": Layered,
        "hybrid": Hybrid,
        "hybrid-plain": HybridPlain,
        "neural": Neural,
        "hybrid-no-error-map": HybridWithoutErrorMap,
        "hybrid-no-upsampling": HybridWithoutUpsampling,
        "blender-defocus": BlenderDefocus,
    }
    if name not in methods:
        raise BadInputError(f"unknown method {name!r}; expected one of {', '.join(methods)}")
    return methods[name]()
