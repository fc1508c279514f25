"""What several commands share: options, progress, outputs."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from glevel_fast.api import Scorer
    from glevel_fast.core.results import Results


def positive(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


def whole(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number, 0 or above")
    return int(text)


def confidence(text: str) -> float:
    """A percent (95) or a share (0.95), between 50 and 100 %."""
    try:
        value = float(text.removesuffix("%"))
    except ValueError:
        value = 0.0
    share = value / 100.0 if value > 1.0 else value
    if not 0.5 < share < 1.0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a confidence between 50 and 100 %, such as 95")
    return share


def add_results(parser: argparse.ArgumentParser) -> None:
    """RESULTS, --benchmark and how to read them."""
    parser.add_argument(
        "results", nargs="*", metavar="RESULTS", help=".xlsx (released layout), .csv, .parquet or .json"
    )
    add_reading(parser)


def add_reading(parser: argparse.ArgumentParser) -> None:
    """--benchmark and how to read it and results."""
    parser.add_argument(
        "-b", "--benchmark", metavar="FILE", help="tasks with metrics and specialists: sota_result.xlsx, ..."
    )
    parser.add_argument("--zero", choices=["missing", "score"], default="missing", help="what an exact 0 means")
    parser.add_argument(
        "--invalid",
        choices=["error", "missing"],
        default="error",
        help="what to do with a value outside its metric's domain, or text",
    )
    parser.add_argument(
        "--fractions",
        choices=["error", "scale", "keep"],
        default="error",
        help="what to do with a model whose percentages are all at most 1",
    )
    parser.add_argument("--partial", action="store_true", help="accept workbooks that lack tasks or sheets")


def add_threads(parser: argparse.ArgumentParser) -> None:
    """--threads."""
    parser.add_argument("--threads", type=positive, metavar="N", help="default: all cores; no number depends on it")


def add_outputs(parser: argparse.ArgumentParser, *, plot: bool = True) -> None:
    """--json, --csv, --parquet and --plot."""
    for kind in ("json", "csv", "parquet"):
        stdout = " ('-': standard output, and no table)" if kind != "parquet" else ""
        parser.add_argument(f"--{kind}", metavar="FILE", help=f"write {kind.upper()}{stdout}")
    if plot:
        parser.add_argument("--plot", metavar="FILE", help="plot rank intervals per model into a .png or .svg")


def check_outputs(arguments: argparse.Namespace) -> bool:
    """Whether standard output is taken, by JSON or CSV."""
    to_stdout = [kind for kind in ("json", "csv") if getattr(arguments, kind) == "-"]
    if len(to_stdout) > 1:
        arguments.parser.error("only one output can go to standard output")
    if arguments.parquet == "-":
        arguments.parser.error("--parquet needs a file")
    plot = getattr(arguments, "plot", None)
    if plot and not plot.lower().endswith((".png", ".svg")):
        arguments.parser.error("--plot needs a file that ends in .png or .svg")
    return bool(to_stdout)


def read(arguments: argparse.Namespace) -> tuple[Scorer, Results]:
    """A scorer and results as asked for; without any, the paper's published ones."""
    if bool(arguments.results) != bool(arguments.benchmark):
        missing = "--benchmark FILE" if arguments.results else "RESULTS"
        arguments.parser.error(f"{missing} is missing (without both, the paper's published results are taken)")
    import glevel_fast as gl

    if arguments.results:
        benchmark = gl.load_benchmark(arguments.benchmark)
        with Progress("reading") as progress:
            results = gl.load_results(
                arguments.results,
                benchmark,
                partial=arguments.partial,
                invalid=arguments.invalid,
                progress=progress.update,
            )
    else:
        benchmark, results = gl.published.benchmark(), gl.published.results()
    options = {name: getattr(arguments, name) for name in ("zero", "invalid", "fractions")}
    return gl.Scorer(benchmark, **options), results


def write_outputs(
    arguments: argparse.Namespace, to_dict: Callable[[], dict[str, Any]], columns: Callable[[], dict[str, Any]]
) -> None:
    """Write what --json, --csv and --parquet ask for."""
    from glevel_fast.io import write

    if arguments.json:
        write.json(to_dict(), arguments.json)
    if arguments.csv:
        write.csv(columns(), arguments.csv)
    if arguments.parquet:
        write.parquet(columns(), arguments.parquet)


class Progress:
    """A progress bar on standard error, from the second on that the work takes, on a terminal only."""

    def __init__(self, what: str) -> None:
        self._what, self._started = what, time.monotonic()
        self._bar: Any = None
        self._task: Any = None

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def update(self, done: int, total: int) -> None:
        if self._bar is None:
            if not sys.stderr.isatty() or time.monotonic() - self._started < 1.0:
                return
            from glevel_fast.extras import require

            progress: Any = require("rich.progress", "cli")
            console = require("rich.console", "cli").Console(stderr=True)
            self._bar = progress.Progress(
                progress.TextColumn("{task.description}"),
                progress.BarColumn(),
                progress.MofNCompleteColumn(),
                progress.TimeRemainingColumn(),
                console=console,
                transient=True,
            )
            self._bar.start()
            self._task = self._bar.add_task(self._what, total=total)
        self._bar.update(self._task, completed=done)
