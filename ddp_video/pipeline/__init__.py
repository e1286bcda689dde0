"""From a source to its rendering and its steadiness: joins the stages.

    decode → infer → smooth (along the flow) → render → encode
                                                  └──→ measure

Everything is a generator, so memory is bounded by the window of 2r+1 frames. Inference and
smoothing run in a thread of their own, a frame or two ahead of rendering, measuring and encoding.
"""

from .outputs import RunSettings, output_stem
from .report import RunReport
from .streaming import Engines, PredictionSource, check, load_engines, measure_video, run

__all__ = [
    "Engines",
    "PredictionSource",
    "RunReport",
    "RunSettings",
    "check",
    "load_engines",
    "measure_video",
    "output_stem",
    "run",
]
