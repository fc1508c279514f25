"""Options that several commands share, and the outputs they ask for."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from concurrent.futures import Executor


def positive(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 18 or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is not a whole number above 0, of at most 18 digits")
    return int(text)


def few(text: str) -> int:
    """Threads and their like."""
    if len(text) > 9:
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is not a whole number above 0, below a billion")
    return positive(text)


def named(text: str) -> str:
    """The name of a file, which is not empty."""
    if not text.strip():
        raise argparse.ArgumentTypeError("the name of the file is empty")
    return text


def whole(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 20:
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is not a whole number, 0 or above, of at most 20 digits")
    return int(text)


def confidence(text: str) -> float:
    """A percent (95) or a share (0.95), between 50 and 100 %."""
    try:
        value = float(text.removesuffix("%"))
    except ValueError:
        value = 0.0
    share = value / 100.0 if value > 1.0 else value
    if not 0.5 < share < 1.0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a confidence between 50 and 100 %, such as 95")
    return share


def add_threads(parser: argparse.ArgumentParser) -> None:
    """--threads."""
    parser.add_argument("--threads", type=few, metavar="N", help="default: all cores; no number depends on it")


def add_cluster(parser: argparse.ArgumentParser) -> None:
    """--cluster."""
    parser.add_argument(
        "--cluster",
        metavar="ADDRESS",
        help="make the pieces on N processes here (local:N) or with dask (tcp://HOST:PORT); no number depends on it",
    )


@contextmanager
def executor(arguments: argparse.Namespace) -> Iterator[Executor | None]:
    """What --cluster names; None without it."""
    if not arguments.cluster:
        yield None
        return
    from glevel_fast.machines.spread import cluster

    with cluster(arguments.cluster) as found:
        yield found


def add_outputs(parser: argparse.ArgumentParser, *, plot: bool = True) -> None:
    """--json, --csv, --parquet and --plot."""
    for kind in ("json", "csv", "parquet"):
        stdout = " ('-': standard output, and no table)" if kind != "parquet" else ""
        parser.add_argument(f"--{kind}", metavar="FILE", help=f"write {kind.upper()}{stdout}")
    if plot:
        add_plot(parser, "the ranks of models")


def add_top(parser: argparse.ArgumentParser, what: str) -> None:
    """--top."""
    parser.add_argument("--top", type=positive, metavar="N", help=f"only the first N {what}")


def add_plot(parser: argparse.ArgumentParser, what: str) -> None:
    """--plot."""
    parser.add_argument("--plot", metavar="FILE", help=f"draw {what} into a .png, .svg or .pdf")


def check_plot(arguments: argparse.Namespace) -> None:
    """Refuse a --plot of another kind before anything is computed."""
    plot = getattr(arguments, "plot", None)
    if plot and not plot.lower().endswith((".png", ".svg", ".pdf")):
        arguments.parser.error("--plot needs a file that ends in .png, .svg or .pdf")


def check_outputs(arguments: argparse.Namespace) -> bool:
    """Whether standard output is taken, by JSON or CSV."""
    to_stdout = [kind for kind in ("json", "csv") if getattr(arguments, kind) == "-"]
    if len(to_stdout) > 1:
        arguments.parser.error("only one output can go to standard output")
    if arguments.parquet == "-":
        arguments.parser.error("--parquet needs a file")
    check_plot(arguments)
    return bool(to_stdout)


def write_outputs(
    arguments: argparse.Namespace, to_dict: Callable[[], dict[str, Any]], columns: Callable[[], dict[str, Any]]
) -> None:
    """Write what --json, --csv and --parquet ask for."""
    from glevel_fast.io import write

    if arguments.json:
        write.json(to_dict(), arguments.json)
    if arguments.csv:
        write.csv(columns(), arguments.csv)
    if arguments.parquet:
        write.parquet(columns(), arguments.parquet)
