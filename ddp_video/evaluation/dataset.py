"""A dataset in the one format: average precision by GPS, boxes and masks; agreement; errors."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..data import DensePoseDataset
from ..data.annotations import read_annotations
from ..data.densepose_coco import Record
from ..data.segmentation import encode
from ..errors import DataError
from ..tracks import overlaps
from .agreement import Row, compare, mean_row, surface_agreement
from .average_precision import Comparison, precision
from .coco_judge import coco_precision
from .error_cases import ErrorCases
from .found import (
    Found,
    Looker,
    Progress,
    frame_of,
    people_of,
    ranked_people,
    share_inside,
)
from .gps import Geodesics, KappaRule, gps, kappa_of, kappa_text, surface_distance
from .truth import TruePerson, ignored_region, true_people

MATCH = 0.5  # IoU from which a person counts as found, where agreement is asked for
PERSON = 1  # category


@dataclass
class DatasetScore:
    """Gathers what is needed for the figures, picture by picture.

    Attributes:
        geodesics: None leaves GPS out.
        kappa: which κ.
        errors: where to note bad cases; None for nowhere.
    """

    geodesics: Geodesics | None
    kappa: KappaRule = "single"
    errors: ErrorCases | None = None
    gps: list[Comparison] = field(default_factory=list)
    gpsm: list[Comparison] = field(default_factory=list)
    results: list[dict[str, Any]] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    behind: list[Row] = field(default_factory=list)
    people: int = 0
    labelled: int = 0
    empty: int = 0
    haunted: int = 0

    def add(self, record: Record, image_id: int, found: list[Found], ranked: list[Found]) -> None:
        """Take one picture in.

        Args:
            record: the truth.
            image_id: COCO's number of it.
            found: people at the usual threshold, for agreement and false people.
            ranked: all who may be people, for average precision.
        """
        true = true_people(record)
        region = ignored_region(record)
        self.people += len(true)
        if not true and not region.any():
            self.empty += 1
            self.haunted += bool(found)
        self.results.extend(coco_results(image_id, ranked))
        if self.geodesics is not None:
            plain, masked = self._similarities(true, region, ranked)
            self.gps.append(plain)
            self.gpsm.append(masked)
        overlap = overlaps([f.mask for f in found], [t.mask for t in true])
        rows = [self._agreement(t, found, overlap[:, k]) for k, t in enumerate(true)]
        if self.errors is not None:
            self.errors.add(record.image, record.name, true, found, rows)

    def _agreement(self, true: TruePerson, found: list[Found], overlap: np.ndarray) -> Row | None:
        """Agreement of one person with the one found who fits best."""
        if not len(true.points):
            return None
        self.labelled += 1
        if not found or overlap.max() < MATCH:
            return None
        row = person_row(found[int(overlap.argmax())], true)
        self.rows.append(row)
        if true.from_behind:
            self.behind.append(row)
        return row

    def _similarities(
        self, true: list[TruePerson], region: np.ndarray, found: list[Found]
    ) -> tuple[Comparison, Comparison]:
        """GPS and GPSm of everybody found with everybody labelled."""
        assert self.geodesics is not None
        labelled = np.array([len(t.points) > 0 for t in true] + [False], bool)
        similarity = np.zeros((2, len(found), len(true) + 1))
        masks = [f.mask for f in found]
        for k, t in enumerate(true):
            if not labelled[k]:
                similarity[:, :, k] = overlaps(masks, [t.mask])[:, 0] >= MATCH
                continue
            for d, f in enumerate(found):
                similar = point_similarity(f, t, self.geodesics, self.kappa)
                similarity[:, d, k] = similar, np.sqrt(similar * surface_iou(f, t))
        similarity[:, :, -1] = share_inside(masks, [region])[:, 0] >= MATCH
        true_area = np.array([t.mask.sum() for t in true] + [region.sum()], float)
        crowd = np.arange(len(true) + 1) == len(true)
        rest = (
            np.array([f.score for f in found]),
            np.array([m.sum() for m in masks], float),
            true_area,
            ~labelled,
            crowd,
        )
        return Comparison(similarity[0], *rest), Comparison(similarity[1], *rest)

    def figures(self, truth: dict[str, Any]) -> dict[str, Any]:
        """All figures; precision in percent, shares and differences 0..1.

        Args:
            truth: from `coco_truth`, of the pictures that were added.
        """
        content: dict[str, Any] = {
            "pictures": len(truth["images"]),
            "people": self.people,
            "boxes": coco_precision(truth, self.results, "bbox"),
            "masks": coco_precision(truth, self.results, "segm"),
            "labelled_people": self.labelled,
            "labelled_and_found": len(self.rows),
            "agreement": mean_row(self.rows),
            "from_behind": {"people": len(self.behind), **mean_row(self.behind)},
            "empty_pictures": self.empty,
            "empty_with_false_person": self.haunted,
        }
        if self.geodesics is not None:
            content["kappa"] = kappa_text(self.kappa)
            content["gps"] = precision(self.gps).summary()
            content["gpsm"] = precision(self.gpsm).summary()
        return content


def score_dataset(
    looker: Looker,
    dataset: DensePoseDataset,
    score: DatasetScore,
    limit: int | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Look at every picture of a dataset.

    Args:
        looker: the network.
        dataset: pictures and labels.
        score: what to measure; filled.
        limit: at most so many pictures, spread over the dataset.
        progress: told pictures done and in all.

    Returns:
        The figures.

    Raises:
        DataError: the dataset holds no pictures, or one cannot be read.
    """
    if not len(dataset):
        raise DataError(f"{dataset.path} holds no pictures, or none of this split: name another")
    count = min(limit or len(dataset), len(dataset))
    chosen = np.linspace(0, len(dataset) - 1, count).round().astype(int)
    for done, index in enumerate(chosen, 1):
        record = dataset[int(index)]
        image_id = dataset.images[index]["id"]
        frame = frame_of(record.image)
        found = people_of(looker.predict(frame))
        score.add(record, image_id, found, ranked_people(looker, frame, found))
        if progress:
            progress(done, count)
    return score.figures(coco_truth(dataset, [dataset.images[i] for i in chosen]))


