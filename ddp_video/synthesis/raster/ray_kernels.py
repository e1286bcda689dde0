"""Warp kernels that cast rays: towards the light, around, back to a camera."""

# Warp translates these functions itself; they are not typed as Python is.
# pyright: reportInvalidTypeForm=false, reportAttributeAccessIssue=false, reportGeneralTypeIssues=false
# pyright: reportArgumentType=false, reportCallIssue=false, reportOperatorIssue=false
# pyright: reportIndexIssue=false, reportOptionalMemberAccess=false, reportReturnType=false

from .raster_kernels import NEAR, Triangles, View, face_of, mix3, ray, uv_at, weights_at
from .texels import solid
from .warped import wp

wp.set_module_options({"enable_backward": False})  # no gradients: compiles in half the time

FAR = 1.0e6
LAYERS = 8  # transparent layers a ray may cross
REACH = 1.6  # metres within which a surface hides the sky from another
DARKEST = 0.25  # light that a surface in contact still lets through, by reflection
TILE = 4  # pixels: a tile's pixels cast different rays, and share what they find
LIFT = 0.006  # metres above its surface that a ray starts


@wp.struct
class Lamp:
    """The key light and the light from all around; `floor`: 1 if the ground z = 0 is there."""

    centre: wp.vec3
    radius: float
    key: wp.vec3
    sky: wp.vec3
    ground: wp.vec3
    floor: int


@wp.func
def sphere(index: int, shift_u: float, shift_v: float) -> wp.vec3:
    """Point `index` of an even sequence on the unit sphere (R2), shifted as a whole."""
    u = wp.frac(shift_u + 0.7548776662466927 * float(index))
    v = wp.frac(shift_v + 0.5698402909980532 * float(index))
    z = 1.0 - 2.0 * u
    r = wp.sqrt(wp.max(1.0 - z * z, 0.0))
    return wp.vec3(r * wp.cos(2.0 * wp.pi * v), r * wp.sin(2.0 * wp.pi * v), z)


