"""May this entry be in a store? All that can be asked of one entry by itself, with the rendering it was scored on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from benchmark.protocols import ALEX_SHA256, PROTOCOLS, Protocol
from benchmark.rendering import Rendering
from benchmark.results import Result
from benchmark.samples import Sample

from .entry import Entry
from .entry_file import Filed
from .findings import Finding, Kind
from .plausibility import check_perfection, check_values
from .region_checks import check_regions

_CLOCKS_DIFFER = timedelta(minutes=10)
_TAKEN_NAMES = {"truth": "the ground truth", "input": "the input"}
_FOLDER_PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")
_SHOWN = 4


def check_entry(filed: Filed, renderings: Mapping[str, Rendering], now: datetime) -> list[Finding]:
    """Return all that is wrong with one entry. renderings: those that the store knows, by files_sha256; now: UTC."""
    result = filed.entry.result
    protocol = PROTOCOLS.get(result.protocol.name)
    rendering = renderings.get(result.dataset.files_sha256)
    found = [
        *_check_method(result),
        *_check_times(filed.entry, now),
        *_check_protocol(result, protocol),
        *_check_rendering_of(result, rendering),
    ]
    if protocol is not None:
        found += [*_check_metrics(result, protocol), *check_values(result, protocol)]
    if protocol is not None and rendering is not None:
        found += [
            *_check_samples(result, protocol, rendering),
            *check_regions(result, protocol, rendering),
            *check_perfection(result, protocol, rendering),
        ]
    return [Finding(kind, filed.file, sentence) for kind, sentence in found]


def check_rendering(file: str, rendering: Rendering) -> Iterator[Finding]:
    """Yield what keeps a dataset's name or version from naming a folder."""
    for what, text in (("name", rendering.name), ("version", rendering.version)):
        if not _FOLDER_PART.fullmatch(text):
            yield Finding(
                Kind.NAME,
                file,
                f"the dataset's {what} {text!r} cannot be part of a folder's name; expected letters, digits, . _ + and "
                "-, the first of them a letter or digit: generate the dataset under another",
            )


def _check_method(result: Result) -> Iterator[tuple[Kind, str]]:
    method = result.method
    taken = _TAKEN_NAMES.get(method.name.casefold())
    if taken is not None:
        yield (
            Kind.METHOD,
            f"the method's name {method.name!r} is what pages call {taken}; expected a name of its own: evaluate under "
            "another",
        )
    if method.revision.startswith("."):
        yield (
            Kind.METHOD,
            f"the method's revision {method.revision!r} begins with a dot, as hidden files do; expected a letter, a "
            "digit, _ + or - first: evaluate under another revision",
        )
    if not method.revision:
        yield (
            Kind.METHOD,
            "the method's revision is empty; expected one, as a later result would be taken for this one: evaluate "
            "with a revision",
        )
    if not method.description.strip():
        yield (
            Kind.METHOD,
            "the method's description is empty; expected a line that tells readers what it is: evaluate with one",
        )
    for what, address in (("paper", method.metadata.paper), ("code", method.metadata.code)):
        if address is not None and not address.startswith(("https://", "http://")):
            yield (
                Kind.METHOD,
                f"metadata.{what} is {address!r}; expected an address that pages can link to: begin it with https://",
            )


def _check_times(entry: Entry, now: datetime) -> Iterator[tuple[Kind, str]]:
    made = entry.result.created
    times = [("the result was made", made), *(("a verification is of", one.created) for one in entry.verifications)]
    for told, when in times:
        if when > now + _CLOCKS_DIFFER:
            yield (
                Kind.TIME,
                f"{told} {when:%Y-%m-%d %H:%M %Z}, in the future; expected a time that has been, as the newest "
                "revision is the one that is ranked: set the clock and evaluate again",
            )
    if any(one.created < made for one in entry.verifications):
        yield (
            Kind.TIME,
            "a verification is older than the result; expected it later: verify this entry with bokehbench leaderboard "
            "verify",
        )


def _check_protocol(result: Result, protocol: Protocol | None) -> Iterator[tuple[Kind, str]]:
    told = result.protocol
    if protocol is None:
        yield (
            Kind.PROTOCOL,
            f"unknown protocol {told.name!r}; expected a published one, {', '.join(PROTOCOLS)}: evaluate under one of "
            "them",
        )
    elif told.sha256 != protocol.sha256:
        yield (
            Kind.PROTOCOL,
            f"the hash of {told.name} is {told.sha256[:12]}…; expected {protocol.sha256[:12]}…, as a published "
            "protocol never changes: evaluate under it",
        )


