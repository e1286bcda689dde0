import numpy as np
import pytest

from ddp_video.data import DatasetWriter, DensePoseDataset, PersonLabel
from ddp_video.evaluation.dataset import DatasetScore, point_similarity, score_dataset
from ddp_video.evaluation.found import people_of
from ddp_video.evaluation.gps import KAPPA
from ddp_video.evaluation.truth import TruePerson, labelled, spread_points, true_people

from .stage import Flat, Knows, Says, prediction, two_people


@pytest.fixture
def dataset(tmp_path) -> DensePoseDataset:
    """Three pictures: two people, one person, nobody."""
    rng = np.random.default_rng(0)
    iuv, owner = two_people()
    alone = iuv.copy()
    alone[owner == 2] = 0
    with DatasetWriter(tmp_path / "set", ".png") as writer:
        for key, labels, numbers in (
            ("two", iuv, (1, 2)),
            ("one", alone, (1,)),
            ("none", 0 * iuv, ()),
        ):
            image = rng.integers(0, 255, (96, 128, 3), np.uint8)
            writer.add(image, [PersonLabel(owner == n) for n in numbers], labels, key=key)
    return DensePoseDataset(tmp_path / "set")


def test_truth_fed_back_gives_100(dataset: DensePoseDataset):
    figures = score_dataset(Knows(list(dataset)), dataset, DatasetScore(Flat()))
    for kind in ("gps", "gpsm", "boxes", "masks"):
        assert figures[kind]["AP"] == pytest.approx(100), kind
        assert figures[kind]["AR"] == pytest.approx(100), kind
    assert figures["agreement"]["parts"] == figures["agreement"]["iou"] == 1
    assert figures["pictures"] == 3 and figures["people"] == 3
    assert figures["labelled_and_found"] == 3
    assert figures["empty_pictures"] == 1 and figures["empty_with_false_person"] == 0
    assert "0.255" in figures["kappa"]


def test_truth_shifted_by_a_known_distance(dataset: DensePoseDataset):
    # every point lies 51/255 = .2 m off: GPS = exp(-.04 / 2κ²) = .735, five of ten thresholds
    similarity = float(np.exp(-(0.2**2) / (2 * KAPPA**2)))
    assert 0.70 < similarity < 0.75
    answers = []
    for record in dataset:
        shifted = record.iuv.copy()
        shifted[..., 1] += 51 * (shifted[..., 0] > 0).astype(np.uint8)
        answers.append(prediction(shifted, record.instance))
    score = DatasetScore(Flat())
    figures = score_dataset(Says(*answers), dataset, score)
    np.testing.assert_allclose(np.diag(score.gps[0].similarity), similarity, rtol=1e-6)
    assert figures["gps"]["AP"] == pytest.approx(50)
    assert figures["gps"]["AP50"] == pytest.approx(100) and figures["gps"]["AP75"] == 0
    # GPSm = √(.735 · 1) = .857: eight thresholds
    assert figures["gpsm"]["AP"] == pytest.approx(80)
    assert figures["masks"]["AP"] == pytest.approx(100)
    assert figures["agreement"]["du"] == pytest.approx(0.2, abs=1e-6)


def test_a_mask_cut_in_half_by_hand(dataset: DensePoseDataset):
    # the lower half of each person is not found: half the points have d = ∞, and the IoU is .5
    answers = []
    for record in dataset:
        owner = record.instance.copy()
        owner[48:] = 0
        answers.append(prediction(record.iuv * (owner > 0)[..., None], owner))
    score = DatasetScore(Flat())
    score_dataset(Says(*answers), dataset, score)
    np.testing.assert_allclose(np.diag(score.gps[0].similarity), 0.5, rtol=1e-6)
    np.testing.assert_allclose(np.diag(score.gpsm[0].similarity), 0.5, rtol=1e-6)


def test_a_false_person_on_an_empty_picture(dataset: DensePoseDataset):
    iuv, owner = two_people()
    records = list(dataset)
    answers = [prediction(r.iuv, r.instance) for r in records[:2]] + [prediction(iuv, owner)]
    figures = score_dataset(Says(*answers), dataset, DatasetScore(None))
    assert figures["empty_with_false_person"] == 1
    assert "gps" not in figures and figures["boxes"]["AP"] < 100


