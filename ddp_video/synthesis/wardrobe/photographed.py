"""Clothes of real people: the look of somebody in a photo, worn as a second skin.

The third tier of the wardrobe. The body is naked and its texture is the photo's, so that labels are
exact; shoes, hair, hats and now and then a skirt of the other tiers go on top, in colours of the
look where it knows them.
"""

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np

from ..body.base_mesh import places
from ..body.body import Body, Surface
from ..charts.lookup import Charts
from ..looks.surface import looked_up, skin
from ..looks.table import PhotoLook
from ..raster.rays import closest, on_surface
from . import library
from .hair import hair_colour
from .skin import TONES, Look, eyes, skin_tone, skins
from .skin_map import skin_map
from .skirts import skirt, skirt_piece
from .textures import folded, plain
from .wardrobe import FROM_LIBRARY, head_wear, on_feet

SHOD = 0.85  # share of looks that get shoes of the other tiers
HAIRED = 0.5  # of those whose own scalp was seen: the share that gets other hair or a hat on top
SCALP = 0.4  # share of the scalp that must be seen, or hair is put on it
SKIRTED = 0.08  # share that gets a skirt
HEMS = (-0.14, -0.22, -0.3, -0.42)  # heights on the reference adult, metres
THIGHS = (9, 10)  # their fronts
OUTSIDE = 0.005  # metres from the charts
GLOSS = 0.03  # of cloth; skin has more


@cache
def texel_labels(head: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Part, U and V of the texels (h, w) of one of the two skin textures; made once.

    The last, bool, says which lie on the outside: the charts leave out the inside of the mouth.
    """
    where, charts = skin_map(head), Charts.shipped()
    points = where.points.reshape(-1, 3)
    face, bary = closest(skin(), charts.faces, points)
    away = np.linalg.norm(on_surface(skin(), charts.faces, face, bary) - points, axis=1)
    part, u, v = charts(face, bary).T.reshape(3, *where.size)
    return part, u, v, (away < OUTSIDE).reshape(where.size)


def laid_over(texture: np.ndarray, atlas: np.ndarray, head: bool) -> np.ndarray:
    """A skin texture (h, w, 4) under an atlas (6·S, 4·S, 4), both uint8 sRGB."""
    *labels, outside = texel_labels(head)
    found = looked_up(atlas, *labels).astype(np.float32)
    alpha = found[..., 3:] / 255 * outside[..., None]
    out = texture.copy()
    out[..., :3] = (alpha * found[..., :3] + (1 - alpha) * texture[..., :3]).round()
    return out


def sampled_colours(body: Body, worn: PhotoLook, rng: np.random.Generator) -> Look:
    """Skin and hair of a look, and of our own where it does not know them."""
    tone, depth = skin_tone(rng)
    if np.isfinite(worn.tone).all():
        tone = worn.tone.astype(float).clip(0.01, 0.9)
        depth = float(np.abs(np.log(TONES / tone)).sum(1).argmin())
    hair = hair_colour(depth, body.kinds.get("age", 0.5), rng)
    if np.isfinite(worn.hair).all():
        hair = worn.hair.astype(float)
    return Look(tone, hair, None, depth)


def in_look(
    body: Body, worn: PhotoLook, rng: np.random.Generator, assets: Path | None = None
) -> list[Surface]:
    """Somebody's surfaces in the look of a photo, as `wardrobe.dressed` gives them.

    Args:
        body: whose.
        worn: the look.
        rng: of everything else.
        assets: folder of MakeHuman assets to mix in.
    """
    look = sampled_colours(body, worn, rng)
    hidden, on_top = np.zeros(len(places().height), bool), []
    if rng.random() < SHOD:
        if assets is not None and rng.random() < FROM_LIBRARY:
            feet = library.shoes(body, assets, rng)
        else:
            feet = on_feet(body, rng)
        hidden, on_top = feet.hidden, feet.surfaces
    if rng.random() < SKIRTED:
        on_top = [*on_top, own_skirt(body, worn, rng)]
    if worn.scalp < SCALP or rng.random() < HAIRED:
        on_top = [*on_top, *head_wear(body, look, assets, rng)]
    bare = skins(body, look, None, hidden, rng)
    trunk, head = (
        replace(surface, texture=laid_over(surface.texture, worn.atlas, k == 1), gloss=GLOSS)
        for k, surface in enumerate(bare)
    )
    return [trunk, head, eyes(body, look, rng), *on_top]


def own_skirt(body: Body, worn: PhotoLook, rng: np.random.Generator) -> Surface:
    """A skirt in the colour of what a look has on the thighs."""
    middle = np.full(len(THIGHS), 0.5)
    colour = looked_up(worn.atlas, np.array(THIGHS), middle, middle)[:, :3].mean(0)
    texture = folded(plain(rng, colour), rng, float(rng.uniform(0.7, 1.4)))
    piece = skirt_piece(float(rng.choice(HEMS)))
    return skirt(body, piece, texture, float(rng.choice([0.05, 0.2, 0.4])), 0.004, rng)
