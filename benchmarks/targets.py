"""The table of targets: what is measured, what must be reached, and how tables, records and history are written.

Machines come in kinds, by the best instruction set they have. The last figures of each kind stand side by side.
"""

from __future__ import annotations

import csv
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

START, END = "<!-- bench:start -->", "<!-- bench:end -->"
README_ROWS = ("ns", "numba", "one", "sets numba", "bootstrap", "parquet")
SECTIONS = ("Peers", "Kernels", "Stages", "Changes of a board", "Growth", "Machine")
KINDS = {"avx512": "AVX-512", "avx2": "AVX2"}
ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "RESULTS.md"
RECORDS = ROOT / "benchmarks" / "results.json"
HISTORY = ROOT / "benchmarks" / "history.csv"
FIGURE = ROOT / "benchmarks" / "history.png"
README = ROOT / "README.md"
HISTORY_COLUMNS = ("date", "commit", "machine", "row", "ratio")

Bounds = tuple[float, ...]


@dataclass(frozen=True)
class Target:
    """One line of the table. `must` and `reach` hold one bound per measured value, `parts` a name for each.

    `avx2`: both bounds of machines that have no AVX-512, where they differ.
    """

    key: str
    work: str
    sign: Literal["≤", "≥"]
    must: Bounds
    reach: Bounds
    unit: str = ""
    parts: tuple[str, ...] = ("",)
    avx2: tuple[Bounds, Bounds] | None = None

    def goals(self, kind: str) -> tuple[Bounds, Bounds]:
        """What a machine of this kind must reach, and should reach for."""
        return self.avx2 if self.avx2 is not None and kind != "avx512" else (self.must, self.reach)

    def bounds(self, values: Bounds) -> str:
        return f"{self.sign} {' / '.join(self.shown(v) for v in values)}"

    def shown(self, value: float) -> str:
        return f"{value:.3g}{self.unit}"

    def verdict(self, values: Bounds, kind: str = "avx512") -> str:
        def holds(bounds: Bounds) -> bool:
            return all(v <= b if self.sign == "≤" else v >= b for v, b in zip(values, bounds, strict=True))

        must, reach = self.goals(kind)
        return "reached" if holds(reach) else "met" if holds(must) else "missed"

    def goal_cells(self) -> tuple[str, str]:
        cells = []
        for i, bounds in enumerate((self.must, self.reach)):
            other = f"; AVX2 {self.bounds(self.avx2[i])}" if self.avx2 is not None else ""
            cells.append(self.bounds(bounds) + other)
        return cells[0], cells[1]


