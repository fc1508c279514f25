"""Options of the commands that work on a registry."""

from __future__ import annotations

import argparse

from glevel_fast.cli.options import positive


def add_registry(parser: argparse.ArgumentParser) -> None:
    """--registry."""
    parser.add_argument("--registry", required=True, metavar="FILE", help="such as board.db (`glevel registry init`)")


def add_leaderboards(parser: argparse.ArgumentParser) -> None:
    """--boards."""
    parser.add_argument(
        "--boards",
        metavar="FILE",
        help="leaderboards beside the benchmark's own: id, scope, and tasks (a quick board's benchmark file)",
    )


def add_processes(parser: argparse.ArgumentParser) -> None:
    """--processes."""
    parser.add_argument("--processes", type=positive, metavar="N", help="default: all cores; no number depends on it")


def add_rules(parser: argparse.ArgumentParser) -> None:
    """--limit and --lease."""
    parser.add_argument(
        "--limit",
        action="append",
        metavar="N/SPAN",
        help="admissions of one submitter within a span; repeat it (a new registry: 2/24h and 4/7d)",
    )
    parser.add_argument("--lease", metavar="SPAN", help="how long an evaluation may take (a new registry: 6h)")
