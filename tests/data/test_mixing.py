"""Mirror law, canvas, cut-outs and scenes."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from scipy.spatial import cKDTree

from ddp_video.data.canvas import (
    Picture,
    blank_canvas,
    draw_picture,
    picture_from_record,
    warp_labels,
    warp_points,
)
from ddp_video.data.cut_out import CutOut, cut_out
from ddp_video.data.densepose_coco import Record
from ddp_video.data.mirror import mirror_points, mirror_values
from ddp_video.data.mixing import Placement, SceneSettings, compose, harmonise, paste, place

IDENTITY = np.eye(3)
SHARP = SceneSettings(feather=0.31, harmonise=0.0)


def picture_of(labels: np.ndarray, people: int, points: np.ndarray | None = None) -> Picture:
    boxes = np.zeros((people, 4), np.float32)
    for k in range(people):
        y, x = np.nonzero(labels[..., 3] == k + 1)
        boxes[k] = x.min(), y.min(), x.max() + 1, y.max() + 1
    grey = np.where(labels[..., 3:] > 0, np.uint8(255), np.uint8(0))
    return Picture(
        image=np.repeat(grey, 3, axis=2),
        labels=labels,
        boxes=boxes,
        has_surface=np.ones(people, bool),
        weights=np.ones(people, np.float32),
        points=np.zeros((0, 6), np.float32) if points is None else points,
    )


def block(size: int, x0: int, y0: int, x1: int, y1: int, part: int = 2) -> np.ndarray:
    labels = np.zeros((size, size, 4), np.uint8)
    labels[y0:y1, x0:x1] = (part, 40, 80, 1)
    return labels


def solid(width: int, height: int, level: int, cut=None) -> CutOut:
    labels = np.zeros((height, width, 4), np.uint8)
    labels[:] = (1, 10, 20, 1)
    return CutOut(
        image=np.full((height, width, 3), level, np.uint8),
        labels=labels,
        mask=np.full((height, width), 255, np.uint8),
        points=np.array([[1, 1, 1, 0.2, 0.3, 0]], np.float32),
        cut=cut,
    )


def at(x: float, y: float, feet: float = 0) -> Placement:
    return Placement(np.array([[1, 0, x], [0, 1, y], [0, 0, 1.0]]), mirrored=False, feet=feet)


def test_mirror_of_four_pixels_by_hand():
    # torso front, right hand, left upper arm, left head
    row = np.array([[(2, 51, 102), (3, 51, 102), (15, 51, 102), (24, 51, 102)]], np.uint8)
    # columns reversed; V turns on the torso, U on hand and head, neither on the arm
    mirrored = [[(23, 204, 102), (16, 51, 102), (4, 204, 102), (2, 51, 153)]]
    np.testing.assert_array_equal(mirror_values(row[:, ::-1]), mirrored)


def test_mirror_leaves_background_and_ignored_alone():
    row = np.array([[(0, 0, 0), (255, 7, 9)]], np.uint8)
    np.testing.assert_array_equal(mirror_values(row), row)


def test_mirror_twice_is_the_identity():
    part = np.r_[0:25, 101:115, 255].astype(np.uint8)
    labels = np.zeros((4, len(part), 4), np.uint8)
    labels[..., 0] = part
    labels[..., 1:] = np.random.default_rng(0).integers(0, 256, (4, len(part), 3))
    np.testing.assert_array_equal(mirror_values(mirror_values(labels)), labels)


def test_mirror_of_points_agrees_with_that_of_pixels():
    rng = np.random.default_rng(1)
    part = np.arange(1, 25)
    uv = rng.integers(0, 256, (24, 2))
    points = np.column_stack([np.zeros((24, 2)), part, uv / 255, np.zeros(24)]).astype(np.float32)
    pixels = mirror_values(np.column_stack([part, uv]).astype(np.uint8))
    mirrored = mirror_points(points)
    np.testing.assert_array_equal(mirrored[:, 2], pixels[:, 0])
    np.testing.assert_allclose(mirrored[:, 3:5], pixels[:, 1:] / 255, atol=1e-6)


def test_mirror_law_holds_on_the_charts(assets):
    """A vertex and its mirror image on the SMPL template have mirrored chart coordinates."""
    from scipy.io import loadmat

    charts = loadmat(assets / "charts" / "UV_Processed.mat")
    lines = (assets / "charts" / "smpl_template.obj").read_text().splitlines()
    template = np.array([[float(c) for c in s.split()[1:4]] for s in lines if s.startswith("v ")])
    vertex = charts["All_vertices"].ravel() - 1
    u, v = charts["All_U_norm"].ravel(), charts["All_V_norm"].ravel()
    part = np.zeros(len(vertex), int)
    part[(charts["All_Faces"] - 1).ravel()] = np.repeat(charts["All_FaceIndices"].ravel(), 3)
    distance, twin = cKDTree(template).query(template * [-1, 1, 1])
    points = np.column_stack([u, v, part, u, v, part]).astype(np.float32)
    mirrored = mirror_points(points)
    for number in range(1, 25):
        own = np.flatnonzero((part == number) & (distance[vertex] < 0.01))
        far = []
        for i in own:
            same = np.flatnonzero((vertex == twin[vertex[i]]) & (part == mirrored[i, 2]))
            if len(same):
                far.append(np.abs(points[same, 3:5] - mirrored[i, 3:5]).sum(1).min())
        assert np.mean(far) < 0.12, number


def test_record_to_picture_marks_what_is_unknown():
    instance = np.array([[0, 1, 2, 255]], np.uint8)
    coarse = np.array([[0, 1, 0, 255]], np.uint8)
    record = Record(
        image=np.zeros((1, 4, 3), np.uint8),
        boxes=np.zeros((2, 4), np.float32),
        instance=instance,
        iuv=np.array([[(0, 0, 0), (2, 9, 8), (0, 0, 0), (0, 0, 0)]], np.uint8),
        coarse=coarse,
        points=np.zeros((0, 6), np.float32),
        has_surface=np.array([True, False]),
        weights=np.ones(2, np.float32),
        name="",
    )
    dense = picture_from_record(record, 100).labels
    np.testing.assert_array_equal(dense[0, :, 0], [0, 2, 255, 255])
    np.testing.assert_array_equal(dense[0, 1], [2, 9, 8, 1])
    sparse = picture_from_record(replace(record, iuv=None), 100).labels
    np.testing.assert_array_equal(sparse[0, :, 0], [0, 101, 255, 255])


def test_record_to_picture_shrinks_everything_alike():
    record = Record(
        image=np.zeros((40, 80, 3), np.uint8),
        boxes=np.array([[20, 10, 60, 30], [60, 10, 80, 30]], np.float32),
        instance=block(80, 20, 10, 60, 30)[:40, :, 3].copy(),
        iuv=block(80, 20, 10, 60, 30)[:40, :, :3].copy(),
        coarse=(block(80, 20, 10, 60, 30)[:40, :, 0] > 0).astype(np.uint8),
        points=np.array([[30, 20, 2, 0.5, 0.5, 0], [70, 20, 2, 0.5, 0.5, 1]], np.float32),
        has_surface=np.array([True, True]),
        weights=np.ones(2, np.float32),
        name="",
    )
    picture = picture_from_record(record, 40)
    assert picture.image.shape == (20, 40, 3)
    np.testing.assert_array_equal(picture.boxes, [[10, 5, 30, 15], [30, 5, 40, 15]])
    # who has dense labels needs no points
    np.testing.assert_array_equal(picture.points, [[35, 10, 2, 0.5, 0.5, 1]])
    np.testing.assert_array_equal(picture.labels[..., 3], block(40, 10, 5, 30, 15)[:20, :, 3])


def test_grid_reads_labels_at_the_cells_centres():
    # cell 0 has its centre at pixel 1.5, cell 1 at 5.5: a border at column 4 divides them
    labels = np.zeros((8, 8, 4), np.uint8)
    labels[:, 4:, 0] = 7
    np.testing.assert_array_equal(warp_labels(labels, IDENTITY, 2, False)[..., 0], [[0, 7], [0, 7]])
    labels[:, 1:, 0] = 7  # and at column 1 both lie right of it
    np.testing.assert_array_equal(warp_labels(labels, IDENTITY, 2, False)[..., 0], [[7, 7], [7, 7]])


def test_points_keep_to_their_pixels():
    points = np.array([[10.5, 4.5, 3, 0.25, 0.75, 0]], np.float32)  # the centre of pixel (10, 4)
    doubled = np.diag([2.0, 2.0, 1.0])  # pixel centres 10 → 20, 4 → 8
    np.testing.assert_allclose(warp_points(points, doubled, False)[0, :2], [20.5, 8.5])
    turned_over = np.array([[-1, 0, 31], [0, 1, 0], [0, 0, 1.0]])  # a picture 32 wide
    np.testing.assert_allclose(
        warp_points(points, turned_over, True)[0], [21.5, 4.5, 4, 0.75, 0.75, 0], atol=1e-6
    )


@pytest.mark.parametrize("scale", [0.2, 0.45, 0.8, 1.7])
def test_picture_and_labels_stay_together(scale):
    """The drawn mask is bright in the picture and labelled on the grid, whatever the scale."""
    labels = block(200, 60, 40, 140, 160)
    picture = picture_of(labels, 1)
    angle = np.deg2rad(25)
    c, s = scale * np.cos(angle), scale * np.sin(angle)
    matrix = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
    matrix[:2, 2] = 63.5 - matrix[:2, :2] @ [99.5, 99.5]
    canvas = blank_canvas(np.zeros((128, 128, 3), np.uint8))
    draw_picture(canvas, picture, matrix, mirrored=False)
    bright = canvas.image[..., 0] > 127
    both = (bright & (canvas.instance == 1)).sum()
    assert both / (bright | (canvas.instance == 1)).sum() > 0.97
    # brightness at the cells' centres, which are corners of four pixels
    corner = cv2.boxFilter(canvas.image[..., 0], -1, (2, 2), anchor=(0, 0))[1::4, 1::4]
    sure = (corner < 30) | (corner > 225)
    np.testing.assert_array_equal(canvas.labels[..., 3][sure] == 1, corner[sure] > 127)


def test_cut_out_takes_the_mask_alone():
    labels = block(200, 50, 60, 90, 160)
    labels[100:110, 60:70, 3] = 2  # somebody else's
    picture = picture_of(labels, 2, np.array([[55.5, 62.5, 2, 0.1, 0.2, 0]], np.float32))
    cut = cut_out(picture, 0, min_height=80, max_cut=0.1)
    assert cut is not None
    assert cut.mask.shape == (100, 40)
    assert cut.cut is None
    assert not cut.labels[40:50, 10:20].any()
    np.testing.assert_array_equal(cut.points[0, :2], [5.5, 2.5])
    assert cut_out(picture, 1, min_height=80, max_cut=0.1) is None  # too small


def test_cut_out_knows_where_the_border_cuts():
    at_bottom = picture_of(block(200, 50, 100, 90, 200), 1)
    cut = cut_out(at_bottom, 0, 80, 0.1)
    assert cut is not None
    assert cut.cut == "bottom"
    in_the_corner = picture_of(block(200, 0, 100, 90, 200), 1)
    assert cut_out(in_the_corner, 0, 80, 0.1) is None
    without_labels = replace(at_bottom, has_surface=np.array([False]))
    assert cut_out(without_labels, 0, 80, 0.1) is None


@pytest.mark.parametrize("side", ["left", "right", "top", "bottom"])
def test_a_cut_side_lies_at_the_border(side):
    for seed in range(20):
        rng = np.random.default_rng(seed)
        placement = place(rng, solid(40, 100, 9, cut=side), 128, 80, 100, SceneSettings())
        canvas = blank_canvas(np.zeros((128, 128, 3), np.uint8))
        paste(rng, canvas, solid(40, 100, 9), placement, SHARP)
        there = canvas.instance == 1
        if side in ("left", "right") and placement.mirrored:
            edge = there[:, -1] if side == "left" else there[:, 0]
        else:
            edge = {"left": there[:, 0], "right": there[:, -1], "top": there[0]}.get(
                side, there[-1]
            )
        assert edge.sum() >= 0.9 * there.any(1 if side in ("left", "right") else 0).sum()


def test_the_last_pasted_is_on_top():
    rng = np.random.default_rng(0)
    canvas = blank_canvas(np.zeros((64, 64, 3), np.uint8))
    assert paste(rng, canvas, solid(24, 40, 100), at(8, 12), SHARP) == 24 * 40
    assert paste(rng, canvas, solid(24, 40, 200), at(20, 12), SHARP) == 24 * 40
    assert (canvas.instance == 1).sum() == 12 * 40
    assert (canvas.instance == 2).sum() == 24 * 40
    np.testing.assert_array_equal(canvas.labels[..., 3][8, 2:11], [1, 1, 1, 2, 2, 2, 2, 2, 2])
    assert canvas.image[30, 14, 0] == 100
    assert canvas.image[30, 30, 0] == 200
    np.testing.assert_array_equal(canvas.points[:, [0, 1, 5]], [[9, 13, 0], [21, 13, 1]])


def test_somebody_in_front_stays_in_front():
    rng = np.random.default_rng(0)
    canvas = blank_canvas(np.zeros((64, 64, 3), np.uint8))
    paste(rng, canvas, solid(24, 40, 100), at(8, 12), SHARP)
    area = paste(rng, canvas, solid(24, 40, 200), at(20, 12), SHARP, front=[1])
    assert area == 24 * 40  # as if nobody stood before
    assert (canvas.instance == 1).sum() == 24 * 40
    assert (canvas.instance == 2).sum() == 12 * 40
    np.testing.assert_array_equal(canvas.labels[..., 3][8, 2:11], [1, 1, 1, 1, 1, 1, 2, 2, 2])


def test_pasted_outside_is_nobody():
    canvas = blank_canvas(np.zeros((64, 64, 3), np.uint8))
    rng = np.random.default_rng(0)
    assert paste(rng, canvas, solid(8, 8, 1), at(500, 0), SHARP) == 0
    assert canvas.people == 0


def test_harmonise_moves_the_mean_colour():
    person = np.full((4, 4, 3), 100, np.uint8)
    background = np.full((4, 4, 3), 154, np.uint8)
    everywhere = np.full((4, 4), 255, np.uint8)
    # gain at full strength (154 + 8) / (100 + 8) = 1.5
    assert (harmonise(person, background, everywhere, 1.0) == 150).all()
    assert (harmonise(person, background, everywhere, 0.0) == 100).all()


def test_scene_ignores_who_is_hidden():
    settings = SceneSettings(count_odds=(0, 0, 0, 0, 0, 1.0))
    for seed in range(30):
        rng = np.random.default_rng(seed)
        canvas = blank_canvas(np.zeros((128, 128, 3), np.uint8))
        compose(rng, canvas, lambda: solid(50, 100, 128), settings)
        assert 1 <= canvas.people <= 6
        ids = set(np.unique(canvas.instance)) - {0, 255}
        assert ids <= set(range(1, canvas.people + 1))
        ignored = canvas.labels[canvas.labels[..., 3] == 255]
        assert (ignored[:, 0] == 255).all()
        assert set(np.unique(canvas.labels[..., 3])) <= ids | {0, 255}


def test_scene_ignores_below_the_least_share_only():
    crowd = SceneSettings(count_odds=(0, 0, 0, 0, 0, 1.0))
    ignored = {0.0: 0, 0.99: 0}
    for least in ignored:
        for seed in range(10):
            canvas = blank_canvas(np.zeros((128, 128, 3), np.uint8))
            settings = replace(crowd, min_visible=least)
            compose(np.random.default_rng(seed), canvas, lambda: solid(50, 100, 128), settings)
            ignored[least] += (canvas.instance == 255).sum()
            assert (canvas.instance == canvas.people).any()  # nobody stands before the last
    assert ignored[0.0] == 0
    assert ignored[0.99] > 1000


def test_scene_of_nobody_fit_stays_empty():
    canvas = blank_canvas(np.zeros((64, 64, 3), np.uint8))
    compose(np.random.default_rng(0), canvas, lambda: None, SceneSettings())
    assert canvas.people == 0
    assert not canvas.instance.any()
