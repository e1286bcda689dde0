"""Warp kernels that find which triangle each sample of a picture sees.

A picture is a grid of samples; a pixel holds one or n×n of them. A sample's ray starts at the eye
and goes through its centre. All the triangles are laid over the grid and the nearest stays, with
the same intersection of ray and triangle that a ray caster computes: what is seen, and where on
the triangle, is exact.
"""

# Warp translates these functions itself; they are not typed as Python is.
# pyright: reportInvalidTypeForm=false, reportAttributeAccessIssue=false, reportGeneralTypeIssues=false
# pyright: reportArgumentType=false, reportCallIssue=false, reportOperatorIssue=false
# pyright: reportIndexIssue=false, reportOptionalMemberAccess=false, reportReturnType=false

from .texels import Textures, solid
from .warped import wp

wp.set_module_options({"enable_backward": False})  # no gradients: compiles in half the time

NEAR = 0.02  # metres: nothing nearer to the eye is seen
NOTHING = 0xFFFFFFFFFFFFFFFF  # a sample that sees nothing
EDGE = 1.0e-5  # corner weights may be below 0 by this: no gaps between neighbours
WIDE = 8  # samples: of wider triangles, each row's part is worked out before its samples are asked


@wp.struct
class View:
    """A camera and its grid of samples; `focal` and `middle` are in samples."""

    eye: wp.vec3
    axes: wp.mat33
    focal: float
    middle: wp.vec2
    shift: wp.vec2
    width: int
    height: int


@wp.struct
class Triangles:
    """All triangles of a scene; `seen` are the vertices in the camera's frame."""

    vertices: wp.array(dtype=wp.vec3)
    seen: wp.array(dtype=wp.vec3)
    normals: wp.array(dtype=wp.vec3)
    corners: wp.array(dtype=wp.vec3i)
    uv: wp.array(dtype=wp.vec2)
    material: wp.array(dtype=wp.int32)
    owner: wp.array(dtype=wp.int32)
    textures: Textures


@wp.kernel
def look_kernel(
    view: View, vertices: wp.array(dtype=wp.vec3), seen: wp.array(dtype=wp.vec3)
) -> None:
    """Vertices in the camera's frame: right, down, forwards."""
    k = wp.tid()
    seen[k] = view.axes * (vertices[k] - view.eye)


@wp.func
def ray(view: View, x: float, y: float) -> wp.vec3:
    """Direction through a point of the grid in the camera's frame, 1 forwards."""
    return wp.vec3(
        (x + view.shift[0] - view.middle[0]) / view.focal,
        (y + view.shift[1] - view.middle[1]) / view.focal,
        1.0,
    )


@wp.func
def crossing(a: wp.vec3, b: wp.vec3, c: wp.vec3, direction: wp.vec3) -> wp.vec3:
    """Where a ray from the origin meets a triangle's plane: distance, weights of b and c.

    The distance is in lengths of the direction; negative where the ray runs along the plane.
    """
    e = b - a
    f = c - a
    n = wp.cross(e, f)
    slope = wp.dot(n, direction)
    if wp.abs(slope) < 1.0e-20:
        return wp.vec3(-1.0, -1.0, -1.0)
    u = wp.dot(wp.cross(f, a), direction) / slope
    v = wp.dot(wp.cross(a, e), direction) / slope
    return wp.vec3(wp.dot(n, a) / slope, u, v)


@wp.func
def mix2(a: wp.vec2, b: wp.vec2, c: wp.vec2, w: wp.vec3) -> wp.vec2:
    """Corner values of a triangle at corner weights."""
    return a * w[0] + b * w[1] + c * w[2]


@wp.func
def mix3(values: wp.array(dtype=wp.vec3), c: wp.vec3i, w: wp.vec3) -> wp.vec3:
    """Vertex values of a triangle at corner weights."""
    return values[c[0]] * w[0] + values[c[1]] * w[1] + values[c[2]] * w[2]


@wp.func
def uv_at(t: Triangles, face: int, w: wp.vec3) -> wp.vec2:
    """Texture coordinates at corner weights."""
    return mix2(t.uv[3 * face], t.uv[3 * face + 1], t.uv[3 * face + 2], w)


