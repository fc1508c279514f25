"""`glevel`: parses the command line, calls the library, prints."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Sequence

from glevel_fast import __version__
from glevel_fast.commands import metrics, score
from glevel_fast.errors import GLevelError

EPILOG = """examples:
  glevel score                                   re-score the paper's published results
  glevel score out/*_result.xlsx -b sota_result.xlsx
  glevel score results.parquet -b tasks.csv --json - | jq .models[0]
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
    arguments = _parser().parse_args(argv)
    try:
        status: int = arguments.run(arguments)
        sys.stdout.flush()
    except GLevelError as error:
        print(f"glevel: error: {error}", file=sys.stderr)
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


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="glevel",
        description="Score multimodal generalists on General-Level (Levels 2 to 5).",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"glevel {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    for command in (score, metrics):
        command.add_to(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())
