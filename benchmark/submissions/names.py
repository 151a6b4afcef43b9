"""Which file is whose prediction: names held against the samples that a dataset demands, near misses told as such."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from pathlib import PurePosixPath
from typing import NamedTuple

from ..protocols import Protocol
from ..samples import Sample
from .problems import Kind, Problem, problem, shown

_NAME = re.compile(
    r"(?:(?P<scene>.+?)[-_ ]?)?bokeh[-_ ]?(?P<blur>[0-9]{1,4})[-_ ,](?P<focus>[0-9]{1,4})(?P<rest>.*)", re.I
)
_MAP = re.compile(r"corrupt(?:ed|ion)?[-_ ]?([0-9]{1,4})", re.I)
_JPEG = (".jpg", ".jpeg")


class Names(NamedTuple):
    """Which file holds which sample's prediction, and what is wrong with the names."""

    files: dict[Sample, PurePosixPath]
    problems: list[Problem]


class _Meant(NamedTuple):
    """A file whose name is nearly a sample's. how: what is wrong with it, in words."""

    name: PurePosixPath
    how: str


def match_names(
    names: Iterable[PurePosixPath],
    samples: Sequence[Sample],
    protocol: Protocol,
    links: Collection[PurePosixPath] = (),
) -> Names:
    """Match ``<scene>/bokeh_KK_FF.<suffix>`` (or ``<scene>/corrupted_MM/bokeh_KK_FF.…``) to the samples, exactly.

    Whatever is missing, extra or doubled is a problem; so is a name that is only nearly right, told with the right one.
    links: those of the names that are links to folders; samples that would lie in one are not told again as missing.
    """
    wanted = {str(sample): sample for sample in samples}
    exact: dict[Sample, list[PurePosixPath]] = defaultdict(list)
    meant: dict[Sample, list[_Meant]] = defaultdict(list)
    strange: list[PurePosixPath] = []
    guess = _Guess(samples)
    names = sorted(set(names).difference(links))
    moved = _numbered_from_one(names, samples, guess, protocol)
    if moved is not None:
        others = [guess.stray(name, protocol) for name in names if name not in moved.names]
        return Names({}, [moved.problem, *map(_link, sorted(links)), *others])
    for name in names:
        sample = wanted.get(str(name.with_suffix(""))) if name.suffix else None
        if sample is not None and name.suffix in protocol.prediction_suffixes:
            exact[sample].append(name)
        elif (near := guess.sample(name)) is not None:
            meant[near].append(_Meant(name, _what_is_wrong(name, near, protocol)))
        else:
            strange.append(name)
    problems = [_link(name) for name in sorted(links)]
    files: dict[Sample, PurePosixPath] = {}
    for sample in samples:
        if not (exact[sample] or meant[sample]) and any(
            folder in links for folder in PurePosixPath(str(sample)).parents
        ):
            continue
        if exact[sample]:
            files[sample] = exact[sample][0]
        problems += _judge(sample, exact[sample], meant[sample], protocol)
    problems += [guess.stray(name, protocol) for name in strange]
    return Names(files, problems)


class _Moved(NamedTuple):
    """Predictions that are all numbered one too high, and the one problem that it is."""

    names: frozenset[PurePosixPath]
    problem: Problem


def _numbered_from_one(
    names: Sequence[PurePosixPath], samples: Sequence[Sample], guess: _Guess, protocol: Protocol
) -> _Moved | None:
    """Return which files are numbered from 01 where 00 is expected; None unless every sample then has just one file."""
    told = {name: found for name in names if (found := guess.told(name)) is not None}
    told = {name: found for name, found in told.items() if name.suffix.lower() in protocol.prediction_suffixes}
    if len(told) != len(samples) or set(told.values()) == set(samples):
        return None
    for what, blur, focus in (
        ("blur levels and focus settings", 1, 1),
        ("blur levels", 1, 0),
        ("focus settings", 0, 1),
    ):
        meant = {one._replace(blur=one.blur - blur, focus=one.focus - focus): name for name, one in told.items()}
        if meant.keys() == set(samples):
            first = min(meant)
            return _Moved(
                frozenset(told),
                problem(
                    Kind.MISNAMED,
                    f"{what}: all are numbered from 01; expected from 00: rename each by −1, lowest first "
                    f"({shown(meant[first])} becomes {first}{meant[first].suffix.lower()})",
                ),
            )
    return None


def _link(name: PurePosixPath) -> Problem:
    return problem(
        Kind.EXTRA, f"{shown(name)} is a link; links are not followed: put the files themselves there", file=name
    )


