"""Hands: how far each finger is bent, from open to a fist."""

import numpy as np

from .body import Body
from .limbs import Turns, direction, rest_hand
from .rotations import cross, turn, unit

# Bend of thumb, index, middle, ring and little finger at the knuckle, and how far they part.
HANDS: dict[str, tuple[tuple[float, ...], float]] = {
    "relaxed": ((8, 12, 18, 24, 28), 0),
    "open": ((0, 0, 0, 0, 0), 2),
    "wide": ((-12, -6, -6, -6, -6), 9),
    "half": ((25, 38, 42, 46, 50), 0),
    "grip": ((38, 58, 60, 62, 64), 0),
    "fist": ((48, 76, 80, 82, 84), -1),
    "pointing": ((42, 0, 76, 80, 82), 0),
    "two fingers": ((42, 0, 0, 80, 82), 5),
    "pinch": ((30, 44, 20, 16, 14), 2),
}
SHARES = (0.3, 0.16, 0.08, 0.14, 0.08, 0.1, 0.06, 0.03, 0.05)
JOINTS = (1.0, 1.15, 0.7)  # what each joint of a finger bends of it
THUMB = (0.5, 0.7, 1.2)


def shape_hand(
    body: Body, turns: Turns, side: str, bends: tuple[float, ...], parted: float = 0.0
) -> None:
    """Bend the fingers of a motion's hand, in place.

    Args:
        body: whose bones.
        turns: the motion; has the wrist.
        side: "L" or "R".
        bends: degrees of thumb, index, middle, ring and little finger.
        parted: degrees between neighbouring fingers.
    """
    sign = 1 if side == "L" else -1
    across, normal = rest_hand(body, side)[:, 1], rest_hand(body, side)[:, 2]
    # A thumb bends towards the little finger, and somewhat over the palm.
    along = direction(body, f"finger1-1.{side}", f"finger1-3.{side}")
    thumb = unit(cross(along, normal * sign - across))
    angles = np.array(bends)[:, None] * np.array([THUMB, *[JOINTS] * 4]).cumsum(1)
    bent = np.concatenate([turn(thumb, angles[:1]), turn(-across * sign, angles[1:])])
    spread = turn(normal, parted * (2.5 - np.arange(5.0)))
    local = spread[:, None] @ bent
    for finger, joints in zip("12345", local, strict=True):
        for joint, own in zip("123", joints, strict=True):
            turns[f"finger{finger}-{joint}.{side}"] = turns[f"wrist.{side}"] @ own


def curled(body: Body, turns: Turns, side: str, degrees: float) -> None:
    """A relaxed hand, bent by so many degrees, in place."""
    shape_hand(body, turns, side, (0.5 * degrees, *(degrees * f for f in (0.8, 1.0, 1.1, 1.2))))


def random_hand(body: Body, turns: Turns, side: str, rng: np.random.Generator) -> None:
    """One of `HANDS`, its fingers somewhat apart from the book, in place."""
    bends, parted = HANDS[str(rng.choice(list(HANDS), p=SHARES))]
    loose = tuple(bend + 5 * z for bend, z in zip(bends, rng.standard_normal(5), strict=True))
    shape_hand(body, turns, side, loose, parted + 1.5 * float(rng.standard_normal()))
