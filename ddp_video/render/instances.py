"""Who is who: which person a pixel belongs to, and each person in a colour with their number."""

import cv2
import numpy as np

from ..types import Prediction

# Far apart in hue or lightness, the first ones farthest; number n has colour (n - 1) modulo all.
PERSON_COLOURS = np.array(
    [
        (230, 25, 75), (60, 180, 75), (67, 99, 216), (255, 225, 25), (245, 130, 49),
        (66, 212, 244), (145, 30, 180), (240, 50, 230), (191, 239, 69), (70, 153, 144),
        (250, 190, 212), (154, 99, 36), (128, 0, 0), (170, 255, 195), (128, 128, 0), (0, 0, 117),
    ],
    np.uint8,
)  # fmt: skip
_LETTERS = cv2.FONT_HERSHEY_SIMPLEX
_SMALLEST = 0.4  # of the letters, whose capitals are 22 pixels high at 1


def person_of_pixel(prediction: Prediction, part: np.ndarray) -> np.ndarray:
    """Who each labelled pixel belongs to: the person whose instance mask is highest there.

    Args:
        prediction: of one frame.
        part: (H, W) uint8, the labels of the whole frame.

    Returns:
        (H, W) uint8: 0 = nobody, 1 = the first of `prediction.people`, and so on.
    """
    owner = np.zeros(part.shape, np.uint8)
    most = np.zeros(part.shape, np.float32)
    for rank, person in enumerate(prediction.people, 1):
        mask = cv2.resize(
            person.instance_mask.float().cpu().numpy(),
            part.shape[::-1],
            interpolation=cv2.INTER_LINEAR,
        )
        higher = (mask > most) & (part > 0)
        owner[higher], most[higher] = rank, mask[higher]
    return owner


def number_of_pixel(prediction: Prediction, part: np.ndarray) -> np.ndarray:
    """(H, W) int32: the number of the person that each labelled pixel belongs to, 0 = nobody.

    People whom nobody has numbered are numbered by their place in `prediction.people`.
    """
    numbers = [person.number or rank for rank, person in enumerate(prediction.people, 1)]
    return np.array([0, *numbers], np.int32)[person_of_pixel(prediction, part)]


def colours_of(numbers: np.ndarray) -> np.ndarray:
    """Each person's colour: (3, N) of numbers (N,), from 1."""
    return PERSON_COLOURS[(numbers - 1) % len(PERSON_COLOURS)].T


def write_numbers(canvas: np.ndarray, number_HW: np.ndarray) -> None:
    """Write each person's number on the chest, in place: white with a black edge; alpha stays.

    Args:
        canvas: (H, W, 3) or (H, W, 4) uint8.
        number_HW: from `number_of_pixel`.
    """
    colours = np.ascontiguousarray(canvas[..., :3])
    for number in np.unique(number_HW[number_HW > 0]).tolist():
        y, x = np.nonzero(number_HW == number)
        top, bottom = np.quantile(y, (0.02, 0.98))
        size = max(_SMALLEST, (bottom - top) / 250)
        middle = np.median(x), top + 0.3 * (bottom - top)
        (width, height), _ = cv2.getTextSize(str(number), _LETTERS, size, 1)
        at = round(middle[0] - width / 2), round(middle[1] + height / 2)
        thick = max(1, round(2 * size))
        for grey, edge in ((0, 2 * thick + 1), (255, thick)):
            ink = (grey, grey, grey)
            cv2.putText(colours, str(number), at, _LETTERS, size, ink, edge, cv2.LINE_AA)
    canvas[..., :3] = colours
