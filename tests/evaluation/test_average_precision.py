import numpy as np
import pytest

from ddp_video.evaluation.average_precision import THRESHOLDS, Comparison, precision
from ddp_video.evaluation.coco_judge import coco_precision
from ddp_video.evaluation.found import box_iou


def comparison(similarity, score, true_area=None, ignored=None, crowd=None, found_area=None):
    similarity = np.array(similarity, float)
    people = similarity.shape[1]
    return Comparison(
        similarity,
        np.array(score, float),
        np.full(len(score), 5000.0) if found_area is None else np.array(found_area, float),
        np.full(people, 5000.0) if true_area is None else np.array(true_area, float),
        np.zeros(people, bool) if ignored is None else np.array(ignored, bool),
        np.zeros(people, bool) if crowd is None else np.array(crowd, bool),
    )


def test_perfect_is_100():
    figures = precision([comparison(np.eye(3), [0.9, 0.8, 0.7])]).summary()
    assert figures["AP"] == figures["AR"] == figures["AP75"] == figures["APM"] == 100
    assert figures["APL"] is None


def test_a_similarity_of_072_passes_five_of_ten_thresholds():
    figures = precision([comparison([[0.72]], [0.9])]).summary()
    assert figures["AP"] == figures["AR"] == 50
    assert figures["AP50"] == 100 and figures["AP75"] == 0


def test_a_false_person_before_the_true_one_by_hand():
    # precision 1/2 at every recall: two people found, the surer one is nobody
    figures = precision([comparison([[0.0], [1.0]], [0.9, 0.8])]).summary()
    assert figures["AP"] == pytest.approx(50) and figures["AR"] == 100


def test_one_of_two_found_by_hand():
    # precision 1 up to recall .5 (51 of the 101 recall points), 0 beyond
    figures = precision([comparison([[1.0, 0.0]], [0.9])]).summary()
    assert figures["AP"] == pytest.approx(100 * 51 / 101) and figures["AR"] == 50


def test_two_people_on_one_true_person():
    # the second is a false person, but a less sure one: full recall comes first
    figures = precision([comparison([[0.9], [0.95]], [0.9, 0.8])]).summary()
    assert figures["AP50"] == 100
    assert figures["AP"] == pytest.approx(100 * (9 + 0.5) / 10)  # at .95 only the second fits


def test_ignored_people_neither_help_nor_harm():
    figures = precision(
        [comparison([[1.0, 0.0], [0.0, 1.0]], [0.5, 0.9], ignored=[False, True])]
    ).summary()
    assert figures["AP"] == 100


def test_a_crowd_swallows_many_and_a_single_ignored_person_one():
    found = [[0, 0.9], [0, 0.9], [1, 0]]
    crowd = comparison(found, [0.9, 0.8, 0.7], ignored=[False, True], crowd=[False, True])
    single = comparison(found, [0.9, 0.8, 0.7], ignored=[False, True])
    assert precision([crowd]).summary()["AP50"] == 100
    assert precision([single]).summary()["AP50"] == pytest.approx(50)


def test_nobody_there():
    assert precision([comparison(np.zeros((1, 0)), [0.9])]).summary()["AP"] is None
    assert precision([comparison(np.zeros((0, 2)), [])]).summary()["AP"] == 0


def test_at_most_so_many_a_picture():
    assert precision([comparison(np.eye(4), [0.9, 0.8, 0.7, 0.6])], at_most=2).recall["all"] == (
        pytest.approx(0.5 * np.ones(len(THRESHOLDS)))
    )


def random_boxes(rng, people, spread):
    corner = rng.uniform(0, 300, (people, 2))
    return np.concatenate([corner, corner + rng.uniform(10, spread, (people, 2))], 1)


@pytest.mark.parametrize("seed", range(5))
def test_the_same_as_pycocotools_where_the_similarity_is_the_iou_of_boxes(seed: int):
    rng = np.random.default_rng(seed)
    pictures, annotations, results = [], [], []
    for image in range(1, 13):
        true = random_boxes(rng, int(rng.integers(0, 6)), 160)
        near = true[rng.random(len(true)) < 0.8]
        found = np.concatenate(
            [near + rng.normal(0, 6, near.shape), near + rng.normal(0, 20, near.shape),
             random_boxes(rng, int(rng.integers(0, 25)), 120)]
        )  # fmt: skip
        found[:, 2:] = np.maximum(found[:, 2:], found[:, :2] + 1)
        score = rng.permutation(np.linspace(0.1, 0.9, len(found) + 1))[: len(found)] + image * 1e-4
        crowd = rng.random(len(true)) < 0.2
        overlap = box_iou(found, true)
        for k in np.flatnonzero(crowd):  # with a crowd: the share of the found box that lies in it
            low = np.maximum(found[:, :2], true[k, :2])
            high = np.minimum(found[:, 2:], true[k, 2:])
            inside = np.clip(high - low, 0, None).prod(1)
            overlap[:, k] = inside / (found[:, 2:] - found[:, :2]).prod(1)
        area = (true[:, 2:] - true[:, :2]).prod(1) * rng.uniform(0.5, 1, len(true))
        found_area = (found[:, 2:] - found[:, :2]).prod(1)
        pictures.append(comparison(overlap, score, area, crowd, crowd, found_area))
        for k, box in enumerate(true):
            annotations.append(
                {"id": len(annotations) + 1, "image_id": image, "category_id": 1,
                 "bbox": [*box[:2], *(box[2:] - box[:2])], "area": area[k],
                 "iscrowd": int(crowd[k])}
            )  # fmt: skip
        for box, s in zip(found, score, strict=True):
            results.append({"image_id": image, "category_id": 1, "score": s,
                            "bbox": [*box[:2], *(box[2:] - box[:2])]})  # fmt: skip
    truth = {
        "info": {},
        "images": [{"id": k, "height": 500, "width": 500} for k in range(1, 13)],
        "annotations": annotations,
        "categories": [{"id": 1, "name": "person"}],
    }
    judged = coco_precision(truth, results, "bbox")
    assert precision(pictures).summary() == pytest.approx(judged, abs=1e-9)
    assert 1 < (judged["AP"] or 0) < 99


def test_the_judge_where_nobody_was_found():
    truth = {
        "info": {},
        "images": [{"id": 1, "height": 9, "width": 9}],
        "annotations": [
            {"id": 1, "image_id": 1, "category_id": 1, "bbox": [0, 0, 50, 50], "area": 2500,
             "iscrowd": 0}
        ],
        "categories": [{"id": 1, "name": "person"}],
    }  # fmt: skip
    figures = coco_precision(truth, [], "bbox")
    assert figures["AP"] == figures["APM"] == figures["AR"] == 0 and figures["APL"] is None
