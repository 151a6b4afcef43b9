"""Blender's own compositor node "Defocus", the depth of field for finished pictures that everyone can run."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from importlib import metadata
from pathlib import Path
from typing import Any

from bokeh_render.aperture import Aperture
from bokeh_render.errors import BadInputError, BokehbenchError
from bokeh_render.imagefile import read_image
from bokeh_render.optics import display_from_light
from generator.blender_process import COMPOSITOR_WORKER, worker_events

from .interface import MethodInput, MethodMetadata, Rendering, package_revision
from .job_inputs import JobInputs

_SHAPES = {3: "TRIANGLE", 4: "SQUARE", 5: "PENTAGON", 6: "HEXAGON", 7: "HEPTAGON", 8: "OCTAGON"}
_LARGEST_ANGLE = math.pi / 2


def _revision() -> str:
    try:
        return f"{package_revision()}+blender{metadata.version('bpy')}"
    except metadata.PackageNotFoundError:  # it will say so when it is started
        return package_revision()


def bokeh_shape(aperture: Aperture) -> tuple[str, float]:
    """Return the node's shape and angle (radians) for an aperture, or the nearest that it has.

    The node's polygon is inscribed in the circle of the blur radius, as ours is, with a corner at the angle's
    complement to 90 degrees. It has no more than eight sides, knows no squeezed opening, and turns by 90 degrees at
    most, which leaves out a quarter of the triangle's positions.
    """
    if aperture.blades == 0:
        return "CIRCLE", 0.0
    sides = min(aperture.blades, max(_SHAPES))
    sector = 2 * math.pi / sides
    angle = (_LARGEST_ANGLE - math.pi / aperture.blades - aperture.rotation_rad) % sector
    if angle > _LARGEST_ANGLE:
        angle = _LARGEST_ANGLE if angle - _LARGEST_ANGLE < sector - angle else 0.0
    return _SHAPES[sides], angle


class BlenderDefocus:
    """Each pixel becomes a weighted mean of its neighbours; the weight's disc is the smaller of the two pixels'.

    One Blender process renders a batch, on the processor. The node is used with its Z-buffer: it gets a depth, and a
    camera for which its own thin-lens formula is K·|disparity − focus disparity| (``blender_scenes.defocus_node``).
    Its largest radius is the image's, rounded up. The radius given directly, which it also takes, makes the
    same discs on planes; beside depth edges the Z-buffer blurs less, which is more often nearer to the truth (blb-mini,
    ten scenes, five levels, focus 0, 4 and 9: 0.2 dB higher PSNR on average, higher in 109 of 150 images).

    Measured with Blender 4.5.15 (5.0.1: the same bits), point lights on planes: energy is kept; twice the standard
    deviation of a disc is its blur radius within 9 % from 5 px on, 14 % from 2.5 px and 25 % from 1.5 px, on average
    0.02 to 0.24 px too large, more where the image's largest radius is larger: the node draws discs up to half a pixel
    too large and cuts them to a square of whole pixels. That is no constant, and taking its mean off radii given
    directly costs 0.1 dB, so they go in as they are. Below 1 px the node blurs nothing. What is in front of the focal
    plane is treated as what is behind it: nothing spreads over anything sharper, and an opening with an odd number of
    blades is not turned. Pixels beyond the border count as copies of the border's. For apertures see
    :func:`bokeh_shape`.
    """

    name = "blender-defocus"
    revision = _revision()
    description = "Blender's compositor node Defocus, with Z-buffer, on the same image and disparity"
    metadata = MethodMetadata(code="https://projects.blender.org/blender/blender", licence="GPL-3.0", training_data=())

    def render_batch(self, samples: Sequence[MethodInput]) -> Iterator[Rendering]:
        """Yield one :class:`Rendering` for each sample, in order. See :class:`benchmark.methods.interface.BatchMethod`.

        Seconds are those inside Blender, without its start and files; memory is the most that it held so far. A sample
        during which Blender dies fails, and another Blender takes the rest; when none can be started, all fail.
        """
        with tempfile.TemporaryDirectory(prefix="bokehbench-defocus-") as name:
            folder = Path(name)
            told = _told(samples, folder)
            done = 0
            while done < len(told):
                started = False
                try:
                    with closing(worker_events(COMPOSITOR_WORKER, {"samples": told[done:]}, folder / "job")) as events:
                        for event in events:
                            started = True
                            if event["event"] != "ready":
                                yield _rendering(event, Path(told[done]["path"]), samples[done])
                                done += 1
                except BokehbenchError as error:
                    failed = samples[done : done + 1] if started else samples[done:]
                    yield from (_failure(str(error), sample) for sample in failed)
                    done += len(failed)


def _told(samples: Sequence[MethodInput], folder: Path) -> list[dict[str, Any]]:
    """Write what the samples are given and return them as ``blender_scenes/compositor_worker.py`` wants them."""
    inputs: dict[float, JobInputs] = {}  # by gamma: the same display values are another light with another one
    told = []
    for index, sample in enumerate(samples):
        written = inputs.setdefault(sample.gamma, JobInputs(folder / f"gamma_{sample.gamma}", "light", "npy"))
        bokeh, angle_rad = bokeh_shape(sample.aperture)
        told.append(
            {
                "id": sample.name,
                "image": written.image(sample),
                "disparity": written.disparity(sample.disparity),
                "blur_parameter": float(sample.blur_parameter),
                "focus_disparity": float(sample.focus_disparity),
                "bokeh": bokeh,
                "angle_rad": angle_rad,
                "path": str(folder / f"{index:05d}.exr"),
            }
        )
    return told


def _rendering(event: dict[str, Any], path: Path, sample: MethodInput) -> Rendering:
    if event["event"] == "sample_failed":
        return _failure(f"Blender failed: {event['message']}", sample)
    try:
        light = read_image(path).pixels
    except BadInputError as error:
        return _failure(str(error), sample)
    path.unlink()
    return Rendering(
        display_from_light(light, sample.gamma), seconds=event["seconds"], peak_memory_mb=event["peak_memory_mb"]
    )


def _failure(message: str, sample: MethodInput) -> Rendering:
    return Rendering(None, error=f"{sample.name}: {message}" if sample.name else message)
