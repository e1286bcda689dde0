"""The clips of `samples/` and their truth: a dancer turns, people cross, a camera travels.

`python -m ddp_video.synthesis.samples --assets DIR --motion DIR -o samples`
"""

import argparse
import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from ..settings import ClipSettings
from .body.body import Body
from .clip_files import write_clip
from .clips import PER_FRAME, SHUTTER, Clip, Outdoors, all_round, rendered, soled, wave
from .lens import Faults, to_light
from .motion.capture import grounded, read_take, retarget
from .motion.motion import Motion, moved, walk
from .pictures import charts
from .raster.rasterise import Camera, Light
from .raster.stage import Actor, Stage
from .scene.camera import focal_pixels, look
from .scene.decor import Texture, asphalt, horizon_view, slabs
from .scene.room import room
from .scene.scene import Dressed
from .wardrobe.wardrobe import dressed

LOG = logging.getLogger(__name__)

SETTINGS = ClipSettings(size=(270, 480), seconds=3.0, rate=24)
FAULTS = Faults(vignette=0.15, noise=1.2)
SWAY = 0.008  # metres by which hands sway the camera
LAMP = Light(
    centre=(-2.1, -2.6, 2.7),
    radius=0.35,
    key=(15.0, 14.0, 12.6),
    sky=(0.62, 0.65, 0.7),
    ground=(0.45, 0.42, 0.38),
)
SUN = Light(
    centre=(-38.0, -30.0, 62.0),
    radius=0.8,
    key=(5600.0, 5300.0, 4800.0),
    sky=(0.38, 0.42, 0.5),
    ground=(0.2, 0.19, 0.17),
)


@dataclass(frozen=True)
class Part:
    """A person of a clip.

    Attributes:
        kinds: Anny's phenotype.
        look: seed of clothes, hair and skin.
        move: body and (T,) moments → motion.
    """

    kinds: dict[str, float]
    look: int
    move: Callable[[Body, np.ndarray], Motion]


@dataclass(frozen=True)
class Sample:
    """A clip to be made.

    Attributes:
        people: in it.
        eye: (T,) moments → (T, 3) where the camera stands, without its sway.
        at: (T,) moments → (T, 3) what it looks at.
        focal: mm.
        ground: outdoors; None: in a room.
    """

    people: list[Part]
    eye: Callable[[np.ndarray], np.ndarray]
    at: Callable[[np.ndarray], np.ndarray]
    focal: float
    ground: Texture | None = None


def walking(
    heading: float, place: tuple[float, float], phase: float, waving: str = ""
) -> Callable[[Body, np.ndarray], Motion]:
    """A straight walk; `heading` in degrees (0 towards −y), `place` in the middle of the clip."""
    return lambda body, t: moved(walk(body, t, 0.0, waving, phase), heading, place)


def captured(
    take: Path, start: float, tempo: float, heading: float, place: tuple[float, float]
) -> Callable[[Body, np.ndarray], Motion]:
    """A part of a motion capture take from `start` seconds on."""

    def move(body: Body, t: np.ndarray) -> Motion:
        turns, path = retarget(body, read_take(take), start + tempo * t)
        return moved((turns, grounded(body, turns, path)), heading, place)

    return move


def still(*place: float) -> Callable[[np.ndarray], np.ndarray]:
    """The same place (3,) at all moments."""
    return lambda t: np.tile(place, (len(t), 1))


def line(start: tuple, end: tuple) -> Callable[[np.ndarray], np.ndarray]:
    """From one place to another, gently starting and stopping."""

    def along(t: np.ndarray) -> np.ndarray:
        share = t / SETTINGS.seconds
        share = (share + share**2 * (3 - 2 * share)) / 2
        return np.array(start) + share[:, None] * (np.array(end) - np.array(start))

    return along


