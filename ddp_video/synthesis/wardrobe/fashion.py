"""Tops, trousers and skirts made of code: which cuts there are, and what they are worn with."""

from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from ..body.base_mesh import places
from ..body.body import Body, Surface
from .cloth import Ease, tights, worn
from .cut import Piece
from .skirts import WAIST, skirt, skirt_piece
from .textures import folded, pattern

# Heights and lengths below are metres on the reference adult, who is 1.84 m high.
FULL_SLEEVE = 0.53
HIDDEN = 0.035  # metres inside a hem from which on the skin below is left out
NECKS = ("crew", "crew", "scoop", "v", "turtle", "boat")


@dataclass
class Outfit:
    """What somebody wears, and what of the body is under it.

    Attributes:
        surfaces: the garments.
        hidden: (N,) bool over the base mesh.
    """

    surfaces: list[Surface] = field(default_factory=list)
    hidden: np.ndarray = field(default_factory=lambda: np.zeros(len(places().height), bool))


def neckline(kind: str) -> np.ndarray:
    """(N,) metres from the neckline, negative inside the hole."""
    x, y, z = places().points.T
    width, depth = {"scoop": (0.1, 0.115), "boat": (0.13, 0.06), "turtle": (0.2, 0.0)}.get(
        kind, (0.085, 0.075)
    )
    if kind == "turtle":
        return 0.79 + 0.15 * (y + 0.02) - z
    below = np.minimum(z - 0.77, 0) / depth
    hole = np.sqrt((x / width) ** 2 + below**2 + ((y + 0.03) / 0.13) ** 2)
    outside = np.minimum(0.08 * (hole - 1), 0.83 - z)
    if kind == "v":
        notch = 0.5 * (0.55 + 1.9 * np.abs(x) - z) + 2 * np.maximum(y + 0.06, 0)
        outside = np.minimum(outside, notch)
    return outside


@lru_cache(128)
def top_field(hem: float, sleeve: float, neck: str, gap: float) -> np.ndarray:
    """(N,) metres to the nearest hem of a top.

    Args:
        hem: its height.
        sleeve: length; below 0 the shoulders are bare.
        neck: one of `NECKS`.
        gap: half the width of an opening in front; 0: closed.
    """
    where = places()
    fields = [where.height - hem, sleeve - where.arm, neckline(neck), np.full(len(where.arm), 0.3)]
    if gap:
        x, y, _ = where.points.T
        fields.append(np.abs(x) - gap + 4 * np.maximum(y + 0.03, 0) + where.arm_share)
    return np.minimum.reduce(fields)


@lru_cache(128)
def bottom_field(waist: float, hem: float) -> np.ndarray:
    """(N,) metres to the nearest hem of trousers between two heights."""
    where = places()
    return np.minimum(waist - where.height, where.height - hem)


@lru_cache(96)
def top_piece(hem: float, sleeve: float, neck: str, gap: float) -> Piece:
    """The cut of a top; see `top_field`."""
    return tights(top_field(hem, sleeve, neck, gap))


@lru_cache(96)
def bottom_piece(waist: float, hem: float) -> Piece:
    """The cut of trousers; see `bottom_field`."""
    return tights(bottom_field(waist, hem), legs=True)


def add_top(
    outfit: Outfit, body: Body, cut: tuple[float, float, str, float], ease: Ease,
    texture: np.ndarray, rng: np.random.Generator,
) -> None:  # fmt: skip
    """Put a top on."""
    outfit.surfaces.append(worn(body, top_piece(*cut), ease, texture, rng))
    outfit.hidden |= top_field(*cut) > HIDDEN


def add_trousers(
    outfit: Outfit, body: Body, waist: float, hem: float, ease: Ease, texture: np.ndarray,
    rng: np.random.Generator,
) -> None:  # fmt: skip
    """Put trousers on."""
    outfit.surfaces.append(worn(body, bottom_piece(waist, hem), ease, texture, rng))
    outfit.hidden |= bottom_field(waist, hem) > HIDDEN


def neck(rng: np.random.Generator) -> str:
    """One of the necklines."""
    return NECKS[rng.integers(len(NECKS))]


def light_top(
    outfit: Outfit, body: Body, hem: float, rng: np.random.Generator, *, tucked: bool = False
) -> None:
    """A T-shirt, a shirt with long or rolled sleeves, or a vest, down to a height."""
    sleeve = float(rng.choice([0.14, 0.18, 0.22, 0.3, 0.42, FULL_SLEEVE, -0.3, 0.03],
                              p=[0.18, 0.18, 0.14, 0.05, 0.05, 0.25, 0.09, 0.06]))  # fmt: skip
    loose = rng.random()
    wide = 0.95 + 0.7 * loose if 0.1 < sleeve < 0.45 else 0.75 + 0.4 * loose
    tube = wide if sleeve > 0.1 else 0.0
    ease = Ease(0.01, float(loose), 0, tube, 0.001 + 0.003 * loose, 4)
    if tucked:
        ease = Ease(0.005, 0, 0, tube, 0.001)
    texture = folded(pattern(rng, "top"), rng, float(rng.uniform(0.6, 1.3)))
    add_top(outfit, body, (hem, sleeve, neck(rng), 0.0), ease, texture, rng)


