"""Textures as the kernels see them: all levels of all textures end to end in one array."""

# Warp translates the functions and structs below itself; they are not typed as Python is.
# pyright: reportInvalidTypeForm=false, reportAttributeAccessIssue=false, reportGeneralTypeIssues=false
# pyright: reportArgumentType=false, reportCallIssue=false, reportOperatorIssue=false
# pyright: reportIndexIssue=false, reportOptionalMemberAccess=false, reportReturnType=false

from typing import Any

import cv2
import numpy as np

from .memo import Memo
from .warped import wp

LEVELS = 8  # of a texture: each is half as wide and high as the one before
TRANSPARENT = 0.45  # alpha below which a texel lets the ray through


@wp.struct
class Textures:
    """`place`: start, width and height of each level; `clear`: 1 where a texture has holes."""

    place: wp.array(dtype=wp.vec3i)
    values: wp.array(dtype=wp.vec4ub)
    clear: wp.array(dtype=wp.int32)
    gloss: wp.array(dtype=float)


@wp.func
def rgba(values: wp.array(dtype=wp.vec4ub), at: int) -> wp.vec4:
    """One texel in 0..255."""
    v = values[at]
    return wp.vec4(float(v[0]), float(v[1]), float(v[2]), float(v[3]))


@wp.func
def texel(textures: Textures, material: int, level: int, st: wp.vec2) -> wp.vec4:
    """Bilinear look-up, RGB (sRGB) and alpha in 0..1; coordinates repeat, v goes up."""
    p = textures.place[material * wp.static(LEVELS) + level]
    x = wp.clamp((st[0] - wp.floor(st[0])) * float(p[1]) - 0.5, 0.0, float(p[1]) - 1.001)
    y = wp.clamp((1.0 - (st[1] - wp.floor(st[1]))) * float(p[2]) - 0.5, 0.0, float(p[2]) - 1.001)
    i = int(x)
    j = int(y)
    a = x - float(i)
    b = y - float(j)
    at = p[0] + j * p[1] + i
    right = wp.where(p[1] > 1, 1, 0)
    below = wp.where(p[2] > 1, p[1], 0)
    top = rgba(textures.values, at) * (1.0 - a) + rgba(textures.values, at + right) * a
    low = (
        rgba(textures.values, at + below) * (1.0 - a)
        + rgba(textures.values, at + below + right) * a
    )
    return (top * (1.0 - b) + low * b) / 255.0


@wp.func
def solid(textures: Textures, material: int, st: wp.vec2) -> bool:
    """Whether a surface stops a ray at a point."""
    if textures.clear[material] == 0:
        return True
    return texel(textures, material, 0, st)[3] >= wp.static(TRANSPARENT)


def smaller(texture: np.ndarray) -> tuple[list[tuple[int, int]], np.ndarray, bool]:
    """A texture's smaller levels; transparent texels lend them no colour.

    Args:
        texture: (h, w, 4) uint8.

    Returns:
        Widths and heights of all LEVELS, the texels (n, 4) of all but the first, and whether there
        are holes.
    """
    clear = bool((texture[..., 3] < 255).any())
    levels = [texture]
    for _ in range(LEVELS - 1):
        h, w = (max(n // 2, 1) for n in levels[-1].shape[:2])
        levels.append(halved(levels[-1], (w, h), clear))
    sizes = [(level.shape[1], level.shape[0]) for level in levels]
    return sizes, np.concatenate([level.reshape(-1, 4) for level in levels[1:]]), clear


def halved(level: np.ndarray, size: tuple[int, int], clear: bool) -> np.ndarray:
    """A level at another size (w, h); with holes, colours are weighted by alpha."""
    if not clear:
        return cv2.resize(level, size, interpolation=cv2.INTER_AREA)
    alpha = level[..., 3:].astype(np.float32)
    weighted = np.concatenate([level[..., :3] * alpha, alpha], 2)
    small = cv2.resize(weighted, size, interpolation=cv2.INTER_AREA)
    colour = small[..., :3] / small[..., 3:].clip(1e-3)
    return np.concatenate([colour, small[..., 3:]], 2).round().clip(0, 255).astype(np.uint8)


levels_of = Memo(smaller)


def packed_textures(textures: list[np.ndarray], gloss: list[float], device: str) -> Any:  # noqa: ANN401
    """All textures of a scene as a `Textures` struct.

    Args:
        textures: (h, w, 4) uint8 each, contiguous.
        gloss: strength of the highlight, one per texture.
        device: of Warp.
    """
    made = [levels_of(texture) for texture in textures]
    sizes = np.array([size for one, _, _ in made for size in one], np.int32)
    starts = np.cumsum(np.concatenate([[0], sizes.prod(1)]))[:-1]
    both = zip(textures, made, strict=True)
    flat = [part for texture, (_, rest, _) in both for part in (texture.reshape(-1, 4), rest)]
    place = np.column_stack([starts, sizes]).astype(np.int32)
    out = Textures()
    out.place = wp.array(place, dtype=wp.vec3i, device=device)
    texels = np.concatenate(flat)
    out.values = wp.array(texels, dtype=wp.vec4ub, device=device, copy=device != "cpu")
    holes = np.array([clear for _, _, clear in made], np.int32)
    out.clear = wp.array(holes, dtype=wp.int32, device=device)
    out.gloss = wp.array(np.array(gloss, np.float32), dtype=float, device=device)
    return out
