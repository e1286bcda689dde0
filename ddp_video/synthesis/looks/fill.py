"""From a partial atlas to a whole one: mirrored, then filled smoothly along the surface.

What is not seen takes the other side's colours where that is seen: the mirror image is brought to
the seen side's brightness where both are known, and the change fades out farther off. What neither
side shows takes the colours of what lies before or behind it in the same limb (a back looks as the
chest does; hair goes on round the head), or of what is nearest, smoothed along the surface. Faces
and hands are not made up: where they are not seen the atlas is transparent, and the wearer's own
skin shows.
"""

from dataclasses import dataclass

import numpy as np
from scipy.spatial import KDTree

from ...data.atlas import mirrored_atlas
from .regions import DEEP, LIMBS, OF_FACE, OF_HAND, atlas_side, bare, limb, scalp, turned
from .seen import Seen
from .surface import at_vertices, atlas_map, skin, spread

STIFF = 8.0  # how much smoother than what is seen the mirror's change of brightness is
FADE = 0.08  # of that change: within some ten edges, 7 cm
EVEN = 1.5  # how much smoother than what is seen the filling is
GUESSED = 0.5  # how far a colour from before or behind counts beside a seen one
FLAT = 0.2  # of a limb's depth, when the nearest colour is looked for
SECOND = 0.6  # how far a mirrored texel counts beside a seen one
SETTLED = 0.35  # weight from which on a texel keeps its own colour in full
SKIN = (0.012, 0.035)  # metres from what is seen, over which hands and faces become transparent
WELL = 0.5  # of a face must be seen; else what is not seen of it stays the wearer's


@dataclass(frozen=True)
class Whole:
    """A whole atlas.

    Attributes:
        rgba: (6·S, 4·S, 4) uint8; alpha 0 where hands or face are not known.
        weight: (M,) 0..1, how well the charts' vertices are known, seen or mirrored.
        colour: (M, 3) float32 RGB of them, filled.
    """

    rgba: np.ndarray
    weight: np.ndarray
    colour: np.ndarray


def filled(seen: Seen) -> Whole:
    """A whole atlas of a partial one."""
    where = atlas_map(atlas_side(seen.weight))
    own = at_vertices(seen.colour, seen.weight)
    other = Seen(mirrored_atlas(seen.colour), mirrored_atlas(seen.weight))
    far = at_vertices(other.colour, other.weight)
    both = np.minimum(own[1], far[1])
    change = spread(own[0] - far[0], both, STIFF, FADE)
    mirrored = other.colour + where.carried(change)
    colour, weight = over(seen.colour, seen.weight, mirrored, SECOND * other.weight)
    known = at_vertices(colour, weight)[1]
    opposite, there = turned(colour, weight)
    colour, weight = over(colour, weight, opposite, GUESSED * there)
    guess, guessed = reflected(*at_vertices(colour, weight))
    smooth = spread(guess, guessed, EVEN)
    keep = smoothstep(weight / SETTLED)[..., None]
    rgb = keep * colour + (1 - keep) * where.carried(smooth)
    alpha = where.carried(255 * opacity(known)[:, None])
    rgba = np.dstack([rgb, alpha]).round().clip(0, 255).astype(np.uint8)
    return Whole(rgba, known, smooth.astype(np.float32))


def reflected(value: np.ndarray, known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Colours for vertices that are not known: the nearest of the same limb, depth hardly counted.

    Args:
        value: (M, 3) colours.
        known: (M,) their weights.

    Returns:
        (M, 3) colours and (M,) weights, all that can be guessed included.
    """
    out, weight = value.copy(), known.copy()
    for number in range(len(LIMBS) + 1):
        own = limb() == number
        there, lacking = own & (known > SETTLED), own & (known <= SETTLED)
        if number == len(LIMBS) and (there & scalp()).any():
            there &= scalp()  # not ears or neck: hair goes on round the head
        if there.any() and lacking.any():
            points = skin() * (1, 1 if number >= DEEP else FLAT, 1)
            nearest = KDTree(points[there]).query(points[lacking])[1]
            out[lacking] = value[there][nearest]
            weight[lacking] = GUESSED
    return out, weight


def over(
    upper: np.ndarray, weight: np.ndarray, lower: np.ndarray, below: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """One atlas (colours, weights) laid over another, which shows where the first is unsettled."""
    rest = below * (1 - smoothstep(weight / SETTLED))
    total = weight + rest
    colour = weight[..., None] * upper + rest[..., None] * lower
    return colour / total.clip(1e-6)[..., None], total


def smoothstep(x: np.ndarray) -> np.ndarray:
    """0 below 0, 1 above 1, smooth between."""
    x = x.clip(0, 1)
    return x * x * (3 - 2 * x)


def opacity(known: np.ndarray) -> np.ndarray:
    """(M,) 0..1 of the charts' vertices: hands and face are there only where they are known.

    Args:
        known: (M,) weights, 0..1.
    """
    out = np.ones(len(known))
    for kind in (OF_HAND, OF_FACE):
        own = bare() == kind
        there = own & (known > SETTLED)
        if kind == OF_FACE and there.sum() > WELL * own.sum():
            continue
        if there.any():
            away = KDTree(skin()[there]).query(skin()[own])[0]
            out[own] = 1 - smoothstep((away - SKIN[0]) / (SKIN[1] - SKIN[0]))
        else:
            out[own] = 0
    return out
