"""The MakeHuman library as a wardrobe: its suits taken apart, dyed, printed and mixed."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from ...errors import InputError
from ..body.body import Body, Surface
from .fashion import Outfit
from .makehuman import Garment, covered, dye, fit, read_mhclo, read_texture
from .textures import cloth_colour, folded, pattern

BORDER = 0.15  # metres, reference adult: tops lie mostly above, trousers and skirts below


@dataclass(frozen=True)
class Library:
    """Files by kind, in a fixed order."""

    suits: tuple[Path, ...]
    shoes: tuple[Path, ...]
    hair: tuple[Path, ...]
    hats: tuple[Path, ...]
    skins: tuple[Path, ...]


@cache
def library(folder: Path) -> Library:
    """What a folder of MakeHuman assets has.

    Raises:
        InputError: it has no clothes, no hair or no skins.
    """
    suits = sorted(folder.glob("clothes/*suit*/*.mhclo"))
    shoes = sorted(folder.glob("clothes/shoes*/*.mhclo"))
    hats = sorted(folder.glob("clothes/fedora*/*.mhclo"))
    skins = sorted(folder.glob("skins/textures/*.png"))
    hair = sorted(folder.glob("hair/*/*.mhclo"))
    for found, what in ((suits, "clothes"), (shoes, "clothes"), (hair, "hair"), (skins, "skins")):
        if not found:
            raise InputError(
                f"{folder} has no {what}; give the folder of MakeHuman assets "
                "(clothes/, hair/, skins/)"
            )
    hair = [f for f in hair if f.parent.name not in CARDS or garment(f).texture]
    return Library(*(tuple(files) for files in (suits, shoes, hair, hats, skins)))


# Hair whose strands are in its texture's alpha: without the texture it is but cards.
CARDS = ("bob01", "bob02", "braid01", "short01", "short02", "short03", "short04")


@cache
def garment(path: Path) -> Garment:
    """A garment of the library, read once."""
    return read_mhclo(path)


texture = cache(read_texture)


@cache
def halves(path: Path) -> tuple[Garment | None, Garment | None]:
    """The top and the trousers or skirt of a suit; None where it is of one piece."""
    whole = garment(path)
    count = whole.component.max() + 1
    middle = np.bincount(whole.component, whole.height, count) / np.bincount(whole.component)
    ends = [whole.height[whole.component == k] for k in range(count)]
    if any(np.ptp(z) > 1.0 and z.max() > 0.6 for z in ends):
        return None, None
    above = middle[whole.component] > BORDER
    if above.all() or not above.any():
        return None, None
    return whole.of(above), whole.of(~above)


def coloured(worn: Garment, use: str, rng: np.random.Generator) -> np.ndarray:
    """A garment's texture as it is (.25), dyed, or with a pattern in its own light and shade."""
    change = rng.random()
    if worn.texture is None:
        return folded(pattern(rng, use), rng)
    original = texture(worn.texture)
    if change < 0.25:
        return original
    if change < 0.65:
        return dye(original, cloth_colour(rng), where=worn.uv)
    return dye(original, pattern(rng, use), where=worn.uv)


def clothes(body: Body, folder: Path, rng: np.random.Generator) -> Outfit:
    """A suit, or the top of one with the trousers of another."""
    woman = body.kinds.get("gender", 0.5) > 0.5
    suits = [f for f in library(folder).suits if woman or not f.name.startswith("female")]
    top, bottom = (halves(suits[rng.integers(len(suits))])[k] for k in (0, 1))
    if top is None or bottom is None:
        one = garment(suits[rng.integers(len(suits))])
        parts = [(one, "trousers")]
    else:
        parts = [(bottom, "trousers"), (top, "top")]
    outfit = Outfit()
    for part, use in parts:
        outfit.surfaces.append(fit(part, body, coloured(part, use, rng)))
    outfit.hidden |= covered(body, [part for part, _ in parts])
    return outfit


def shoes(body: Body, folder: Path, rng: np.random.Generator) -> Outfit:
    """A pair of shoes with socks."""
    files = library(folder).shoes
    pair = garment(files[rng.integers(len(files))])
    picture = coloured(pair, "trousers", rng) if rng.random() < 0.5 else None
    if picture is None:
        picture = texture(pair.texture) if pair.texture else folded(pattern(rng, "trousers"), rng)
    return Outfit([fit(pair, body, picture, 0.03)], covered(body, [pair]))


def headgear(
    body: Body, files: tuple[Path, ...], plain: np.ndarray, colour: np.ndarray,
    rng: np.random.Generator, gloss: float,
) -> Surface:  # fmt: skip
    """Hair or a hat.

    Args:
        body: whose head.
        files: to choose from.
        plain: texture where the library has none.
        colour: (3,) 0..255 to dye the others with.
        rng: of the choice.
        gloss: of the surface.
    """
    chosen = garment(files[rng.integers(len(files))])
    picture = dye(texture(chosen.texture), colour, where=chosen.uv) if chosen.texture else plain
    return fit(chosen, body, picture, gloss)
