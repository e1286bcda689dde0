"""What the pixels of a camera see of a posed scene, on the CPU or on CUDA."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from .assembly import Posed
from .edge_kernels import edge_kernel, edge_raster_kernel
from .raster_kernels import NOTHING, View, behind_kernel, hit_kernel, raster_kernel
from .warped import wp

MIDDLE = (0.5, 0.5)  # of a pixel


@dataclass(frozen=True)
class Camera:
    """A pinhole camera.

    Attributes:
        eye: (3,) metres.
        axes: (3, 3) rows: right, down, forwards.
        focal: pixels.
        size: (H, W).
    """

    eye: np.ndarray
    axes: np.ndarray
    focal: float
    size: tuple[int, int]


@dataclass(frozen=True)
class Light:
    """A soft key light (a ball) and light from all around.

    Attributes:
        centre: (3,) of the key light, metres.
        radius: of the key light, metres: how soft its shadows are.
        key: (3,) its colour times strength, at 1 m.
        sky: (3,) light from above.
        ground: (3,) light from below.
    """

    centre: tuple[float, float, float]
    radius: float
    key: tuple[float, float, float]
    sky: tuple[float, float, float]
    ground: tuple[float, float, float]


def view_of(camera: Camera, shift: tuple[float, float] = (0.5, 0.5), per: int = 1) -> Any:  # noqa: ANN401
    """A camera's pixels as a `View` struct.

    Args:
        camera: whose picture.
        shift: the point of each pixel through which it looks, 0..1.
        per: that many samples along each side of a pixel; the shift is the middle of theirs.
    """
    out, (h, w) = View(), camera.size
    out.eye = wp.vec3(*(float(v) for v in camera.eye))
    out.axes = wp.mat33(*(float(v) for v in camera.axes.ravel()))
    out.focal = float(camera.focal * per)
    out.middle = wp.vec2(w * per / 2, h * per / 2)
    out.shift = wp.vec2(*((v - 0.5) * per + 0.5 for v in shift))
    out.height, out.width = h * per, w * per
    return out


def spread(count: int, seed: int) -> list[tuple[float, float]]:
    """`count` points spread evenly over a pixel (R2's sequence), shifted as a whole by the seed."""
    steps = np.arange(count)[:, None] * np.array([0.7548776662466927, 0.5698402909980532])
    points = (steps + np.random.default_rng(seed).random(2)) % 1.0
    return [(float(x), float(y)) for x, y in points]


@dataclass(frozen=True)
class Hits:
    """What the pixels' middles see; Warp arrays of H·W.

    Attributes:
        face: number of the triangle, −1 for nothing.
        owner: number of the person, 0 for nobody.
        bary: weights of its corners.
        depth: along the camera's axis in metres, infinite for nothing.
    """

    face: wp.array
    owner: wp.array
    bary: wp.array
    depth: wp.array


class Sight:
    """A scene as a camera sees it.

    Args:
        scene: at one moment.
        camera: that looks.
        shift: the point of each pixel that counts as its middle, 0..1.

    Attributes:
        view: the camera's pixels, a `View` struct.
        triangles: the scene's, a `Triangles` struct.
    """

    def __init__(self, scene: Posed, camera: Camera, shift: tuple[float, float] = MIDDLE) -> None:
        self.scene, self.camera, self.shift = scene, camera, shift
        self.view = view_of(camera, shift)
        self.triangles = scene.triangles(self.view)

    @cached_property
    def nearest(self) -> wp.array:
        """(H·W,) uint64: depth and number of the nearest triangle in each pixel's middle."""
        device, count = self.scene.device, len(self.scene.assembly.faces)
        out = wp.full(self.view.width * self.view.height, NOTHING, dtype=wp.uint64, device=device)
        wp.launch(raster_kernel, count, [self.view, self.triangles, out], device=device)
        return out

    def behind(self, owner: wp.array) -> np.ndarray:
        """(H, W) bool, where the people that are seen are in this scene, whatever is before them.

        Args:
            owner: (H·W,) the number of who is seen.
        """
        device, count = self.scene.device, len(self.scene.assembly.faces)
        out = wp.zeros(len(owner), dtype=wp.uint8, device=device)
        given = [self.view, self.triangles, owner, out]
        wp.launch(behind_kernel, count, given, device=device)
        return out.numpy().astype(bool).reshape(self.camera.size)

    def edges(self, per: int) -> tuple[Any, wp.array, wp.array]:
        """Look closer where a pixel differs from its neighbours in material or depth.

        Args:
            per: samples along each side of such a pixel.

        Returns:
            The finer grid's `View`; (H·W,) number of the pixel's samples, or −1; depth and number
            of the nearest triangle of each sample.
        """
        device, n = self.scene.device, len(self.nearest)
        fine = view_of(self.camera, self.shift, per)
        slot = wp.empty(n, dtype=wp.int32, device=device)  # pyright: ignore
        count = wp.zeros(1, dtype=wp.int32, device=device)
        given = [self.view, self.triangles, self.nearest, slot, count]
        wp.launch(edge_kernel, n, given, device=device)
        samples = int(count.numpy()[0]) * per * per
        found = wp.full(max(samples, 1), NOTHING, dtype=wp.uint64, device=device)
        if samples:
            given = [fine, self.triangles, per, slot, found]
            wp.launch(edge_raster_kernel, len(self.scene.assembly.faces), given, device=device)
        return fine, slot, found

    def hits(self) -> Hits:
        """What the pixels' middles see."""
        n, device = len(self.nearest), self.scene.device
        kinds = {"face": wp.int32, "owner": wp.int32, "bary": wp.vec3, "depth": float}
        out = {k: wp.zeros(n, dtype=kind, device=device) for k, kind in kinds.items()}
        given = [self.view, self.triangles, self.nearest, *out.values()]
        wp.launch(hit_kernel, n, given, device=device)
        return Hits(**out)
