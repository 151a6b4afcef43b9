"""What Cycles computes on: the processor, or the graphics cards of one kind."""

from __future__ import annotations

from typing import Any

import bpy

from .errors import UserError


def use_device(scene: bpy.types.Scene, name: str, preferences: Any = None) -> None:
    """Make the scene render on the CPU or on every card of one kind, and never on a mixture.

    name: ``cpu``, or a kind of card as Cycles calls it, in small letters (``cuda``, ``optix``, ``hip``…);
    preferences: Cycles' own, of this Blender unless given. Raises UserError, which lists what Blender found, when there
    is no such device.
    """
    if name == "cpu":
        scene.cycles.device = "CPU"
        return
    kind = name.upper()
    if preferences is None:
        preferences = bpy.context.preferences.addons["cycles"].preferences
    try:
        preferences.compute_device_type = kind
    except TypeError:  # this build does not know it
        raise UserError(_refusal(name, f"is built without {kind}", preferences)) from None
    preferences.refresh_devices()
    cards = [device for device in preferences.devices if device.type == kind]
    if not cards:
        raise UserError(_refusal(name, f"finds no {kind} device", preferences))
    for device in preferences.devices:
        device.use = device.type == kind
    scene.cycles.device = "GPU"


def _refusal(name: str, problem: str, preferences: Any) -> str:
    preferences.refresh_devices()
    found = ", ".join(sorted({f"{device.name} ({device.type})" for device in preferences.devices})) or "none"
    return (
        f"--device {name}: Blender {bpy.app.version_string} {problem} on this machine; it found {found}: "
        "choose another with --device, check the driver, or leave the option out to render on the CPU"
    )
