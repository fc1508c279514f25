"""How far the statements of `glevel stability` hold, on boards whose truth is known: `python benchmarks/coverage.py`.

Writes benchmarks/COVERAGE.md, the same on every run. A board's tasks are drawn from one population, in which a model
lies `gap` points below the specialists on average; so the scores of a board of all tasks there are, and the chances
of wins, are known. tests/uncertainty/test_coverage.py runs a small part of it.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import glevel_fast as gl

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

HERE = Path(__file__).parent
GROUPS = [(m, p) for m in ("image", "video", "audio", "3d") for p in ("comprehension", "generation")]
GENERAL_BENCH = dict(zip([*GROUPS, ("language", "")], (271, 45, 126, 46, 24, 20, 30, 22, 118), strict=True))
SIXTY = dict(zip([*GROUPS, ("language", "")], (8, 7, 8, 7, 8, 7, 8, 7, 8), strict=True))
SKILLS = dict(zip([*GROUPS, ("language", "")], (40, 15, 20, 6, 9, 11, 13, 9, 22), strict=True))
AUDIO = {("audio", "comprehension"): 24, ("audio", "generation"): 20, ("language", ""): 20}
BOARDS = {
    "General-Bench (702 tasks)": GENERAL_BENCH,
    "145 skills of uneven weight": SKILLS,
    "60 + 8 tasks": SIXTY,
    "audio, 24 + 20 + 20 tasks": AUDIO,
}
GAPS = (5.0, 15.0, 25.0)
SPREAD, UNSUPPORTED, TOGETHER = 12.0, 0.2, 0.5
N_MODELS, N_BOARDS, N_RESAMPLES = 10, 200, 400
CONFIDENCE = 0.95


def draw(rng: np.random.Generator, n_tasks: int, gaps: NDArray[Any], heavy: bool) -> tuple[NDArray[Any], NDArray[Any]]:
    """Specialists (n_tasks,) and models (n_models, n_tasks) in percent, NaN where not supported."""
    sota = np.clip(rng.normal(65.0, 15.0, n_tasks), 5.0, 100.0)
    own = rng.standard_t(3, (len(gaps), n_tasks)) / 3**0.5 if heavy else rng.normal(size=(len(gaps), n_tasks))
    noise = TOGETHER**0.5 * rng.normal(size=n_tasks) + (1.0 - TOGETHER) ** 0.5 * own
    values = np.clip(sota - gaps[:, np.newaxis] + SPREAD * noise, 0.01, 100.0)
    return sota, np.where(rng.random(values.shape) < UNSUPPORTED, np.nan, values)


def board(
    rng: np.random.Generator, sizes: dict[tuple[str, str], int], gaps: NDArray[Any], heavy: bool
) -> tuple[gl.Scorer, NDArray[Any]]:
    """A board of these tasks per group, and its results."""
    groups = [group for group, n in sizes.items() for _ in range(n)]
    sota, values = draw(rng, len(groups), gaps, heavy)
    names, modality, paradigm = (tuple(map(str, column)) for column in (range(len(groups)), *zip(*groups, strict=True)))
    # The paper's skills hold 1 to 40 tasks, most of them few.
    weight = np.minimum(np.ceil(rng.lognormal(1.0, 0.9, len(groups))), 40.0) if sizes is SKILLS else None
    return gl.Scorer(gl.Benchmark(names, modality, paradigm, ("Acc",) * len(groups), sota, weight=weight)), values


@dataclass
class Truth:
    """Of a population: S2 to S5 (n_models, 4), and the chance (n_models,) that a task is won."""

    scores: NDArray[Any]
    win: NDArray[Any]

    @classmethod
    def of(cls, gaps: NDArray[Any], heavy: bool) -> Truth:
        """From a million tasks; all groups are alike, so S3 and S4 are one."""
        table = np.array([_population(float(gap), heavy) for gap in gaps])
        return cls(table[:, :4], table[:, 4])

    def chances(self, sizes: dict[tuple[str, str], int]) -> NDArray[Any]:
        """float64 (n_models, 3): chance of Level-3, 4, 5 or more on a board of such sizes."""
        some = {group: 1.0 - (1.0 - self.win) ** n for group, n in sizes.items()}
        modalities = {m for m, p in sizes if p}
        level3 = 1.0 - np.prod([1.0 - some[group] for group in sizes if group[1]], axis=0)
        both = [1.0 - some[m, "comprehension"] * some[m, "generation"] for m in modalities]
        level4 = 1.0 - np.prod(both, axis=0)
        return np.stack([level3, level4, level4 * some["language", ""]], axis=1)


@lru_cache
def _population(gap: float, heavy: bool) -> tuple[float, ...]:
    rng, n = np.random.default_rng(1), 1_000_000
    sota, values = draw(rng, n, np.array([gap]), heavy)
    won = values[0] >= sota
    mean, masked = float(np.nansum(values[0]) / n), float(values[0][won].sum() / n)
    return mean, masked, masked, masked * masked / 100.0, float(won.mean())


@dataclass
class Count:
    """How often something held."""

    held: float = 0.0
    n: int = 0

    def add(self, held: Any) -> None:
        """One or many."""
        self.held += float(np.sum(held))
        self.n += int(np.size(held))

    def __str__(self) -> str:
        return f"{100.0 * self.held / self.n:.1f} %" if self.n else "-"


@dataclass
class Found:
    """What a run of boards found, by what it is of."""

    counts: dict[tuple[str, ...], Count] = field(default_factory=lambda: defaultdict(Count))

    def __getitem__(self, key: tuple[str, ...]) -> Count:
        return self.counts[key]

    def add(self, other: Found) -> None:
        """The boards of another run too."""
        for key, count in other.counts.items():
            self[key].held += count.held
            self[key].n += count.n


def simulate(
    sizes: dict[tuple[str, str], int], gaps: NDArray[Any], n_boards: int, seed: int, *, heavy: bool = False,
    n_resamples: int = N_RESAMPLES,
) -> Found:  # fmt: skip
    """Boards of models with these gaps; equal gaps are equal models."""
    rng, truth, found = np.random.default_rng(seed), Truth.of(gaps, heavy), Found()
    chances = truth.chances(sizes)
    equal = gaps[:, np.newaxis] == gaps
    for _ in range(n_boards):
        scorer, values = board(rng, sizes, gaps, heavy)
        boot = scorer.bootstrap(values, n_resamples, seed=int(rng.integers(2**32)), compare=(2, 3, 4), threads=1)
        fresh = board(rng, sizes, gaps, heavy)
        again = fresh[0].score(fresh[1], threads=1).overall
        low, high = boot.intervals(CONFIDENCE)
        plain_low, plain_high = boot.summary.interval(CONFIDENCE)
        for k, level in enumerate((2, 3, 4, 5)):
            name = f"S{level}"
            inside = (low[:, k] <= truth.scores[:, k]) & (truth.scores[:, k] <= high[:, k])
            plain = (plain_low[:, k] <= truth.scores[:, k]) & (truth.scores[:, k] <= plain_high[:, k])
            found["interval", name].add(inside)
            found["percentiles", name].add(plain)
            found["fresh", name].add((low[:, k] <= again[:, k]) & (again[:, k] <= high[:, k]))
            for kind in set(boot.coverage[:, k].tolist()):
                own = boot.coverage[:, k] == kind
                found["class", name, kind].add(inside[own])
                found["class by percentiles", name, kind].add(plain[own])
            if level < 5:
                _pairs(found, boot, level, equal, truth.scores[:, k])
        limits, share = boot.chances(CONFIDENCE), boot.summary.level_share
        for i, level in enumerate((3, 4, 5)):
            inside = (limits[:, i, 0] <= chances[:, i]) & (chances[:, i] <= limits[:, i, 1])
            found["chance", f"Level-{level}"].add(inside)
            found["width", f"Level-{level}"].add(limits[:, i, 1] - limits[:, i, 0])
            none = share[:, i + 2 :].sum(axis=1) == 0.0
            found["share 0", f"Level-{level}"].add(chances[none, i])
    return found


def _pairs(found: Found, boot: gl.Bootstrap, level: int, equal: NDArray[Any], truth: NDArray[Any]) -> None:
    order = boot.order(level)
    if len(order) < 2:
        return
    name, comparison = f"S{level}", boot.compare(level)
    upper = np.triu(np.ones((len(order), len(order)), bool), 1)
    alike = equal[np.ix_(order, order)] & upper
    told, plain = comparison.apart(CONFIDENCE), boot.all_above(level)[np.ix_(order, order)] >= CONFIDENCE
    better = truth[order][:, np.newaxis] > truth[order]
    if alike.any():
        found["false pairs", name].add(told[alike])
        found["false pairs by shares", name].add(plain[alike])
        found["boards", name].add(np.any(told & alike))
        found["boards by shares", name].add(np.any(plain & alike))
    if (upper & ~alike).any():
        found["power", name].add((told & better)[upper & ~alike])
        found["wrong way", name].add(np.any(told & better.T & upper & ~alike))
    # True ranks among the models on the board, a tie being any of the ranks it spans.
    above, ties = (truth[order][:, np.newaxis] < truth[order]).sum(axis=1), (equal[np.ix_(order, order)]).sum(axis=1)
    best, worst = comparison.ranks(CONFIDENCE)
    inside = (best <= above + ties) & (above + 1 <= worst)
    one, other = (end[order, level - 2] for end in boot.summary.rank_interval(CONFIDENCE))
    single = (one <= above + ties) & ((above + 1 <= other) | (other == 0))
    found["joint ranks", name].add(inside.all())
    found["single ranks", name].add(single)
    found["single ranks, jointly", name].add(single.all())


def runs(n_boards: int = N_BOARDS) -> Iterator[tuple[str, str, Found]]:
    """(board, kind of models, what was found): equal models, and models a point or two apart."""
    for i, (name, sizes) in enumerate(BOARDS.items()):
        for j, gap in enumerate(GAPS):
            for heavy in (False, True):
                seed = 100 * i + 10 * j + heavy
                yield name, "equal", simulate(sizes, np.full(N_MODELS, gap), n_boards, seed, heavy=heavy)
            steps = gap + np.arange(N_MODELS) * 1.5 - 7.0
            yield name, "apart", simulate(sizes, steps, n_boards // 2, 100 * i + 10 * j + 5)


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
    """A table in Markdown."""
    lines = [f"| {' | '.join(head)} |", f"|---|{'---:|' * (len(head) - 1)}"]
    return [*lines, *(f"| {' | '.join(map(str, row))} |" for row in rows), ""]


def page(found: dict[tuple[str, str], Found]) -> str:
    """COVERAGE.md."""
    whole = Found()
    for one in found.values():
        whole.add(one)
    scores = ("S2", "S3", "S4")
    lines = [
        "# How far the statements about certainty hold",
        "",
        "Written by `python benchmarks/coverage.py` from simulated boards whose truth is known, the same on every run:",
        f"{N_MODELS} models that lie {', '.join(f'{g:g}' for g in GAPS)} points below the specialists on average "
        f"(spread {SPREAD:g}, {100 * UNSUPPORTED:g} % of the tasks",
        f"not supported; normal tails and those of Student's t with 3 degrees of freedom), {N_BOARDS} boards for each;",
        "and models 1.5 points apart from one to the next. Everything at 95 %.",
        "",
        "## Two models can be told apart",
        "",
        "Of equal models, the pairs that are told apart, and the boards with at least one such pair: by the share of",
        "the resamples in which one is above (at least 95 %), and by the corrected comparison of `glevel stability`.",
        "Power: the pairs of unequal models, 1.5 to 13.5 points apart, that it tells apart.",
        "",
    ]
    rows = [
        (board_name, s, found[board_name, "equal"]["false pairs by shares", s],
         found[board_name, "equal"]["boards by shares", s], found[board_name, "equal"]["false pairs", s],
         f"**{found[board_name, 'equal']['boards', s]}**", found[board_name, "apart"]["power", s])
        for board_name in BOARDS for s in scores
    ]  # fmt: skip
    head = ("board", "score", "pairs, by shares", "boards, by shares", "pairs", "boards", "power")
    lines += table(head, rows)
    lines += ["## Ranks", "", "Intervals that hold the true rank, of models 1.5 points apart.", ""]
    rows = [
        (board_name, s, *(found[board_name, "apart"][what, s] for what in ("single ranks", "single ranks, jointly")),
         f"**{found[board_name, 'apart']['joint ranks', s]}**")
        for board_name in BOARDS for s in scores
    ]  # fmt: skip
    lines += table(("board", "score", "single", "single, all at once", "joint, all at once"), rows)
    lines += [
        "## Intervals of scores",
        "",
        "Intervals that hold the score of all the tasks there are; and that hold the score of one fresh board, which",
        "they do not promise.",
        "",
    ]
    rows = []
    for board_name in BOARDS:
        for s in (*scores, "S5"):
            both = Found()
            both.add(found[board_name, "equal"])
            both.add(found[board_name, "apart"])
            rows.append((board_name, s, both["percentiles", s], f"**{both['interval', s]}**", both["fresh", s]))
    lines += table(("board", "score", "percentiles of resamples", "interval", "a fresh board"), rows)
    lines += ["By class of coverage, over all boards:", ""]
    rows = [
        (kind, s, whole["class", s, kind].n, whole["class by percentiles", s, kind], f"**{whole['class', s, kind]}**")
        for kind in ("full", "wide", "limit") for s in (*scores, "S5") if whole["class", s, kind].n
    ]  # fmt: skip
    lines += table(("class", "score", "intervals", "percentiles of resamples", "interval"), rows)
    lines += [
        "## Levels",
        "",
        "Limits that hold the true chance of a level on a fresh board, and how far apart they are on average; and what",
        "the true chance is, on average, where no resample shows the level at all.",
        "",
    ]
    rows = [
        (level, f"**{whole['chance', level]}**", f"{whole['width', level].held / whole['width', level].n:.2f}",
         whole["share 0", level])
        for level in ("Level-3", "Level-4", "Level-5")
    ]  # fmt: skip
    lines += table(("level or more", "limits hold", "apart by", "true chance where no resample has it"), rows)
    return "\n".join(lines)


def main() -> None:
    """Write COVERAGE.md."""
    found: dict[tuple[str, str], Found] = {}
    for board_name, kind, one in runs():
        found.setdefault((board_name, kind), Found()).add(one)
        print(board_name, kind, flush=True)
    (HERE / "COVERAGE.md").write_text(page(found), encoding="utf-8")


if __name__ == "__main__":
    main()