@wp.func
def span(low: float, high: float, size: int) -> wp.vec2i:
    """First and last sample of a row between two positions, a hair's breadth more."""
    first = wp.clamp(wp.ceil(low - 0.01), 0.0, float(size))
    last = wp.clamp(wp.floor(high + 0.01), -1.0, float(size) - 1.0)
    return wp.vec2i(int(first), int(last))


@wp.func
def window(view: View, t: Triangles, face: int) -> wp.vec4i:
    """First and last column and row that a triangle may reach; none if it is behind the eye."""
    corner = t.corners[face]
    a = t.seen[corner[0]]
    b = t.seen[corner[1]]
    c = t.seen[corner[2]]
    depths = wp.vec3(a[2], b[2], c[2])
    if wp.max(depths) < wp.static(NEAR):
        return wp.vec4i(0, -1, 0, -1)
    if wp.min(depths) < wp.static(NEAR):
        return wp.vec4i(0, view.width - 1, 0, view.height - 1)
    x = view.focal * wp.vec3(a[0] / a[2], b[0] / b[2], c[0] / c[2])
    y = view.focal * wp.vec3(a[1] / a[2], b[1] / b[2], c[1] / c[2])
    corner_x = view.middle[0] - view.shift[0]
    corner_y = view.middle[1] - view.shift[1]
    columns = span(wp.min(x) + corner_x, wp.max(x) + corner_x, view.width)
    rows = span(wp.min(y) + corner_y, wp.max(y) + corner_y, view.height)
    return wp.vec4i(columns[0], columns[1], rows[0], rows[1])


@wp.struct
class Plane:
    """A triangle as the eye sees it: weights of its corners b, c and depth along any ray."""

    face: int
    n: wp.vec3
    p: wp.vec3
    q: wp.vec3
    height: float


@wp.func
def plane_of(t: Triangles, face: int) -> Plane:
    """A triangle's plane."""
    corner = t.corners[face]
    a = t.seen[corner[0]]
    e = t.seen[corner[1]] - a
    f = t.seen[corner[2]] - a
    out = Plane()
    out.face = face
    out.n = wp.cross(e, f)
    out.p = wp.cross(f, a)
    out.q = wp.cross(a, e)
    out.height = wp.dot(out.n, a)
    return out


@wp.func
def met(plane: Plane, d: wp.vec3) -> wp.vec3:
    """Depth at which ray `d` meets a triangle, and weights of b and c; depth −1 if it does not."""
    slope = wp.dot(plane.n, d)
    if wp.abs(slope) < 1.0e-20:
        return wp.vec3(-1.0, 0.0, 0.0)
    inverse = 1.0 / slope
    u = wp.dot(plane.p, d) * inverse
    v = wp.dot(plane.q, d) * inverse
    z = plane.height * inverse
    if wp.min(wp.min(u, v), 1.0 - u - v) < -wp.static(EDGE) or z < wp.static(NEAR):
        return wp.vec3(-1.0, 0.0, 0.0)
    return wp.vec3(z, u, v)


@wp.func
def cover(
    t: Triangles, plane: Plane, d: wp.vec3, at: int, nearest: wp.array(dtype=wp.uint64)
) -> int:
    """Give sample `at`, whose ray is `d`, to a triangle if that is the nearest there so far."""
    hit = met(plane, d)
    if hit[0] < 0.0:
        return 0
    key = (wp.uint64(wp.cast(hit[0], wp.uint32)) << wp.uint64(32)) | wp.uint64(plane.face)
    if key < nearest[at]:
        st = uv_at(t, plane.face, wp.vec3(1.0 - hit[1] - hit[2], hit[1], hit[2]))
        if solid(t.textures, t.material[plane.face], st):
            wp.atomic_min(nearest, at, key)
    return 0


