"""The files of a prepared pair, and of the untouched photographs beside it, which are a dataset of their own."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from bokeh_render.atomic import write_bytes, write_json
from bokeh_render.imagefile import write_image
from bokeh_render.optics import DISPLAY_GAMMA, Float32
from bokeh_render.schema import sha256_of_file

from ..stack import DISPARITY_FILE, INFO_FILE, bokeh_name
from .blur_search import Curve, render_pair
from .disparity_source import DisparityFound
from .info import (
    AlignmentInfo,
    BlurInfo,
    CurveInfo,
    OriginalPairInfo,
    PairScores,
    PhotographInfo,
    PhotometricInfo,
    PreparedPairInfo,
)
from .layout import scene_folders, scene_name
from .pair import PreparedPair
from .photographs import Photographs
from .settings import PairSettings
from .source import PhotographFiles

_IMAGE, _BOKEH = "image", bokeh_name(0, 0)


def write_pair(
    out: Path,
    identifier: int,
    files: PhotographFiles,
    photographs: Photographs,
    found: DisparityFound,
    pair: PreparedPair,
    settings: PairSettings,
    *,
    threads: int = 1,
) -> PreparedPairInfo:
    """Write a pair's files, ``info.json`` last in each folder, and return the aligned pair's.

    The untouched photographs are the files' own bytes; one stored turned (EXIF) becomes an upright PNG instead, as not
    every reader would turn it.
    """
    aligned, original = scene_folders(out, identifier)
    write_image(aligned / f"{_IMAGE}.png", pair.wide, bits=8)
    write_image(aligned / f"{_BOKEH}.png", pair.shallow, bits=8)
    write_image(aligned / DISPARITY_FILE, pair.disparity, bits=32)
    for source, stem, upright in (
        (files.wide, _IMAGE, photographs.wide),
        (files.shallow, _BOKEH, photographs.shallow),
    ):
        if photographs.turned:
            write_image(original / f"{stem}.png", upright, bits=8)
        else:
            write_bytes(original / f"{stem}{source.suffix}", source.read_bytes())
    write_image(original / DISPARITY_FILE, found.disparity, bits=32)
    described = _described(files, photographs)
    k, focus = pair.blur.blur_parameter, pair.blur.focus_disparity
    untouched = render_pair(photographs.wide, found.disparity, k, focus, DISPLAY_GAMMA, threads)
    write_json(
        original / INFO_FILE,
        OriginalPairInfo(
            blur_parameter_normalised=k,
            focus_disparity_normalised=focus,
            scene=scene_name(identifier),
            id=identifier,
            width=photographs.wide.shape[1],
            height=photographs.wide.shape[0],
            wide=described[0],
            shallow=described[1],
            scores=_scores(untouched, photographs.shallow),
        ).model_dump(mode="json"),
    )
    info = PreparedPairInfo(
        blur_parameter_normalised=k,
        focus_disparity_normalised=focus,
        scene=scene_name(identifier),
        id=identifier,
        width=pair.wide.shape[1],
        height=pair.wide.shape[0],
        wide=described[0],
        shallow=described[1],
        alignment=_alignment(pair, photographs.wide.shape),
        photometric=PhotometricInfo(
            applied=settings.photometric == "apply",
            gains=pair.photometry.gains,
            vignetting=pair.photometry.vignetting,
            in_focus=pair.photometry.in_focus,
            pixels=pair.photometry.pixels,
            residual=pair.photometry.residual,
        ),
        disparity=found.origin,
        blur=BlurInfo(
            gamma=pair.blur.gamma,
            likeness=pair.blur.likeness,
            gain=pair.blur.gain,
            width=pair.blur.width,
            k_spread=pair.blur.steadiness.k,
            focus_spread=pair.blur.steadiness.focus,
            elsewhere=pair.blur.steadiness.elsewhere,
            pixels=pair.blur.pixels,
            nearer=pair.blur.nearer,
            k_curve=_curve(pair.blur.k_curve),
            gamma_curve=_curve(pair.blur.gamma_curve),
            doubts=pair.blur.doubts,
        ),
        scores=_scores(pair.rendered, pair.shallow),
        notes=(*photographs.notes, *found.notes),
    )
    write_json(aligned / INFO_FILE, info.model_dump(mode="json"))
    return info


def _described(files: PhotographFiles, photographs: Photographs) -> tuple[PhotographInfo, PhotographInfo]:
    height, width = photographs.wide.shape[:2]
    wide, shallow = (
        PhotographInfo(file=name, sha256=sha256_of_file(path), width=width, height=height)
        for name, path in ((files.wide_name, files.wide), (files.shallow_name, files.shallow))
    )
    return wide, shallow


def _alignment(pair: PreparedPair, shape: tuple[int, ...]) -> AlignmentInfo:
    similarity, residual = pair.registration.similarity, pair.residual
    centre = np.array([[(shape[1] - 1) / 2.0, (shape[0] - 1) / 2.0]])
    shift = (similarity.apply(centre) - centre)[0]
    first, second = (tuple(float(value) for value in row) for row in similarity.matrix)
    return AlignmentInfo(
        method=pair.registration.method,
        inliers=pair.registration.inliers,
        refined=pair.refined,
        scale=similarity.scale,
        turn_deg=math.degrees(similarity.angle_rad),
        shift_px=(float(shift[0]), float(shift[1])),
        matrix=((first[0], first[1], first[2]), (second[0], second[1], second[2])),
        frame=tuple(pair.frame),
        overlap=pair.overlap,
        residual_px=None if residual is None else residual.median_px,
        residual_ninetieth_px=None if residual is None else residual.ninetieth_px,
        residual_tiles=0 if residual is None else residual.tiles,
    )


def _curve(curve: Curve) -> CurveInfo:
    return CurveInfo(tried=curve.tried, likeness=curve.likeness)


def _scores(rendered: Float32, shallow: Float32) -> PairScores:
    from skimage.metrics import structural_similarity

    error = float(np.mean((rendered.astype(np.float64) - shallow) ** 2))
    ssim = structural_similarity(  # type: ignore[no-untyped-call]
        rendered,
        shallow,
        data_range=1.0,
        channel_axis=2,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
    )
    return PairScores(psnr=-10.0 * math.log10(max(error, 1e-10)), ssim=float(ssim))
