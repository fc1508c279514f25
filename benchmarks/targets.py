"""The table of targets: what is measured, what must be reached, and how the table is written."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

START, END = "<!-- bench:start -->", "<!-- bench:end -->"
SECTIONS = ("Peers", "Kernels", "Changes of a board", "Growth", "Machine")
ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "RESULTS.md"
README = ROOT / "README.md"


@dataclass(frozen=True)
class Target:
    """One line of the table. `must` and `reach` hold one bound per measured value."""

    key: str
    work: str
    sign: Literal["≤", "≥"]
    must: tuple[float, ...]
    reach: tuple[float, ...]
    unit: str = ""

    def bounds(self, values: tuple[float, ...]) -> str:
        return " / ".join(f"{self.sign} {self.shown(v)}" for v in dict.fromkeys(values))

    def shown(self, value: float) -> str:
        return f"{value:.3g}{self.unit}"

    def verdict(self, values: tuple[float, ...]) -> str:
        def holds(bounds: tuple[float, ...]) -> bool:
            return all(v <= b if self.sign == "≤" else v >= b for v, b in zip(values, bounds, strict=True))

        return "reached" if holds(self.reach) else "met" if holds(self.must) else "missed"


TARGETS = (
    Target("read", "score, in streaming reads of the same array (1t), 1t / 2t", "≤", (5.0, 2.8), (4.0, 2.2)),
    Target("dram", "score from DRAM (20,000 models), in reads (1t), 1t / 2t", "≤", (3.5, 2.1), (2.5, 1.5)),
    Target("reference", "score, against the NumPy reference, 1t / 2t", "≥", (18, 32), (25, 45), "x"),
    Target("numba", "score, against the best numba version, 1t / 2t each", "≥", (2.0, 2.0), (2.5, 2.5), "x"),
    Target("mapping", "mapping alone, against NumPy's", "≥", (6,), (10,), "x"),
    Target("ulp", "mapping alone, largest error", "≤", (2.5,), (2.1,), " ulp"),
    Target("one", "one model, array in, S2-S5 out, called from Python", "≤", (2,), (1,), " µs"),
    Target("baseline", "baseline x86-64 path, against the AVX2 path", "≤", (2.2,), (1.8,), "x"),
    Target("sets numpy", "400 dense specialist sets, 1,000 models, against the NumPy twin, 1t / 2t",
           "≥", (45, 85), (60, 110), "x"),
    Target("sets numba", "400 dense specialist sets, against the best numba version, 1t / 2t each",
           "≥", (2.3, 2.3), (3, 3), "x"),
    Target("sets that change little", "sets ±5 % / of 30 tasks / leaving one out, against comparing every pair",
           "≥", (3, 3.5, 7), (5, 6, 12), "x"),
    Target("bootstrap", "bootstrap of 10,000, against NumPy with BLAS / naive NumPy, 2t", "≥", (5, 250), (8, 350), "x"),
    Target("what-if", "what-if of one task, 1,000 scored models, against a full re-score", "≥", (20,), (100,), "x"),
    Target("workbooks", "100 released-layout workbooks, files to board, whole process, against 1.6 s each",
           "≥", (80,), (200,), "x"),
    Target("parquet", "1,000 models from one Parquet file to a board, whole process", "≤", (0.5,), (0.3,), " s"),
    Target("evaluate", "100 tasks of 500 texts, from predictions to results, whole process", "≤", (20,), (10,), " s"),
    Target("help", "`glevel --help`", "≤", (0.15,), (0.08,), " s"),
    Target("import", "`import glevel_fast` beyond NumPy", "≤", (25,), (10,), " ms"),
)  # fmt: skip


@dataclass
class Board:
    """What has been measured so far."""

    rows: dict[str, tuple[tuple[float, ...], str]] = field(default_factory=dict)
    sections: dict[str, str] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)

    def row(self, key: str, *values: float, detail: str) -> None:
        """Measured values of the target `key`, and in `detail` the figures behind them."""
        target = next(t for t in TARGETS if t.key == key)
        if len(values) != len(target.must):
            raise ValueError(f"{key}: {len(values)} values for {len(target.must)} bounds")
        self.rows[key] = values, detail

    def section(self, title: str, body: str) -> None:
        if title not in SECTIONS:
            raise ValueError(f"no section {title!r}")
        self.sections[title] = body

    def table(self) -> str:
        lines = []
        for target in TARGETS:
            must, reach = target.bounds(target.must), target.bounds(target.reach)
            if target.key in self.rows:
                values, detail = self.rows[target.key]
                shown = f"**{' / '.join(target.shown(v) for v in values)}**"
                lines.append((target.work, must, reach, shown, target.verdict(values), detail))
            else:
                lines.append((target.work, must, reach, "-", "not measured", ""))
        return markdown(("work", "at least", "reach for", "measured", "", "behind it"), lines)


def markdown(header: tuple[str, ...], lines: list[tuple[str, ...]]) -> str:
    rule = tuple("---" for _ in header)
    return "\n".join(f"| {' | '.join(line)} |" for line in (header, rule, *lines))


def between_markers(text: str) -> str | None:
    """What stands between the markers, or None where they are not there."""
    found = re.search(f"{re.escape(START)}\n(.*?)\n{re.escape(END)}", text, re.DOTALL)
    return found[1] if found else None


def with_table(text: str, table: str) -> str:
    """The text with `table` between its markers."""
    if between_markers(text) is None:
        raise ValueError(f"no {START} ... {END}")
    begin, end = text.index(START) + len(START), text.index(END)
    return f"{text[:begin]}\n{table}\n{text[end:]}"


def write(board: Board) -> None:
    """Write benchmarks/RESULTS.md, and the table into README.md where that has the markers."""
    table = board.table()
    parts = ["# Results", "Written by `make bench`.", f"{START}\n{table}\n{END}"]
    parts += [f"## {title}\n\n{board.sections[title]}" for title in SECTIONS if title in board.sections]
    if board.left_out:
        parts.append("## Left out\n\n" + "\n".join(f"- {line}" for line in board.left_out))
    RESULTS.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    if README.exists() and between_markers(readme := README.read_text(encoding="utf-8")) is not None:
        README.write_text(with_table(readme, table), encoding="utf-8")
