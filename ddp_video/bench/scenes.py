"""Pictures with a given number of people, made of a clip's own: for the cost of people (Fig. 4)."""

import cv2
import numpy as np

from ..errors import InputError
from ..infer import Predictor
from ..types import Frame

_MARGIN = 0.15  # of a person's box, on every side


def cut_out(predictor: Predictor, frames: list[Frame]) -> np.ndarray:
    """The surest person of some frames, with what is around.

    Raises:
        InputError: there is nobody in them.
    """
    seen = [(frame, person) for frame in frames for person in predictor.predict(frame).people]
    if not seen:
        raise InputError("nobody is found in the first frames: give a clip with people")
    frame, person = max(seen, key=lambda each: each[1].score)
    x0, y0, x1, y1 = person.box
    across, down = _MARGIN * (x1 - x0), _MARGIN * (y1 - y0)
    rows = slice(max(0, round(y0 - down)), round(y1 + down))
    return frame.image[rows, max(0, round(x0 - across)) : round(x1 + across)]


def crowd(person: np.ndarray, count: int, like: Frame, share: float = 0.3) -> Frame:
    """A grey picture of a frame's size with a person pasted `count` times in rows.

    Args:
        person: (h, w, 3) from `cut_out`.
        count: how many.
        like: whose size it has.
        share: of the picture that all of them together cover, as far as they fit side by side.
    """
    height, width = like.size
    aspect = person.shape[1] / person.shape[0]
    tall = (share * height * width / count / aspect) ** 0.5
    columns = max(1, min(count, int(width / (tall * aspect))))
    rows = -(-count // columns)
    tall = min(tall, height / rows, width / columns / aspect)
    small = cv2.resize(
        person, (max(1, int(tall * aspect)), max(1, int(tall))), interpolation=cv2.INTER_AREA
    )
    canvas = np.full((height, width, 3), 128, np.uint8)
    for i in range(count):
        y = (i // columns) * height // rows
        x = (i % columns) * width // columns
        canvas[y : y + small.shape[0], x : x + small.shape[1]] = small
    return Frame(canvas, 0, 0, like.time_base)
