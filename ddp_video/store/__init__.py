"""Predictions on the disk: inferred once, then smoothed, rendered and measured without the network.

A store (`.ddp`) is a folder of chunks; docs/FORMAT.md says what stands in it. Writing it can be
stopped at any moment and goes on where it was; the result is the same to the byte.
"""

from .layout import CHUNK_FRAMES, SUFFIX, is_store, new_header
from .quantise import as_stored
from .reader import StoredFrame, StoredPredictions, open_predictions
from .writer import PredictionWriter, record

__all__ = [
    "CHUNK_FRAMES",
    "SUFFIX",
    "PredictionWriter",
    "StoredFrame",
    "StoredPredictions",
    "as_stored",
    "is_store",
    "new_header",
    "open_predictions",
    "record",
]
