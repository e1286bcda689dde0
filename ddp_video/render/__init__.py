"""Predictions become pictures: dense labels at full size, then isocontours (Figs. 5-7)."""

from .dense_labels import IUV, labels
from .instances import PERSON_COLOURS, number_of_pixel, person_of_pixel
from .pictures import PART_COLOURS, draw, iuv_array

__all__ = [
    "IUV",
    "PART_COLOURS",
    "PERSON_COLOURS",
    "draw",
    "iuv_array",
    "labels",
    "number_of_pixel",
    "person_of_pixel",
]