def _check_rendering_of(result: Result, rendering: Rendering | None) -> Iterator[tuple[Kind, str]]:
    told = result.dataset
    if rendering is None:
        yield (
            Kind.RENDERING,
            f"unknown rendering {told.files_sha256[:12]}… of {told.name!r} {told.version!r}; expected one that the "
            "store describes below datasets/: let bokehbench submit describe it, by --dataset",
        )
        return
    maps = dict(enumerate(next(iter(rendering.scenes.values())).corruptions))
    asked: dict[str, tuple[object, object]] = {
        "name": (told.name, rendering.name),
        "version": (told.version, rendering.version),
        "recipe_sha256": (told.recipe_sha256, rendering.recipe_sha256),
        "noise_floor": (
            told.noise_floor,
            {name: scene.noise_floor for name, scene in rendering.scenes.items() if scene.noise_floor},
        ),
        "corruptions": (told.corruptions or maps, maps),
    }
    for what, (found, expected) in asked.items():
        if found != expected:
            yield (
                Kind.RENDERING,
                f"the dataset's {what} is {found!r:.80}; expected {expected!r:.80}, which belongs to the rendering "
                f"{told.files_sha256[:12]}…: evaluate on the dataset as it was generated",
            )


def _check_samples(result: Result, protocol: Protocol, rendering: Rendering) -> Iterator[tuple[Kind, str]]:
    """Yield which samples, or whole scenes, are missing from what protocol and rendering demand, or too many."""
    if rendering.takes != protocol.takes:
        yield (
            Kind.SAMPLES,
            f"{rendering.name} holds {rendering.takes} and {protocol.name} scores {protocol.takes}; expected both of "
            "one kind: evaluate under another protocol",
        )
        return
    demanded = rendering.samples(protocol)
    present = {score.sample for score in result.samples}
    missing = [sample for sample in demanded if sample not in present]
    extra = sorted(present - set(demanded), key=str)
    if missing:
        yield (
            Kind.SAMPLES,
            f"{len(missing)} of {len(demanded)} samples are missing: {_in_words(missing, present)}; expected a score "
            "for each, as a mean over some cannot be compared: evaluate on the whole dataset",
        )
    if extra:
        yield (
            Kind.SAMPLES,
            f"{len(extra)} sample(s) too many: {_in_words(extra, demanded)}; expected what {protocol.name} demands of "
            "this rendering and no more: evaluate again",
        )


def _in_words(samples: Sequence[Sample], others: Iterable[Sample]) -> str:
    """Return whole scenes by name, then single samples; a scene is whole when none of it is among the others."""
    partly = {sample.scene for sample in others}
    scenes = [f"all of {name}" for name in dict.fromkeys(one.scene for one in samples) if name not in partly]
    told = scenes + [str(one) for one in samples if one.scene in partly]
    more = f" and {len(told) - _SHOWN} more" if len(told) > _SHOWN else ""
    return ", ".join(told[:_SHOWN]) + more


def _check_metrics(result: Result, protocol: Protocol) -> Iterator[tuple[Kind, str]]:
    count = len(result.samples)
    without = sum(score.metrics.lpips is None for score in result.samples)
    if without:
        why = result.unavailable.get("lpips", "no reason is given")
        yield (
            Kind.METRICS,
            f"LPIPS is missing at {without} of {count} samples ({why}); expected every metric of the protocol: get the "
            "weights, and evaluate again",
        )
    there = [name for name in result.unavailable if not without or name != "lpips"]
    if there:
        yield (
            Kind.METRICS,
            f"{there[0]!r:.40} is told to be unavailable and is there, or is no metric; expected reasons for missing "
            "metrics alone: hand in the result as evaluate wrote it",
        )
    weights, expected = result.environment.get("lpips_backbone_sha256", ALEX_SHA256), protocol.lpips.backbone_sha256
    if not without and weights != expected:
        yield (
            Kind.METRICS,
            f"LPIPS was computed with the weights {weights[:12]}…; expected the protocol's, {str(expected)[:12]}…: "
            "evaluate with those",
        )
    untold = sum(score.truth_sha256 is None for score in result.samples)
    if untold:
        yield (
            Kind.METRICS,
            f"{untold} of {count} samples do not tell by truth_sha256 what they were compared with; expected the hash "
            "of each truth: evaluate again with this version",
        )
