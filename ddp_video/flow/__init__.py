"""Optical flow t -> t±k between the frames of a window: RAFT (torchvision) or DIS (OpenCV)."""

from .choice import make_flow, missing_weights
from .dis import DisFlow
from .grid import to_grid
from .raft import RaftFlow
from .raft_files import load_raft
from .window import WindowFlow, chained

__all__ = [
    "DisFlow",
    "RaftFlow",
    "WindowFlow",
    "chained",
    "load_raft",
    "make_flow",
    "missing_weights",
    "to_grid",
]
