"""How well pairs of photographs are aligned and measured, on pairs whose truth is known: the tables of docs/checks.md.

    python -m tests.figures.ebb_known_truth DATASET [--maps clean|corrupted] [--pairs 40] [--first N] [--json FILE]

DATASET: stacks made by bokehbench generate. Of each scene four settings of blur and focus are photographed as by hand
(tests.generator.ebb400.made_pairs: turned, scaled, shifted, slightly bent, other exposure and colours, darker
corners, noise, JPEG), and prepared as prepare-ebb400 does, with the true disparity as map, or with each of the scene's
corrupted maps in turn.
"""

from __future__ import annotations

import argparse
import json
import zlib
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np

from bokeh_render.imagefile import read_image, read_map
from bokeh_render.optics import display_from_light
from generator.ebb400.pair import prepare_pair
from generator.ebb400.refusal import PairRefusedError
from generator.ebb400.settings import PairSettings
from generator.ebb400.similarity import moved
from generator.stack import bokeh_file, corrupted_file, read_stack
from tests.generator.ebb400.made_pairs import take


class Case(NamedTuple):
    """One made pair. map_index: of the corrupted map, None for the true disparity."""

    folder: Path
    blur: int
    focus: int
    map_index: int | None


class Row(NamedTuple):
    """What came of a case: errors against the truth.

    error_px: of the alignment, median over the pixels; radius_px: the same of how far the blur radius that map, K and
    focus say is from the true one; k, gain: ratios to the truth.
    """

    scene: str
    blur: int
    focus: int
    map: str
    method: str
    error_px: float
    measured_px: float
    k: float
    focus_error: float
    gain: float
    width: float
    radius_px: float
    doubt: str


