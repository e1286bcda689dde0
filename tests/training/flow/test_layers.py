"""Layers that move: what is drawn, its flow, and what is hidden."""

import cv2
import numpy as np
import pytest

from ddp_video.training.flow.draws import PairSettings, draw_layers
from ddp_video.training.flow.layers import Layer, Pair, draw
from ddp_video.training.flow.stock import Stock

SIZE = (48, 64)
MARGIN = 8
STILL = np.zeros((SIZE[0] + 2 * MARGIN, SIZE[1] + 2 * MARGIN, 2), np.float32)
STRAIGHT = np.array([[1.0, 0, 0], [0, 1, 0]])


def textured(height: int, width: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    rough = rng.integers(0, 255, (height // 4, width // 4, 3)).astype(np.uint8)
    picture = cv2.resize(rough, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.dstack([picture, np.full((height, width), 255, np.uint8)])


def box_over_background(shift: tuple[int, int]) -> Pair:
    """A box at x 20..29, y 10..19 that moves over a background that stands still."""
    box = textured(10, 12, 1)[:, :10]
    place = np.array([[1.0, 0, -20], [0, 1, -10]])
    layers = [
        Layer(textured(*SIZE), STRAIGHT, STILL, background=True),
        Layer(box, place, STILL + np.array(shift, np.float32)),
    ]
    return draw(layers, SIZE)


def test_a_box_moves_over_a_background():
    pair = box_over_background((3, -2))
    assert (pair.first[10:20, 20:30] == pair.second[8:18, 23:33]).all()
    inside = np.zeros(SIZE, bool)
    inside[10:20, 20:30] = True
    assert (pair.flow[inside] == (3, -2)).all()
    assert not pair.flow[~inside].any()
    assert ((pair.layer == 1) == inside).all()
    assert pair.valid.all()


def test_what_the_box_comes_to_cover_is_hidden():
    hidden = ~box_over_background((3, -2)).seen
    now, then = np.zeros(SIZE, bool), np.zeros(SIZE, bool)
    then[10:20, 20:30], now[8:18, 23:33] = True, True
    assert (hidden == (now & ~then)).all()


def test_what_leaves_the_picture_is_not_seen():
    pair = box_over_background((40, 0))
    assert not pair.seen[10:20, 24:30].any()  # x + 40 > 63
    assert pair.seen[10:20, 20:24].all()
    assert (pair.flow[10:20, 20:30] == (40, 0)).all()


def test_a_see_through_layer_is_laid_over_by_its_alpha():
    glass = np.full((*SIZE, 4), (50, 0, 0, 100), np.uint8)
    layers = [
        Layer(textured(*SIZE), STRAIGHT, STILL, background=True),
        Layer(glass, STRAIGHT, STILL + 5),
    ]
    pair = draw(layers, SIZE)
    bare = textured(*SIZE)[..., :3].astype(float)
    assert np.abs(pair.first - (bare * 155 / 255 + (50, 0, 0))).max() <= 1
    assert not pair.layer.any()  # more than half of what is seen is the background
    assert not pair.flow.any()


@pytest.mark.parametrize("reach", [4.0, 20.0])
def test_the_flow_finds_each_seen_point_again(reach: float):
    """Second picture, looked up by the flow, is the first one where seen, but for resampling."""
    cut_out = textured(80, 40, 2)
    cut_out[:, :8] = 0
    stock = Stock([textured(120, 160, 3)[..., :3]], [cut_out])
    for seed in range(6):
        layers = draw_layers(np.random.default_rng(seed), stock, (96, 128), reach, PairSettings())
        pair = draw(layers, (96, 128))
        y, x = np.mgrid[:96, :128].astype(np.float32)
        ends = x + pair.flow[..., 0], y + pair.flow[..., 1]
        found = cv2.remap(pair.second, *ends, cv2.INTER_LINEAR).astype(float)
        inner = cv2.erode(pair.seen.astype(np.uint8), np.ones((5, 5))) > 0
        gaps = np.abs(found - pair.first)[inner]
        assert inner.mean() > 0.3
        assert np.median(gaps) < 3
        assert gaps.mean() < 6
