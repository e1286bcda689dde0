"""From a source to its rendering and its steadiness: joins the stages.

    decode → infer → smooth (along the flow) → render → encode
                └──→ store ──→ …                  └──→ measure

Predictions may be stored and taken from there again; what follows does not notice. `deliver` hands
them to others, frame by frame.

Everything is a generator, so memory is bounded by the window of 2r+1 frames. Inference and
smoothing run in a thread of their own, a frame or two ahead of rendering, measuring and encoding.
"""

from .comparing import Comparison, compare
from .deliver import Delivery, OpenReceiver, Receiver, deliver
from .engines import Engines, PredictionSource, load_engines
from .measuring import measure_video
from .outputs import RunSettings, output_stem
from .report import RunReport
from .sources import open_input
from .stored import StoreReport, infer, store_smoothed
from .streaming import check, run

__all__ = [
    "Comparison",
    "Delivery",
    "Engines",
    "OpenReceiver",
    "PredictionSource",
    "Receiver",
    "RunReport",
    "RunSettings",
    "StoreReport",
    "check",
    "compare",
    "deliver",
    "infer",
    "load_engines",
    "measure_video",
    "open_input",
    "output_stem",
    "run",
    "store_smoothed",
]
