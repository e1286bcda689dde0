"""The robust average: what is trusted, what is not, and that nothing is lost where all agree."""

from dataclasses import replace
from fractions import Fraction

import cv2
import numpy as np
import pytest
import torch

from ddp_video.flow import DisFlow
from ddp_video.settings import SmoothSettings
from ddp_video.smooth import Smoothed, smooth
from ddp_video.types import FLOOR, LOGIT_CHANNELS, PARTS, Frame, Person, Prediction

from .scenes import Panning

GRID, SIZE = (12, 16), (96, 128)
ROBUST = SmoothSettings()


class Still:
    """Nothing moves; from the frames in `lost` the way back is not found."""

    def __init__(self, *lost: int) -> None:
        self.lost = lost

    def flows(self, window, centre, grid):
        return {j - centre: torch.zeros(2, *grid) for j in range(len(window)) if j != centre}

    def flows_back(self, window, centre, grid):
        flows = self.flows(window, centre, grid)
        return {k: f + 9.0 * (window[centre + k][0, 0, 0] in self.lost) for k, f in flows.items()}


def square(part: int = 2, u: float = 0.4, chance: float = 0.9, left: int = 4) -> Prediction:
    """One person of 6×6 cells, all of one part."""
    chances = torch.full((PARTS, *GRID), FLOOR)
    chances[0] = 1.0
    there = (slice(3, 9), slice(left, left + 6))
    chances[0][there], chances[part][there] = 1 - chance, chance
    logits = torch.zeros(LOGIT_CHANNELS, *GRID)
    logits[:PARTS] = chances.clamp(min=FLOOR).log()
    logits[PARTS + part][there] = logits[2 * PARTS + part][there] = u
    coverage = torch.zeros(GRID)
    coverage[there] = 1
    person = Person((0.0, 0.0, 9.0, 9.0), 0.9, coverage.clone(), coverage.clone())
    return Prediction(logits, coverage, (person,), SIZE)


def nobody() -> Prediction:
    gone = square(chance=FLOOR)
    return replace(gone, coverage=torch.zeros(GRID), people=())


def smoothed(
    clip: list[Prediction],
    settings: SmoothSettings = ROBUST,
    engine: Still | Panning | DisFlow | None = None,
    images: list[np.ndarray] | None = None,
) -> list[Smoothed]:
    images = images or [np.full((*SIZE, 3), 100 + t, np.uint8) for t in range(len(clip))]
    frames = [Frame(image, t, t, Fraction(1, 25)) for t, image in enumerate(images)]
    return list(smooth(zip(frames, clip, strict=True), engine or Still(), (2,), settings))


def parts(prediction: Prediction) -> torch.Tensor:
    return prediction.logits[:PARTS].argmax(0)


def u_of(prediction: Prediction, part: int = 2) -> float:
    return float(prediction.logits[PARTS + part, 5, 6])


def test_a_still_clip_keeps_its_labels():
    clip = [square() for _ in range(5)]
    for each in smoothed(clip):
        assert torch.equal(parts(each.smoothed[2]), parts(each.unsmoothed))
        assert u_of(each.smoothed[2]) == pytest.approx(0.4)
        assert torch.equal(each.smoothed[2].coverage, each.unsmoothed.coverage)


def test_a_part_that_flips_for_a_frame_is_outvoted():
    clip = [square(part=7 if t == 2 else 2) for t in range(5)]
    result = smoothed(clip)[2].smoothed[2]
    assert int(parts(result)[5, 6]) == 2
    # the present frame, which says 7, has hardly a say: its own U of part 2 is 0
    votes = 4 * np.sqrt(0.9)
    assert u_of(result) == pytest.approx(votes * 0.4 / (votes + np.sqrt(FLOOR)), abs=1e-3)


def test_a_person_who_is_missed_in_a_frame_comes_back_and_one_who_is_false_goes():
    missed = [nobody() if t == 2 else square() for t in range(5)]
    assert int(parts(smoothed(missed)[2].smoothed[2])[5, 6]) == 2
    false = [square() if t == 2 else nobody() for t in range(5)]
    assert int(parts(smoothed(false)[2].smoothed[2]).max()) == 0


