"""Predictions in the forms that other tools read, one file here for each form.

Every export takes all frames, people or not, and writes one file or one folder, which has its name
only when it is whole. People should be numbered (stored ones are), for forms that tell who is who:

    target = Target(output_path("npz", info, Path("out"), "clip"), info)
    with open_export("npz", target) as export:
        for frame, prediction in numbered(predictions):  # ddp_video.tracks
            export(frame, prediction)
"""

from .detectron2 import read_dump
from .presets import FORMATS, check_target, open_export, output_path
from .target import Export, Target

__all__ = [
    "FORMATS",
    "Export",
    "Target",
    "check_target",
    "open_export",
    "output_path",
    "read_dump",
]
