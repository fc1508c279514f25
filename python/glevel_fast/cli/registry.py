"""`glevel registry`: the file of a leaderboard that takes submissions."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING, Any

from glevel_fast.cli.notes import show_notes
from glevel_fast.cli.registries import add_leaderboards, add_rules

if TYPE_CHECKING:
    from collections.abc import Callable


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    registry = commands.add_parser(
        "registry",
        help="the file of a leaderboard that takes submissions",
        description="Make a registry, look into it, get everything out of it. `glevel intake`, `rescore` and "
        "`report --registry` fill it, put it on other rules, and publish it.",
    )
    parts = registry.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def part(name: str, run: Callable[[argparse.Namespace], int], what: str, more: str = "") -> Any:
        parser = parts.add_parser(name, help=what, description=f"{what[0].upper()}{what[1:]}. {more}".strip())
        parser.add_argument("registry", metavar="REGISTRY", help="such as board.db")
        parser.set_defaults(run=run, parser=parser)
        return parser

    init = part("init", _init, "make a new registry", "Archives will lie beside it, in REGISTRY.archives.")
    init.add_argument("-b", "--benchmark", required=True, metavar="FILE")
    init.add_argument("--tasks", required=True, metavar="FILE", help="tasks.csv, as of `glevel evaluate`")
    init.add_argument("--annotations", required=True, metavar="DIR", help="a folder or .zip, such as the closed set")
    add_leaderboards(init)
    add_rules(init)
    init.add_argument("--title", default="General-Level leaderboard")

    board = part("board", _board, "print the boards as they stand")
    board.add_argument("--id", metavar="ID", help="one leaderboard alone")
    board.add_argument("--json", metavar="FILE", help="write JSON ('-': standard output, and no tables)")

    change = part("set", _set, "set other limits, leases or a title", "They hold from now on.")
    add_rules(change)
    change.add_argument("--title")

    log = part("log", _log, "print what happened, in order", "E-mail addresses are in it: it is not for publication.")
    log.add_argument("--since", type=int, default=0, metavar="SEQ", help="events after this number")
    log.add_argument("--jsonl", metavar="FILE", help="write JSON lines ('-': standard output, and no table)")
    log.add_argument("--csv", metavar="FILE", help="write CSV ('-': standard output, and no table)")

    export = part("export", _export, "write every table to a folder", "E-mail addresses are in it.")
    export.add_argument("-o", "--output", required=True, metavar="FOLDER")
    export.add_argument("--format", choices=["jsonl", "csv"], default="jsonl")

    part("check", _check, "compare the state with the log, and look for archives")
    for name, run, what in (
        ("withdraw", _withdraw, "take a submission off the boards; it still counts against the limits"),
        ("restore", _restore, "put a withdrawn submission back"),
        ("free", _free, "end an evaluation that is stuck, before its lease does"),
    ):
        part(name, run, what).add_argument("submission", type=int, metavar="NUMBER")


def _init(arguments: argparse.Namespace) -> int:
    import glevel_fast as gl
    from glevel_fast.registry.evaluating import grounds_of
    from glevel_fast.registry.fairness import DEFAULT_LIMITS, parse_limit, parse_span
    from glevel_fast.registry.ids import read_leaderboards
    from glevel_fast.registry.store import Store

    bench = gl.load_benchmark(arguments.benchmark)
    grounds, notes = grounds_of(bench, arguments.tasks, arguments.annotations)
    limits = DEFAULT_LIMITS if arguments.limit is None else [parse_limit(text) for text in arguments.limit]
    with Store.create(
        arguments.registry,
        bench,
        rows=grounds.plain_rows(),
        annotations=arguments.annotations,
        hashes=grounds.hashes,
        leaderboards=read_leaderboards(arguments.boards) if arguments.boards else None,
        limits=limits,
        lease=parse_span(arguments.lease or "6h"),
        title=arguments.title,
    ) as store:
        boards = len(store.leaderboards())
    print(f"{arguments.registry}: {bench.n_tasks} tasks, {boards} leaderboards, limits {', '.join(map(str, limits))}")
    show_notes(notes)
    return 0


def _set(arguments: argparse.Namespace) -> int:
    if arguments.limit is arguments.lease is arguments.title is None:
        arguments.parser.error("say what to set: --limit, --lease or --title")

    from glevel_fast.registry.fairness import parse_limit, parse_span
    from glevel_fast.registry.store import Store

    limits = None if arguments.limit is None else [parse_limit(text) for text in arguments.limit]
    lease = None if arguments.lease is None else parse_span(arguments.lease)
    with Store(arguments.registry, write=True) as store:
        store.change(limits=limits, lease=lease, title=arguments.title)
        print(f"{arguments.registry}: limits {', '.join(store.settings['limits'])}")
    return 0


def _board(arguments: argparse.Namespace) -> int:
    from glevel_fast.cli import terminal
    from glevel_fast.io import write
    from glevel_fast.registry.ids import find_leaderboard
    from glevel_fast.registry.standing import standing_of
    from glevel_fast.registry.store import Store

    with Store(arguments.registry) as store:
        known = store.leaderboards()
        if arguments.id:
            known = {arguments.id: find_leaderboard(arguments.id, known)}
        standing, notes = standing_of(store)
        rankings = standing.rankings(known)
    if arguments.json:
        write.json({"boards": [ranking.to_dict() for ranking in rankings], "notes": list(notes)}, arguments.json)
    if arguments.json != "-":
        for ranking in rankings:
            terminal.print_sheet(ranking.sheet(), keep=("Rank", "Model", "Level", "Total", "Date"))
        if not rankings:
            print("no submissions yet")
    show_notes(notes)
    return 0


def _log(arguments: argparse.Namespace) -> int:
    if arguments.jsonl == "-" and arguments.csv == "-":
        arguments.parser.error("only one output can go to standard output")

    from glevel_fast.cli import terminal
    from glevel_fast.io import write
    from glevel_fast.io.markup import TextTable
    from glevel_fast.registry.export import csv_lines, event_rows, json_lines
    from glevel_fast.registry.store import Store

    with Store(arguments.registry) as store:
        rows = list(event_rows(store.events(arguments.since)))
    if arguments.jsonl:
        write.text(arguments.jsonl, "".join(json_lines(rows)))
    if arguments.csv:
        write.text(arguments.csv, "".join(csv_lines(rows)))
    if "-" not in (arguments.jsonl, arguments.csv):
        cells = [
            (str(row["seq"]), row["at"], row["kind"], str(row["submission"] or ""), _detail(row["data"]))
            for row in rows
        ]
        terminal.print_list(TextTable(f"{len(rows)} events", ("Seq", "At", "What", "Number", "Of it"), "rllrl", cells))
    return 0


def _detail(data: dict[str, Any]) -> str:
    if "metadata" in data:
        return f"{data['metadata']['model']} on {data['board']}, {data['email']}"
    if "why" in data:
        return ": ".join(filter(None, (data.get("file"), data["why"].replace("\n", " "))))
    return f"{sum(x is not None for x in data['raw'])} values" if "raw" in data else ""


def _export(arguments: argparse.Namespace) -> int:
    from glevel_fast.registry.export import export
    from glevel_fast.registry.store import Store

    with Store(arguments.registry) as store:
        paths = export(store, arguments.output, arguments.format)
    print(f"{arguments.output}: {', '.join(map(os.path.basename, paths))}")
    return 0


def _check(arguments: argparse.Namespace) -> int:
    from glevel_fast.registry.store import Store

    with Store(arguments.registry) as store:
        faults = store.faults()
        n, events = len(store.submissions()), sum(1 for _ in store.events())
    for fault in faults:
        print(f"{arguments.registry}: {fault}", file=sys.stderr)
    if not faults:
        print(f"{arguments.registry}: {n} submissions, {events} events; the state is what the log makes of it")
    return 1 if faults else 0


def _withdraw(arguments: argparse.Namespace) -> int:
    return _change(arguments, "withdrawn", lambda store: store.withdraw(arguments.submission))


def _restore(arguments: argparse.Namespace) -> int:
    return _change(arguments, "back on the boards", lambda store: store.withdraw(arguments.submission, back=True))


def _free(arguments: argparse.Namespace) -> int:
    return _change(arguments, "free again", lambda store: store.free(arguments.submission))


def _change(arguments: argparse.Namespace, done: str, change: Callable[[Any], None]) -> int:
    from glevel_fast.registry.store import Store

    with Store(arguments.registry, write=True) as store:
        change(store)
    print(f"number {arguments.submission} is {done}")
    return 0
