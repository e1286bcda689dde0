"""Several inputs in one go, for `run` and `smooth`: a failing one does not lose the others."""

import functools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import typer
from rich.markup import escape
from rich.table import Table

from ..decode import expand_inputs
from ..errors import DdpVideoError, InputError
from ..measure import SteadinessResult
from ..pipeline import Engines, RunReport, RunSettings, check, load_engines, output_stem, run
from . import console


def run_all(
    inputs: Sequence[str],
    out_dir: Path,
    weights: str | None,
    settings: RunSettings,
    *,
    quiet: bool,
    name_radii: bool,
) -> None:
    """Work on every input, then say what was written and measured.

    What cannot be read or written is found before the network is loaded.

    Raises:
        typer.Exit: with the code of the first failure, after all inputs were tried.
    """
    failures: list[int] = []
    found = list(_sources(inputs, failures))
    sources: list[Path] = []
    for source in found:
        with _complaining(failures, source, len(found)):
            check(source, out_dir, settings, name_radii=name_radii)
            sources.append(source)
    reports: list[RunReport] = []
    if sources:
        engines = load_engines(weights, settings)
        work = functools.partial(
            run, out_dir=out_dir, engines=engines, settings=settings, name_radii=name_radii
        )
        say_flow = _flow_note(engines, quiet)
        for source in sources:
            with _complaining(failures, source, len(found)):
                reports.append(_one(source, work, say_flow, quiet))
    if reports and not quiet:
        _say(reports)
    if failures:
        raise typer.Exit(failures[0])


@contextmanager
def _complaining(failures: list[int], source: Path, sources: int) -> Iterator[None]:
    try:
        yield
    except (DdpVideoError, OSError) as error:
        failures.append(console.complain(error, str(source) if sources > 1 else ""))


def _flow_note(engines: Engines, quiet: bool) -> Callable[[], None]:
    """Says once which flow is used, when a first frame is done: an error before stands alone."""

    @functools.cache
    def say() -> None:
        if not quiet:
            console.err.print(f"flow: {escape(str(engines.facts['flow']))}", soft_wrap=True)

    return say


def _one(
    source: Path, work: Callable[..., RunReport], say_flow: Callable[[], None], quiet: bool
) -> RunReport:
    with console.progress_bar(source.name, quiet) as progress:

        def advance(done: int, total: int | None) -> None:
            say_flow()
            progress(done, total)

        report = work(source, progress=advance)
    for warning in report.warnings:
        console.warn(warning)
    return report


def _sources(inputs: Sequence[str], failures: list[int]) -> Iterator[Path]:
    """Every video and picture that is meant; what cannot be used is said at once."""
    taken: dict[str, Path] = {}
    for given in inputs:
        try:
            for source in expand_inputs([Path(given)]):
                stem = output_stem(source)
                if stem in taken:
                    raise InputError(
                        f"{source} and {taken[stem]} would write the same files: "
                        "run them one by one, with different -o"
                    )
                taken[stem] = source
                yield source
        except (DdpVideoError, OSError) as error:
            failures.append(console.complain(error, given))


def _say(reports: Sequence[RunReport]) -> None:
    """The closing table, and the files."""
    measured = [report for report in reports if report.raw is not None]
    if measured:
        console.out.print(steadiness_table(measured))
    for report in reports:
        found = f"{report.frames} frames" if report.raw else "1 picture"
        crowd = max(report.people, default=0)
        most = (
            "no person" if crowd == 0 else f"up to {crowd} {'person' if crowd == 1 else 'people'}"
        )
        rate = f", {report.frames / report.seconds['total']:.1f} frames/s" if report.raw else ""
        console.out.print(f"{escape(str(report.source))}: {found}, {most}{rate}", soft_wrap=True)
        for path in report.written:
            console.out.print(f"  wrote {escape(str(path))}", soft_wrap=True)


def steadiness_table(reports: Sequence[RunReport]) -> Table:
    """Raw, unsmoothed and smoothed, one section for each source."""
    backgrounds = list(next(iter(reports[0].rendered.values())))
    table = Table(caption="whole frame; ITF in dB, ISI 0..1, higher is steadier")
    table.add_column("steadiness", no_wrap=True)
    for background in backgrounds:
        where = "over video" if background == "video" else "on black"
        table.add_column(f"ITF\n{where}", justify="right")
        table.add_column(f"ISI\n{where}", justify="right")
    for report in reports:
        own = figures(report.raw)
        table.add_row(escape(report.source.name), *own, *[""] * (2 * len(backgrounds) - 2))
        for radius, results in report.rendered.items():
            name = "  unsmoothed" if radius == 0 else f"  smoothed, r = {radius}"
            cells = [cell for background in backgrounds for cell in figures(results[background])]
            table.add_row(name, *cells)
        table.add_section()
    return table


def figures(result: SteadinessResult | None) -> tuple[str, str]:
    """ITF and ISI as text; a dash where no pair of frames could be measured."""
    itf = result.itf_db if result else None
    isi = result.isi if result else None
    return ("–" if itf is None else f"{itf:.2f}"), ("–" if isi is None else f"{isi:.4f}")
