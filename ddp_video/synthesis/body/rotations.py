"""Rotations as 3×3 matrices, single or a stack of them: (3, 3) or (T, 3, 3)."""

from collections.abc import Iterable
from math import cos, radians, sin, sqrt

import numpy as np
from scipy.spatial.transform import Rotation

AXES = np.eye(3)
NEARLY_HALF = 3.0  # radians: a rotation by more is nearly half a turn


def turn(axis: str | np.ndarray, degrees: np.ndarray | float) -> np.ndarray:
    """Rotation about x, y, z or a vector (Rodrigues): (T,) or one angle → (T, 3, 3) or (3, 3)."""
    x, y, z = (AXES["xyz".index(axis)] if isinstance(axis, str) else axis).tolist()
    length = sqrt(x * x + y * y + z * z)
    x, y, z = x / length, y / length, z / length
    if isinstance(degrees, float | int):
        s, c = sin(radians(degrees)), cos(radians(degrees))
        a, b, d = x * (1 - c), y * (1 - c), z * (1 - c)
        return np.array(
            [
                [a * x + c, a * y - s * z, a * z + s * y],
                [b * x + s * z, b * y + c, b * z - s * x],
                [d * x - s * y, d * y + s * x, d * z + c],
            ]
        )
    spin = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    angle = np.radians(np.asarray(degrees, float))[..., None, None]
    return AXES + np.sin(angle) * spin + (1 - np.cos(angle)) * (spin @ spin)


def cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """`np.cross` of vectors (..., 3), without its overhead."""
    x, y, z = a[..., 0], a[..., 1], a[..., 2]
    i, j, k = b[..., 0], b[..., 1], b[..., 2]
    return np.stack([y * k - z * j, z * i - x * k, x * j - y * i], -1)


def between(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The smallest rotation that takes direction a to direction b."""
    a, b = a / np.linalg.norm(a), b / np.linalg.norm(b)
    axis = cross(a, b)
    length = np.linalg.norm(axis)
    if length < 1e-9:
        return np.eye(3)
    return turn(axis / length, float(np.degrees(np.arctan2(length, a @ b))))


def orthonormal(matrices: np.ndarray) -> np.ndarray:
    """The nearest rotations (T, 3, 3)."""
    u, _, vt = np.linalg.svd(matrices)
    return u @ vt


def unit(vectors: np.ndarray) -> np.ndarray:
    """Vectors (..., 3) at length 1."""
    length = np.sqrt((vectors * vectors).sum(-1, keepdims=True))
    return vectors / np.maximum(length, 1e-12)


def frame(along: np.ndarray, across: np.ndarray) -> np.ndarray:
    """Frames (..., 3, 3) whose first column is `along` and whose second is nearest to `across`."""
    first = unit(along)
    third = unit(cross(first, across))
    return np.stack(np.broadcast_arrays(first, cross(third, first), third), -1)


def twice_sine(matrices: np.ndarray) -> np.ndarray:
    """(..., 3) axis times twice the sine of the angle: what is skew in (..., 3, 3) rotations."""
    r = matrices
    return np.stack(
        [r[..., 2, 1] - r[..., 1, 2], r[..., 0, 2] - r[..., 2, 0], r[..., 1, 0] - r[..., 0, 1]], -1
    )


def rotation_vector(matrices: np.ndarray) -> np.ndarray:
    """(..., 3) axis times angle in radians."""
    skew = twice_sine(matrices)
    length = np.sqrt((skew * skew).sum(-1))
    angle = np.arctan2(length, np.trace(matrices, axis1=-2, axis2=-1) - 1)
    if (angle > NEARLY_HALF).any():  # the axis is no longer in what is skew
        flat = Rotation.from_matrix(matrices.reshape(-1, 3, 3)).as_rotvec()
        return flat.reshape(matrices.shape[:-1])
    return skew * np.where(length > 1e-9, angle / np.maximum(length, 1e-9), 0.5)[..., None]


def from_vector(vectors: np.ndarray) -> np.ndarray:
    """The inverse of `rotation_vector` (Rodrigues)."""
    x, y, z = vectors[..., 0], vectors[..., 1], vectors[..., 2]
    angle = np.sqrt(x * x + y * y + z * z)
    s, half = np.sinc(angle / np.pi), np.sinc(angle / (2 * np.pi))
    c = 0.5 * half * half  # (1 - cos) / angle²
    out = np.empty((*vectors.shape, 3))
    for k, one in enumerate((x, y, z)):
        out[..., k, k] = 1 - c * (angle * angle - one * one)
    out[..., 0, 1], out[..., 1, 0] = c * x * y - s * z, c * x * y + s * z
    out[..., 0, 2], out[..., 2, 0] = c * x * z + s * y, c * x * z - s * y
    out[..., 1, 2], out[..., 2, 1] = c * y * z - s * x, c * y * z + s * x
    return out


def part_way(a: np.ndarray, b: np.ndarray, shares: Iterable[float]) -> list[np.ndarray]:
    """The rotations at some shares of the shortest way from a to b."""
    vector = rotation_vector(a.swapaxes(-1, -2) @ b)
    return [a @ from_vector(share * vector) for share in shares]


def twist_about(matrices: np.ndarray, axis: np.ndarray) -> np.ndarray:
    """How far each rotation turns about an axis, in radians: R = swing · twist, −π..π."""
    trace = np.trace(matrices, axis1=-2, axis2=-1)  # of the quaternion 4 w² − 1
    return 2 * np.arctan2(twice_sine(matrices) @ unit(axis), 1 + trace)


def about(axis: np.ndarray, angles: np.ndarray) -> np.ndarray:
    """Rotations about one axis by one angle or (T,) angles in radians."""
    return turn(axis, np.degrees(angles))
