import numpy as np
import pytest

from ddp_video.fitting.sides import GROUP, LEFT, RIGHT, body_scale, evidence, facing, segment

from .figures import CENTRE, METRE, body, world

HALF_TURN = np.pi


def at(x: float, y: float) -> np.ndarray:
    """One pixel, in metres from the hips' middle."""
    return np.array([[x, y]]) * METRE + CENTRE


def winner(point: np.ndarray, parts: tuple[int, int], turned: float = 0.0) -> int:
    sides, _ = evidence(point, body(turned))
    return parts[int(sides[0, parts[1] - 1] > sides[0, parts[0] - 1])]


def test_facing() -> None:
    np.testing.assert_allclose(facing(world()), [0, 0, -1], atol=1e-6)
    np.testing.assert_allclose(facing(world(HALF_TURN)), [0, 0, 1], atol=1e-6)
    assert abs(facing(world(np.pi / 2))[0]) == pytest.approx(1)


def test_segment_by_hand() -> None:
    points = np.array([[5.0, 3.0], [-3.0, 4.0], [14.0, -3.0]])
    along, distance, across = segment(points, np.array([0.0, 0.0]), np.array([10.0, 0.0]))
    np.testing.assert_allclose(along, [0.5, 0, 1])
    np.testing.assert_allclose(distance, [3, 5, 5])
    np.testing.assert_allclose(across, [3, 4, -3])


def test_scale_is_pixels_per_metre() -> None:
    person = body()
    assert body_scale(person.xy, person.world) == pytest.approx(METRE)


@pytest.mark.parametrize(
    ("place", "right_left"),
    [
        ((0.2, 0.3), (9, 10)),  # thigh
        ((0.25, 0.7), (13, 14)),  # shin
        ((0.33, 0.93), (6, 5)),  # foot
        ((0.3, -0.5), (18, 17)),  # upper arm
        ((0.6, -0.5), (22, 21)),  # lower arm
        ((0.75, -0.5), (3, 4)),  # hand
        ((0.05, -0.75), (23, 24)),  # head
    ],
)
def test_sides_follow_the_landmarks(
    place: tuple[float, float], right_left: tuple[int, int]
) -> None:
    right, left = right_left
    x, y = place
    assert winner(at(x, y), (right, left)) == left  # facing us, their left is on our right
    assert winner(at(-x, y), (right, left)) == right
    assert winner(at(x, y), (right, left), HALF_TURN) == right  # seen from behind
    assert winner(at(-x, y), (right, left), HALF_TURN) == left


@pytest.mark.parametrize(
    ("place", "back_front"),
    [((0.0, -0.2), (1, 2)), ((0.15, 0.2), (8, 10)), ((0.25, 0.7), (12, 14))],
)
def test_front_and_back(place: tuple[float, float], back_front: tuple[int, int]) -> None:
    back, front = back_front
    assert winner(at(*place), (back, front)) == front
    x, y = place
    mirrored = {
        8: 7,
        10: 9,
        12: 11,
        14: 13,
    }  # seen from behind, the leg on our right is the right one
    behind = mirrored.get(back, back), mirrored.get(front, front)
    assert winner(at(x, y), behind, HALF_TURN) == behind[0]


def test_a_torso_from_the_side_shows_both() -> None:
    # turned by a quarter: the chest is at one rim of the outline, the back at the other
    chest = np.sign(facing(world(np.pi / 2))[0])
    assert winner(at(0.14 * chest, -0.2), (1, 2), np.pi / 2) == 2
    assert winner(at(-0.14 * chest, -0.2), (1, 2), np.pi / 2) == 1


def test_limbs_are_doubted_far_from_their_landmarks() -> None:
    _, doubt = evidence(np.concatenate([at(0.75, -0.5), at(0.2, 0.7)]), body())
    hands = GROUP == 1
    assert (doubt[0, hands] <= 0).all()
    assert (doubt[1, hands] == 6).all()
    assert (doubt[:, GROUP == 0] == 0).all()


def test_every_part_but_the_torso_has_one_side() -> None:
    np.testing.assert_array_equal(LEFT ^ RIGHT, np.arange(1, 25) > 2)
    assert (np.bincount(GROUP) == [2, 2, 2, 4, 4, 4, 4, 2]).all()
