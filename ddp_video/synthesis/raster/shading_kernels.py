"""Warp kernels that turn what is seen and how it is lit into a picture."""

# Warp translates these functions itself; they are not typed as Python is.
# pyright: reportInvalidTypeForm=false, reportAttributeAccessIssue=false, reportGeneralTypeIssues=false
# pyright: reportArgumentType=false, reportCallIssue=false, reportOperatorIssue=false
# pyright: reportIndexIssue=false, reportOptionalMemberAccess=false, reportReturnType=false

from .raster_kernels import Triangles, View, face_of, mix3, ray, uv_at, weights_at
from .ray_kernels import TILE, Lamp
from .texels import LEVELS, texel
from .warped import wp

wp.set_module_options({"enable_backward": False})  # no gradients: compiles in half the time

WRAP = 0.15  # how far light creeps round an edge: skin and cloth scatter it
SHINE = 24.0  # exponent of the highlight


@wp.func
def likeness(z: float, n: wp.vec3, depth: float, normal: wp.vec3, pixel: float) -> float:
    """How far another pixel's light counts for a point: same depth, same way it faces."""
    apart = (z - depth) / (4.0 * pixel * z + 0.01)
    facing = wp.max(wp.dot(n, normal), 0.0)
    return wp.exp(-apart * apart) * facing * facing * facing * facing


@wp.func
def shared(
    z: float,
    n: wp.vec3,
    x: int,
    y: int,
    low: int,
    high: int,
    view: View,
    depth: wp.array(dtype=float),
    normal: wp.array(dtype=wp.vec3),
    reach: wp.array(dtype=wp.vec2),
) -> wp.vec3:
    """Mean of what like pixels from `low` to `high` around a pixel see of the light; and weight."""
    total = wp.vec2(0.0)
    weight = wp.float32(0.0)
    for j in range(wp.max(y + low, 0), wp.min(y + high, view.height - 1) + 1):
        for i in range(wp.max(x + low, 0), wp.min(x + high, view.width - 1) + 1):
            k = j * view.width + i
            if depth[k] > 0.0 and reach[k][0] >= 0.0:
                w = likeness(z, n, depth[k], normal[k], 1.0 / view.focal)
                total += reach[k] * w
                weight += w
    if weight > 0.0:
        total /= weight
    return wp.vec3(total[0], total[1], weight)


@wp.func
def gathered(
    z: float,
    n: wp.vec3,
    x: int,
    y: int,
    low: int,
    high: int,
    view: View,
    depth: wp.array(dtype=float),
    normal: wp.array(dtype=wp.vec3),
    reach: wp.array(dtype=wp.vec2),
) -> wp.vec2:
    """The same, farther off where there is no like pixel, and a guess if there is none at all."""
    found = shared(z, n, x, y, low, high, view, depth, normal, reach)
    if found[2] < 1.0e-3:
        found = shared(z, n, x, y, 2 * low - 1, 2 * high + 1, view, depth, normal, reach)
    if found[2] < 1.0e-6:
        return wp.vec2(0.7, 0.7)
    return wp.vec2(found[0], found[1])


