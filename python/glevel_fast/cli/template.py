"""`glevel template`."""

from __future__ import annotations

import argparse


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    template = commands.add_parser(
        "template",
        help="an empty table for a new model's results",
        description="Write the tasks to run, with metric, unit and specialist, and an empty place for each value. "
        "A task left empty counts as not supported.",
    )
    template.add_argument("-o", "--output", required=True, metavar="FILE", help=".csv or .xlsx ('-': CSV)")
    template.add_argument("--model", default="my-model", metavar="NAME", help="the model's name (default: my-model)")
    template.add_argument("--scope", default="A", metavar="SCOPE", help="as for `glevel board` (default: A, all tasks)")
    template.add_argument("-b", "--benchmark", metavar="FILE", help="tasks of your own (default: General-Bench)")
    template.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    import glevel_fast as gl
    from glevel_fast.boards.template import write_template

    benchmark = gl.load_benchmark(arguments.benchmark) if arguments.benchmark else gl.published.benchmark()
    path, model = arguments.output, arguments.model.strip()
    if not model:
        raise gl.GLevelError("--model: the name is empty")
    n = write_template(path, benchmark, model, arguments.scope)
    if path != "-":
        own = f" -b {arguments.benchmark}" if arguments.benchmark else ""
        partly = " --partial" if path.lower().endswith(".xlsx") and n < benchmark.n_tasks else ""
        print(f"{path}: {n} tasks; fill in the values, then: glevel score {path}{own}{partly}")
    return 0
