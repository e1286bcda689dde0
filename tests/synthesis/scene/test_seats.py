"""Who sits does so on something made to measure."""

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("anny")
pytest.importorskip("warp")

from ddp_video.synthesis.body.body import Body
from ddp_video.synthesis.motion.postures import COMMON, RARE
from ddp_video.synthesis.motion.stances import held
from ddp_video.synthesis.scene import scene
from ddp_video.synthesis.scene.camera import look
from ddp_video.synthesis.scene.seats import LOWEST, desk, seat, seats, sitting

FAR = look(np.array([0.0, -9.0, 1.5]), np.array([0.0, 0.0, 0.9]), 0.0, 300.0, (128, 128))

pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture(scope="module")
def who():
    body = Body({"age": 0.6})
    return scene.Dressed(body, [body.skin(np.full((4, 4, 4), 255, np.uint8))])


def posed(who, name, seed):
    turns = held(who.body, (COMMON | RARE)[name], np.random.default_rng(seed))
    return scene.stood(who, (turns, np.zeros((1, 3))))


@pytest.mark.parametrize(
    ("name", "sits"),
    [("sitting", True), ("standing", False), ("cross-legged", False), ("on all fours", False),
     ("lying on the back", False), ("handstand", False)],
)  # fmt: skip
def test_who_sits(who, name, sits):
    for seed in range(5):
        assert (sitting(posed(who, name, seed)) is not None) == sits


@pytest.mark.parametrize("way", [0.0, 90.0, -135.0])
def test_a_seat_is_below_who_sits_and_faces_the_same_way(who, way):
    rng = np.random.default_rng(0)
    for seed in range(5):
        person = posed(who, "sitting", seed).moved(way, np.array([2.0, -1.0]))
        how = sitting(person)
        assert how is not None
        assert abs((how.way - way + 180) % 360 - 180) < 40  # the pelvis may be turned
        hips = np.mean([person.joint(f"upperleg01.{side}") for side in "LR"], 0)
        assert np.allclose(how.place, hips * (1, 1, 0))
        assert LOWEST < how.seat < hips[2] - 0.05
        for _ in range(5):
            low = scene.corners(seat(how, rng))
            assert low[:, 2].min() == pytest.approx(0, abs=1e-9)
            board = np.abs(low[:, 2] - how.seat - 0.005) < 1e-9
            assert board.sum() >= 4  # the seat's upper side
            assert np.ptp(low[board, 1]) > 0.3
            table = scene.corners(desk(how, rng))
            assert table[:, 1].max() < -0.05
            assert table[:, 2].max() > how.seat + 0.2


def test_the_seats_bring_the_world(who):
    person = posed(who, "sitting", 1).moved(50.0, np.array([1.0, 2.0]))
    there = scene.corners(seats([person], FAR, np.random.default_rng(1)))
    hips = person.joint("root")
    assert np.linalg.norm((there.min(0) + there.max(0))[:2] / 2 - hips[:2]) < 0.6
    other = person.moved(0.0, np.array([0.02, 0.0]))  # somebody where the seat would be
    assert seats([person, other], FAR, np.random.default_rng(1)) == []
    inside = replace(FAR, eye=person.joint("lowerleg01.L"))  # a camera where the table may be
    assert seats([person], inside, np.random.default_rng(1)) == []
    assert seats([posed(who, "standing", 0)], FAR, np.random.default_rng(1)) == []


def test_a_desk_stands_before_a_child_whose_knees_do_not_reach_over_the_seat(who):
    how = sitting(posed(who, "sitting", 0))
    assert how is not None
    short = replace(how, points=how.points * (1, 0.1, 1))
    low = scene.corners(desk(short, np.random.default_rng(0)))
    assert low[:, 2].max() == pytest.approx(how.seat + 0.27)
    assert low[:, 1].max() < short.points[:, 1].max()
