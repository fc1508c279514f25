"""`glevel subset`."""

from __future__ import annotations

import argparse
import os
from typing import Any

from glevel_fast.cli import inputs, options
from glevel_fast.cli.notes import show_notes


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    subset = commands.add_parser(
        "subset",
        help="choose tasks for a quick board, and say how far it can be trusted",
        description="Draw subsets of the tasks at random within each group, take the one that orders the models most "
        "like the full board, and judge that choice on models that had no part in it. The file is a benchmark of its "
        "own, which `glevel board --scope A.quick --tasks FILE` reads; without RESULTS, of the paper's published ones.",
    )
    inputs.add_inputs(subset, policy=False)
    options.add_threads(subset)
    options.add_cluster(subset)
    size = subset.add_mutually_exclusive_group(required=True)
    size.add_argument("--size", type=options.positive, metavar="K", help="how many tasks")
    size.add_argument("--budget", type=float, metavar="COST", help="the most that the tasks may cost together")
    subset.add_argument("--cost", metavar="FILE", help="what each task costs: a table with the columns task and cost")
    subset.add_argument(
        "--share",
        action="append",
        default=[],
        metavar="GROUP=SHARE",
        help="such as image/generation=0.2 or language=0.1; may be given again",
    )
    subset.add_argument(
        "--holdout",
        default="models",
        metavar="models|COLUMN",
        help="'models': a fifth, at random (default); a column of --about: all models of one value at a time",
    )
    subset.add_argument("--about", metavar="FILE", help="a table with the columns model and that of --holdout")
    subset.add_argument("--draws", type=options.positive, default=500, metavar="N", help="default 500")
    subset.add_argument("--seed", type=options.whole, default=0, metavar="N", help="default 0")
    subset.add_argument("-o", "--output", metavar="FILE", help="the benchmark of these tasks: .csv, .json or .parquet")
    subset.add_argument("--json", metavar="FILE", help="write what is known of it as JSON ('-': and no table)")
    subset.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    kind = os.path.splitext(arguments.output or "none.csv")[1].lower()
    if kind not in (".csv", ".json", ".parquet"):
        arguments.parser.error("--output needs a file that ends in .csv, .json or .parquet")
    if bool(arguments.about) != (arguments.holdout != "models"):
        arguments.parser.error("--holdout COLUMN and --about FILE go together")
    if arguments.cost and arguments.budget is None:
        arguments.parser.error("--cost goes with --budget")
    shares = _shares(arguments)
    from glevel_fast.io import write
    from glevel_fast.loading.sets import read_column

    scorer, results = inputs.read_scorer(arguments)
    cost: Any = read_column(arguments.cost, "task", "cost", numbers=True) if arguments.cost else None
    about: Any = read_column(arguments.about, "model", arguments.holdout) if arguments.about else None
    with options.executor(arguments) as executor:
        subset = scorer.subset(
            results, arguments.size, budget=arguments.budget, cost=cost, shares=shares, holdout=about,
            column=arguments.holdout, draws=arguments.draws, seed=arguments.seed, threads=arguments.threads,
            executor=executor,
        )  # fmt: skip
    if arguments.output:
        save = {".csv": write.csv, ".json": write.json, ".parquet": write.parquet}[kind]
        save(subset.columns(), arguments.output)
    if arguments.json:
        write.json(subset.to_dict(), arguments.json)
    if arguments.json != "-":
        from glevel_fast.cli import terminal

        sheet = subset.sheet()
        terminal.print_sheet(sheet, keep=("Board", "Tasks", *sheet.header[3:5]))
    show_notes(results.notes)
    return 0


def _shares(arguments: argparse.Namespace) -> dict[str, float]:
    shares = {}
    for text in arguments.share:
        group, _, share = text.rpartition("=")
        try:
            shares[group] = float(share.removesuffix("%")) / (100.0 if share.endswith("%") else 1.0)
        except ValueError:
            arguments.parser.error(f"--share {text}: write GROUP=SHARE, such as image/generation=0.2")
    return shares
