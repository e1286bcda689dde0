"""Photos with stored dense labels beside them: NAME.jpg and NAME_iuv.png."""

from pathlib import Path

from ..data.densepose_coco import read_picture
from ..errors import DataError
from ..render import labels
from .agreement import Row, compare
from .error_cases import ErrorCases
from .found import Looker, Progress, people_of, read_frame
from .truth import labelled

TRUTH = "_iuv.png"  # OpenCV's order I, 255·U, 255·V


def score_pairs(
    looker: Looker,
    folder: Path,
    errors: ErrorCases | None = None,
    progress: Progress | None = None,
) -> dict[str, Row]:
    """Agreement of the whole picture's labels with the stored ones, by name.

    Args:
        looker: the network.
        folder: the pairs.
        errors: where bad cases are noted; None for nowhere.
        progress: told pictures done and in all.

    Raises:
        DataError: the folder holds no pairs, or a picture of one is missing.
    """
    truths = sorted(folder.glob(f"*{TRUTH}"))
    if not truths:
        raise DataError(f"{folder} has no NAME{TRUTH} beside NAME.jpg; give a folder of pairs")
    rows = {}
    for done, file in enumerate(truths, 1):
        frame = read_frame(file.with_name(file.name.replace(TRUTH, ".jpg")))
        truth = read_picture(file, frame.size)
        prediction, name = looker.predict(frame), file.name.removesuffix(TRUTH)
        rows[name] = compare(labels(prediction, frame.size), truth)
        if errors is not None:
            errors.add(frame.image, name, [labelled(truth)], people_of(prediction), [rows[name]])
        if progress:
            progress(done, len(truths))
    return rows
