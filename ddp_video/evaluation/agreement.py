"""How parts, U and V agree with labels, over all pixels and by group of parts."""

from collections.abc import Iterable, Mapping

import numpy as np

from ..data.densepose_coco import UNKNOWN
from ..data.mirror import PART_MIRROR
from ..render import IUV
from .boundary import boundary_f, boundary_iou

Row = dict[str, float]  # figure → value; nan where there is too little to say

GROUPS: dict[str, tuple[int, ...]] = {
    "torso": (1, 2),
    "head": (23, 24),
    "limbs": tuple(range(7, 23)),
    "hands": (3, 4),
    "feet": (5, 6),
    "arms": tuple(range(15, 23)),
    "legs": tuple(range(7, 15)),
}
LEAST = 20  # a group needs more labelled points than this to be judged


def _front_back() -> np.ndarray:
    """Part → the same limb's part on the other face of the body; itself where there is none."""
    law = np.arange(256)
    law[[1, 2]] = 2, 1
    for first in (7, 11, 15, 19):  # each limb has four parts: two faces, right and left
        law[first : first + 4] = first + np.array([2, 3, 0, 1])
    return law


FRONT_BACK = _front_back()


def surface_agreement(
    part: np.ndarray, uv: np.ndarray, true_part: np.ndarray, true_uv: np.ndarray
) -> Row:
    """Agreement at labelled points, where a body was predicted as well.

    Args:
        part: (P,) predicted, 0..24.
        uv: (P, 2) predicted, 0..1.
        true_part: (P,) 1..24.
        true_uv: (P, 2) 0..1.

    Returns:
        `parts`: share on the right part; `left_right`: share of points on sided parts that got the
        other side's part; `front_back`: share on the other face of the same limb; `uv`, `du`, `dv`:
        mean difference of U and V on the right part. The same by group (`parts_torso`) and `parts`,
        `du`, `dv` by part (`parts_07`).
    """
    both = part > 0
    part, uv, true_part, true_uv = part[both], uv[both], true_part[both], true_uv[both]
    right, error = part == true_part, np.abs(uv - true_uv)
    sided, faced = true_part >= 3, FRONT_BACK[true_part] != true_part
    row = {
        "parts": _mean(right, 1),
        "left_right": _mean((part == PART_MIRROR[true_part])[sided], 1),
        "front_back": _mean((part == FRONT_BACK[true_part])[faced], 1),
        "uv": _mean(error[right].mean(-1), 1),
        "du": _mean(error[right, 0], 1),
        "dv": _mean(error[right, 1], 1),
    }
    for name, members in GROUPS.items():
        at = np.isin(true_part, members)
        row[f"parts_{name}"] = _mean(right[at])
        for figure, values in (("uv", error.mean(-1)), ("du", error[:, 0]), ("dv", error[:, 1])):
            row[f"{figure}_{name}"] = _mean(values[at & right])
    for p in range(1, 25):
        at = true_part == p
        row[f"parts_{p:02d}"] = _mean(right[at])
        row[f"du_{p:02d}"], row[f"dv_{p:02d}"] = (_mean(error[at & right, k]) for k in (0, 1))
    return row


def compare(found: IUV, truth: np.ndarray) -> Row:
    """Agreement of one picture's, or one person's, labels with a dense truth.

    Args:
        found: predicted labels.
        truth: (H, W, 3) uint8 I, 255·U, 255·V; where I = 255 is not known, and not judged.

    Returns:
        The figures of `surface_agreement`, and `iou`, `boundary_iou`, `boundary_f` of the
        foreground.
    """
    known = truth[..., 0] != UNKNOWN
    seen, there = (found.part > 0) & known, (truth[..., 0] > 0) & known
    row = {
        "iou": float((seen & there).sum() / max((seen | there).sum(), 1)),
        "boundary_iou": boundary_iou(seen, there),
        "boundary_f": boundary_f(seen, there),
    }
    uv = np.stack((found.u[there], found.v[there]), -1)
    at = truth[there]
    return row | surface_agreement(
        found.part[there].astype(int), uv, at[:, 0].astype(int), at[:, 1:] / 255.0
    )


def mean_row(rows: Iterable[Mapping[str, float]]) -> Row:
    """The mean of each figure over the rows that know it; nan where none does."""
    rows = list(rows)
    means: Row = {}
    for name in dict.fromkeys(k for row in rows for k in row):
        values = np.array([row.get(name, np.nan) for row in rows], float)
        known = values[np.isfinite(values)]
        means[name] = float(known.mean()) if known.size else float("nan")
    return means


def _mean(values: np.ndarray, least: int = LEAST + 1) -> float:
    return float(values.mean()) if values.size >= least else float("nan")
