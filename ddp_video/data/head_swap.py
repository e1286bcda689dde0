"""Another person's head on one who is cut out: the trunk itself must tell its front from its back.

People look over their shoulders, and a network that has learnt faces calls what hangs below a face
a front. Photos of faces above backs are rare, so they are made.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from ..types import PARTS
from .canvas import shrink_first, warp_points
from .cut_out import CutOut, Side

HEAD = (23, 24)
TORSO = (1, 2)
_SIDES: tuple[Side, ...] = ("top", "bottom", "left", "right")
_OPAQUE = 128
_LEAST_NECK = 3  # pixels in which head and trunk meet
_WHOLE = 0.85  # of its convex hull: heads of which less is seen are hidden in part
_NECK = 0.35  # of the head's size: so far from the trunk the own neck stays


@dataclass(frozen=True)
class _Head:
    """Where a head is in its crop, in pixels.

    Attributes:
        mask: (h, w) uint8, 255 on it.
        box: x, y, width, height.
        neck: (2,) x, y, the middle of where it meets the trunk.
        up: (2,) from there to the head's middle.
        size: root of its area.
    """

    mask: np.ndarray
    box: tuple[int, int, int, int]
    neck: np.ndarray
    up: np.ndarray
    size: float


def swap_head(
    rng: np.random.Generator,
    cut: CutOut,
    donor: CutOut,
    max_zoom: float = 2.0,
    stretch: float = 0.1,
    angle: float = 10.0,
) -> CutOut:
    """Put the donor's head in the place of a person's own, upright as that was, and as large.

    Limbs stay before it. What the own head covered and the other does not is cut away. Nobody seen
    from the front is given the head of somebody seen from behind: faces are seen above backs, but
    the back of a head never above a front.

    Args:
        rng: varies size and angle.
        cut: the person.
        donor: whose head is taken.
        max_zoom: no head is enlarged more than this.
        stretch: its size differs from the own head's by at most e to this power.
        angle: it is turned by at most this many degrees.

    Returns:
        The person with the other head; `cut` itself where one of the two heads is not wholly seen
        on its neck, or the other's is too small or seen from behind.
    """
    own, other = _head(cut), _head(donor)
    if own is None or other is None or _shows_back(donor) > _shows_back(cut):
        return cut
    scale = own.size / other.size * np.exp(rng.uniform(-stretch, stretch))
    if scale > max_zoom:
        return cut
    body = _with_room(cut, int(own.size))
    own = _head(body)
    assert own is not None
    matrix = _similarity(other, own, scale, np.deg2rad(rng.uniform(-angle, angle)))
    _draw(body, own, donor, other, matrix)
    heads = warp_points(donor.points[_on_head(donor.points)], matrix, mirrored=False)
    points = np.concatenate([body.points[~_on_head(body.points)], heads]).astype(np.float32)
    points = points[_agree(points, body.labels)]
    return _trimmed(replace(body, points=points, weight=min(cut.weight, donor.weight)))


def _draw(body: CutOut, own: _Head, donor: CutOut, other: _Head, matrix: np.ndarray) -> None:
    """Draw the other head in place of the own, in a window around that."""
    x, y, w, h = own.box
    room = int(own.size)
    left, top = max(0, x - room), max(0, y - room)
    window = np.s_[top : y + h + room, left : x + w + room]
    image, labels, mask = body.image[window], body.labels[window], body.mask[window]
    size = mask.shape[::-1]
    matrix = np.array([[1, 0, -left], [0, 1, -top], [0, 0, 1.0]]) @ matrix
    alpha = cv2.warpPerspective(*shrink_first(other.mask, matrix), size)
    colour = cv2.warpPerspective(
        *shrink_first(donor.image, matrix), size, borderMode=cv2.BORDER_REPLICATE
    )
    drawn = cv2.warpPerspective(donor.labels, matrix, size, flags=cv2.INTER_NEAREST)
    trunk = _among(labels[..., 0], TORSO)
    limb = (labels[..., 0] > 0) & (labels[..., 0] < PARTS)
    limb &= (trunk == 0) & (own.mask[window] == 0)
    reach = 2 * int(_NECK * own.size) + 1
    neck = cv2.dilate(trunk, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach)))
    rest = (mask > 0) & ((own.mask[window] == 0) | (neck > 0))
    on = (alpha >= _OPAQUE) & (drawn[..., 0] > 0) & ~limb
    weight = cv2.GaussianBlur(on.astype(np.float32), (5, 5), 1.0)
    weight[on & ~rest] = 1
    weight[limb & ~on] = 0
    image[:] = cv2.blendLinear(colour, np.ascontiguousarray(image), weight, 1 - weight)
    labels[~rest] = 0
    labels[on] = drawn[on]
    mask[:] = np.where(rest | on, np.uint8(255), np.uint8(0))


def _head(cut: CutOut) -> _Head | None:
    """The head, if the whole of it is seen on its neck."""
    part = cut.labels[..., 0]
    mask = _among(part, HEAD)
    y, x = np.nonzero(mask & cv2.dilate(_among(part, TORSO), np.ones((3, 3), np.uint8)))
    if len(x) < _LEAST_NECK:
        return None
    neck = np.array([x.mean(), y.mean()])
    y, x = np.nonzero(mask)
    up = np.array([x.mean(), y.mean()]) - neck
    left, top, width, height = cv2.boundingRect(mask)
    box = (left, top, width, height)
    at_border = {
        "left": left == 0,
        "top": top == 0,
        "right": left + width == mask.shape[1],
        "bottom": top + height == mask.shape[0],
    }
    hull = cv2.convexHull(np.stack([x, y], 1).astype(np.int32))
    whole = len(x) >= _WHOLE * (cv2.contourArea(hull) + cv2.arcLength(hull, closed=True) / 2)
    if not whole or not up.any() or (cut.cut is not None and at_border[cut.cut]):
        return None
    return _Head(mask, box, neck, up, float(np.sqrt(len(x))))


def _shows_back(cut: CutOut) -> bool:
    back, front = (cv2.countNonZero(_among(cut.labels[..., 0], (part,))) for part in TORSO)
    return back > front


def _among(part: np.ndarray, numbers: tuple[int, ...]) -> np.ndarray:
    """(h, w) uint8, 255 where the part is one of these."""
    return cv2.inRange(np.ascontiguousarray(part), min(numbers), max(numbers))


def _on_head(points: np.ndarray) -> np.ndarray:
    return np.isin(points[:, 2], HEAD)


def _agree(points: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(P,) bool: the pixel under the point is of its part, so that nothing new lies over it."""
    height, width = labels.shape[:2]
    x, y = np.floor(points[:, :2]).astype(int).T
    inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    inside[inside] = labels[y[inside], x[inside], 0] == points[inside, 2]
    return inside