def jacket(outfit: Outfit, body: Body, hem: float, rng: np.random.Generator) -> None:
    """A sweater, or a jacket that is closed or open over a light top."""
    gap = float(rng.choice([0.0, 0.02, 0.04, 0.06], p=[0.55, 0.15, 0.15, 0.15]))
    ease = Ease(0.017, float(rng.uniform(0.5, 1)), 0, float(rng.uniform(0.9, 1.25)), 0.004, 5)
    collar = "crew" if gap else neck(rng)
    if gap:
        under = folded(pattern(rng, "top"), rng)
        add_top(outfit, body, (hem + 0.02, -0.1, neck(rng), 0.0), Ease(0.007, 0.3), under, rng)
    texture = folded(pattern(rng, "top"), rng, float(rng.uniform(0.9, 1.6)))
    add_top(outfit, body, (hem, FULL_SLEEVE, collar, gap), ease, texture, rng)


def trousers(outfit: Outfit, body: Body, waist: float, rng: np.random.Generator) -> None:
    """Long trousers, shorts or leggings."""
    kind = rng.choice(["long", "short", "tight"], p=[0.68, 0.2, 0.12])
    hem = {"long": (-0.74, -0.72, -0.68, -0.62), "short": (-0.3, -0.24, -0.16, -0.08),
           "tight": (-0.72, -0.66, -0.45, -0.2)}[str(kind)][rng.integers(4)]  # fmt: skip
    cut = "trousers" if kind != "tight" or rng.random() < 0.3 else "tights"
    if kind == "tight":
        ease = Ease(0.005)
    elif kind == "short":
        ease = Ease(0.007, 0, float(rng.uniform(0.95, 1.25)), 0, 0.002, 3)
    else:
        ease = Ease(0.006, 0, float(rng.uniform(0.55, 1.05)), 0, 0.003, 3)
    texture = folded(pattern(rng, cut), rng, 0.3 if kind == "tight" else 1.2)
    add_trousers(outfit, body, waist, hem, ease, texture, rng)


def skirted(outfit: Outfit, body: Body, one_piece: bool, rng: np.random.Generator) -> None:
    """A skirt with a top, or a dress of one cloth; below it short trousers of the same cloth."""
    hem = float(rng.choice([-0.14, -0.22, -0.3, -0.42, -0.6]))
    upright = rng.random() < 0.7
    texture = folded(pattern(rng, "skirt"), rng, float(rng.uniform(0.7, 1.4)), upright)
    flare, pleats = (
        float(rng.choice([0.05, 0.2, 0.4, 0.7])),
        float(rng.choice([0.002, 0.007, 0.015])),
    )
    add_trousers(outfit, body, WAIST, max(hem + 0.08, -0.12), Ease(0.003), texture, rng)
    if one_piece:
        sleeve = float(rng.choice([-0.3, -0.3, 0.03, 0.16, FULL_SLEEVE]))
        cut = (WAIST - 0.06, sleeve, neck(rng), 0.0)
        add_top(outfit, body, cut, Ease(0.005), texture, rng)
    else:
        light_top(outfit, body, WAIST - 0.04, rng, tucked=True)
    outfit.surfaces.append(skirt(body, skirt_piece(hem), texture, flare, pleats, rng))


def coat(outfit: Outfit, body: Body, rng: np.random.Generator) -> None:
    """A coat down to the thighs or the knees over long trousers."""
    hem = float(rng.choice([-0.1, -0.2, -0.3]))
    texture = folded(pattern(rng, "trousers"), rng, 1.2)
    trousers(outfit, body, WAIST, rng)
    cut = (WAIST - 0.08, FULL_SLEEVE, "crew", 0.0)
    add_top(outfit, body, cut, Ease(0.012, 0.2, 0, 1.15, 0.003, 4), texture, rng)
    flare = float(rng.uniform(0.05, 0.25))
    outfit.surfaces.append(skirt(body, skirt_piece(hem), texture, flare, 0.004, rng))


def clothes(body: Body, rng: np.random.Generator) -> Outfit:
    """Everything between neck and ankles."""
    outfit = Outfit()
    woman = body.kinds.get("gender", 0.5) > 0.5
    kind = rng.random()
    if kind < (0.24 if woman else 0.01):
        skirted(outfit, body, bool(rng.random() < 0.55), rng)
    elif kind > 0.94:
        coat(outfit, body, rng)
    else:
        hem = float(rng.choice([0.07, 0.1, 0.14, 0.2, 0.3], p=[0.3, 0.35, 0.2, 0.1, 0.05]))
        trousers(outfit, body, min(0.3, hem + 0.06), rng)
        (jacket if rng.random() < 0.3 else light_top)(outfit, body, hem, rng)
    return outfit
