"""The terms that a fit minimises, each a short function; all return one value a person, (B,).

Dims: B people, J turning bones, K landmarks, P points of the skin, R points of the mask.
Lengths in the picture are half crop sides.
"""

import torch
from torch import Tensor
from torch.nn import functional

# How strongly a joint is held at rest, per squared radian; bones not named: 0.4.
STIFFNESS = {
    "pelvis": 3.0, "spine": 1.5, "clavicle": 1.5, "shoulder01": 0.7, "neck": 1.0, "head": 1.0,
    "upperleg02": 3.0, "upperarm02": 3.0, "lowerleg02": 5.0, "lowerarm02": 1.0, "foot": 0.2,
    "wrist": 1.0,
}  # fmt: skip
USUAL_STIFFNESS = 0.4
UNLIKELY = 0.3  # half crop sides: how much farther skin must be under the wrong clothes


def stiffness(bones: list[str]) -> Tensor:
    """(J,) of the named bones."""
    return torch.tensor(
        [
            next((w for k, w in STIFFNESS.items() if bone.startswith(k)), USUAL_STIFFNESS)
            for bone in bones
        ]
    )


def robust(squared: Tensor, scale: float) -> Tensor:
    """Geman and McClure's: like the square for small errors, at most `scale`."""
    return squared / (1 + squared / scale)


def reprojection(seen: Tensor, xy: Tensor, sure: Tensor, scale: float | None = 0.02) -> Tensor:
    """Landmarks against those of the picture, (B, K, 2) each; robust unless scale is None."""
    error = (seen - xy).square().sum(-1)
    return (sure * (error if scale is None else robust(error, scale))).sum(1)


def depth(points: Tensor, world: Tensor, sure: Tensor) -> Tensor:
    """Landmarks (B, K, 3) against those in metres, both from between the hips."""
    return (sure[..., None] * (points - world).square()).sum((1, 2))


def sample(field: Tensor, seen: Tensor, beyond: str = "border") -> Tensor:
    """Values of a (B, C, h, w) field over the crop at (B, P, 2) points: (B, P, C)."""
    found = functional.grid_sample(
        field, seen[:, :, None], align_corners=False, padding_mode=beyond
    )
    return found[..., 0].transpose(1, 2)


def skin_outside(seen: Tensor, outside: Tensor, known: Tensor) -> Tensor:
    """Points of the skin (B, P, 2) should lie in the mask, where it is known."""
    distance = sample(outside, seen)[..., 0]
    counts = sample(known, seen, "zeros")[..., 0] > 0.5
    away = counts * robust(distance.square(), 0.02)
    return away.sum(1) / counts.sum(1).clamp(min=1)


def nearest(seen: Tensor, inner: Tensor, unlikely: Tensor | None = None) -> Tensor:
    """(B, R) number of the skin's point nearest to each point of the mask.

    Args:
        seen: (B, P, 2) all points of the skin.
        inner: (B, R, 2) points of the mask.
        unlikely: (B, R, P) 1 where a point of the skin is not to be expected; such a one counts
            as farther away.
    """
    seen = seen.detach()
    squared = torch.baddbmm(seen.square().sum(2)[:, None], inner, seen.transpose(1, 2), alpha=-2)
    if unlikely is not None:
        squared = squared + UNLIKELY**2 * unlikely
    return squared.argmin(2)


def mask_uncovered(seen: Tensor, inner: Tensor, near: Tensor) -> Tensor:
    """Points of the mask (B, R, 2) should have skin near them; `near` from `nearest`."""
    partner = seen.gather(1, near[..., None].expand(-1, -1, 2))
    return robust((partner - inner).square().sum(-1), 0.01).mean(1)


def twist(turn: Tensor, axes: Tensor, usual: Tensor, hold: Tensor) -> Tensor:
    """How far bones are turned about their own direction from what is usual.

    Args:
        turn: (B, J, 3) rotation vectors.
        axes: (J, 3) unit direction of each bone in the reference pose.
        usual: (J,) radians.
        hold: (J,) weight of each bone, per squared radian.
    """
    away = (turn * axes).sum(-1) - usual
    return (hold * away.square()).sum(1)


def surface_points(
    seen: Tensor, spots: Tensor, points: Tensor, sure: Tensor, scale: float = 0.01
) -> Tensor:
    """Points of the skin should be seen where BodyPix sees them.

    Args:
        seen: (B, P, 2) all points of the skin.
        spots: (B, D, 2) where some of them should be.
        points: (B, D) which.
        sure: (B, D) how much each counts.
        scale: squared distance from which a spot is given up.
    """
    partner = seen.gather(1, points[..., None].expand(-1, -1, 2))
    away = robust((partner - spots).square().sum(-1), scale)
    return (sure * away).sum(1) / sure.sum(1).clamp(min=1)


def jerk(values: Tensor, course: Tensor) -> Tensor:
    """(C,) squared change of speed at the middle of three bodies that follow one another.

    Args:
        values: (B, …) of each body.
        course: (C, 3) places of the three.
    """
    before, now, after = values[course].unbind(1)
    return (before - 2 * now + after).flatten(1).square().sum(1)
