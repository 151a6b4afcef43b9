"""``bokehbench evaluate`` and ``bokehbench protocol``: the command-line face of this package."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bokeh_render.doctor import Check, check_package
from bokeh_render.errors import BadInputError
from bokeh_render.progress import progress_bars


def evaluate_command(
    method: Annotated[str, typer.Argument(help="An included method; or, with --predictions, a name for yours.")],
    dataset: Annotated[Path, typer.Option(help="Folder of the dataset (ours, or the original BLB download).")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Gets predictions/METHOD/ and results/METHOD.json.")],
    protocol: Annotated[str, typer.Option(help="The rule for scoring.")] = "blb-v1",
    predictions: Annotated[
        Path | None, typer.Option(help="Score this folder (<scene>/bokeh_KK_FF.png) instead of running a method.")
    ] = None,
    lpips_weights: Annotated[Path | None, typer.Option(help="File with torchvision's AlexNet weights.")] = None,
    threads: Annotated[int, typer.Option(min=0, help="CPU threads; 0 = as torch sees fit.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the whole result as JSON.")] = False,
) -> None:
    """Score a method, or a folder of predictions, on a dataset. A missing or wrong prediction is an error."""
    import torch

    from .dataset import open_dataset
    from .methods import included_method, included_names
    from .protocols import load_protocol
    from .results import MethodReference
    from .run import evaluate, score_folder

    rule = load_protocol(protocol)
    if predictions is None:
        chosen = included_method(method)
    elif method in included_names():
        raise BadInputError(f"{method!r} is the name of an included method; give your predictions another name")
    elif not method.replace("-", "").replace("_", "").replace(".", "").isalnum() or method.startswith("."):
        raise BadInputError(f"method name {method!r} cannot be a file name; expected letters, digits, - _ and .")
    opened = open_dataset(dataset)
    if threads:
        torch.set_num_threads(threads)
    with progress_bars(Console(stderr=True)) as report:
        if predictions is None:
            result = evaluate(chosen, opened, rule, out, lpips_weights=lpips_weights, report=report)
        else:
            reference = MethodReference(name=method, revision="as given", description="predictions from a folder")
            result = score_folder(predictions, reference, opened, rule, out, lpips_weights=lpips_weights, report=report)
    if as_json:
        typer.echo(result.model_dump_json(indent=2))
        return
    overall = result.summary.overall
    lpips = "n/a" if overall.lpips is None else f"{overall.lpips:.4f}"
    typer.echo(
        f"{method}: PSNR {overall.psnr:.2f} dB  SSIM {overall.ssim:.4f}  LPIPS {lpips}  ({len(result.samples)} samples)"
    )
    for metric, reason in result.unavailable.items():
        typer.echo(f"{metric} is n/a: {reason}")
    typer.echo(str(out / "results" / f"{method}.json"))


def protocol_list_command() -> None:
    """List the protocols."""
    from .protocols import PROTOCOLS

    for rule in PROTOCOLS.values():
        typer.echo(f"{rule.name}  {rule.sha256}")


def protocol_show_command(name: Annotated[str, typer.Argument(help="For example blb-v1.")]) -> None:
    """Print a protocol's whole definition and its hash."""
    from .protocols import load_protocol

    rule = load_protocol(name)
    typer.echo(rule.model_dump_json(indent=2))
    typer.echo(f"sha256 {rule.sha256}")


def doctor_checks() -> list[Check]:
    """Return what scoring needs: scikit-image, LPIPS's heads and, for its column, AlexNet's weights."""
    from .metrics.lpips import WEIGHTS_VARIABLE, backbone_sha256, find_backbone, load_backbone_state
    from .protocols import PROTOCOLS

    checks = [
        check_package("scikit-image", "pip install scikit-image"),
        check_package("lpips", "pip install lpips==0.1.4"),
    ]
    remedy = (
        f"bokehbench doctor --download-lpips fetches them (233 MB); or name a file by {WEIGHTS_VARIABLE}. "
        "Without them the LPIPS column reads n/a."
    )
    try:
        path = find_backbone()
        if path is None:
            checks.append(Check("LPIPS weights", "optional", "AlexNet's weights are not on this machine", remedy))
        elif backbone_sha256(load_backbone_state(path)) in {p.lpips.backbone_sha256 for p in PROTOCOLS.values()}:
            checks.append(Check("LPIPS weights", "ok", f"verified: {path}"))
        else:
            checks.append(Check("LPIPS weights", "missing", f"{path} holds another AlexNet", remedy))
    except BadInputError as error:
        checks.append(Check("LPIPS weights", "missing", str(error), remedy))
    return checks
