"""What shows only over all predictions: sent in another form, turned, scenes or samples exchanged."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from bokeh_render.optics import DISPLAY_GAMMA, Float32

from ..samples import Sample
from .likeness import Change, Exchange, Look, Reordering, TruthLook, best_order, psnr_table
from .likeness_rules import SceneLikeness, copied, own_likeness
from .problems import Kind, Problem, problem
from .slips import slips_of_all

_FAR_NEARER_DB, _NEARLY_ALL = 3.0, 0.9  # undoing a change brings this much on average, and something nearly everywhere
_BEYOND_EXPOSURE_DB = 1.0
_NOTABLE_DB = 0.1
_NAMED_ORDER_DB, _MOST = 0.5, 0.75  # undoing a known exchange brings this much, to most of what it moves
_ANY_ORDER_DB, _EXPLAINED, _MAJORITY = 3.0, 0.75, 0.5
_LEAST_SHARE_LOOKED_AT = 0.5

_FAMILIES: tuple[tuple[Kind, tuple[Change, ...]], ...] = (
    (Kind.TRANSFER, (Change.LIGHT_SENT, Change.DISPLAY_SENT)),
    (Kind.COLOURS, (Change.BGR,)),
    (Kind.TURNED, (Change.UPSIDE_DOWN, Change.MIRRORED, Change.HALF_TURN)),
)
_REMEDIES = {
    Change.BGR: "exchange the channels before saving: image[..., ::-1]",
    Change.UPSIDE_DOWN: "turn them over before saving: image[::-1]",
    Change.MIRRORED: "mirror them before saving: image[:, ::-1]",
    Change.HALF_TURN: "turn them before saving: image[::-1, ::-1]",
}


class SubmissionLikeness:
    """Judges what shows only over all samples. Give it every scene, then ask.

    count: how many samples there are; of fewer than half of them nothing is concluded; gamma: the protocol's.
    """

    def __init__(self, count: int, gamma: float = DISPLAY_GAMMA) -> None:
        self._count, self._gamma = count, gamma
        self._slips: list[Float32] = []
        self._undone: dict[Change, list[float]] = defaultdict(list)
        self._exposed: list[float] = []
        self._suffixes: list[str] = []
        self._orders: list[Reordering] = []
        self._digests: dict[bytes, Sample] = {}
        self._scenes: dict[str, tuple[Float32, Float32]] = {}

    def add(
        self,
        truths: Sequence[TruthLook],
        looks: Sequence[Look],
        suffixes: Mapping[Sample, str],
        *,
        allow_identity: bool,
    ) -> list[Problem]:
        """Take in a scene's predictions and return what is wrong with them by themselves."""
        by_key = {truth.key: truth for truth in truths}
        problems = [
            found
            for look in looks
            for found in own_likeness(look, by_key[look.sample.truth], allow_identity=allow_identity)
        ]
        if not looks:
            return problems
        within, orders = SceneLikeness(truths, looks).judge()
        self._orders += orders
        problems += within
        for look in looks:
            self._exposed.append(look.exposed)
            self._slips.append(look.slips)
            self._suffixes.append(suffixes[look.sample])
            for change, gain in look.undone.items():
                self._undone[change].append(gain)
            other = self._digests.setdefault(look.digest, look.sample)
            if other.scene != look.sample.scene and not (look.equals_input or look.equals_truth):
                problems.append(copied(look.sample, other))
        self._scenes[looks[0].sample.scene] = (
            np.mean([look.thumbnail for look in looks], axis=0),
            np.mean([by_key[look.sample.truth].thumbnail for look in looks], axis=0),
        )
        return problems

    def judge(self) -> list[Problem]:
        """Return what was done to the whole submission; once its form is wrong, its order is not asked for."""
        if len(self._exposed) < _LEAST_SHARE_LOOKED_AT * self._count or not self._exposed:
            return []
        changed = [found for kind, changes in _FAMILIES if (found := self._changed(kind, changes)) is not None]
        return (
            changed
            or list(self._scenes_exchanged())
            or list(self._samples_exchanged())
            or list(slips_of_all(self._slips, self._gamma))
        )

    def _changed(self, kind: Kind, changes: Sequence[Change]) -> Problem | None:
        change = max(changes, key=lambda one: float(np.mean(self._undone[one])))
        gains = np.array(self._undone[change])
        mean = float(gains.mean())
        if mean < _FAR_NEARER_DB or float(np.mean(gains > 0)) < _NEARLY_ALL:
            return None
        if kind is Kind.TRANSFER and mean - float(np.mean(self._exposed)) < _BEYOND_EXPOSURE_DB:
            return None
        nearer = f"it brings them {mean:.1f} dB nearer to the truth, {np.mean(gains > 0):.0%} of them"
        if kind is Kind.TRANSFER:
            return problem(kind, f"{self._transfer(change)} ({nearer})")
        what = f"saved as {change}" if kind is Kind.COLOURS else change
        return problem(
            kind, f"the predictions look {what}; expected them as the input is: {_REMEDIES[change]} ({nearer})"
        )

    def _transfer(self, change: Change) -> str:
        png = sum(suffix == ".png" for suffix in self._suffixes) * 2 >= len(self._suffixes)
        if png and change is Change.LIGHT_SENT:
            return "the PNG look like linear light; expected display values: save light ** (1 / 2.2)"
        if png:
            return "the PNG look brightened twice; expected display values, light ** (1 / 2.2): apply the exponent once"
        if change is Change.DISPLAY_SENT:
            return "the EXR or NPY look like display values; expected light: save display ** 2.2, or display as PNG"
        return "the EXR or NPY look darkened twice; expected light, display ** 2.2: apply the exponent once"

    def _scenes_exchanged(self) -> Iterator[Problem]:
        by_shape: dict[tuple[int, ...], list[str]] = defaultdict(list)
        for scene, (image, _) in self._scenes.items():
            by_shape[image.shape].append(scene)
        for scenes in by_shape.values():
            table = psnr_table([self._scenes[one][0] for one in scenes], [self._scenes[one][1] for one in scenes])
            for index, other in enumerate(best_order(table)):
                gain = table[index, other] - table[index, index]
                if gain >= _FAR_NEARER_DB:
                    yield problem(
                        Kind.SCENES,
                        f"the predictions for {scenes[index]} are {gain:.1f} dB nearer to the scene {scenes[other]}; "
                        "expected each scene in the folder of its name: rename the folders",
                    )

    def _samples_exchanged(self) -> Iterator[Problem]:
        gains = np.concatenate([order.best for order in self._orders])
        best, nearer = float(gains.mean()), float(np.mean(gains > _NOTABLE_DB))
        exchange, gain = max(((one, self._named(one)) for one in Exchange), key=lambda pair: pair[1])
        ends = "expected bokeh_KK_FF with blur level KK and focus setting FF: number them again"
        if gain > 0 and gain >= _EXPLAINED * best:
            hint = ", or the disparity was turned round (near must be large)" if "focus" in exchange else ""
            yield problem(
                Kind.ORDER,
                f"the predictions look numbered with {exchange} (undone, they are {gain:.1f} dB nearer to the truths)"
                f"{hint}; {ends}",
            )
        elif gain > 0 or self._in_another_order():
            yield problem(
                Kind.ORDER,
                f"{nearer:.0%} of the predictions are nearer to another sample's truth of their scene than to their "
                f"own ({best:.1f} dB in the mean); {ends}",
            )

    def _in_another_order(self) -> bool:
        """Whether another order of each scene's samples brings most of what any choice of truths does, to nearly all.

        Too much or too little blur, or a wrong focus, is nearer to other truths too; but not one by one to all.
        """
        gains = np.concatenate([order.best for order in self._orders])
        moved = np.concatenate([order.best_moved for order in self._orders])
        nearest = np.concatenate([order.nearest for order in self._orders])
        return (
            float(gains.mean()) >= max(_ANY_ORDER_DB, _EXPLAINED * float(nearest.mean()))
            and float(moved.mean()) > _MAJORITY
            and float(np.mean(gains[moved] > _NOTABLE_DB)) >= _NEARLY_ALL
        )

    def _named(self, exchange: Exchange) -> float:
        """Return the mean gain in dB of undoing a known exchange; 0 unless most of what it moves gains by it.

        What is merely blurred too much or too little gains at one end of the order and loses at the other.
        """
        known = [order for order in self._orders if exchange in order.named]
        if not known:
            return 0.0
        moved = np.concatenate([order.named_moved[exchange] for order in known])
        gains = np.concatenate([order.named[exchange] for order in known])
        if not moved.any() or float(np.mean(gains[moved] > _NOTABLE_DB)) < _MOST:
            return 0.0
        return float(gains.mean()) if float(gains[moved].mean()) >= _NAMED_ORDER_DB else 0.0
