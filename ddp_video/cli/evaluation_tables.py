"""Tables of what `ddp-video evaluate` measured."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from ..evaluation.split import Wanted

Figures = Mapping[str, Any]

PRECISIONS = ("AP", "AP50", "AP75", "APM", "APL", "AR", "AR50", "AR75", "ARM", "ARL")
GROUPS = ("torso", "head", "limbs", "hands", "feet", "arms", "legs")
CLIP_COLUMNS = {
    "frames": "frames", "iou": "IoU", "median": "median", "all_people_iou": "all people",
    "matte_iou": "matte", "people": "people", "flicker": "flicker", "flips": "part flips",
    "tracks": "tracks", "switches": "switches", "idf1": "IDF1",
}  # fmt: skip


def of_dataset(figures: Figures) -> list[Table]:
    """Precision, then agreement."""
    precision = _table("", PRECISIONS, "percent; at most 20 people a picture")
    for name, title in (("gps", "GPS"), ("gpsm", "GPSm"), ("boxes", "boxes"), ("masks", "masks")):
        if name in figures:
            cells = [figures[name][p] for p in PRECISIONS]
            precision.add_row(title, *(_text(c, ".1f") for c in cells))
    if "kappa" in figures:
        precision.caption = f"{precision.caption}; {figures['kappa']}"
    seen = f"{figures['labelled_and_found']} of {figures['labelled_people']} labelled people found"
    rows, behind = {"all": figures["agreement"]}, figures["from_behind"]
    if behind["people"]:
        rows = {f"{behind['people']} from behind": behind, **rows}
    return [precision, *_agreement(rows, seen), of_parts(figures["agreement"])]


def of_pairs(rows: Figures) -> list[Table]:
    """Every pair, and their mean by group and part."""
    return [*_agreement(rows), of_parts(rows["mean"])]


def _agreement(rows: Figures, caption: str = "shares and differences, 0..1") -> list[Table]:
    """Two tables: the whole body, and the groups of the last row."""
    columns = {
        "iou": "IoU", "boundary_iou": "boundary IoU", "boundary_f": "boundary F", "parts": "parts",
        "left_right": "left/right wrong", "front_back": "front/back wrong",
        "du": "|ΔU|", "dv": "|ΔV|", "uv": "|ΔUV|",
    }  # fmt: skip
    whole = _table("agreement", columns.values(), caption)
    for name, row in rows.items():
        whole.add_row(escape(name), *(_text(row.get(c), ".3f") for c in columns))
    last = list(rows.values())[-1]
    groups = _table("", ("parts", "|ΔU|", "|ΔV|", "|ΔUV|"), "mean over people")
    for group in GROUPS:
        cells = [last.get(f"{figure}_{group}") for figure in ("parts", "du", "dv", "uv")]
        groups.add_row(group, *(_text(c, ".3f") for c in cells))
    return [whole, groups]


def of_parts(row: Figures) -> Table:
    """Every part in two columns of twelve."""
    head = ("parts", "|ΔU|", "|ΔV|", "part", "parts", "|ΔU|", "|ΔV|")
    table = _table("part", head, "mean over people, by DensePose's part")
    for p in range(1, 13):
        cells = [
            [_text(row.get(f"{figure}_{k:02d}"), ".3f") for figure in ("parts", "du", "dv")]
            for k in (p, p + 12)
        ]
        table.add_row(str(p), *cells[0], str(p + 12), *cells[1])
    return table


def of_clips(clips: Figures) -> list[Table]:
    """A row a clip; agreement of the rendered ones."""
    caption = (
        "IoU: who fits the mask best; flicker: mean change of it; part flips: along the flow; "
        "tracks, switches, IDF1: who is taken for whom"
    )
    table = _table("clip", CLIP_COLUMNS.values(), caption)
    for name, figures in clips.items():
        forms = {"frames": "d", "people": ".1f", "tracks": "d", "switches": "d"}
        cells = [_text(figures[c], forms.get(c, ".3f")) for c in CLIP_COLUMNS]
        table.add_row(escape(name), *cells)
    rows = {name: f["agreement"] for name, f in clips.items() if f["agreement"]}
    return [table, *(_agreement(rows) if rows else [])]


def of_split(results: Figures, wanted: Sequence["Wanted"]) -> list[Table]:
    """What is wanted, and what was measured; then the other figures part by part."""
    table = _table("on the fixed split", ("wanted", "measured", ""), "")
    for bound in wanted:
        value = bound.value(results)
        asked = f"≥ {bound.at_least:g}" if bound.at_least is not None else f"≤ {bound.at_most:g}"
        verdict = {True: "[green]met[/green]", False: "missed", None: "–"}[bound.met(value)]
        table.add_row(bound.name, asked, _text(value, ".3g"), verdict)
    tables = [table]
    tables += of_pairs(results["pairs"]) if "pairs" in results else []
    for part in ("clips", "mattes", "rendered_clips"):
        tables += of_clips(results[part]) if part in results else []
    tables += of_dataset(results["rendered"]) if "rendered" in results else []
    photos = _of_photos(results)
    return [*tables, photos] if photos.row_count else tables


def _of_photos(results: Figures) -> Table:
    """The simple figures of photos."""
    table = _table("photos", ("value",), "precision in percent, all else 0..1 or a count")
    for part in ("outlines", "boxes", "clothes", "joints", "empty"):
        for name, value in results.get(part, {}).items():
            if isinstance(value, Mapping):
                for precision in ("AP50", "AP"):
                    cell = _text(value[precision], ".1f")
                    table.add_row(f"{part}: {precision} of {name}", cell)
            else:
                form = "d" if isinstance(value, int) else ".3f"
                table.add_row(f"{part}: {name.replace('_', ' ')}", _text(value, form))
    return table


def without_nan(value: Any) -> Any:  # noqa: ANN401 (any JSON value)
    """The same for JSON: what is not known becomes null."""
    if isinstance(value, Mapping):
        return {key: without_nan(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [without_nan(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _table(first: str, columns: Iterable[str], caption: str) -> Table:
    table = Table(caption=caption or None)
    table.add_column(first, overflow="fold")
    for column in columns:
        table.add_column(column, justify="right")
    return table


def _text(value: float | None, form: str) -> str:
    return "–" if value is None or not math.isfinite(value) else format(value, form)
