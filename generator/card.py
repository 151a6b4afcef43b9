"""The dataset card: what a person reads before using a dataset."""

from __future__ import annotations

from typing import Any

from blender_scenes.catalogue import SCENES

from .stack import DatasetRecord, RenderedStackInfo


def card_text(record: DatasetRecord, infos: dict[str, RenderedStackInfo]) -> str:
    """Return the dataset's README.md."""
    config = record.config
    lines = [
        f"# {record.name} {record.version}",
        "",
        f"{len(infos)} bokeh stacks of {config['width']}×{config['height']} px, rendered with Blender "
        f"{record.made_with['blender']} (Cycles, {_engine(config)}, no denoiser) by "
        f"bokehbench {record.made_with['bokehbench']}.",
        "",
        "| file | content |",
        "|---|---|",
        "| `scenes/<id>/image.exr` | all-in-focus image, linear light, RGB |",
        "| `scenes/<id>/depth.exr` | planar depth in metres; 65504 where there is nothing |",
        "| `scenes/<id>/disparity_aa.exr` | anti-aliased disparity, 1/metre: 1/z averaged over the pixel, never z |",
        "| `scenes/<id>/corrupted_00…14.exr` | normalised disparity blurred, grown and shrunk; sizes in `info.json` |",
        "| `scenes/<id>/bokeh_KK_FF.exr` | ground truth for blur level KK and focus setting FF, linear light |",
        *(
            ["| `scenes/<id>/seed2/` | the same with other random numbers, for the noise floor; not to be scored |"]
            if config.get("engine", "path") == "path" and config["noise_floor"]["focus"]
            else []
        ),
        "| `scenes/<id>/info.json` | raw K, focus distances, camera, disparity range, noise floor |",
        "| `manifest.jsonl` | size and sha256 of each of them; the list of samples follows from it |",
        "",
        f"Blur levels (px of blur radius per unit of normalised disparity): "
        f"{', '.join(f'{level:g}' for level in config['blur_levels'])}. "
        f"Focus (normalised disparity): {', '.join(f'{focus:g}' for focus in config['focus_disparities'])}.",
        "",
        "| scene | what it tests | depth range | noise floor per blur level (dB) |",
        "|---|---|---|---|",
    ]
    for scene, info in infos.items():
        far = f"{1 / info.disparity_min:.1f} m" if info.disparity_min > 1e-4 else "infinity"
        floors = ", ".join(f"{floor.psnr:.1f}" for floor in info.noise_floor) or "not measured"
        entry = SCENES.get(scene.partition("@")[0])
        tests = entry.tests if entry is not None else "a scene from a file"
        lines.append(f"| {scene} | {tests} | {1 / info.disparity_max:.2f} m to {far} | {floors} |")
    lines += [
        "",
        "The noise floor is the PSNR, in clipped display values, that a perfect and noise-free prediction would get, "
        "as the mean over the focus settings at which it was measured: differences between methods near it are noise.",
        "",
        f"Recipe `{record.recipe_sha256}` (the same for everyone who generates this). "
        f"Files `{record.files_sha256}` (this rendering). Licence: {record.licence}.",
        "",
    ]
    return "\n".join(lines)


def _engine(config: dict[str, Any]) -> str:
    samples = config["bokeh_samples"]
    if config.get("engine", "path") == "lightfield":
        return f"light field of {samples} pinhole views over the lens, {config['image_samples']} samples for the image"
    return f"{samples} samples per pixel"
