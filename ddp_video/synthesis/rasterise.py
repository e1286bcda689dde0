"""Ray casting with Warp: soft-lit colour, and exact un-antialiased hits for the labels."""

from dataclasses import dataclass

import numpy as np

from ..errors import InputError

try:
    import warp as wp
except ImportError as error:
    raise InputError(
        "rendering people needs anny and warp: pip install 'ddp-video[synth]'"
    ) from error

from .ray_kernels import colour_kernel, hit_kernel, nearest_kernel

wp.config.quiet = True  # pyright: ignore[reportAttributeAccessIssue]


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


@dataclass(frozen=True)
class Mesh:
    """Posed triangles with all that shading needs.

    Attributes:
        vertices: (V, 3).
        faces: (F, 3).
        normals: (F, 3, 3) at the corners.
        uv: (F, 3, 2).
        material: (F,) number of the texture.
    """

    vertices: np.ndarray
    faces: np.ndarray
    normals: np.ndarray
    uv: np.ndarray
    material: np.ndarray


def smooth_normals(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Area-weighted vertex normals, given out to the corners: (F, 3, 3)."""
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    face = np.cross(b - a, c - a)
    total = np.stack(
        [
            np.bincount(faces.ravel(), np.repeat(face[:, k], 3), minlength=len(vertices))
            for k in range(3)
        ],
        1,
    )
    total /= np.linalg.norm(total, axis=1, keepdims=True) + 1e-12
    return total[faces]


def vectors(array: np.ndarray, kind: type) -> wp.array:
    """A (…, n) array as Warp vectors on the CPU."""
    return wp.array(
        np.ascontiguousarray(array, np.float32).reshape(-1, array.shape[-1]),
        dtype=kind,
        device="cpu",
    )


def bvh(vertices: np.ndarray, faces: np.ndarray) -> wp.Mesh:
    """A mesh that answers queries."""
    indices = wp.array(np.ascontiguousarray(faces, np.int32).ravel(), dtype=wp.int32, device="cpu")
    return wp.Mesh(vectors(vertices, wp.vec3), indices)


def nearest(
    vertices: np.ndarray, faces: np.ndarray, points: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The point of a mesh nearest to each of (P, 3) points: (P,) face, (P, 3) corner weights."""
    mesh = bvh(vertices, faces)
    face = wp.zeros(len(points), dtype=wp.int32, device="cpu")
    bary = wp.zeros(len(points), dtype=wp.vec3, device="cpu")
    wp.launch(
        nearest_kernel, len(points), [mesh.id, vectors(points, wp.vec3), face, bary], device="cpu"
    )
    return face.numpy(), bary.numpy()


class Texels:
    """All textures of a scene in one array.

    Args:
        textures: (h, w, 4) uint8 each.
        gloss: strength of the highlight, one per texture.
    """

    def __init__(self, textures: list[np.ndarray], gloss: list[float]) -> None:
        start, places = 0, []
        for picture in textures:
            places.append((start, picture.shape[1], picture.shape[0]))
            start += picture.shape[0] * picture.shape[1]
        flat = np.concatenate([t.reshape(-1, 4) for t in textures]) / 255.0
        self.place = wp.array(np.array(places, np.int32), dtype=wp.vec3i, device="cpu")
        self.values = vectors(flat, wp.vec4)
        self.gloss = wp.array(np.array(gloss, np.float32), dtype=float, device="cpu")


def spread(samples: int, seed: int) -> np.ndarray:
    """(samples², 2) jittered positions inside a pixel, in shuffled order."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:samples, :samples]
    grid = np.stack([x.ravel(), y.ravel()], 1)
    return rng.permutation((grid + rng.random(grid.shape)) / samples)


class Scene:
    """Triangles on the CPU, ready to be looked at.

    Args:
        mesh: what is to be seen.
        texels: its textures, packed once for many scenes.
    """

    def __init__(self, mesh: Mesh, texels: Texels) -> None:
        self.texels = texels
        self.mesh = bvh(mesh.vertices, mesh.faces)
        self.normals = vectors(mesh.normals, wp.vec3)
        self.uv = vectors(mesh.uv, wp.vec2)
        self.material = wp.array(mesh.material.astype(np.int32), dtype=wp.int32, device="cpu")

    def hits(self, camera: Camera) -> tuple[np.ndarray, np.ndarray]:
        """What each pixel sees through its centre: (H, W) face or −1, (H, W, 3) weights."""
        h, w = camera.size
        face = wp.zeros(h * w, dtype=wp.int32, device="cpu")
        bary = wp.zeros(h * w, dtype=wp.vec3, device="cpu")
        t = self.texels
        given = [
            self.mesh.id,
            wp.vec3(*camera.eye),
            wp.mat33(*camera.axes.ravel()),
            camera.focal,
            w,
            h,
        ]
        wp.launch(
            hit_kernel,
            h * w,
            [*given, self.uv, self.material, t.place, t.values, face, bary],
            device="cpu",
        )
        return face.numpy().reshape(h, w), bary.numpy().reshape(h, w, 3)

    def colour(
        self, camera: Camera, light: Light, shift: tuple[float, float], rays: range, seed: int
    ) -> np.ndarray:
        """(H, W, 3) linear light through one point of each pixel.

        Args:
            camera: whose picture.
            light: of the scene.
            shift: that point, x and y in 0..1.
            rays: which of an even sequence of directions towards the light and around are tried.
            seed: of the sequence's shift in each pixel.
        """
        h, w = camera.size
        out = wp.zeros(h * w, dtype=wp.vec3, device="cpu")
        t = self.texels
        given = [
            self.mesh.id,
            wp.vec3(*camera.eye),
            wp.mat33(*camera.axes.ravel()),
            camera.focal,
            w,
            h,
        ]
        lamp = [
            wp.vec3(*light.centre),
            light.radius,
            *(wp.vec3(*c) for c in (light.key, light.sky, light.ground)),
        ]
        skin = [self.normals, self.uv, self.material, t.gloss, t.place, t.values]
        point = [wp.vec2(*shift), seed, rays.start, len(rays)]
        inputs = [*given, *point, *lamp, *skin, out]
        wp.launch(colour_kernel, h * w, inputs, device="cpu")
        return out.numpy().reshape(h, w, 3)
