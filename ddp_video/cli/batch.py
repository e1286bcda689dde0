"""Several inputs in one go, for `run` and `smooth`: a failing one does not lose the others."""

import functools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import typer
from rich.markup import escape
from rich.table import Table

from ..decode import expand_inputs
from ..errors import DdpVideoError, InputError
from ..measure import SteadinessResult
from ..pipeline import (
    Delivery,
    Engines,
    RunReport,
    RunSettings,
    StoreReport,
    check,
    infer,
    load_engines,
    output_stem,
    run,
    store_smoothed,
)
from ..store import StoredPredictions, is_store
from . import console
from .exporting import Exports

Report = TypeVar("Report", RunReport, StoreReport, Delivery)
Warned = TypeVar("Warned", RunReport, Delivery)


def run_all(
    inputs: Sequence[str],
    out_dir: Path,
    weights: str | None,
    settings: RunSettings,
    *,
    quiet: bool,
    name_radii: bool,
    exports: Exports | None = None,
) -> None:
    """Work on every input, then say what was written and measured.

    What cannot be read or written is found before the network is loaded.

    Raises:
        typer.Exit: with the code of the first failure, after all inputs were tried.
    """

    def look(source: Path) -> None:
        check(source, out_dir, settings, name_radii=name_radii)
        if exports:
            exports.check(source, settings)

    for_all(
        inputs,
        look,
        functools.partial(
            run, out_dir=out_dir, settings=settings, name_radii=name_radii, receiver=exports
        ),
        functools.partial(_say, exports=exports),
        weights,
        settings,
        quiet=quiet,
    )


def for_all(
    inputs: Sequence[str],
    look: Callable[[Path], None],
    work: Callable[..., Warned],
    say: Callable[[Sequence[Warned]], None],
    weights: str | None,
    settings: RunSettings,
    *,
    quiet: bool,
) -> None:
    """Do something with every input; what cannot be done is found before the network is loaded.

    Args:
        inputs: as the user gave them.
        look: raises where an input cannot be used.
        work: called with a source, `engines` and `progress`.
        say: tells the user what came of it.
        weights: of the network.
        settings: what the engines have to do.
        quiet: no progress and no report.

    Raises:
        typer.Exit: with the code of the first failure, after all inputs were tried.
    """
    failures: list[int] = []
    found = list(_sources(inputs, failures))
    sources: list[Path] = []
    for source in found:
        with _complaining(failures, source, len(found)):
            if weights and is_store(source):
                raise InputError(f"{source} holds predictions: --weights goes with the video")
            look(source)
            sources.append(source)
    reports: list[Warned] = []
    if sources:
        engines = load_engines(weights, settings, network=not all(map(is_store, sources)))
        say_flow = _flow_note(engines, quiet)
        for source in sources:
            with _complaining(failures, source, len(found)):
                one = functools.partial(work, engines=engines)
                reports.append(_one(source, one, say_flow, quiet))
    if reports and not quiet:
        say(reports)
    if failures:
        raise typer.Exit(failures[0])


@contextmanager
def _complaining(failures: list[int], source: Path, sources: int) -> Iterator[None]:
    try:
        yield
    except (DdpVideoError, OSError) as error:
        failures.append(console.complain(error, str(source) if sources > 1 else ""))


def _flow_note(engines: Engines, quiet: bool) -> Callable[[], None]:
    """Says once which flow is used, if any, at a first frame: an error before stands alone."""

    @functools.cache
    def say() -> None:
        if engines.estimator and not quiet:
            console.err.print(f"flow: {escape(str(engines.facts['flow']))}", soft_wrap=True)

    return say


def _one(
    source: Path, work: Callable[..., Warned], say_flow: Callable[[], None], quiet: bool
) -> Warned:
    report = _watched(source, work, say_flow, quiet)
    for warning in report.warnings:
        console.warn(warning)
    return report


def _watched(
    source: Path, work: Callable[..., Report], say_flow: Callable[[], None], quiet: bool
) -> Report:
    """Work under a progress bar."""
    with console.progress_bar(source.name, quiet) as progress:

        def advance(done: int, total: int | None) -> None:
            say_flow()
            progress(done, total)

        return work(source, progress=advance)


def _sources(inputs: Sequence[str], failures: list[int]) -> Iterator[Path]:
    """Every video and picture that is meant; what cannot be used is said at once."""
    taken: dict[str, Path] = {}
    for given in inputs:
        try:
            path = Path(given)
            for source in [path] if is_store(path) else expand_inputs([path]):
                stem = output_stem(source)
                if stem in taken:
                    clash = InputError(
                        f"{source} and {taken[stem]} would write the same files: "
                        "run them one by one, with different -o"
                    )
                    failures.append(console.complain(clash, given))
                    continue
                taken[stem] = source
                yield source
        except (DdpVideoError, OSError) as error:
            failures.append(console.complain(error, given))


def _say(reports: Sequence[RunReport], exports: Exports | None = None) -> None:
    """The closing table, and the files."""
    measured = [report for report in reports if report.raw is not None]
    if measured:
        console.out.print(steadiness_table(measured))
    for report in reports:
        rate = f", {report.frames / report.seconds['total']:.1f} frames/s"
        further = [exports.written[report.source]] if exports else []
        written = (*report.written, *further)
        tell(report.source, report.people, written, rate if report.frames != 1 else "")


def tell(source: Path, people: Sequence[int], written: Sequence[Path], rate: str = "") -> None:
    """How much was found in a source, and which files came of it."""
    found = f"{len(people)} frames" if len(people) != 1 else "1 picture"
    crowd = max(people, default=0)
    most = "no person" if crowd == 0 else f"up to {crowd} {'person' if crowd == 1 else 'people'}"
    console.out.print(f"{escape(str(source))}: {found}, {most}{rate}", soft_wrap=True)
    for path in written:
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


def infer_to_store(
    source: Path, out: Path, weights: str | None, settings: RunSettings, *, quiet: bool
) -> None:
    """Store the network's predictions, and say what came of it."""
    engines = load_engines(weights, settings)
    work = functools.partial(infer, out=out, engines=engines, settings=settings)
    _say_stored(_watched(source, work, _flow_note(engines, quiet), quiet), quiet)


def smooth_to_store(
    inputs: Sequence[str], out: Path, weights: str | None, settings: RunSettings, *, quiet: bool
) -> None:
    """Store smoothed predictions, and say what came of it.

    Raises:
        InputError: more than one input.
    """
    if len(inputs) != 1:
        raise InputError(f"-o {out} holds one input: give them one by one, or a folder with -o")
    source = Path(inputs[0])
    engines = load_engines(weights, settings, network=not is_store(source))
    work = functools.partial(store_smoothed, out=out, engines=engines, settings=settings)
    _say_stored(_watched(source, work, _flow_note(engines, quiet), quiet), quiet)


def _say_stored(report: StoreReport, quiet: bool) -> None:
    for warning in report.stored.warnings:
        console.warn(warning)
    for name in report.remade:
        console.warn(f"{name} was damaged and was made anew")
    if not quiet:
        path = escape(str(report.stored.path))
        console.out.print(f"wrote {path}: {store_size(report.stored)}", soft_wrap=True)


def store_size(stored: StoredPredictions) -> str:
    """Frames and bytes of a store."""
    size = sum(path.stat().st_size for path in stored.path.iterdir())
    frames = "1 frame" if len(stored) == 1 else f"{len(stored)} frames"
    return f"{frames}, {size / 1e6:.1f} MB ({size / len(stored) / 1e3:.1f} kB a frame)"
