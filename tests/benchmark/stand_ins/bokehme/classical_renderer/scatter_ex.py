"""Only its name is imported."""


class ModuleRenderScatterEX:
    pass
