"""`glevel`: parses the command line, calls the library, prints."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Sequence

from glevel_fast.cli import (
    ablate,
    audit,
    benchmark,
    board,
    completion,
    convert,
    demo,
    evaluate,
    explain,
    export,
    import_,
    intake,
    lint,
    metrics,
    registry,
    report,
    score,
    snapshot,
    split,
    stability,
    submit,
    subset,
    template,
    what_if,
)
from glevel_fast.cli.completion import answer
from glevel_fast.cli.notes import add_quiet, begin
from glevel_fast.cli.options import named
from glevel_fast.cli.parsing import Parser
from glevel_fast.errors import GLevelError
from glevel_fast.version import __version__

EPILOG = """examples:
  glevel score                                   re-score the paper's published results
  glevel template -o mine.csv                    what to fill in for a new model
  glevel score mine.csv                          on General-Bench as bundled
  glevel evaluate predictions.zip --annotations DIR --tasks tasks.csv -b BENCH -o results.parquet
  glevel score results.parquet -b tasks.csv --json - | jq .models[0]
  glevel board --scope B:image --level 3         a leaderboard; also C:image/generation, D:<skill>
  glevel board --level 1                         the specialists, and the best model beside each
  glevel explain GPT4-o --level 3                why a score is what it is
  glevel audit                                   what is wrong with the published boards
  glevel lint out/*_result.xlsx
  glevel benchmark export -o tasks.csv           General-Bench, to edit
  glevel report -o site/                         a page to publish
  glevel submit PREDICTIONS --model NAME --board A --metadata metadata.json
  glevel intake *.zip --registry board.db        a leaderboard that takes submissions
  glevel ablate --leave-one-out                  which specialists decide the board
  glevel what-if "Crowd Counting=5.2"            another specialist's score
  glevel stability --level 3                     how far a rank can be trusted
  glevel import lm-eval results/ -o r.parquet    results of other tools; --list says what is there
  glevel convert runs/ -o results.arrow          in a layout that is read several times faster
  glevel subset --size 30 -o quick.csv           tasks for a quick board, and how far to trust it
  glevel export eee -o data/                     for every_eval_ever; also model-index, csv, json
  glevel metrics                                 every known metric, its mapping and domain
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit status is 0 (done), 1 (the input is wrong) or 2 (wrong usage)."""
    if sys.stderr is None:  # closed by the caller; print() would take standard output instead
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115
    if sys.stdout is None:
        print("glevel: error: standard output is closed; for no output, send it to /dev/null", file=sys.stderr)
        return 1
    if isinstance(sys.stdout, io.TextIOWrapper):  # a terminal that knows ASCII alone still gets its table
        sys.stdout.reconfigure(errors="backslashreplace")
    whole = parser()
    answer(whole)
    arguments = whole.parse_args(argv)
    begin(arguments.quiet)
    try:
        status: int = arguments.run(arguments)
        sys.stdout.flush()
    except GLevelError as error:
        from glevel_fast.text import harmless

        print(f"glevel: error: {harmless(str(error))}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("glevel: interrupted", file=sys.stderr)
        return 130
    except OSError as error:  # of standard output: all other files have their own errors
        # What could not be written is given up, so that Python does not try again on its way out.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):  # the reader has had enough (`| head`)
            return 0
        print(f"glevel: error: standard output: {error.strerror or error}", file=sys.stderr)
        return 1
    return status


def parser() -> argparse.ArgumentParser:
    """The command line, with a parser for each command."""
    whole = Parser(
        prog="glevel",
        description="Score multimodal generalists on General-Level (Levels 2 to 5).",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    whole.add_argument("--version", action="version", version=f"glevel {__version__}")
    commands = whole.add_subparsers(title="commands", metavar="COMMAND", required=True)

    for command in (
        evaluate,
        score,
        template,
        board,
        explain,
        audit,
        import_,
        convert,
        lint,
        ablate,
        what_if,
        stability,
        subset,
        snapshot,
        report,
        export,
        submit,
        intake,
        registry,
        split,
        benchmark,
        metrics,
        completion,
        demo,
    ):
        command.add_to(commands)
    add_quiet(whole)
    _refuse_empty_names(whole)
    return whole


def _refuse_empty_names(parser: argparse.ArgumentParser) -> None:
    """An empty name of a file (of a variable that is not set, say) is a mistake, and not "no file"."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                _refuse_empty_names(command)
        elif action.metavar in ("FILE", "FOLDER", "RESULTS") and action.type is None and action.default != "":
            action.type = named


if __name__ == "__main__":
    sys.exit(main())
