"""Choosing what Cycles computes on, with preferences that claim to have cards; the refusal for real is generator's."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
CODE = """
import sys
from types import SimpleNamespace as Some

sys.path.insert(0, sys.argv[1])
from blender_scenes.device import use_device
from blender_scenes.errors import UserError


class Preferences:
    compute_device_type = "NONE"
    devices = ()

    def refresh_devices(self):
        cards = [("H", "OPTIX"), ("H", "CUDA"), ("G", "CUDA"), ("Xeon", "CPU")]
        self.devices = [Some(name=name, type=kind, use=True) for name, kind in cards]


preferences = Preferences()
scene = Some(cycles=Some(device="CPU"))
use_device(scene, "cuda", preferences)
assert scene.cycles.device == "GPU"
assert preferences.compute_device_type == "CUDA"
assert [card.use for card in preferences.devices] == [False, True, True, False]
use_device(scene, "cpu", preferences)
assert scene.cycles.device == "CPU"
try:
    use_device(scene, "hip", preferences)
except UserError as error:
    assert "finds no HIP device on this machine; it found G (CUDA), H (CUDA), H (OPTIX), Xeon (CPU)" in str(error)
else:
    raise AssertionError("HIP was accepted")
assert scene.cycles.device == "CPU"
print("all good")
"""


def test_every_card_of_the_kind_is_used_and_no_other() -> None:
    ended = subprocess.run([sys.executable, "-P", "-c", CODE, str(ROOT)], capture_output=True, text=True, check=False)
    assert "all good" in ended.stdout, ended.stderr
