"""Where the camera stands: focal lengths of 24 to 200 mm, from the floor to a drone's height.

World: metres, x to the right of the picture, y away from the camera, z up, ground at 0.
"""

from dataclasses import dataclass

import numpy as np

from ..raster.rasterise import Camera

FULL_FRAME = 36.0  # mm, the width of the film that focal lengths are told for
NEAREST = 0.35  # metres between the lens and anybody


@dataclass(frozen=True)
class Shot:
    """A way of looking at people; ranges are drawn from evenly (focal length: in its logarithm).

    Attributes:
        share: how often it is taken, relative to the others.
        fill: share of the picture that the subject takes; above 1 it is cut off.
        focal: focal length in mm.
        height: of the camera, in metres; None where `above` rules.
        above: angle at which the camera looks down, in degrees.
        detail: look at a head, a hand or a foot instead of the whole.
        photo: how often it is taken before a photo, where there are some: seldom where much ground
            is seen, whose lie in a photo is not known.
    """

    share: float
    fill: tuple[float, float]
    focal: tuple[float, float] = (24.0, 120.0)
    height: tuple[float, float] | None = (0.9, 2.0)
    above: tuple[float, float] = (0.0, 0.0)
    detail: bool = False
    photo: float = 0.65


SHOTS = {
    "whole": Shot(0.46, (0.55, 0.98), (28, 135)),
    "cut": Shot(0.17, (1.0, 1.7), (28, 135), (0.8, 1.8), photo=0.75),
    "far": Shot(0.13, (0.12, 0.5), (24, 200), (0.8, 3.0), photo=0.3),
    "detail": Shot(0.07, (0.7, 1.7), (35, 200), (0.9, 1.9), detail=True, photo=0.8),
    "floor": Shot(0.05, (0.5, 1.3), (24, 50), (0.08, 0.5)),
    "raised": Shot(0.07, (0.4, 0.95), (24, 100), None, (15, 45), photo=0.15),
    "drone": Shot(0.04, (0.15, 0.7), (24, 70), None, (45, 88), photo=0.0),
}


def drawn_shot(rng: np.random.Generator) -> Shot:
    """One of `SHOTS` by its share."""
    shares = np.array([s.share for s in SHOTS.values()])
    return list(SHOTS.values())[rng.choice(len(SHOTS), p=shares / shares.sum())]


def focal_pixels(millimetres: float, size: tuple[int, int]) -> float:
    """Focal length in pixels of a picture (H, W) whose longer side is the film's width."""
    return millimetres / FULL_FRAME * max(size)


def look(
    eye: np.ndarray, at: np.ndarray, roll: float, focal: float, size: tuple[int, int]
) -> Camera:
    """A camera at `eye` looking at `at`; roll in degrees; straight down, x stays to the right."""
    forwards = (at - eye) / np.linalg.norm(at - eye)
    right = np.cross(forwards, [0.0, 0.0, 1.0])
    length = np.linalg.norm(right)
    right = right / length if length > 1e-6 else np.array([1.0, 0.0, 0.0])
    down = np.cross(forwards, right)
    c, s = np.cos(np.radians(roll)), np.sin(np.radians(roll))
    return Camera(
        eye, np.stack([c * right + s * down, c * down - s * right, forwards]), focal, size
    )


def project(camera: Camera, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(P, 3) points → (P, 2) pixels x, y (continuous, pixel i covers [i, i + 1)), (P,) depth.

    What lies behind the camera is brought just before it.
    """
    x, y, z = camera.axes @ (points - camera.eye).T
    near = np.maximum(z, 0.05)
    middle = np.array([camera.size[1] / 2, camera.size[0] / 2])
    return middle + camera.focal * np.stack([x, y], 1) / near[:, None], z


def rays(camera: Camera) -> np.ndarray:
    """(3, H, W) float32 directions through the pixels' centres, of length 1 along the view."""
    h, w = camera.size
    x = (np.arange(w, dtype=np.float32) + 0.5 - w / 2) / camera.focal
    y = (np.arange(h, dtype=np.float32) + 0.5 - h / 2) / camera.focal
    right, down, forwards = camera.axes.astype(np.float32)[..., None, None]
    return x * right + (y[:, None] * down + forwards)


def horizon(camera: Camera) -> float:
    """Row of the horizon in the picture's middle column; far off where the camera looks down."""
    down, forwards = camera.axes[1], camera.axes[2]
    if abs(down[2]) < 1e-6:
        return -np.sign(forwards[2]) * -1e9
    return float(camera.size[0] / 2 - camera.focal * forwards[2] / down[2])


def extent(camera: Camera, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest pixel (x, y) of points."""
    pixels, _ = project(camera, points)
    return pixels.min(0), pixels.max(0)


def elevation(shot: Shot, middle: float, distance: float, rng: np.random.Generator) -> float:
    """The angle (radians) under which the camera looks down at the subject's middle height."""
    if shot.height is None:
        return float(np.radians(rng.uniform(*shot.above)))
    rise = rng.uniform(*shot.height) - middle
    return float(np.arcsin(np.clip(rise / distance, -0.7, 0.7)))


def framed(
    points: np.ndarray, shot: Shot, size: tuple[int, int], rng: np.random.Generator
) -> Camera:
    """A camera that the points (P, 3) fill as the shot says; what is too much is cut off.

    They lie anywhere within the picture, or, where larger, hang over anywhere.
    """
    focal = focal_pixels(float(np.exp(rng.uniform(*np.log(shot.focal)))), size)
    fill, roll = float(np.exp(rng.uniform(*np.log(shot.fill)))), rng.normal(0, 3)
    if rng.random() < 0.04:
        roll += rng.uniform(-40, 40)
    where = rng.uniform((-0.5, -0.5), (0.5, 0.2))  # feet are nearer to the border than heads
    middle = (points.min(0) + points.max(0)) / 2
    span = np.ptp(points, axis=0)
    distance = max(focal * float(max(span[2], span[0])) / (fill * max(size)), 3 * NEAREST)
    angle = elevation(shot, float(middle[2]), distance, rng)
    camera = None
    for _ in range(3):  # perspective makes it larger or smaller than thought
        back = distance * np.array([0.0, -np.cos(angle), np.sin(angle)])
        eye = middle + back
        eye[2] = max(eye[2], 0.06)
        camera = look(eye, middle, roll, focal, size)
        low, high = extent(camera, points)
        filled = ((high - low) / (size[1], size[0])).max() / fill
        distance = max(distance * float(np.clip(filled, 0.6, 1.7)), 2 * NEAREST)
    assert camera is not None
    low, high = extent(camera, points)
    sides = np.array([size[1], size[0]])
    slack = np.abs(sides - (high - low)) * 0.95
    shift = (low + high) / 2 - sides / 2 + slack * where * (0.7, 1.0)
    aim = camera.axes.T @ np.array([*(shift / focal), 1.0])
    return look(camera.eye, camera.eye + aim, roll, focal, size)