@wp.kernel
def smooth_kernel(
    view: View,
    depth: wp.array(dtype=float),
    normal: wp.array(dtype=wp.vec3),
    reach: wp.array(dtype=wp.vec2),
    out: wp.array(dtype=wp.vec2),
) -> None:
    """Share what a tile's worth of pixels around each pixel found of the light."""
    k = wp.tid()
    if depth[k] > 0.0:
        x = k % view.width
        y = k // view.width
        low = -wp.static((TILE - 1) // 2)
        high = wp.static(TILE // 2)
        out[k] = gathered(depth[k], normal[k], x, y, low, high, view, depth, normal, reach)


@wp.func
def level_of(t: Triangles, face: int, focal: float) -> int:
    """Which level of its texture has about one texel a pixel."""
    c = t.corners[face]
    a = t.seen[c[0]]
    b = t.seen[c[1]]
    d = t.seen[c[2]]
    depths = wp.abs(a[2] * b[2] * d[2]) + 1.0e-9
    pixels = focal * focal * wp.abs(wp.dot(a, wp.cross(b - a, d - a))) / depths
    e = t.uv[3 * face + 1] - t.uv[3 * face]
    f = t.uv[3 * face + 2] - t.uv[3 * face]
    size = t.textures.place[t.material[face] * wp.static(LEVELS)]
    texels = wp.abs(e[0] * f[1] - e[1] * f[0]) * float(size[1]) * float(size[2])
    level = 0.5 * wp.log2(wp.max(texels, 1.0e-9) / wp.max(pixels, 1.0e-9))
    return wp.clamp(int(level + 0.3), 0, wp.static(LEVELS) - 1)


@wp.func
def linear(x: float) -> float:
    """Linear light of an sRGB value 0..1, by a cubic that is right to .002."""
    return x * (x * (x * 0.305306011 + 0.682171111) + 0.012522878)


@wp.func
def shade(
    t: Triangles, face: int, w: wp.vec3, focal: float, p: wp.vec3, n: wp.vec3, way: wp.vec3,
    reach: wp.vec2, lamp: Lamp,
) -> wp.vec3:  # fmt: skip
    """Light that a point sends along −`way`; `reach`: how much of key light and sky it sees."""
    material = t.material[face]
    colour = texel(t.textures, material, level_of(t, face, focal), uv_at(t, face, w))
    paint = wp.vec3(linear(colour[0]), linear(colour[1]), linear(colour[2]))
    toward = lamp.centre - p
    distance = wp.length(toward)
    toward = toward / distance
    key = lamp.key * (reach[0] / (distance * distance))
    facing = wp.max((wp.dot(n, toward) + wp.static(WRAP)) / (1.0 + wp.static(WRAP)), 0.0)
    up = 0.5 + 0.5 * n[2]
    around = (lamp.sky * up + lamp.ground * (1.0 - up)) * reach[1]
    light = wp.cw_mul(paint, key * facing + around)
    gloss = t.textures.gloss[material]
    if gloss > 0.0:
        half = wp.normalize(toward - way)
        light += key * (gloss * wp.pow(wp.max(wp.dot(n, half), 0.0), wp.static(SHINE)))
    return light


@wp.func
def sample_light(
    view: View,
    t: Triangles,
    face: int,
    k: int,
    seen: wp.vec3,
    lamp: Lamp,
    depth: wp.array(dtype=float),
    normal: wp.array(dtype=wp.vec3),
    reach: wp.array(dtype=wp.vec2),
) -> wp.vec3:
    """Light of a triangle along a ray through pixel k.

    How much of the light sources it sees is taken from like pixels around.
    """
    c = t.corners[face]
    hit = weights_at(t, face, seen)
    w = wp.vec3(hit[1], hit[2], hit[3])
    direction = wp.transpose(view.axes) * seen
    n = wp.normalize(mix3(t.normals, c, w))
    if wp.dot(n, direction) > 0.0:
        n = -n
    i = k % view.width
    j = k // view.width
    found = gathered(hit[0], n, i, j, -1, 1, view, depth, normal, reach)
    p = view.eye + direction * hit[0]
    way = wp.normalize(direction)
    return shade(t, face, w, view.focal, p, n, way, found, lamp)


@wp.kernel
def pixel_kernel(
    view: View,
    t: Triangles,
    nearest: wp.array(dtype=wp.uint64),
    slot: wp.array(dtype=wp.int32),
    lamp: Lamp,
    depth: wp.array(dtype=float),
    normal: wp.array(dtype=wp.vec3),
    reach: wp.array(dtype=wp.vec2),
    out: wp.array(dtype=wp.vec4),
) -> None:
    """Add the light and coverage of each pixel that has no slot: that of its middle."""
    k = wp.tid()
    face = face_of(nearest[k])
    if face < 0 or slot[k] >= 0:
        return
    seen = ray(view, float(k % view.width), float(k // view.width))
    hit = weights_at(t, face, seen)
    w = wp.vec3(hit[1], hit[2], hit[3])
    direction = wp.transpose(view.axes) * seen
    p = view.eye + direction * hit[0]
    way = wp.normalize(direction)
    light = shade(t, face, w, view.focal, p, normal[k], way, reach[k], lamp)
    out[k] += wp.vec4(light[0], light[1], light[2], 1.0)


@wp.kernel
def edge_pixel_kernel(
    view: View,
    fine: View,
    per: int,
    t: Triangles,
    nearest: wp.array(dtype=wp.uint64),
    slot: wp.array(dtype=wp.int32),
    lamp: Lamp,
    depth: wp.array(dtype=float),
    normal: wp.array(dtype=wp.vec3),
    reach: wp.array(dtype=wp.vec2),
    out: wp.array(dtype=wp.vec4),
) -> None:
    """Add the light and coverage of each pixel that has a slot: the mean of its `per`² samples."""
    k = wp.tid()
    if slot[k] < 0:
        return
    total = wp.vec4(0.0)
    for s in range(per * per):
        face = face_of(nearest[slot[k] * per * per + s])
        if face >= 0:
            x = float((k % view.width) * per + s % per)
            y = float((k // view.width) * per + s // per)
            light = sample_light(view, t, face, k, ray(fine, x, y), lamp, depth, normal, reach)
            total += wp.vec4(light[0], light[1], light[2], 1.0)
    out[k] += total / float(per * per)
