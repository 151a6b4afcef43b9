"""What a run tells: rows of log.csv, and TensorBoard's files where that is installed."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..atomic import write_text

LOG = "log.csv"
COLUMNS = (
    "stage", "step", "seconds", "learning_rate", "gradient_norm", "loss", "loss_image", "loss_fused", "loss_error_map",
    "psnr", "edge_psnr", "base_psnr", "base_edge_psnr",
    "clean_psnr", "clean_edge_psnr", "clean_base_psnr", "clean_base_edge_psnr",
)  # fmt: skip


class Log:
    """Appends rows to log.csv of a folder; a resumed run first forgets the rows after its checkpoint."""

    def __init__(self, folder: Path, *, tensorboard: bool = True) -> None:
        self._path = folder / LOG
        self._board = _board(folder / "tensorboard") if tensorboard else None

    def forget_after(self, stage: str, step: int) -> None:
        """Drop the rows of ``stage`` beyond ``step``: they will be written again."""
        if not self._path.is_file():
            write_text(self._path, ",".join(COLUMNS) + "\n")
            return
        with self._path.open(encoding="utf-8", newline="") as stream:
            rows = [row for row in csv.DictReader(stream) if row["loss"] or row["psnr"]]
        kept = [row for row in rows if row["stage"] != stage or int(row["step"]) <= step]
        text = io.StringIO()
        writer = csv.DictWriter(text, COLUMNS, lineterminator="\n", restval="", extrasaction="ignore")
        writer.writeheader()
        writer.writerows(kept)
        write_text(self._path, text.getvalue())

    def write(self, stage: str, step: int, values: Mapping[str, float]) -> None:
        """Append a row. values: by column."""
        row: dict[str, Any] = {"stage": stage, "step": step, **{key: f"{value:.6g}" for key, value in values.items()}}
        with self._path.open("a", encoding="utf-8", newline="") as stream:
            csv.DictWriter(stream, COLUMNS, lineterminator="\n", restval="").writerow(row)
        if self._board is not None:
            for key, value in values.items():
                self._board.add_scalar(f"{stage}/{key}", value, step)

    def close(self) -> None:
        """Finish TensorBoard's file."""
        if self._board is not None:
            self._board.close()


def _board(folder: Path) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:  # the extra `train`
        return None
    return SummaryWriter(str(folder))