def coco_truth(dataset: DensePoseDataset, images: list[dict[str, Any]]) -> dict[str, Any]:
    """COCO's truth for chosen pictures: people, and regions that nobody labelled as crowds."""
    content = read_annotations(dataset.path)
    people = {c["id"] for c in content.get("categories", []) if c.get("name") == "person"}
    wanted = {image["id"] for image in images}
    annotations = [
        _coco_annotation(a, number)
        for number, a in enumerate(content["annotations"], 1)
        if a["image_id"] in wanted and (not people or a.get("category_id", PERSON) in people)
    ]
    return {
        "info": {},
        "images": [{k: image[k] for k in ("id", "height", "width")} for image in images],
        "annotations": annotations,
        "categories": [{"id": PERSON, "name": "person"}],
    }


def _coco_annotation(annotation: dict[str, Any], number: int) -> dict[str, Any]:
    x, y, w, h = annotation["bbox"]
    outline = annotation.get("segmentation") or [[x, y, x + w, y, x + w, y + h, x, y + h]]
    unknown = annotation.get("ignore") or not annotation.get("segmentation")
    return {
        "id": number,
        "image_id": annotation["image_id"],
        "category_id": PERSON,
        "bbox": [x, y, w, h],
        "segmentation": outline,
        "area": annotation.get("area") or w * h,
        "iscrowd": int(bool(annotation.get("iscrowd") or unknown)),
    }


def coco_results(image_id: int, found: list[Found]) -> list[dict[str, Any]]:
    """COCO's results for one picture."""
    return [
        {
            "image_id": image_id,
            "category_id": PERSON,
            "score": f.score,
            "bbox": [*f.box[:2].tolist(), *(f.box[2:] - f.box[:2]).tolist()],
            "segmentation": encode(f.mask),
        }
        for f in found
    ]


def person_row(found: Found, true: TruePerson) -> Row:
    """Agreement of one person's labels: dense where the truth is, else at the clicked points."""
    if true.iuv is not None:
        return compare(found.iuv, true.iuv)
    part, u, v = at_points(found, true.points)
    return surface_agreement(
        part, np.stack((u, v), -1), true.points[:, 2].astype(int), true.points[:, 3:]
    )


def at_points(found: Found, points: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """I, U, V (P,) predicted for the person at points (P, 5); I = 0 outside the picture."""
    h, w = found.mask.shape
    x, y = np.floor(points[:, :2]).astype(int).T
    inside = (x >= 0) & (y >= 0) & (x < w) & (y < h)
    at = y.clip(0, h - 1), x.clip(0, w - 1)
    iuv = found.iuv
    return iuv.part[at].astype(int) * inside, iuv.u[at], iuv.v[at]


def point_similarity(
    found: Found, true: TruePerson, geodesics: Geodesics, kappa: KappaRule
) -> float:
    """GPS of one person found with one true person."""
    part = true.points[:, 2].astype(int)
    truth = part, true.points[:, 3], true.points[:, 4]
    distance = surface_distance(geodesics, at_points(found, true.points), truth)
    return gps(distance, kappa_of(part, kappa))


def surface_iou(found: Found, true: TruePerson) -> float:
    """IoU of the labelled bodies; of the whole people where the body was not labelled densely."""
    if true.surface is None:
        return float(overlaps([found.mask], [true.mask])[0, 0])
    seen = found.surface
    if true.iuv is not None:
        seen = seen & (true.iuv[..., 0] != 255)
    return float(overlaps([seen], [true.surface])[0, 0])
