"""Make rendered pictures of single people with exact labels, as a dataset to train on.

`python -m ddp_video.synthesis.people --humans DIR --motion DIR --charts FILE --backgrounds DIR
-o DIR --count N`. Picture k depends on the seed and on k only; those that are there are kept.
"""

import argparse
import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import cv2
import numpy as np

from ..data import DatasetWriter, PersonLabel
from ..errors import DataError, InputError
from .body import Body, Charts, Surface, pose
from .clip import Actor, Stage
from .motion import moved
from .rasterise import Camera, Light
from .sample_clip import developed
from .scene import look
from .stances import stance
from .wardrobe import Garment, covered, dye, fit, knit, read_mhclo, read_texture

LOG = logging.getLogger(__name__)

SUITS = ("clothes/male_*", "clothes/female_*")
SHOES = ("clothes/shoes*",)
HAIR = ("hair/*",)
HAIR_COLOURS = ((28, 24, 22), (62, 44, 34), (104, 72, 48), (150, 112, 70), (120, 56, 34))
GREY_HAIR = (165, 163, 160)
SAMPLES = 2  # points per pixel: this number squared
RAYS = 2  # towards the light and around, per point


@dataclass(frozen=True)
class Assets:
    """What people are made of.

    Attributes:
        skins: texture files.
        suits: `.mhclo` files; likewise shoes and hair.
        takes: motion capture.
        backgrounds: photos without people.
        charts: the DensePose charts.
    """

    skins: list[Path]
    suits: list[Path]
    shoes: list[Path]
    hair: list[Path]
    takes: list[Path]
    backgrounds: list[Path]
    charts: Charts


@dataclass(frozen=True)
class Mix:
    """Shares of what is seen.

    Attributes:
        behind: of people seen from behind; the others are seen from the side or from the front.
        studio: of plain walls behind them; the others stand before a photo.
    """

    behind: float = 0.5
    studio: float = 0.3


texture_of = cache(read_texture)


@cache
def garment_of(path: Path) -> Garment | None:
    """The garment, or None if it comes without its texture."""
    try:
        return read_mhclo(path)
    except DataError:
        return None


def gather(humans: Path, motion: Path, charts: Path, backgrounds: Path) -> Assets:
    """List the assets, in a fixed order.

    Raises:
        InputError: a folder has nothing of what is looked for.
    """

    def worn(patterns: tuple[str, ...]) -> list[Path]:
        files = [f for p in patterns for f in humans.glob(f"{p}/*.mhclo")]
        return sorted(f for f in files if garment_of(f))

    suits, shoes, hair = (worn(patterns) for patterns in (SUITS, SHOES, HAIR))
    skins = sorted((humans / "skins/textures").glob("*.png"))
    takes = sorted((motion / "cmu").glob("*.amc.gz"))
    photos = sorted(backgrounds.glob("*.jpg"))
    for found, folder in ((suits, humans), (shoes, humans), (hair, humans), (skins, humans),
                          (takes, motion), (photos, backgrounds)):  # fmt: skip
        if not found:
            raise InputError(f"{folder} lacks what is needed; pass the folder that its help names")
    return Assets(skins, suits, shoes, hair, takes, photos, Charts(charts))


def cloth_colour(rng: np.random.Generator) -> tuple[float, float, float]:
    """A colour as clothes have it: often dull, sometimes vivid."""
    saturation = rng.choice([rng.uniform(0, 0.15), rng.uniform(0.15, 0.5), rng.uniform(0.5, 0.95)])
    hsv = np.array([[[360 * rng.random(), saturation, rng.uniform(0.1, 0.95)]]], np.float32)
    r, g, b = 255 * cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)[0, 0]
    return float(r), float(g), float(b)


