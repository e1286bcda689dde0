"""Geodesic point similarity: how near, on the body, the predicted points lie to the true ones.

GPS = mean over a person's points of exp(-d² / 2κ²), d the geodesic distance in metres between the
predicted and the true point (Güler et al., CVPR 2018); GPSm = √(GPS · IoU) also asks for the mask.
"""

from typing import Literal, Protocol

import numpy as np

KappaRule = Literal["single", "parts"]

KAPPA = 0.255  # metres; the protocol of CVPR 2018, for every part
# Later evaluators take κ by the true point's body part: torso, hand, foot, upper and lower leg,
# upper and lower arm, head.
KAPPA_BY_GROUP = (0.351, 0.107, 0.126, 0.237, 0.173, 0.142, 0.128, 0.150)
_GROUP_OF_PART = (0, 0, 1, 1, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 6, 6, 6, 6, 7, 7)
KAPPA_BY_PART = np.array([np.nan, *(KAPPA_BY_GROUP[g] for g in _GROUP_OF_PART)])


class Geodesics(Protocol):
    """Distances on the body's surface: those of our charts, or of the official files."""

    def node(self, part: np.ndarray, u: np.ndarray, v: np.ndarray) -> np.ndarray:
        """(P,) int: the surface point nearest to I (1..24), U, V (0..1) in the chart."""
        ...

    def distance(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """(P,) metres along the surface between points that `node` gave."""
        ...


def kappa_of(part: np.ndarray, rule: KappaRule) -> np.ndarray:
    """κ in metres of each true point (P,), by its part 1..24."""
    return KAPPA_BY_PART[part] if rule == "parts" else np.full(np.shape(part), KAPPA)


def kappa_text(rule: KappaRule) -> str:
    """Which κ was used, in words; every table of GPS states it."""
    if rule == "single":
        return f"κ = {KAPPA} m for all parts"
    return "κ by part: " + ", ".join(f"{k:.3f}" for k in KAPPA_BY_GROUP) + " m"


def gps(distance: np.ndarray, kappa: np.ndarray) -> float:
    """Geodesic point similarity of one person.

    Args:
        distance: (P,) metres; infinite where the prediction does not cover the point.
        kappa: (P,) metres.

    Returns:
        0..1; 0 for a person without points.
    """
    if distance.size == 0:
        return 0.0
    return float(np.exp(-(distance**2) / (2 * kappa**2)).mean())


def surface_distance(
    geodesics: Geodesics,
    found: tuple[np.ndarray, np.ndarray, np.ndarray],
    true: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> np.ndarray:
    """Distances between predicted and true surface points.

    Args:
        geodesics: of the body.
        found: I, U, V (P,) each; I = 0 where nothing was predicted.
        true: I, U, V (P,) each; I in 1..24.

    Returns:
        (P,) metres, infinite where I = 0.
    """
    distance = np.full(len(true[0]), np.inf)
    covered = found[0] > 0
    if covered.any():
        a, b = (geodesics.node(*(x[covered] for x in iuv)) for iuv in (found, true))
        distance[covered] = geodesics.distance(a, b)
    return distance
