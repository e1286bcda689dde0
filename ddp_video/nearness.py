"""How near the network looks: at a size at which somebody is about as tall as it knows people.

A network knows people best at the heights that it was trained on. Pictures are brought to one short
side, so somebody at the far end of a hall is a few cells high: the labels get coarse, and the
smallest are not found. Where everybody is far, the picture is looked at larger.

A film has one size for all frames, for they are averaged cell by cell: that which suits some frames
of it. Who comes near only between those is looked at larger than need be.
"""

from collections.abc import Iterable
from dataclasses import replace

from .settings import InferSettings
from .types import Prediction

MULTIPLE = 32  # the coarsest trunk map is at 1/32 scale


def network_size(size: tuple[int, int], settings: InferSettings) -> tuple[int, int]:
    """(H, W) that the network sees for a frame of (H, W): short side as set, sides rounded to 32.

    Less where the long side, or an upright picture's height, would go beyond its bound. The picture
    is stretched by the rounding (some percent) rather than padded, so that the logit grid covers
    exactly the frame.
    """
    tallest = max(settings.short_side, settings.max_height)
    scale = min(settings.short_side / min(size), settings.long_side / max(size), tallest / size[0])
    h, w = (max(MULTIPLE, round(side * scale / MULTIPLE) * MULTIPLE) for side in size)
    return h, w


def nearer(settings: InferSettings, looks: Iterable[Prediction]) -> InferSettings:
    """Settings to look with, so that the tallest person is about `settings.tall` pixels high.

    Args:
        settings: people of at least their threshold count.
        looks: what was seen at the size of the settings; not asked for where that is settled.

    Returns:
        Larger bounds where everybody is smaller than that, else the same; settled in any case.
    """
    if settings.near_side <= settings.short_side:
        return settings
    tallest = max((_tallest(each, settings) for each in looks), default=0.0)
    if not tallest:
        return settled(settings)
    short_side = min(settings.near_side, settings.short_side * settings.tall / tallest)
    short_side = int(short_side) // MULTIPLE * MULTIPLE
    if short_side <= settings.short_side:
        return settled(settings)
    max_height = round(settings.max_height * short_side / settings.short_side)
    return settled(replace(settings, short_side=short_side, max_height=max_height))


def settled(settings: InferSettings) -> InferSettings:
    """The same size, from now on for all."""
    return replace(settings, near_side=settings.short_side)


def _tallest(seen: Prediction, settings: InferSettings) -> float:
    """Height of the tallest person in pixels of what the network sees; 0: nobody."""
    heights = [p.box[3] - p.box[1] for p in seen.people if p.score >= settings.threshold]
    return max(heights, default=0.0) * network_size(seen.size, settings)[0] / seen.size[0]
