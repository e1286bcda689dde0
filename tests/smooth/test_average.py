"""Eqs. 5-6 by hand-worked flows, and the two mistakes of the research code, each caught."""

import pytest
import torch
import torch.nn.functional as F

from ddp_video.errors import ShapeError
from ddp_video.smooth import temporal_average, warp
from ddp_video.types import PARTS, Prediction

from .scenes import BACKGROUND, CLOSE, constant_flow, nobody, noise, person

# --- Eq. 5 --------------------------------------------------------------------------------------


def research_warp(field: torch.Tensor, flow: torch.Tensor) -> torch.Tensor:
    """The research code's: flow / w added on a [-1, 1] grid, corners aligned in one place only."""
    _, h, w = field.shape
    y, x = torch.meshgrid(torch.linspace(-1, 1, h), torch.linspace(-1, 1, w), indexing="ij")
    grid = torch.stack([x + flow[0] / w, y + flow[1] / h], dim=-1)
    return F.grid_sample(field[None], grid[None], align_corners=False)[0]


def test_a_shifted_square_returns_exactly():
    neighbour = person(left=8, top=5).logits
    flow = constant_flow(4, 2, (12, 16))  # the present square stands 4 to the left, 2 higher
    warped, valid = warp(neighbour, flow)
    present = person(left=4, top=3).logits
    torch.testing.assert_close(warped[:, valid], present[:, valid], **CLOSE)
    assert valid.sum() == (16 - 4) * (12 - 2)  # the samples of 4 columns and 2 rows lie outside
    assert not valid[-2:].any()
    assert not valid[:, -4:].any()
    # the known mistake: half the displacement, and a resampled picture even where nothing moves
    moved = research_warp(neighbour, flow)
    assert not torch.allclose(moved[:, valid], present[:, valid], **CLOSE)
    still = constant_flow(0, 0, (12, 16))
    assert not torch.allclose(research_warp(neighbour, still), neighbour, **CLOSE)


def test_no_flow_is_the_identity_on_odd_grids():
    field = torch.randn(3, 7, 13)
    warped, valid = warp(field, torch.zeros(2, 7, 13))
    torch.testing.assert_close(warped, field, atol=1e-5, rtol=0)
    assert valid.all()


def test_half_a_pixel_is_the_mean_of_two_cells():
    field = torch.arange(5.0).view(1, 1, 5) ** 2  # 0 1 4 9 16
    warped, valid = warp(field, constant_flow(0.5, 0, (1, 5)))
    torch.testing.assert_close(warped[0, 0], torch.tensor([0.5, 2.5, 6.5, 12.5, 16.0]))
    assert valid.all()  # 4.5 is the border of the picture: inside, and the last cell's value holds
    warped, valid = warp(field, constant_flow(0.6, 0, (1, 5)))
    assert valid[0].tolist() == [True, True, True, True, False]
    assert warped[0, 0, 4] == 0


def test_x_comes_before_y_and_a_ramp_moves_by_the_flow():
    y, x = torch.meshgrid(torch.arange(6.0), torch.arange(8.0), indexing="ij")
    flow = constant_flow(1.25, -0.5, (6, 8))
    warped, valid = warp(torch.stack([x, y]), flow)
    inner = valid & (x < 6) & (y > 0)
    torch.testing.assert_close(warped[0][inner], (x + 1.25)[inner])
    torch.testing.assert_close(warped[1][inner], (y - 0.5)[inner])


def test_a_flow_that_is_no_number_is_outside():
    flow = torch.zeros(2, 3, 3)
    flow[0, 1, 1], flow[1, 0, 0] = float("nan"), float("inf")
    warped, valid = warp(torch.ones(1, 3, 3), flow)
    assert (~valid).nonzero().tolist() == [[0, 0], [1, 1]]
    torch.testing.assert_close(warped[0], valid.float())


def test_a_flow_on_another_grid_is_refused():
    with pytest.raises(ShapeError, match="grid"):
        warp(torch.zeros(1, 4, 5), torch.zeros(2, 5, 4))


# --- Eq. 6 --------------------------------------------------------------------------------------


def test_noise_is_averaged_as_the_equation_says():
    frames = {k: noise(k + 2) for k in range(-2, 3)}
    neighbours = {k: frames[k] for k in frames if k}
    flows = {k: constant_flow(k, 0, (9, 11)) for k in neighbours}
    result = temporal_average(frames[0], neighbours, flows)
    expected = torch.zeros_like(result.logits)
    for x in range(11):
        present_there = [k for k in frames if 0 <= x + k < 11]
        for k in present_there:
            expected[:, :, x] += frames[k].logits[:, :, x + k] / len(present_there)
    torch.testing.assert_close(result.logits, expected, **CLOSE)
    assert result.coverage.all()


def test_only_the_touched_points_are_computed_and_nothing_is_missed():
    generator = torch.Generator().manual_seed(0)
    frames = {k: person(left=6 + 2 * k, seed=k + 2) for k in range(-2, 3)}
    neighbours = {k: frames[k] for k in frames if k}
    flows = {k: 3 * torch.randn(2, 12, 16, generator=generator) + 2 * k for k in neighbours}
    result = temporal_average(frames[0], neighbours, flows)
    parts, count = frames[0].logits[:PARTS].clone(), torch.ones(12, 16)
    for k, neighbour in neighbours.items():
        warped, valid = warp(neighbour.logits[:PARTS], flows[k])
        parts, count = parts + warped, count + valid
    torch.testing.assert_close(result.logits[:PARTS], parts / count, **CLOSE)