def test_the_threshold_is_for_agreement_not_for_precision(dataset: DensePoseDataset):
    iuv, owner = two_people()
    answers = [prediction(r.iuv, r.instance) for r in list(dataset)[:2]]
    answers.append(prediction(iuv, owner, {1: 0.3, 2: 0.2}))  # nobody is there
    says = Says(*answers, threshold=0.5)
    figures = score_dataset(says, dataset, DatasetScore(Flat()))
    assert figures["empty_with_false_person"] == 0
    assert figures["labelled_and_found"] == figures["labelled_people"]
    assert figures["gps"]["AP"] == figures["masks"]["AP"] == pytest.approx(100)  # they rank last
    assert figures["masks"]["AR"] == pytest.approx(100)


def test_limit_spreads_over_the_dataset(dataset: DensePoseDataset):
    seen = []
    knows = Knows(list(dataset))
    figures = score_dataset(knows, dataset, DatasetScore(None), 2, lambda *at: seen.append(at))
    assert figures["pictures"] == 2 and figures["empty_pictures"] == 1
    assert seen == [(1, 2), (2, 2)]


def test_people_whom_nobody_labelled_are_ignored(tmp_path):
    iuv, owner = two_people()
    labels = iuv.copy()
    labels[owner == 2] = 0
    image = np.zeros((96, 128, 3), np.uint8)
    with DatasetWriter(tmp_path, ".png") as writer:
        people = [PersonLabel(owner == 1), PersonLabel(owner == 2, ignore=True)]
        writer.add(image, people, labels, key="a")
    found = prediction(iuv, owner, {1: 0.5, 2: 0.9})
    figures = score_dataset(Says(found), DensePoseDataset(tmp_path), DatasetScore(Flat()))
    for kind in ("gps", "gpsm", "boxes", "masks"):
        assert figures[kind]["AP"] == pytest.approx(100), kind


def test_somebody_of_whom_more_of_the_back_is_seen():
    iuv, owner = two_people()
    one = iuv * (owner == 1)[..., None]
    one[28:40, :, 0][one[28:40, :, 0] == 2] = 1  # twelve of twenty rows of the torso
    assert labelled(one).from_behind
    one[28:32, :, 0][one[28:32, :, 0] == 1] = 2  # eight
    assert not labelled(one).from_behind
    clicked = TruePerson(
        np.zeros(4), owner == 1, None, np.array([[1, 1, p, 0, 0] for p in (1, 1, 2)]), None
    )
    assert clicked.from_behind


def test_points_are_spread_over_every_part():
    iuv, owner = two_people()
    points = spread_points(iuv * (owner == 1)[..., None])
    assert len(points) == 4 * 14
    x, y = np.floor(points[:, :2]).astype(int).T
    np.testing.assert_array_equal(points[:, 2], iuv[y, x, 0])
    np.testing.assert_allclose(points[:, 3:] * 255, iuv[y, x, 1:])
    assert y.min() == 8 and y.max() == 87  # the first and the last row


def test_clicked_points_stand_where_the_official_evaluator_puts_them(tmp_path):
    # dp_x = 255 is the right edge of the box for the evaluator (and 255/256 of it for the format)
    import json

    import cv2

    iuv, owner = two_people()
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((96, 128, 3), np.uint8))
    annotation = {
        "id": 1, "image_id": 1, "category_id": 1, "bbox": [10, 8, 40, 80], "area": 3200,
        "iscrowd": 0, "segmentation": [[10, 8, 50, 8, 50, 88, 10, 88]],
        "dp_x": [127.5, 255], "dp_y": [51, 127.5], "dp_I": [23, 7],
        "dp_U": [0.5, 0.5], "dp_V": [0, 0],
    }  # fmt: skip
    content = {
        "images": [{"id": 1, "file_name": "a.png", "height": 96, "width": 128}],
        "annotations": [annotation],
    }
    (tmp_path / "annotations.json").write_text(json.dumps(content))
    record = DensePoseDataset(tmp_path)[0]
    (person,) = true_people(record)
    np.testing.assert_allclose(person.points[:, :2], [[30, 24], [50, 48]], rtol=1e-5)
    # the first lies on part 23, U of column 30; the second just outside the person: d = ∞
    found = people_of(prediction(iuv, owner))[0]
    off = float(iuv[24, 30, 1]) / 255 - 128 / 255  # Flat rounds U to 255ths
    expected = (np.exp(-(off**2) / (2 * KAPPA**2)) + 0) / 2
    assert point_similarity(found, person, Flat(), "single") == pytest.approx(expected)
    assert person.surface is None  # so GPSm takes the IoU of the whole people
