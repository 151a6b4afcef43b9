"""The scatter as a layer of a torch model."""

from __future__ import annotations

from torch import Tensor, nn

from ..aperture import Aperture
from ..aperture_shapes import Shape
from .profiles import DEFAULT_PROFILE, Profile, check_profile
from .scattering import Backend, scatter
from .taps import Quality


class Scatter(nn.Module):
    """Blurs (N, C, H, W) linear light by (N, 1, H, W) signed defocus, px; differentiable in both. Has no parameters.

    The options are those of :func:`bokeh_render.scatter`. Raises BadInputError as it does.
    """

    def __init__(
        self,
        aperture: Shape | None = None,
        *,
        profile: Profile = DEFAULT_PROFILE,
        quality: Quality = "high",
        backend: Backend = "auto",
        threads: int = 0,
    ) -> None:
        super().__init__()
        self.aperture = Aperture() if aperture is None else aperture
        check_profile(profile, self.aperture)
        self.profile: Profile = profile
        self.quality: Quality = quality
        self.backend: Backend = backend
        self.threads = threads

    def forward(self, light: Tensor, defocus: Tensor) -> Tensor:
        """Return the blurred light, of the light's shape and type."""
        result: Tensor = scatter(
            light,
            defocus,
            aperture=self.aperture,
            profile=self.profile,
            quality=self.quality,
            backend=self.backend,
            threads=self.threads,
        ).bokeh
        return result

    def extra_repr(self) -> str:
        """Return the options, for printing."""
        return f"aperture={self.aperture}, profile={self.profile!r}, quality={self.quality!r}, backend={self.backend!r}"