def samples(motion: Path) -> dict[str, Sample]:
    """All clips by name."""
    woman, man = {"gender": 1.0, "age": 0.62}, {"gender": 0.0, "age": 0.66, "muscle": 0.6}
    elder = {"gender": 0.0, "age": 0.9, "weight": 0.6, "height": 0.45}
    girl = {"gender": 1.0, "age": 0.42, "weight": 0.45}
    spin = captured(motion / "cmu/pirouette.amc.gz", 0.5, 0.85, 20.0, (0.1, 0.3))
    jumps = captured(motion / "cmu/jumping_jacks.bvh", 0.3, 1.0, 0.0, (0.9, 1.2))
    return {
        "dancer": Sample(
            [Part({**woman, "weight": 0.42}, 25, spin)],
            still(-0.2, -4.1, 1.3), still(0.02, 0.4, 0.95), 40.0,
        ),
        "crossing": Sample(
            [
                Part(man, 5, walking(90.0, (0.0, 0.5), 0.2)),
                Part(woman, 8, walking(-82.0, (0.1, -0.4), 0.6, "R")),
                Part(elder, 11, walking(12.0, (-0.2, 2.2), 0.0)),
            ],
            still(0.1, -5.2, 1.45), still(0.0, 0.5, 0.95), 42.0, asphalt,
        ),
        "travelling": Sample(
            [Part(girl, 14, walking(90.0, (-0.2, 0.2), 0.4)), Part(man, 17, jumps)],
            line((-2.2, -4.0, 1.1), (1.6, -3.3, 1.6)), line((-1.6, 0.4, 0.8), (1.2, 0.5, 0.85)),
            36.0, slabs,
        ),
    }  # fmt: skip


def cameras(sample: Sample, seconds: np.ndarray, rng: np.random.Generator) -> list[Camera]:
    """The camera at every moment, held by hand."""
    focal = focal_pixels(sample.focal, SETTINGS.size)
    shakes = SWAY * np.stack([wave(seconds, rng) for _ in range(6)], 1)
    eyes, targets = sample.eye(seconds) + shakes[:, :3], sample.at(seconds) + shakes[:, 3:]
    rolls = np.degrees(shakes[:, 0]) * 0.5
    return [
        look(eye, at, float(roll), focal, SETTINGS.size)
        for eye, at, roll in zip(eyes, targets, rolls, strict=True)
    ]


def clip(sample: Sample, assets: Path | None, seed: int) -> Clip:
    """Everything about a sample but its pixels."""
    rng = np.random.default_rng(seed)
    frames = np.arange(round(SETTINGS.seconds * SETTINGS.rate))
    within = SHUTTER * (np.arange(PER_FRAME) + 0.5) / PER_FRAME
    seconds = ((frames[:, None] + within) / SETTINGS.rate).ravel()
    actors = []
    for part in sample.people:
        body = Body(part.kinds)
        who = Dressed(body, dressed(body, np.random.default_rng(part.look), assets))
        actors.append((Actor(body, who.surfaces), soled(who, part.move(body, seconds))))
    light, outdoors, panels = LAMP, None, room(rng)
    if sample.ground:
        light, panels = SUN, []
        floor, view = (to_light(kind(rng)) for kind in (sample.ground, horizon_view))
        outdoors = Outdoors(floor, 2.0, all_round(view), light)
    stage = Stage(panels, actors, light, charts(), floor=not panels)
    return Clip(stage, outdoors, cameras(sample, seconds, rng), FAULTS, seed, SETTINGS)


def told(name: str, number: int) -> bool:
    """Say which frame of a clip is done, and go on."""
    LOG.info("%s: frame %d", name, number)
    return True


def main(arguments: list[str] | None = None) -> None:
    """Render the clips and write their files."""
    parser = argparse.ArgumentParser(
        prog="python -m ddp_video.synthesis.samples", description=__doc__
    )
    add = parser.add_argument
    add("--assets", type=Path, help="MakeHuman assets: clothes/, hair/, skins/; else of our own")
    add("--motion", type=Path, required=True, help="folder with cmu/pirouette.amc.gz and others")
    add("-o", "--output", type=Path, default=Path("samples"), help="folder (default: samples)")
    add("--only", help="name of one clip")
    given = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    given.output.mkdir(parents=True, exist_ok=True)
    for seed, (name, sample) in enumerate(samples(given.motion).items()):
        if given.only in (None, name):
            made = clip(sample, given.assets, seed)
            footage = rendered(made, range(len(made)), partial(told, name))
            assert footage is not None
            write_clip(footage, given.output, name, SETTINGS.rate)


if __name__ == "__main__":
    main()
