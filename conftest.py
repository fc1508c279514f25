"""The examples of the documents are tests, with what stands below them; `--renew` writes that anew.

Those of a page run one after another, in a folder of the page: `$ glevel ...` in this process, on the bundled data;
what stands behind `|` is given the output by the shell, and after `| head -n N` a line `...` says that there are more.
A block with title="NAME" is a file in the folder, a block ```text what the Python above it prints.
"""

from __future__ import annotations

import io
import json
import re
import secrets
import shlex
import subprocess
import time
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from difflib import unified_diff
from pathlib import Path

import pytest
from sybil import Document, Example, Lexeme, Region, Sybil
from sybil.evaluators.python import PythonEvaluator
from sybil.parsers.markdown import CodeBlockParser
from sybil.parsers.markdown.lexers import RawFencedCodeBlockLexer
from sybil.parsers.rest import DocTestParser
from sybil.sybil import SybilCollection

from glevel_fast.cli.main import main as glevel

NOON = 1_769_947_200_000_000_000  # 2026-02-01 12:00 UTC


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--renew", action="store_true", help="write what the documents' examples print into them")


@pytest.fixture(scope="module")
def renew(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[bool]:
    """Whether to write; while a page lasts, it has a folder of its own, and is the same on every day."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("page"))
        patch.delenv("COLUMNS", raising=False)
        patch.setattr(time, "time_ns", lambda: NOON)
        patch.setattr(secrets, "token_hex", lambda n: "d" * 2 * n)
        yield request.config.getoption("--renew")


def compare(example: Example, now: str) -> str:
    """What is wrong with the text of an example, for sybil; nothing once it is renewed."""
    if now == example.parsed:
        return ""
    if not example.namespace["renew"]:
        lines = unified_diff(example.parsed.splitlines(), now.splitlines(), "on the page", "now", lineterm="")
        return "\n".join([*lines, "", "`make docs` renews the pages"])
    page = Path(example.path)
    page.write_text(page.read_text(encoding="utf-8").replace(example.parsed, now, 1), encoding="utf-8", newline="\n")
    return ""


def run(line: str) -> str:
    command, _, head = line.partition(" | head -n ")
    command, _, filtered = command.partition(" | ")
    name, *words = shlex.split(command)
    assert name == "glevel", f"not a glevel command: {line}"
    with redirect_stdout(io.StringIO()) as out, redirect_stderr(io.StringIO()) as err:
        status = glevel(words)
    assert status == 0, f"{line}: exit status {status}: {err.getvalue()}"
    text = out.getvalue()
    if filtered:
        text = subprocess.run(["sh", "-c", filtered], input=text, capture_output=True, text=True, check=True).stdout
    lines = [shown.rstrip() for shown in text.splitlines()]
    if head and len(lines) > int(head):
        lines = [*lines[: int(head)], "..."]
    return "".join(f"{shown}\n" for shown in [f"$ {line}", *lines])


def console(example: Example) -> str:
    commands = [line[2:] for line in example.parsed.splitlines() if line.startswith("$ ")]
    return compare(example, "".join(map(run, commands)))


def python(example: Example) -> None:
    with redirect_stdout(io.StringIO()) as out:
        PythonEvaluator()(example)
    example.namespace["printed"] = out.getvalue()


def text(example: Example) -> str:
    return compare(example, example.namespace["printed"])


def file(example: Example) -> None:
    path = Path(example.region.lexemes["name"])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(example.parsed, encoding="utf-8")


def files(document: Document) -> Iterator[Region]:
    for region in RawFencedCodeBlockLexer(re.compile(r'\w+ title="(?P<name>\S+)"\n'))(document):
        region.parsed, region.evaluator = region.lexemes["source"], file
        yield region


def cells(document: Document) -> Iterator[Region]:
    """Of a notebook."""
    start = 0
    for cell in json.loads(document.text)["cells"]:
        start = document.text.index('"source"', start + 1)
        if cell["cell_type"] == "code":
            yield Region(start, start + 1, Lexeme("".join(cell["source"]), 0, 0), python)


BLOCKS = [CodeBlockParser(evaluator.__name__, evaluator) for evaluator in (console, python, text)]
PAGES = Sybil([*BLOCKS, files], pattern="*.md", excludes=["docs/reference/*"], fixtures=["renew"])
NOTEBOOKS = Sybil([cells], pattern="*.ipynb", fixtures=["renew"])
DOCSTRINGS = Sybil([DocTestParser()], path="python", pattern="*.py")
pytest_collect_file = SybilCollection([PAGES, NOTEBOOKS, DOCSTRINGS]).pytest()
