"""Scripted Blender scenes and the worker that renders them.

Nothing here is imported by the other packages except :mod:`blender_scenes.catalogue`; the rest runs inside a
child process that owns Blender (see :mod:`blender_scenes.worker`).
"""
