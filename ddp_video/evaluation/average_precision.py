"""Average precision and recall by the COCO protocol, for any similarity of people (IoU, GPS, GPSm).

Dims: D people found, G true people, T thresholds, R recall points.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

THRESHOLDS = np.linspace(0.5, 0.95, 10)
RECALLS = np.linspace(0, 1, 101)
AREAS = {"all": (0.0, 1e10), "medium": (32.0**2, 96.0**2), "large": (96.0**2, 1e10)}
AT_MOST = 20  # people found, by score, that count in one picture


@dataclass(frozen=True)
class Comparison:
    """People found in one picture against the true ones.

    Attributes:
        similarity: (D, G) 0..1.
        score: (D,) of the people found.
        found_area: (D,) pixels.
        true_area: (G,) pixels.
        ignored: (G,) bool; finding such a person neither helps nor harms.
        crowd: (G,) bool, ignored regions that may be matched by many.
    """

    similarity: np.ndarray
    score: np.ndarray
    found_area: np.ndarray
    true_area: np.ndarray
    ignored: np.ndarray
    crowd: np.ndarray


@dataclass(frozen=True)
class Precision:
    """Results by area range.

    Attributes:
        average_precision: (T,) for each area range, mean precision over the recall points; None
            where there is nobody of that size.
        recall: (T,) likewise, the greatest recall.
        people: number of true people that count, by area range.
    """

    average_precision: dict[str, np.ndarray | None]
    recall: dict[str, np.ndarray | None]
    people: dict[str, int]

    def summary(self) -> dict[str, float | None]:
        """The ten figures of the field's tables, in percent."""
        rows: dict[str, float | None] = {}
        for name, table in (("AP", self.average_precision), ("AR", self.recall)):
            rows[name] = _percent(table["all"])
            rows[f"{name}50"] = _percent(table["all"], 0)
            rows[f"{name}75"] = _percent(table["all"], 5)
            rows[f"{name}M"] = _percent(table["medium"])
            rows[f"{name}L"] = _percent(table["large"])
        return rows


def _percent(values: np.ndarray | None, threshold: int | None = None) -> float | None:
    if values is None:
        return None
    return 100 * float(values.mean() if threshold is None else values[threshold])


def precision(pictures: Sequence[Comparison], at_most: int = AT_MOST) -> Precision:
    """Precision and recall over all pictures, by area range.

    Args:
        pictures: one comparison each; also those where nobody is, or nobody was found.
        at_most: people found that count in one picture.
    """
    average, recall, people = {}, {}, {}
    for name, bounds in AREAS.items():
        average[name], recall[name], people[name] = _of_area(pictures, bounds, at_most)
    return Precision(average, recall, people)


def _of_area(
    pictures: Sequence[Comparison], bounds: tuple[float, float], at_most: int
) -> tuple[np.ndarray | None, np.ndarray | None, int]:
    """Average precision (T,), recall (T,), and how many people count."""
    scores, matched, void, count = [np.zeros(0)], [_NOTHING], [_NOTHING], 0
    for picture in pictures:
        order = np.argsort(-picture.score, kind="mergesort")[:at_most]
        outside = (picture.true_area < bounds[0]) | (picture.true_area > bounds[1])
        ignored = picture.ignored | outside
        hit, nil = _match(picture.similarity[order], ignored, picture.crowd)
        small_or_large = (picture.found_area < bounds[0]) | (picture.found_area > bounds[1])
        scores.append(picture.score[order])
        matched.append(hit)
        void.append(nil | (~hit & small_or_large[order]))
        count += int((~ignored).sum())
    if count == 0:
        return None, None, 0
    order = np.argsort(-np.concatenate(scores), kind="mergesort")
    hit, nil = (np.concatenate(part, 1)[:, order] for part in (matched, void))
    right, wrong = np.cumsum(hit & ~nil, 1), np.cumsum(~hit & ~nil, 1)
    curves = [_interpolated(r, w, count) for r, w in zip(right, wrong, strict=True)]
    greatest = right[:, -1] / count if right.size else np.zeros(len(THRESHOLDS))
    return np.array([c.mean() for c in curves]), greatest, count


_NOTHING = np.zeros((len(THRESHOLDS), 0), bool)


def _match(
    similarity_DG: np.ndarray, ignored_G: np.ndarray, crowd_G: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Who was found, by falling score: each takes the most similar true person that is left.

    Returns:
        (T, D) bool, matched at each threshold; (T, D) bool, matched to somebody who is ignored.
    """
    found, true = similarity_DG.shape
    matched = np.zeros((len(THRESHOLDS), found), bool)
    void = np.zeros_like(matched)
    order = np.argsort(ignored_G, kind="mergesort")  # people that count come first
    for t, threshold in enumerate(THRESHOLDS):
        taken = np.zeros(true, bool)
        for d in range(found):
            best = _best(similarity_DG[d], order, taken & ~crowd_G, ignored_G, threshold)
            if best is not None:
                matched[t, d], void[t, d], taken[best] = True, ignored_G[best], True
    return matched, void


def _best(
    similarity_G: np.ndarray,
    order: np.ndarray,
    barred: np.ndarray,
    ignored: np.ndarray,
    threshold: float,
) -> int | None:
    """The most similar person not yet taken; somebody ignored only where nobody else fits."""
    best, least = None, min(threshold, 1 - 1e-10)
    for g in order:
        if barred[g]:
            continue
        if best is not None and ignored[g] and not ignored[best]:
            break
        if similarity_G[g] >= least:
            best, least = int(g), float(similarity_G[g])
    return best


def _interpolated(right: np.ndarray, wrong: np.ndarray, count: int) -> np.ndarray:
    """Precision at the recall points (R,), made to fall with recall."""
    recall = right / count
    value = right / np.maximum(right + wrong, np.spacing(1))
    value = np.maximum.accumulate(value[::-1])[::-1]
    place = np.searchsorted(recall, RECALLS, side="left")
    return np.append(value, 0.0)[np.minimum(place, len(value))]