def cases(dataset: Path, pairs: int, maps: str, first: int | None = None) -> Iterator[Case]:
    """Yield the cases of a dataset: the stronger half of the blur levels, focus settings over the whole depth.

    first: so many of each scene's only.
    """
    folders = sorted(path.parent for path in dataset.glob("scenes/*/info.json"))
    each = -(-pairs // len(folders))
    for folder in folders:
        info = read_stack(folder).info
        levels, settings = len(info.blur_parameters), len(info.focus_distances)
        for number in range(each)[:first]:
            blur = levels - 1 - number % max(1, (levels + 1) // 2)
            focus = round((number + 0.5) / each * (settings - 1))
            if maps == "clean":
                yield Case(folder, blur, focus, None)
            else:
                for index in range(len(info.corruptions)):
                    yield Case(folder, blur, focus, index)


def measure(case: Case) -> Row:
    """Photograph a case, prepare the pair, and compare."""
    stack = read_stack(case.folder)
    clean = stack.range.normalise(stack.disparity)
    given, name = clean, "clean"
    if case.map_index is not None:
        given = read_map(case.folder / corrupted_file(case.map_index))
        corruption = stack.info.corruptions[case.map_index]
        name = f"{corruption.kind} {corruption.size_px:g}"
    k = stack.info.blur_parameters[case.blur] * stack.range.extent
    focus = stack.range.normalise(stack.info.focus_disparities[case.focus])
    bokeh = display_from_light(read_image(case.folder / bokeh_file(case.blur, case.focus)).pixels)
    seed = [zlib.crc32(case.folder.name.encode()), case.blur, case.focus]  # the same photographs for every map
    made = take(display_from_light(stack.light), bokeh, given, k, focus, np.random.default_rng(seed))
    head = (case.folder.name, case.blur + 1, case.focus, name)
    try:
        pair = prepare_pair(made.wide, made.shallow, made.disparity, PairSettings(clear=False))
    except PairRefusedError as error:
        nothing = float("nan")
        return Row(*head, "refused", *(nothing,) * 7, str(error))
    blur = pair.blur
    photographed = take(display_from_light(stack.light), bokeh, clean, k, focus, np.random.default_rng(seed)).disparity
    truth = pair.frame.cut(moved(photographed, pair.registration.similarity, smooth=False))
    said = blur.blur_parameter * np.abs(pair.disparity - blur.focus_disparity)
    return Row(
        *head,
        pair.registration.method,
        float(np.median(made.displacement(pair.registration.similarity.matrix))),
        float("nan") if pair.residual is None else pair.residual.median_px,
        blur.blur_parameter / k,
        blur.focus_disparity - focus,
        float(np.exp(np.mean(np.log(np.array(pair.photometry.gains) / made.gains)))),
        blur.width,
        float(np.median(np.abs(said - k * np.abs(truth - focus)))),
        "; ".join(blur.doubts),
    )


def is_failure(row: Row) -> bool:
    """Return whether a case was refused, or is further off than one would want: 1 px, 15 % of K, .1 of focus."""
    return row.method == "refused" or row.error_px > 1.0 or abs(row.k - 1.0) > 0.15 or abs(row.focus_error) > 0.1


def summary(rows: list[Row]) -> dict[str, float]:
    """Return the figures of the bars, over the rows that were not refused, in percent, px and normalised disparity."""
    ready = [row for row in rows if row.method != "refused"]
    found: dict[str, float] = {
        "pairs": len(rows),
        "refused": len(rows) - len(ready),
        "doubtful": sum(bool(row.doubt) for row in ready),
        "failures": sum(map(is_failure, rows)),
        "failures without refusal or doubt": sum(is_failure(row) and not row.doubt for row in ready),
    }
    if not ready:
        return found
    errors = {
        "alignment px": [row.error_px for row in ready],
        "K %": [100 * abs(row.k - 1.0) for row in ready],
        "focus": [abs(row.focus_error) for row in ready],
        "blur radius px": [row.radius_px for row in ready],
    }
    for name, values in errors.items():
        found |= {f"{name}, median": float(np.median(values)), f"{name}, 90th": float(np.percentile(values, 90))}
    return found


def show(rows: list[Row], *, failures_only: bool = False) -> None:
    """Print the rows, then the figures: in all and, where there are several, by map."""
    head = ["scene", "level", "focus", "map", "by", "off px", "measured px", "K / true", "focus off", "radius off px"]
    print("|", " | ".join([*head, "gain / true", "width", ""]), "|\n|" + 13 * "---|")
    for row in rows:
        if failures_only and not is_failure(row):
            continue
        numbers = f"{row.error_px:.2f} | {row.measured_px:.2f} | {row.k:.3f} | {row.focus_error:+.3f}"
        numbers += f" | {row.radius_px:.2f} | {row.gain:.3f}"
        print(
            f"| {row.scene} | {row.blur} | {row.focus} | {row.map} | {row.method} | {numbers} | {row.width:.2f} "
            f"| {row.doubt} |"
        )
    groups: dict[str, list[Row]] = {"all": rows}
    for row in rows:
        groups.setdefault(row.map, []).append(row)
    names = list(summary(rows))
    print(f"\n| map | {' | '.join(names)} |\n|---|" + "---:|" * len(names))
    for name, some in groups.items():
        figures = summary(some)
        print(f"| {name} | " + " | ".join(f"{figures[one]:.3g}" if one in figures else "—" for one in names) + " |")


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--maps", choices=("clean", "corrupted"), default="clean")
    parser.add_argument("--pairs", type=int, default=40)
    parser.add_argument("--first", type=int, help="so many of each scene's pairs only")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--failures-only", action="store_true", help="print the rows of failures alone")
    given = parser.parse_args()
    todo = list(cases(given.dataset, given.pairs, given.maps, given.first))
    if given.jobs == 1:
        rows = [measure(case) for case in todo]
    else:
        with ProcessPoolExecutor(given.jobs) as pool:
            rows = list(pool.map(measure, todo))
    show(rows, failures_only=given.failures_only)
    if given.json:
        given.json.write_text(json.dumps([row._asdict() for row in rows], indent=1))


if __name__ == "__main__":
    main()
