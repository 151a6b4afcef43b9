"""When K and focus of a pair are not to be believed: the limits, and a sentence for each that is passed."""

from __future__ import annotations

from bokeh_render.schema import Record

from .steadiness import Steadiness


class BlurLimits(Record):
    """What a search looks for, and when it believes what it found.

    largest_radius: share of the longer side; gain: least share of the cost that blurring must take away; width: widest
    optimum, as the share of K by which one may miss it before a tenth of that gain is lost; k_spread, focus_spread,
    elsewhere: how far the best K (as a share of it) and focus disparity may move with the parts of the picture that are
    looked at, and how far from K another one nearby may come closer, see :class:`.steadiness.Steadiness`.
    """

    largest_radius: float = 0.06
    gain: float = 0.1
    width: float = 0.35
    k_spread: float = 0.05
    focus_spread: float = 0.025
    elsewhere: float = 0.1


DEFAULT_LIMITS = BlurLimits()


def blur_doubts(
    k: float, gain: float, width: float, steadiness: Steadiness, largest_k: float, limits: BlurLimits
) -> tuple[str, ...]:
    """Return a sentence for each reason not to believe K and focus.

    k, gain, width, steadiness: see :class:`.blur_search.BlurEstimate`; largest_k: the largest that is looked for.
    """
    return (*_of_curve(k, gain, width, largest_k, limits), *_of_steadiness(steadiness, limits))


def _of_curve(k: float, gain: float, width: float, largest_k: float, limits: BlurLimits) -> tuple[str, ...]:
    doubts = []
    if gain < limits.gain:
        doubts.append(
            f"blurring the wide photograph makes it hardly more like the shallow one ({100 * gain:.0f} % of the "
            f"difference goes; expected {100 * limits.gain:g} %): the pair may show no blur, or the disparity is wrong"
        )
    if width > limits.width:
        doubts.append(
            f"K is not clear: {100 * width:.0f} % more or less would do as well; expected {100 * limits.width:g} %"
            " at most"
        )
    if k >= 0.98 * largest_k:
        doubts.append(
            "K lies at the end of what was searched, blur over "
            f"{100 * limits.largest_radius:g} % of the longer side: the map may be wrong"
        )
    return tuple(doubts)


def _of_steadiness(found: Steadiness, limits: BlurLimits) -> tuple[str, ...]:
    doubts = []
    if found.k > limits.k_spread:
        doubts.append(
            f"K hangs on a few places: it moves by {100 * found.k:.0f} % with the parts of the picture that are looked "
            f"at; expected {100 * limits.k_spread:g} % at most: the map may be wrong"
        )
    if found.focus > limits.focus_spread:
        doubts.append(
            f"the focus hangs on a few places: it moves by {found.focus:.3f} with the parts of the picture that are "
            f"looked at; expected {limits.focus_spread:g} at most: the map may be wrong"
        )
    if abs(found.elsewhere - 1.0) > limits.elsewhere:
        doubts.append(
            f"where this K says that the renderer is right, {found.elsewhere:.2f} times as much comes closer; expected "
            "none that does: the map may be wrong"
        )
    return tuple(doubts)