THREADS = ("1t", "2t")
TARGETS = (
    Target("ns", "score, a value, 1t", "≤", (0.59,), (0.445,), " ns", avx2=((0.81,), (0.69,))),
    Target("dram", "score from DRAM (20,000 models), in reads (1t), 1t / 2t", "≤", (2.3, 1.3), (1.8, 1.0), "", THREADS),
    Target("reference", "score, against the NumPy reference, 1t / 2t", "≥", (18, 32), (25, 45), "x", THREADS),
    Target("numba", "score, against the best numba version, 1t / 2t each", "≥", (1.5, 1.3), (2.0, 1.7), "x", THREADS,
           ((1.1, 1.0), (1.5, 1.3))),
    Target("mapping", "mapping alone, against NumPy's", "≥", (6,), (10,), "x"),
    Target("ulp", "mapping alone, largest error", "≤", (2.5,), (2.1,), " ulp"),
    Target("one", "one model, called from Python: `overall(row)` / `score(row)`", "≤", (1.3, 5), (0.9, 3), " µs",
           ("overall", "score")),
    Target("baseline", "baseline x86-64 path, against the AVX2 path", "≤", (2.2,), (1.8,), "x"),
    Target("sets numpy", "400 dense specialist sets, 1,000 models, against the NumPy twin, 1t / 2t",
           "≥", (45, 85), (60, 110), "x", THREADS),
    Target("sets numba", "400 dense specialist sets, against the best numba version, 1t each",
           "≥", (2.8,), (3.5,), "x", avx2=((2.4,), (3.0,))),
    Target("sets that change little", "sets ±5 % / of 30 tasks / leaving one out, against comparing every pair",
           "≥", (3, 4.5, 12), (4, 6, 20), "x", ("±5 %", "30 tasks", "leave one out")),
    Target("summary", "ablation with summary, 1,000 models, a set, 1t", "≤", (95,), (47.5,), " µs"),
    Target("kept", "a subset of half the tasks, 1,000 models x 702 tasks, 1t / 2t",
           "≤", (0.3, 0.3), (0.2, 0.12), " ms", THREADS),
    Target("bootstrap", "bootstrap of 10,000, against NumPy with BLAS / naive NumPy, 2t", "≥", (5, 250), (8, 350), "x",
           ("BLAS", "naive")),
    Target("what-if", "what-if of one task, 1,000 scored models, against a full re-score; with wins and ranks",
           "≥", (20, 8), (30, 15), "x", ("scores", "with wins and ranks")),
    Target("board", "board of fresh scores beyond scoring, 1,000 models", "≤", (1.3,), (0.5,), " ms"),
    Target("workbooks", "100 released-layout workbooks, files to board, whole process, against 1.6 s each",
           "≥", (80,), (200,), "x"),
    Target("calamine", "100 released-layout workbooks, files to board, over calamine alone reading all cells",
           "≤", (2.2,), (1.0,), "x"),
    Target("parquet", "1,000 models from one Parquet file to a board, whole process", "≤", (0.3,), (0.24,), " s"),
    Target("evaluate", "100 tasks of 500 texts, from predictions to results, whole process", "≤", (20,), (10,), " s"),
    Target("help", "`glevel --help`", "≤", (0.15,), (0.08,), " s"),
    Target("import", "`import glevel_fast` beyond NumPy", "≤", (25,), (10,), " ms"),
)  # fmt: skip


@dataclass
class Board:
    """What has been measured so far on this machine, which is of `kind` and called `machine`."""

    kind: str = "avx2"
    machine: str = ""
    rows: dict[str, tuple[Bounds, str]] = field(default_factory=dict)
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

    def record(self, date: str, commit: str) -> dict[str, Any]:
        """What is kept of a machine's last full run."""
        rows = {key: {"values": list(values), "detail": detail} for key, (values, detail) in self.rows.items()}
        return {"machine": self.machine, "date": date, "commit": commit, "rows": rows}


def table(records: dict[str, Any], keys: tuple[str, ...] = ()) -> str:
    """The targets and the last figures of each kind of machine; all rows, or those of `keys`."""
    lines = []
    for target in (t for t in TARGETS if not keys or t.key in keys):
        cells = []
        for kind in KINDS:
            row = records.get(kind, {"rows": {}})["rows"].get(target.key)
            if row is None:
                cells.append("-")
                continue
            values = tuple(row["values"])
            cells.append(f"**{' / '.join(target.shown(v) for v in values)}** {target.verdict(values, kind)}")
        lines.append((target.work, *target.goal_cells(), *cells))
    return markdown(("work", "at least", "reach for", *KINDS.values()), lines)


def behind(records: dict[str, Any]) -> str:
    """The figures behind the table, by kind of machine."""
    parts = []
    for kind, name in KINDS.items():
        if kind not in records:
            continue
        record = records[kind]
        lines = [(t.work, record["rows"][t.key]["detail"]) for t in TARGETS if t.key in record["rows"]]
        parts.append(
            f"### {name}\n\n{record['machine']}; measured at commit {record['commit']}.\n\n"
            + markdown(("work", "figures"), lines)
        )
    return "\n\n".join(parts)


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


def read_records() -> dict[str, Any]:
    records: dict[str, Any] = json.loads(RECORDS.read_text(encoding="utf-8")) if RECORDS.exists() else {}
    return records


