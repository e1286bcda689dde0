"""What the page tells in words: how the predictions were made, and what was left out."""

from collections.abc import Mapping, Sequence
from typing import Any

from .measured import Series

Made = Mapping[str, Any]


def settings_table(names: Sequence[str], made: Sequence[Made]) -> dict[str, Any]:
    """How each side was made, one row for each fact; a fact of both stands once.

    Args:
        names: of the sides.
        made: of each side, as a store's header tells it: weights, inference, settings, smoothing.

    Returns:
        `head` and `rows`, text throughout.
    """
    told = [_told(each) for each in made]
    labels = dict.fromkeys(label for each in told for label in each)
    values = {label: [each.get(label, "–") for each in told] for label in labels}
    rows = [[label, *dict.fromkeys(each)] for label, each in values.items()]
    return {"head": ["", *names], "rows": rows}


def _told(made: Made) -> dict[str, str]:
    weights = made["weights"] or {"name": "unknown", "sha256": ""}
    told = {"weights": f"{weights['name']} {weights.get('sha256', '')[:12]}".strip()}
    told |= {_words(key): str(value) for key, value in made["inference"].items()}
    told |= {_words(key): str(value) for key, value in made["settings"].items()}
    smoothing = made["smoothing"]
    told["smoothing"] = "none"
    if smoothing:
        method = smoothing.get("method", "paper")  # stores of before there was a choice
        told["smoothing"] = f"{method}, r = {smoothing['radius']}"
        told["optical flow"] = str(smoothing["flow"])
    return told


def left_out(
    names: Sequence[str], series: Sequence[Series], unmatched: int, warnings: Sequence[str]
) -> list[str]:
    """One line for each thing that the figures, the curves or the study do without.

    Args:
        names: of the sides.
        series: what was measured of each.
        unmatched: frames that only one of two stores holds.
        warnings: of the source: damaged frames.
    """
    lines = [f"Source: {each}" for each in dict.fromkeys(warnings)]
    if unmatched:
        held = "frame is" if unmatched == 1 else "frames are"
        lines.append(f"{unmatched} {held} in one of the two stores only: not shown.")
    for name, each in zip(names, series, strict=True):
        totals = each.totals()
        if totals["identical"]:
            lines.append(
                f"{name}: {totals['identical']} of {len(each.people) - 1} pairs of frames are "
                "identical: not in ITF and ISI, gaps in the curves."
            )
        if totals["empty"]:
            lines.append(
                f"{name}: {totals['empty']} of {len(each.people)} frames without people: "
                "shown, but no part can flip there."
            )
    return lines


def _words(key: str) -> str:
    return key.replace("_", " ")
