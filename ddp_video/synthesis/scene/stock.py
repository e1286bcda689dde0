"""What a shard of pictures is made of: dressed people, photos, floors and walls.

Making one of these takes longer than a picture should, so those of a shard share them: every
shard has a cast and a decor of its own, drawn from the seed and the shard's number, made when first
needed. What is in stock does not depend on what was asked for before.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from ...data.densepose_coco import read_picture
from ...errors import InputError
from ...settings import PictureSettings
from ..body.body import sampled_body
from ..lens import to_light
from ..looks.table import LookTable, PhotoLook
from ..motion.poses import PoseBank
from ..wardrobe.photographed import in_look
from ..wardrobe.wardrobe import dressed
from .backdrop import Walls, unfit
from .decor import (
    INDOOR_FLOORS,
    OUTDOOR_FLOORS,
    OUTDOOR_WALLS,
    Texture,
    horizon_view,
    wall,
)
from .scene import Dressed

CAST = 20  # people in stock
PHOTOS = 24
STANDABLE = 16  # of them are the best to stand on
OFFERED = 6  # of so many
LOOKS = 7  # after the kinds of MAKERS
FLOORS = WALLS = 8
PHOTO_SIDE = 1000  # longer side of photos in stock, pixels
SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}


@cache
def photo_files(folder: Path | None) -> tuple[Path, ...]:
    """Photos in a folder and its subfolders, sorted.

    Raises:
        InputError: there is none.
    """
    if folder is None:
        return ()
    found = sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES)
    if not found:
        raise InputError(f"no photos in {folder}; give a folder of JPEG, PNG or WebP files")
    return tuple(found)


@cache
def pose_bank(settings: PictureSettings) -> PoseBank:
    """All poses that the assets give; read once a process."""
    humans = settings.assets if settings.assets and (settings.assets / "poses").is_dir() else None
    return PoseBank(
        settings.motion,
        humans,
        settings.landmarks,
        looking_back=settings.looking_back,
        gesturing=settings.gesturing,
    )


def drawn(kinds: dict[Texture, float], rng: np.random.Generator) -> tuple[np.ndarray, float]:
    """One texture of a dictionary as light, and its number there."""
    kind = list(kinds)[rng.integers(len(kinds))]
    return to_light(kind(rng)), kinds[kind]


@dataclass(frozen=True)
class Stock:
    """What the pictures of one shard are made of.

    Attributes:
        settings: of the pictures.
        seed: of everything.
        shard: number of the shard.
    """

    settings: PictureSettings
    seed: int
    shard: int

    def rng(self, kind: int, number: int) -> np.random.Generator:
        """The generator of one thing in stock."""
        return np.random.default_rng((self.seed, self.shard, kind, number))

    def person(self, number: int) -> Dressed:
        """Somebody of the cast."""
        return _kept(self, 0, number % CAST)

    def look(self, number: int) -> PhotoLook | None:
        """The look that somebody of the cast has from a photo; None: other clothes."""
        if self.settings.looks is None:
            return None
        rng, table = self.rng(LOOKS, number), LookTable.opened(self.settings.looks)
        worn = rng.random() < self.settings.in_looks
        return table[int(rng.integers(len(table)))] if worn else None

    def photo(self, number: int, grounded: bool) -> np.ndarray | None:
        """A photo without people, (h, w, 3) uint8 RGB; None without a folder of photos.

        Args:
            number: which.
            grounded: one on whose lower part people can stand.
        """
        if self.settings.backgrounds is None:
            return None
        return _kept(self, 1, number % STANDABLE if grounded else number % PHOTOS)

    def floor(self, number: int, indoors: bool) -> tuple[np.ndarray, float]:
        """Light of a floor's tile, and its side in metres."""
        return _kept(self, 2 + indoors, number % FLOORS)

    def wall(self, number: int, indoors: bool) -> tuple[np.ndarray, float]:
        """Light of a wall, and its height in metres."""
        return _kept(self, 4 + indoors, number % WALLS)

    def view(self, number: int) -> np.ndarray:
        """Light of a view to the horizon."""
        return _kept(self, 6, number % WALLS)

    def walls(self, indoors: bool, rng: np.random.Generator) -> Walls:
        """A room, or a place outdoors with a house front or a view."""
        floor, tile = self.floor(int(rng.integers(FLOORS)), indoors)
        picks = rng.integers(0, WALLS, 4)
        if indoors:
            sides = tuple(self.wall(int(k), True)[0] for k in picks)
            wide, deep, behind = rng.uniform(2.5, 5), rng.uniform(1.8, 6), rng.uniform(6, 14)
            high = np.array([wide, deep, rng.uniform(2.5, 3.4)])
            turn, ceiling = rng.normal(0, 14), np.full(3, rng.uniform(0.5, 0.85))
            return Walls(np.array([-wide, -behind]), high, turn, floor, tile, sides, ceiling)
        far = self.view(int(picks[0]))
        front, height = self.wall(int(picks[1]), False)
        near = rng.random() < 0.45
        sides = (far, far, far, front if near else far)
        deep = rng.uniform(2.5, 14) if near else rng.uniform(30, 80)
        tall = height * rng.uniform(0.9, 1.4) if near else 24.0
        wide = tall * front.shape[1] / front.shape[0]
        fits = (1.0, 1.0, 1.0, 120.0 / wide if near else 1.0)
        high = np.array([60.0, deep, tall])
        turn, sky = rng.normal(0, 8), far[0, 0]
        return Walls(np.array([-60.0, -60.0]), high, turn, floor, tile, sides, sky, fits)


