"""A body that we pose ourselves is found again from its own landmarks and outline."""

from dataclasses import replace

import numpy as np
import pytest
import torch

pytest.importorskip("anny", reason="needs the extra synth")
pytest.importorskip("warp", reason="needs the extra synth")

from ddp_video.fitting import terms
from ddp_video.fitting.bodies import FOCAL, HIPS, Fit, first_place, project
from ddp_video.fitting.evidence import NAMES, Evidence, Observation, mask_points
from ddp_video.fitting.fit import FitSettings, Fitter, successive
from ddp_video.fitting.labels import draw_body
from ddp_video.fitting.sides import GROUP
from ddp_video.fitting.spots import COUNT, Spots
from ddp_video.synthesis.charts.lookup import Charts

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
        points, _ = fitter.posing(fitter.posing.restored([fit]))
    world = (points - points[:, HIPS].mean(1, keepdim=True))[0].numpy()
    mask = draw_body(fitter.vertices([fit])[0], STILL, SIZE).part > 0
    known = np.ones(SIZE, bool)
    sure = np.ones(len(NAMES), np.float32)
    return Observation(STILL, project(points)[0].numpy(), world, sure, mask, known), world


def spots_of(fitter: Fitter, fit: Fit, seed: int = 0) -> Spots:
    """What a perfect BodyPix says of a body, as many pixels on every limb."""
    body = draw_body(fitter.vertices([fit])[0], STILL, SIZE)
    row, column = np.nonzero(body.part)
    group = GROUP[body.part[row, column] - 1]
    share = 1 / np.bincount(group)[group]
    take = np.random.default_rng(seed).choice(len(row), COUNT, p=share / share.sum())
    at = row[take], column[take]
    xy = (np.stack([at[1], at[0]], 1) + 0.5 - 128) / 128
    iuv = np.stack([body.part[at], body.u[at], body.v[at]], 1)
    return Spots(xy, iuv, np.ones(COUNT))


def twisted(fitter: Fitter) -> Fit:
    """Upper arm and forearm turned about their own length: no landmark but the hand's tells."""
    fit = posed(fitter, 0.0, seed=2)
    axes = fitter.twist[0].numpy()
    for name, degrees in (("upperarm01.L", 35.0), ("lowerarm01.L", -40.0), ("lowerarm01.R", 40.0)):
        j = fitter.body.turning.index(name)
        fit.turn[j] += np.radians(degrees) * axes[j]
    return fit


def across_arm(fitter: Fitter, fit: Fit, side: str) -> np.ndarray:
    """Unit vector from one face of a forearm to the other, across its length."""
    vertices = fitter.vertices([fit])[0]
    part = dict(zip("LR", (((19,), (21,)), ((20,), (22,))), strict=True))[side]
    charts = Charts.shipped()
    corners = [charts.faces[np.isin(charts.part, p)].ravel() for p in part]
    skin = charts.refine(vertices)
    vector = skin[corners[0]].mean(0) - skin[corners[1]].mean(0)
    return vector / np.linalg.norm(vector)


@pytest.fixture(scope="module")
def group(fitter: Fitter) -> tuple[list[Fit], list[Observation], list[Fit]]:
    """Bodies from the front and from behind, what is seen of them, and the fits."""
    truth = [posed(fitter, turned, k) for k, turned in enumerate((0.0, 180.0))]
    seen = [observed(fitter, one)[0] for one in truth]
    truth.append(twisted(fitter))
    blind = without_hands(observed(fitter, truth[2])[0])
    dense = replace(blind, spots=spots_of(fitter, truth[2]))
    return truth, seen, fitter([*seen, without_legs(seen[0]), blind, dense])


def without_hands(seen: Observation) -> Observation:
    """Nothing is known of fingers and thumbs."""
    sure = seen.sure.copy()
    sure[[k for k, name in enumerate(NAMES) if name.startswith("finger")]] = 0
    return replace(seen, sure=sure)


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


def test_the_surface_tells_the_twist_of_the_forearms(fitter: Fitter, group) -> None:
    truth, _, found = group
    angles = [
        np.degrees(np.arccos(np.clip(across_arm(fitter, fit, side) @ wanted, -1, 1)))
        for side in "LR"
        for wanted in [across_arm(fitter, truth[2], side)]
        for fit in found[3:]
    ]
    without, told = np.reshape(angles, (2, 2)).mean(0)  # 42 and 19 degrees
    assert told < 26
    assert told < 0.6 * without


def test_labels_of_a_known_body_come_back(fitter: Fitter, group) -> None:
    truth, _, found = group
    a, b = (draw_body(fitter.vertices([f])[0], STILL, SIZE) for f in (truth[2], found[4]))
    both = (a.part > 0) & (b.part > 0)
    same = both & (a.part == b.part)
    assert same.sum() / both.sum() > 0.9
    assert np.abs(a.u - b.u)[same].mean() < 0.05
    assert np.abs(a.v - b.v)[same].mean() < 0.05


def test_frames_of_a_clip_share_a_shape_and_do_not_jerk(fitter: Fitter, group, monkeypatch) -> None:
    few = FitSettings(landmark_steps=40, outline_steps=4)
    monkeypatch.setattr(fitter, "settings", few)
    seen = [observed(fitter, posed(fitter, turned, 1))[0] for turned in (0.0, 8.0, 16.0)]
    noise = np.random.default_rng(0).normal(0, 0.03, (3, *seen[0].world.shape))
    seen = [
        replace(s, world=s.world + n.astype(np.float32)) for s, n in zip(seen, noise, strict=True)
    ]
    alone, together = fitter(seen), fitter(seen, tracks=[7, 7, 7])
    assert (together[0].shape == together[2].shape).all()
    assert (alone[0].shape != alone[2].shape).any()

    def unrest(fits: list[Fit]) -> float:
        a, b, c = (fit.turn for fit in fits)
        return float(np.square(a - 2 * b + c).sum())

    assert unrest(together) < 0.5 * unrest(alone)


def test_who_ends_badly_starts_again(fitter: Fitter, group, monkeypatch) -> None:
    _, seen, _ = group
    few = FitSettings(landmark_steps=30, outline_steps=1)
    flat = replace(seen[0], world=seen[0].world[:, [1, 0, 2]])  # the depth of somebody else
    monkeypatch.setattr(fitter, "settings", replace(few, restart_above=1000.0))
    once = fitter([flat])[0]
    monkeypatch.setattr(fitter, "settings", replace(few, restart_above=once.error / 2))
    assert fitter([flat])[0].error < once.error


def test_successive_by_hand() -> None:
    who = np.array([0, 1, 0, 0, 1, 0, 2])
    np.testing.assert_array_equal(successive(who), [[0, 2, 3], [2, 3, 5]])


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
    none = torch.zeros(1, 1)
    inner = torch.zeros(1, 1, 2)
    sure, kinds = torch.ones(1, 2), none.long()
    seen = (sure, sure, empty, empty, inner, kinds, inner, kinds, none)
    evidence = Evidence(xy, world, *seen)
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
    spots = torch.tensor([[[0.0, 0.0], [3.0, 3.0]]])
    points, sure = torch.tensor([[0, 1]]), torch.tensor([[1.0, 3.0]])
    off = terms.surface_points(seen, spots, points, sure, scale=1.0)
    torch.testing.assert_close(off, torch.tensor([3 * 0.5 / 4]))  # one pixel off, counted thrice
    path = torch.tensor([[0.0], [1.0], [5.0]])
    assert terms.jerk(path, torch.tensor([[0, 1, 2]])).tolist() == [9.0]
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
