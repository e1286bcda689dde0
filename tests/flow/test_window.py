"""What every engine gets from the window: all neighbours, both ways, nothing done twice."""

import numpy as np
import pytest
import torch

from ddp_video.errors import ShapeError
from ddp_video.flow import DisFlow, chained

from .pictures import CLOSE, panning, world


def test_the_way_back_is_the_opposite_of_the_way_there_and_costs_nothing_twice():
    frames = panning(7, step=(-4, -2))
    engine = DisFlow()
    asked = []
    estimate = engine._estimate
    engine._estimate = lambda pairs: asked.extend(pairs) or estimate(pairs)
    for t in range(2, 5):
        window = frames[t - 2 : t + 3]
        there, back = engine.flows(window, 2, (30, 40)), engine.flows_back(window, 2, (30, 40))
        assert there.keys() == back.keys() == {-2, -1, 1, 2}
        for k, flow in back.items():
            assert (flow + there[k])[:, 6:-6, 6:-6].abs().max() < 0.1
            lone = DisFlow().flows([window[2 + k], window[2]], 0, (30, 40))[1]
            if abs(k) == 1:
                torch.testing.assert_close(flow, lone, **CLOSE)
    assert len(asked) == 8 + 2 * 2  # four steps both ways, then one more step a frame


def test_every_neighbour_of_the_window_has_its_flow():
    window = panning(5, step=(-3, 0))
    engine = DisFlow()
    for centre in range(5):
        flows = engine.flows(window, centre, (90, 160))
        assert sorted(flows) == [k for k in range(-centre, 5 - centre) if k]
        for k, flow in flows.items():
            assert flow[0, 20:-20, 40:-40].median() == pytest.approx(-3.0 * k, abs=0.1)


@pytest.mark.parametrize("size", [(1, 1), (3, 40), (33, 35), (200, 9)])
def test_any_size_of_frame_works(size):
    image = world(*size)
    flow = DisFlow().flows([image, image.copy()], 1, (5, 7))[-1]
    assert flow.shape == (2, 5, 7)
    assert flow.abs().max() < 1e-3


def test_each_frame_is_prepared_once_and_only_the_window_kept(monkeypatch):
    engine, prepared = DisFlow(), []
    plain = engine._prepare
    monkeypatch.setattr(engine, "_prepare", lambda pixels: prepared.append(1) or plain(pixels))
    frames = panning(8, step=(-1, 0), size=(40, 40))
    sliding = [engine.flows(frames[t - 2 : t + 3], 2, (10, 10)) for t in range(2, 6)]
    assert len(prepared) == 8
    assert len(engine._kept) == 5
    for t, flows in zip(range(2, 6), sliding, strict=True):
        fresh = DisFlow().flows(frames[t - 2 : t + 3], 2, (10, 10))
        for k in fresh:
            torch.testing.assert_close(flows[k], fresh[k], **CLOSE)


def test_a_sliding_window_estimates_two_pairs_a_frame_whatever_its_radius(monkeypatch):
    engine, estimated = DisFlow(), []
    plain = engine._estimate
    monkeypatch.setattr(engine, "_estimate", lambda pairs: estimated.append(pairs) or plain(pairs))
    frames = panning(12, step=(-1, 0), size=(40, 40))
    for t in range(3, 9):
        engine.flows(frames[t - 3 : t + 4], 3, (10, 10))
    assert [len(pairs) for pairs in estimated] == [6, 2, 2, 2, 2, 2]
    assert len(engine._steps) <= 2 * 6


def test_chained_follows_the_points():
    ramp = np.zeros((6, 9, 2), np.float32)
    ramp[..., 0] = np.arange(9)  # x goes to 2x
    still = np.zeros_like(ramp)
    one, two, three = chained([ramp, still, ramp + np.float32([0, 2])])
    np.testing.assert_allclose(one, ramp)
    np.testing.assert_allclose(two, ramp)
    # at 2x the second ramp says 2x, and 8 where that lies beyond the border
    expected = np.arange(9) + np.minimum(2 * np.arange(9), 8)
    np.testing.assert_allclose(three[..., 0], np.tile(expected, (6, 1)))
    np.testing.assert_allclose(three[..., 1], 2)
    assert list(chained([])) == []


def test_windows_that_do_not_fit_are_refused():
    with pytest.raises(ShapeError, match="one size"):
        DisFlow().flows([world(40, 40), world(40, 41)], 0, (10, 10))
    with pytest.raises(ShapeError, match="position 1"):
        DisFlow().flows([world(40, 40)], 1, (10, 10))
