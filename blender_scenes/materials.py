"""Materials as shader nodes: nothing is downloaded, every texture is procedural.

Colours are linear RGB reflectances in [0, 1]. Textures use object coordinates (metres), so that size means size;
``per_object`` variation follows Blender's per-object random number, which depends only on the object's name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import bpy

from . import versions

Colour = tuple[float, float, float]
Stops = Sequence[tuple[float, Colour]]


def dimmed(colour: Colour, factor: float) -> Colour:
    """Return a colour scaled in all channels."""
    return (factor * colour[0], factor * colour[1], factor * colour[2])


class Shader:
    """A material under construction: adds nodes, links what it is given, sets the rest."""

    def __init__(self, name: str) -> None:
        self.material = bpy.data.materials.new(name)
        self._tree = versions.give_nodes(self.material)
        self._tree.nodes.clear()

    def node(self, kind: str, inputs: Mapping[Any, Any] | None = None, **settings: Any) -> Any:
        """Add a node. inputs: by socket name or index, another node's output socket or a plain value."""
        node = self._tree.nodes.new(kind)
        for key, value in settings.items():
            setattr(node, key, value)
        for name, value in (inputs or {}).items():
            socket = versions.socket_named(node.inputs, name)
            if isinstance(value, bpy.types.NodeSocket):
                self._tree.links.new(value, socket)
            elif isinstance(value, tuple) and len(value) == 3 and socket.type == "RGBA":
                socket.default_value = (*value, 1.0)
            else:
                socket.default_value = value
        return node

    def coordinates(self, scale: Sequence[float] = (1.0, 1.0, 1.0), *, per_object: bool = False) -> Any:
        """Return object coordinates in metres times ``scale``; ``per_object`` moves them for each object."""
        position = self.node("ShaderNodeTexCoord").outputs["Object"]
        if per_object:
            random = self.node("ShaderNodeObjectInfo").outputs["Random"]
            shift = self.node("ShaderNodeMath", {0: random, 1: 37.0}, operation="MULTIPLY").outputs[0]
            position = self.node("ShaderNodeVectorMath", {0: position, 1: shift}, operation="ADD").outputs[0]
        return self.node("ShaderNodeMapping", {"Vector": position, "Scale": tuple(scale)}).outputs["Vector"]

    def noise(self, vector: Any, scale: float, detail: float = 4.0, roughness: float = 0.55) -> Any:
        """Return fractal noise in [0, 1]."""
        inputs = {"Vector": vector, "Scale": scale, "Detail": detail, "Roughness": roughness}
        return self.node("ShaderNodeTexNoise", inputs).outputs[0]

    def ramp(self, factor: Any, stops: Stops) -> Any:
        """Return the colour of ``stops`` (position, colour) at ``factor``."""
        node = self.node("ShaderNodeValToRGB", {"Fac": factor})
        elements = node.color_ramp.elements
        while len(elements) < len(stops):
            elements.new(0.5)
        for element, (position, colour) in zip(elements, stops, strict=True):
            element.position, element.color = position, (*colour, 1.0)
        return node.outputs["Color"]

    def mix(self, factor: Any, first: Any, second: Any, blend: str = "MIX") -> Any:
        """Return two colours blended."""
        inputs: dict[str | int, Any] = {0: factor, 6: first, 7: second}
        for index in (6, 7):
            if isinstance(inputs[index], tuple):
                inputs[index] = (*inputs[index], 1.0)
        return self.node("ShaderNodeMix", inputs, data_type="RGBA", blend_type=blend).outputs[2]

    def surface(
        self,
        colour: Any,
        *,
        roughness: Any = 0.6,
        metallic: float = 0.0,
        specular: float = 0.5,
        bump: Any = None,
        bump_m: float = 0.001,
    ) -> bpy.types.Material:
        """Finish as a Principled surface. bump: a height in [0, 1] of which 1 stands ``bump_m`` metres out."""
        inputs: dict[str | int, Any] = {
            "Base Color": colour,
            "Roughness": roughness,
            "Metallic": metallic,
            "Specular IOR Level": specular,
        }
        if bump is not None:
            inputs["Normal"] = self.node("ShaderNodeBump", {"Height": bump, "Distance": bump_m}).outputs["Normal"]
        if specular == 0.0:  # the plain diffuse shader renders faster than a Principled one without highlights
            matte = {"Color": colour, **({"Normal": inputs["Normal"]} if "Normal" in inputs else {})}
            shader = self.node("ShaderNodeBsdfDiffuse", matte)
        else:
            shader = self.node("ShaderNodeBsdfPrincipled", inputs)
        self.node("ShaderNodeOutputMaterial", {"Surface": shader.outputs[0]})
        return self.material

    def glow(self, colour: Any, strength: float) -> bpy.types.Material:
        """Finish as an emitter of radiance ``colour * strength`` (1 = display white); see :func:`emission`."""
        shader = self.node("ShaderNodeEmission", {"Color": colour, "Strength": strength})
        self.node("ShaderNodeOutputMaterial", {"Surface": shader.outputs[0]})
        versions.stop_sampling_as_lamp(self.material)
        return self.material


