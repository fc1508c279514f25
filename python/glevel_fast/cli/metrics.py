"""`glevel metrics`."""

from __future__ import annotations

import argparse


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    metrics = commands.add_parser("metrics", help="list every known metric with its mapping, domain and direction")
    metrics.add_argument("--json", action="store_true", help="as JSON")
    metrics.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    import glevel_fast as gl

    rows = [
        {"metric": m.name, "points": m.formula, "domain": m.domain, "better": m.better, "aliases": list(m.aliases)}
        for m in gl.known_metrics()
    ]
    if arguments.json:
        from glevel_fast.io import write

        write.json(rows, "-")
    else:
        from glevel_fast.cli import terminal

        terminal.print_metrics(rows)
    return 0
