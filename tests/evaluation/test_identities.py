from pathlib import Path

import numpy as np
import pytest

from ddp_video.decode import FrameReader
from ddp_video.evaluation.identities import Identities
from ddp_video.synthesis.clip_files import read_truth

SAMPLE = Path(__file__).parents[2] / "samples" / "crossing.mp4"

GREY = np.full((40, 120, 3), 128, np.uint8)


def column(x: int, width: int = 20) -> np.ndarray:
    mask = np.zeros((40, 120), bool)
    mask[:, x : x + width] = True
    return mask


def two() -> np.ndarray:
    truth = np.zeros((40, 120), np.uint8)
    truth[:, :20], truth[:, 60:80] = 7, 9
    return truth


def test_a_switch_is_counted_once():
    who, truth = Identities(), two()
    who.add([column(0), column(60)], 0.0, GREY, truth)
    crossed = np.where(truth == 7, 9, np.where(truth == 9, 7, 0))
    who.add([column(0), column(60)], 0.04, GREY, crossed)  # they changed places between two frames
    assert who.switches == 2
    who.add([column(0), column(60)], 0.08, GREY, crossed)
    assert who.switches == 2
    # 7 is number 2 and 9 is number 1 in two of three frames: 2 · 4 / (6 + 6)
    assert who.idf1 == pytest.approx(8 / 12)


def test_idf1_counts_who_is_missed_and_who_is_nobody():
    who, truth = Identities(), two()
    assert who.idf1 is None
    who.add([column(0)], 0.0, GREY, truth)  # 9 is missed
    who.add([column(0), column(60), column(100)], 0.04, GREY, truth)  # one too many
    assert who.idf1 == pytest.approx(2 * 3 / (4 + 4))
    nobody = Identities()
    nobody.add([], 0.0, GREY, truth)
    assert nobody.idf1 == 0


@pytest.mark.parametrize("hidden", [0.05, 0.35, 0.5])
def test_three_who_cross_in_the_sample_keep_their_numbers(hidden):
    """True masks in the network's place; who shows less than this share of the body is missed."""
    who = Identities()
    _, people = read_truth(SAMPLE.with_suffix(".truth.mkv"))
    whole = [(people == number).sum(axis=(1, 2)).max() for number in (1, 2, 3)]
    true = found = 0
    with FrameReader(SAMPLE) as frames:
        for frame, truth in zip(frames, people, strict=True):
            masks = [truth == number for number in (3, 1, 2)]
            masks = [
                m
                for m, most in zip(masks, np.roll(whole, 1), strict=True)
                if m.sum() > hidden * most
            ]
            who.add(masks[:: 1 if frame.index % 2 else -1], float(frame.time), frame.image, truth)
            true += len(np.unique(truth)) - 1
            found += len(masks)
    assert who.switches == 0 and who.tracks == 3
    assert found == true if hidden < 0.1 else found < true - 5
    assert who.idf1 == pytest.approx(2 * found / (true + found))
