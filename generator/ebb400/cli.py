"""``bokehbench prepare-ebb400``: the command-line face of this package."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from bokeh_render.errors import BadInputError
from bokeh_render.progress import progress_bars

if TYPE_CHECKING:
    from .disparity_source import DisparitySource
    from .prepare import Prepared
    from .selection import Selection
    from .source import EbbSource

_SOURCE = "EBB!: a folder or zip with original/12.jpg and bokeh/12.jpg."


def prepare_ebb400_command(
    ebb: Annotated[Path, typer.Option("--ebb", help=_SOURCE)],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the set; made when missing.")],
    disparity: Annotated[
        Path | None, typer.Option(help="Folder of disparity maps by id, near = large: PNG, EXR, NPY or PFM.")
    ] = None,
    depth: Annotated[Path | None, typer.Option(help="Folder of depth maps by id instead, far = large.")] = None,
    depth_model: Annotated[
        str | None, typer.Option(help="A depth network for transformers instead: a hub id or a folder.")
    ] = None,
    device: Annotated[str, typer.Option(help="Where the depth network runs: auto, cpu, cuda.")] = "auto",
    count: Annotated[int, typer.Option(min=1, help="How many pairs to draw.")] = 400,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the draw: the set is called by it.")] = 0,
    split: Annotated[str, typer.Option(help="Draw from all, train (ids 0-4399) or val294 (4400-4693).")] = "all",
    ids: Annotated[Path | None, typer.Option(help="A file of ids instead of a draw: these and no others.")] = None,
    whole_split: Annotated[bool, typer.Option("--whole-split", help="Every pair of --split, no draw.")] = False,
    authors_set: Annotated[
        bool, typer.Option("--authors-set", help="--ebb is the authors' own EBB400: the set is called ebb400.")
    ] = False,
    align: Annotated[str, typer.Option(help="similarity (shift, turn, scale), or none.")] = "similarity",
    photometric: Annotated[
        str, typer.Option(help="apply the shallow photograph's gains to the wide one, or only record them.")
    ] = "apply",
    doubtful: Annotated[
        str, typer.Option(help="refuse or keep pairs whose K is not clear; auto refuses in a draw alone.")
    ] = "auto",
    jobs: Annotated[int, typer.Option("--jobs", min=0, help="Pairs at a time, a process each; 0 = one a core.")] = 0,
    threads: Annotated[int, typer.Option("--threads", min=1, help="CPU threads per process.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Prepare a set of real pairs: align, match colours, find focus and blur. Killed? The same command goes on."""
    from bokeh_render.schema import parse

    from .prepare import prepare
    from .settings import PairSettings
    from .source import open_ebb

    _choose("--doubtful", doubtful, ("auto", "refuse", "keep"))
    selection = _selection(count, seed, split, ids, whole=whole_split, authors=authors_set)
    given = {"align": align, "photometric": photometric}
    clear = selection.replaces if doubtful == "auto" else doubtful == "refuse"
    settings = parse(PairSettings, {**given, "clear": clear}, "options")
    source = open_ebb(ebb)
    maps = _disparity(disparity, depth, depth_model, device, threads)
    with progress_bars(Console(stderr=True)) as report:
        prepared = prepare(source, selection, maps, out, settings=settings, jobs=jobs, threads=threads, report=report)
    _print(prepared, source, out, as_json)


def _choose(option: str, given: str, known: tuple[str, ...]) -> None:
    if given not in known:
        raise BadInputError(f"{option} is {given!r}; expected one of {', '.join(known)}")


def _selection(count: int, seed: int, split: str, ids: Path | None, *, whole: bool, authors: bool) -> Selection:
    from .selection import AuthorsSet, Draw, IdList, WholeSplit, read_ids

    _choose("--split", split, ("all", "train", "val294"))
    if sum((ids is not None, whole, authors)) > 1:
        raise BadInputError("expected one of --ids, --whole-split and --authors-set")
    if ids is not None:
        return IdList(ids=read_ids(ids))
    if authors:
        return AuthorsSet()
    if whole:
        return WholeSplit.model_validate({"split": split})
    return Draw.model_validate({"count": count, "seed": seed, "split": split})


def _disparity(
    disparity: Path | None, depth: Path | None, model: str | None, device: str, threads: int
) -> DisparitySource:
    if sum(given is not None for given in (disparity, depth, model)) != 1:
        raise BadInputError(
            "expected one of --disparity FOLDER, --depth FOLDER and --depth-model NAME: EBB! itself has no disparity"
        )
    if model is not None:
        from .depth_model import DepthModel

        return DepthModel.load(model, device, threads=threads)
    from .disparity_folder import DisparityFolder

    if disparity is not None:
        return DisparityFolder(disparity, "disparity")
    assert depth is not None
    return DisparityFolder(depth, "depth")


def _print(prepared: Prepared, source: EbbSource, out: Path, as_json: bool) -> None:
    from .layout import REPORT_FILE, scene_name

    if not (out / REPORT_FILE).is_file():  # a set that was imported from an archive has none
        typer.echo(prepared.record.model_dump_json(indent=2) if as_json else f"{out}: {prepared.record.name}")
        return
    content = json.loads((out / REPORT_FILE).read_text(encoding="utf-8"))
    if as_json:
        typer.echo(json.dumps(content, indent=2))
        return
    summary = content["summary"]
    typer.echo(f"{out}: {prepared.record.name}, {content['ready']} of {content['wanted']} pairs from {source.name}")
    for refusal in content["refused"]:
        typer.echo(f"  refused {scene_name(refusal['id'])} ({refusal['step']}): {refusal['reason']}")
    for doubt in content["doubtful"]:
        typer.echo(f"  doubtful {scene_name(doubt['id'])}: {doubt['doubts'][0]}")
    typer.echo(
        f"classical renderer at the K found: {summary['psnr_aligned']:.2f} dB aligned, "
        f"{summary['psnr_original']:.2f} dB untouched; {out / 'index.html'}"
    )
