"""What people sit on: a stool, a chair, a bench, a box, and now and then a table before them.

Seats are made to the measure of who sits there, so that nobody sits in the air.
"""

from dataclasses import dataclass

import numpy as np

from ..raster.rasterise import Camera
from .camera import NEAREST, project
from .props import Built, material, turned
from .room import box
from .scene import Standing, corners, inside

LEVEL = 0.55  # of the thigh's length: the most that knees are above or below hips that sit
UPRIGHT = 0.55  # of the shin's length: the least that knees are above ankles
LOWEST = 0.16  # metres: who sits lower sits on the ground
BEHIND, AHEAD = 0.17, 0.25  # metres of the seat behind and before the hips
DEEP = 0.085  # of somebody's height: the most that the seat is below the hip joints
WIDE = 0.16  # metres on either side of the hips that count as the seat
TABLE = 0.22  # share of people who sit that have a table before them


@dataclass(frozen=True)
class Sitting:
    """How somebody sits, in a frame at the hips' place on the ground: x left, y backwards, z up.

    Attributes:
        way: degrees about z from that frame to the world.
        place: (3,) of the frame.
        seat: height of the seat, metres.
        points: (P, 3) of the person's surfaces in that frame.
    """

    way: float
    place: np.ndarray
    seat: float
    points: np.ndarray

    def behind(self, low: float, high: float) -> float:
        """How far the person reaches backwards between two heights, metres."""
        z = self.points[:, 2]
        slab = self.points[(z > low) & (z < high) & (np.abs(self.points[:, 0]) < WIDE)]
        return float(slab[:, 1].max(initial=BEHIND))

    def ahead(self, low: float, high: float) -> float:
        """The same forwards."""
        z = self.points[:, 2]
        slab = self.points[(z > low) & (z < high) & (np.abs(self.points[:, 0]) < WIDE)]
        return float(-slab[:, 1].min(initial=-AHEAD))


def sitting(person: Standing) -> Sitting | None:
    """How somebody sits; None: no thighs are level above upright shins, or it is on the ground."""
    hips, knees, ankles = (
        np.stack([person.joint(f"{bone}.{side}") for side in "LR"])
        for bone in ("upperleg01", "lowerleg01", "foot")
    )
    thigh, shin = knees - hips, knees - ankles
    level = np.abs(thigh[:, 2]) < LEVEL * np.linalg.norm(thigh, axis=1)
    upright = shin[:, 2] > UPRIGHT * np.linalg.norm(shin, axis=1)
    middle, aim = hips.mean(0), thigh.sum(0)
    if not (level & upright).all() or person.joint("neck01")[2] < middle[2] + 0.2:
        return None
    way = float(np.degrees(np.arctan2(aim[0], -aim[1])))
    place = middle * (1, 1, 0)
    c, s = np.cos(np.radians(way)), np.sin(np.radians(way))
    points = (person.points - place) @ np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
    x, y, z = points.T
    below = z[(np.abs(x) < WIDE) & (y > -0.1) & (y < BEHIND) & (z < middle[2])]
    deepest = middle[2] - DEEP * person.who.body.height  # below it hangs a skirt or a coat
    seat = max(float(below.min(initial=middle[2])), deepest)
    return Sitting(way, place, seat, points) if seat > LOWEST else None


def seat(how: Sitting, rng: np.random.Generator) -> Built:
    """A stool, a chair, a bench or a box, in the frame of who sits on it."""
    stuff, top = material(rng), how.seat + 0.005
    half = float(rng.choice([rng.uniform(0.2, 0.27), rng.uniform(0.5, 1.0)], p=[0.7, 0.3]))
    if rng.random() < 0.25:
        return box((-half, -AHEAD, 0), (half, BEHIND + rng.uniform(0.02, 0.2), top), stuff)
    thick = rng.uniform(0.025, 0.09)
    out = box((-half, -AHEAD, top - thick), (half, BEHIND, top), stuff)
    leg = rng.uniform(0.025, 0.05)
    for x in (-half, half - leg):
        for y in (-AHEAD, BEHIND - leg):
            out += box((x, y, 0), (x + leg, y + leg, top - thick), stuff)
    if rng.random() < 0.65:
        low, high = how.seat + rng.uniform(0.1, 0.25), how.seat + rng.uniform(0.32, 0.6)
        y = how.behind(low, high) + 0.01
        out += box((-half, y, low), (half, y + 0.03, high), stuff)
        for x in (-half, half - leg):
            out += box((x, y, how.seat - thick), (x + leg, y + 0.03, high), stuff)
    return out


def desk(how: Sitting, rng: np.random.Generator) -> Built:
    """A table before somebody who sits, over the knees."""
    knees = how.points[how.points[:, 1] < -AHEAD, 2]  # a small child's do not reach so far
    over = float(np.quantile(knees, 0.6)) if len(knees) else how.seat
    top = max(how.seat + 0.27, over + 0.1)
    y = -how.ahead(top - 0.08, top + 0.05) - 0.02
    half, deep, stuff = rng.uniform(0.35, 0.9), rng.uniform(0.4, 0.8), material(rng)
    out = box((-half, y - deep, top - 0.03), (half, y, top), stuff)
    for x in (-half, half - 0.05):
        for end in (y - deep, y - 0.05):
            out += box((x, end, 0), (x + 0.05, end + 0.05, top - 0.03), stuff)
    return out


def seats(people: list[Standing], camera: Camera, rng: np.random.Generator) -> Built:
    """Seats for all who sit, where neither anybody else nor the camera is in the way."""
    out: Built = []
    for person in people:
        how = sitting(person)
        if how is None:
            continue
        built = [seat(how, rng)] + [desk(how, rng)] * (rng.random() < TABLE)
        others = [other for other in people if other is not person]
        for thing in built:
            there = turned(thing, how.way, how.place)
            clear = project(camera, corners(there))[1].min() > NEAREST
            if clear and not inside(there, others):
                out += there
    return out
