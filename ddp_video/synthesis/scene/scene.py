"""People placed on a ground plane: who stands where, which way they face, what is before them."""

from dataclasses import dataclass

import numpy as np

from ..body.body import Body, Surface, pose
from ..body.rotations import turn
from ..motion.motion import Motion
from ..raster.rasterise import Camera
from .camera import NEAREST, Shot, framed, project
from .props import OCCLUDERS, Built, held, turned

CELL = 0.05  # metres: people who share such a cell are in one another
HOP = 0.03  # metres above the ground from which on somebody is in the air
SPARSE = 8  # every so many vertices stand for a surface
FURNITURE = 4  # things about people, at most
MOST_HIDDEN = 0.7  # of somebody's points, behind one thing
TRIES = 6  # places tried for a person who is in the way
DETAILS = ("head", "head", "head", "neck02", "wrist.L", "wrist.R", "foot.L", "foot.R")


@dataclass(frozen=True)
class Dressed:
    """Somebody who can be posed: a body and what it wears, skin first."""

    body: Body
    surfaces: list[Surface]


@dataclass(frozen=True)
class Standing:
    """Somebody in place.

    Attributes:
        who: body and clothes.
        transforms: (B, 3, 4) of the bones, in the world.
        points: (P, 3) of the surfaces, sparse.
    """

    who: Dressed
    transforms: np.ndarray
    points: np.ndarray

    def moved(self, heading: float, place: np.ndarray) -> "Standing":
        """Turned about z by `heading` degrees, then moved by `place` (2,)."""
        about = turn("z", heading)
        shift = np.array([*place, 0.0])
        transforms = np.einsum("ij,bjk->bik", about, self.transforms)
        transforms[:, :, 3] += shift
        return Standing(self.who, transforms, self.points @ about.T + shift)

    def joint(self, bone: str) -> np.ndarray:
        """(3,) where a bone begins."""
        k = self.who.body.bones.index(bone)
        return self.transforms[k, :, :3] @ self.who.body.heads[k] + self.transforms[k, :, 3]


def lowest(surfaces: list[Surface], transforms: np.ndarray) -> float:
    """Height of the lowest vertex."""
    heights = []
    for s in surfaces:
        row = s.weights @ transforms[:, 2].astype(np.float32)
        heights.append(((row[:, :3] * s.vertices).sum(1) + row[:, 3]).min())
    return float(min(heights))


def stood(who: Dressed, motion: Motion) -> Standing:
    """Somebody at the origin in the first moment of a motion.

    Soles stand on the ground as the motion has the bare feet stand, or as far above it.
    """
    turns, root = motion
    transforms = who.body.transforms(turns, root[:1])
    lift = max(float(who.body.lowest(transforms)[0]), 0.0)
    transforms = transforms[0]
    middle = transforms[0, :, :3] @ who.body.heads[0] + transforms[0, :, 3]
    transforms[:, :2, 3] -= middle[:2]
    transforms[:, 2, 3] += (lift if lift > HOP else 0.0) - lowest(who.surfaces, transforms)
    points = [pose(s.vertices[::SPARSE], s.weights[::SPARSE], transforms) for s in who.surfaces]
    return Standing(who, transforms, np.concatenate(points))


def heading(behind: float, rng: np.random.Generator) -> float:
    """Degrees about z for a camera at −y: the back (`behind`), else a side or the front."""
    view = rng.random()
    if view < behind:
        return 180 + float(rng.uniform(-60, 60))
    if view < behind + 0.3 * (1 - behind):
        return float(rng.choice([-90, 90]) + rng.uniform(-30, 30))
    return float(rng.uniform(-60, 60))


def cells(points: np.ndarray) -> np.ndarray:
    """The cells of CELL metres that points lie in, as sorted numbers."""
    index = np.floor(points / CELL).astype(np.int64)
    return np.unique((index[:, 0] * 4096 + index[:, 1]) * 4096 + index[:, 2])


