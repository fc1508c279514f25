"""`glevel export`."""

from __future__ import annotations

import argparse
import os
import time

from glevel_fast.cli import inputs, options
from glevel_fast.cli.notes import show_notes
from glevel_fast.errors import GLevelError

FORMATS = ("eee", "model-index", "csv", "json")
RELATIONSHIPS = ("first_party", "third_party", "collaborative", "other")


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    export = commands.add_parser(
        "export",
        help="scores in the formats of other projects",
        description="Write S2 to S5, levels, their intervals (as of `glevel stability`) and the benchmark's hash: for "
        "every_eval_ever (eee: a folder with a file per model), for model cards (model-index: YAML), as CSV or as "
        "JSON; without RESULTS, of the paper's published ones.",
    )
    export.add_argument("format", choices=FORMATS, metavar="FORMAT", help=", ".join(FORMATS))
    inputs.add_inputs(export, policy=False)
    options.add_threads(export)
    export.add_argument(
        "-o", "--output", required=True, metavar="FILE", help="of eee a folder; '-': standard output, of all others"
    )
    export.add_argument("--no-intervals", action="store_true", help="scores alone")
    export.add_argument("--confidence", type=options.confidence, default=0.95, help="default 95")
    export.add_argument("--date", default="", metavar="YYYY-MM-DD", help="date of the results")
    export.add_argument("--organization", default="unknown", metavar="NAME", help="eee: who gives the results")
    export.add_argument("--relationship", choices=RELATIONSHIPS, default="other", help="eee: of it to the models")
    export.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    if arguments.format == "eee" and arguments.output == "-":
        arguments.parser.error("eee needs a folder (--output FOLDER): it is a file per model")
    from glevel_fast.io import write
    from glevel_fast.report.export import Export
    from glevel_fast.text import reason

    scorer, results = inputs.read_scorer(arguments)
    prepared = scorer.prepare(results, threads=arguments.threads)
    boot = None
    if not arguments.no_intervals and scorer.benchmark.modalities:
        boot = scorer.bootstrap(prepared, 1, threads=arguments.threads)  # intervals rest on tasks, not on resamples
    export = Export(prepared.scores, boot, arguments.confidence, arguments.date)
    if arguments.format == "csv":
        write.csv(export.columns(), arguments.output)
    elif arguments.format == "json":
        write.json(export.to_dict(), arguments.output)
    elif arguments.format == "model-index":
        from glevel_fast.extras import require

        text = require("yaml", "formats").safe_dump(export.to_model_index(), sort_keys=False, allow_unicode=True)
        write.text(arguments.output, text)
    else:
        now = int(os.environ.get("SOURCE_DATE_EPOCH") or time.time())
        for path, content in export.to_eee(arguments.organization, arguments.relationship, now):
            target = os.path.join(arguments.output, *path.split("/"))
            try:
                os.makedirs(os.path.dirname(target), exist_ok=True)
            except OSError as error:
                raise GLevelError(f"{os.path.dirname(target)}: cannot be made: {reason(error)}") from None
            write.json(content, target)
    show_notes(prepared.scores.notes)
    return 0
