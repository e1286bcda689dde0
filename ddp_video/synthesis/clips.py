"""Clips of moving people seen by a moving camera, as functions of settings, seed and number.

Outdoors the background is a textured ground and a panorama that is infinitely far, indoors a room
of panels: of both the optical flow is known exactly.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from ..settings import ClipSettings, PictureSettings
from .clip import Flow, flow
from .clip_files import FLOW_STEP, Footage, packed, packed_flow
from .lens import Faults, drawn_faults, photographed
from .motion.motion import moved
from .pictures import charts, how_many
from .raster.rasterise import Camera, Light
from .raster.stage import Actor, Stage
from .raster.truth import Truth
from .scene.backdrop import irradiance, sampled
from .scene.camera import focal_pixels, look, rays
from .scene.light import drawn_light
from .scene.room import room
from .scene.scene import Dressed, lowest
from .scene.stock import CAST, FLOORS, WALLS, Stock, pose_bank

SHUTTER = 0.5  # share of a frame's time that the shutter is open
PER_FRAME = 4  # moments of one exposure
APART = 0.45  # metres between the middles of two people at any moment
TRIES = 12
HILLS = 2.5  # a panorama is so many times as far as it is high
INDOORS = 0.4  # of the clips
SWAY = (0.012, 0.4)  # metres and degrees by which hands sway a camera


@dataclass(frozen=True)
class Frame:
    """One frame of a clip.

    Attributes:
        image: (H, W, 3) uint8 RGB.
        truth: labels at the third of its PER_FRAME moments, next to the middle of the exposure.
    """

    image: np.ndarray
    truth: Truth


def soled(who: Dressed, motion: tuple[dict[str, np.ndarray], np.ndarray]) -> np.ndarray:
    """(T, B, 3, 4) of a motion, raised by what somebody wears under the feet."""
    transforms = who.body.transforms(*motion)
    bare = float(who.body.lowest(transforms[:1])[0])
    transforms[:, :, 2, 3] += bare - lowest(who.surfaces, transforms[0])
    return transforms


def placed(
    people: list[Dressed], seconds: np.ndarray, settings: PictureSettings, rng: np.random.Generator
) -> list[np.ndarray]:
    """Bone transforms of people who move without meeting; (T, B, 3, 4) each, fewer if crowded."""
    bank, out, paths = pose_bank(settings), [], []
    for who in people:
        motion = bank.take(who.body, seconds, rng)
        for attempt in range(TRIES):
            spot = rng.normal(0, 0.6 + 0.15 * attempt, 2) * (1.4, 1.0)
            turns, root = moved(
                motion, float(rng.uniform(0, 360)), (float(spot[0]), float(spot[1]))
            )
            path = root[:, :2]
            if all(np.linalg.norm(path - other, axis=1).min() > APART for other in paths):
                out.append(soled(who, (turns, root)))
                paths.append(path)
                break
        else:
            out.append(np.zeros((0, 0, 3, 4)))
    return out


def wave(seconds: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A slow unsteadiness of about ±1 over time."""
    out = np.zeros_like(seconds)
    for _ in range(3):
        out += np.sin(2 * np.pi * (rng.uniform(0.15, 0.9) * seconds + rng.random())) / 2
    return out


