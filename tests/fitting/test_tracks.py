"""Who is who in a clip, and who jumps."""

import numpy as np

from ddp_video.fitting.one_photo import Sight
from ddp_video.fitting.people import Candidate
from ddp_video.fitting.tracks import jumps, link

EMPTY = np.zeros((4, 4), bool)


def sight(*places: float) -> Sight:
    """People 20 pixels wide at the given x."""
    people = [Candidate(np.array([x, 0.0, x + 20, 60]), None) for x in places]
    return Sight(np.zeros((4, 4, 3), np.uint8), people, [EMPTY] * len(people), [], EMPTY)


def test_people_keep_their_number() -> None:
    # two people walk past a third; the first goes out of the picture and comes back
    frames = [sight(0, 100), sight(105, 5), sight(110), sight(0, 115), sight()]
    assert link(frames) == [[0, 1], [1, 0], [1], [2, 1], []]


def test_no_frames() -> None:
    assert link([]) == []


def test_a_jump_is_seen_and_a_steady_run_is_not() -> None:
    body = np.array([[0.0, 0], [10, 50], [0, 100]])
    joints = np.stack([body + np.array([20 * t, 0]) for t in range(5)])
    assert not jumps(joints).any()
    joints[2] += (0, 14)  # of a height of 100; its neighbours are 7 off
    np.testing.assert_array_equal(jumps(joints), [0, 1, 1, 1, 0])
    joints[2] -= (0, 5)  # now 9 and 4.5
    np.testing.assert_array_equal(jumps(joints), [0, 0, 1, 0, 0])
    assert not jumps(joints[:2]).any()