def dyed(texture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A suit's texture as it is (.2), or its two halves in other colours, or with stripes."""
    if rng.random() < 0.2:
        return texture
    border = rng.uniform(0.38, 0.46)  # most suits have the jacket above and the trousers below
    for rows in ((0.0, border), (border, 1.0)):
        if rng.random() < 0.8:
            texture = dye(texture, cloth_colour(rng), rows)
    if rng.random() < 0.2:
        colours = tuple(cloth_colour(rng) for _ in range(int(rng.integers(2, 5))))
        striped = knit(texture, colours, (0.0, border))
        striped[..., 3] = texture[..., 3]
        return striped
    return texture


def toned(texture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Skin somewhat darker or lighter, redder or yellower."""
    gain = rng.uniform(0.85, 1.15) * rng.uniform(0.95, 1.05, 3)
    out = texture.copy()
    out[..., :3] = (texture[..., :3] * gain).clip(0, 255)
    return out


def dressed(body: Body, assets: Assets, age: float, rng: np.random.Generator) -> list[Surface]:
    """Skin, suit, and mostly shoes and hair."""
    grey = rng.random() < max(0.05, 3 * (age - 0.75))
    colour = GREY_HAIR if grey else HAIR_COLOURS[rng.integers(len(HAIR_COLOURS))]
    tint = partial(dye, colour=tuple(np.array(colour) * rng.uniform(0.7, 1.3)))
    wanted: list[tuple[list[Path], float, Callable[[np.ndarray], np.ndarray], float]] = [
        (assets.suits, 1.0, partial(dyed, rng=rng), 0.0),
        (assets.shoes, 0.93, partial(dyed, rng=rng), 0.03),
        (assets.hair, 0.93, tint, 0.06),
    ]
    skin = toned(texture_of(assets.skins[rng.integers(len(assets.skins))]), rng)
    garments, surfaces = [], []
    for files, chance, change, gloss in wanted:
        garment = garment_of(files[rng.integers(len(files))])
        if garment is not None and rng.random() < chance:
            garments.append(garment)
            surfaces.append(fit(garment, body, change(texture_of(garment.texture)), gloss))
    return [body.skin(skin).without(covered(body, garments)), *surfaces]


def person(assets: Assets, behind: float, rng: np.random.Generator) -> tuple[Actor, np.ndarray]:
    """Somebody at one moment, and the bone transforms.

    A camera at −y sees the back with probability `behind`, else a side or the front.
    """
    names = ("gender", "age", "weight", "height", "muscle")
    lows, highs = (0, 0.3, 0.15, 0.2, 0.2), (1, 1, 0.85, 0.8, 0.85)
    kinds: dict[str, float] = dict(zip(names, rng.uniform(lows, highs).tolist(), strict=True))
    body = Body(kinds)
    surfaces = dressed(body, assets, kinds["age"], rng)
    view = rng.random()
    if view < behind:
        yaw = 180 + rng.uniform(-60, 60)
    elif view < (1 + behind) / 2:
        yaw = rng.choice([-90, 90]) + rng.uniform(-30, 30)
    else:
        yaw = rng.uniform(-60, 60)
    actor = Actor(body, surfaces, moved(stance(body, assets.takes, rng), float(yaw), (0.0, 0.0)))
    return actor, actor.transforms(feet=min(2, len(surfaces) - 1))


def seen(camera: Camera, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest pixel (x, y) of points."""
    x, y, z = camera.axes @ (points - camera.eye).T
    pixels = camera.focal * np.stack([x, y], 1) / np.maximum(z, 0.05)[:, None]
    return pixels.min(0), pixels.max(0)


def framed(points: np.ndarray, size: int, rng: np.random.Generator) -> Camera:
    """A camera that the points fill .6 to 1.4 of; what is too much is cut off above or below."""
    focal = size * np.exp(rng.uniform(np.log(0.75), np.log(3.2)))  # 27 to 115 mm
    fill = rng.uniform(0.6, 1.0) if rng.random() < 0.6 else rng.uniform(1.0, 1.4)
    height, roll = rng.uniform(0.6, 2.2), rng.normal(0, 3)
    where, aside = rng.uniform(-0.5, 0.5, 2)
    middle = (points.min(0) + points.max(0)) / 2
    distance = max(focal * np.ptp(points[:, 2]) / (fill * size), 1.0)
    camera = None
    for _ in range(3):  # perspective makes it larger or smaller than thought
        eye = np.array([middle[0], middle[1] - distance, min(height, middle[2] + 0.6 * distance)])
        camera = look(eye, middle, roll, focal, (size, size))
        low, high = seen(camera, points)
        distance *= float(np.clip((high[1] - low[1]) / (fill * size), 0.7, 1.4))
    assert camera is not None
    low, high = seen(camera, points)
    slack = np.abs(size - (high - low)) * (0.55, 0.95) + 0.04 * size
    shift = (low + high) / 2 + slack * (aside, where)
    aim = camera.axes.T @ np.array([*(shift / focal), 1.0])
    return look(camera.eye, camera.eye + aim, roll, focal, (size, size))


def lamp(rng: np.random.Generator) -> Light:
    """A key light from anywhere above, warm or cold, and light from all around."""
    azimuth, height = rng.uniform(-np.pi, np.pi), rng.uniform(1.2, 4.5)
    warm = np.array([1.0, 0.95, 0.88]) ** rng.normal(1, 1.6)
    cold = np.array([0.92, 0.97, 1.0]) ** rng.normal(1, 1.6)
    key = rng.uniform(1, 14) * warm
    sky = rng.uniform(0.3, 0.9) * cold
    return Light(
        (3.2 * float(np.sin(azimuth)), -3.2 * float(np.cos(azimuth)), float(height)),
        float(rng.uniform(0.1, 0.8)),
        *(tuple(v.tolist()) for v in (key, sky, sky * rng.uniform(0.3, 0.8))),
    )


def backdrop(photos: list[Path], studio: float, size: int, rng: np.random.Generator) -> np.ndarray:
    """(size, size, 3) uint8: a crop of a photo, or a studio's grey or white wall."""
    if rng.random() < studio:
        top, bottom = rng.choice([rng.uniform(90, 220), rng.uniform(225, 255)]) * rng.uniform(
            0.9, 1, 2
        )
        wall = np.linspace(top, bottom, size)[:, None, None] * rng.uniform(0.96, 1, 3)
        return np.broadcast_to(wall, (size, size, 3)).clip(0, 255).astype(np.uint8)
    path = photos[rng.integers(len(photos))]
    photo = cv2.imread(str(path))
    if photo is None:
        raise DataError(f"{path} cannot be read as a picture; remove it")
    side = int(min(photo.shape[:2]) * rng.uniform(0.5, 1))
    y, x = (int(rng.integers(n - side + 1)) for n in photo.shape[:2])
    crop = photo[y : y + side, x : x + side, ::-1][:, :: rng.choice([-1, 1])]
    method = cv2.INTER_AREA if side > size else cv2.INTER_LINEAR
    crop = cv2.resize(np.ascontiguousarray(crop), (size, size), interpolation=method)
    return cv2.GaussianBlur(crop, (0, 0), rng.uniform(0.5, 3)) if rng.random() < 0.3 else crop


def photographed(
    stage: Stage, camera: Camera, wall: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """(H, W, 3) uint8: the stage's people before a wall, through a lens with slight faults."""
    h, w = camera.size
    fine = Camera(camera.eye, camera.axes, camera.focal * SAMPLES, (h * SAMPLES, w * SAMPLES))
    scene = stage.at(0)
    light = scene.colour(fine, stage.light, (0.5, 0.5), range(RAYS), int(rng.integers(2**31)))
    there = (scene.hits(fine)[0] >= 0).astype(np.float32)
    alpha = cv2.resize(there, (w, h), interpolation=cv2.INTER_AREA)[..., None]
    light = cv2.resize(light, (w, h), interpolation=cv2.INTER_AREA) / alpha.clip(0.01)
    exposure = np.exp(rng.normal(0, 0.25))
    people = developed(light * exposure, rng)
    out = alpha * people + (1 - alpha) * wall
    if rng.random() < 0.6:
        out = cv2.GaussianBlur(out, (0, 0), rng.uniform(0.3, 1.1))
    out = out + rng.normal(0, rng.uniform(0, 5), out.shape)
    return out.clip(0, 255).round().astype(np.uint8)


def picture(
    assets: Assets, size: int, seed: int, number: int, mix: Mix | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Picture `number` of a seed.

    Returns:
        (size, size, 3) uint8 RGB; (size, size, 3) uint8 I, 255·U, 255·V; (size, size) bool mask.
    """
    rng = np.random.default_rng((seed, number))
    mix = mix or Mix()
    actor, transforms = person(assets, mix.behind, rng)
    points = [pose(s.vertices, s.weights, transforms[0]) for s in actor.surfaces]
    camera = framed(np.concatenate(points), size, rng)
    stage = Stage([], [(actor, transforms)], lamp(rng), assets.charts)
    wall = backdrop(assets.backgrounds, mix.studio, size, rng)
    image = photographed(stage, camera, wall, rng)
    iuv, owner = stage.labels(0, camera)
    iuv[..., 1:] *= 255
    return image, iuv.round().astype(np.uint8), owner > 0


def main(arguments: list[str] | None = None) -> None:
    """Render the pictures that are not there yet."""
    parser = argparse.ArgumentParser(prog="python -m ddp_video.synthesis.people")
    add = parser.add_argument
    add("--humans", type=Path, required=True, help="MakeHuman assets: clothes/, hair/, skins/")
    add("--motion", type=Path, required=True, help="folder with cmu/*.amc.gz and their *.asf")
    add("--charts", type=Path, required=True, help="anny_charts_fine.npz")
    add("--backgrounds", type=Path, required=True, help="photos (*.jpg) without people")
    add("-o", "--output", type=Path, required=True, help="dataset folder")
    add("--count", type=int, required=True, help="number of pictures")
    add("--seed", type=int, default=0, help="of everything")
    add("--size", type=int, default=320, help="side of the pictures in pixels")
    add("--behind", type=float, default=Mix.behind, help="share of people seen from behind")
    add("--studio", type=float, default=Mix.studio, help="share of plain walls behind people")
    given = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    mix = Mix(given.behind, given.studio)
    assets = gather(given.humans, given.motion, given.charts, given.backgrounds)
    with DatasetWriter(given.output) as writer:
        for k in range(given.count):
            key = f"person_{k:05d}"
            if not writer.has(key):
                image, iuv, mask = picture(assets, given.size, given.seed, k, mix)
                writer.add(image, [PersonLabel(mask)], iuv, key=key, source="rendered")
                LOG.info("%d of %d", k + 1, given.count)


if __name__ == "__main__":
    main()
