"""A body that we pose ourselves is found again from its own landmarks and outline."""

from dataclasses import replace

import numpy as np
import pytest
import torch

pytest.importorskip("anny", reason="needs the extra synth")
pytest.importorskip("warp", reason="needs the extra synth")

from ddp_video.fitting import terms
from ddp_video.fitting.evidence import NAMES, Evidence, Observation, mask_points
from ddp_video.fitting.fit import FOCAL, HIPS, Fit, FitSettings, Fitter, first_place, project
from ddp_video.fitting.labels import draw_body

SIZE = (256, 256)
STILL = np.array([[1, 0, 0], [0, 1, 0]], np.float32)  # the picture is the crop


@pytest.fixture(scope="module")
def fitter() -> Fitter:
    return Fitter(settings=FitSettings(landmark_steps=100, outline_steps=40))


def posed(fitter: Fitter, turned: float, seed: int = 0) -> Fit:
    """A body 3 m before the camera, turned about the vertical, with moved limbs."""
    rng = np.random.default_rng(seed)
    body = fitter.body
    turn = np.zeros((len(body.turning), 3), np.float32)
    for name, vector in {
        "upperarm01.L": (0, 0.7, 0), "lowerarm01.R": (0, 0, -0.9), "upperleg01.L": (-0.6, 0, 0),
        "lowerleg01.L": (0.7, 0, 0), "spine03": (0.1, 0, 0.2),
    }.items():  # fmt: skip
        turn[body.turning.index(name)] = vector
    shape = 0.5 * rng.standard_normal(body.shapes).astype(np.float32)
    orient = np.array([0, np.radians(turned), 0], np.float32)
    place = np.array([0.1, 0.0, np.log(3.0)], np.float32)
    return Fit(turn, shape, orient, place, np.zeros((len(NAMES), 2)), 0.0, 0.0)


def observed(fitter: Fitter, fit: Fit) -> tuple[Observation, np.ndarray]:
    """What a perfect observer says of a body, and its landmarks in metres."""
    with torch.no_grad():
        points, _ = fitter._pose(fitter._restored([fit]))
    world = (points - points[:, HIPS].mean(1, keepdim=True))[0].numpy()
    mask = draw_body(fitter.vertices([fit])[0], STILL, SIZE).part > 0
    known = np.ones(SIZE, bool)
    sure = np.ones(len(NAMES), np.float32)
    return Observation(STILL, project(points)[0].numpy(), world, sure, mask, known), world


@pytest.fixture(scope="module")
def group(fitter: Fitter) -> tuple[list[Fit], list[Observation], list[Fit]]:
    """Bodies from the front and from behind, what is seen of them, and the fits."""
    truth = [posed(fitter, turned, k) for k, turned in enumerate((0.0, 180.0))]
    seen = [observed(fitter, one)[0] for one in truth]
    return truth, seen, fitter([*seen, without_legs(seen[0])])


def without_legs(seen: Observation) -> Observation:
    """Knees and ankles are given wrongly, and said to be unseen."""
    gone = [k for k, name in enumerate(NAMES) if "knee" in name or "ankle" in name]
    xy, sure = seen.xy.copy(), seen.sure.copy()
    xy[gone], sure[gone] = 5.0, 0.0
    return replace(seen, xy=xy, sure=sure)


@pytest.mark.parametrize("k", [0, 1])
def test_a_posed_body_is_found_again(fitter: Fitter, group, k: int) -> None:
    truth, seen, found = (of[k] for of in group)
    assert found.error < 2.0  # pixels of 256; the limbs' twist has a prior of its own
    again, moved = observed(fitter, found)
    world = observed(fitter, truth)[1]
    assert np.linalg.norm(moved - world, axis=1).mean() < 0.04  # metres
    assert (again.mask & seen.mask).sum() / (again.mask | seen.mask).sum() > 0.87
    a, b = (draw_body(fitter.vertices([f])[0], STILL, SIZE) for f in (truth, found))
    both = (a.part > 0) & (b.part > 0)
    assert (a.part == b.part)[both].mean() > 0.85


def test_people_do_not_disturb_one_another(fitter: Fitter, group, monkeypatch) -> None:
    monkeypatch.setattr(fitter, "settings", FitSettings(landmark_steps=8, outline_steps=2))
    _, seen, _ = group
    together, (alone,) = fitter(seen), fitter([seen[1]])
    np.testing.assert_allclose(alone.landmarks, together[1].landmarks, atol=1e-3)


def test_unseen_landmarks_do_not_pull(group) -> None:
    _, _, found = group
    assert found[2].error < 2.0


def test_first_place_by_hand() -> None:
    world = torch.tensor([[[-0.5, 0.0, 0.0], [0.5, 0.0, 0.0]]])
    empty = torch.zeros(1, 1, 2, 2)
    xy = FOCAL * world[..., :2] / 4 + torch.tensor([0.3, -0.1])  # 4 m away, to the right, above
    evidence = Evidence(xy, world, torch.ones(1, 2), empty, empty, torch.zeros(1, 1, 2))
    expected = torch.tensor([[0.3 * 4 / FOCAL, -0.1 * 4 / FOCAL, np.log(4.0)]]).float()
    torch.testing.assert_close(first_place(evidence), expected, atol=1e-3, rtol=0)


def test_terms_by_hand() -> None:
    assert terms.robust(torch.tensor(4.0), 4.0) == 2.0
    seen, xy = torch.tensor([[[0.0, 0.0], [3.0, 4.0]]]), torch.zeros(1, 2, 2)
    sure = torch.tensor([[1.0, 0.5]])
    assert terms.reprojection(seen, xy, sure, None) == 12.5
    near = terms.nearest(torch.tensor([[[0.0, 0.0], [1.0, 0.0]]]), torch.tensor([[[0.9, 0.1]]]))
    assert near.tolist() == [[1]]
    axes = torch.tensor([[0.0, 0.0, 1.0], [0.0, 0.0, 0.0]])
    turn = torch.tensor([[[9.0, 9.0, 0.5], [1.0, 1.0, 1.0]]])
    held = terms.twist(turn, axes, torch.tensor([0.1, 0.0]), torch.tensor([2.0, 0.0]))
    torch.testing.assert_close(held, torch.tensor([2 * 0.4**2]))


def test_skin_outside_only_counts_where_known() -> None:
    outside = torch.zeros(1, 1, 4, 4)
    outside[..., 2:] = 0.5  # the mask is the left half
    points = torch.tensor([[[-0.75, 0.0], [0.75, 0.0]]])
    away = terms.skin_outside(points, outside, torch.ones(1, 1, 4, 4))
    torch.testing.assert_close(away, torch.tensor([0.25 / (1 + 0.25 / 0.02) / 2]))
    unknown = torch.ones(1, 1, 4, 4)
    unknown[..., 2:] = 0
    assert terms.skin_outside(points, outside, unknown) == 0


def test_outline_points_leave_out_the_edge_of_the_picture() -> None:
    mask, known = np.zeros(SIZE, bool), np.zeros(SIZE, bool)
    mask[50:256, 100:150] = True
    known[:200] = True  # the picture ends at row 200
    points = mask_points(mask, known) * 128 + 128
    assert points[:, 1].max() < 200
    assert points[:, 0].min() >= 100
    assert points[:, 0].max() <= 150
