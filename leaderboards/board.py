"""A board: all that may be ranked together, one protocol on one rendering of a dataset, and what of it is whole.

A mean is there only when every sample that it is over is there. What the samples are is told by the protocol and the
dataset, not by the results, so that leaving something out can never move a number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product

from benchmark.protocols import ALEX_SHA256, PROTOCOLS, Protocol
from benchmark.rendering import RenderedScene, Rendering
from benchmark.reports.scene_scores import has_metric, scene_means
from benchmark.reports.uncertainty import Interval, interval
from benchmark.results import REGIONS, Result, SampleScore
from benchmark.samples import Sample
from bokeh_render.errors import BadInputError
from bokeh_render.schema import parse

from .entry import Entry
from .placing import DIGITS, as_shown, places

_LPIPS_WEIGHTS = "lpips_backbone_sha256"


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
        return frozenset(self.samples())

    def samples(
        self, *, scene: str | None = None, blur: int | None = None, corruption: int | None = None
    ) -> Sequence[Sample]:
        """Return the demanded samples in order: all, or of a scene, a blur level, a corrupted map."""
        return self._parts.get((scene, blur, corruption), ())

    @cached_property
    def _parts(self) -> dict[tuple[str | None, int | None, int | None], list[Sample]]:
        found: dict[tuple[str | None, int | None, int | None], list[Sample]] = {}
        for sample in self.rendering.samples(self.protocol):
            for part in product((None, sample.scene), (None, sample.blur), {None, sample.corruption}):
                found.setdefault(part, []).append(sample)
        return found

    @cached_property
    def _oldest_first(self) -> list[Entry]:
        every = (*self.entries.values(), *self.earlier)
        return sorted(every, key=lambda entry: (entry.result.created, entry.method, entry.result.method.revision))

    @cached_property
    def _scores(self) -> dict[int, dict[Sample, SampleScore]]:
        """Scores by sample, of each entry by its id: a run may hold two of one name and revision."""
        return {id(entry): {score.sample: score for score in entry.result.samples} for entry in self._oldest_first}

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

    @cached_property
    def regions(self) -> tuple[str, ...]:
        """The regions that any demanded sample has."""
        told = {region for sample in self.demanded for region in self._regions_of.get(sample, ())}
        return tuple(region for region in REGIONS if region in told)

    @cached_property
    def _regions_of(self) -> dict[Sample, frozenset[str]]:
        """The regions of each sample, as the oldest entry says that tells of any.

        Which ones are large enough to count follows from the truth, so that a later entry can neither add nor drop one.
        """
        found: dict[Sample, frozenset[str]] = {}
        for entry in self._oldest_first:
            for sample, score in self._scores[id(entry)].items():
                told = frozenset(REGIONS).intersection(score.regions)
                if told:
                    found.setdefault(sample, told)
        return found

    @cached_property
    def no_lpips(self) -> dict[str, str]:
        """Why methods have no LPIPS, by method; where weights are not pinned, those of the oldest entry count."""
        with_lpips = [entry for entry in self._oldest_first if _has_lpips(entry)]
        weights = self.protocol.lpips.backbone_sha256 or next(map(_lpips_weights, with_lpips), None)
        found = {}
        for method, entry in self.entries.items():
            if not _has_lpips(entry):
                found[method] = entry.result.unavailable.get("lpips", "it was not computed")
            elif _lpips_weights(entry) != weights:
                found[method] = "it was computed with other weights"
        return found

    def lacking(self, method: str, *, scene: str | None = None, blur: int | None = None) -> int:
        """Return how many samples of all, of a scene, or of a blur level a method has no score for."""
        present = self._scores[id(self.entries[method])]
        return sum(sample not in present for sample in self.samples(scene=scene, blur=blur))

    def is_whole(self, method: str) -> bool:
        """Return whether a method has a score for every sample; only then is it ranked."""
        return self.lacking(method) == 0

    @property
    def ranked(self) -> tuple[str, ...]:
        """The methods that are whole, best first."""
        return tuple(name for name in self.entries if self.is_whole(name))

    @cached_property
    def ranks(self) -> dict[str, int]:
        """The ranked methods' places by mean PSNR; those that show the same digits share one, as 1, 1, 3."""
        means = {method: self.score(method, "psnr") for method in self.ranked}
        shown = {method: -as_shown(mean.mean, DIGITS["psnr"]) for method, mean in means.items() if mean is not None}
        found = places(shown.values())
        return {method: found[value] for method, value in shown.items()}

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
        if metric == "lpips" and method in self.no_lpips:
            return None
        return self.score_of(self.entries[method], metric, scene=scene, blur=blur, corruption=corruption)

    def score_of(
        self,
        entry: Entry,
        metric: str,
        *,
        scene: str | None = None,
        blur: int | None = None,
        corruption: int | None = None,
    ) -> Interval | None:
        """Return the mean of an entry of this board, which may be an earlier revision; otherwise as :meth:`score`."""
        demanded, given = self.samples(scene=scene, blur=blur, corruption=corruption), self._scores[id(entry)]
        region, _, _ = metric.rpartition("_")
        over = [sample for sample in demanded if region in self._regions_of.get(sample, ())] if region else demanded
        if not over or any(sample not in given for sample in demanded):
            return None
        if region and any(region not in given[sample].regions for sample in over):
            return None
        result = entry.result.model_copy(update={"samples": tuple(given[sample] for sample in over)})  # no summary
        if not has_metric(result, metric):
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


def _has_lpips(entry: Entry) -> bool:
    return all(score.metrics.lpips is not None for score in entry.result.samples)


def _lpips_weights(entry: Entry) -> str:
    return entry.result.environment.get(_LPIPS_WEIGHTS, ALEX_SHA256)


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
        protocol = _protocol_of(members[0].result)
        rendering = renderings.get(files) or told_by([entry.result for entry in members], protocol)
        found.append(_board(members, protocol, rendering))
    return sorted(found, key=lambda board: (board.protocol.name, board.rendering.name, board.rendering.files_sha256))


def _protocol_of(result: Result) -> Protocol:
    told = result.protocol
    found = PROTOCOLS.get(told.name) if told.definition is None else Protocol.model_validate(told.definition)
    if found is None or found.sha256 != told.sha256 or PROTOCOLS.get(found.name, found) != found:
        raise BadInputError(
            f"the result of {result.method.name} is under {told.name!r} with hash {told.sha256[:12]}…; expected one of "
            f"{', '.join(PROTOCOLS)} with its own hash, or a definition under a name of its own: evaluate again"
        )
    return found


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

    Sizes, blur and focus are not known from results: 1 px and 0 stand for them. Raises BadInputError when that makes
    no dataset.
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
    content = {
        "name": first.name,
        "version": first.version,
        "takes": protocol.takes,
        "recipe_sha256": first.recipe_sha256,
        "files_sha256": first.files_sha256,
        "scenes": scenes,
    }
    return parse(Rendering, content, f"results on {first.name} {first.version}")
