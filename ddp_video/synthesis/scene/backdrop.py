"""What stands behind people: a crop of a photo, a street or a room of plain planes, a studio.

It is a picture in linear light with the places where the ground is seen, so that shadows can fall
there; it is not ray cast.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from ..lens import to_light
from ..raster.rasterise import Camera, Light
from .camera import horizon, rays

GROUND_DEPTH = 40.0  # metres up to which the lower part of a photo is taken for ground
ROW = 1024  # points are looked up in rows of so many
BLUISH = 4.0  # levels of blue over red that ground may have in the shade
WATER = 4.0  # how much more blue counts against a photo, beside levels of unrest
COLOURLESS = 2.5  # standard deviation of a and b of CIELAB below which there is but one hue
FAR_LAMP = 20.0  # metres from which on a lamp lights a room evenly
CLOSE = 0.5  # metres, added to the distance of a lamp: lamps are no points
# Where a photo's horizon is taken to be, as a share of its height: rather too low than too high,
# so that feet are on its ground.
EYE_LEVEL = 0.53


@dataclass(frozen=True)
class Backdrop:
    """A background in linear light.

    Attributes:
        light: (H, W, 3) float32.
        floor: (H, W) float32, how much of a pixel's light comes from the ground z = 0.
        depth: (H, W) float32, metres along the view.
        softness: blur that it has already, in pixels.
        photo: whether it is a photo, whose light people should be given.
    """

    light: np.ndarray
    floor: np.ndarray
    depth: np.ndarray
    softness: float = 0.0
    photo: bool = False

    @property
    def colourless(self) -> bool:
        """Whether it is in black and white, or toned in one colour."""
        lab = cv2.cvtColor(
            self.light[::8, ::8].clip(0, 1) ** np.float32(1 / 2.2), cv2.COLOR_RGB2LAB
        )
        return float(lab[..., 1:].std((0, 1)).max()) < COLOURLESS


@dataclass(frozen=True)
class Walls:
    """A box around the scene, turned about z, with a texture on each side.

    Attributes:
        low: (2,) x and y of one corner.
        high: (3,) x, y and z of the opposite one.
        turn: degrees about z.
        floor: light (h, w, 3) of one tile of the floor.
        tile: its side in metres.
        sides: light of the four walls (−x, +x, −y, +y).
        repeats: how often each side's texture fits along its wall.
        ceiling: (3,) light of the ceiling or sky.
    """

    low: np.ndarray
    high: np.ndarray
    turn: float
    floor: np.ndarray
    tile: float
    sides: tuple[np.ndarray, ...]
    ceiling: np.ndarray
    repeats: tuple[float, ...] = (1.0, 1.0, 1.0, 1.0)


def floor_depth(camera: Camera) -> np.ndarray:
    """(H, W) depth at which pixels see the ground z = 0; infinite where they do not."""
    down = -rays(camera)[2]
    with np.errstate(divide="ignore"):
        return np.where(down > 1e-4, camera.eye[2] / down.clip(1e-4), np.inf).astype(np.float32)


def photo_backdrop(photo: np.ndarray, camera: Camera, rng: np.random.Generator) -> Backdrop:
    """A crop of a photo, its horizon about where the camera's is, turned by the camera's roll.

    Args:
        photo: (h, w, 3) uint8 RGB.
        camera: that looks at the people.
        rng: decides what part is taken.
    """
    height, width = photo.shape[:2]
    h, w = camera.size
    row = np.clip(horizon(camera), -0.5 * h, 0.8 * h)
    down_to_the_border = height * (1 - EYE_LEVEL) / (1 - row / h)
    side = min(down_to_the_border * rng.uniform(0.85, 1.0), height, width * h / w)
    side = max(side, 0.4 * min(height, width))
    scale = side / h
    top = np.clip(EYE_LEVEL * height - row * scale, 0, height - side)
    left = rng.uniform(0, max(width - scale * w, 1e-6))
    right = camera.axes[0]
    roll = np.arctan2(-right[2], np.hypot(right[0], right[1]))
    flip = rng.choice([-1.0, 1.0])
    c, s = np.cos(roll) * scale, np.sin(roll) * scale
    turn = np.array([[flip * c, -flip * s], [s, c]])
    centre = np.array([left + scale * w / 2, top + scale * h / 2])
    matrix = np.column_stack([turn, centre - turn @ np.array([w / 2, h / 2])])
    small, matrix = shrunk(photo, matrix, scale)
    crop = cv2.warpAffine(
        small, matrix, (w, h), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REFLECT,
    )  # fmt: skip
    depth = floor_depth(camera)
    floor = (depth < GROUND_DEPTH).astype(np.float32)
    return Backdrop(
        to_light(crop), floor, depth, min(max(0.0, 0.4 / scale - 0.35), 1.2) * h / 512, photo=True
    )


def unfit(photo: np.ndarray) -> float:
    """How little the lower third of a photo looks like ground to stand on: restless, or blue."""
    low = cv2.resize(photo, (96, 96), interpolation=cv2.INTER_AREA)[64:]
    grey = cv2.cvtColor(low, cv2.COLOR_RGB2GRAY).astype(np.float32)
    unrest = float(np.abs(np.diff(grey, axis=0)).mean() + np.abs(np.diff(grey, axis=1)).mean())
    blue = (low[..., 2].astype(float) - low[..., 0]).clip(0).mean()  # water, mostly
    return unrest + WATER * max(float(blue) - BLUISH, 0.0)


def shrunk(photo: np.ndarray, matrix: np.ndarray, scale: float) -> tuple[np.ndarray, np.ndarray]:
    """A photo shrunk by area before it is sampled more coarsely than 1.5 pixels apart."""
    if scale < 1.5:
        return photo, matrix
    factor = 1 / scale
    small = cv2.resize(photo, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    return small, matrix * factor


def studio_backdrop(camera: Camera, light: Light, rng: np.random.Generator) -> Backdrop:
    """A seamless wall of paper: one colour, floor and wall run into each other."""
    h, w = camera.size
    depth = floor_depth(camera)
    grey = rng.choice([rng.uniform(0.02, 0.3), rng.uniform(0.3, 0.85)])
    colour = grey * (1 + rng.normal(0, rng.choice([0.02, 0.25]), 3)).clip(0.3, 1.8)
    y = np.linspace(-1, 1, h, dtype=np.float32)[:, None]
    x = np.linspace(-1, 1, w, dtype=np.float32)[None]
    spot = rng.uniform(-0.4, 0.4, 2)
    fall = 1 - rng.uniform(0.0, 0.45) * ((x - spot[0]) ** 2 + (y - spot[1]) ** 2) / 2
    shade = 1 + rng.normal(0, 0.12) * y
    tint = 0.5 * (np.array(light.sky) + np.array(light.ground)) + 0.35
    picture = (fall * shade)[..., None] * (colour * tint).astype(np.float32)
    floor = (depth < 25).astype(np.float32)
    return Backdrop(picture.astype(np.float32), floor, depth)


def plane_backdrop(walls: Walls, camera: Camera, light: Light) -> Backdrop:
    """The inside of a box with textured sides, as the camera sees it."""
    c, s = np.cos(np.radians(walls.turn)), np.sin(np.radians(walls.turn))
    turn = np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]])
    low, high = np.array([*walls.low, 0.0]), walls.high
    eye = np.clip(turn @ camera.eye, low + 0.02, high - 0.02).astype(np.float32)
    way = rays(Camera(eye, camera.axes @ turn.T, camera.focal, camera.size))
    way[np.abs(way) < 1e-6] = 1e-6
    steps = [
        np.where(way[k] > 0, high[k] - eye[k], low[k] - eye[k]).astype(np.float32) / way[k]
        for k in range(3)
    ]
    depth = np.minimum(np.minimum(steps[0], steps[1]), steps[2])
    picture = np.empty((*camera.size, 3), np.float32)
    picture[:] = walls.ceiling
    floor = (depth == steps[2]) & (way[2] < 0)
    glow = Glow.of(light, turn, low, high)
    around = 0.6 * np.array(light.sky) + 0.3 * np.array(light.ground)
    for number, texture in enumerate(walls.sides):
        across, along = number // 2, 1 - number // 2
        mine = (depth == steps[across]) & ((way[across] > 0) == bool(number % 2)) & ~floor
        if mine.any():
            at = [eye[k] + way[k][mine] * depth[mine] for k in range(3)]
            u = (at[along] - low[along]) / (high[along] - low[along]) * walls.repeats[number] % 1
            lit = around.astype(np.float32) + glow.on(at, across, 0.35)
            picture[mine] = sampled(texture, u, 1 - at[2] / high[2]) * lit
    if floor.any():
        t = depth[floor]
        at = [eye[k] + way[k][floor] * t for k in range(3)]
        away = t * walls.floor.shape[0] / (camera.focal * walls.tile)
        clear = (2.0 / away.clip(2.0))[:, None]  # texels smaller than pixels go into their mean
        mean = np.array(cv2.mean(walls.floor)[:3], np.float32)
        colour = mean + clear * (sampled(walls.floor, *(p / walls.tile % 1 for p in at[:2])) - mean)
        level = irradiance(light, np.zeros(3)) - np.array(light.sky)
        lit = np.array(light.sky, np.float32) + glow.on(at, 2, level)
        picture[floor] = colour * lit
    return Backdrop(picture, floor.astype(np.float32), depth)


@dataclass(frozen=True)
class Glow:
    """How a lamp in a room lights its sides; a far one lights each of them evenly.

    Attributes:
        key: (3,) the lamp's light at 1 m.
        lamp: (3,) where it is, in the room's axes; None: far away.
    """

    key: np.ndarray
    lamp: np.ndarray | None

    @classmethod
    def of(cls, light: Light, turn: np.ndarray, low: np.ndarray, high: np.ndarray) -> "Glow":
        """Of a scene's light, brought into the room from `low` to `high`."""
        key, centre = np.array(light.key), turn @ np.array(light.centre)
        square = max(float(centre @ centre), 1.0)
        if square > FAR_LAMP**2:
            return cls(key / square, None)
        lamp = np.clip(centre, low + 0.3, high - 0.2)
        return cls(key * float(lamp @ lamp) / square, lamp)

    def on(self, at: list[np.ndarray], axis: int, level: np.ndarray | float) -> np.ndarray:
        """(P, 3) or (3,) float32 light on a side at right angles to an axis.

        Args:
            at: x, y and z (P,) of its points.
            axis: 0, 1 or 2.
            level: light of a far lamp: of its own, or as a share of its light.
        """
        if self.lamp is None:
            return (level if np.ndim(level) else level * self.key).astype(np.float32)  # pyright: ignore
        x, y, z = (p - np.float32(c) for p, c in zip(at, self.lamp, strict=True))
        square = x * x + y * y + z * z + np.float32(CLOSE**2)
        cosine = np.abs((x, y, z)[axis]) / np.sqrt(square)
        return (cosine / square)[:, None] * self.key.astype(np.float32)


