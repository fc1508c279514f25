"""`glevel audit`."""

from __future__ import annotations

import argparse

from glevel_fast.cli.notes import show_notes

KINDS = (
    "overall",
    "level-order",
    "no-support",
    "no-wins",
    "support",
    "percent",
    "rank",
    "level-column",
    "skill-means",
    "counts",
    "tasks",
    "range",
    "precision",
    "duplicate",
    "name",
    "claim",
)


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    audit = commands.add_parser(
        "audit",
        help="what is wrong with a published board",
        description="Check finished tables for figures that do not fit each other, and print the corrected boards. "
        "Without TABLES, those of the paper.",
    )
    audit.add_argument(
        "tables",
        nargs="*",
        metavar="TABLES",
        help="boards (model, overall, one column per modality; level, rank, paradigm), counts (model, modality, "
        "paradigm, supported, wins), or what `glevel board --json` or `glevel score --json` wrote",
    )
    audit.add_argument("--kind", choices=KINDS, metavar="KIND", help=f"only findings of one kind: {', '.join(KINDS)}")
    audit.add_argument(
        "--modalities", metavar="NAME,...", help="the columns of TABLES that are modalities, other than General-Bench's"
    )
    audit.add_argument("--exit-code", action="store_true", help="exit with 1 where there are findings")
    audit.add_argument("--containing", metavar="TEXT", help="only findings whose model or sentence contains this")
    audit.add_argument("--corrected", action="store_true", help="only the corrected boards beside the printed ones")
    audit.add_argument(
        "--readings",
        action="store_true",
        help="only how many of the paper's figures each reading of a rule gives (>= or >, ...)",
    )
    audit.add_argument("--json", metavar="FILE", help="write the findings as JSON ('-': standard output, and no table)")
    audit.add_argument(
        "--markdown", metavar="FILE", help="write findings and corrected boards as Markdown ('-': likewise)"
    )
    audit.set_defaults(run=run, parser=audit)


def run(arguments: argparse.Namespace) -> int:
    if arguments.json == "-" == arguments.markdown:
        arguments.parser.error("only one output can go to standard output")

    from glevel_fast.cli import terminal
    from glevel_fast.io import write

    if arguments.readings:
        return _print_readings(arguments)
    from glevel_fast.trust.audit import audit_boards, audit_support, corrected_sheet, findings_sheet

    if arguments.tables:
        from glevel_fast.trust.audit_tables import read_tables

        named = [m for m in (arguments.modalities or "").split(",") if m.strip()]
        read = [read_tables(path, named) for path in arguments.tables]
        rows = tuple(row for one in read for row in one.rows)
        support = tuple(entry for one in read for entry in one.support)
        notes = [note for one in read for note in one.notes]
        findings = (*audit_boards(rows), *audit_support(support, rows))
    else:
        from glevel_fast.published.audit import audit_published, boards

        rows, findings, notes = boards(), audit_published(), []
    if arguments.kind:
        findings = tuple(f for f in findings if f.kind == arguments.kind)
    if arguments.containing:
        text = arguments.containing.casefold()
        findings = tuple(f for f in findings if text in f"{f.model}: {f.message}".casefold())
    levels = sorted({row.level for row in rows})
    listed = [findings_sheet(findings)] if not arguments.corrected else []
    boards_too = arguments.corrected or not (arguments.kind or arguments.containing)
    corrected = [corrected_sheet([r for r in rows if r.level == k], True) for k in levels] if boards_too else []
    if arguments.json:
        write.json({"findings": [f.to_dict() for f in findings], "notes": notes}, arguments.json)
    if arguments.markdown:
        write.text(arguments.markdown, "\n".join(sheet.markdown() for sheet in [*listed, *corrected]))
    if "-" not in (arguments.json, arguments.markdown):
        for sheet in listed:
            terminal.print_list(sheet)
        for i, sheet in enumerate(corrected):
            print("\n" if listed or i else "", end="")
            if not sheet.rows:
                print(f"{sheet.title}: nothing moves")
                continue
            terminal.print_sheet(sheet, keep=("Rank", "Model", "Overall", "Printed rank", "Move"))
    show_notes(notes)
    return int(arguments.exit_code and len(findings) > 0)


def _print_readings(arguments: argparse.Namespace) -> int:
    from glevel_fast import published
    from glevel_fast.cli import terminal
    from glevel_fast.io import write

    if arguments.tables:
        arguments.parser.error("--readings are of the paper's tables; name no others")
    rows = published.readings()
    if arguments.json:
        write.json({"readings": [row.to_dict() for row in rows]}, arguments.json)
    if arguments.json != "-":
        terminal.print_readings(rows)
    return 0
