"""What became of every id, for programs and for people: ``report.json`` and the card."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bokeh_render.atomic import write_json, write_text
from bokeh_render.schema import load_json, read_json

from ..stack import INFO_FILE, DatasetRecord
from .caveats import Caveat, near_and_far, whose
from .figures import left_over, summary_of
from .info import OriginalPairInfo, PreparedPairInfo
from .layout import ORIGINAL_FOLDER, REPORT_FILE, scene_folders, scene_name
from .page import write_pairs_page
from .pair_work import Outcome
from .source import EbbSource


def write_report(
    out: Path,
    name: str,
    record: DatasetRecord | None,
    source: EbbSource,
    outcomes: Sequence[Outcome],
    wanted: int,
) -> None:
    """Write ``report.json``, the page and, of a finished set, the cards. record: None when too few pairs were left."""
    infos = {
        outcome.id: load_json(PreparedPairInfo, scene_folders(out, outcome.id)[0] / INFO_FILE)
        for outcome in outcomes
        if outcome.state == "ready"
    }
    originals = {i: load_json(OriginalPairInfo, scene_folders(out, i)[1] / INFO_FILE) for i in infos}
    refused = [outcome for outcome in outcomes if outcome.state == "refused"]
    content: dict[str, Any] = {
        "name": name if record is None else record.name,
        "files_sha256": None if record is None else record.files_sha256,
        "source": source.name,
        "wanted": wanted,
        "ready": len(infos),
        "refused_by_step": dict(sorted(Counter(outcome.step or "" for outcome in refused).items())),
        "summary": summary_of(list(infos.values()), [info.scores for info in originals.values()]),
        "refused": [{"id": o.id, "step": o.step, "reason": o.reason} for o in refused],
        "doubtful": [{"id": o.id, "doubts": list(o.doubts)} for o in outcomes if o.doubts],
        "notes": [{"id": i, "notes": list(info.notes)} for i, info in infos.items() if info.notes],
        "ignored_files": list(source.ignored),
        "keys": {str(outcome.id): outcome.key for outcome in outcomes},
    }
    write_json(out / REPORT_FILE, content)
    write_pairs_page(out, record, {scene_name(i): scene_folders(out, i)[0] for i in infos})
    if record is not None:
        write_text(out / "README.md", card_text(record, content))
        write_text(out / ORIGINAL_FOLDER / "README.md", _original_card(record, content))


def read_keys(out: Path) -> dict[int, str]:
    """Return what decided each id's outcome, by ``report.json``; nothing where there is none."""
    if not (out / REPORT_FILE).is_file():
        return {}
    return {int(identifier): str(key) for identifier, key in read_json(out / REPORT_FILE).get("keys", {}).items()}


def card_text(record: DatasetRecord, report: dict[str, Any]) -> str:
    """Return the set's README.md. report: the content of ``report.json``."""
    summary, chosen = report["summary"], whose(record.config["selection"])
    caveats = [chosen, near_and_far(summary["mostly_nearer_than_focus"], report["ready"])]
    lines = [
        f"# {record.name} {record.version}",
        "",
        f"{report['ready']} pairs of photographs from EBB!, prepared by bokehbench {record.made_with['bokehbench']}: "
        "a wide one (all in focus) aligned with a shallow one, a disparity map, the blur parameter K and the focus "
        "disparity that were estimated from the two.",
        "",
        *(line for caveat in caveats if caveat for line in (_paragraph(caveat), "")),
        "| file | content |",
        "|---|---|",
        "| `scenes/<id>/image.png` | the wide photograph, moved onto the shallow one"
        + (" and given its gains |" if record.config["settings"]["photometric"] == "apply" else " |"),
        "| `scenes/<id>/bokeh_00_00.png` | the shallow photograph, cut to what both show |",
        "| `scenes/<id>/disparity.exr` | normalised disparity, near = 1 |",
        "| `scenes/<id>/info.json` | K, focus, and every estimate with what is left over and every doubt |",
        f"| `{ORIGINAL_FOLDER}/` | the untouched photographs, a dataset of its own |",
        "| `manifest.jsonl` | size and sha256 of each file |",
        "| `report.json`, `index.html` | what became of every id that was tried |",
        "",
        "| over all pairs | |",
        "|---|---|",
        f"| shift between the photographs, median | {summary['median_shift_px']:.1f} px |",
        f"| left after alignment, median | {left_over(summary['median_residual_px'])} |",
        f"| K, median | {summary['median_blur_parameter']:.1f} px |",
        f"| focus disparity, median | {summary['median_focus_disparity']:.2f} |",
        f"| classical renderer, aligned | {summary['psnr_aligned']:.2f} dB, SSIM {summary['ssim_aligned']:.4f} |",
        f"| classical renderer, untouched | {summary['psnr_original']:.2f} dB, SSIM {summary['ssim_original']:.4f} |",
        "",
        "K and focus are those with which the classical renderer comes closest to the shallow photograph: its own "
        "scores are favoured by that.",
        "",
        *_table("Refused", ("id", "step", "why"), [(r["id"], r["step"], r["reason"]) for r in report["refused"]]),
        *_table("Doubtful", ("id", "why"), [(d["id"], "; ".join(d["doubts"])) for d in report["doubtful"]]),
        f"Recipe `{record.recipe_sha256}`. Files `{record.files_sha256}`. Licence: {record.licence}.",
        "",
    ]
    return "\n".join(lines)


def _paragraph(caveat: Caveat) -> str:
    return f"**{caveat.headline}** {caveat.text}" if caveat.headline else caveat.text


def _table(title: str, head: tuple[str, ...], rows: Sequence[tuple[Any, ...]]) -> list[str]:
    """Return a table of ids as lines; its title alone says when there are none."""
    if not rows:
        return [f"{title}: none.", ""]
    lines = [" | ".join(str(cell).replace("|", "\\|") for cell in row) for row in rows]
    columns = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return [f"{title}: {len(rows)}.", "", *columns, *(f"| {line} |" for line in lines), ""]


def _original_card(record: DatasetRecord, report: dict[str, Any]) -> str:
    return "\n".join(
        [
            f"# {record.name}-original {record.version}",
            "",
            f"The {report['ready']} pairs of {record.name} as they came: not aligned, not matched in colour, the "
            "files' own bytes (but for photographs stored turned, which are upright PNG here). Published scores on "
            "EBB! are of photographs like these.",
            "",
            "`disparity.exr` lies on the wide photograph's pixels; K and focus are the aligned pair's.",
            "",
        ]
    )