def full_run(arguments: list[str], deselected: bool, asked: bool) -> bool:
    """Whether pytest was asked to write, and runs all of this folder with nothing selected."""
    return asked and not deselected and [Path(a).resolve() for a in arguments] == [ROOT / "benchmarks"]


def history_lines(board: Board, date: str, commit: str) -> list[tuple[str, str, str, str, str]]:
    """A line of history for each measured value."""
    lines = []
    for target in TARGETS:
        if target.key in board.rows:
            for part, value in zip(target.parts, board.rows[target.key][0], strict=True):
                lines.append((date, commit, board.machine, f"{target.key} {part}".strip(), f"{value:.4g}"))
    return lines


def write(board: Board, date: str, commit: str) -> None:
    """Write a full run: records, history and its figure, RESULTS.md, and README's table."""
    records = read_records() | {board.kind: board.record(date, commit)}
    RECORDS.write_text(json.dumps(records, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    new = not HISTORY.exists()
    with HISTORY.open("a", encoding="utf-8", newline="") as file:
        lines = csv.writer(file, lineterminator="\n")
        if new:
            lines.writerow(HISTORY_COLUMNS)
        lines.writerows(history_lines(board, date, commit))
    draw_history()
    write_tables(records, board.sections, board.left_out)


def write_tables(records: dict[str, Any], sections: dict[str, str], left_out: list[str]) -> None:
    """Write RESULTS.md, and `README_ROWS` into README.md where that has the markers."""
    shown = table(records)
    parts = ["# Results", "Written by `make bench`.", f"{START}\n{shown}\n{END}"]
    parts.append(f"## Behind the table\n\n{behind(records)}")
    parts += [f"## {title}\n\n{sections[title]}" for title in SECTIONS if title in sections]
    if left_out:
        parts.append("## Left out\n\n" + "\n".join(f"- {line}" for line in left_out))
    if FIGURE.exists():
        parts.append(f"## History\n\n![Each row over the runs, by machine]({FIGURE.name})")
    RESULTS.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    if README.exists() and between_markers(readme := README.read_text(encoding="utf-8")) is not None:
        README.write_text(with_table(readme, table(records, README_ROWS)), encoding="utf-8")


def draw_history() -> None:
    """Each row of history.csv over its runs, a line for each machine, with what must be reached (AVX-512) dashed."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    with HISTORY.open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    parts = {f"{t.key} {part}".strip(): (t, must) for t in TARGETS for part, must in zip(t.parts, t.must, strict=True)}
    rows = [row for row in parts if any(line["row"] == row for line in lines)]
    runs = list(dict.fromkeys((line["date"], line["commit"]) for line in lines))
    columns = 4
    figure, axes = plt.subplots(
        -(-len(rows) // columns), columns, figsize=(14, 2.2 * -(-len(rows) // columns)), squeeze=False
    )
    for axis, row in zip(axes.flat, rows, strict=False):
        for machine in dict.fromkeys(line["machine"] for line in lines):
            own = [line for line in lines if line["machine"] == machine and line["row"] == row]
            at = [runs.index((line["date"], line["commit"])) for line in own]
            axis.plot(at, [float(line["ratio"]) for line in own], marker="o", markersize=3, label=machine)
        target, must = parts[row]
        axis.axhline(must, color="grey", linestyle="--", linewidth=0.8)
        axis.set_title(f"{row} ({target.sign} {target.shown(must)})", fontsize=8)
        axis.set_xticks(range(len(runs)), [commit for _, commit in runs], fontsize=5, rotation=90)
        axis.tick_params(axis="y", labelsize=6)
        axis.set_ylim(0, 1.1 * axis.get_ylim()[1])
    for axis in axes.flat[len(rows) :]:
        axis.set_axis_off()
    handles, names = axes.flat[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="upper center", ncols=2, fontsize=7)
    figure.tight_layout(rect=(0, 0, 1, 0.97))
    figure.savefig(FIGURE, dpi=110)
    plt.close(figure)
