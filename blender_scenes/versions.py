"""All that differs between the Blenders we run in (3.4 to 5.x); everything else asks here and knows no version.

Where a feature can be seen it is asked for itself (``hasattr``); a version number decides only where the same name
means something else.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
import numpy as np

from .errors import UserError

OLDEST = (3, 4)
_WORKING_SPACE = "Linear Rec.709"

_OTHER_NAMES = {
    "Fac": "Factor",  # from 5.0
    "Specular IOR Level": "Specular",  # all of these before 4.0
    "Emission Color": "Emission",
    "Subsurface Weight": "Subsurface",
    "Transmission Weight": "Transmission",
    "Coat Weight": "Clearcoat",
    "Coat Roughness": "Clearcoat Roughness",
    "Sheen Weight": "Sheen",
}


def check_version() -> None:
    """Refuse a Blender older than :data:`OLDEST`."""
    if bpy.app.version[:2] < OLDEST:
        raise UserError(f"Blender {bpy.app.version_string} is too old; expected {'.'.join(map(str, OLDEST))} or later")


def of_newer_blender() -> str | None:
    """Return the version that saved the open file, if it is newer than this Blender."""
    saved = tuple(bpy.data.version[:2])
    return ".".join(map(str, saved)) if saved > bpy.app.version[:2] else None


def give_nodes(block: bpy.types.ID) -> Any:
    """Return the node tree of a material or world, made where Blender does not make it of itself (before 5.0)."""
    if not uses_nodes(block):
        block.use_nodes = True
    return block.node_tree


def uses_nodes(block: bpy.types.ID) -> bool:
    """Return whether a material or world is what its nodes say."""
    if bpy.app.version >= (5, 0):  # use_nodes is always true there, and reading it warns
        return block.node_tree is not None
    return bool(block.use_nodes)


def socket_named(sockets: Any, name: str | int) -> Any:
    """Return the socket of a node's ``inputs`` or ``outputs`` that Blender 4 calls ``name``, or that has an index."""
    if isinstance(name, int) or name in sockets:
        return sockets[name]
    return sockets[_OTHER_NAMES.get(name, name)]


def stop_sampling_as_lamp(material: bpy.types.Material) -> None:
    """Keep Cycles from sampling a glowing material as a lamp; it still shines."""
    if hasattr(material.cycles, "emission_sampling"):
        material.cycles.emission_sampling = "NONE"
    else:  # before 3.5
        material.cycles.sample_as_light = False


def shines(node: bpy.types.Node) -> bool:
    """Return whether a shader node gives off light."""
    if node.type in {"EMISSION", "BACKGROUND"}:
        colour, strength = node.inputs["Color"], node.inputs["Strength"]
    elif node.type == "BSDF_PRINCIPLED":
        colour, strength = socket_named(node.inputs, "Emission Color"), node.inputs["Emission Strength"]
    else:
        return False
    return (strength.is_linked or strength.default_value > 0) and (
        colour.is_linked or any(value > 0 for value in tuple(colour.default_value)[:3])
    )


def set_sampling(cycles: Any) -> None:
    """Choose the sampling pattern that is fastest: a tenth faster than blue noise, which only pleases the eye."""
    try:
        cycles.sampling_pattern = "TABULATED_SOBOL"
    except TypeError:  # before 3.5
        cycles.sampling_pattern = "SOBOL"


def switch_off(owner: Any, *names: str) -> None:
    """Set those of the named settings to false that this Blender has."""
    for name in names:
        if hasattr(owner, name):
            setattr(owner, name, False)


def write_multilayer_exr(settings: bpy.types.ImageFormatSettings) -> None:
    """Make the render result go into one multilayer EXR part of 32-bit floats."""
    if hasattr(settings, "media_type"):  # from 5.0
        settings.media_type = "MULTI_LAYER_IMAGE"
    settings.file_format = "OPEN_EXR_MULTILAYER"
    settings.color_depth = "32"
    settings.exr_codec = "ZIP"
    if hasattr(settings, "use_exr_interleave"):  # from 5.0, which writes one part per pass otherwise
        settings.use_exr_interleave = True


def has_compositor(scene: bpy.types.Scene) -> bool:
    """Return whether a scene has compositor nodes."""
    if hasattr(scene, "compositing_node_group"):  # from 5.0
        return scene.compositing_node_group is not None
    return bool(scene.use_nodes and scene.node_tree is not None)


def empty_compositor(scene: bpy.types.Scene) -> tuple[Any, Any]:
    """Give a scene a compositor without nodes; return its node tree, and the input whose picture is rendered."""
    if hasattr(scene, "compositing_node_group"):  # from 5.0
        tree = bpy.data.node_groups.new("Compositor", "CompositorNodeTree")
        tree.interface.new_socket("Image", in_out="OUTPUT", socket_type="NodeSocketColor")
        scene.compositing_node_group = tree
        return tree, tree.nodes.new("NodeGroupOutput").inputs["Image"]
    scene.use_nodes = True
    scene.node_tree.nodes.clear()
    return scene.node_tree, scene.node_tree.nodes.new("CompositorNodeComposite").inputs["Image"]


def composite_on_processor(render: bpy.types.RenderSettings) -> None:
    """Make the compositor compute on the processor with 32-bit floats, as it always does before 4.2."""
    if hasattr(render, "compositor_device"):
        render.compositor_device = "CPU"
        render.compositor_precision = "FULL"


def check_colour_space() -> None:
    """Refuse a file whose light is not in linear Rec.709 (a file of 5.0 or later may choose another)."""
    space = getattr(getattr(bpy.data, "colorspace", None), "working_space", _WORKING_SPACE)
    if space != _WORKING_SPACE:
        raise UserError(
            f"the file's working space is {space}; expected {_WORKING_SPACE}: set it under Scene > Color Management"
        )


def import_gltf(file: Path) -> None:
    """Import a glTF file into the open scene."""
    if bpy.app.version < (3, 5) and "bool" not in vars(np):  # its importer uses a name that numpy 1.24 dropped
        np.bool = bool  # type: ignore[attr-defined]
    bpy.ops.import_scene.gltf(filepath=str(file))
