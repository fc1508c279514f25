"""Run every `$ glevel ...` of the documents and put its output below it; --check only compares.

Commands run in the same process, one folder per document, on the bundled data. What stands behind `|` is given
the output by the shell; after `| head -n N` a line `...` says that there are more. A block ```json NAME is a file in
the document's folder.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from unittest.mock import patch

from glevel_fast.cli.main import main as glevel

HERE = Path(__file__).parent
FILE = re.compile(r"^```json (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NOON = 1_769_947_200_000_000_000  # 2026-02-01 12:00 UTC
BESIDE = [HERE.parent / "python" / "glevel_fast" / "published" / "README.md"]
"""Documents that stand beside what they describe."""
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def run(command: str) -> str:
    command, _, head = command.partition(" | head -n ")
    command, _, filtered = command.partition(" | ")
    words = shlex.split(command)
    if words[0] != "glevel":
        raise ValueError(f"not a glevel command: {command}")
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()) as err:
        status = glevel(words[1:])
    if status:
        raise RuntimeError(f"{command}: exit status {status}: {err.getvalue()}")
    text = out.getvalue()
    if filtered:
        text = subprocess.run(["sh", "-c", filtered], input=text, capture_output=True, text=True, check=True).stdout
    lines = [line.rstrip() for line in text.splitlines()]
    if head and len(lines) > int(head):
        lines = [*lines[: int(head)], "..."]
    return "".join(line + "\n" for line in lines)


def refreshed(text: str) -> str:
    """The document with the output of its commands as it is today."""

    def block(match: re.Match[str]) -> str:
        commands = [line[2:] for line in match[1].splitlines() if line.startswith("$ ")]
        return "```console\n" + "".join(f"$ {command}\n{run(command)}" for command in commands) + "```"

    return BLOCK.sub(block, text)


def documents() -> list[Path]:
    here = sorted(path for path in HERE.glob("*.md") if BLOCK.search(path.read_text(encoding="utf-8")))
    return [*here, *BESIDE]


def fresh_text(path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    with (
        tempfile.TemporaryDirectory() as folder,
        contextlib.chdir(folder),
        # a document is the same on every day
        patch("time.time_ns", lambda: NOON),
        patch("secrets.token_hex", lambda n: "d" * 2 * n),
    ):
        for name, content in FILE.findall(text):
            Path(name).write_text(content, encoding="utf-8")
        return refreshed(text)


def main(arguments: list[str]) -> int:
    stale = []
    for path in documents():
        text = fresh_text(path)
        if text != path.read_text(encoding="utf-8"):
            stale.append(path.name)
            if "--check" not in arguments:
                path.write_text(text, encoding="utf-8", newline="\n")
    if stale:
        print(f"{'stale' if '--check' in arguments else 'rewritten'}: {', '.join(stale)}")
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    os.environ.pop("COLUMNS", None)
    sys.exit(main(sys.argv[1:]))
