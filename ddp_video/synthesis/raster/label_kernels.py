"""Warp kernels that look up I, U, V at the nearest point of a body."""

# Warp translates these functions itself; they are not typed as Python is.
# pyright: reportInvalidTypeForm=false, reportAttributeAccessIssue=false, reportGeneralTypeIssues=false
# pyright: reportArgumentType=false, reportCallIssue=false, reportOperatorIssue=false
# pyright: reportIndexIssue=false, reportOptionalMemberAccess=false, reportReturnType=false

from .raster_kernels import mix3
from .ray_kernels import FAR
from .warped import wp

wp.set_module_options({"enable_backward": False})  # no gradients: compiles in half the time


@wp.func
def label_at(
    part: wp.array(dtype=wp.int32),
    u: wp.array(dtype=wp.vec3),
    v: wp.array(dtype=wp.vec3),
    face: int,
    w: wp.vec3,
) -> wp.vec3:
    """I, U, V at corner weights of a face of the charts."""
    return wp.vec3(
        float(part[face]),
        wp.clamp(wp.dot(u[face], w), 0.0, 1.0),
        wp.clamp(wp.dot(v[face], w), 0.0, 1.0),
    )


@wp.kernel
def vertex_chart_kernel(
    body: wp.uint64,
    points: wp.array(dtype=wp.vec3),
    part: wp.array(dtype=wp.int32),
    u: wp.array(dtype=wp.vec3),
    v: wp.array(dtype=wp.vec3),
    out: wp.array(dtype=wp.vec3),
    nearest: wp.array(dtype=wp.vec3),
) -> None:
    """The body point nearest to each point, and its I, U, V."""
    k = wp.tid()
    found = wp.mesh_query_point_no_sign(body, points[k], wp.static(FAR))
    w = wp.vec3(found.u, found.v, 1.0 - found.u - found.v)
    nearest[k] = wp.mesh_eval_position(body, found.face, found.u, found.v)
    out[k] = label_at(part, u, v, found.face, w)


@wp.kernel
def chart_kernel(
    corners: wp.array(dtype=wp.vec3i),
    rest: wp.array(dtype=wp.vec3),
    iuv: wp.array(dtype=wp.vec3),
    plain: wp.array(dtype=wp.int32),
    bodies: wp.array(dtype=wp.uint64),
    part: wp.array(dtype=wp.int32),
    u: wp.array(dtype=wp.vec3),
    v: wp.array(dtype=wp.vec3),
    face: wp.array(dtype=wp.int32),
    owner: wp.array(dtype=wp.int32),
    bary: wp.array(dtype=wp.vec3),
    out: wp.array(dtype=wp.vec3),
) -> None:
    """I, U, V of what each pixel sees of a person.

    In a plain triangle they lie between those of its corners (`iuv`); elsewhere they are those of
    the body point that is nearest in the rest pose.
    """
    k = wp.tid()
    f = face[k]
    if owner[k] == 0:
        return
    if plain[f] == 1:
        found = mix3(iuv, corners[f], bary[k])
        out[k] = wp.vec3(iuv[corners[f][0]][0], found[1], found[2])
        return
    point = mix3(rest, corners[f], bary[k])
    near = wp.mesh_query_point_no_sign(bodies[owner[k] - 1], point, wp.static(FAR))
    w = wp.vec3(near.u, near.v, 1.0 - near.u - near.v)
    out[k] = label_at(part, u, v, near.face, w)
