"""One picture of people with exact labels, as a function of settings, seed and number."""

from dataclasses import dataclass, replace
from functools import cache

import cv2
import numpy as np

from ..data import PersonLabel
from ..data.densepose_coco import UNKNOWN
from ..settings import SHARD, PictureSettings
from .charts.lookup import Charts
from .lens import drawn_faults, photographed
from .points import sampled_points
from .raster.rasterise import Camera, Light
from .raster.stage import Actor, Stage
from .raster.truth import Truth
from .scene.backdrop import Backdrop, blurred, photo_backdrop, plane_backdrop, studio_backdrop
from .scene.camera import Shot, drawn_shot, project
from .scene.light import drawn_light, fitted
from .scene.scene import Standing, around, arranged, before, in_hands, stood
from .scene.seats import seats
from .scene.stock import CAST, Stock, pose_bank

SMALLEST = 2e-4  # share of the picture below which somebody seen is not labelled
FALL = 0.7  # of the chance of one more person
INDOORS = 0.4  # of the pictures
STUDIO = 0.3  # of the pictures that are no photo
BOKEH = 0.35  # of the pictures have a blurred background
RIM = 0.03  # metres
LEVELS = np.array([1.0, 255.0, 255.0, 0.0])  # of I, U and V as they are stored
SOLES = 0.06  # metres above somebody's lowest point


@dataclass(frozen=True)
class Picture:
    """A rendered picture and its truth.

    Attributes:
        image: (H, W, 3) uint8 RGB.
        iuv: (H, W, 3) uint8 I, 255·U, 255·V.
        people: who is seen, masks disjoint.
        facts: what the picture was made with.
    """

    image: np.ndarray
    iuv: np.ndarray
    people: list[PersonLabel]
    facts: dict[str, object]


@cache
def charts() -> Charts:
    """The shipped charts, read once a process."""
    return Charts.shipped()


def how_many(least: int, most: int, rng: np.random.Generator) -> int:
    """A number of people; each one more is rarer, yet crowds occur."""
    if rng.random() < 0.12:
        return int(rng.integers(least, most + 1))
    odds = FALL ** np.arange(most - least + 1)
    return int(rng.choice(np.arange(least, most + 1), p=odds / odds.sum()))


def company(stock: Stock, rng: np.random.Generator) -> list[Standing]:
    """People of the cast, each in a pose of its own, all at the origin."""
    count = how_many(*stock.settings.people, rng)
    bank = pose_bank(stock.settings)
    out = []
    for number in rng.choice(CAST, min(count, CAST), replace=False):
        who = stock.person(int(number))
        out.append(stood(who, bank.moment(who.body, rng)))
    return out


def actor(person: Standing, rng: np.random.Generator) -> tuple[Actor, np.ndarray]:
    """Somebody in place, now and then with something in a hand, and the bones' transforms."""
    props = in_hands(person, rng)
    return Actor(person.who.body, person.who.surfaces, props), person.transforms[None]


def backdrop(
    stock: Stock, shot: Shot, camera: Camera, light: Light, indoors: bool, grounded: bool,
    rng: np.random.Generator,
) -> Backdrop:  # fmt: skip
    """A photo where there are some (`grounded`: with ground to stand on), else planes, a studio."""
    photo, kind = stock.photo(int(rng.integers(1 << 16)), grounded), rng.random()
    if photo is not None and kind < shot.photo:
        return photo_backdrop(photo, camera, rng)
    if shot.height is not None and rng.random() < STUDIO:
        return studio_backdrop(camera, light, rng)
    return plane_backdrop(stock.walls(indoors, rng), camera, light)


def grounded(person: Standing, camera: Camera) -> bool:
    """Whether the picture shows somebody's lowest points, on which it stands."""
    height = person.points[:, 2]
    low = person.points[height < height.min() + SOLES]
    pixels, depth = project(camera, low)
    inside = ((pixels >= 0) & (pixels < np.array(camera.size[::-1]))).all(axis=1)
    return bool(np.any(inside & (depth > 0)))