def clash(a: Standing, others: list[Standing]) -> bool:
    """Whether somebody is inside somebody else by more than a touch."""
    low, high = a.points.min(0), a.points.max(0)
    mine = None
    for b in others:
        if (b.points.min(0) < high).all() and (b.points.max(0) > low).all():
            mine = cells(a.points) if mine is None else mine
            if len(np.intersect1d(mine, cells(b.points))) > 0.02 * len(mine):
                return True
    return False


def formation(
    count: int, behind: float, rng: np.random.Generator
) -> list[tuple[float, np.ndarray]]:
    """Headings and places (2,) of a group: a row, a circle, walkers side by side, or a knot."""
    kind = rng.random()
    if kind < 0.35:  # a row that faces one way
        way = heading(behind, rng)
        step = rng.uniform(0.42, 0.9)
        return [
            (way + rng.normal(0, 14), np.array([step * (k - (count - 1) / 2), rng.normal(0, 0.12)]))
            for k in range(count)
        ]
    if kind < 0.65:  # a circle that faces inwards
        radius = max(rng.uniform(0.32, 0.6), 0.17 * count)
        start = rng.uniform(0, 360)
        angles = start + 360 * (np.arange(count) + rng.normal(0, 0.1, count)) / count
        return [
            (
                a + rng.normal(0, 20),
                radius * np.array([-np.sin(np.radians(a)), np.cos(np.radians(a))]),
            )
            for a in angles
        ]
    spread = 0.45 * np.sqrt(count)  # a knot
    way = heading(behind, rng) if rng.random() < 0.5 else None
    return [
        (way + rng.normal(0, 15) if way is not None else heading(behind, rng),
         rng.normal(0, spread, 2) * (1, 1.4))
        for _ in range(count)
    ]  # fmt: skip


def grouped(people: list[Standing], behind: float, rng: np.random.Generator) -> list[Standing]:
    """People as a group about the origin; who is in the way steps aside, or stays away."""
    out: list[Standing] = []
    for person, (way, place) in zip(people, formation(len(people), behind, rng), strict=True):
        for _ in range(TRIES):
            there = person.moved(way, place)
            if not clash(there, out):
                out.append(there)
                break
            place = place * 1.25 + rng.normal(0, 0.2, 2)
    return out


def ground_at(camera: Camera, pixel: np.ndarray, depth: float) -> np.ndarray:
    """(2,) the place at a depth (metres along the level view) below or above a pixel's column."""
    x = (pixel[0] - camera.size[1] / 2) / camera.focal
    flat = camera.axes[2] * (1, 1, 0)
    flat = flat / max(np.linalg.norm(flat), 1e-6)
    right = np.array([flat[1], -flat[0], 0.0])
    return (camera.eye + depth * (flat + x * right))[:2]


def scattered(
    person: Standing,
    others: list[Standing],
    camera: Camera,
    subject: float,
    behind: float,
    rng: np.random.Generator,
) -> Standing | None:
    """Somebody elsewhere in the picture, mostly farther off than the subject's depth.

    Returns:
        None where no place was found.
    """
    h, w = camera.size
    for _ in range(TRIES):
        pixel = rng.uniform(-0.08, 1.08, 2) * (w, h)
        if camera.axes[2, 2] < -0.35:  # seen from above: anywhere on the ground
            way = camera.axes.T @ np.array([*((pixel - (w / 2, h / 2)) / camera.focal), 1.0])
            place = (camera.eye + way * (camera.eye[2] / max(-way[2], 0.2)))[:2]
        else:
            nearer = rng.random() < 0.15
            factor = rng.uniform(0.45, 0.9) if nearer else np.exp(rng.uniform(-0.1, 1.3))
            place = ground_at(camera, pixel, max(subject * factor, 0.8))
        there = person.moved(heading(behind, rng), place)
        near = np.linalg.norm(there.points - camera.eye, axis=1).min() < NEAREST
        if not near and not clash(there, others):
            return there
    return None