def irradiance(light: Light, point: np.ndarray) -> np.ndarray:
    """(3,) light on the ground at a point, nobody being there."""
    way = np.array(light.centre) - point
    distance = float(np.linalg.norm(way))
    return np.array(light.key) * max(way[2] / distance, 0.0) / distance**2 + np.array(light.sky)


def sampled(texture: np.ndarray, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Bilinear look-up: (P,) coordinates 0..1, in widths and heights of the texture → (P, 3)."""
    h, w = texture.shape[:2]
    rows = -(-len(u) // ROW)
    x, y = np.zeros((2, rows * ROW), np.float32)
    x[: len(u)], y[: len(v)] = u * w - 0.5, v * h - 0.5
    places = x.reshape(rows, ROW), y.reshape(rows, ROW)
    found = cv2.remap(texture, *places, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return found.reshape(-1, 3)[: len(u)]


def blurred(backdrop: Backdrop, subject: float, strength: float) -> np.ndarray:
    """The background out of focus: as far as it lies behind (or before) the subject's depth.

    Args:
        backdrop: what is blurred.
        subject: depth that is sharp, metres.
        strength: radius in pixels at infinity.
    """
    if strength < 0.7:
        return backdrop.light
    sigma = strength * 0.55
    levels = [backdrop.light]
    for share in (0.33, 1.0):
        levels.append(cv2.GaussianBlur(backdrop.light, (0, 0), sigma * share))
    away = np.abs(1 - subject / backdrop.depth.clip(0.05)).clip(0, 1).astype(np.float32)
    near, far = (away * 3).clip(0, 1), ((away - 1 / 3) * 1.5).clip(0, 1)
    mixed = cv2.blendLinear(levels[0], levels[1], 1 - near, near)
    return cv2.blendLinear(mixed, levels[2], 1 - far, far)
