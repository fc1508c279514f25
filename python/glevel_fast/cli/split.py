"""`glevel split`: open and closed sets of a benchmark's annotations."""

from __future__ import annotations

import argparse

from glevel_fast.cli.notes import show_notes


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    split = commands.add_parser(
        "split",
        help="open and closed sets of annotations, stable as tasks grow",
        description="Split every task's samples into an open set, and a closed one whose gold is withheld. A keyed "
        "hash of task and id decides, so that a sample stays on its side whatever is added later. Writes DIR/open "
        "(records whole), DIR/closed (whole, for the maintainer alone) and DIR/inputs (closed records: id and input).",
    )
    split.add_argument("annotations", metavar="ANNOTATIONS", help="a folder")
    split.add_argument("--closed", default="2:3", metavar="N:M", help="closed to open (default: the paper's 2:3)")
    key = split.add_mutually_exclusive_group(required=True)
    key.add_argument("--key", metavar="FILE", help="the secret that decides; keep it")
    key.add_argument("--new-key", metavar="FILE", help="make a new one, in a new file")
    split.add_argument("--public", action="append", default=[], metavar="FIELD", help="of closed records, beside input")
    split.add_argument("-o", "--output", required=True, metavar="DIR", help="a new folder")
    split.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    from glevel_fast.registry.split import new_key, parse_share, read_key, split_annotations

    share = parse_share(arguments.closed)
    if arguments.new_key:
        new_key(arguments.new_key)
    key = read_key(arguments.new_key or arguments.key)
    done = split_annotations(arguments.annotations, arguments.output, key, share=share, public=arguments.public)
    closed, opened = (sum(count[i] for count in done.counts.values()) for i in (0, 1))
    print(f"{arguments.output}: {len(done.counts)} files, {closed} samples closed, {opened} open")
    show_notes(done.notes)
    return 0
