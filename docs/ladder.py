"""Write the picture of the landing page and README: the published models on the levels they reach."""

from __future__ import annotations

import sys
from pathlib import Path

import glevel_fast as gl
from glevel_fast.report.figure import save

FIGURE = Path(__file__).with_name("ladder.svg")


def main(path: Path = FIGURE) -> None:
    scores = gl.Scorer(gl.published.benchmark()).score(gl.published.results())
    save(scores.plot.ladder(), path)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
