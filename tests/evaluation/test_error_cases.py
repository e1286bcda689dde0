import numpy as np

from ddp_video.evaluation.error_cases import TILE, ErrorCases, cut_off, kinds_of, merged
from ddp_video.evaluation.error_sheet import error_sheet, write_error_sheet
from ddp_video.evaluation.found import people_of
from ddp_video.evaluation.truth import TruePerson, box_of, labelled, outlined
from ddp_video.tracks import overlaps

from .stage import prediction, two_people

IMAGE = np.full((96, 128, 3), 90, np.uint8)


def truth() -> list[TruePerson]:
    iuv, owner = two_people()
    return [labelled(iuv * (owner == n)[..., None]) for n in (1, 2)]


def kinds(found, true, k=0, row=None):
    people = people_of(found)
    return kinds_of(
        k, true, people, overlaps([p.mask for p in people], [t.mask for t in true]), row
    )


def test_nothing_is_wrong_with_the_truth():
    cases = ErrorCases()
    perfect = {"left_right": 0.0, "front_back": 0.0, "parts_hands": 1.0, "parts_feet": float("nan")}
    cases.add(IMAGE, "a", truth(), people_of(prediction(*two_people())), [perfect, perfect])
    assert sum(cases.counts.values()) == 0


def test_missed_and_merged():
    iuv, owner = two_people()
    everybody = (owner > 0).astype(np.uint8)
    wrong = kinds(prediction(iuv, everybody), truth())
    assert wrong["merged"] == 1 and "missed" not in wrong
    assert kinds(prediction(iuv, np.where(owner == 2, 2, 0)), truth())["missed"] == 1


def test_merged_asks_for_half_of_both():
    true = truth()
    iuv, owner = two_people()
    grown = owner == 1
    grown[8:38, 74:114] = True  # three eighths of the other
    (person,) = people_of(prediction(iuv, grown.astype(np.uint8)))
    assert merged(0, true, [person]) == 0
    grown[8:58, 74:114] = True  # five eighths
    (person,) = people_of(prediction(iuv, grown.astype(np.uint8)))
    assert merged(0, true, [person]) == 50 / 80


def test_kinds_of_labels():
    row = {"left_right": 0.3, "front_back": 0.2, "parts_hands": 0.1, "parts_feet": float("nan")}
    wrong = kinds(prediction(*two_people()), truth(), row=row)
    assert wrong["left_right"] == 0.3 and wrong["front_back"] == 0.2
    assert wrong["hands"] == 0.9 and wrong["feet"] == 0


def test_far_and_cropped():
    mask = np.zeros((200, 200), bool)
    mask[100:140, 50:60] = True
    far = outlined(mask)
    assert kinds_of(0, [far], [], np.zeros((0, 1)), None) == {"far": 1.0}
    mask[:, 50:60] = True
    assert cut_off(outlined(mask)) and not cut_off(far)


def test_the_worst_are_kept_and_all_are_counted():
    cases = ErrorCases(a_kind=2)
    _, owner = two_people()
    full = people_of(prediction(*two_people()))[:1]
    person = TruePerson(box_of(owner == 1), owner == 1, None, np.zeros((0, 5)), None)
    for name, error in (("a", 0.2), ("b", 0.9), ("c", 0.05), ("d", 0.5)):
        row = {"left_right": error, "front_back": 0.0, "parts_hands": 1.0, "parts_feet": 1.0}
        cases.add(IMAGE, name, [person], full, [row])
    assert [case.name for case in cases.of_kind("left_right")] == ["b", "d"]
    assert cases.counts["left_right"] == 3  # .05 is none


def test_the_sheet(tmp_path):
    cases = ErrorCases()
    cases.add(IMAGE, "a", truth(), [])
    tile = cases.of_kind("missed")[0].tile
    assert tile.shape == (TILE, 2 * TILE, 3)
    left, right = tile[:, :TILE], tile[:, TILE:]
    assert (left == 255).all(-1).any()  # the outline of the truth
    assert not (right == 255).all(-1).any()  # nobody was found
    sheet = error_sheet(cases)
    assert sheet.shape[1] == 8 * (2 * TILE + 6)
    np.testing.assert_array_equal(sheet[18 : 18 + TILE, : 2 * TILE], tile)
    write_error_sheet(cases, tmp_path / "sheet.png")
    assert [p.name for p in tmp_path.iterdir()] == ["sheet.png"]
