"""Predictions become pictures: dense labels at full size, then isocontours (Figs. 5-7)."""

from .dense_labels import IUV, labels
from .pictures import PART_COLOURS, draw, iuv_array

__all__ = ["IUV", "PART_COLOURS", "draw", "iuv_array", "labels"]