def principled(
    name: str, colour: Colour, *, roughness: float = 0.6, metallic: float = 0.0, specular: float = 0.5
) -> bpy.types.Material:
    """Return a plain surface."""
    return Shader(name).surface(colour, roughness=roughness, metallic=metallic, specular=specular)


def emission(name: str, colour: Colour, strength: float) -> bpy.types.Material:
    """Return a glowing surface. strength: radiance factor (1 = display white).

    It is not sampled as a light source: the light of small bright emitters would only be noise. Hide such objects from
    indirect rays too (see :func:`blender_scenes.lights.show_to_camera_only`) and light the scene by lamps.
    """
    return Shader(name).glow(colour, strength)


def wood(name: str, light: Colour, dark: Colour, *, along: str = "y", roughness: float = 0.45) -> bpy.types.Material:
    """Return planed wood whose grain runs along an axis; every object has its own piece of it."""
    stretch = {"x": (2.0, 40.0, 40.0), "y": (40.0, 2.0, 40.0), "z": (40.0, 40.0, 2.0)}[along]
    shader = Shader(name)
    vector = shader.coordinates(stretch, per_object=True)
    grain = shader.noise(vector, 1.0, detail=4.0, roughness=0.65)
    waves = shader.node(
        "ShaderNodeTexWave",
        {"Vector": vector, "Scale": 0.22, "Distortion": 9.0, "Detail": 1.0, "Detail Scale": 0.6},
        bands_direction="DIAGONAL",
    )
    rings = versions.socket_named(waves.outputs, "Fac")
    tone = shader.mix(
        0.45, shader.ramp(grain, [(0.3, dark), (0.7, light)]), shader.ramp(rings, [(0.1, dark), (0.8, light)])
    )
    random = shader.node("ShaderNodeObjectInfo").outputs["Random"]
    tone = shader.mix(1.0, tone, shader.ramp(random, [(0.0, (0.68, 0.66, 0.64)), (1.0, (1.0, 1.0, 1.0))]), "MULTIPLY")
    skin = shader.noise(vector, 2.0, detail=1.0)  # bump looks at its height three times: keep it cheap
    return shader.surface(tone, roughness=roughness, bump=skin, bump_m=0.0005)


def plaster(name: str, colour: Colour, *, scale: float = 6.0, bump_m: float = 0.0) -> bpy.types.Material:
    """Return a rendered wall with faint stains. scale: features per metre; bump_m: depth of its skin, if near."""
    shader = Shader(name)
    vector = shader.coordinates()
    stains = shader.noise(vector, scale * 0.35, detail=3.0)
    dark: Colour = (colour[0] * 0.72, colour[1] * 0.7, colour[2] * 0.68)
    tone = shader.ramp(stains, [(0.3, dark), (0.65, colour)])
    skin = shader.noise(vector, scale * 6, detail=2.0) if bump_m > 0 else None
    return shader.surface(tone, specular=0.0, bump=skin, bump_m=bump_m)


def glazed(name: str, stops: Stops, *, scale: float = 12.0, roughness: float = 0.3) -> bpy.types.Material:
    """Return glazed earthenware (or a fruit's skin): mottled along ``stops``. scale: features per metre."""
    shader = Shader(name)
    mottle = shader.noise(shader.coordinates(per_object=True), scale, detail=5.0)
    return shader.surface(shader.ramp(mottle, stops), roughness=roughness)


def cloth(name: str, colour: Colour, *, threads_per_m: float = 900.0) -> bpy.types.Material:
    """Return woven cloth: a fine weave and slow changes of tone."""
    shader = Shader(name)
    vector = shader.coordinates(per_object=True)
    weave = shader.noise(vector, threads_per_m, detail=1.0)
    slow = shader.noise(vector, 9.0, detail=2.0)
    dark: Colour = (colour[0] * 0.6, colour[1] * 0.6, colour[2] * 0.6)
    tone = shader.mix(
        0.5, shader.ramp(weave, [(0.3, dark), (0.7, colour)]), shader.ramp(slow, [(0.3, dark), (0.7, colour)])
    )
    return shader.surface(tone, specular=0.0)


def stripes(
    name: str, first: Colour, second: Colour, *, per_m: float, axis: str = "z", soft: float = 0.08
) -> bpy.types.Material:
    """Return stripes across an axis: a page block, an awning, ruled paper. per_m: pairs of stripes per metre."""
    shader = Shader(name)
    vector = shader.coordinates()
    waves = shader.node("ShaderNodeTexWave", {"Vector": vector, "Scale": per_m / 3.1831}, bands_direction=axis.upper())
    bands = versions.socket_named(waves.outputs, "Fac")
    tone = shader.ramp(bands, [(0.5 - soft, first), (0.5 + soft, second)])
    return shader.surface(tone, specular=0.0)