def camera_path(
    points: np.ndarray, seconds: np.ndarray, settings: ClipSettings, near: float,
    rng: np.random.Generator,
) -> list[Camera]:  # fmt: skip
    """A camera at every moment: still, panning, travelling or circling, by hand or on a stand.

    Args:
        points: (P, 3) where people's roots are during the clip.
        seconds: (T,) moments.
        settings: of the clip.
        near: the camera keeps within so many metres of the middle.
        rng: decides.
    """
    focal = focal_pixels(float(np.exp(rng.uniform(np.log(24), np.log(60)))), settings.size)
    middle = points.mean(0) * (1, 1, 0) + (0, 0, rng.uniform(0.8, 1.1))
    reach = float(np.linalg.norm(points[:, :2] - middle[:2], axis=1).max()) + 0.6
    fill = rng.uniform(0.7, 1.2)
    distance = max(focal * 1.9 / (fill * settings.size[0]), focal * 2 * reach / settings.size[1])
    distance = min(max(distance, 1.6), near)
    share = np.linspace(-0.5, 0.5, len(seconds))
    kind = rng.choice(["still", "pan", "travel", "circle"], p=[0.2, 0.2, 0.35, 0.25])
    angle = rng.normal(0, 8) + (rng.uniform(-35, 35) * share if kind == "circle" else 0 * share)
    away = distance * (1 + (rng.uniform(-0.3, 0.3) * share if kind == "travel" else 0 * share))
    aside = rng.uniform(-0.8, 0.8) * share if kind == "travel" else 0 * share
    pan = rng.uniform(-0.5, 0.5) * share if kind == "pan" else 0 * share
    by_hand = float(rng.random() < 0.6)
    shakes = by_hand * np.stack([wave(seconds, rng) for _ in range(6)], 1)
    height = float(np.clip(rng.uniform(0.7, 1.9), 0.2, 2.4))
    out = []
    for k in range(len(seconds)):
        a = np.radians(angle[k])
        eye = middle + away[k] * np.array([np.sin(a), -np.cos(a), 0]) + (aside[k], 0, 0)
        eye = eye * (1, 1, 0) + (0, 0, height) + SWAY[0] * shakes[k, :3]
        at = middle + (0.7 * aside[k] + pan[k], 0, 0) + SWAY[0] * shakes[k, 3:]
        out.append(look(eye, at, SWAY[1] * shakes[k, 5], focal, settings.size))
    return out


def all_round(view: np.ndarray) -> np.ndarray:
    """A panorama (h, 6 w, 3) without a seam of a view (h, w, 3) and its mirror image."""
    return np.concatenate([view, view[:, ::-1]] * 3, 1)


@dataclass(frozen=True)
class Outdoors:
    """A ground and a panorama.

    Attributes:
        floor: light (h, w, 3) of a tile of the ground.
        tile: its side, metres.
        view: light of the panorama, its lower border on the horizon; seen all round.
        light: of the scene.
    """

    floor: np.ndarray
    tile: float
    view: np.ndarray
    light: Light

    @cached_property
    def mean(self) -> np.ndarray:
        """(3,) of the ground's light."""
        return self.floor.mean((0, 1))

    def seen(self, camera: Camera) -> np.ndarray:
        """(H, W, 3) linear light."""
        x, y, z = rays(camera)
        picture = np.empty((*camera.size, 3), np.float32)
        ground = z < -1e-3
        depth = camera.eye[2] / -z[ground]
        u, v = (
            (camera.eye[k] + way[ground] * depth) / self.tile % 1 for k, way in enumerate((x, y))
        )
        away = depth * self.floor.shape[0] / (camera.focal * self.tile)
        clear = (2.0 / away.clip(2.0))[:, None]
        colour = self.mean + clear * (sampled(self.floor, u, v) - self.mean)
        picture[ground] = colour * irradiance(self.light, np.zeros(3)).astype(np.float32)
        azimuth = np.arctan2(x[~ground], y[~ground]) / (2 * np.pi) % 1
        rise = z[~ground] / np.hypot(x[~ground], y[~ground])
        sky = np.array(self.light.sky, np.float32) + 0.3
        picture[~ground] = sampled(self.view, azimuth, 1 - (HILLS * rise).clip(0, 1)) * sky
        return picture


