"""The keyed walk and what holds for all motions."""

import numpy as np
import pytest

pytest.importorskip("scipy")

from ddp_video.synthesis.body.rotations import turn
from ddp_video.synthesis.motion.motion import HIP_FLEXION, facing, moved, periodic


def test_periodic_passes_through_its_keys():
    assert np.allclose(periodic(HIP_FLEXION, np.arange(10) / 10), HIP_FLEXION)
    assert np.allclose(
        periodic(HIP_FLEXION, np.array([0.37])), periodic(HIP_FLEXION, np.array([1.37]))
    )


def test_moved_turns_the_path_about_the_given_place():
    motion = {"root": np.eye(3)[None].repeat(2, 0)}, np.array([[-1.0, 0, 5], [1, 0, 5]])
    turns, root = moved(motion, 90.0, (10.0, 20.0))
    assert np.allclose(root, [[10, 19, 5], [10, 21, 5]])
    assert np.allclose(turns["root"][0], turn("z", 90.0))


@pytest.mark.parametrize(
    ("pelvis", "degrees"),
    [
        (turn("z", 30.0), 30.0),
        (turn("z", 30.0) @ turn("x", -85.0), 30.0),  # on the back: the hips tell
        (turn("z", 30.0) @ turn("x", 180.0), 30.0 - 180.0),  # upside down, the front is the front
    ],
)
def test_where_somebody_looks(pelvis, degrees):
    assert facing({"root": pelvis[None]}) == pytest.approx(degrees)
