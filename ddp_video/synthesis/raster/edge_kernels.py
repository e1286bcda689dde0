"""Warp kernels that find the pixels where surfaces meet, and look at those with finer samples."""

# Warp translates these functions itself; they are not typed as Python is.
# pyright: reportInvalidTypeForm=false, reportAttributeAccessIssue=false, reportGeneralTypeIssues=false
# pyright: reportArgumentType=false, reportCallIssue=false, reportOperatorIssue=false
# pyright: reportIndexIssue=false, reportOptionalMemberAccess=false, reportReturnType=false

from .raster_kernels import (
    Plane,
    Triangles,
    View,
    cover,
    depth_of,
    face_of,
    plane_of,
    ray,
    window,
)
from .warped import wp

wp.set_module_options({"enable_backward": False})  # no gradients: compiles in half the time


@wp.func
def parted(view: View, t: Triangles, one: wp.uint64, other: wp.uint64) -> bool:
    """Whether two samples side by side see different materials, or different depths."""
    a = face_of(one)
    b = face_of(other)
    if a == b:
        return False
    if a < 0 or b < 0:
        return True
    z = depth_of(one)
    step = wp.abs(depth_of(other) - z) > 5.0 * z / view.focal
    return step or t.material[a] != t.material[b]


@wp.kernel
def edge_kernel(
    view: View,
    t: Triangles,
    nearest: wp.array(dtype=wp.uint64),
    slot: wp.array(dtype=wp.int32),
    count: wp.array(dtype=wp.int32),
) -> None:
    """Give a slot to each pixel that is `parted` from one beside, above or below it."""
    k = wp.tid()
    x = k % view.width
    y = k // view.width
    own = nearest[k]
    differs = False
    if x > 0:
        differs = parted(view, t, own, nearest[k - 1])
    if not differs and x + 1 < view.width:
        differs = parted(view, t, own, nearest[k + 1])
    if not differs and y > 0:
        differs = parted(view, t, own, nearest[k - view.width])
    if not differs and y + 1 < view.height:
        differs = parted(view, t, own, nearest[k + view.width])
    slot[k] = -1
    if differs:
        slot[k] = wp.atomic_add(count, 0, 1)


@wp.func
def place_of(slot: int, x: int, y: int, per: int) -> int:
    """Where sample (x, y) of the fine grid is stored: its pixel's slot has `per`² places."""
    return (slot * per + y % per) * per + x % per


@wp.kernel
def edge_raster_kernel(
    fine: View,
    t: Triangles,
    per: int,
    slot: wp.array(dtype=wp.int32),
    nearest: wp.array(dtype=wp.uint64),
) -> None:
    """Lay a triangle over a grid of `per`² samples a pixel, in the pixels that have a slot."""
    box = window(fine, t, wp.tid())
    plane = Plane()
    known = wp.int32(0)
    for y in range(box[2] // per, (box[3] + per) // per):
        for x in range(box[0] // per, (box[1] + per) // per):
            place = slot[y * (fine.width // per) + x]
            if place >= 0:
                if known == 0:
                    plane = plane_of(t, wp.tid())
                    known = 1
                first = wp.max(box[0], x * per)
                last = wp.min(box[1], x * per + per - 1)
                for j in range(wp.max(box[2], y * per), wp.min(box[3], y * per + per - 1) + 1):
                    for i in range(first, last + 1):
                        at = place_of(place, i, j, per)
                        cover(t, plane, ray(fine, float(i), float(j)), at, nearest)
