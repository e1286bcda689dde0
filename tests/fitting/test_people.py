import numpy as np
import pytest

from ddp_video.fitting.people import Candidate, box_iou, credible, find_people, share_out

from .figures import pose


def rectangle(x0: int, y0: int, x1: int, y1: int) -> np.ndarray:
    mask = np.zeros((256, 256), bool)
    mask[y0:y1, x0:x1] = True
    return mask


def test_box_iou_by_hand() -> None:
    assert box_iou(np.array([0, 0, 4, 4]), np.array([2, 0, 6, 4])) == pytest.approx(8 / 24)
    assert box_iou(np.array([0, 0, 4, 4]), np.array([4, 0, 6, 4])) == 0


def test_two_people_who_touch_are_parted_by_their_poses() -> None:
    left, right = rectangle(40, 40, 100, 200), rectangle(100, 40, 160, 200)
    far = rectangle(220, 100, 250, 160)
    boxes = np.array([40.0, 40, 108, 200]), np.array([92.0, 40, 160, 200])
    people = [Candidate(boxes[0], pose(left)), Candidate(boxes[1], pose(right))]
    masks, rest = share_out((left | right | far).astype(float), people)
    np.testing.assert_array_equal(masks[0], left)
    np.testing.assert_array_equal(masks[1], right)
    np.testing.assert_array_equal(rest, far)  # somebody, but nobody we know


def test_without_a_pose_the_box_decides() -> None:
    person, other = rectangle(40, 40, 100, 200), rectangle(150, 40, 200, 200)
    people = [Candidate(np.array([40.0, 40, 100, 200]), None)]
    masks, rest = share_out((person | other).astype(float), people)
    np.testing.assert_array_equal(masks[0], person)
    np.testing.assert_array_equal(rest, other)


def test_specks_are_dropped() -> None:
    person, speck = rectangle(40, 40, 100, 200), rectangle(104, 60, 106, 62)
    people = [Candidate(np.array([40.0, 40, 110, 200]), None)]
    masks, _ = share_out((person | speck).astype(float), people)
    np.testing.assert_array_equal(masks[0], person)


def test_a_pose_is_credible_when_sure_and_in_its_box() -> None:
    mask = rectangle(60, 20, 200, 250)
    box = np.array([55.0, 15, 205, 255])
    assert credible(pose(mask), box)
    assert not credible(pose(mask, score=0.3), box)
    assert not credible(pose(mask), np.array([0.0, 0, 60, 60]))


class Twins:
    """Teachers who see the same pose in every box."""

    def __init__(self, *boxes: tuple[float, ...]) -> None:
        self.found = np.array([(*box, 0.9) for box in boxes], np.float32)

    def boxes(self, image: np.ndarray, threshold: float = 0.35) -> np.ndarray:
        return self.found

    def pose(self, image: np.ndarray, box: np.ndarray, angle: float = 0.0):
        return pose(rectangle(60, 20, 200, 250), score=0.9 if box[0] > 65 else 1.0)


IMAGE = np.zeros((256, 256, 3), np.uint8)


def test_two_boxes_about_one_person_are_one() -> None:
    teachers = Twins((55, 10, 205, 220), (75, 60, 185, 250))  # the upper and the lower half
    people, others = find_people(teachers, IMAGE)
    assert others == []
    (person,) = people
    np.testing.assert_array_equal(person.box, [55, 10, 205, 250])
    assert person.pose is not None


def test_a_pose_found_twice_belongs_to_the_surer_of_two_people() -> None:
    teachers = Twins((20, 20, 150, 250), (70, 20, 240, 245))  # side by side
    people, _ = find_people(teachers, IMAGE)
    assert [p.pose is not None for p in people] == [True, False]
    np.testing.assert_array_equal(people[1].box, [70, 20, 240, 245])


def test_whom_the_matte_misses_keeps_the_mask_of_the_pose() -> None:
    near, far = rectangle(10, 10, 90, 250), rectangle(140, 80, 200, 220)
    boxes = np.array([10.0, 10, 90, 250]), np.array([140.0, 80, 200, 220])
    people = [Candidate(boxes[0], pose(near)), Candidate(boxes[1], pose(far))]
    masks, rest = share_out(near.astype(float), people)
    np.testing.assert_array_equal(masks[0], near)
    np.testing.assert_array_equal(masks[1], far)
    assert not rest.any()
