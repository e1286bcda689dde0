"""The whole network: shapes, no people, one cell of a person, twenty people, the ablations."""

from dataclasses import replace

import pytest
import torch

from ddp_video.errors import WeightsError
from ddp_video.network import build
from ddp_video.network.background_suppression import make_sites
from ddp_video.network.direct_dense_pose import assemble
from ddp_video.network.dynamic_mask_head import PARAMETERS
from ddp_video.network.instance_branch import (
    DetectionLimits,
    Detections,
    InstanceMaps,
    detect,
    locations,
    mask_iou,
    suppress_duplicates,
)
from ddp_video.settings import Architecture
from ddp_video.types import FLOOR

SMALL = Architecture(width=0.35, channels=32, hidden=32, tower_depth=1)
NOTHING = DetectionLimits(threshold=1.1, nms="mask", nms_iou=0.5, top_k=50)
EVERYTHING = DetectionLimits(threshold=0.0, nms="mask", nms_iou=1.1, top_k=20)


@pytest.fixture(scope="module")
def network() -> torch.nn.Module:
    torch.manual_seed(0)
    return build(SMALL).eval()


@torch.inference_mode()
def test_a_picture_without_people(network: torch.nn.Module) -> None:
    pose = network(torch.zeros(1, 3, 64, 96), NOTHING)
    assert pose.logits.shape == (1, 75, 16, 24)
    assert float(pose.coverage.sum()) == 0
    assert (pose.logits[:, :25].argmax(1) == 0).all()


@torch.inference_mode()
def test_twenty_people(network: torch.nn.Module) -> None:
    # an untrained network's masks hover about 0.5; a bias makes every location a person
    with torch.no_grad():
        network.instance_branch.weight_generator.bias[176] = 3.0
    pose = network(torch.randint(0, 255, (2, 3, 128, 96)).float(), EVERYTHING)
    assert len(pose.people.score) == 40
    assert torch.isfinite(pose.logits).all()
    assert float(pose.coverage.max()) == 1


@torch.inference_mode()
def test_one_cell_of_a_person(network: torch.nn.Module) -> None:
    active = torch.zeros(1, 8, 8, dtype=torch.bool)
    active[0, 4, 4] = True
    sites = make_sites(active, torch.zeros(1, 8, 8, dtype=torch.long), 1)
    rows, _ = network.global_iuv_branch(torch.randn(1, 32, 8, 8), sites)
    assert rows.shape == (1, 75) and torch.isfinite(rows).all()


@pytest.mark.parametrize(
    "change", [{"instance_norm": False}, {"sparse": False}, {"backbone": "resnet50"}]
)
def test_ablations_and_the_other_backbone_run(change: dict) -> None:
    network = build(replace(SMALL, **change)).eval()
    with torch.inference_mode():
        pose = network(torch.randn(1, 3, 64, 64), EVERYTHING)
    assert pose.logits.shape == (1, 75, 16, 16)
    if change.get("sparse") is False:
        assert float(pose.coverage.min()) == 1


def test_frame_iuv_is_the_mask_times_the_global_iuv() -> None:
    """By hand: part 3 has 80 % within the surface, the surface is 50 % sure."""
    active = torch.tensor([[[True, False]]])
    sites = make_sites(active, torch.zeros(1, 1, 2, dtype=torch.long), 1)
    rows = torch.full((1, 75), -20.0)
    rows[0, 0], rows[0, 3] = torch.tensor(0.2).log(), torch.tensor(0.8).log()
    rows[0, 25 + 3], rows[0, 50 + 3] = 0.3, 0.6
    logits, coverage = assemble(rows, sites, torch.tensor([[[0.5, 0.9]]]))
    assert coverage.tolist() == [[[1.0, 0.0]]]
    p = logits[0, :25].exp()
    assert torch.isclose(p[3, 0, 0], torch.tensor(0.4), atol=1e-4)
    assert torch.isclose(p[0, 0, 0], torch.tensor(0.6), atol=1e-4)
    assert torch.isclose(p[5, 0, 0], torch.tensor(FLOOR), rtol=1e-3)
    assert float(logits[0, 0, 0, 1]) == 0.0  # no person: background for certain
    assert (float(logits[0, 28, 0, 0]), float(logits[0, 53, 0, 0])) == pytest.approx((0.3, 0.6))


