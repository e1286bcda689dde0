import numpy as np

from ddp_video.evaluation.identities import Identities


def column(x: int, width: int = 20) -> np.ndarray:
    mask = np.zeros((40, 120), bool)
    mask[:, x : x + width] = True
    return mask


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
