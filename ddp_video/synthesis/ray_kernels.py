"""Warp kernels of the ray caster. Textures lie end to end in one array of RGBA in 0..1."""

# Warp translates these functions itself; they are not typed as Python is.
# pyright: reportInvalidTypeForm=false, reportAttributeAccessIssue=false
# pyright: reportArgumentType=false, reportCallIssue=false, reportOperatorIssue=false
# pyright: reportIndexIssue=false, reportOptionalMemberAccess=false, reportReturnType=false

import warp as wp

wp.set_module_options({"enable_backward": False})  # no gradients: compiles in half the time

FAR = 1.0e6
TRANSPARENT = 0.45  # alpha below which a texel lets the ray through
LAYERS = 8  # transparent layers a ray may cross


@wp.func
def pixel_ray(
    k: int, width: int, height: int, focal: float, dx: float, dy: float, axes: wp.mat33
) -> wp.vec3:
    """Direction through a point of pixel k; dx and dy in 0..1 inside it."""
    x = (float(k % width) + dx - 0.5 * float(width)) / focal
    y = (float(k // width) + dy - 0.5 * float(height)) / focal
    return wp.normalize(wp.transpose(axes) * wp.vec3(x, y, 1.0))


@wp.func
def texel(
    k: int, u: float, v: float, place: wp.array(dtype=wp.vec3i), texels: wp.array(dtype=wp.vec4)
) -> wp.vec4:
    """Bilinear look-up in texture k; `place` is its start, width and height."""
    p = place[k]
    x = wp.clamp((u - wp.floor(u)) * float(p[1]) - 0.5, 0.0, float(p[1]) - 1.001)
    y = wp.clamp((1.0 - (v - wp.floor(v))) * float(p[2]) - 0.5, 0.0, float(p[2]) - 1.001)
    i = int(x)
    j = int(y)
    a = x - float(i)
    b = y - float(j)
    at = p[0] + j * p[1] + i
    top = texels[at] * (1.0 - a) + texels[at + 1] * a
    low = texels[at + p[1]] * (1.0 - a) + texels[at + p[1] + 1] * a
    return top * (1.0 - b) + low * b


@wp.func
def uv_at(face: int, u: float, v: float, uv: wp.array(dtype=wp.vec2)) -> wp.vec2:
    """Texture coordinates at corner weights u, v, 1 − u − v of a face."""
    return uv[3 * face] * u + uv[3 * face + 1] * v + uv[3 * face + 2] * (1.0 - u - v)


@wp.func
def opaque_hit(
    mesh: wp.uint64,
    origin: wp.vec3,
    direction: wp.vec3,
    uv: wp.array(dtype=wp.vec2),
    material: wp.array(dtype=wp.int32),
    place: wp.array(dtype=wp.vec3i),
    texels: wp.array(dtype=wp.vec4),
) -> wp.vec4:
    """First hit that is not transparent: distance (−1: none), face, two corner weights."""
    start = wp.float32(0.0)
    out = wp.vec4(-1.0, 0.0, 0.0, 0.0)
    for _layer in range(LAYERS):
        hit = wp.mesh_query_ray(mesh, origin + direction * start, direction, FAR)
        if not hit.result:
            break
        t = start + hit.t
        st = uv_at(hit.face, hit.u, hit.v, uv)
        if texel(material[hit.face], st[0], st[1], place, texels)[3] >= TRANSPARENT:
            out = wp.vec4(t, float(hit.face), hit.u, hit.v)
            break
        start = t + 1.0e-4
    return out


@wp.kernel
def hit_kernel(
    mesh: wp.uint64,
    eye: wp.vec3,
    axes: wp.mat33,
    focal: float,
    width: int,
    height: int,
    uv: wp.array(dtype=wp.vec2),
    material: wp.array(dtype=wp.int32),
    place: wp.array(dtype=wp.vec3i),
    texels: wp.array(dtype=wp.vec4),
    face: wp.array(dtype=wp.int32),
    bary: wp.array(dtype=wp.vec3),
) -> None:
    """What each pixel sees through its centre: face or −1, and corner weights."""
    k = wp.tid()
    hit = opaque_hit(
        mesh, eye, pixel_ray(k, width, height, focal, 0.5, 0.5, axes), uv, material, place, texels
    )
    face[k] = -1
    if hit[0] >= 0.0:
        face[k] = int(hit[1])
        bary[k] = wp.vec3(hit[2], hit[3], 1.0 - hit[2] - hit[3])


@wp.func
def sphere(index: int, shift_u: float, shift_v: float) -> wp.vec3:
    """Point `index` of an even sequence on the unit sphere (R2), shifted as a whole."""
    u = wp.frac(shift_u + 0.7548776662466927 * float(index))
    v = wp.frac(shift_v + 0.5698402909980532 * float(index))
    z = 1.0 - 2.0 * u
    r = wp.sqrt(wp.max(1.0 - z * z, 0.0))
    return wp.vec3(r * wp.cos(2.0 * wp.pi * v), r * wp.sin(2.0 * wp.pi * v), z)


@wp.kernel
def colour_kernel(
    mesh: wp.uint64,
    eye: wp.vec3,
    axes: wp.mat33,
    focal: float,
    width: int,
    height: int,
    shift: wp.vec2,
    seed: int,
    first: int,
    rays: int,
    centre: wp.vec3,
    radius: float,
    key: wp.vec3,
    sky: wp.vec3,
    ground: wp.vec3,
    normals: wp.array(dtype=wp.vec3),
    uv: wp.array(dtype=wp.vec2),
    material: wp.array(dtype=wp.int32),
    gloss: wp.array(dtype=float),
    place: wp.array(dtype=wp.vec3i),
    texels: wp.array(dtype=wp.vec4),
    out: wp.array(dtype=wp.vec3),
) -> None:
    """Add the linear light that each pixel sees through one point."""
    k = wp.tid()
    direction = pixel_ray(k, width, height, focal, shift[0], shift[1], axes)
    hit = opaque_hit(mesh, eye, direction, uv, material, place, texels)
    colour = wp.vec3(0.0)
    if hit[0] >= 0.0:
        face = int(hit[1])
        u = hit[2]
        v = hit[3]
        st = uv_at(face, u, v, uv)
        paint = texel(material[face], st[0], st[1], place, texels)
        albedo = wp.vec3(wp.pow(paint[0], 2.2), wp.pow(paint[1], 2.2), wp.pow(paint[2], 2.2))
        n = wp.normalize(
            normals[3 * face] * u
            + normals[3 * face + 1] * v
            + normals[3 * face + 2] * (1.0 - u - v)
        )
        if wp.dot(n, direction) > 0.0:
            n = -n
        p = eye + direction * hit[0]
        state = wp.rand_init(seed, k)
        lit = wp.float32(0.0)
        shine = wp.float32(0.0)
        open_sky = wp.vec3(0.0)
        start = p + n * 0.006 - direction * 0.002
        su = wp.randf(state)
        sv = wp.randf(state)
        tu = wp.randf(state)
        tv = wp.randf(state)
        for i in range(rays):
            lamp = centre + radius * sphere(first + i, su, sv) - start
            distance = wp.length(lamp)
            toward = lamp / distance
            facing = wp.max((wp.dot(n, toward) + 0.15) / 1.15, 0.0)
            if facing > 0.0 and not wp.mesh_query_ray_anyhit(mesh, start, toward, distance):
                lit += facing / (distance * distance)
                half = wp.normalize(toward - direction)
                shine += wp.pow(wp.max(wp.dot(n, half), 0.0), 24.0) / (distance * distance)
            around = wp.normalize(n + sphere(first + i, tu, tv) * 0.999)
            near = wp.mesh_query_ray(mesh, start, around, 1.6)
            seen = wp.float32(1.0)
            if near.result:
                seen = 0.25 + 0.75 * wp.clamp(near.t / 1.6, 0.0, 1.0) * wp.clamp(
                    near.t / 1.6, 0.0, 1.0
                )
            share = 0.5 + 0.5 * around[2]
            open_sky += (sky * share + ground * (1.0 - share)) * seen
        scale = 1.0 / float(rays)
        light = key * (lit * scale) + open_sky * scale
        colour = wp.cw_mul(albedo, light) + key * (shine * scale * gloss[material[face]])
    out[k] += colour


@wp.kernel
def nearest_kernel(
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
