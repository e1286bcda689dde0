"""Box and mask AP with pycocotools as the judge."""

import io
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout
from typing import Any, Literal

import numpy as np

from ..errors import DataError
from .average_precision import AREAS, AT_MOST

_NAMES = ("all", "medium", "large")


def coco_precision(
    truth: Mapping[str, Any], found: Sequence[Mapping[str, Any]], kind: Literal["bbox", "segm"]
) -> dict[str, float | None]:
    """AP and AR of people, in percent, at most 20 a picture.

    Args:
        truth: COCO's `images`, `annotations` (with area, iscrowd) and `categories`.
        found: COCO's results: image_id, category_id, score, bbox, segmentation.
        kind: boxes or masks.

    Raises:
        DataError: pycocotools is not there.
    """
    try:
        from pycocotools.coco import COCO
        from pycocotools.cocoeval import COCOeval
    except ImportError as error:
        raise DataError(
            "evaluation needs pycocotools: install it with pip install 'ddp-video[train]'"
        ) from error
    if not found:
        return _nobody_found(truth)
    with redirect_stdout(io.StringIO()):  # it tells what it does
        coco: Any = COCO()
        coco.dataset = {**truth}
        coco.createIndex()
        judge = COCOeval(coco, coco.loadRes([dict(each) for each in found]), kind)
        judge.params.maxDets = [AT_MOST]
        judge.params.areaRng = [list(AREAS[name]) for name in _NAMES]
        judge.params.areaRngLbl = list(_NAMES)
        judge.evaluate()
        judge.accumulate()
    ap, ar = judge.eval["precision"][:, :, 0, :, 0], judge.eval["recall"][:, 0, :, 0]  # T R A, T A
    return {
        "AP": _mean(ap[:, :, 0]),
        "AP50": _mean(ap[0, :, 0]),
        "AP75": _mean(ap[5, :, 0]),
        "APM": _mean(ap[:, :, 1]),
        "APL": _mean(ap[:, :, 2]),
        "AR": _mean(ar[:, 0]),
        "AR50": _mean(ar[:1, 0]),
        "AR75": _mean(ar[5:6, 0]),
        "ARM": _mean(ar[:, 1]),
        "ARL": _mean(ar[:, 2]),
    }


def _mean(values: np.ndarray) -> float | None:
    """Percent; pycocotools writes -1 where there is nobody."""
    known = values[values > -1]
    return 100 * float(known.mean()) if known.size else None


def _nobody_found(truth: Mapping[str, Any]) -> dict[str, float | None]:
    areas = [a["area"] for a in truth["annotations"] if not a.get("iscrowd")]
    rows: dict[str, float | None] = {}
    for measure in ("AP", "AR"):
        for suffix, name in (
            ("", "all"),
            ("50", "all"),
            ("75", "all"),
            ("M", "medium"),
            ("L", "large"),
        ):
            low, high = AREAS[name]
            rows[measure + suffix] = 0.0 if any(low <= a <= high for a in areas) else None
    return rows
