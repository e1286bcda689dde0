"""How far apart two points of the body's surface are, along the surface.

The surface is covered by nodes, about 2 cm apart (1 cm on the hands); a point of the charts counts
as its nearest node, and the distances between all nodes are stored. Size and pose are those of the
SMPL template, 1.66 m tall with its arms held out, on which the DensePose benchmark measures.

Dims: K = nodes, H = nodes of the left half and the midline, P = points, G = cells along U or V.
"""

from functools import cache
from pathlib import Path

import numpy as np

from ...errors import DataError

STEP = 0.01  # metres between two stored values


class Geodesics:
    """A table of distances between nodes of the charts.

    Args:
        path: an npz with `grid` (24, G, G: the node at each part's U, V), `mirror` (K,), and
            `same`, `across` (H·(H+1)/2,): distances between two nodes of the left half, and between
            one of them and the other's mirror image, in steps of 1 cm.

    Attributes:
        grid: (24, G, G) node of part, U, V.
        between: (K, K) uint8 distances in steps.

    Raises:
        DataError: the file cannot be read or is something else.
    """

    def __init__(self, path: Path) -> None:
        try:
            with np.load(path) as stored:
                self.grid: np.ndarray = stored["grid"]
                mirror, same, across = (stored[k] for k in ("mirror", "same", "across"))
        except (OSError, ValueError, KeyError) as error:
            raise DataError(
                f"{path} is no table of geodesics; make one with ddp-video synth charts"
            ) from error
        self.between: np.ndarray = unpacked(mirror, same, across)

    @staticmethod
    @cache
    def shipped() -> "Geodesics":
        """The table that comes with the package; loaded once."""
        return Geodesics(Path(__file__).parents[1] / "geodesics.npz")

    def node(self, part: np.ndarray, u: np.ndarray, v: np.ndarray) -> np.ndarray:
        """(P,) the node nearest to points of the charts.

        Args:
            part: (P,) I, 1..24.
            u: (P,) 0..1.
            v: (P,) 0..1.

        Raises:
            DataError: a point that is on no part.
        """
        part = np.asarray(part).astype(np.int64)
        if ((part < 1) | (part > 24)).any():
            raise DataError("points of the body have I from 1 to 24; leave out the background")
        last = self.grid.shape[1] - 1
        i, j = (np.round(np.clip(x, 0, 1) * last).astype(np.int64) for x in (u, v))
        return self.grid[part - 1, i, j].astype(np.int64)

    def distance(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """(P,) metres along the surface between nodes (P,) and nodes (P,)."""
        return self.between[a, b] * np.float32(STEP)


def packed(between: np.ndarray, mirror: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What a table stores of (K, K) distances: `same` and `across`.

    Args:
        between: symmetric, and the same for a pair and its mirror image.
        mirror: (K,) the mirrored node; nodes 0..H-1 are the left half and the midline.
    """
    half = _half(mirror)
    left, right = np.tril_indices(half)
    return between[left, right], between[left, mirror[right]]


def unpacked(mirror: np.ndarray, same: np.ndarray, across: np.ndarray) -> np.ndarray:
    """The (K, K) distances that were `packed`."""
    half = _half(mirror)
    left, right = np.tril_indices(half)
    out = np.zeros((len(mirror), len(mirror)), same.dtype)
    for values, a, b in ((same, left, right), (across, left, mirror[right])):
        for x, y in ((a, b), (mirror[a], mirror[b])):
            out[x, y] = out[y, x] = values
    return out


def _half(mirror: np.ndarray) -> int:
    """H: nodes that are not only the image of an earlier one."""
    return int((mirror >= np.arange(len(mirror))).sum())
