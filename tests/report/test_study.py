"""The clips of the study: equal parts, none shorter than a second, none without people."""

import numpy as np
import pytest

from ddp_video.report import study_clips


def film(seconds: float, rate: int = 10) -> tuple[list[float], list[int]]:
    frames = round(seconds * rate)
    return [round(i / rate, 6) for i in range(frames + 1)], [1] * frames


def test_a_video_is_cut_into_equal_parts():
    assert study_clips(*film(6), 3) == [[0, 19], [20, 39], [40, 59]]


def test_no_clip_is_shorter_than_a_second():
    assert study_clips(*film(3.4), 11) == [[0, 11], [12, 22], [23, 33]]


def test_a_short_video_is_one_clip():
    assert study_clips(*film(0.5), 11) == [[0, 4]]


def test_of_long_parts_the_middle_is_shown():
    times, people = film(60)
    clips = study_clips(times, people, 2)
    assert [(times[first], times[last + 1]) for first, last in clips] == [(5, 25), (35, 55)]


def test_parts_without_people_are_left_out():
    times, people = film(4)
    people[:10] = [0] * 10
    people[25:38] = [0] * 13
    assert study_clips(times, people, 4) == [[10, 19], [20, 29], [30, 39]]
    assert study_clips(times, [0] * 40, 4) == []


@pytest.mark.parametrize("seed", range(5))
def test_frames_of_variable_rate_belong_to_one_clip_at_most(seed):
    steps = np.random.default_rng(seed).uniform(0.01, 0.4, 80)
    times = [0.0, *np.cumsum(steps).tolist()]
    clips = study_clips(times, [1] * 80, 9)
    inside = [i for first, last in clips for i in range(first, last + 1)]
    assert inside == sorted(set(inside))
    assert all(times[last + 1] - times[first] <= 20.4 for first, last in clips)
