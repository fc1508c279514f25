"""`glevel import`."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

from glevel_fast.cli.notes import show_notes
from glevel_fast.cli.progress import Progress

if TYPE_CHECKING:
    from glevel_fast.loading.importing import Imported

FORMATS = (
    "lm-eval", "lmms-eval", "vlmevalkit", "helm", "inspect", "mteb", "eee", "opencompass", "model-index",
)  # fmt: skip


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "import",
        help="results of other evaluation tools",
        description="Read result files of another tool into one long table, which every command takes for results. "
        "Start with --list: it writes map.toml, which says what becomes which task, in which unit, and benchmark.csv, "
        "without specialists; correct both, then import with --map.",
    )
    parser.add_argument("format", choices=FORMATS, metavar="FORMAT", help=", ".join(FORMATS))
    parser.add_argument("files", nargs="+", metavar="FILES", help="files, or folders that are searched for them")
    parser.add_argument("-o", "--output", metavar="FILE", help=".parquet or .csv; '-': CSV to standard output")
    parser.add_argument("--list", action="store_true", help="draft map.toml and benchmark.csv from what is there")
    parser.add_argument("--into", default=".", metavar="FOLDER", help="where --list writes them (default: here)")
    parser.add_argument("--map", metavar="FILE", help="take only what this map.toml names, as it names it")
    parser.add_argument("--model", default="", metavar="NAME", help="the model, where files do not name it")
    parser.add_argument(
        "--only", action="append", default=[], metavar="COLUMN=VALUE", help="such as shots=5; may be given again"
    )
    parser.add_argument(
        "--groups", choices=["parts", "averages", "both"], default="parts", help="of averages beside their parts"
    )
    parser.add_argument(
        "--limited", choices=["error", "keep", "drop"], default="error", help="runs held to a number of samples"
    )
    parser.add_argument(
        "--on-duplicate",
        choices=["error", "latest", "largest-n"],
        default="error",
        help="which of repeated runs to take; other duplicates are always an error that lists what differs",
    )
    parser.set_defaults(run=run, parser=parser)


def run(arguments: argparse.Namespace) -> int:
    if arguments.list == bool(arguments.output):
        arguments.parser.error("give either --output FILE, or --list")
    kind = os.path.splitext(arguments.output or "")[1].lower()
    if arguments.output and arguments.output != "-" and kind not in (".parquet", ".csv"):
        arguments.parser.error("--output needs a file that ends in .parquet or .csv, or '-'")
    pairs = [text.partition("=") for text in arguments.only]
    if wrong := [text for text, (_, equals, _) in zip(arguments.only, pairs, strict=True) if not equals]:
        arguments.parser.error(f"--only {wrong[0]}: write COLUMN=VALUE")
    import glevel_fast as gl
    from glevel_fast.io import write

    with Progress("reading") as progress:
        imported = gl.import_results(
            arguments.format,
            arguments.files,
            map=arguments.map,
            model=arguments.model,
            only={name: value for name, _, value in pairs},
            groups="both" if arguments.list else arguments.groups,
            limited="keep" if arguments.list else arguments.limited,
            on_duplicate="keep" if arguments.list else arguments.on_duplicate,
            progress=progress.update,
        )
    if arguments.list:
        _draft(imported, arguments.into)
    elif kind == ".parquet":
        write.parquet(imported.columns(), arguments.output)
    else:
        write.csv(imported.columns(), arguments.output)
    show_notes(imported.notes)
    return 0


def _draft(imported: Imported, folder: str) -> None:
    """What is there on standard output, map.toml and benchmark.csv in the folder, where neither is yet."""
    from glevel_fast.cli import terminal
    from glevel_fast.errors import GLevelError
    from glevel_fast.io import write

    paths = [os.path.join(folder, name) for name in ("map.toml", "benchmark.csv")]
    if there := [path for path in paths if os.path.exists(path)]:
        raise GLevelError(f"{there[0]}: is there already; remove it, or draft into another folder (--into FOLDER)")
    text, benchmark = imported.map(), imported.benchmark()
    write.text(paths[0], text)
    write.csv(benchmark, paths[1])
    terminal.print_sheet(imported.sheet(), keep=("Task", "Metric", "Values", "Unit", "Known as"), most=60)
    n, modality = len(benchmark["task"]), " ".join(filter(None, imported.group))
    print(
        f"note: {paths[0]} and {paths[1]} are drafts of {n} {'task' if n == 1 else 'tasks'}, all taken for {modality}; "
        "correct them, and add the specialists' scores (column sota)",
        file=sys.stderr,
    )
