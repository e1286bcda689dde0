"""Dressing a body: skin, clothes, shoes, hair and hats, made of code or of the MakeHuman library.

The label rule: cloth, shoes, hair and hats take the label of the body point nearest in the rest
pose, so that it moves with the cloth and never jumps. Loose garments say where that is looked up
(`Surface.anchors`): what is cut from the body's own surface, on the skin that it was cut from,
however far it stands off; a skirt, where an unflared one hangs (see skirts.py). Bags and things in
hands are no part of a person and have no label.
"""

from functools import partial
from pathlib import Path

import numpy as np

from ..body.body import Body, Surface
from . import fashion, library
from .fashion import Outfit
from .footwear import SOLE, foot_field, shoe, sock
from .hair import ball, cap, curtain, hair_colour, scalp, strands
from .skin import BEARDS, Look, encoded, eyes, skin_tone, skins
from .textures import cloth_colour, folded, leather, pattern, plain

FROM_LIBRARY = 0.5  # share of clothes, shoes, hair and skins that come from it, where there is one
STRANDS = 12  # kinds of strands
ADULT = 0.55  # of Anny's age, from which on beards grow

STYLES = ("bald", "buzz", "short", "crop", "bob", "long", "bun", "tail")
MEN = (0.06, 0.2, 0.34, 0.22, 0.05, 0.07, 0.02, 0.04)
WOMEN = (0.01, 0.02, 0.07, 0.08, 0.2, 0.4, 0.1, 0.12)


def sampled_look(body: Body, rng: np.random.Generator) -> Look:
    """Colours of skin and hair, and a beard."""
    tone, depth = skin_tone(rng)
    age = body.kinds.get("age", 0.5)
    bearded = body.kinds.get("gender", 0.5) < 0.4 and age > ADULT and rng.random() < 0.45
    beard = BEARDS[rng.integers(len(BEARDS))] if bearded else None
    return Look(tone, hair_colour(depth, age, rng), beard, depth)


def hairdo(body: Body, look: Look, rng: np.random.Generator) -> list[Surface]:
    """Hair made of code."""
    woman = body.kinds.get("gender", 0.5) > 0.5
    style = str(rng.choice(STYLES, p=WOMEN if woman else MEN))
    if style == "bald":
        return []
    lock = partial(strands, look.hair, int(rng.integers(STRANDS)))
    piece = scalp(float(rng.choice([-0.006, 0.0, 0.008, 0.02])), False)
    thick, bumps = {"buzz": (0.003, 0.0), "short": (0.013, 0.003), "crop": (0.026, 0.008)}.get(
        style, (0.014, 0.003)
    )
    out = [cap(body, piece, thick * float(rng.uniform(0.8, 1.2)), bumps, lock(0.12), rng)]
    if style == "bob":
        out.append(curtain(body, float(rng.uniform(0.09, 0.17)), 100, lock(0.1), rng))
    elif style == "long":
        out.append(curtain(body, float(rng.uniform(0.22, 0.45)), 95, lock(0.3), rng))
    elif style == "bun":
        out.append(ball(body, (0.195, float(rng.uniform(0, 0.1))), (0.04, 0.035, 0.04), lock(0.0)))
    elif style == "tail":
        out.append(ball(body, (0.175, -0.06), (0.025, 0.03, 0.13), lock(0.0)))
    return out


def head_wear(
    body: Body, look: Look, assets: Path | None, rng: np.random.Generator
) -> list[Surface]:
    """Hair, and now and then a hat over short hair."""
    lock = strands(look.hair, int(rng.integers(STRANDS)), 0.0)
    stubble = cap(body, scalp(0.0, False), 0.002, 0.0, lock, rng)
    hat = rng.random() < 0.1
    if hat and assets and library.library(assets).hats and rng.random() < FROM_LIBRARY:
        felt = folded(plain(rng, cloth_colour(rng)), rng, 0.3)
        files, colour = library.library(assets).hats, cloth_colour(rng)
        return [stubble, library.headgear(body, files, felt, colour, rng, 0.0)]
    if hat:
        wool = folded(pattern(rng, "top"), rng, 0.5)
        return [stubble, cap(body, scalp(0.0, True), 0.016, 0.002, wool, rng, 0.0)]
    if assets and rng.random() < FROM_LIBRARY:
        colour = encoded(look.hair[None, None])[0, 0, :3].astype(float)
        files = library.library(assets).hair
        return [stubble, library.headgear(body, files, lock, colour, rng, 0.06)]
    return hairdo(body, look, rng)


def on_feet(body: Body, rng: np.random.Generator) -> Outfit:
    """Socks and shoes made of code, or bare feet."""
    outfit = Outfit()
    kind = rng.random()
    if kind < 0.06:
        return outfit
    if rng.random() < 0.6:
        top = float(rng.choice([-0.68, -0.62, -0.5]))
        colour = rng.choice([cloth_colour(rng), np.full(3, 225.0), np.full(3, 30.0)])
        outfit.surfaces.append(sock(body, top, folded(plain(rng, colour), rng, 0.4)))
        outfit.hidden |= foot_field(top) > fashion.HIDDEN
    if kind > 0.1:
        top, slope = ((-0.755, 0.15), (-0.74, 0.0), (-0.7, 0.0), (-0.55, 0.0))[
            int(rng.choice(4, p=[0.4, 0.35, 0.15, 0.1]))
        ]
        sole, gloss = float(rng.choice([0.008, 0.014, 0.022])), float(rng.choice([0.0, 0.03, 0.12]))
        outfit.surfaces.append(shoe(body, top, slope, leather(rng, SOLE), sole, gloss))
        outfit.hidden |= foot_field(top, slope) > fashion.HIDDEN
    return outfit


def dressed(body: Body, rng: np.random.Generator, assets: Path | None = None) -> list[Surface]:
    """Somebody's surfaces: skin, head, eyes, clothes, what is on the feet and on the head.

    Args:
        body: whose; `body.kinds` (gender, age) sways the choice.
        rng: of every choice.
        assets: folder of MakeHuman assets to mix in; without it everything is made of code.

    Raises:
        InputError: the folder lacks what is needed.
        DataError: a file in it cannot be read.
    """
    look = sampled_look(body, rng)
    painted = None
    if assets and rng.random() < FROM_LIBRARY:
        files = library.library(assets).skins
        painted = files[rng.integers(len(files))]
    borrowed = rng.random(2) < FROM_LIBRARY if assets else (False, False)
    clothes = (
        library.clothes(body, assets, rng) if assets and borrowed[0] else fashion.clothes(body, rng)
    )
    feet = library.shoes(body, assets, rng) if assets and borrowed[1] else on_feet(body, rng)
    skin = skins(body, look, painted, clothes.hidden | feet.hidden, rng)
    worn = clothes.surfaces + feet.surfaces + head_wear(body, look, assets, rng)
    return [*skin, eyes(body, look, rng), *worn]