def leaf(name: str, light: Colour, dark: Colour) -> bpy.types.Material:
    """Return a leaf's upper side: veined tones that differ from leaf to leaf."""
    shader = Shader(name)
    vector = shader.coordinates(per_object=True)
    tone = shader.ramp(shader.noise(vector, 55.0, detail=4.0), [(0.3, dark), (0.7, light)])
    return shader.surface(tone, roughness=0.5, specular=0.35)


def bricks(name: str, light: Colour, dark: Colour, mortar: Colour, *, facing: str = "x") -> bpy.types.Material:
    """Return a brick wall whose face looks along an axis (``x`` or ``y``)."""
    shader = Shader(name)
    position = shader.node("ShaderNodeSeparateXYZ", {0: shader.coordinates()})
    across = position.outputs["Y" if facing == "x" else "X"]
    plane = shader.node("ShaderNodeCombineXYZ", {"X": across, "Y": position.outputs["Z"]}).outputs[0]
    inputs = {"Vector": plane, "Color1": light, "Color2": dark, "Mortar": mortar, "Scale": 1.0, "Mortar Size": 0.012}
    inputs |= {"Brick Width": 0.26, "Row Height": 0.085, "Bias": -0.1}
    wall = shader.node("ShaderNodeTexBrick", inputs).outputs["Color"]
    dirt = shader.ramp(shader.noise(plane, 0.8, detail=3.0), [(0.3, (0.55, 0.53, 0.52)), (0.65, (1.0, 1.0, 1.0))])
    return shader.surface(shader.mix(1.0, wall, dirt, "MULTIPLY"), specular=0.0)


def glowing_ball(name: str, colour: Colour, strength: float) -> bpy.types.Material:
    """Return a bulb or globe: ``colour * strength`` (1 = display white) at its middle, deeper in colour at its rim."""
    shader = Shader(name)
    rim: Colour = (colour[0] * 0.62, colour[1] * 0.42, colour[2] * 0.36)
    edge = shader.node("ShaderNodeLayerWeight", {"Blend": 0.35}).outputs["Facing"]
    return shader.glow(shader.ramp(edge, [(0.15, colour), (0.85, rim)]), strength)


def wicker(name: str, light: Colour, dark: Colour) -> bpy.types.Material:
    """Return basketwork: short light canes over dark gaps, woven on every side of an upright box."""
    shader = Shader(name)
    position = shader.node("ShaderNodeSeparateXYZ", {0: shader.coordinates()})
    across = shader.node("ShaderNodeMath", {0: position.outputs["X"], 1: position.outputs["Y"]}, operation="ADD")
    plane = shader.node("ShaderNodeCombineXYZ", {"X": across.outputs[0], "Y": position.outputs["Z"]}).outputs[0]
    inputs = {"Vector": plane, "Color1": light, "Color2": dark, "Mortar": (0.1, 0.055, 0.025), "Scale": 1.0}
    inputs |= {"Brick Width": 0.034, "Row Height": 0.013, "Mortar Size": 0.0022, "Mortar Smooth": 0.8, "Bias": -0.2}
    return shader.surface(shader.node("ShaderNodeTexBrick", inputs).outputs["Color"], specular=0.0)


def paving(
    name: str, light: Colour, dark: Colour, *, stone_m: tuple[float, float], joint_m: float = 0.012
) -> bpy.types.Material:
    """Return courses of hewn stones on level ground, slightly uneven, worn in patches. stone_m: along X and along Y."""
    shader = Shader(name)
    flat = shader.coordinates((1.0, 1.0, 0.0))
    wobble = shader.node("ShaderNodeTexNoise", {"Vector": flat, "Scale": 4.0, "Detail": 1.0}).outputs["Color"]
    shift = shader.node("ShaderNodeVectorMath", {0: wobble, 1: (0.05, 0.05, 0.0)}, operation="MULTIPLY").outputs[0]
    place = shader.node("ShaderNodeVectorMath", {0: flat, 1: shift}, operation="ADD").outputs[0]
    joint: Colour = (dark[0] * 0.3, dark[1] * 0.3, dark[2] * 0.3)
    inputs = {"Vector": place, "Color1": light, "Color2": dark, "Mortar": joint, "Scale": 1.0, "Mortar Smooth": 0.5}
    inputs |= {"Brick Width": stone_m[0], "Row Height": stone_m[1], "Mortar Size": joint_m, "Bias": 0.0}
    stones = shader.node("ShaderNodeTexBrick", inputs)
    worn = shader.ramp(shader.noise(flat, 0.9, detail=3.0), [(0.32, (0.62, 0.62, 0.66)), (0.66, (1.0, 1.0, 1.0))])
    colour = shader.mix(1.0, stones.outputs["Color"], worn, "MULTIPLY")
    joints = versions.socket_named(stones.outputs, "Fac")
    height = shader.node("ShaderNodeMath", {0: 1.0, 1: joints}, operation="SUBTRACT").outputs[0]
    return shader.surface(colour, roughness=0.42, bump=height, bump_m=0.008)