def test_a_background_that_varies_is_averaged_too():
    frames = [person(left=4), person(left=4)]
    frames[1].logits[:PARTS, 0, 15] = 7.0  # far from people
    result = temporal_average(frames[0], {1: frames[1]}, {1: torch.zeros(2, 12, 16)})
    torch.testing.assert_close(result.logits[:PARTS, 0, 15], (BACKGROUND + 7) / 2)


def test_a_neighbour_without_people_counts():
    present = person(left=4)
    empty = {k: nobody() for k in (-2, -1, 1, 2)}
    flows = {k: torch.zeros(2, 12, 16) for k in empty}
    result = temporal_average(present, empty, flows)
    # by hand: background (-10 + 4·0) / 5 = -2, part 2 (0 + 4·(-20)) / 5 = -16: background wins
    torch.testing.assert_close(result.logits[0, 4, 5], torch.tensor(-2.0))
    torch.testing.assert_close(result.logits[2, 4, 5], torch.tensor(-16.0))
    # the known mistake: the empty neighbours skipped and α kept, 0.2 · present, where part 2 wins
    mistaken = 0.2 * present.logits[:PARTS]
    assert mistaken[:, 4, 5].argmax() == 2
    assert result.logits[:PARTS, 4, 5].argmax() == 0


def test_weights_are_renormalised_where_a_neighbour_falls_outside():
    present, neighbour = noise(0), noise(1)
    result = temporal_average(present, {1: neighbour}, {1: constant_flow(100, 0, (9, 11))})
    torch.testing.assert_close(result.logits, present.logits, **CLOSE)  # and not half of it
    half_out = constant_flow(6, 0, (9, 11))
    result = temporal_average(present, {1: neighbour}, {1: half_out})
    torch.testing.assert_close(result.logits[:, :, 5:], present.logits[:, :, 5:], **CLOSE)
    mean = (present.logits[:, :, :5] + neighbour.logits[:, :, 6:]) / 2
    torch.testing.assert_close(result.logits[:, :, :5], mean, **CLOSE)


def test_u_and_v_are_averaged_over_the_frames_that_cover_the_pixel():
    frames = {0: person(left=4, u=0.2), 1: person(left=4, u=0.5), 2: nobody(), 3: nobody()}
    frames[2].logits[PARTS:] = 99.0  # without a meaning, since nothing covers it
    flows = {k: torch.zeros(2, 12, 16) for k in (1, 2, 3)}
    neighbours = {k: frames[k] for k in flows}
    result = temporal_average(frames[0], neighbours, flows)
    torch.testing.assert_close(result.logits[PARTS + 2, 4, 5], torch.tensor(0.35))
    # half a cell off: the uncovered cell beside must not leak into U
    flows[1] = constant_flow(0.5, 0, (12, 16))
    result = temporal_average(frames[0], neighbours, flows)
    torch.testing.assert_close(result.logits[PARTS + 2, 4, 7], torch.tensor((0.2 + 0.25) / 1.5))


def test_where_a_part_wins_u_and_v_stand():
    # the present misses a person that both neighbours see: the part wins, with their U
    neighbours = {-1: person(left=4, u=0.3), 1: person(left=4, u=0.5)}
    for neighbour in neighbours.values():
        neighbour.logits[0][neighbour.coverage > 0] = -50.0
    flows = {k: torch.zeros(2, 12, 16) for k in neighbours}
    result = temporal_average(nobody(), neighbours, flows)
    wins = result.logits[:PARTS].argmax(0) > 0
    torch.testing.assert_close(wins, neighbours[1].coverage > 0)
    assert bool((result.coverage[wins] == 1).all())
    torch.testing.assert_close(result.logits[PARTS + 2][wins], torch.full((16,), 0.4))


def test_a_shift_of_everything_shifts_the_result():
    generator = torch.Generator().manual_seed(3)
    flow = torch.randn(2, 12, 16, generator=generator) * 0.7
    flow[:, :, :2] = flow[:, :, -3:] = 0

    def at(left: int) -> Prediction:
        return temporal_average(
            person(left=left, seed=1),
            {1: person(left=left + 1, seed=2)},
            {1: flow.roll(left - 4, 2)},
        )

    torch.testing.assert_close(at(7).logits, at(4).logits.roll(3, 2), **CLOSE)
    torch.testing.assert_close(at(7).coverage, at(4).coverage.roll(3, 1))


def test_the_inputs_are_left_alone_and_the_people_kept():
    present, neighbour = person(left=4), person(left=5)
    before = present.logits.clone()
    result = temporal_average(present, {1: neighbour}, {1: torch.zeros(2, 12, 16)})
    torch.testing.assert_close(present.logits, before, atol=0, rtol=0)
    assert result.people is present.people
    assert result.size == present.size


def test_grids_of_two_sizes_are_refused():
    with pytest.raises(ShapeError, match="grid"):
        temporal_average(noise(0), {1: noise(1, (4, 4))}, {1: torch.zeros(2, 9, 11)})
