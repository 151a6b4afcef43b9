"""Run by Blender's Python, not by pytest: writes the scene files that the tests open into the folder named last."""

from __future__ import annotations

import sys
from pathlib import Path

import bpy

FOLDER = Path(sys.argv[-1])


def start() -> bpy.types.Scene:
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    scene.render.resolution_x, scene.render.resolution_y = 96, 64
    return scene


def link(
    name: str, data: object, location: tuple[float, ...] = (0, 0, 0), turn: tuple[float, ...] = (0, 0, 0)
) -> object:
    item = bpy.data.objects.new(name, data)
    item.location, item.rotation_euler = location, turn
    bpy.context.scene.collection.objects.link(item)
    return item


def camera(name: str, *, active: bool = True, location: tuple[float, ...] = (0, -6, 1.5), **settings: object) -> object:
    data = bpy.data.cameras.new(name)
    for key, value in settings.items():
        setattr(data, key, value)
    item = link(name, data, location, (1.45, 0, 0.05))
    if active:
        bpy.context.scene.camera = item
    return item


def things() -> None:
    for index in range(4):
        bpy.ops.mesh.primitive_cube_add(location=(index - 1.5, index * 1.5 - 1, 1), rotation=(0.3 * index, 0.4, index))
        material = bpy.data.materials.new(f"colour {index}")
        if bpy.app.version < (5, 0):
            material.use_nodes = True
        shader = next(node for node in material.node_tree.nodes if node.type == "BSDF_PRINCIPLED")
        shader.inputs["Base Color"].default_value = (0.2 + 0.2 * index, 0.5, 0.8 - 0.2 * index, 1)
        bpy.context.object.data.materials.append(material)
    bpy.ops.mesh.primitive_plane_add(size=40)


def sun() -> None:
    data = bpy.data.lights.new("sun", "SUN")
    data.energy = 3
    link("sun", data, turn=(0.6, 0.3, 0))


def save(name: str) -> None:
    bpy.ops.wm.save_as_mainfile(filepath=str(FOLDER / f"{name}.blend"))


def cameras() -> None:
    """Cameras of every fit, in a file whose own settings are all wrong for ground truth."""
    scene = start()
    things()
    sun()
    camera("wide", sensor_fit="HORIZONTAL", shift_x=0.1, shift_y=-0.05)
    camera("tall", active=False, sensor_fit="VERTICAL", sensor_height=20, shift_x=0.1, shift_y=0.07)
    camera("auto", active=False, sensor_fit="AUTO", shift_x=-0.06, shift_y=0.1)
    parent = link("parent", None, (0, 0, 0.2))
    parent.scale = (2, 2, 2)
    camera("child", active=False, location=(0, -3, 0.6)).parent = parent
    camera("above", active=False, type="ORTHO")
    scene.camera.data.dof.use_dof = True
    scene.camera.data.dof.aperture_fstop = 0.1
    scene.timeline_markers.new("cut", frame=1).camera = scene.objects["tall"]
    scene.unit_settings.scale_length = 0.01
    render = scene.render
    render.use_border, render.border_max_x, render.use_crop_to_border = True, 0.3, True
    render.film_transparent = render.use_motion_blur = True
    render.pixel_aspect_x, render.resolution_percentage = 1.5, 30
    scene.cycles.samples, scene.cycles.sample_clamp_indirect = 4096, 10
    scene.view_layers.new("second")
    layer = scene.view_layers[0]
    layer.name = "Depth.Combined.R"
    layer.use_pass_mist = layer.use_pass_normal = True
    layer.cycles.denoising_store_passes = True
    layer.samples = 999
    save("cameras")