def _person(stock: Stock, number: int, rng: np.random.Generator) -> Dressed:
    body, look = sampled_body(rng), stock.look(number)
    if look is not None:
        return Dressed(body, in_look(body, look, rng, stock.settings.assets))
    return Dressed(body, dressed(body, rng, stock.settings.assets))


def _photo(stock: Stock, number: int, _: np.random.Generator) -> np.ndarray:
    """Any photo, or of a few the one on whose lower part people can rather stand; no two alike."""
    files = photo_files(stock.settings.backgrounds)
    order = stock.rng(1, PHOTOS).permutation(len(files))
    first = number * OFFERED
    offered = [files[order[k % len(files)]] for k in range(first, first + OFFERED)]
    if number >= STANDABLE:
        return _read(offered[0])
    return _read(min(offered, key=lambda file: unfit(_small(file))))


def _small(file: Path) -> np.ndarray:
    """A photo at a quarter of its size, which is read faster."""
    picture = cv2.imread(str(file), cv2.IMREAD_REDUCED_COLOR_4)
    return _read(file) if picture is None else picture[:, :, ::-1]


def _read(file: Path) -> np.ndarray:
    picture = np.ascontiguousarray(read_picture(file)[:, :, ::-1])
    scale = PHOTO_SIDE / max(picture.shape[:2])
    if scale >= 1:
        return picture
    return cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)


def _floor(_: Stock, _number: int, rng: np.random.Generator) -> tuple[np.ndarray, float]:
    return drawn(OUTDOOR_FLOORS, rng)


def _wall(_: Stock, _number: int, rng: np.random.Generator) -> tuple[np.ndarray, float]:
    return drawn(OUTDOOR_WALLS, rng)


def _inner_floor(_: Stock, _number: int, rng: np.random.Generator) -> tuple[np.ndarray, float]:
    return drawn(INDOOR_FLOORS, rng)


def _inner_wall(_: Stock, _number: int, rng: np.random.Generator) -> tuple[np.ndarray, float]:
    return to_light(wall(rng)), 3.0


def _view(_: Stock, _number: int, rng: np.random.Generator) -> np.ndarray:
    return to_light(horizon_view(rng))


MAKERS: tuple[Callable[[Stock, int, np.random.Generator], Any], ...] = (
    _person, _photo, _floor, _inner_floor, _wall, _inner_wall, _view,
)  # fmt: skip


@lru_cache(maxsize=CAST + PHOTOS + 2 * FLOORS + 3 * WALLS)
def _kept(stock: Stock, kind: int, number: int) -> Any:  # noqa: ANN401  (each kind its own)
    return MAKERS[kind](stock, number, stock.rng(kind, number))
