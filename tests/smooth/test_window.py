"""The window of the paper's method: which frames it holds, and which it averages."""

import pytest
import torch

from ddp_video.errors import InputError
from ddp_video.settings import SmoothSettings
from ddp_video.smooth import smooth

from .scenes import CLOSE, Panning, nobody, noise, person, stream

PAPER = SmoothSettings(method="paper")


def test_a_still_clip_is_unchanged():
    clip = [person(left=4, seed=5) for _ in range(6)]
    for frame, unsmoothed, smoothed in smooth(stream(clip), Panning(), (2,), PAPER):
        assert unsmoothed is clip[frame.index]
        torch.testing.assert_close(smoothed[2].logits, unsmoothed.logits, **CLOSE)
        torch.testing.assert_close(smoothed[2].coverage, unsmoothed.coverage)


def test_a_moving_person_is_unchanged_and_the_ends_are_renormalised():
    clip = [person(left=2 + 2 * t, seed=5) for t in range(5)]
    for _, unsmoothed, smoothed in smooth(stream(clip), Panning(step=2), (2,), PAPER):
        torch.testing.assert_close(smoothed[2].logits, unsmoothed.logits, **CLOSE)


@pytest.mark.parametrize("length", [1, 2, 3, 4, 5, 9])
@pytest.mark.parametrize("radius", [0, 1, 2, 5])
def test_every_frame_comes_out_with_the_neighbours_it_has(length, radius):
    clip = [noise(t, (3, 4)) for t in range(length)]
    engine = Panning()
    results = list(smooth(stream(clip), engine, (radius,), PAPER))
    assert [each.frame.index for each in results] == list(range(length))
    for t, each in enumerate(results):
        first, last = max(0, t - radius), min(length, t + radius + 1)
        mean = torch.stack([each.logits for each in clip[first:last]]).mean(0)
        torch.testing.assert_close(each.smoothed[radius].logits, mean, **CLOSE)
    windows = [(max(0, t - radius), min(length, t + radius + 1)) for t in range(length)]
    expected = [(last - first, t - first) for t, (first, last) in enumerate(windows)]
    assert engine.asked == ([] if radius == 0 or length == 1 else expected)


def test_radius_0_is_the_prediction_itself_and_needs_no_flow():
    clip = [person(left=4), nobody()]
    results = list(smooth(stream(clip), None, (0,)))
    assert [each.smoothed[0] for each in results] == clip


def test_several_radii_equal_their_single_runs_with_one_flow_each():
    clip = [noise(t, (5, 6)) for t in range(8)]
    engine = Panning(step=1)
    together = list(smooth(stream(clip), engine, (0, 1, 3), PAPER))
    assert len(engine.asked) == 8
    for radius in (0, 1, 3):
        alone = smooth(stream(clip), Panning(step=1), (radius,), PAPER)
        for several, one in zip(together, alone, strict=True):
            torch.testing.assert_close(several.smoothed[radius].logits, one.smoothed[radius].logits)


def test_the_window_holds_no_more_than_it_needs():
    read = 0

    def counted():
        nonlocal read
        for item in stream([nobody() for _ in range(10)]):
            read += 1
            yield item

    for each in smooth(counted(), Panning(), (2,), PAPER):
        assert read <= each.frame.index + 3


@pytest.mark.parametrize("radii", [(-1,), (6,), (2, 7), ()])
def test_a_radius_out_of_bounds_is_refused_at_the_call(radii):
    with pytest.raises(InputError, match=r"0\.\.5"):
        smooth([], Panning(), radii)


def test_a_radius_without_a_flow_is_refused():
    with pytest.raises(InputError, match="flow"):
        smooth([], None, (2,))