@dataclass(frozen=True)
class Clip:
    """Everything about a clip but its pixels.

    Attributes:
        stage: people and, indoors, the room.
        outdoors: the background; None indoors.
        cameras: at every moment, PER_FRAME in a frame.
        faults: of its camera.
        seed: of sampling and noise.
        settings: of the clip.
    """

    stage: Stage
    outdoors: Outdoors | None
    cameras: list[Camera]
    faults: Faults
    seed: int
    settings: ClipSettings

    def __len__(self) -> int:
        """Number of frames."""
        return len(self.cameras) // PER_FRAME

    @property
    def moments(self) -> list[int]:
        """The moment of each frame's truth."""
        return [PER_FRAME * k + PER_FRAME // 2 for k in range(len(self))]

    def frames(self, numbers: range) -> Iterator[Frame]:
        """Some frames; none depends on which were asked for before."""
        for k in numbers:
            moment = self.moments[k]
            within = range(k * PER_FRAME, (k + 1) * PER_FRAME)
            shot = self.stage.exposure(within, [self.cameras[m] for m in within], self.seed + k)
            camera = self.cameras[moment]
            behind = self.outdoors.seen(camera) if self.outdoors else np.zeros_like(shot.light)
            light = shot.over(behind, self.ground(camera))
            rng = np.random.default_rng((self.seed, k))
            yield Frame(photographed(light, self.faults, rng), self.stage.labels(moment, camera))

    def ground(self, camera: Camera) -> np.ndarray:
        """(H, W) where the ground is seen."""
        return (rays(camera)[2] < -1e-3).astype(np.float32)


def clip(settings: ClipSettings, seed: int, number: int) -> Clip:
    """Clip `number` of a seed."""
    rng = np.random.default_rng((seed, number, 1))
    made_of = PictureSettings(
        assets=settings.assets,
        motion=settings.motion,
        looks=settings.looks,
        in_looks=settings.in_looks,
    )
    stock = Stock(made_of, seed, number)
    count = how_many(*settings.people, rng)
    people = [stock.person(int(k)) for k in rng.choice(CAST, count, replace=False)]
    within = SHUTTER * (np.arange(PER_FRAME) + 0.5) / PER_FRAME
    seconds = ((np.arange(settings.frames)[:, None] + within) / settings.rate).ravel()
    transforms = placed(people, seconds, made_of, rng)
    actors = [
        (Actor(who.body, who.surfaces), t)
        for who, t in zip(people, transforms, strict=True)
        if len(t)
    ]
    paths = np.concatenate([t[:, 0, :, :3] @ a.body.heads[0] + t[:, 0, :, 3] for a, t in actors])
    indoors = bool(rng.random() < INDOORS)
    cameras = camera_path(paths, seconds, settings, 4.4 if indoors else 20.0, rng)
    light = drawn_light(paths.mean(0) * (1, 1, 0) + (0, 0, 1.0), indoors, rng)
    if indoors:
        centre = tuple(np.clip(light.centre, (-3, -4.5, 0.5), (3, 2.4, 2.7)).tolist())
        strength = np.sum(np.square(centre)) / np.sum(np.square(light.centre))
        light = replace(light, centre=centre, key=tuple(float(c * strength) for c in light.key))
    floor, tile = stock.floor(int(rng.integers(FLOORS)), False)
    outdoors = (
        None
        if indoors
        else Outdoors(floor, tile, all_round(stock.view(int(rng.integers(WALLS)))), light)
    )
    stage = Stage(room(rng) if indoors else [], actors, light, charts(), floor=not indoors)
    faults = replace(drawn_faults(max(settings.size), rng), shake=(0.0, 0.0), quality=100)
    return Clip(stage, outdoors, cameras, faults, int(rng.integers(2**31)), settings)


def flow_onwards(made: Clip, frame: int) -> Flow:
    """Exact flow from a frame to the next one, at every FLOW_STEP-th pixel."""
    here, there = (made.moments[k] for k in (frame, frame + 1))
    ends = (here, made.cameras[here]), (there, made.cameras[there])
    return flow(made.stage, *ends, every=FLOW_STEP)


def rendered(
    made: Clip, numbers: range, go_on: Callable[[int], bool] = lambda number: True
) -> Footage | None:
    """Render some frames of a clip.

    Args:
        made: the clip.
        numbers: of the frames, one after the other.
        go_on: told the number of each frame that is done.

    Returns:
        None if `go_on` said no.
    """
    pictures, truths, flows = [], [], []
    for k, frame in zip(numbers, made.frames(numbers), strict=True):
        pictures.append(frame.image)
        truths.append(packed(frame.truth.iuv, frame.truth.owner))
        if k + 1 < len(made):
            onwards = flow_onwards(made, k)
            flows.append(packed_flow(onwards.flow, onwards.seen))
        if not go_on(k):
            return None
    return Footage(np.stack(pictures), np.stack(truths), np.stack(flows))