def reference() -> None:
    """Render what Blender itself sees through those cameras at two shapes, converted by nobody."""
    for name, width, height in REFERENCES:
        bpy.ops.wm.open_mainfile(filepath=str(FOLDER / "cameras.blend"))
        scene = bpy.context.scene
        scene.timeline_markers.clear()
        scene.camera = scene.objects[name]
        scene.camera.data.dof.use_dof = scene.cycles.use_denoising = False
        render = scene.render
        render.resolution_x, render.resolution_y, render.resolution_percentage = width, height, 100
        render.pixel_aspect_x, render.use_border, render.use_motion_blur = 1, False, False
        scene.view_layers.remove(scene.view_layers[1])
        layer = scene.view_layers[0]
        layer.name, layer.use_pass_z, layer.samples = "ViewLayer", True, 1
        layer.use_pass_mist = layer.use_pass_normal = layer.cycles.denoising_store_passes = False
        if hasattr(render.image_settings, "media_type"):
            render.image_settings.media_type = "MULTI_LAYER_IMAGE"
        render.image_settings.file_format, render.image_settings.color_depth = "OPEN_EXR_MULTILAYER", "32"
        if hasattr(render.image_settings, "use_exr_interleave"):
            render.image_settings.use_exr_interleave = True
        render.filepath = str(FOLDER / f"reference_{name}_{width}.exr")
        bpy.ops.render.render(write_still=True)


REFERENCES = [("wide", 96, 64), ("tall", 96, 64), ("tall", 48, 72), ("auto", 48, 72), ("child", 96, 64)]


def others() -> None:
    start()
    things()
    sun()
    save("no_camera")
    camera("one", active=False)
    camera("two", active=False)
    save("no_active_camera")
    start()
    things()
    camera("panorama", type="PANO")
    save("panorama")
    scene = start()
    things()
    moved = camera("dolly")
    for frame, x in ((1, 0.0), (50, 2.0)):
        moved.location.x = x
        moved.keyframe_insert("location", frame=frame)
    scene.frame_start, scene.frame_end = 1, 60
    save("animated")  # and without any light
    start()
    things()
    sun()
    camera("camera")
    image = bpy.data.images.new("wood", 8, 8)
    image.source, image.filepath_raw = "FILE", "//textures/wood.png"
    tree = bpy.data.materials[0].node_tree
    tree.nodes.new("ShaderNodeTexImage").image = image
    save("missing_texture")
    start()
    library = FOLDER / "library.blend"
    library.write_bytes((FOLDER / "no_camera.blend").read_bytes())
    with bpy.data.libraries.load(str(library), link=True) as (there, wanted):
        wanted.objects = there.objects
    for item in wanted.objects:
        bpy.context.scene.collection.objects.link(item)
    camera("camera")
    save("linked")
    library.unlink()


def emitter() -> None:
    """One glowing disc 8 m before an upright, shifted camera fitted to its height."""
    scene = start()
    camera("camera", location=(0, 0, 0), sensor_fit="VERTICAL", sensor_height=24, shift_x=0.2, shift_y=0.1)
    scene.camera.rotation_euler = (1.5707963267948966, 0, 0)
    bpy.ops.mesh.primitive_circle_add(
        vertices=64, radius=0.03, fill_type="NGON", location=(1.0, 8.0, 0.5), rotation=(1.5707963267948966, 0, 0)
    )
    material = bpy.data.materials.new("glow")
    if bpy.app.version < (5, 0):
        material.use_nodes = True
    tree = material.node_tree
    shader = tree.nodes.new("ShaderNodeEmission")
    shader.inputs["Strength"].default_value = 100
    tree.links.new(shader.outputs[0], next(node for node in tree.nodes if node.type == "OUTPUT_MATERIAL").inputs[0])
    bpy.context.object.data.materials.append(material)
    save("emitter")


def foreign() -> None:
    """Export the things as glTF with a camera, and as OBJ, which knows neither cameras nor lamps."""
    start()
    things()
    camera("viewer", angle=0.8)
    bpy.ops.export_scene.gltf(filepath=str(FOLDER / "with_camera.glb"), export_cameras=True)
    bpy.ops.wm.obj_export(filepath=str(FOLDER / "cubes.obj"))


cameras()
reference()
others()
emitter()
foreign()
