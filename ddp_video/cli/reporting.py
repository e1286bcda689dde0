"""Joins report, pipeline and exports, which do not know one another: for `report`."""

from fractions import Fraction
from pathlib import Path

from ..pipeline import Comparison, Engines, RunSettings, compare
from ..pipeline.overlap import Progress
from ..report import ReportFile, Subject, write_report
from ..settings import ReportSettings


def make_report(
    source: Path,
    other: Path | None,
    out: Path,
    engines: Engines,
    settings: RunSettings,
    report: ReportSettings,
    progress: Progress | None = None,
) -> tuple[ReportFile, tuple[str, ...]]:
    """Compare a store with its smoothed self, or with another one, and write the page.

    Returns:
        What was written, and one line for each thing that was wrong with the source.
    """
    with compare(source, other, engines, settings) as comparison:
        written = write_report(
            out,
            _subject(comparison),
            comparison.frames,
            report,
            settings.render,
            progress,
            overwrite=settings.overwrite,
        )
        return written, tuple(comparison.warnings)


def _subject(comparison: Comparison) -> Subject:
    sides = comparison.before, comparison.after
    return Subject(
        comparison.info,
        (sides[0].name, sides[1].name),
        (sides[0].made, sides[1].made),
        _span(comparison.start, comparison.end),
        comparison.unmatched,
        comparison.warnings,
    )


def _span(start: Fraction | None, end: Fraction | None) -> str:
    if start is None and end is None:
        return "all of it"
    first = f"{float(start or 0):g} s"
    return f"from {first} on" if end is None else f"{first} to {float(end):g} s"
