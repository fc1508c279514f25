"""The README's tables are what the scripts print; its example runs too: conftest.py."""

import contextlib
import io
import re
import runpy
from pathlib import Path

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def printed(run):
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        run()
    return out.getvalue()


def test_policies():
    table = re.search(r"<!-- policies:start -->\n(.*?)<!-- policies:end -->", README, re.S)[1]
    assert printed(lambda: runpy.run_path(str(ROOT / "docs" / "policies.py"), run_name="__main__")) == table


def test_the_two_commands():
    for command in ("make demo", "make test"):
        assert command in README
    makefile = (ROOT / "Makefile").read_text()
    assert re.search(r"^demo:", makefile, re.M)
    assert re.search(r"^test:", makefile, re.M)