@wp.func
def cut(row: wp.vec2i, side: wp.vec3, view: View, y: float) -> wp.vec2i:
    """First and last sample of a row whose rays are on one side of a plane, and one more each."""
    step = side[0] / view.focal
    if step == 0.0:
        return row
    x = wp.clamp(-wp.dot(side, ray(view, 0.0, y)) / step, -9.0, float(view.width) + 9.0)
    if step > 0.0:
        return wp.vec2i(wp.max(row[0], int(wp.floor(x)) - 1), row[1])
    return wp.vec2i(row[0], wp.min(row[1], int(wp.ceil(x)) + 1))


@wp.func
def part_of(row: wp.vec2i, plane: Plane, view: View, y: float) -> wp.vec2i:
    """First and last sample of a row that a triangle may cover: those between its edges."""
    facing = wp.sign(plane.height)
    slack = wp.static(EDGE) * plane.n
    out = cut(row, facing * (plane.p + slack), view, y)
    out = cut(out, facing * (plane.q + slack), view, y)
    return cut(out, facing * (plane.n - plane.p - plane.q + slack), view, y)


@wp.kernel
def raster_kernel(view: View, t: Triangles, nearest: wp.array(dtype=wp.uint64)) -> None:
    """Lay a triangle over the grid; a sample keeps depth and number of the nearest."""
    box = window(view, t, wp.tid())
    if box[1] < box[0] or box[3] < box[2]:
        return
    plane = plane_of(t, wp.tid())
    for j in range(box[2], box[3] + 1):
        row = wp.vec2i(box[0], box[1])
        if row[1] - row[0] > wp.static(WIDE):
            row = part_of(row, plane, view, float(j))
        for i in range(row[0], row[1] + 1):
            cover(t, plane, ray(view, float(i), float(j)), j * view.width + i, nearest)


@wp.kernel
def behind_kernel(
    view: View,
    t: Triangles,
    owner: wp.array(dtype=wp.int32),
    out: wp.array(dtype=wp.uint8),
) -> None:
    """Mark the samples that see somebody and whose ray meets a triangle of the same."""
    face = wp.tid()
    box = window(view, t, face)
    if box[1] < box[0] or box[3] < box[2]:
        return
    plane = plane_of(t, face)
    for j in range(box[2], box[3] + 1):
        for i in range(box[0], box[1] + 1):
            at = j * view.width + i
            if owner[at] != t.owner[face] or out[at] == wp.uint8(1):
                continue
            if met(plane, ray(view, float(i), float(j)))[0] > 0.0:
                out[at] = wp.uint8(1)


@wp.func
def face_of(key: wp.uint64) -> int:
    """The triangle that a sample sees, or −1."""
    if key == wp.static(wp.uint64(NOTHING)):
        return -1
    return int(key & wp.uint64(0xFFFFFFFF))


@wp.func
def depth_of(key: wp.uint64) -> float:
    """Depth of what a sample sees, in metres along the camera's axis."""
    return wp.cast(wp.uint32(key >> wp.uint64(32)), float)


@wp.func
def weights_at(t: Triangles, face: int, direction: wp.vec3) -> wp.vec4:
    """Depth, and the corner weights of the point of a triangle that a ray meets."""
    c = t.corners[face]
    hit = crossing(t.seen[c[0]], t.seen[c[1]], t.seen[c[2]], direction)
    return wp.vec4(hit[0], 1.0 - hit[1] - hit[2], hit[1], hit[2])


@wp.kernel
def hit_kernel(
    view: View,
    t: Triangles,
    nearest: wp.array(dtype=wp.uint64),
    face: wp.array(dtype=wp.int32),
    owner: wp.array(dtype=wp.int32),
    bary: wp.array(dtype=wp.vec3),
    depth: wp.array(dtype=float),
) -> None:
    """What each sample sees: triangle (−1: nothing), whose, corner weights, depth."""
    k = wp.tid()
    f = face_of(nearest[k])
    face[k] = f
    depth[k] = wp.inf
    if f >= 0:
        direction = ray(view, float(k % view.width), float(k // view.width))
        hit = weights_at(t, f, direction)
        owner[k] = t.owner[f]
        bary[k] = wp.vec3(hit[1], hit[2], hit[3])
        depth[k] = hit[0]
