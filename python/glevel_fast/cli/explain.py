"""`glevel explain`."""

from __future__ import annotations

import argparse

from glevel_fast.cli.inputs import add_inputs, score_inputs
from glevel_fast.cli.notes import show_notes
from glevel_fast.cli.options import add_plot, check_plot, positive


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    explain = commands.add_parser(
        "explain",
        help="why a score is what it is, task by task",
        description="Print the receipt of a model's score: what each task contributes, and the nearest wins it lacks; "
        "with --against, two models side by side. Without RESULTS, of the paper's published results as recomputed.",
    )
    explain.add_argument("model", metavar="MODEL")
    add_inputs(explain)
    explain.add_argument("--against", metavar="MODEL", help="a second model, to see where the two differ")
    explain.add_argument("--scope", default="A", metavar="SCOPE", help="as for `glevel board` (default: A)")
    explain.add_argument("--level", type=int, choices=[2, 3, 4, 5], help="default: the highest that MODEL reaches")
    explain.add_argument(
        "--top", "--most", dest="most", type=positive, default=20, metavar="N", help="tasks to print (default: 20)"
    )
    explain.add_argument("--json", metavar="FILE", help="write all tasks as JSON ('-': standard output, and no table)")
    explain.add_argument("--markdown", metavar="FILE", help="write Markdown ('-': standard output, and no table)")
    add_plot(explain, "what each group adds to the score")
    explain.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    if arguments.json == "-" == arguments.markdown:
        arguments.parser.error("only one output can go to standard output")
    check_plot(arguments)

    from glevel_fast.cli import terminal
    from glevel_fast.io import write
    from glevel_fast.trust.receipts import compare

    scores = score_inputs(arguments)
    receipt = scores.receipt(arguments.model, arguments.level, arguments.scope)
    receipts = [receipt]
    if arguments.against is None:
        sheets = [receipt.sheet(arguments.most), receipt.lacking_sheet()]
    else:
        other = scores.receipt(arguments.against, receipt.level, arguments.scope)
        receipts.append(other)
        sheets = [compare(receipt, other, arguments.most)]
    if arguments.json:
        plain = [r.to_dict() for r in receipts]
        write.json(plain[0] if len(plain) == 1 else plain, arguments.json)
    if arguments.markdown:
        write.text(arguments.markdown, "\n".join(sheet.markdown() for sheet in sheets))
    if arguments.plot:
        from glevel_fast.report.figure import save

        save(receipt.plot.waterfall(), arguments.plot)
    if "-" not in (arguments.json, arguments.markdown):
        for i, sheet in enumerate(sheets):
            print("\n" if i else "", end="")
            terminal.print_sheet(sheet, keep=("Task", "Raw", "Points", "Win", "Contribution", "Gain", "1 - 2"))
    show_notes(scores.notes)
    return 0
