"""The bars of all controls, and why they stand where they stand. Deviations; smaller is better unless it says so.

What a wrong radius costs was measured on the random texture of :mod:`.targets`, blurred evenly by 4 to 32 px: a disc
too wide or too narrow by 3 % scores PSNR 47 to 52 dB against the right one, by 8 % 38 to 44 dB. Good methods score near
40 dB on BLB: 3 % hardly shows there, 8 % does. An offset of 0.3 px scores 40 dB at 4 px and 53 dB at 16 px; of 1.2 px
29 and 41 dB.
"""

from __future__ import annotations

from .record import Bar, Floor

SLOPE = Bar(0.03, 0.08)
"""Of |slope - 1| of measured against demanded radius."""

OFFSET_PX = Bar(0.3, 1.2)
"""Of the line's offset. Averaging over pixels makes 0.04 px of it."""

RESIDUAL_PX = Bar(0.5, 1.5)
"""Of the largest distance to the line; half a pixel is a rounded radius. Below 4 px, where pixels bend the line, the
same bar judges the distance to the nearer of r and what the ruler says of an exact disc that is averaged over pixels
(1.27 for 1 px, where BokehMe's disc is 1.21)."""

CENTROID_PX = Bar(0.1, 0.35)
"""Of how far a light's centre moves. Half a pixel is the classic misaligned resize and fails."""

FLAT_SLOPE = 0.05
"""Below this slope nothing is blurred at all."""

SIDES = 0.08
"""Slopes behind and in front of the focus that differ by more than this are told apart."""

EDGE_SHARE = Bar(0.10, 0.40)
"""Of the 10-90 % edge width, as a share of the radius. An ideal lens has a hard edge; pixels alone make 1.1 px of
it, BokehMe's disc 0.8 to 1.0 px. A Gaussian of the same second moment has 0.7 and must fail."""

EDGE_PX = 2.0
"""Edges up to this width pass at any radius: sampling and antialiasing twice."""

EDGE_FROM_PX = 6.0
"""Smaller discs are mostly edge; nothing can be told from them."""

ENERGY = Bar(0.02, 0.10)
"""Of |light out / light in - 1|. Truncated soft discs lose 0.5 %; 8-bit files cost up to 1 % here."""

GREY = Bar(0.005, 0.02)
"""Of the deviation of an even grey, display values, away from the border. One 8-bit step is 0.004; 0.02 is visible."""

GREY_BORDER = 0.02
"""The same within 20 px of the border, where a method may know no better: a notice only."""

RIM_SHARE = Bar(0.02, 0.05)
"""Of the RMS distance between measured and true rim, as a share of the radius. A disc in place of the pentagon is off
by 0.14, the pentagon turned by 180 degrees by 0.11, an unrotated one by 0.06."""

FOCUS_DB = Floor(50.0, 40.0)
"""Of PSNR in focus. 8-bit files alone leave 59 dB; good methods score about
40 dB on BLB as a whole, so less than that in focus caps every score."""

STILL_FALLING = 0.99
"""Each stronger blur must leave at most this share of the former sharpness. The truth leaves at most 0.28."""

BLURRED = 0.5
"""Share of sharpness that may be left at the strongest blur. The truth leaves 0.001."""

NEAR_FAR = Bar(0.15, 0.5)
"""Of how much sharpness differs in front and behind at equal |defocus|. It falls as r^-2 to r^-3: 0.15 is 5 to
7 % of radius."""

REPEAT_MAX = 0.002
"""Largest difference of two runs that passes: half an 8-bit step. GPU sums in changing order stay far below."""

REPEAT_DB = 50.0
"""PSNR between two runs below which tables would change in their printed digits: fail."""

BLACK = 0.002
"""Display value that black may become: half an 8-bit step."""

NEGATIVE = -1e-3
"""Display values below this are told; scoring clips them."""

OCCLUSION = 0.05
"""Mean error of the coverage within one radius of an edge, above which it is a notice: occlusion is what methods are
compared by, so no bar can fail it."""
