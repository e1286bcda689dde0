"""The objective on made-up pictures: points agree with dense labels, two pictures are learnt."""

import numpy as np
import pytest
import torch

from ddp_video.network import build
from ddp_video.network.background_suppression import make_sites
from ddp_video.network.instance_branch import DetectionLimits
from ddp_video.settings import Architecture, LossWeights
from ddp_video.training.example import Batch
from ddp_video.training.objective import Objective, cell_weights, part_weights, rows_at_points
from ddp_video.training.targets import truth_sites

SMALL = Architecture(width=0.5, channels=48, hidden=48, tower_depth=1)


def figures(size: int = 128) -> Batch:
    """Two pictures with one and two figures of head, torso and legs; U and V run across parts."""
    g = size // 4
    rng = np.random.default_rng(0)
    image = rng.integers(90, 120, (2, 3, size, size)).astype(np.uint8)
    part = np.zeros((2, g, g), np.uint8)
    uv = np.zeros((2, 2, g, g), np.uint8)
    instance = np.zeros((2, g, g), np.uint8)
    boxes: list[list[list[float]]] = [[], []]
    for b, person, x in ((0, 1, 10), (1, 1, 2), (1, 2, 19)):
        width, top = 9, 4
        for y0, y1, label, colour in (
            (0, 6, 23, (250, 190, 160)),
            (6, 14, 2, (30, 60, 220)),
            (14, 24, 9, (20, 120, 30)),
        ):
            rows, columns = slice(top + y0, top + y1), slice(x, x + width)
            part[b, rows, columns] = label
            instance[b, rows, columns] = person
            uv[b, 0, rows, columns] = np.linspace(0, 255, width)[None]
            uv[b, 1, rows, columns] = np.linspace(0, 255, y1 - y0)[:, None]
            pixels = (slice(4 * (top + y0), 4 * (top + y1)), slice(4 * x, 4 * (x + width)))
            image[b][:, pixels[0], pixels[1]] = np.array(colour, np.uint8)[:, None, None]
        boxes[b].append([4 * x, 4 * top, 4 * (x + width), 4 * (top + 24)])
    return Batch(
        image=torch.from_numpy(image),
        part=torch.from_numpy(part),
        coarse=torch.from_numpy(np.where(part > 0, 1, 0).astype(np.uint8)),
        uv=torch.from_numpy(uv),
        instance=torch.from_numpy(instance),
        boxes=[torch.tensor(b, dtype=torch.float32) for b in boxes],
        has_surface=[torch.ones(len(b), dtype=torch.bool) for b in boxes],
        weights=[torch.ones(len(b)) for b in boxes],
        points=[torch.zeros(0, 6), torch.zeros(0, 6)],
        grow=torch.tensor([False, True]),
        index=[0, 1],
    )


def test_points_at_cell_centres_read_the_cells() -> None:
    torch.manual_seed(0)
    active = torch.ones(1, 3, 4, dtype=torch.bool)
    sites = make_sites(active, torch.zeros(1, 3, 4, dtype=torch.long), 1)
    rows = torch.randn(12, 75)
    points = torch.tensor([[2.0, 1.0, 5.0, 0.25, 0.75, 0.0], [0.5, 0.0, 2.0, 0.1, 0.2, 0.0]])
    samples, part, uv, seen = rows_at_points(rows, sites, [points])
    assert torch.allclose(samples[0], rows[6], atol=1e-5)
    assert torch.allclose(samples[1], (rows[0] + rows[1]) / 2, atol=1e-5)
    assert part.tolist() == [5, 2]
    assert uv.flatten().tolist() == pytest.approx([0.25, 0.75, 0.1, 0.2])
    assert seen.tolist() == [True, True]


def test_points_at_an_outline_read_the_active_cells_alone() -> None:
    torch.manual_seed(0)
    active = torch.zeros(3, 3, 4, dtype=torch.bool)
    active[2, :, 1] = True  # one column, in the last picture
    sites = make_sites(active, torch.zeros(3, 3, 4, dtype=torch.long), 1)
    rows = torch.randn(3, 75, requires_grad=True)
    nobody, person = [0.0, 0.0, 1.0, 0.0, 0.0, 0.0], [2.0, 0.3, 0.4, 0.0]
    places = [(1.75, 1.0), (0.5, 1.5), (1.0, -0.4), (2.0, 1.0), (3.5, 2.0)]
    points = torch.tensor([[*place, *person] for place in places])
    samples, part, uv, seen = rows_at_points(
        rows, sites, [torch.tensor([nobody]), torch.zeros(0, 6), points]
    )
    assert seen.tolist() == [False, True, True, True, False, False]
    expected = torch.stack((rows[1], (rows[1] + rows[2]) / 2, rows[0]))
    assert torch.allclose(samples, expected, atol=1e-5)
    assert part.tolist() == [2, 2, 2]
    assert uv.shape == (3, 2)
    samples.sum().backward()
    assert rows.grad is not None
    assert rows.grad.sum(0).tolist() == pytest.approx([3.0] * 75)


