"""A board: all that may be ranked together, one protocol on one rendering of a dataset, and what of it is whole.

A mean is there only when every sample that it is over is there. What the samples are is told by the protocol and the
dataset, not by the results, so that leaving something out can never move a number.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from benchmark.protocols import Protocol, load_protocol
from benchmark.rendering import RenderedScene, Rendering
from benchmark.reports.scene_scores import has_metric, scene_means
from benchmark.reports.uncertainty import Interval, interval
from benchmark.results import Result, SampleScore
from benchmark.samples import Sample

from .entry import Entry


@dataclass(frozen=True)
class Board:
    """Entries that share protocol and rendering.

    entries: by the method's name, its newest revision; whole ones first, the highest PSNR first, then the others by
    name; earlier: older revisions, the newest first.
    """

    protocol: Protocol
    rendering: Rendering
    entries: dict[str, Entry]
    earlier: tuple[Entry, ...] = ()

    @property
    def key(self) -> tuple[str, str]:
        """Name of the protocol, and the dataset's files_sha256."""
        return self.protocol.name, self.rendering.files_sha256

    @cached_property
    def demanded(self) -> frozenset[Sample]:
        """Every sample that an entry has to have."""
        return frozenset(self.rendering.samples(self.protocol))

    @cached_property
    def _present(self) -> dict[str, frozenset[Sample]]:
        return {name: frozenset(score.sample for score in entry.result.samples) for name, entry in self.entries.items()}

    @property
    def scenes(self) -> tuple[str, ...]:
        """The scenes, in the dataset's order."""
        return tuple(self.rendering.scenes)

    @cached_property
    def blurs(self) -> tuple[int, ...]:
        """The blur levels that are demanded, the weakest first."""
        return tuple(sorted({sample.blur for sample in self.demanded}))

    @cached_property
    def corruptions(self) -> dict[int, str]:
        """What each corrupted disparity map is, by index; empty where the clean one is given."""
        found = sorted({sample.corruption for sample in self.demanded if sample.corruption is not None})
        names = next(iter(self.rendering.scenes.values())).corruptions
        return {index: names[index] for index in found}

    def lacking(self, method: str, *, scene: str | None = None, blur: int | None = None) -> int:
        """Return how many samples of all, of a scene, or of a blur level a method has no score for."""
        wanted = (sample for sample in self.demanded if scene in (None, sample.scene) and blur in (None, sample.blur))
        return sum(sample not in self._present[method] for sample in wanted)

    def is_whole(self, method: str) -> bool:
        """Return whether a method has a score for every sample; only then is it ranked."""
        return self.lacking(method) == 0

    @property
    def ranked(self) -> tuple[str, ...]:
        """The methods that are whole, best first."""
        return tuple(name for name in self.entries if self.is_whole(name))

    def score(
        self,
        method: str,
        metric: str,
        *,
        scene: str | None = None,
        blur: int | None = None,
        corruption: int | None = None,
    ) -> Interval | None:
        """Return a method's mean, with its interval over scenes; None where any sample that it is over is missing.

        metric: ``psnr``, ``ssim``, ``lpips``, or of a region, such as ``boundary_psnr``; scene: that scene alone, a
        mean without interval; blur, corruption: that level or map alone. None too where the metric was not computed.
        """
        result = self._cut(self.entries[method].result, scene, blur, corruption)
        demanded = self._matching(scene, blur, corruption)
        if result is None or not demanded <= self._present[method] or not has_metric(result, metric):
            return None
        if scene is None:
            return interval(result, metric)
        return Interval(scene_means(result, metric)[scene], None, None, 1, "one scene only")

    def noise_floor(self, *, scene: str | None = None, blur: int | None = None) -> float | None:
        """Return the mean PSNR in dB that a perfect prediction would get; None where it was not measured everywhere."""
        scenes = self.scenes if scene is None else (scene,)
        blurs = self.blurs if blur is None else (blur,)
        floors = [self.rendering.scenes[one].noise_floor.get(level) for one in scenes for level in blurs]
        known = [floor for floor in floors if floor is not None]
        return sum(known) / len(known) if known and len(known) == len(floors) else None

    def _matching(self, scene: str | None, blur: int | None, corruption: int | None) -> frozenset[Sample]:
        return frozenset(sample for sample in self.demanded if _matches(sample, scene, blur, corruption))

    def _cut(self, result: Result, scene: str | None, blur: int | None, corruption: int | None) -> Result | None:
        """Return a result of some samples alone, whose summary is not theirs; None where there are none of them."""
        kept: tuple[SampleScore, ...] = tuple(
            score
            for score in result.samples
            if score.sample in self.demanded and _matches(score.sample, scene, blur, corruption)
        )
        return result.model_copy(update={"samples": kept}) if kept else None

    def only(self, methods: Iterable[str]) -> Board:
        """Return the same board with these methods alone."""
        kept = set(methods)
        return replace(self, entries={name: entry for name, entry in self.entries.items() if name in kept})


