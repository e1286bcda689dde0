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
LIKE = 0.004  # samples of a pixel that differ less in depth, as a share,
FACING = 0.97  # and whose normals' cosine is more, see as much of the lamp and the sky


@wp.func
def likeness(z: float, n: wp.vec3, depth: float, normal: wp.vec3, pixel: float) -> float:
    """How far another pixel's light counts for a point: same depth, same way it faces."""
    apart = 0.5 * (z - depth) / (4.0 * pixel * z + 0.01)
    near = wp.max(1.0 - apart * apart, 0.0)
    facing = wp.max(wp.dot(n, normal), 0.0)
    both = near * facing * facing
    return both * both


@wp.func
def from_phase(x: int, step: int, phase: int) -> int:
    """The first number from x on that is `phase` in steps."""
    return x + (phase - x + step * wp.abs(x)) % step


@wp.func
def shared(
    z: float,
    n: wp.vec3,
    x: int,
    y: int,
    far: int,
    step: int,
    phase: int,
    view: View,
    depth: wp.array(dtype=float),
    normal: wp.array(dtype=wp.vec3),
    reach: wp.array(dtype=wp.vec2),
) -> wp.vec3:
    """Mean of what like pixels around a pixel see of the light; and weight.

    They are less than `far` pixels away, and count the more the nearer they are. With a `step` of
    2 it is pixel `phase` of each 2×2 that counts, with 1 it is all.
    """
    total = wp.vec2(0.0)
    weight = wp.float32(0.0)
    first_x = from_phase(wp.max(x - far + 1, 0), step, phase % 2)
    first_y = from_phase(wp.max(y - far + 1, 0), step, phase // 2)
    for j in range(first_y, wp.min(y + far, view.height), step):
        for i in range(first_x, wp.min(x + far, view.width), step):
            k = j * view.width + i
            if depth[k] > 0.0:
                near = float((far - wp.abs(i - x)) * (far - wp.abs(j - y)))
                w = near * likeness(z, n, depth[k], normal[k], 1.0 / view.focal)
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
    far: int,
    step: int,
    phase: int,
    view: View,
    depth: wp.array(dtype=float),
    normal: wp.array(dtype=wp.vec3),
    reach: wp.array(dtype=wp.vec2),
) -> wp.vec2:
    """The same, farther off where there is no like pixel, and a guess if there is none at all."""
    found = shared(z, n, x, y, far, step, phase, view, depth, normal, reach)
    if found[2] < 1.0e-3:
        found = shared(z, n, x, y, 2 * far, step, phase, view, depth, normal, reach)
    if found[2] < 1.0e-6:
        return wp.vec2(0.7, 0.7)
    return wp.vec2(found[0], found[1])


@wp.kernel
def smooth_kernel(
    view: View,
    phase: int,
    depth: wp.array(dtype=float),
    normal: wp.array(dtype=wp.vec3),
    reach: wp.array(dtype=wp.vec2),
    out: wp.array(dtype=wp.vec2),
) -> None:
    """Share what the pixels that cast rays found of the light.

    A tile's worth on all sides: in it, each direction of the tile's rays counts the same.
    """
    k = wp.tid()
    if depth[k] > 0.0:
        x = k % view.width
        y = k // view.width
        out[k] = gathered(
            depth[k], normal[k], x, y, wp.static(TILE), 2, phase, view, depth, normal, reach
        )


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
    """Add the light and coverage of each pixel that has a slot: the mean of its `per`² samples.

    How much of the lamp and the sky they see is taken from like pixels around.
    """
    k = wp.tid()
    if slot[k] < 0:
        return
    total = wp.vec4(0.0)
    found = wp.vec2(0.0)
    z = wp.float32(0.0)
    m = wp.vec3(0.0)
    for s in range(per * per):
        face = face_of(nearest[slot[k] * per * per + s])
        if face >= 0:
            x = float((k % view.width) * per + s % per)
            y = float((k // view.width) * per + s // per)
            seen = ray(fine, x, y)
            hit = weights_at(t, face, seen)
            w = wp.vec3(hit[1], hit[2], hit[3])
            direction = wp.transpose(view.axes) * seen
            n = wp.normalize(mix3(t.normals, t.corners[face], w))
            if wp.dot(n, direction) > 0.0:
                n = -n
            if wp.abs(hit[0] - z) > wp.static(LIKE) * hit[0] or wp.dot(n, m) < wp.static(FACING):
                z = hit[0]
                m = n
                found = gathered(
                    z, n, k % view.width, k // view.width, 2, 1, 0, view, depth, normal, reach
                )
            p = view.eye + direction * hit[0]
            light = shade(t, face, w, view.focal, p, n, wp.normalize(direction), found, lamp)
            total += wp.vec4(light[0], light[1], light[2], 1.0)
    out[k] += total / float(per * per)
