import numpy as np

from ddp_video.evaluation.identities import PATIENCE, Identities, assigned


def column(x: int, width: int = 20) -> np.ndarray:
    mask = np.zeros((40, 120), bool)
    mask[:, x : x + width] = True
    return mask


def test_people_who_move_a_little_keep_their_numbers():
    who = Identities()
    assert who.add([column(0), column(60)]) == [1, 2]
    assert who.add([column(64), column(4)]) == [2, 1]
    assert who.tracks == 2


def test_somebody_is_remembered_for_a_while():
    who = Identities()
    who.add([column(0)])
    for _ in range(PATIENCE - 1):
        who.add([])
    assert who.add([column(2)]) == [1]
    for _ in range(PATIENCE):
        who.add([])
    assert who.add([column(2)]) == [2]


def test_a_switch_is_counted_once():
    who = Identities()
    truth = np.zeros((40, 120), np.uint8)
    truth[:, :20], truth[:, 60:80] = 7, 9
    who.add([column(0), column(60)], truth)
    crossed = np.where(truth == 7, 9, np.where(truth == 9, 7, 0))
    who.add([column(0), column(60)], crossed)  # they changed places between two frames
    assert who.switches == 2
    who.add([column(0), column(60)], crossed)
    assert who.switches == 2


def test_the_best_pairing_overall():
    overlap = np.array([[0.6, 0.5], [0.55, 0.0]])
    assert assigned(overlap, 0.3) == [(0, 1), (1, 0)]  # .5 + .55 beats .6 alone
    assert assigned(np.zeros((0, 2)), 0.3) == []
