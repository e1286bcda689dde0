"""What detectron2's `apply_net.py dump` gives, without detectron2 and without a pickle.

A dump is a list with one dictionary for each picture:

    file_name        str
    scores           (N,) float32
    pred_boxes_XYXY  (N, 4) float32, pixels
    pred_densepose   N results, each with `labels` (h, w) int64, I, and `uv` (2, h, w) float32, 0..1

Here it is a folder of safetensors files, one a frame; `read_dump` gives the list back:

    from ddp_video.exports import read_dump
    data = list(read_dump("clip.detectron2"))
    data[0]["pred_densepose"][0].uv
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from ..decode.sources import natural_order
from ..errors import InputError
from ..types import Frame, Prediction
from .people import PersonLabels, people_of
from .target import Export, Target

PICKLE = "results.pkl"


@contextmanager
def detectron2(target: Target) -> Iterator[Export]:
    """A folder with one safetensors file a frame; with `pickle`, `results.pkl` beside them.

    The pickle is what `torch.load(..., weights_only=False)` reads, as with a dump of detectron2's.
    It holds all frames at once, in memory too. U and V are stored in half precision.
    """
    with target.frames(".safetensors") as place:
        written: list[Path] = []

        def write(frame: Frame, prediction: Prediction) -> None:
            people = list(people_of(prediction, frame.size))
            written.append(place(frame))
            metadata = {"file_name": target.file_name(frame), "people": str(len(people))}
            written[-1].write_bytes(save(_tensors(people), metadata))

        yield write
        if target.pickle and not target.info.is_picture:
            torch.save([_entry(path) for path in written], written[0].parent / PICKLE)


def _tensors(people: list[PersonLabels]) -> dict[str, torch.Tensor]:
    """Everything about a frame's people, flat."""
    corners = [(x, y, x + w, y + h) for x, y, w, h in (person.box for person in people)]
    tensors = {
        "scores": torch.tensor([person.score for person in people], dtype=torch.float32),
        "pred_boxes_XYXY": torch.tensor(corners, dtype=torch.float32).reshape(-1, 4),
    }
    for number, person in enumerate(people):
        tensors[f"{number}.labels"] = torch.from_numpy(person.iuv.part.copy())
        uv = np.stack([person.iuv.u, person.iuv.v])
        tensors[f"{number}.uv"] = torch.from_numpy(uv.astype(np.float16))
    return tensors


def read_dump(path: Path | str) -> Iterator[dict[str, Any]]:
    """The entries of a dump, frame by frame; `list` of it is what detectron2's own file holds.

    Args:
        path: the folder that was exported, or the file of a single picture.

    Raises:
        InputError: there is no dump.
    """
    path = Path(path)
    files = sorted(path.glob("*.safetensors"), key=natural_order) if path.is_dir() else [path]
    if not files:
        raise InputError(f"{path} holds no exported frames: name a folder from --to detectron2")
    return map(_entry, files)


def _entry(path: Path) -> dict[str, Any]:
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata()
            return {
                "file_name": metadata["file_name"],
                "scores": file.get_tensor("scores"),
                "pred_boxes_XYXY": file.get_tensor("pred_boxes_XYXY"),
                "pred_densepose": [
                    SimpleNamespace(
                        labels=file.get_tensor(f"{number}.labels").long(),
                        uv=file.get_tensor(f"{number}.uv").float(),
                    )
                    for number in range(int(metadata["people"]))
                ],
            }
    except (OSError, SafetensorError, KeyError, TypeError) as error:
        raise InputError(f"{path} is no exported frame: name one from --to detectron2") from error
