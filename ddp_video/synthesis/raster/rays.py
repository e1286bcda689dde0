"""Questions to a triangle mesh: the nearest point, the first hit of a ray, normals and areas.

Dims: V = vertices, F = faces, P = points or rays.
"""

# Warp translates kernels itself; they are not typed as Python is.
# pyright: reportInvalidTypeForm=false, reportArgumentType=false, reportIndexIssue=false
# pyright: reportAttributeAccessIssue=false, reportCallIssue=false, reportOperatorIssue=false

import numpy as np

from .warped import scalars, vectors, wp

FAR = 1.0e6


@wp.kernel(enable_backward=False)
def closest_kernel(
    mesh: wp.uint64,
    points: wp.array(dtype=wp.vec3),
    face: wp.array(dtype=wp.int32),
    bary: wp.array(dtype=wp.vec3),
) -> None:
    """The nearest point of a mesh: face and corner weights."""
    k = wp.tid()
    found = wp.mesh_query_point_no_sign(mesh, points[k], FAR)
    face[k] = found.face
    bary[k] = wp.vec3(found.u, found.v, 1.0 - found.u - found.v)


@wp.kernel(enable_backward=False)
def hit_kernel(
    mesh: wp.uint64,
    origins: wp.array(dtype=wp.vec3),
    directions: wp.array(dtype=wp.vec3),
    face: wp.array(dtype=wp.int32),
    bary: wp.array(dtype=wp.vec3),
) -> None:
    """The first face that a ray meets, or −1, and corner weights."""
    k = wp.tid()
    found = wp.mesh_query_ray(mesh, origins[k], directions[k], FAR)
    face[k] = -1
    if found.result:
        face[k] = found.face
        bary[k] = wp.vec3(found.u, found.v, 1.0 - found.u - found.v)


def closest(
    vertices: np.ndarray, faces: np.ndarray, points: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The point of a mesh nearest to each of (P, 3) points: (P,) face, (P, 3) corner weights."""
    return _asked(closest_kernel, vertices, faces, points)


def first_hits(
    vertices: np.ndarray, faces: np.ndarray, origins: np.ndarray, directions: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """What each of (P, 3) rays meets first: (P,) face or −1, (P, 3) corner weights."""
    return _asked(hit_kernel, vertices, faces, origins, directions)


def on_surface(
    vertices: np.ndarray, faces: np.ndarray, face: np.ndarray, bary: np.ndarray
) -> np.ndarray:
    """(P, 3) points by face and corner weights."""
    return np.einsum("pk,pkx->px", bary, vertices[faces[face]])


def face_normals(vertices: np.ndarray, faces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Unit normals (F, 3) and areas (F,)."""
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    cross = np.cross(b - a, c - a)
    length = np.linalg.norm(cross, axis=1)
    return cross / (length[:, None] + 1e-12), length / 2


def _asked(
    kernel: wp.Kernel, vertices: np.ndarray, faces: np.ndarray, *rays: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    mesh = wp.Mesh(vectors(vertices, wp.vec3), scalars(faces.ravel(), "cpu"))
    count = len(rays[0])
    face = wp.zeros(count, dtype=wp.int32, device="cpu")
    bary = wp.zeros(count, dtype=wp.vec3, device="cpu")
    inputs = [mesh.id, *(vectors(points, wp.vec3) for points in rays), face, bary]
    wp.launch(kernel, count, inputs, device="cpu")
    return face.numpy(), bary.numpy()