def _judge(
    sample: Sample, exact: Sequence[PurePosixPath], meant: Sequence[_Meant], protocol: Protocol
) -> Iterable[Problem]:
    """Yield what is wrong with the files of one sample."""
    first = protocol.prediction_suffixes[0]
    suffixes = ", ".join(protocol.prediction_suffixes)
    usable = [one for one in meant if one.name.suffix.lower() in protocol.prediction_suffixes]
    together = [*exact, *(one.name for one in usable)]
    if not together and not meant:
        yield problem(
            Kind.MISSING,
            f"{sample}{first} is not there; expected one file for each sample, ending in one of {suffixes}: add it",
            sample=sample,
        )
    if len(together) > 1:
        yield problem(
            Kind.DOUBLED,
            f"{' and '.join(shown(name) for name in together)} stand for the same sample; expected one file: "
            f"keep one, named {sample}{together[0].suffix.lower()}",
            sample=sample,
        )
    elif usable:
        name = usable[0].name
        yield problem(
            Kind.MISNAMED,
            f"{shown(name)} is nearly a sample's name ({usable[0].how}); expected {sample}{name.suffix.lower()}: "
            "rename it",
            sample=sample,
            file=name,
        )
    for one in meant:
        if one not in usable:
            kind, sentence = Kind.FORMAT, _format_sentence(one.name, suffixes)
            if together:
                kind = Kind.EXTRA
                sentence = (
                    f"{shown(one.name)} lies beside {shown(together[0])}; expected one file a sample: take it out"
                )
            yield problem(kind, sentence, sample=sample, file=one.name)


def _format_sentence(name: PurePosixPath, suffixes: str) -> str:
    if name.suffix.lower() in _JPEG:
        return (
            f"{shown(name)} is JPEG, which alone costs about 1 dB of 34 at quality 95, whatever the method; expected "
            f"one of {suffixes}: let the method write 16-bit PNG"
        )
    return (
        f"{shown(name)} has the suffix {shown(name.suffix) or '(none)'}; expected one of {suffixes}: write 16-bit PNG "
        "(display values), EXR or NPY (light)"
    )


def _what_is_wrong(name: PurePosixPath, sample: Sample, protocol: Protocol) -> str:
    stem = str(name.with_suffix(""))
    if name.suffix.lower() not in protocol.prediction_suffixes:
        return "another format"
    if stem.casefold() == str(sample).casefold():
        return "it differs in upper and lower case only"
    if len(name.parts) != len(PurePosixPath(str(sample)).parts):
        return "it lies in another folder"
    if (told := _NAME.fullmatch(name.stem)) and told["rest"]:
        return f"there is more in it: {shown(told['rest'])}"
    if name.stem != PurePosixPath(sample.name).name:
        return "two digits each, as in bokeh_00_00"
    return "the folder's name differs"


class _Guess:
    """Which sample a name was meant for, when it is not quite one of theirs."""

    def __init__(self, samples: Sequence[Sample]) -> None:
        self._samples = set(samples)
        scenes = {sample.scene for sample in samples}
        alike = Counter(map(_plain, scenes))
        self._scenes = {_plain(scene): scene for scene in scenes if alike[_plain(scene)] == 1}
        self._blurs = 1 + max((sample.blur for sample in samples), default=-1)
        self._focuses = 1 + max((sample.focus for sample in samples), default=-1)
        self._corrupted = any(sample.corruption is not None for sample in samples)

    def sample(self, name: PurePosixPath) -> Sample | None:
        """Return the sample that a name was meant for; None when it is nobody's."""
        meant = self.told(name)
        return meant if meant in self._samples else None

    def told(self, name: PurePosixPath) -> Sample | None:
        """Return the sample that a name tells, in a scene of the dataset, whether or not it is demanded."""
        told = _NAME.fullmatch(name.stem)
        if told is None:
            return None
        folders = list(name.parts[:-1])
        corruption = None
        if folders and (found := _MAP.fullmatch(folders[-1])):
            corruption = int(found[1])
            folders.pop()
        scene = self._scenes.get(_plain(folders[-1] if folders else told["scene"] or ""))
        if scene is None or (folders and told["scene"]):
            return None
        return Sample(scene, int(told["blur"]), int(told["focus"]), corruption)

    def stray(self, name: PurePosixPath, protocol: Protocol) -> Problem:
        """Return the problem that a file belongs to no sample."""
        place = "<scene>/corrupted_MM/bokeh_KK_FF" if self._corrupted else "<scene>/bokeh_KK_FF"
        return problem(
            Kind.EXTRA,
            f"{shown(name)} belongs to no sample{self._why(name)}; expected only {place} with one of "
            f"{', '.join(protocol.prediction_suffixes)}: take it out",
            file=name,
        )

    def _why(self, name: PurePosixPath) -> str:
        told = _NAME.fullmatch(name.stem)
        if told is None or not name.parts[:-1]:
            return ""
        blur, focus = int(told["blur"]), int(told["focus"])
        maps = [found for part in name.parts[:-1] if (found := _MAP.fullmatch(part))]
        if bool(maps) != self._corrupted:
            return " (it is for corrupted maps)" if maps else " (the protocol gives corrupted maps: corrupted_MM/)"
        if blur >= self._blurs or focus >= self._focuses:
            return (
                f" (blur levels are numbered 00 to {self._blurs - 1:02d}, focus settings 00 to {self._focuses - 1:02d})"
            )
        if _plain(name.parts[0]) not in self._scenes:
            return " (the dataset has no such scene)"
        return ""


def _plain(text: str) -> str:
    """Return a scene's name without what people change in names."""
    return re.sub(r"[-_ ]+", "", text).casefold()
