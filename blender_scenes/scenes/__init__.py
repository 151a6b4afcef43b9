"""One module per scene; each has ``build(rng, parameters)`` and returns the camera object."""