@wp.func
def place_in_tile(k: int, width: int) -> int:
    """Number of a pixel in its tile."""
    return (k % width) % wp.static(TILE) + wp.static(TILE) * ((k // width) % wp.static(TILE))


@wp.func
def lamp_seen(
    mesh: wp.uint64, lamp: Lamp, start: wp.vec3, index: int, su: float, sv: float
) -> float:
    """1 if a point of the key light is seen, 0 if something is before it."""
    way = lamp.centre + lamp.radius * sphere(index, su, sv) - start
    distance = wp.length(way)
    if wp.mesh_query_ray_anyhit(mesh, start, way / distance, distance):
        return 0.0
    return 1.0


@wp.func
def sky_seen(
    mesh: wp.uint64, floor: int, start: wp.vec3, n: wp.vec3, index: int, su: float, sv: float
) -> float:
    """Share of the light from one direction around a normal that arrives."""
    around = wp.normalize(n + sphere(index, su, sv) * 0.999)
    t = wp.float32(wp.static(REACH))
    near = wp.mesh_query_ray(mesh, start, around, wp.static(REACH))
    if near.result:
        t = near.t
    if floor == 1 and around[2] < 0.0:
        t = wp.min(t, wp.max(start[2], 0.0) / -around[2])
    t = wp.min(t / wp.static(REACH), 1.0)
    return wp.static(DARKEST) + (1.0 - wp.static(DARKEST)) * t * t


@wp.kernel
def light_kernel(
    view: View,
    t: Triangles,
    nearest: wp.array(dtype=wp.uint64),
    mesh: wp.uint64,
    lamp: Lamp,
    rays: int,
    phase: int,
    offset: wp.vec4,
    depth: wp.array(dtype=float),
    normal: wp.array(dtype=wp.vec3),
    reach: wp.array(dtype=wp.vec2),
) -> None:
    """Depth and normal of what each pixel's middle sees, and how much key light and sky that gets.

    One tile's pixels take turns in an even sequence of directions, which `offset` shifts as a
    whole. Pixel `phase` (0 … 3) of each 2×2 casts rays.
    """
    k = wp.tid()
    face = face_of(nearest[k])
    depth[k] = -1.0
    if face < 0:
        return
    seen = ray(view, float(k % view.width), float(k // view.width))
    hit = weights_at(t, face, seen)
    direction = wp.transpose(view.axes) * seen
    n = wp.normalize(mix3(t.normals, t.corners[face], wp.vec3(hit[1], hit[2], hit[3])))
    if wp.dot(n, direction) > 0.0:
        n = -n
    depth[k] = hit[0]
    normal[k] = n
    if phase != k % view.width % 2 + 2 * (k // view.width % 2):
        return
    start = view.eye + direction * hit[0] + n * wp.static(LIFT) - wp.normalize(direction) * 0.002
    first = place_in_tile(k, view.width) * rays
    lit = wp.float32(0.0)
    sky = wp.float32(0.0)
    facing = wp.dot(n, wp.normalize(lamp.centre - start)) > -0.2  # light creeps round
    for i in range(first, first + rays):
        if facing:
            lit += lamp_seen(mesh, lamp, start, i, offset[0], offset[1])
        sky += sky_seen(mesh, lamp.floor, start, n, i, offset[2], offset[3])
    reach[k] = wp.vec2(lit, sky) / float(rays)


@wp.func
def crosses(start: wp.vec3, way: wp.vec3, low: wp.vec3, high: wp.vec3) -> bool:
    """Whether a ray meets a box."""
    enter = wp.float32(0.0)
    leave = wp.float32(wp.static(FAR))
    for axis in range(3):
        slope = wp.where(wp.abs(way[axis]) < 1.0e-6, 1.0e-6, way[axis])
        a = (low[axis] - start[axis]) / slope
        b = (high[axis] - start[axis]) / slope
        enter = wp.max(enter, wp.min(a, b))
        leave = wp.min(leave, wp.max(a, b))
    return enter <= leave


@wp.func
def covered(nearest: wp.array(dtype=wp.uint64), width: int, x: int, y: int, step: int) -> bool:
    """Whether all of a block of `step`² pixels see a triangle."""
    height = nearest.shape[0] // width
    for j in range(y, wp.min(y + step, height)):
        for i in range(x, wp.min(x + step, width)):
            if face_of(nearest[j * width + i]) < 0:
                return False
    return True


@wp.kernel
def floor_kernel(
    view: View,
    nearest: wp.array(dtype=wp.uint64),
    width: int,
    step: int,
    mesh: wp.uint64,
    low: wp.vec3,
    high: wp.vec3,
    lamp: Lamp,
    rays: int,
    offset: wp.vec4,
    far: float,
    out: wp.array(dtype=wp.vec3),
) -> None:
    """Share of its light that the ground z = 0 still gets where each pixel sees it, 1 elsewhere.

    A pixel here is a block of `step`² of the picture, which is `width` wide and whose samples see
    `nearest`; where triangles hide the ground altogether it is −1. `low` and `high` are the
    corners of a box around the mesh: rays that cannot meet it are spared.
    """
    k = wp.tid()
    out[k] = wp.vec3(1.0)
    if covered(nearest, width, k % view.width * step, k // view.width * step, step):
        out[k] = wp.vec3(-1.0)
        return
    direction = wp.transpose(view.axes) * ray(view, float(k % view.width), float(k // view.width))
    if direction[2] > -1.0e-5 or view.eye[2] <= 0.0:
        return
    t = view.eye[2] / -direction[2]
    if t > far:
        return
    up = wp.vec3(0.0, 0.0, 1.0)
    start = view.eye + direction * t + up * wp.static(LIFT)
    way = lamp.centre - start
    wide = 1.1 * lamp.radius * wp.clamp(high[2] / wp.max(way[2], 1.0e-3), 0.0, 1.0)
    margin = wp.vec3(wide)
    shaded = crosses(start, way, low - margin, high + margin)
    margin = wp.vec3(wp.static(REACH))
    closed = wp.min(start - low + margin) > 0.0 and wp.min(high + margin - start) > 0.0
    if not shaded and not closed:
        return
    first = place_in_tile(k, view.width) * rays
    lit = wp.float32(0.0)
    sky = wp.float32(0.0)
    for i in range(first, first + rays):
        if shaded:
            lit += lamp_seen(mesh, lamp, start, i, offset[0], offset[1])
        else:
            lit += 1.0
        if closed:
            sky += sky_seen(mesh, 0, start, up, i, offset[2], offset[3])
        else:
            sky += 1.0
    distance = wp.length(way)
    key = lamp.key * (wp.max(way[2], 0.0) / (distance * distance * distance))
    full = key + lamp.sky + wp.vec3(1.0e-6)
    out[k] = wp.cw_div(
        key * lit + lamp.sky * sky + 1.0e-6 * wp.vec3(float(rays)), full * float(rays)
    )


@wp.func
def in_sight(mesh: wp.uint64, t: Triangles, eye: wp.vec3, point: wp.vec3, slack: float) -> int:
    """1 if nothing solid is between an eye and a point, up to `slack` metres before it."""
    way = point - eye
    distance = wp.length(way) - slack
    direction = wp.normalize(way)
    start = wp.float32(0.0)
    for _layer in range(LAYERS):
        hit = wp.mesh_query_ray(mesh, eye + direction * start, direction, distance - start)
        if not hit.result:
            break
        w = wp.vec3(hit.u, hit.v, 1.0 - hit.u - hit.v)
        if solid(t.textures, t.material[hit.face], uv_at(t, hit.face, w)):
            return 0
        start += hit.t + 1.0e-4
    return 1


@wp.kernel
def flow_kernel(
    view: View,
    then: View,
    t: Triangles,
    nearest: wp.array(dtype=wp.uint64),
    vertices: wp.array(dtype=wp.vec3),
    mesh: wp.uint64,
    low: wp.vec3,
    high: wp.vec3,
    behind: wp.array(dtype=float),
    slack: float,
    every: int,
    flow: wp.array(dtype=wp.vec2),
    seen: wp.array(dtype=wp.int32),
) -> None:
    """Where what a pixel sees is in another picture: x and y to go, and 1 where it is seen there.

    This is done for every so many-th pixel of every so many-th row (`every`). `vertices`, `mesh`,
    `then` and the corners `low` and `high` of a box around the mesh belong to the other picture's
    moment. What is no triangle stands still `behind` metres along the first camera's axis, or as
    far as the stars if that is 0.
    """
    k = wp.tid()
    wide = (view.width + every - 1) // every
    column = k % wide * every
    row = k // wide * every
    x = float(column)
    y = float(row)
    direction = ray(view, x, y)
    face = face_of(nearest[row * view.width + column])
    point = wp.transpose(view.axes) * direction
    near = wp.float32(slack)
    if face >= 0:
        hit = weights_at(t, face, direction)
        point = mix3(vertices, t.corners[face], wp.vec3(hit[1], hit[2], hit[3]))
    elif behind[k] > 0.0:
        point = view.eye + point * behind[k]
    else:
        point = then.eye + point * wp.static(FAR)
        near = 0.5 * wp.static(FAR)
    p = then.axes * (point - then.eye)
    seen[k] = 0
    if p[2] < wp.static(NEAR):
        return
    to_x = then.focal * p[0] / p[2] + then.middle[0]
    to_y = then.focal * p[1] / p[2] + then.middle[1]
    flow[k] = wp.vec2(to_x - x - view.shift[0], to_y - y - view.shift[1])
    within = to_x >= 0.0 and to_y >= 0.0 and to_x < float(then.width) and to_y < float(then.height)
    if within:
        seen[k] = 1
        if crosses(then.eye, point - then.eye, low, high):
            seen[k] = in_sight(mesh, t, then.eye, point, near)
