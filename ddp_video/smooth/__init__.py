"""Temporal smoothing along the flow: the paper's (Eqs. 5-6), and one that doubts the flow."""

from .average import temporal_average
from .robust import robust_average
from .warp import warp
from .window import Smoothed, smooth

__all__ = ["Smoothed", "robust_average", "smooth", "temporal_average", "warp"]
