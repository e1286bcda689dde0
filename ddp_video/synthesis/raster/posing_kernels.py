"""Warp kernels that pose vertices and give them normals."""

# Warp translates these functions itself; they are not typed as Python is.
# pyright: reportInvalidTypeForm=false, reportAttributeAccessIssue=false, reportGeneralTypeIssues=false
# pyright: reportArgumentType=false, reportCallIssue=false, reportOperatorIssue=false
# pyright: reportIndexIssue=false, reportOptionalMemberAccess=false, reportReturnType=false

from .warped import wp

wp.set_module_options({"enable_backward": False})  # no gradients: compiles in half the time


@wp.kernel
def skin_kernel(
    rest: wp.array(dtype=wp.vec3),
    starts: wp.array(dtype=wp.int32),
    bones: wp.array(dtype=wp.int32),
    shares: wp.array(dtype=float),
    transforms: wp.array2d(dtype=wp.vec4),
    out: wp.array(dtype=wp.vec3),
) -> None:
    """Linear blend skinning; a bone's transform is three rows of a 3×4 matrix.

    The bones of vertex k and their shares are those from `starts[k]` to `starts[k + 1]`.
    """
    k = wp.tid()
    p = wp.vec4(rest[k][0], rest[k][1], rest[k][2], 1.0)
    x = wp.vec4(0.0)
    y = wp.vec4(0.0)
    z = wp.vec4(0.0)
    for i in range(starts[k], starts[k + 1]):
        bone = bones[i]
        x += shares[i] * transforms[bone, 0]
        y += shares[i] * transforms[bone, 1]
        z += shares[i] * transforms[bone, 2]
    out[k] = wp.vec3(wp.dot(x, p), wp.dot(y, p), wp.dot(z, p))


@wp.kernel
def normal_kernel(
    vertices: wp.array(dtype=wp.vec3),
    corners: wp.array(dtype=wp.vec3i),
    normals: wp.array(dtype=wp.vec3),
) -> None:
    """Add a triangle's normal, as long as twice its area, to its vertices."""
    c = corners[wp.tid()]
    a = vertices[c[0]]
    n = wp.cross(vertices[c[1]] - a, vertices[c[2]] - a)
    wp.atomic_add(normals, c[0], n)
    wp.atomic_add(normals, c[1], n)
    wp.atomic_add(normals, c[2], n)


@wp.kernel
def unit_kernel(normals: wp.array(dtype=wp.vec3)) -> None:
    """Make normals as long as 1."""
    k = wp.tid()
    normals[k] = wp.normalize(normals[k])