def arranged(
    people: list[Standing],
    shot: Shot,
    size: tuple[int, int],
    behind: float,
    rng: np.random.Generator,
) -> tuple[list[Standing], Camera]:
    """All people in their places, and the camera that looks at them.

    The first ones form the group that the shot is of; the others are about.
    """
    group = 1 if shot.detail else 1 + int(rng.binomial(len(people) - 1, rng.choice([0.15, 0.85])))
    there = grouped(people[:group], behind, rng)
    subject = np.concatenate([p.points for p in there])
    if shot.detail:
        middle = there[0].joint(str(rng.choice(DETAILS)))
        subject = middle + 0.5 * (there[0].points - there[0].points.mean(0))
    elif rng.random() < 0.3:
        subject = there[int(rng.integers(len(there)))].points
    camera = framed(subject, shot, size, rng)
    keep = [p for p in there if np.linalg.norm(p.points - camera.eye, axis=1).min() > NEAREST]
    there = keep or there[:1]
    depth = float(project(camera, subject.mean(0, keepdims=True))[1][0])
    for person in people[group:]:
        found = scattered(person, there, camera, depth, behind, rng)
        if found is not None:
            there.append(found)
    return there, camera


def before(
    people: list[Standing], camera: Camera, rng: np.random.Generator, chance: float = 0.28
) -> Built:
    """Things that stand between the camera and people (or none), and beside them."""
    out: Built = []
    while rng.random() < chance:
        person = people[int(rng.integers(len(people)))]
        pixels, depth = project(camera, person.points)
        middle, wide = pixels.mean(0), float(np.ptp(pixels[:, 0]))
        share = rng.uniform(0.5, 0.9) if rng.random() < 0.75 else rng.uniform(1.0, 1.6)
        column = middle[0] + rng.normal(0, 0.5) * wide
        away = float(np.median(depth)) * share
        if camera.axes[2, 2] < -0.35 or away < 0.9:
            break
        built = thing_at(camera, column, away, rng)
        if not inside(built, people) and hidden_share(built, pixels, camera) < MOST_HIDDEN:
            out += built
    return out


def thing_at(camera: Camera, column: float, away: float, rng: np.random.Generator) -> Built:
    """A thing on the ground, more or less facing the camera.

    Args:
        camera: whose picture.
        column: pixel.
        away: metres.
        rng: decides.
    """
    place = ground_at(camera, np.array([column, 0.0]), away)
    facing = np.degrees(np.arctan2(camera.eye[0] - place[0], place[1] - camera.eye[1]))
    make = OCCLUDERS[rng.integers(len(OCCLUDERS))]
    return turned(make(rng), facing + rng.normal(0, 25), np.array([*place, 0.0]))


def around(people: list[Standing], camera: Camera, rng: np.random.Generator) -> Built:
    """Things about and behind people, for places that have none."""
    out: Built = []
    depth = float(np.median(project(camera, people[0].points)[1]))
    for _ in range(int(rng.integers(0, FURNITURE + 1))):
        away = max(depth * float(np.exp(rng.uniform(0.1, 1.2))), 1.5)
        built = thing_at(camera, rng.uniform(0, 1) * camera.size[1], away, rng)
        if camera.axes[2, 2] > -0.35 and not inside(built, people):
            out += built
    return out


def corners(panels: Built) -> np.ndarray:
    """(4P, 3) the corners of all panels."""
    return np.concatenate([panel.corners for panel in panels])


def hidden_share(panels: Built, pixels: np.ndarray, camera: Camera) -> float:
    """Share of somebody's pixels (P, 2) that lie in the rectangle around panels."""
    seen, _ = project(camera, corners(panels))
    return float(((pixels > seen.min(0)) & (pixels < seen.max(0))).all(1).mean())


def inside(panels: Built, people: list[Standing]) -> bool:
    """Whether somebody stands within the bounds of panels."""
    points = corners(panels)
    low, high = points.min(0), points.max(0)
    return any(((p.points > low) & (p.points < high)).all(1).any() for p in people)


def in_hands(person: Standing, rng: np.random.Generator, chance: float = 0.15) -> list[Surface]:
    """What somebody holds; mostly nothing."""
    out: list[Surface] = []
    for side in "LR":
        if rng.random() < chance / 2:
            out += held(person.who.body, person.transforms, side, rng)
    return out
