"""Labels against torch's own upsampling; pictures against lines whose place is known beforehand."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from torch.nn.functional import interpolate

from ddp_video.errors import ShapeError
from ddp_video.render import IUV, PART_COLOURS, draw, iuv_array, labels
from ddp_video.settings import Background, RenderSettings, View
from ddp_video.types import LOGIT_CHANNELS, PARTS, Prediction

SCRIM = 0.45  # how much the people are darkened under the lines
BACKGROUNDS: tuple[Background, ...] = ("video", "black", "transparent")
VIEWS: tuple[View, ...] = ("contour", "iuv", "parts", "mask")


def prediction_of(
    winners: np.ndarray, size: tuple[int, int], coverage: np.ndarray | None = None
) -> Prediction:
    """A prediction whose cells carry the given parts, U = .25 and V = .75 throughout."""
    logits = torch.zeros(LOGIT_CHANNELS, *winners.shape)
    logits[:PARTS].scatter_(0, torch.from_numpy(winners.astype(np.int64))[None], 5.0)
    logits[PARTS : 2 * PARTS] = 0.25
    logits[2 * PARTS :] = 0.75
    covered = torch.ones(winners.shape) if coverage is None else torch.from_numpy(coverage)
    return Prediction(logits, covered.float(), (), size)


def flat_iuv(part: np.ndarray, u: np.ndarray | float = 0.5, v: np.ndarray | float = 0.5) -> IUV:
    """Labels with U and V as given where there is a part, 0 elsewhere."""
    chart_u, chart_v = (np.where(part > 0, values, 0).astype(np.float32) for values in (u, v))
    return IUV(part.astype(np.uint8), chart_u, chart_v)


def line_alpha(iuv: IUV) -> np.ndarray:
    """How much of each pixel lines cover; right more than a pixel inside the outline."""
    picture = draw(iuv, None, RenderSettings(background="transparent"))
    return np.clip(1 - (1 - picture[..., 3] / 255) / (1 - SCRIM), 0, 1)


# labels


@pytest.mark.parametrize(
    ("grid", "size"),
    [
        ((9, 12), (36, 48)),
        ((8, 16), (37, 61)),
        ((24, 16), (101, 77)),
        ((6, 7), (6, 7)),
        ((16, 16), (9, 5)),
        ((1, 5), (7, 40)),
        ((1, 1), (3, 2)),
    ],
)
def test_labels_are_those_of_logits_upsampled_whole(
    grid: tuple[int, int], size: tuple[int, int]
) -> None:
    generator = torch.Generator().manual_seed(3)
    logits = torch.rand(LOGIT_CHANNELS, *grid, generator=generator) * 1.4 - 0.2
    logits[0] += 0.4
    iuv = labels(Prediction(logits, torch.ones(grid), (), size))

    whole = interpolate(logits[None], size, mode="bilinear", align_corners=False)[0]
    part = whole[:PARTS].argmax(0)
    fields = [
        whole[block].gather(0, part[None])[0].clamp(0, 1) * (part > 0)
        for block in (slice(PARTS, 2 * PARTS), slice(2 * PARTS, None))
    ]
    np.testing.assert_array_equal(iuv.part, part.numpy())
    np.testing.assert_allclose(iuv.u, fields[0].numpy(), atol=2e-6)
    np.testing.assert_allclose(iuv.v, fields[1].numpy(), atol=2e-6)


def test_a_slanting_edge_is_straight_where_upsampled_labels_are_stairs() -> None:
    # Part 1 against background: the logit is the signed distance to the line x = y + 8 (in pixels).
    centres = (np.arange(16) + 0.5) * 4 - 0.5
    logits = np.zeros((LOGIT_CHANNELS, 16, 16), np.float32)
    logits[2:PARTS] = -1e3
    logits[1] = (centres[None] - centres[:, None] - 8.4) / 10
    iuv = labels(Prediction(torch.from_numpy(logits), torch.ones(16, 16), (), (64, 64)))
    y, x = np.mgrid[:64, :64]
    inside = np.s_[2:-2, 2:-2]  # the outer half cell has nothing to interpolate with
    np.testing.assert_array_equal(iuv.part[inside], (x > y + 8.4)[inside])

    stairs = cv2.resize((logits[1] > 0).astype(np.uint8), (64, 64), interpolation=cv2.INTER_NEAREST)
    assert (stairs != iuv.part)[inside].sum() > 40


@pytest.mark.parametrize("junk", [100.0, float("nan"), float("inf")])
def test_uncovered_cells_do_not_leak(junk: float) -> None:
    covered = np.zeros((8, 8), np.float32)
    covered[2:5, 3:6] = 1
    prediction = prediction_of(np.full((8, 8), 4), (61, 67), covered)
    prediction.logits[PARTS:, torch.from_numpy(covered) == 0] = junk
    iuv = labels(prediction)
    people = iuv.part > 0
    np.testing.assert_allclose(iuv.u[people], 0.25, atol=1e-6)
    np.testing.assert_allclose(iuv.v[people], 0.75, atol=1e-6)
    # Labelled is what lies less than one cell from a covered cell: 1 .. 5 by 2 .. 6, exclusive.
    y = (np.arange(61) + 0.5) * 8 / 61 - 0.5
    x = (np.arange(67) + 0.5) * 8 / 67 - 0.5
    expected = ((y > 1) & (y < 5))[:, None] & ((x > 2) & (x < 6))[None]
    np.testing.assert_array_equal(people, expected)
    assert not iuv.u[~people].any()


def test_partly_covered_cells_count_by_their_share() -> None:
    prediction = prediction_of(np.full((1, 2), 7), (1, 4), np.array([[1.0, 0.25]]))
    prediction.logits[PARTS + 7, 0] = torch.tensor([0.0, 1.0])
    # The inner pixels lie ¼ and ¾ of the way: .25·.25/(.75 + .25·.25) and .75·.25/(.25 + .75·.25).
    expected = [0, 0.0625 / 0.8125, 0.1875 / 0.4375, 1]
    np.testing.assert_allclose(labels(prediction).u[0], expected, atol=1e-6)


def test_uv_are_clipped() -> None:
    prediction = prediction_of(np.full((4, 4), 9), (16, 16))
    prediction.logits[PARTS + 9] = 1.3
    prediction.logits[2 * PARTS + 9] = -0.2
    iuv = labels(prediction)
    assert (iuv.u == 1).all()
    assert (iuv.v == 0).all()


def test_one_pixel_of_person() -> None:
    winners = np.zeros((12, 10), np.int64)
    winners[5, 6] = 14
    iuv = labels(prediction_of(winners, (12, 10)))
    np.testing.assert_array_equal(iuv.part, winners)
    frame = np.full((12, 10, 3), 90, np.uint8)
    for view in VIEWS:
        for background in BACKGROUNDS:
            picture = draw(iuv, frame, RenderSettings(view, background))
            empty = draw(flat_iuv(iuv.part * 0), frame, RenderSettings(view, background))
            assert np.argwhere((picture != empty).any(2)).tolist() == [[5, 6]]


def test_twenty_people_are_twenty_shapes() -> None:
    winners = np.zeros((48, 60), np.int64)
    for index in range(20):
        y, x = 2 + 12 * (index // 5), 2 + 12 * (index % 5)
        winners[y : y + 8, x : x + 5] = 1 + index
    iuv = labels(prediction_of(winners, (191, 243)))
    assert set(np.unique(iuv.part)) == set(range(21))
    mask = draw(iuv, None, RenderSettings(view="mask"))
    assert cv2.connectedComponents(np.ascontiguousarray(mask[..., 0]))[0] == 1 + 20


def test_size_may_be_asked_for() -> None:
    winners = np.full((6, 8), 3)
    assert labels(prediction_of(winners, (24, 32)), (13, 17)).part.shape == (13, 17)
    with pytest.raises(ShapeError, match="size of the picture"):
        labels(prediction_of(winners, (0, 0)))


# isocontours


def ramp(part: int = 2) -> IUV:
    """A part of 100 × 60 pixels at (10, 20) whose U rises from exactly 0 to exactly 1."""
    shape = np.zeros((100, 130), np.uint8)
    shape[20:80, 10:110] = part
    u = np.broadcast_to((np.arange(130) - 10) / 99, shape.shape)
    return flat_iuv(shape, u, v=4 / 9)


def test_lines_stand_where_the_ramp_passes_its_levels() -> None:
    row = line_alpha(ramp())[50]
    # Ten levels of 99 steps: every 11 pixels; the two ends have nothing beyond them.
    places = 10 + 11 * np.arange(1, 9)
    np.testing.assert_allclose(row[places], 1, atol=0.02)
    elsewhere = np.delete(row[12:108], places - 12)
    np.testing.assert_allclose(elsewhere, 0, atol=0.02)


def test_a_line_between_pixels_is_shared_by_them() -> None:
    iuv = ramp()
    shifted = flat_iuv(iuv.part, iuv.u + 0.25 / 99 * (iuv.u < 0.99), iuv.v)
    row = line_alpha(shifted)[50]
    for place in 10 + 11 * np.arange(1, 9):  # now a quarter of a pixel farther left
        np.testing.assert_allclose(row[place - 2 : place + 2], [0, 0.25, 0.75, 0], atol=0.02)


def test_colour_tells_the_level_of_u_and_of_v() -> None:
    picture = draw(ramp(), None, RenderSettings(background="black"))
    turned = IUV(ramp().part.T, ramp().v.T, ramp().u.T)  # V rises downwards instead
    colours = picture[50, 10 + 11 * np.arange(1, 9)].astype(int)
    other = draw(turned, None, RenderSettings(background="black"))
    np.testing.assert_array_equal(other[10 + 11 * np.arange(1, 9), 50], colours)
    assert colours[0].argmax() == 2  # blue is low
    assert colours[-1].argmax() == 0  # red is high
    apart = np.linalg.norm(colours[:, None] - colours[None], axis=2)
    assert apart[~np.eye(8, dtype=bool)].min() > 40


def test_the_number_of_levels_is_a_setting() -> None:
    for levels, lines in ((2, 0), (3, 1), (4, 2), (12, 10)):
        settings = RenderSettings(background="transparent", levels=levels)
        row = draw(ramp(), None, settings)[50, 12:108, 3] > 255 * (SCRIM + 0.2)
        assert np.count_nonzero(np.diff(row.astype(int)) == 1) == lines


def test_rings_are_closed_and_one_pixel_wide() -> None:
    y, x = np.mgrid[:180, :180]
    radius = np.hypot(x - 90, y - 90)
    alpha = line_alpha(flat_iuv(radius < 85, u=radius / 90))
    for level in range(2, 9):
        near = np.abs(radius - 10 * level) < 3
        assert alpha[near].sum() == pytest.approx(2 * np.pi * 10 * level, rel=0.03)
        inner_and_outer = cv2.connectedComponents((alpha * near < 0.2).astype(np.uint8), None, 4)[0]
        assert inner_and_outer == 1 + 2  # a gap would join them


def test_no_line_where_one_part_meets_another() -> None:
    part = np.zeros((60, 120), np.uint8)
    part[5:55, 10:60] = 1
    part[5:55, 60:110] = 2
    u = np.where(np.arange(120) < 60, 0.93, 0.07) + np.zeros((60, 1))  # jumps over eight levels
    assert line_alpha(flat_iuv(part, u))[7:53, 12:108].max() < 0.01


@pytest.mark.parametrize("ripple", [0.0, 1e-5])
def test_flat_fields_on_a_level_stay_empty(ripple: float) -> None:
    part = np.zeros((90, 90), np.uint8)
    part[5:85, 5:85] = 1
    noise = np.random.default_rng(0).standard_normal((90, 90)) * ripple
    assert line_alpha(flat_iuv(part, 4 / 9 + noise, 2 / 9))[7:83, 7:83].max() < 0.01


def test_a_summit_short_of_the_level_draws_nothing() -> None:
    y, x = np.mgrid[:101, :101]
    dome = 0.444 - ((x - 50) ** 2 + (y - 50) ** 2) / 40_000  # 4/9 is never reached
    alpha = line_alpha(flat_iuv(np.ones((101, 101)), dome))
    assert alpha[35:66, 35:66].max() < 0.01


def test_lines_widen_with_large_pictures() -> None:
    covered = {}
    for short_side in (360, 720, 2880):
        part = np.zeros((short_side, short_side), np.uint8)
        part[100:120, :300] = 1
        u = np.broadcast_to(np.arange(short_side) / 400, part.shape)
        row = line_alpha(flat_iuv(part, u))[110, 5:295]
        covered[short_side] = (row - np.median(row)).sum() / 6  # less the rounding of the alpha
    assert covered[360] == pytest.approx(1, abs=0.03)
    assert covered[720] == pytest.approx(1, abs=0.03)
    assert covered[2880] == pytest.approx(2, abs=0.06)  # √4


# other views and backgrounds


def test_iuv_reads_back_exactly_in_opencv(tmp_path: Path) -> None:
    part = np.array([[0, 1, 24], [13, 2, 3]], np.uint8)
    iuv = flat_iuv(part, np.array([[0, 0, 1], [0.2, 0.5004, 77 / 255]]), v=0.7004)
    written = tmp_path / "iuv.png"
    rgb = draw(iuv, None, RenderSettings(view="iuv"))
    assert cv2.imwrite(str(written), cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))
    read = cv2.imread(str(written), cv2.IMREAD_UNCHANGED)
    assert read is not None
    np.testing.assert_array_equal(read[..., 0], part)
    np.testing.assert_array_equal(read[..., 1], [[0, 0, 255], [51, 128, 77]])
    np.testing.assert_array_equal(read[..., 2], np.where(part > 0, 179, 0))
    np.testing.assert_array_equal(read, iuv_array(iuv))


@pytest.mark.parametrize("view", ["contour", "parts"])
def test_a_transparent_picture_laid_over_the_video_is_the_video_picture(view: View) -> None:
    iuv = ramp()
    frame = np.random.default_rng(1).integers(0, 256, (100, 130, 3), dtype=np.uint8)
    rgba = draw(iuv, frame, RenderSettings(view, "transparent")).astype(float)
    assert rgba.shape == (100, 130, 4)
    assert not rgba[iuv.part == 0].any()
    if view == "parts":
        assert (rgba[iuv.part > 0, 3] == 255).all()
        return
    alpha = rgba[..., 3:] / 255
    laid = frame * (1 - alpha) + rgba[..., :3] * alpha
    np.testing.assert_allclose(laid, draw(iuv, frame, RenderSettings(view)), atol=2)


def test_parts_are_their_colours_on_black_and_let_the_video_through() -> None:
    part = np.arange(25, dtype=np.uint8).reshape(5, 5)
    frame = np.full((5, 5, 3), 200, np.uint8)
    on_black = draw(flat_iuv(part), None, RenderSettings("parts", "black"))
    np.testing.assert_array_equal(on_black, PART_COLOURS[part])
    on_video = draw(flat_iuv(part), frame, RenderSettings("parts", "video"))
    np.testing.assert_allclose(on_video[0, 1], 0.4 * 200 + 0.6 * PART_COLOURS[1], atol=0.51)
    assert (on_video[0, 0] == 200).all()


def test_part_colours_differ_from_one_another() -> None:
    colours = PART_COLOURS.astype(float)
    apart = np.linalg.norm(colours[:, None] - colours[None], axis=2)
    assert apart[~np.eye(PARTS, dtype=bool)].min() > 40


def test_mask_is_white_people_or_their_alpha() -> None:
    part = np.array([[0, 3], [24, 0]], np.uint8)
    expected = np.where(part > 0, 255, 0)
    frame = np.full((2, 2, 3), 77, np.uint8)
    for background in ("video", "black"):
        picture = draw(flat_iuv(part), frame, RenderSettings("mask", background))
        np.testing.assert_array_equal(picture, np.stack([expected] * 3, 2))
    cut_out = draw(flat_iuv(part), None, RenderSettings("mask", "transparent"))
    np.testing.assert_array_equal(cut_out[..., 3], expected)


def test_without_people_the_frame_comes_back_unchanged() -> None:
    frame = np.random.default_rng(2).integers(0, 256, (37, 51, 3), dtype=np.uint8)
    iuv = labels(prediction_of(np.zeros((9, 13), np.int64), (37, 51)))
    for view in ("contour", "parts"):
        picture = draw(iuv, frame, RenderSettings(view))
        np.testing.assert_array_equal(picture, frame)
        assert not np.shares_memory(picture, frame)
    for view in VIEWS:
        assert not draw(iuv, frame, RenderSettings(view, "black")).any()


def test_people_at_the_edges_of_an_odd_picture() -> None:
    part = np.ones((31, 53), np.uint8)
    u = np.broadcast_to(np.arange(53) / 52, part.shape)
    alpha = line_alpha(flat_iuv(part, u))
    np.testing.assert_allclose(alpha[2:-2], np.broadcast_to(alpha[15], (27, 53)), atol=1e-6)
    assert draw(flat_iuv(part, u), None, RenderSettings("contour", "black")).shape == (31, 53, 3)


def test_shapes_must_fit() -> None:
    iuv = flat_iuv(np.ones((4, 6)))
    with pytest.raises(ShapeError, match="needs a frame"):
        draw(iuv, None, RenderSettings())
    with pytest.raises(ShapeError, match="needs a frame"):
        draw(iuv, np.zeros((6, 4, 3), np.uint8), RenderSettings())
    with pytest.raises(ShapeError, match="H, W"):
        IUV(iuv.part, iuv.u, iuv.v[:, :-1])
