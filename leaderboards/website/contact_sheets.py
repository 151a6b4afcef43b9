"""Contact sheets of a dataset: of each scene what is given, and all its ground truths."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from benchmark.samples import Sample

from .arrangement import ShownBoard
from .picture_files import THUMBNAIL_WIDTH_PX
from .picture_places import DISPARITY, IMAGE, SMALL, PicturePlaces
from .places import page
from .wording import scene_label


@dataclass(frozen=True)
class Picture:
    """A small picture. page: where it is shown beside the methods'; size: width and height in px."""

    file: str
    page: str
    alt: str
    size: tuple[int, int]


@dataclass(frozen=True)
class SheetRow:
    """One blur level, counted from 1."""

    level: int
    pictures: tuple[Picture, ...]


@dataclass(frozen=True)
class Sheet:
    """A scene. focus: normalised disparities of the columns."""

    label: str
    image: str
    disparity: str
    page: str
    focus: tuple[float, ...]
    rows: tuple[SheetRow, ...]

    @property
    def only(self) -> Picture | None:
        """The one ground truth of a pair; None where a scene has several."""
        pictures = [picture for row in self.rows for picture in row.pictures]
        return pictures[0] if len(pictures) == 1 else None


def contact_sheets(shown: ShownBoard) -> list[Sheet]:
    """Return the sheets of a dataset from a board with pictures."""
    places = PicturePlaces.of(shown)
    return [_sheet(shown, scene, places) for scene in shown.board.scenes]


def _sheet(shown: ShownBoard, scene: str, places: PicturePlaces) -> Sheet:
    told = shown.board.rendering.scenes[scene]
    own = shown.board.samples(scene=scene)
    focus = sorted({sample.focus for sample in own})
    height, width = told.size_px
    shown_width = min(width, THUMBNAIL_WIDTH_PX)
    size = (shown_width, max(1, round(height * shown_width / width)))
    rows = []
    for blur in sorted({sample.blur for sample in own}):
        pictures = [
            Picture(
                file=places.truth(Sample(scene, blur, index)) + SMALL,
                page=_page(shown, scene, level=blur + 1, focus=index + 1, left="truth"),
                alt=f"{scene_label(scene)}, blur level {blur + 1}, focus setting {index + 1}",
                size=size,
            )
            for index in focus
        ]
        rows.append(SheetRow(blur + 1, tuple(pictures)))
    return Sheet(
        label=scene_label(scene),
        image=places.given(scene, IMAGE) + SMALL,
        disparity=places.given(scene, DISPARITY) + SMALL,
        page=_page(shown, scene, left="input", right="truth"),
        focus=tuple(told.focus_disparities[index] for index in focus),
        rows=tuple(rows),
    )


def _page(shown: ShownBoard, scene: str, **view: str | int) -> str:
    return f"{page('samples', shown.slug)}#{urlencode({'scene': scene, **view})}"