def test_two_sure_frames_do_not_outvote_three():
    # the mean of log-probabilities lets it: 3·ln .97 + 2·ln FLOOR = -13.9 against 3·ln .03 = -10.5
    clip = [square(chance=0.97) if t in (0, 2, 4) else nobody() for t in range(5)]
    assert int(parts(smoothed(clip)[2].smoothed[2])[5, 6]) == 2
    paper = smoothed(clip, replace(ROBUST, method="paper"))[2].smoothed[2]
    assert int(parts(paper)[5, 6]) == 0


def test_in_doubt_a_bare_majority_is_not_enough():
    # -.8, -.8, -.8, 1, 1: mean -.08, standard deviation .88
    clip = [square() if t in (0, 2, 4) else nobody() for t in range(5)]
    assert int(parts(smoothed(clip)[2].smoothed[2])[5, 6]) == 0
    trusting = replace(ROBUST, doubt=False)
    assert int(parts(smoothed(clip, trusting)[2].smoothed[2])[5, 6]) == 2


def test_a_neighbour_from_which_there_is_no_way_back_does_not_count():
    clip = [square(part=2 if t == 2 else 7) for t in range(5)]
    lost = Still(100, 101, 103, 104)
    settings = replace(ROBUST, cuts=False)
    assert int(parts(smoothed(clip, settings, lost)[2].smoothed[2])[5, 6]) == 2
    blind = replace(settings, occlusion=False)
    assert int(parts(smoothed(clip, blind, lost)[2].smoothed[2])[5, 6]) == 7


def test_a_neighbour_of_another_colour_does_not_count():
    clip = [square(part=2 if t == 2 else 7) for t in range(5)]
    images = [np.full((*SIZE, 3), 200 if t == 2 else 20, np.uint8) for t in range(5)]
    settings = replace(ROBUST, cuts=False)
    alike = smoothed(clip, settings, images=images)[2].smoothed[2]
    assert int(parts(alike)[5, 6]) == 2
    blind = smoothed(clip, replace(settings, likeness=False), images=images)[2].smoothed[2]
    assert int(parts(blind)[5, 6]) == 7


def test_u_and_v_are_averaged_over_those_who_agree():
    near = [square(u=u) for u in (0.38, 0.42, 0.4, 0.41, 0.39)]
    assert u_of(smoothed(near)[2].smoothed[2]) == pytest.approx(0.4, abs=1e-3)
    far = [square(u=0.4 if t == 2 else 0.9) for t in range(5)]
    weight = 4 * np.exp(-(0.9**2) * 2 * 0.5**2 / 0.25**2)  # U and V differ, both are sure to .9
    mean = (0.4 + weight * 0.9) / (1 + weight)
    assert u_of(smoothed(far)[2].smoothed[2]) == pytest.approx(mean, abs=1e-3)
    blind = smoothed(far, replace(ROBUST, agreement=False))[2].smoothed[2]
    assert u_of(blind) == pytest.approx(0.8, abs=1e-3)


def test_u_is_drawn_to_that_around_by_a_hundredth_at_most():
    def drawn(u: float) -> float:
        clip = [square() for _ in range(3)]
        for each in clip:
            each.logits[PARTS + 2, 5, 6] = u
        even, own = (
            u_of(smoothed(clip, replace(ROBUST, even=even))[1].smoothed[2])
            for even in (True, False)
        )
        assert own == pytest.approx(u, abs=1e-5)
        return even - own

    edge = np.exp(-0.5 / 0.7**2)
    middle = 1 / (1 + 2 * edge) ** 2  # of a Gaussian on 3x3 cells, σ = .7
    assert drawn(0.395) == pytest.approx(0.005 * (1 - middle), abs=1e-5)
    assert drawn(0.2) == pytest.approx(0.01, abs=1e-5)
    assert drawn(0.6) == pytest.approx(-0.01, abs=1e-5)


