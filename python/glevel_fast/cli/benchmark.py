"""`glevel benchmark`."""

from __future__ import annotations

import argparse


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    benchmark = commands.add_parser(
        "benchmark",
        help="General-Bench as bundled, to read or to edit",
        description="The benchmark that results are scored on where no --benchmark is given.",
    )
    actions = benchmark.add_subparsers(title="actions", metavar="ACTION", required=True)
    export = actions.add_parser(
        "export",
        help="write it as a table of tasks",
        description="Write General-Bench as a table that -b reads back, one row per task: names, groups, skills, "
        "metrics, specialists and their scores, units.",
    )
    export.add_argument("-o", "--output", required=True, metavar="FILE", help=".csv, .json or .parquet ('-': CSV)")
    export.add_argument(
        "--as-printed", action="store_true", help="with the paper's misprints, which are otherwise corrected"
    )
    export.set_defaults(run=run_export)
    for name, text, run in (
        ("corrections", "what is taken otherwise than the paper prints it, and why", run_corrections),
        ("aliases", "models under other names than in Table 12, and what ties them", run_aliases),
        ("differences", "what the released workbook has otherwise", run_differences),
    ):
        actions.add_parser(name, help=text, description=f"List {text}.").set_defaults(run=run)


def run_export(arguments: argparse.Namespace) -> int:
    import glevel_fast as gl
    from glevel_fast.io import write

    benchmark = gl.published.benchmark("as printed" if arguments.as_printed else "corrected")
    columns, path = benchmark.to_dict(), arguments.output
    kind = "csv" if path == "-" else path.rpartition(".")[2].lower()
    if kind not in ("csv", "json", "parquet"):
        raise gl.GLevelError(f"{path}: a benchmark is written as .csv, .json or .parquet")
    getattr(write, kind)(columns, path)
    if path != "-":
        print(f"{path}: {benchmark.n_tasks} tasks")
    return 0


def run_corrections(arguments: argparse.Namespace) -> int:
    from glevel_fast.published import corrections

    rows = [
        [
            f"Table {c.tables}",
            " ".join(filter(None, (c.modality, c.paradigm, ".".join(filter(None, (c.skill, c.task)))))),
            " ".join(filter(None, (c.model, c.field, f"of row {c.row}" if c.field == "model" else ""))),
            f"{c.printed or 'nothing'} -> {c.taken or 'left out'}; {c.why}",
        ]
        for c in corrections()
    ]
    return _print("corrections", ["Table", "Where", "What", "Printed -> taken; why"], rows)


def run_aliases(arguments: argparse.Namespace) -> int:
    from glevel_fast.published import aliases

    rows = [[f"Table {a.tables}", f"{a.printed} = {a.canonical}", a.evidence] for a in aliases()]
    return _print("names", ["Table", "Printed = meant", "Why"], rows)


def run_differences(arguments: argparse.Namespace) -> int:
    from glevel_fast.published import workbook_differences

    rows = [
        [" ".join(filter(None, (*d.group, d.id))), d.what, f"{d.taken}; the workbook has {d.workbook}"]
        for d in workbook_differences()
    ]
    return _print("differences", ["Task", "What", "Here; there"], rows)


def _print(what: str, header: list[str], rows: list[list[str]]) -> int:
    from glevel_fast.cli import terminal
    from glevel_fast.io.markup import TextTable

    terminal.print_list(TextTable(f"{len(rows)} {what}", header, "l" * len(header), rows))
    return 0
