"""What damage and asphalt look like: figures measured on labelled sources, which the simulator draws from.

Made with ``python -m gatukoll.datasets.simulator.measure`` on `chiba_windscreen` (149 pictures behind a
windscreen, 600 x 600) and `brazil_dnit_gold` (122 pictures of a survey vehicle, 768 x 472, sizes in metres
from lane masks, lanes taken as 3.5 m). Each entry is (10 %, median, 90 %) over pictures or objects; no
picture or part of one is kept. Where a simulated figure departs on purpose, the reason stands beside it.

What the same statistics say of a simulated set (144 pictures 640 px wide, 24 streets; 10 %, median, 90 %),
to be held against the medians of chiba_windscreen / brazil_dnit_gold:

======================  ====================  =====================
figure                  simulated             Chiba / gold (median)
======================  ====================  =====================
asphalt level           56     84    117      70 / 130
roughness 1 px          0.044  0.067  0.089   0.107 / 0.030
roughness 2 px          0.025  0.033  0.040   0.042 / 0.015
roughness 8 px          0.018  0.024  0.040   0.041 / 0.012
crack level             0.797  0.920  0.993   0.878 / 0.961
crack roughness         1.081  1.524  2.260   1.762 / 1.666
crack darkness, px      -0.05  0.186  0.539   0.338 / 0.112
network level           0.832  0.898  0.954   0.904 / 0.967
network roughness       1.244  1.550  2.175   1.346 / 1.356
patch level             0.705  0.867  1.035   0.882 / 0.889
pothole level           0.722  0.971  1.056   - / 0.962
pothole roughness       1.446  2.184  3.519   - / 2.608
======================  ====================  =====================
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

Quantiles = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Figure:
    """Quantiles 10, 50, 90 %, and where they come from."""

    quantiles: Quantiles
    source: str

    def draw(self, rng: np.random.Generator, low: float, high: float) -> float:
        """Draw from a split log-normal through the quantiles, cut off at `low` and `high`."""
        q10, q50, q90 = self.quantiles
        for _ in range(50):
            z = rng.normal()
            side = (q90 / q50) if z > 0 else (q50 / q10)
            value = q50 * math.exp(z * math.log(max(side, 1.0001)) / 1.2816)
            if low <= value <= high:
                return float(value)
        return float(min(max(q50, low), high))


CHIBA = "chiba_windscreen"
GOLD = "brazil_dnit_gold"

ASPHALT_LEVEL = Figure((37.0, 70.0, 110.0), CHIBA)
"""Median luma of the near carriageway in the delivered picture (149 pictures); in gold 98, 130, 156."""

EXPOSED_LEVEL = Figure((55.0, 88.0, 135.0), f"between {CHIBA} and {GOLD}")
"""Luma of sunlit asphalt that a pass is exposed for; shadows then lie lower."""

ASPHALT_ROUGH_1PX = Figure((0.086, 0.107, 0.144), CHIBA)
"""Standard deviation of what a Gaussian of 1 px removes, over the level, in the lower quarter.

In gold 0.020, 0.030, 0.055.

The simulator aims between the two: Chiba's pictures are sharpened hard, film frames are not.
"""

ASPHALT_ROUGH_2PX = Figure((0.032, 0.042, 0.062), CHIBA)
"""The same between Gaussians of 1 and 2 px; gold 0.010, 0.015, 0.022."""

ASPHALT_ROUGH_8PX = Figure((0.025, 0.041, 0.085), CHIBA)
"""The same between 4 and 8 px: blotches; gold 0.005, 0.012, 0.020."""

CRACK_DARKNESS_PX = Figure((0.05, 0.338, 0.854), CHIBA)
"""Light lost across a crack, px of full black (252 cracks).

The 10 % quantile lies below the noise and is set to 0.05.

The labelled half of those pictures reaches from 4 to about 15 m; with a focal length of about 520 px a
pixel is 8 to 30 mm there, 20 mm on the mean: median 7 mm, 90 % 17 mm of full black.
"""

CRACK_BLACK_M = Figure((0.0035, 0.0095, 0.0210), f"{CHIBA}, through 20 mm a px")
"""Opening times darkness of a crack, m. Set so that simulated pictures 640 px wide give the figure above."""

NETWORK_LEVEL = Figure((0.912, 0.967, 1.004), GOLD)
"""Luma of an alligator area over its surroundings (149 areas); roughness ratio 1.1, 1.36, 1.86."""

NETWORK_ACROSS_M = Figure((0.367, 0.739, 1.604), GOLD)
NETWORK_ALONG_M = Figure((0.364, 1.252, 4.258), GOLD)
"""Sides of 98 alligator areas on the road. The simulator leaves out those under 0.6 x 1.3 m."""

POTHOLE_LEVEL = Figure((0.731, 0.962, 1.194), GOLD)
"""Luma of a pothole over its surroundings (104 holes): often no darker on the whole, but rough."""

POTHOLE_ROUGH = Figure((1.688, 2.608, 4.121), GOLD)
POTHOLE_ACROSS_M = Figure((0.094, 0.183, 0.484), GOLD)
POTHOLE_ALONG_M = Figure((0.071, 0.203, 0.577), GOLD)
"""Sides of 134 potholes. The simulator leaves out holes under 0.22 m across: no city asks for them."""

PATCH_LEVEL = Figure(
    (0.650, 0.886, 1.030), f"{GOLD} (91 patches: 0.786 0.889 1.000) and {CHIBA} (6: 0.650 0.882 1.058)"
)
PATCH_ROUGH = Figure((0.637, 1.017, 1.867), GOLD)
PATCH_ACROSS_M = Figure((0.293, 0.687, 2.463), GOLD)
PATCH_ALONG_M = Figure((0.231, 0.710, 4.969), GOLD)
"""Sides of 81 patches. The simulator leaves out those under 0.4 m and adds trenches across the street."""