def shot(seed: int, frames: int) -> list[np.ndarray]:
    noise = np.random.default_rng(seed).integers(0, 256, (*SIZE, 3), np.uint8)
    still = cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 3), noise, 0, 255, cv2.NORM_MINMAX)
    return [still.copy() for _ in range(frames)]


def test_a_cut_leaves_no_ghost():
    clip = [square(left=1) if t < 4 else square(left=9, part=7, u=0.7) for t in range(8)]
    images = shot(1, 4) + shot(2, 4)
    for each in smoothed(clip, engine=DisFlow(), images=images):
        result = each.smoothed[2]
        assert torch.equal(parts(result), parts(each.unsmoothed))
        assert torch.equal(result.coverage, each.unsmoothed.coverage)
        there = result.coverage > 0
        torch.testing.assert_close(
            result.logits[PARTS:, there], each.unsmoothed.logits[PARTS:, there]
        )
    ghosts = smoothed(clip, replace(ROBUST, method="paper"), DisFlow(), images)
    assert any(not torch.equal(parts(g.smoothed[2]), parts(g.unsmoothed)) for g in ghosts)


def test_masks_are_averaged_with_those_of_the_same_person():
    clip = [square() for _ in range(5)]
    clip[2].people[0].instance_mask[3] = 0.0  # a row is missed
    mask = smoothed(clip)[2].smoothed[2].people[0].instance_mask
    torch.testing.assert_close(mask[3, 4:10], torch.full((6,), 0.8), atol=1e-3, rtol=0)
    assert float(mask[2].max()) == 0
    own = smoothed(clip, replace(ROBUST, masks=False))[2].smoothed[2].people
    assert own is clip[2].people


def test_masks_of_other_people_stay_out():
    clip = [square(left=0 if t == 2 else 10) for t in range(5)]
    mask = smoothed(clip)[2].smoothed[2].people[0].instance_mask
    torch.testing.assert_close(mask, clip[2].people[0].instance_mask)


def test_the_background_has_what_the_winning_part_leaves():
    clip = [square(part=2 + t % 2, chance=0.7) for t in range(5)]
    chances = smoothed(clip)[2].smoothed[2].logits[:PARTS, 5, 6].exp()
    assert float(chances[0] + chances[1:].max()) == pytest.approx(1, abs=1e-4)
    sure, not_so = np.sqrt(0.7), np.sqrt(FLOOR)  # three frames of five against two
    ratio = ((2 * sure + 3 * not_so) / (3 * sure + 2 * not_so)) ** 2
    assert float(chances[3] / chances[2]) == pytest.approx(ratio, abs=5e-3)
    assert float(chances[0]) == pytest.approx(0.3, abs=1e-4)
    assert float(chances.min()) >= FLOOR * 0.999


def test_neighbours_in_time_alone_are_taken_the_same_from_both_sides():
    clip = [square(u=0.3 + 0.02 * t) for t in range(5)]
    forth, back = smoothed(clip), smoothed(clip[::-1])
    for one, other in zip(forth, back[::-1], strict=True):
        torch.testing.assert_close(
            one.smoothed[2].logits, other.smoothed[2].logits, atol=1e-3, rtol=0
        )


def test_a_neighbour_without_people_leaves_the_masks():
    clip = [nobody() if t == 1 else square() for t in range(5)]
    mask = smoothed(clip)[2].smoothed[2].people[0].instance_mask
    torch.testing.assert_close(mask, clip[2].people[0].instance_mask)


def test_what_moves_is_carried_along_and_leaves_nothing_behind():
    clip = [square(left=1 + 2 * t) for t in range(5)]
    for each in smoothed(clip, replace(ROBUST, likeness=False), Panning(step=2)):
        assert torch.equal(parts(each.smoothed[2]), parts(each.unsmoothed))
        assert torch.equal(each.smoothed[2].coverage, each.unsmoothed.coverage)