def test_a_body_whose_part_is_in_doubt_does_not_lose_to_the_background() -> None:
    sites = make_sites(torch.ones(1, 1, 1, dtype=torch.bool), torch.zeros(1, 1, 1).long(), 1)
    rows = torch.full((1, 75), -20.0)
    rows[0, [0, 7, 9, 10]] = torch.tensor([0.28, 0.36, 0.18, 0.18]).log()
    logits, _ = assemble(rows, sites, torch.tensor([[[0.9]]]))
    p = logits[0, :25, 0, 0].exp()
    # P(body) = .9 · .72; the likeliest part gets all of it, the others keep half of what that has
    assert p[[0, 7, 9, 10]].tolist() == pytest.approx([0.352, 0.648, 0.324, 0.324], abs=1e-4)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"channels": 40}, "channels 40"),
        ({"channels": 0}, "channels 0"),
        ({"hidden": 0}, "hidden"),
        ({"width": float("nan")}, "width"),
        ({"tower_depth": -1}, "tower_depth"),
        ({"level_bounds": ()}, "level_bounds"),
        ({"level_bounds": (64,)}, "level_bounds"),
        ({"level_bounds": (96, 48)}, "level_bounds"),
    ],
)
def test_a_shape_that_no_network_has(change: dict, word: str) -> None:
    with pytest.raises(WeightsError, match=word) as error:
        build(replace(SMALL, **change))
    assert "\n" not in str(error.value)


def test_mask_iou_and_suppression_by_hand() -> None:
    masks = torch.zeros(3, 2, 4, dtype=torch.bool)
    masks[0, :, :2], masks[1, :, 1:3], masks[2, 0, 0] = True, True, True
    iou = mask_iou(masks)
    assert iou[0, 1] == pytest.approx(2 / 6) and iou[0, 2] == pytest.approx(1 / 4)
    assert suppress_duplicates(iou, 0.3).tolist() == [0, 2]
    assert suppress_duplicates(iou, 0.4).tolist() == [0, 1, 2]
    assert suppress_duplicates(iou[:0, :0], 0.4).tolist() == []


@torch.inference_mode()
def test_box_nms_and_top_k(network: torch.nn.Module) -> None:
    maps, _ = network.look(torch.randint(0, 255, (1, 3, 64, 64)).float())
    few: Detections = detect(maps, (64, 64), DetectionLimits(0.0, "box", 0.3, 5))
    assert len(few.score) <= 5
    assert (few.score.diff() <= 0).all()
    assert float(few.box.min()) >= 0 and float(few.box.max()) <= 64


def test_more_people_than_the_usual_candidates() -> None:
    """A grid of 11 x 11 boxes that touch nobody: all 121 are given where 121 are asked for."""
    n = 11
    at = locations(((n, n),), torch.device("cpu"))
    theta = torch.zeros(1, n * n, PARAMETERS)
    theta[..., -2:] = 5.0  # the last layer's biases: both masks are everywhere
    maps = InstanceMaps(
        person=torch.linspace(1, 2, n * n)[None],
        centreness=torch.full((1, n * n), 5.0),
        reach=torch.full((1, n * n, 4), 3.0),
        theta=theta,
        features=torch.zeros(1, 8, 2, 2),
        locations=at,
    )
    for asked, given in ((121, 121), (200, 121), (7, 7)):
        found = detect(maps, (8 * n, 8 * n), DetectionLimits(0.0, "box", 0.3, asked))
        assert len(found.score) == given
