"""OpenCV, an optional part: whether it is there, and how many threads it takes."""

from __future__ import annotations

from bokeh_render.errors import BadInputError


def start_opencv(threads: int) -> str:
    """Return OpenCV's version, and let it take so many threads. Raises BadInputError when it is not installed."""
    try:
        import cv2
    except ImportError:
        raise BadInputError(
            "OpenCV is not installed; expected it for aligning photographs: pip install 'bokehbench[ebb]'"
        ) from None
    cv2.setNumThreads(threads)
    return str(cv2.__version__)