def test_cell_weights_follow_the_people() -> None:
    batch = figures()
    batch.weights[1][1] = 0.25
    got = cell_weights(batch)
    assert float(got[1][batch.instance[1] == 2].unique()) == 0.25
    assert float(got[1][batch.instance[1] != 2].unique()) == 1.0
    assert float(got[0].unique()) == 1.0


def test_parts_weigh_alike_within_a_person() -> None:
    batch = figures()  # head 54 cells, torso 72, leg 90
    assert (part_weights(batch, 0.0) == 1).all()
    batch.part[1][batch.instance[1] == 2] = 0  # a person without labels
    got = part_weights(batch, 1.0)
    for head, torso, leg in (
        [float(got[b][batch.part[b] == part].unique()) for part in (23, 2, 9)] for b in (0, 1)
    ):
        assert head * 54 == pytest.approx(torso * 72) == pytest.approx(leg * 90, rel=1e-4)
        assert head * 54 + torso * 72 + leg * 90 == pytest.approx(54 + 72 + 90, rel=1e-4)
    assert (got[batch.part == 0] == 1).all()
    batch.part[0][batch.part[0] == 2] = 255  # torso unknown: the others are balanced alone
    got = part_weights(batch, 0.5)[0]
    head, leg = (float(got[batch.part[0] == part].unique()) for part in (23, 9))
    assert head / leg == pytest.approx((90 / 54) ** 0.5)
    assert head * 54 + leg * 90 == pytest.approx(54 + 90, rel=1e-4)
    assert (got[batch.part[0] == 255] == 1).all()


def test_the_balance_is_in_the_loss() -> None:
    torch.manual_seed(0)
    batch = figures()
    sites = truth_sites(batch.instance, batch.grow)
    rows = torch.randn(len(sites), 75)
    alike, as_they_are = (
        Objective(build(SMALL), SMALL.level_bounds, LossWeights(even=even))._iuv_terms(
            rows, sites, batch
        )
        for even in (1.0, 0.0)
    )
    assert alike["smooth"] == as_they_are["smooth"]
    assert alike["I"] != as_they_are["I"] and alike["UV"] != as_they_are["UV"]


def test_no_people_gives_finite_terms_and_gradients() -> None:
    batch = figures()
    empty = Batch(
        batch.image, batch.part * 0, batch.coarse * 0, batch.uv, batch.instance * 0,
        [torch.zeros(0, 4)] * 2, [torch.zeros(0, dtype=torch.bool)] * 2, [torch.zeros(0)] * 2,
        batch.points, batch.grow, [0, 1],
    )  # fmt: skip
    objective = Objective(build(SMALL), SMALL.level_bounds, LossWeights())
    loss = torch.stack(list(objective(empty).values())).sum()
    loss.backward()
    assert torch.isfinite(loss)
    # of every parameter, or data-parallel processes would wait for one another
    assert all(p.grad is not None for p in objective.parameters())


def test_two_pictures_are_learnt_by_heart() -> None:
    """From scratch to IoU > .9, the right parts and small U, V errors: it proves the losses."""
    torch.manual_seed(0)
    batch = figures()
    network = build(SMALL)
    objective = Objective(network, SMALL.level_bounds, LossWeights())
    optimiser = torch.optim.AdamW(network.parameters(), lr=2e-3)
    for _ in range(170):
        loss = torch.stack(list(objective(batch).values())).sum()
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimiser.step()
    network.eval()
    with torch.inference_mode():
        pose = network(batch.image, DetectionLimits(0.3, "mask", 0.5, 10))
    assert pose.people.image.tolist() == [0, 1, 1]
    part = pose.logits[:, :25].argmax(1)
    truth = batch.part.long()
    both = (part > 0) & (truth > 0)
    assert both.sum() / ((part > 0) | (truth > 0)).sum() > 0.9
    assert (part == truth)[both].float().mean() > 0.95
    chosen = truth[:, None]
    u = pose.logits[:, 25:50].gather(1, chosen)[:, 0]
    v = pose.logits[:, 50:].gather(1, chosen)[:, 0]
    assert (u - batch.uv[:, 0] / 255).abs()[both].mean() < 0.06
    assert (v - batch.uv[:, 1] / 255).abs()[both].mean() < 0.06
    masks = pose.people.instance_mask > 0.5
    matched = []
    for image, person in ((0, 1), (1, 1), (1, 2)):
        own = batch.instance[image] == person
        ious = (masks & own).sum((1, 2)) / (masks | own).sum((1, 2))
        ious[pose.people.image != image] = 0
        assert ious.max() > 0.9, (image, person)
        matched.append(int(ious.argmax()))
    assert sorted(matched) == [0, 1, 2]
