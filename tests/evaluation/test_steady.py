"""Change along the motion and errors against the truth, on labels made by hand."""

import numpy as np
import pytest
import torch

from ddp_video.evaluation.boundary import FARTHEST, boundary_distance
from ddp_video.evaluation.steady import (
    DEFINITIONS,
    SteadyScore,
    against_truth,
    changes,
    followed,
)
from ddp_video.render import IUV
from ddp_video.types import FLOOR, LOGIT_CHANNELS, PARTS, Prediction

SIZE = (48, 64)


def labelled(left: int = 20, part: int = 2, u: float = 0.4, v: float = 0.6) -> IUV:
    """A square of 16×16 pixels, all of one part."""
    plane = np.zeros((3, *SIZE), np.float32)
    plane[:, 12:28, left : left + 16] = np.array([part, u, v])[:, None, None]
    return IUV(plane[0].astype(np.uint8), plane[1], plane[2])


def as_truth(iuv: IUV) -> np.ndarray:
    return np.stack([iuv.part, iuv.u * 255, iuv.v * 255], -1).round().astype(np.uint8)


def everywhere(x: float = 0, y: float = 0, every: int = 1) -> np.ndarray:
    return np.broadcast_to(np.float32([x, y]), (SIZE[0] // every, SIZE[1] // every, 2)).copy()


def test_what_moves_along_the_flow_does_not_change():
    points = followed(everywhere(x=5), None, SIZE)
    assert changes(labelled(20), labelled(25), points) == pytest.approx(
        {"flips": 0, "uv_change": 0, "iuv_change": 0}
    )


def test_changes_by_hand():
    points = followed(everywhere(), None, SIZE)
    flipped = changes(labelled(), labelled(part=7), points)
    assert (flipped["flips"], flipped["iuv_change"]) == (1, 1)
    assert np.isnan(flipped["uv_change"])
    drifted = changes(labelled(u=0.4), labelled(u=0.5), points)
    assert drifted == pytest.approx({"flips": 0, "uv_change": 0.05, "iuv_change": 0.05}, abs=1e-6)
    # 4 columns of 16 leave, 4 come in: 8 of 20 change
    assert changes(labelled(20), labelled(24), points)["iuv_change"] == pytest.approx(8 / 20)


def test_nobody_is_no_change():
    nowhere = IUV(np.zeros(SIZE, np.uint8), *np.zeros((2, *SIZE), np.float32))
    found = changes(nowhere, nowhere, followed(everywhere(), None, SIZE))
    assert all(np.isnan(value) for value in found.values())


def test_points_are_followed_at_every_other_pixel_where_they_are_seen():
    flow = everywhere(x=3, y=1, every=2)
    flow[0] = np.nan
    points = followed(flow, None, SIZE)
    y, x = np.divmod(points.here, SIZE[1])
    assert set(y) == set(range(2, 47, 2))
    assert set(x) == set(range(0, 61, 2))
    np.testing.assert_array_equal(points.there - points.here, 3 + SIZE[1])


def test_a_way_that_does_not_return_is_not_followed():
    flow, back = everywhere(x=4), everywhere(x=-4)
    back[:, 32:] = 9
    x = followed(flow, back, SIZE).here % SIZE[1]
    assert (x.min(), x.max()) == (0, 27)


def test_errors_by_hand():
    truth = as_truth(labelled())
    exact = against_truth(labelled(), truth)
    assert exact["iou"] == 1
    assert exact["boundary_error"] == exact["part_error"] == 0
    assert exact["uv_error"] == exact["iuv_error"] == pytest.approx(0, abs=2e-3)
    wrong = against_truth(labelled(part=7), truth)
    assert (wrong["part_error"], wrong["iuv_error"], wrong["iou"]) == (1, 1, 1)
    aside = against_truth(labelled(24), truth)
    assert aside["iou"] == pytest.approx(12 / 20)
    assert aside["iuv_error"] == pytest.approx(8 / 20, abs=2e-3)


def test_boundary_distance_by_hand():
    line, other = np.zeros((2, 60, 60), bool)
    line[:, 10], other[:, 13] = True, True
    assert boundary_distance(line, other) == pytest.approx(3)
    assert boundary_distance(line, np.roll(line, 40, 1)) == FARTHEST
    assert boundary_distance(line, np.zeros_like(line)) == FARTHEST
    assert boundary_distance(np.zeros_like(line), np.zeros_like(line)) == 0


def prediction(part: int) -> Prediction:
    grid = (12, 16)
    chances = torch.full((PARTS, *grid), FLOOR)
    chances[0] = 1
    chances[0, 3:9, 4:12], chances[part, 3:9, 4:12] = FLOOR, 1
    logits = torch.zeros(LOGIT_CHANNELS, *grid)
    logits[:PARTS] = chances.log()
    coverage = torch.zeros(grid)
    coverage[3:9, 4:12] = 1
    return Prediction(logits, coverage, (), SIZE)


def test_a_film_of_two_flips():
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (*SIZE, 3), np.uint8)
    score = SteadyScore()
    for part in (2, 2, 7):
        score.add(image, prediction(part), flow=everywhere())
    figures = score.figures()
    assert figures["flips"] == pytest.approx(1 / 2)
    assert figures["uv_change"] == 0
    assert set(figures) <= set(DEFINITIONS)
    assert "uv_error" not in figures
    assert score.steadiness().pairs == 2
    assert score.steadiness().n_identical == 1