def _matches(sample: Sample, scene: str | None, blur: int | None, corruption: int | None) -> bool:
    return scene in (None, sample.scene) and blur in (None, sample.blur) and corruption in (None, sample.corruption)


def boards(entries: Sequence[Entry], renderings: Mapping[str, Rendering]) -> list[Board]:
    """Return the boards that entries make, by protocol, then dataset. renderings: by files_sha256.

    Where a rendering is not told (results of a run, outside a store), it is what all of its results together hold.
    """
    groups: dict[tuple[str, str, str], list[Entry]] = {}
    for entry in entries:
        result = entry.result
        groups.setdefault((result.protocol.name, result.protocol.sha256, result.dataset.files_sha256), []).append(entry)
    found = []
    for (_, _, files), members in sorted(groups.items()):
        told = members[0].result.protocol
        protocol = load_protocol(told.name) if told.definition is None else Protocol.model_validate(told.definition)
        rendering = renderings.get(files) or told_by([entry.result for entry in members], protocol)
        found.append(_board(members, protocol, rendering))
    return sorted(found, key=lambda board: (board.protocol.name, board.rendering.name, board.rendering.files_sha256))


def _board(entries: Sequence[Entry], protocol: Protocol, rendering: Rendering) -> Board:
    newest_first = sorted(entries, key=lambda entry: entry.result.created, reverse=True)
    newest: dict[str, Entry] = {}
    earlier = [entry for entry in newest_first if newest.setdefault(entry.method, entry) is not entry]
    board = Board(protocol, rendering, dict(sorted(newest.items())), tuple(earlier))

    def order(name: str) -> tuple[bool, float, str]:
        mean = board.score(name, "psnr")
        return (mean is None, 0.0 if mean is None else -mean.mean, name)

    return replace(board, entries={name: newest[name] for name in sorted(newest, key=order)})


def told_by(results: Sequence[Result], protocol: Protocol) -> Rendering:
    """Return what results tell of the dataset they are of: the union of their samples.

    Sizes, blur and focus are not known from results: 1 px and 0 stand for them.
    """
    first = results[0].dataset
    keys = {score.sample for result in results for score in result.samples}
    scenes = {}
    for name in sorted({key.scene for key in keys}):
        own = [key for key in keys if key.scene == name]
        scenes[name] = RenderedScene(
            size_px=(1, 1),
            blur_parameters=(0.0,) * (1 + max(key.blur for key in own)),
            focus_disparities=(0.0,) * (1 + max(key.focus for key in own)),
            noise_floor=first.noise_floor.get(name, {}),
            corruptions=tuple(first.corruptions.values()),
        )
    return Rendering(
        name=first.name,
        version=first.version,
        takes=protocol.takes,
        recipe_sha256=first.recipe_sha256,
        files_sha256=first.files_sha256,
        scenes=scenes,
    )
