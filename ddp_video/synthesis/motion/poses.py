"""Where poses come from: code, motion capture, stored poses, and landmarks of real people."""

from dataclasses import astuple, dataclass, fields
from functools import cached_property
from pathlib import Path

import numpy as np

from ...errors import InputError
from ..body.body import Body
from ..body.collisions import relaxed
from ..body.hands import random_hand
from ..body.limbs import NECK, SIDES, Turns
from ..body.rotations import from_vector, turn
from .capture import grounded, read_take, retarget
from .landmarks import LandmarkTable, mirrored, posed
from .motion import Gait, Motion, facing, moved, walk
from .postures import COMMON, GESTURES, RARE
from .stances import OVER_SHOULDER, stance

TABLES = {"common": COMMON, "rare": RARE, "gestures": GESTURES}
TAKES = ("*.amc", "*.amc.gz", "*.bvh", "*.bvh.gz", "humanoid3d_*.txt")
NO_TAKE = "humanoid3d_character.txt"
TURNED = 10.0  # degrees from which a head is turned to a side already
# Degrees by which whole limbs are turned at random, from the joint named on.
LOOSE = {
    "spine03": 3.0, "neck01": 4.0,
    **{f"{bone}.{side}": amount for side, _ in SIDES for bone, amount in (
        ("upperarm01", 6.0), ("lowerarm01", 5.0), ("wrist", 6.0),
        ("upperleg01", 3.0), ("lowerleg01", 2.0), ("foot", 3.0))},
}  # fmt: skip


@dataclass(frozen=True)
class PoseShares:
    """How often each source is drawn from; those that are not there fall out.

    Attributes:
        common: standing postures made by code.
        rare: crouching, lying, upside down, hands over the face …, made by code.
        walk: the keyed walk.
        takes: motion capture.
        poses: stored poses on MakeHuman's bones.
        landmarks: poses of real people.
    """

    common: float = 0.36
    rare: float = 0.1
    walk: float = 0.16
    takes: float = 0.12
    poses: float = 0.04
    landmarks: float = 0.22


class PoseBank:
    """Draws poses and motions.

    Args:
        motion: folder with motion capture (amc, bvh, DeepMimic's txt; also in folders below).
        humans: folder of MakeHuman assets; its poses/*.bvh are used if there are any.
        landmarks: table that `fitting.landmark_table` wrote.
        shares: of the sources.
        looking_back: share of poses whose head is then turned over a shoulder.
        gesturing: share of poses that are gestures instead: hands before the trunk.
        tries: poses drawn until one has no limb inside the body.

    Raises:
        InputError: the folder of motion has none, or no source is left.
        DataError: the table cannot be used.
    """

    def __init__(
        self,
        motion: Path | None = None,
        humans: Path | None = None,
        landmarks: Path | None = None,
        shares: PoseShares | None = None,
        looking_back: float = 0.0,
        gesturing: float = 0.0,
        tries: int = 4,
    ) -> None:
        self.takes = found(motion, TAKES)
        self.stored = sorted((humans / "poses").glob("*.bvh")) if humans else []
        self.people = LandmarkTable(landmarks) if landmarks else None
        self.looking_back, self.gesturing, self.tries = looking_back, gesturing, tries
        shares = shares or PoseShares()
        there = {"takes": self.takes, "poses": self.stored, "landmarks": self.people}
        weights = np.array(astuple(shares)) * [
            bool(there.get(field.name, True)) for field in fields(shares)
        ]
        if weights.sum() <= 0:
            raise InputError("no source of poses is left; give one a share above 0")
        self.sources = [field.name for field in fields(shares)]
        self.weights = weights / weights.sum()

    @cached_property
    def lengths(self) -> np.ndarray:
        """Seconds of each take."""
        return np.array([read_take(take).seconds for take in self.takes])

    def moment(self, body: Body, rng: np.random.Generator, source: str | None = None) -> Motion:
        """A pose: T = 1, front towards −y, on the ground unless it jumps, no limb in the body.

        Args:
            body: who takes it.
            rng: of everything drawn.
            source: a field of `PoseShares`, or "gestures"; by their shares if None.
        """
        if source is None and self.gesturing and rng.random() < self.gesturing:
            source = "gestures"
        best: tuple[float, Turns, np.ndarray] | None = None
        for _ in range(self.tries):
            turns, path = self.drawn(
                body, source or str(rng.choice(self.sources, p=self.weights)), rng
            )
            if self.looking_back and rng.random() < self.looking_back:
                turns = looked_back(body, turns, rng)
            turns, overlap = relaxed(body, turns)
            if best is None or overlap < best[0]:
                best = overlap, turns, path
            if overlap <= 0:
                break
        assert best is not None
        _, turns, path = best
        return moved((turns, grounded(body, turns, path)), -facing(turns), (0.0, 0.0))

    def drawn(self, body: Body, source: str, rng: np.random.Generator) -> Motion:
        """A pose of one source; its root's z is the height above the ground."""
        if source in TABLES:
            (turns, path), lifted = stance(body, rng, TABLES[source])
            return turns, path + np.array([0.0, 0.0, lifted])
        if source == "landmarks" and self.people:
            points = self.people.people[rng.integers(len(self.people))]
            points = mirrored(points) if rng.random() < 0.5 else points
            return posed(body, points, rng), np.zeros((1, 3))
        if source == "walk":
            turns, path = walk(body, rng.random(1) * 2, 0.0, waving(rng), 0.0, Gait.sampled(rng))
            path = path * (1, 1, 0)
        else:
            files = self.stored if source == "poses" else self.takes
            take = read_take(files[rng.integers(len(files))])
            turns, path = retarget(body, take, rng.random(1) * take.seconds)
        turns = loosened(body, turns, rng)
        if source != "poses":
            for side, _ in SIDES:
                random_hand(body, turns, side, rng)
        return turns, path

    def take(self, body: Body, seconds: np.ndarray, rng: np.random.Generator) -> Motion:
        """A motion of one person: a walk, or motion capture that lasts long enough.

        Args:
            body: who moves.
            seconds: (T,) moments, rising.
            rng: of everything drawn.

        Returns:
            The motion; it starts with the front towards −y and its mean place is (0, 0).
        """
        tempo = float(rng.uniform(0.8, 1.15))
        span = tempo * float(seconds[-1] - seconds[0])
        long = np.flatnonzero(self.lengths >= span) if self.takes else np.zeros(0, int)
        if len(long) and rng.random() < 0.7:
            number = int(rng.choice(long))
            start = rng.uniform(0, self.lengths[number] - span)
            when = start + tempo * (seconds - seconds[0])
            turns, path = retarget(body, read_take(self.takes[number]), when)
        else:
            phase = float(rng.random())
            turns, path = walk(body, seconds, 0.0, waving(rng), phase, Gait.sampled(rng))
            path = path * (1, 1, 0)
        turns = loosened(body, turns, rng)
        for side, _ in SIDES:
            random_hand(body, turns, side, rng)
        turns, _ = relaxed(body, turns)
        return moved((turns, grounded(body, turns, path)), -facing(turns), (0.0, 0.0))


