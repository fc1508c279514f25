"""`glevel evaluate`."""

from __future__ import annotations

import argparse
import math
from typing import TYPE_CHECKING, Any

from glevel_fast.cli.notes import show_notes
from glevel_fast.cli.options import positive

if TYPE_CHECKING:
    from glevel_fast.evaluation.evaluate import Evaluation

FORMATS = (".parquet", ".csv", ".json")


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    evaluate = commands.add_parser(
        "evaluate",
        help="from predictions and annotations to a table of results",
        description="Compute every task's value from a model's predictions and the annotations. tasks.csv says which "
        "folder belongs to a task and how its metric is computed; --draft writes a first one. --definitions lists the "
        "definitions there are, --example writes six small tasks to try it on.",
    )
    evaluate.add_argument("predictions", nargs="?", metavar="PREDICTIONS", help="a folder or .zip; it is not extracted")
    evaluate.add_argument("--annotations", metavar="DIR", help="a folder or .zip")
    evaluate.add_argument(
        "--tasks", metavar="FILE", help="task, folder, metric, definition, unit, answer_path: .csv, .parquet or .json"
    )
    evaluate.add_argument("-b", "--benchmark", metavar="FILE", help="tasks with metrics and specialists")
    evaluate.add_argument("-o", "--output", metavar="FILE", help="the results, as `glevel score` reads them")
    evaluate.add_argument("--samples", metavar="FILE", help="every sample with what it adds to its task's value")
    evaluate.add_argument("--model", metavar="NAME", help="default: the name of PREDICTIONS")
    evaluate.add_argument(
        "--values", metavar="FILE", help="values of tasks that are not computed here: task, value (FID, MOS, ...)"
    )
    evaluate.add_argument(
        "--missing",
        choices=["worst", "refuse"],
        default="worst",
        help="an id without a prediction counts as the metric's worst value, or the task as not supported",
    )
    evaluate.add_argument("--processes", type=positive, metavar="N", help="default: all cores; no number depends on it")
    evaluate.add_argument("--draft", metavar="FILE", help="write a first tasks.csv for --annotations and -b, and stop")
    evaluate.add_argument("--example", metavar="DIR", help="write the example into a new folder, and stop")
    evaluate.add_argument("--definitions", action="store_true", help="list the definitions, and stop")
    evaluate.set_defaults(run=run, parser=evaluate)


def run(arguments: argparse.Namespace) -> int:
    if arguments.definitions:
        return _definitions()
    if arguments.example:
        from glevel_fast.evaluation.example import write_example

        write_example(arguments.example)
        print(f"{arguments.example}: benchmark.csv, tasks.csv, annotations/, predictions/Example-7B/")
        return 0
    _need(arguments, *(("annotations", "benchmark") if arguments.draft else ("annotations", "tasks", "benchmark")))
    if arguments.draft:
        return _draft(arguments)
    if arguments.predictions is None:
        arguments.parser.error("PREDICTIONS is missing")
    for name in ("output", "samples"):
        path = getattr(arguments, name)
        if path and not path.lower().endswith(FORMATS):
            arguments.parser.error(f"--{name} needs a file that ends in {', '.join(FORMATS)}")

    import glevel_fast as gl
    from glevel_fast.cli.progress import Progress
    from glevel_fast.evaluation.processes import cores

    with Progress("evaluating") as progress:
        evaluation = gl.evaluate(
            arguments.predictions,
            arguments.annotations,
            arguments.tasks,
            benchmark=arguments.benchmark,
            model=arguments.model,
            values=arguments.values,
            missing=arguments.missing,
            processes=arguments.processes or cores(),
            progress=progress.update,
        )
    if arguments.samples:
        _write(evaluation.sample_columns(), arguments.samples)
    if arguments.output:
        _write(evaluation.columns(), arguments.output)
    _print(evaluation)
    show_notes(evaluation.notes)
    return 0


def _need(arguments: argparse.Namespace, *names: str) -> None:
    if lacking := [f"--{name}" for name in names if getattr(arguments, name) is None]:
        arguments.parser.error(f"{', '.join(lacking)} {'is' if len(lacking) == 1 else 'are'} missing")


def _write(columns: dict[str, Any], path: str) -> None:
    from glevel_fast.io import write

    if path.lower().endswith(".parquet"):
        write.parquet(columns, path)
    elif path.lower().endswith(".csv"):
        write.csv(columns, path)
    else:
        write.json(write.records(columns), path)


def _print(evaluation: Evaluation) -> None:
    from glevel_fast.cli import terminal
    from glevel_fast.io.markup import TextTable

    columns = evaluation.columns()
    value = ["-" if math.isnan(v) else f"{v:.6g}" for v in columns["value"].tolist()]
    counts = [[str(n or "") for n in columns[name]] for name in ("n", "missing")]
    cells = (
        columns["task"],
        columns["metric"],
        value,
        columns["unit"],
        *counts,
        columns["source"],
        columns["definition"],
    )
    header = ("Task", "Metric", "Value", "Unit", "Samples", "Missing", "Source", "Definition")
    title = f"{evaluation.model}: {sum(v != '-' for v in value)} of {len(value)} tasks have a value"
    table = TextTable(title, header, "llrlrrll", tuple(zip(*cells, strict=True)))
    terminal.print_sheet(table, keep=("Task", "Metric", "Value", "Unit"))


def _draft(arguments: argparse.Namespace) -> int:
    import glevel_fast as gl
    from glevel_fast.evaluation.draft import draft
    from glevel_fast.io import write

    columns, notes = draft(arguments.annotations, gl.load_benchmark(arguments.benchmark))
    write.csv(columns, arguments.draft)
    if arguments.draft != "-":
        found = sum(map(bool, columns["folder"]))
        print(f"{arguments.draft}: {len(columns['task'])} tasks, {found} with a folder")
    show_notes(notes)
    return 0


def _definitions() -> int:
    from glevel_fast.cli import terminal
    from glevel_fast.evaluation.catalogue import definitions
    from glevel_fast.io.markup import TextTable

    rows = tuple((one.id, f"({', '.join(one.metrics)})", one.says) for one in definitions())
    title = f"{len(rows)} definitions; of each metric the first is the default"
    tokens = "Tokens are runs of letters and digits, and each punctuation mark; a Han, Kana or Thai character is one."
    terminal.print_list(TextTable(title, ("Definition", "(metrics)", "what it is"), "lll", rows, (tokens,)))
    return 0
