"""`glevel`: parses the command line, calls the library, prints."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from glevel_fast import __version__
from glevel_fast.errors import GLevelError

if TYPE_CHECKING:
    from glevel_fast.scoring import Scores

EPILOG = """examples:
  glevel score                                   re-score the paper's published results
  glevel score out/*_result.xlsx -b sota_result.xlsx
  glevel score results.parquet -b tasks.csv --json - | jq .models[0]
  glevel metrics                                 every known metric, its mapping and domain
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit status is 0 (done), 1 (the input is wrong) or 2 (wrong usage)."""
    arguments = _parser().parse_args(argv)
    try:
        status: int = arguments.run(arguments)
        sys.stdout.flush()
    except GLevelError as error:
        print(f"glevel: error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("glevel: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader has had enough (`| head`): leave quietly, and keep Python from flushing again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="glevel",
        description="Score multimodal generalists on General-Level (Levels 2 to 5).",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"glevel {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    score = commands.add_parser(
        "score",
        help="score results, or without RESULTS the paper's published ones",
        description="Score results against a benchmark; without RESULTS, re-score the paper's published results "
        "(Tables 6-11) and show the printed figures beside.",
    )
    score.add_argument("results", nargs="*", metavar="RESULTS", help=".xlsx (released layout), .csv, .parquet or .json")
    score.add_argument("-b", "--benchmark", metavar="FILE", help="tasks with metrics and specialists: sota_result.xlsx, ...")
    score.add_argument("--policy", choices=["paper", "release"], default="paper",
                       help="'release' reproduces the released scorer, quirks included")
    score.add_argument("--zero", choices=["missing", "score"], default="missing", help="what an exact 0 means")
    score.add_argument("--invalid", choices=["error", "missing"], default="error",
                       help="what to do with a value outside its metric's domain, or text")
    score.add_argument("--fractions", choices=["error", "scale", "keep"], default="error",
                       help="what to do with a model whose percentages are all at most 1")
    score.add_argument("--partial", action="store_true", help="accept workbooks that lack tasks or sheets")
    score.add_argument("--threads", type=_positive, metavar="N", help="default: all cores")
    for kind in ("json", "csv", "parquet"):
        stdout = " ('-': standard output, and no table)" if kind != "parquet" else ""
        score.add_argument(f"--{kind}", metavar="FILE", help=f"write {kind.upper()}{stdout}")
    score.set_defaults(run=_score, parser=score)

    metrics = commands.add_parser("metrics", help="list every known metric with its mapping, domain and direction")
    metrics.add_argument("--json", action="store_true", help="as JSON")
    metrics.set_defaults(run=_metrics)
    return parser


def _positive(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


def _score(arguments: argparse.Namespace) -> int:
    if bool(arguments.results) != bool(arguments.benchmark):
        missing = "--benchmark FILE" if arguments.results else "RESULTS"
        arguments.parser.error(f"{missing} is missing (without both, the paper's published results are scored)")
    to_stdout = [kind for kind in ("json", "csv") if getattr(arguments, kind) == "-"]
    if len(to_stdout) > 1:
        arguments.parser.error("only one output can go to standard output")
    if arguments.parquet == "-":
        arguments.parser.error("--parquet needs a file")

    import glevel_fast as gl

    if arguments.results:
        benchmark = gl.load_benchmark(arguments.benchmark)
        release = arguments.policy == "release"
        with _Progress("reading") as progress:
            results = gl.load_results(
                arguments.results,
                benchmark,
                partial=arguments.partial,
                # The released scorer reads an unreadable cell as ∞, that is as missing.
                invalid="missing" if release else arguments.invalid,
                progress=progress.update,
            )
    else:
        benchmark, results = gl.published.benchmark(), gl.published.results()
    scorer = gl.Scorer(
        benchmark, arguments.policy, zero=arguments.zero, invalid=arguments.invalid, fractions=arguments.fractions
    )
    scores = scorer.score(results, threads=arguments.threads)
    _write(scores, arguments)
    if not to_stdout:
        from glevel_fast import terminal

        if arguments.results:
            terminal.print_scores(scores)
        else:
            terminal.print_published(scores)
    for note in scores.notes:
        print(f"note: {note}", file=sys.stderr)
    return 0


def _write(scores: Scores, arguments: argparse.Namespace) -> None:
    from glevel_fast.io import write

    if arguments.json:
        write.json(scores.to_dict(), arguments.json)
    if arguments.csv:
        write.csv(scores.columns(), arguments.csv)
    if arguments.parquet:
        write.parquet(scores.columns(), arguments.parquet)


def _metrics(arguments: argparse.Namespace) -> int:
    import glevel_fast as gl

    rows = [
        {"metric": m.name, "points": m.formula, "domain": m.domain, "better": m.better, "aliases": list(m.aliases)}
        for m in gl.known_metrics()
    ]
    if arguments.json:
        from glevel_fast.io import write

        write.json(rows, "-")
    else:
        from glevel_fast import terminal

        terminal.print_metrics(rows)
    return 0


class _Progress:
    """A progress bar on standard error, from the second on that the work takes, on a terminal only."""

    def __init__(self, what: str) -> None:
        self._what, self._started, self._bar, self._task = what, time.monotonic(), None, None
        self._shown: Callable[[], bool] = sys.stderr.isatty

    def __enter__(self) -> _Progress:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def update(self, done: int, total: int) -> None:
        if self._bar is None:
            if not self._shown() or time.monotonic() - self._started < 1.0:
                return
            from glevel_fast._extras import require

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


if __name__ == "__main__":
    sys.exit(main())