def composed(
    stage: Stage, behind: Backdrop, camera: Camera, subject: float, bokeh: float, seed: int
) -> np.ndarray:
    """(H, W, 3) linear light: people before the background, their shadows on its ground.

    Args:
        stage: people and things.
        behind: the background.
        camera: of the picture.
        subject: depth at which the background is sharp, metres.
        bokeh: how much it is blurred far from there, pixels.
        seed: of the rays.
    """
    seen = stage.picture(0, camera, seed)
    out = seen.over(blurred(behind, subject, bokeh), behind.floor)
    if behind.photo:  # haze: nothing in a photo is darker than its darkest
        darkest = float(np.percentile(behind.light[::4, ::4], 1))
        out += cv2.merge([0.6 * darkest * seen.alpha] * 3)
    return out


def known_surface(truth: Truth) -> np.ndarray:
    """(H, W, 3) uint8 I, 255·U, 255·V; 255 for hair and clothes that stand off the body.

    Where clothes or hair are seen beside the body, more than RIM from its outline, no point of the
    body is behind them that annotators would agree on.
    """
    stored = cv2.multiply(truth.iuv, LEVELS, dtype=cv2.CV_8U)
    away = cv2.distanceTransform((~truth.body).astype(np.uint8), cv2.DIST_L2, 3)
    off = (truth.owner > 0) & (away > RIM * truth.camera.focal / truth.depth)
    stored[off] = (UNKNOWN, 0, 0)
    return stored


def labelled(truth: Truth, iuv: np.ndarray, points: bool, seed: int) -> list[PersonLabel]:
    """Everybody who is seen; who is hardly seen becomes a region that is ignored."""
    least = SMALLEST * truth.owner.size
    out = []
    for k, person in enumerate(truth.people):
        if not person.visible:
            continue
        mask, hardly = truth.owner == k + 1, person.visible < least
        known = mask & (iuv[..., 0] != UNKNOWN)
        clicked = sampled_points(truth.iuv, known, seed) if points and not hardly else None
        x0, y0, x1, y1 = person.box.tolist()
        out.append(
            PersonLabel(
                mask,
                ignore=hardly,
                points=clicked,
                joints=person.joints,
                whole=(x0, y0, x1, y1),
            )
        )
    return out


def facts(camera: Camera) -> dict[str, object]:
    """What a dataset notes about a picture: the camera."""
    return {
        "camera": {
            "focal": round(camera.focal, 2),
            "eye": [round(float(v), 4) for v in camera.eye],
            "axes": [[round(float(v), 5) for v in axis] for axis in camera.axes],
        }
    }


def picture(settings: PictureSettings, seed: int, number: int) -> Picture:
    """Picture `number` of a seed."""
    rng = np.random.default_rng((seed, number))
    stock = Stock(settings, seed, number // SHARD)
    size = (settings.size, settings.size)
    shot = drawn_shot(rng)
    people, camera = arranged(company(stock, rng), shot, size, settings.behind, rng)
    panels = seats(people, camera, rng) + before(people, camera, rng)
    middle = np.mean([p.points.mean(0) for p in people], 0)
    indoors = bool(rng.random() < INDOORS)
    light = drawn_light(middle, indoors, rng)
    behind = backdrop(
        stock, shot, camera, light, indoors, any(grounded(p, camera) for p in people), rng
    )
    if behind.photo:
        light = fitted(light, behind.light)
    elif shot.height is not None:
        panels += around(people, camera, rng)
    stage = Stage(panels, [actor(p, rng) for p in people], light, charts(), floor=True)
    subject = float(project(camera, middle[None])[1][0])
    bokeh = rng.uniform(1, 7) * settings.size / 512 if rng.random() < BOKEH else 0.0
    noise = int(rng.integers(2**31))
    linear = composed(stage, behind, camera, subject, bokeh, noise)
    faults = drawn_faults(settings.size, rng)
    faults = replace(faults, defocus=max(faults.defocus, behind.softness))
    if behind.photo and behind.colourless:
        faults = replace(faults, saturation=0.0)
    image = photographed(linear, faults, rng)
    truth = stage.labels(0, camera)
    iuv = known_surface(truth)
    return Picture(image, iuv, labelled(truth, iuv, settings.points, noise), facts(camera))