def found(folder: Path | None, patterns: tuple[str, ...]) -> list[Path]:
    """The files of a folder and those below, in a fixed order; none if there is no folder.

    Raises:
        InputError: the folder has none of them.
    """
    if folder is None:
        return []
    files = sorted({f for pattern in patterns for f in folder.rglob(pattern)})
    files = [f for f in files if f.name != NO_TAKE]
    if not files:
        raise InputError(f"{folder} has no {', '.join(patterns)}; pass the folder that has them")
    return files


def waving(rng: np.random.Generator) -> str:
    """The side of an arm that waves; mostly none."""
    return str(rng.choice(["", "", "", "", "", "", "L", "R"]))


def loosened(body: Body, turns: Turns, rng: np.random.Generator) -> Turns:
    """Turn whole limbs by the random rotations of `LOOSE`, the same at all moments."""
    trunk = turns["root"]
    return turned_on(
        body,
        turns,
        {
            bone: trunk
            @ from_vector(np.radians(LOOSE[bone] / 3**0.5) * rng.standard_normal(3))
            @ trunk.swapaxes(-1, -2)
            for bone in body.bones
            if bone in LOOSE
        },
    )


def looked_back(body: Body, turns: Turns, rng: np.random.Generator) -> Turns:
    """Turn neck and head until they look over a shoulder: the one they are turned to already."""
    chest = turns["spine01"]
    ahead = (chest.swapaxes(-1, -2) @ turns["head"])[0] @ (0.0, -1.0, 0.0)
    now = np.degrees(np.arctan2(ahead[0], -ahead[1]))
    side = np.sign(now) if abs(now) > TURNED else rng.choice([-1.0, 1.0])
    more = side * rng.uniform(*OVER_SHOULDER) - now
    each = chest @ turn("z", more / (len(NECK) + 1)) @ chest.swapaxes(-1, -2)
    return turned_on(body, turns, dict.fromkeys((*NECK, "head"), each))


def turned_on(body: Body, turns: Turns, by: dict[str, np.ndarray]) -> Turns:
    """Turn bones, and all that hangs on them, by further rotations (T, 3, 3) of the world."""
    so_far: dict[str, np.ndarray] = {}
    out = dict(turns)
    for bone, parent in zip(body.bones, body.parents, strict=True):
        above = so_far.get(body.bones[parent]) if parent >= 0 else None
        if bone in by:
            above = by[bone] if above is None else above @ by[bone]
        if above is not None:
            so_far[bone] = above
            if bone in out:
                out[bone] = above @ out[bone]
    return out
