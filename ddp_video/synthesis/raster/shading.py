"""Pictures of posed triangles in linear light, and the shadows they cast on the ground."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np

from .rasterise import Light, Sight, view_of
from .ray_kernels import TILE, Lamp, floor_kernel, light_kernel
from .shading_kernels import edge_pixel_kernel, pixel_kernel, smooth_kernel
from .warped import wp

FLOOR_FAR = 60.0  # metres up to which shadows on the ground are looked for
RAYS = 1  # towards the light and around, per pixel that casts any
EDGES = 2  # samples along each side of a pixel at edges
MISSING = 1e-3  # share of a square of the ground that is too small to tell its shadow
FLOOR_STEP = 2  # pixels: shadows on the ground are computed at every second one


@dataclass(frozen=True)
class Picture:
    """What stands in a scene, ready to be laid over any background.

    Attributes:
        light: (H, W, 3) float32, linear, already weighted by `alpha`.
        alpha: (H, W) float32, how much of each pixel it covers.
        shadow: (H, W, 3) float32, share of its light that the ground z = 0 still gets.
    """

    light: np.ndarray
    alpha: np.ndarray
    shadow: np.ndarray

    def over(self, background: np.ndarray, floor: np.ndarray) -> np.ndarray:
        """(H, W, 3) linear light before a background.

        Args:
            background: (H, W, 3) linear light.
            floor: (H, W) how much of a background's pixel is ground that takes shadows.
        """
        clear = 1 - self.alpha
        ground = floor * clear
        behind = self.shadow * cv2.merge([ground] * 3)
        behind += cv2.merge([clear - ground] * 3)
        behind *= background
        behind += self.light
        return behind


def lamp_of(light: Light, floor: bool) -> Any:  # noqa: ANN401
    """A light as a `Lamp` struct; `floor`: the ground z = 0 hides the sky as well."""
    out = Lamp()
    out.centre, out.radius = wp.vec3(*light.centre), float(light.radius)
    out.key, out.sky, out.ground = (wp.vec3(*c) for c in (light.key, light.sky, light.ground))
    out.floor = int(floor)
    return out


def coloured(
    sight: Sight,
    lamp: Any,  # noqa: ANN401
    per: int,
    phase: int,
    offset: np.ndarray,
) -> wp.array:
    """Light and coverage of every pixel: a Warp array of H·W vec4.

    Rays are cast for the middles of every fourth pixel (number `phase` of each 2×2); neighbours
    share what they find. Pixels at edges take `per`² samples of shape and texture,
    unless that is one.
    """
    device, n = sight.scene.device, len(sight.nearest)
    depth = wp.zeros(n, dtype=float, device=device)
    normal = wp.zeros(n, dtype=wp.vec3, device=device)
    found = wp.zeros(n, dtype=wp.vec2, device=device)
    reach = wp.zeros(n, dtype=wp.vec2, device=device)
    out = wp.zeros(n, dtype=wp.vec4, device=device)
    seen = [sight.view, sight.triangles, sight.nearest]
    cast = [sight.scene.mesh.id, lamp, RAYS, phase, wp.vec4(*offset), depth, normal, found]
    wp.launch(light_kernel, n, [*seen, *cast], device=device)
    wp.launch(smooth_kernel, n, [sight.view, phase, depth, normal, found, reach], device=device)
    lit = [lamp, depth, normal, reach, out]
    if per == 1:
        wp.launch(
            pixel_kernel,
            n,
            [*seen, wp.full(n, -1, dtype=wp.int32, device=device), *lit],
            device=device,
        )
        return out
    fine, slot, samples = sight.edges(per)
    wp.launch(pixel_kernel, n, [*seen, slot, *lit], device=device)
    given = [sight.view, fine, per, sight.triangles, samples, slot, *lit]
    wp.launch(edge_pixel_kernel, n, given, device=device)
    return out


def floor_shadow(sight: Sight, lamp: Any, offset: np.ndarray) -> np.ndarray:  # noqa: ANN401
    """(H, W, 3) float32 share of its light that the ground z = 0 still gets."""
    scene, camera = sight.scene, sight.camera
    h, w = camera.size
    low = (-(-h // FLOOR_STEP), -(-w // FLOOR_STEP))
    view = view_of(replace(camera, focal=camera.focal / FLOOR_STEP, size=low))
    view.middle = wp.vec2(w / 2 / FLOOR_STEP, h / 2 / FLOOR_STEP)
    out = wp.zeros(low[0] * low[1], dtype=wp.vec3, device=scene.device)
    box = [wp.vec3(*(float(v) for v in corner)) for corner in scene.bounds]
    seen = [view, sight.nearest, w, FLOOR_STEP]
    given = [scene.mesh.id, *box, lamp, RAYS, wp.vec4(*offset), FLOOR_FAR, out]
    wp.launch(floor_kernel, len(out), [*seen, *given], device=scene.device)
    smooth = blurred_where(np.asarray(out.numpy(), np.float32).reshape(*low, 3), TILE)
    return cv2.resize(smooth, None, fx=FLOOR_STEP, fy=FLOOR_STEP)[:h, :w]


def blurred_where(values: np.ndarray, side: int) -> np.ndarray:
    """(h, w, 3) means of the values in squares that are not negative; 1 where all are."""
    there = (values[..., 0] >= 0).astype(np.float32)
    total = cv2.blur(np.maximum(values, 0), (side, side))
    share = cv2.blur(there, (side, side))
    total[share < MISSING], share[share < MISSING] = 1, 1
    return total / cv2.merge([share] * 3)


def picture(sight: Sight, light: Light, *, seed: int, floor: bool) -> Picture:
    """A scene at one moment.

    Args:
        sight: the scene and the camera.
        light: of the scene.
        seed: of the directions of rays.
        floor: there is ground at z = 0, which takes shadows and hides the sky from below.
    """
    offset = np.random.default_rng(seed).random(4)
    lamp = lamp_of(light, floor)
    layers = coloured(sight, lamp, EDGES, 0, offset).numpy().reshape(*sight.camera.size, 4)
    return Picture(layers[..., :3], layers[..., 3], shadow_of(sight, lamp, offset, floor))


def exposed(
    sights: Iterable[Sight], count: int, light: Light, *, seed: int, floor: bool
) -> Picture:
    """The mean of several moments; the shadows on the ground are those of the middle one.

    Of four moments or more, none looks closer at edges: the moments do that together.

    Args:
        sights: the moments, each through another point of the pixel.
        count: of them.
        light: of the scene.
        seed: of the directions of rays.
        floor: as in `picture`.
    """
    lamp, total, shadow = lamp_of(light, floor), np.zeros(4, np.float32), np.ones(3, np.float32)
    for k, sight in enumerate(sights):
        offset = np.random.default_rng(seed + k).random(4)
        per = 1 if count > 3 else EDGES
        layers = coloured(sight, lamp, per, k % 4, offset).numpy()
        total = total + layers.reshape(*sight.camera.size, 4) / np.float32(count)
        if k == count // 2:
            shadow = shadow_of(sight, lamp, offset, floor)
    return Picture(total[..., :3], total[..., 3], shadow)


def shadow_of(sight: Sight, lamp: Any, offset: np.ndarray, floor: bool) -> np.ndarray:  # noqa: ANN401
    """`floor_shadow` where there is a floor that the camera sees from above, else 1."""
    if floor and sight.camera.eye[2] > 0:
        return floor_shadow(sight, lamp, offset)
    return np.ones((*sight.camera.size, 3), np.float32)