def _similarity(head: _Head, to: _Head, scale: float, turn: float) -> np.ndarray:
    """3×3 that brings a head's neck to that of `to` and its direction to `turn` off that one's."""
    angle = turn + np.arctan2(to.up[1], to.up[0]) - np.arctan2(head.up[1], head.up[0])
    c, s = scale * np.cos(angle), scale * np.sin(angle)
    matrix = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1.0]])
    matrix[:2, 2] = to.neck - matrix[:2, :2] @ head.neck
    return matrix


def _with_room(cut: CutOut, room: int) -> CutOut:
    """A copy with empty space around, but not where the picture's border cut the person."""
    top, bottom, left, right = (0 if cut.cut == side else room for side in _SIDES)
    image = cv2.copyMakeBorder(cut.image, top, bottom, left, right, cv2.BORDER_REPLICATE)
    labels, mask = (
        cv2.copyMakeBorder(plane, top, bottom, left, right, cv2.BORDER_CONSTANT)
        for plane in (cut.labels, cut.mask)
    )
    return replace(cut, image=image, labels=labels, mask=mask, points=_moved(cut.points, left, top))


def _trimmed(cut: CutOut) -> CutOut:
    """The same without empty space around."""
    x, y, w, h = cv2.boundingRect(cut.mask)
    image, labels, mask = (
        np.ascontiguousarray(plane[y : y + h, x : x + w])
        for plane in (cut.image, cut.labels, cut.mask)
    )
    return replace(cut, image=image, labels=labels, mask=mask, points=_moved(cut.points, -x, -y))


def _moved(points: np.ndarray, x: int, y: int) -> np.ndarray:
    return points + np.array([x, y, 0, 0, 0, 0], np.float32)
