"""Who is who, by hand-made masks."""

import numpy as np

from ddp_video.tracks import PATIENCE, Tracks, assigned, overlaps


def column(x: int, width: int = 20) -> np.ndarray:
    mask = np.zeros((40, 120), bool)
    mask[:, x : x + width] = True
    return mask


def test_people_who_move_a_little_keep_their_numbers():
    who = Tracks()
    assert who.number([column(0), column(60)]) == [0, 1]
    assert who.number([column(64), column(4)]) == [1, 0]
    assert who.number([column(4), column(30), column(64)]) == [0, 2, 1]
    assert who.given == 3


def test_somebody_is_remembered_for_a_while():
    who = Tracks()
    who.number([column(0)])
    for _ in range(PATIENCE - 1):
        assert who.number([]) == []
    assert who.number([column(2)]) == [0]
    for _ in range(PATIENCE):
        who.number([])
    assert who.number([column(2)]) == [1]


def test_overlap_by_hand():
    table = overlaps([column(0), column(10)], [column(0), column(50), np.zeros((40, 120), bool)])
    np.testing.assert_allclose(table, [[1, 0, 0], [10 / 30, 0, 0]])
    assert overlaps([], [column(0)]).shape == (0, 1)


def test_the_best_pairing_overall():
    overlap = np.array([[0.6, 0.5], [0.55, 0.0]])
    assert assigned(overlap, 0.3) == [(0, 1), (1, 0)]  # .5 + .55 beats .6 alone
    assert assigned(np.zeros((0, 2)), 0.3) == []
    assert assigned(overlap, 0.7) == []
