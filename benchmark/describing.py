"""What a result says about its method, its dataset and its protocol."""

from __future__ import annotations

from bokeh_render.errors import BadInputError
from bokeh_render.schema import parse
from generator.stack import Corruption

from .dataset import Dataset
from .methods.command import CommandMethod
from .methods.interface import BatchMethod, Method, metadata_of
from .methods.source import source_sha256
from .protocols import Protocol
from .rendering import RenderedScene, Rendering
from .results import DatasetReference, MethodReference, ProtocolReference
from .submissions.submission import SubmissionRecord


def describe_method(method: Method | BatchMethod) -> MethodReference:
    """Return what a result says about a method; raises BadInputError when name or revision cannot name a file."""
    content = {
        "name": method.name,
        "revision": method.revision,
        "description": method.description,
        "entered_as": "command" if isinstance(method, CommandMethod) else "python",
        "source_sha256": source_sha256(method),
        "metadata": metadata_of(method).model_dump(),
    }
    return parse(MethodReference, content, f"method {method.name}")


def describe_predictions(given: MethodReference, told: SubmissionRecord | None) -> MethodReference:
    """Fill in what the caller left empty from what the author of predictions says of them.

    Raises BadInputError when they were made by a method of another name.
    """
    told = told or SubmissionRecord()
    if told.method is not None and told.method != given.name:
        raise BadInputError(
            f"submission.json says that the predictions are of {told.method!r}, and they are to be scored as "
            f"{given.name!r}; expected one name: give that one, or correct the file"
        )
    content = {
        "name": given.name,
        "revision": given.revision or told.revision or "1",
        "description": given.description or told.description or "predictions made elsewhere",
        "entered_as": "predictions",
        "metadata": told.metadata.model_dump(),
    }
    return parse(MethodReference, content, "submission.json")


def describe_protocol(protocol: Protocol) -> ProtocolReference:
    """Return a protocol's name and hash, and its whole definition."""
    return ProtocolReference(name=protocol.name, sha256=protocol.sha256, definition=protocol.model_dump(mode="json"))


def describe_dataset(dataset: Dataset, protocol: Protocol) -> DatasetReference:
    """Return which dataset it is, with what readers of scores need of it.

    Raises BadInputError when the protocol is for another kind of dataset.
    """
    dataset.samples(protocol)
    first = next(iter(dataset.scenes))
    maps = dataset.scene(first).corruptions if protocol.disparity == "corrupted" else ()
    return DatasetReference(
        name=dataset.name,
        version=dataset.version,
        recipe_sha256=dataset.recipe_sha256,
        files_sha256=dataset.files_sha256,
        noise_floor={scene: floor for scene in dataset.scenes if (floor := dataset.noise_floor(scene))},
        corruptions={index: _in_words(one) for index, one in enumerate(maps)},
    )


def describe_rendering(dataset: Dataset) -> Rendering:
    """Return what a dataset consists of, for those who have not got its files; reads every scene's image and depth."""
    scenes = {}
    for name in dataset.scenes:
        scene = dataset.scene(name)
        scenes[name] = RenderedScene(
            size_px=scene.size,
            blur_parameters=scene.blur_parameters,
            focus_disparities=scene.focus_disparities,
            noise_floor=dataset.noise_floor(name),
            corruptions=tuple(_in_words(one) for one in scene.corruptions),
        )
    content = {
        "name": dataset.name,
        "version": dataset.version,
        "takes": dataset.kind,
        "recipe_sha256": dataset.recipe_sha256,
        "files_sha256": dataset.files_sha256,
        "scenes": scenes,
    }
    return parse(Rendering, content, str(dataset.root))


def _in_words(corruption: Corruption) -> str:
    return f"{corruption.kind} {corruption.size_px:g} px"
