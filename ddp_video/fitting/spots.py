"""Where BodyPix sees which point of the surface: dense evidence for a fit.

A pixel with part, U and V names one point of the skin, and the fitted body should show that point
there. This is what tells the turn of an arm about its own length, which no landmark does.
"""

from dataclasses import dataclass

import numpy as np
from scipy.spatial import KDTree

from ..synthesis.charts.lookup import Charts
from .clothes import unlikely
from .observe import CROP, Pose, Surface
from .pseudo_labels import classify, crop_body
from .sides import GROUP

COUNT = 240  # spots of a person
# Landmarks that tell which side's limb of a group is seen; unseen, BodyPix's word is not enough.
WITNESSES = {1: (15, 16), 2: (27, 28), 3: (25, 26), 4: (25, 26, 27, 28), 5: (13, 14), 6: (13, 14)}
FEET, FEET_TRUST = 2, 0.3  # BodyPix's U and V of feet are coarse
HEAD = 7  # its five landmarks know better than BodyPix
APART = 2.0  # U or V between points of two parts, for the search: more than any within one


@dataclass(frozen=True)
class Spots:
    """Pixels of one person and the points of the surface seen there.

    Attributes:
        xy: (D, 2) half crop sides.
        iuv: (D, 3) part 1..24, U and V.
        sure: (D,) how much each counts; 0 for those that only fill the array.
    """

    xy: np.ndarray
    iuv: np.ndarray
    sure: np.ndarray

    @staticmethod
    def none() -> "Spots":
        """No evidence."""
        return Spots(np.zeros((COUNT, 2)), np.ones((COUNT, 3)), np.zeros(COUNT))


def find_spots(
    surface: Surface | None, pose: Pose, mask: np.ndarray, kinds: np.ndarray | None = None
) -> Spots:
    """Draw pixels where BodyPix and the landmarks agree, as many on hands as on the torso.

    Args:
        surface: BodyPix's answer for the person; None if it was not asked.
        pose: landmarks that decide left/right and front/back.
        mask: (256, 256) bool, the person in the crop.
        kinds: (256, 256) uint8 of clothes; None if they are not known.
    """
    row, column = np.nonzero(mask)
    if surface is None or not len(row):
        return Spots.none()
    points = np.stack([column, row], 1).astype(float)
    part, sure, u, v = classify(surface, points, crop_body(pose))
    likely = sure & (GROUP[part - 1] != HEAD)
    if kinds is not None:
        likely &= ~unlikely()[kinds[row, column], GROUP[part - 1]]
    known = np.flatnonzero(likely)
    if not len(known):
        return Spots.none()
    group = GROUP[part[known] - 1]
    share = 1 / np.bincount(group)[group]
    rng = np.random.default_rng(0)
    take = known[rng.choice(len(known), COUNT, p=share / share.sum())]
    xy = (points[take] + 0.5 - CROP / 2) / (CROP / 2)
    weight = _witnessed(pose)[GROUP[part[take] - 1]]
    return Spots(xy, np.stack([part[take], u[take], v[take]], 1), weight)


def _witnessed(pose: Pose) -> np.ndarray:
    """(8,) how surely the landmarks tell the sides of each group, 0..1."""
    inside = ((pose.xy >= 0) & (pose.xy < pose.mask.shape[::-1])).all(1)
    seen = pose.visibility * inside
    sure = np.ones(GROUP.max() + 1)
    for group, landmarks in WITNESSES.items():
        sure[group] = seen[list(landmarks)].mean()
    sure[FEET] *= FEET_TRUST
    return sure


class SurfacePoints:
    """Finds the point of a set that lies nearest to given I, U, V.

    Args:
        numbers: (P,) base mesh vertices of the set.
    """

    def __init__(self, numbers: np.ndarray) -> None:
        charts = Charts.shipped()
        place = np.full(len(charts.parents), -1)
        order = np.argsort(numbers)
        at = np.searchsorted(numbers[order], charts.base).clip(0, len(numbers) - 1)
        found = numbers[order][at] == charts.base
        place[: len(charts.base)] = np.where(found, order[at], -1)
        corner = place[charts.faces]
        face, k = np.nonzero(corner >= 0)
        self._rows = corner[face, k]
        self._group = np.zeros(len(numbers), int)
        self._group[self._rows] = GROUP[charts.part[face] - 1]
        iuv = np.stack([charts.part[face], charts.u[face, k], charts.v[face, k]], 1)
        self._tree = KDTree(_apart(iuv))

    def groups(self) -> np.ndarray:
        """(P,) the limb of each point, as in `sides.GROUP`."""
        return self._group

    def __call__(self, iuv: np.ndarray) -> np.ndarray:
        """(D, 3) I, U, V → (D,) places in the set."""
        return self._rows[self._tree.query(_apart(iuv))[1]]


def _apart(iuv: np.ndarray) -> np.ndarray:
    return iuv * (APART, 1.0, 1.0)
