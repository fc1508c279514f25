"""Results and benchmark on the command line: the options, and the scorer and scores they lead to."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

from glevel_fast.cli.progress import Progress
from glevel_fast.errors import UnknownTaskError

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from glevel_fast.api import Scorer, Scores
    from glevel_fast.core.benchmark import Benchmark
    from glevel_fast.core.results import Results
    from glevel_fast.folders import ScoredFolder
    from glevel_fast.loading.convert import Converted


def add_inputs(parser: argparse.ArgumentParser, *, policy: bool = True, scoring: bool = True) -> None:
    """RESULTS, --benchmark, how to read them and score, and (unless the paper's is the only one) --policy."""
    parser.add_argument(
        "results",
        nargs="*",
        metavar="RESULTS",
        help=".xlsx (released layout, or a table), .csv, .tsv, .parquet, .arrow, .json, ...; a folder of .parquet and "
        ".arrow files; or a snapshot, with its benchmark",
    )
    add_reading(parser, scoring=scoring)
    if policy:
        parser.add_argument(
            "--policy",
            choices=["paper", "release"],
            default="paper",
            help="'release' reproduces the released scorer, quirks included",
        )


def add_reading(parser: argparse.ArgumentParser, *, scoring: bool = True) -> None:
    """--benchmark and how to read it and results, and (where anything is scored) what their values mean."""
    parser.add_argument(
        "-b",
        "--benchmark",
        metavar="FILE",
        help="tasks with metrics and specialists: sota_result.xlsx, ... (default: General-Bench as bundled)",
    )
    parser.add_argument(
        "--metrics",
        action="append",
        default=[],
        metavar="FILE",
        help="metrics of your own: a table with the columns metric, family, worst, best, constant, low, high, aliases",
    )
    if scoring:
        parser.add_argument(
            "--skills", metavar="FILE", help="skills for the benchmark's tasks: a table with the columns task, skill"
        )
        parser.add_argument("--zero", choices=["missing", "score"], default="missing", help="what an exact 0 means")
    parser.add_argument(
        "--invalid",
        choices=["error", "missing"],
        default="error",
        help="what to do with a value outside its metric's domain, or text",
    )
    if scoring:
        parser.add_argument(
            "--fractions",
            choices=["error", "scale", "keep"],
            default="error",
            help="what to do with a model whose percentages are all at most 1",
        )
    parser.add_argument("--partial", action="store_true", help="accept workbooks that lack tasks or sheets")
    parser.add_argument(
        "--rename", metavar="FILE", help="other names for models and tasks: a table with the columns written, meant"
    )
    parser.add_argument(
        "--orient",
        choices=["models", "tasks"],
        help="what the rows of wide tables are (default: recognised)",
    )
    parser.add_argument(
        "--ignore",
        action="append",
        default=[],
        metavar="NAME",
        help="a column that is no task, or no model (repeatable)",
    )
    parser.set_defaults(parser=parser, policy="paper")
    if not scoring:
        parser.set_defaults(skills=None, zero="missing")


def register_metrics(arguments: argparse.Namespace) -> None:
    """Those of the tables that --metrics names."""
    from glevel_fast.loading.metrics import load_metrics

    for path in arguments.metrics:
        load_metrics(path)


def read_inputs(
    arguments: argparse.Namespace,
    invalid: Literal["error", "missing"] | None = None,
    executor: Executor | None = None,
) -> tuple[Benchmark, Results]:
    """The files named, on General-Bench where no benchmark is; the paper's published results where none are.

    `invalid` goes before --invalid.
    """
    _check_inputs(arguments)
    import glevel_fast as gl

    if not arguments.results:
        return gl.published.benchmark(), gl.published.results()
    register_metrics(arguments)
    if _is_snapshot(arguments):
        benchmark, results, options = gl.snapshot.restore(gl.snapshot.load(arguments.results[0]))
        if (arguments.policy, arguments.zero) == ("paper", "missing"):  # as given there, unless asked for otherwise
            vars(arguments).update(options)
        return _with_skills(arguments, benchmark), results
    benchmark = _read_benchmark(arguments)
    # The released scorer reads an unreadable cell as ∞, that is as missing.
    invalid = invalid or ("missing" if arguments.policy == "release" else arguments.invalid)
    with _saying_which_benchmark(arguments), Progress("reading") as progress:
        results = gl.load_results(
            arguments.results, benchmark, partial=arguments.partial, invalid=invalid, rename=arguments.rename,
            ignore=arguments.ignore, orient=arguments.orient, progress=progress.update, executor=executor,
        )  # fmt: skip
    return benchmark, results


def score_folder(arguments: argparse.Namespace, executor: Executor | None) -> ScoredFolder:
    """Score the files named into the folder of --output."""
    if not arguments.results:
        arguments.parser.error("--output needs RESULTS: folders, or .parquet and .arrow files")
    _check_inputs(arguments)
    register_metrics(arguments)
    scorer = _scorer(arguments, _read_benchmark(arguments))
    with _saying_which_benchmark(arguments), Progress("scoring") as progress:
        return scorer.score_folder(
            arguments.results, arguments.output, rename=arguments.rename, ignore=arguments.ignore,
            threads=arguments.threads, executor=executor, progress=progress.update,
        )  # fmt: skip


def convert(arguments: argparse.Namespace) -> Converted:
    """Write the files named to the file of --output."""
    from glevel_fast.loading.convert import convert
    from glevel_fast.loading.intake import Reading
    from glevel_fast.loading.names import Renames
    from glevel_fast.text import fold_task

    _check_inputs(arguments)
    register_metrics(arguments)
    reading = Reading(
        arguments.partial, arguments.invalid == "missing", arguments.orient,
        frozenset(map(fold_task, arguments.ignore)), Renames(arguments.rename),
    )  # fmt: skip
    sources: list[Any] = arguments.results
    if _is_snapshot(arguments):
        benchmark, results = read_inputs(arguments)
        sources = [results]
    else:
        benchmark = _read_benchmark(arguments)
    with _saying_which_benchmark(arguments), Progress("writing") as progress:
        return convert(sources, benchmark, arguments.output, reading, arguments.layout, progress.update)


def _is_snapshot(arguments: argparse.Namespace) -> bool:
    """Whether the results are a snapshot, which brings its benchmark with it."""
    from glevel_fast.trust.snapshot import is_snapshot

    return len(arguments.results) == 1 and not arguments.benchmark and is_snapshot(arguments.results[0])


def _check_inputs(arguments: argparse.Namespace) -> None:
    if arguments.benchmark and not arguments.results:
        arguments.parser.error("RESULTS is missing (without --benchmark too, the paper's published results are taken)")
    of_release = arguments.policy == "release" or getattr(arguments, "policy_diff", False)
    if of_release and arguments.results and not arguments.benchmark:
        arguments.parser.error(
            "policy 'release' hangs on how the released workbook spells its metrics: name it, -b sota_result.xlsx"
        )


def _read_benchmark(arguments: argparse.Namespace) -> Benchmark:
    import glevel_fast as gl

    benchmark = gl.load_benchmark(arguments.benchmark) if arguments.benchmark else gl.published.benchmark()
    return _with_skills(arguments, benchmark)


@contextmanager
def _saying_which_benchmark(arguments: argparse.Namespace) -> Iterator[None]:
    """Where no benchmark was named, the error of an unknown task says which one was taken."""
    try:
        yield
    except UnknownTaskError as error:
        if arguments.benchmark:
            raise
        raise UnknownTaskError(
            f"{error}\nno --benchmark was given, so the tasks must be those of General-Bench (by long or short name; "
            "`glevel benchmark export -o tasks.csv` lists them); for tasks of your own, name theirs with -b FILE"
        ) from None


def _with_skills(arguments: argparse.Namespace, benchmark: Benchmark) -> Benchmark:
    """The benchmark with the skills of --skills, where given; a task that is not in it keeps its own."""
    if not arguments.skills:
        return benchmark
    from dataclasses import replace

    from glevel_fast.core.benchmark import find_task
    from glevel_fast.loading.sets import read_column

    skill = list(benchmark.skill)
    for task, name in read_column(arguments.skills, "task", "skill").items():
        skill[find_task(benchmark, task)] = str(name)
    return replace(benchmark, skill=tuple(skill))


def read_scorer(arguments: argparse.Namespace, executor: Executor | None = None) -> tuple[Scorer, Results]:
    """The scorer asked for, and the results it is to score."""
    benchmark, results = read_inputs(arguments, executor=executor)
    return _scorer(arguments, benchmark), results


def _scorer(arguments: argparse.Namespace, benchmark: Benchmark) -> Scorer:
    import glevel_fast as gl

    return gl.Scorer(
        benchmark, **{name: getattr(arguments, name) for name in ("policy", "zero", "invalid", "fractions")}
    )


def score_inputs(arguments: argparse.Namespace, executor: Executor | None = None) -> Scores:
    """Scores of the files named, or of the paper's published results."""
    scorer, results = read_scorer(arguments, executor)
    return scorer.score(results, threads=getattr(arguments, "threads", None))
