"""Display values of any ICC profile as sRGB, the one colour space that everything else here works in."""

from __future__ import annotations

import functools
import itertools
from typing import Any

import numpy as np

from .errors import BadInputError
from .optics import Float32

_RELATIVE_COLORIMETRIC = 1
_SPACES = {b"RGB ": "rgb", b"GRAY": "gray"}
_AS_GOOD_AS_EQUAL = 1 / 255
_GRID = 9


def srgb_from_profile(values: Float32, profile: bytes, name: str) -> Float32:
    """Return (H, W, 3) float32 sRGB display values in [0, 1] for values of another profile.

    values: (H, W, 3), or (H, W, 1) grey, in [0, 1]. Computed in floating point by Little CMS, so that 16-bit files
    keep their depth; relative colorimetric; colours that sRGB does not have are clipped to its edge. A profile that is
    sRGB in effect leaves the numbers as they are. Raises BadInputError, naming ``name``, for a profile that is
    damaged, or of another kind than RGB or grey.
    """
    space = _SPACES.get(profile[16:20])
    if space is None or (space == "gray" and values.shape[2] != 1):
        kind = profile[16:20].decode("ascii", "replace").strip()
        raise BadInputError(
            f"{name} has {values.shape[2]} channel(s) and a profile for {kind or 'nothing'}; expected an RGB or grey "
            "picture with a profile of its own kind; convert it to sRGB first"
        )
    if space == "rgb":
        if _is_srgb(profile, name):
            return np.repeat(values, 3, axis=2) if values.shape[2] == 1 else values
        values = np.broadcast_to(values, (*values.shape[:2], 3))
    return np.clip(_transform(values, profile, space, name), 0.0, 1.0)


@functools.lru_cache(maxsize=16)
def _is_srgb(profile: bytes, name: str) -> bool:
    steps = np.linspace(0.0, 1.0, _GRID, dtype=np.float32)
    grid = np.array(list(itertools.product(steps, repeat=3)), dtype=np.float32)[None]
    return bool(np.abs(_transform(grid, profile, "rgb", name) - grid).max() <= _AS_GOOD_AS_EQUAL)


@functools.cache
def _srgb_profile() -> bytes:
    from PIL import ImageCms

    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def _transform(values: Any, profile: bytes, space: str, name: str) -> Float32:
    import imagecodecs

    try:
        converted: Float32 = imagecodecs.cms_transform(
            np.ascontiguousarray(values[..., 0] if space == "gray" else values, dtype=np.float32),
            profile,
            _srgb_profile(),
            colorspace=space,
            outcolorspace="rgb",
            outdtype=np.float32,
            intent=_RELATIVE_COLORIMETRIC,
        )
    except (imagecodecs.CmsError, ValueError) as error:
        raise BadInputError(
            f"{name} has an ICC profile that cannot be used ({error}); convert the picture to sRGB, "
            "or remove the profile if it is sRGB already"
        ) from None
    return converted
