"""Quick boards: a few of a benchmark's tasks, chosen so that models come out as on all of them.

Tasks are drawn at random within each group, many times, and the draw that orders the models most like the whole board
is taken. Judged on the models it was chosen with, any choice flatters itself; so a draw is chosen with some of the
models and judged on the others, which it has not seen, and the mean of all draws on the same models stands beside.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from glevel_fast.core.benchmark import Benchmark, find_task
from glevel_fast.core.checks import checked_number, checked_seed
from glevel_fast.core.compiled import count_threads
from glevel_fast.errors import GLevelError
from glevel_fast.io.frames import AsFrames
from glevel_fast.io.markup import TextTable
from glevel_fast.loading.results import ResultsLike, as_results
from glevel_fast.text import fold_task, listing, nearest, shown
from glevel_fast.uncertainty.ablation import ablate
from glevel_fast.uncertainty.prepared import prepare
from glevel_fast.uncertainty.specialists import SpecialistSets
from glevel_fast.version import __version__

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from glevel_fast.core.scoring import Scorer

__all__ = ["Fidelity", "Subset", "choose_subset"]

Array = NDArray[np.float64]
Keep = NDArray[np.bool_]
FOLDS, DEALS = 5, 4
"""Into how many parts models are dealt, and how often."""
LEAST_MODELS = 3
"""Fewest models that a fold can be judged on: of two, tau is all or nothing."""


@dataclass(frozen=True)
class Fidelity:
    """How much a board is like the full one.

    Attributes
    ----------
    tau : (float, float)
        Kendall's tau-b of the two boards' scores, S2 and S3 (of a benchmark of language alone: the mean
        over all tasks, and over won ones); NaN where a board has one score for all.
    levels : float
        The share of models of the same level.
    largest_move : float
        The most ranks that a model moves, on either board.
    """

    tau: tuple[float, float]
    levels: float
    largest_move: float

    def to_dict(self) -> dict[str, Any]:
        """Plain data; a tau that is not a number is None."""
        tau = [None if t != t else t for t in self.tau]
        return {"tau": tau, "levels": self.levels, "largest_move": self.largest_move}


@dataclass(frozen=True, eq=False, repr=False)
class Subset(AsFrames):
    """A quick board's tasks, and what is known of it.

    Attributes
    ----------
    benchmark : Benchmark
        Of all tasks; `quick` is that of the subset.
    keep : bool (n_tasks,)
    cost, full_cost : float
        Of the subset and of all tasks: their number, where no costs were given.
    held_out, random : Fidelity
        On models that had no part in the choice: of the chosen draw, and the mean of all draws. Means over
        the folds; of `largest_move` the largest, and the mean of the draws' largest.
    seen : Fidelity
        Of the subset on all models, which chose it: what not to believe.
    n_models, draws, seed : int
    folds : int
        How many parts were held out: five, dealt four times, or the values of the column.
    holdout : str
        "models", or the column whose values are the parts.
    """

    benchmark: Benchmark
    keep: Keep
    cost: float
    full_cost: float
    held_out: Fidelity
    random: Fidelity
    seen: Fidelity
    n_models: int
    draws: int
    seed: int
    folds: int
    holdout: str

    @property
    def tasks(self) -> tuple[str, ...]:
        """The subset's tasks, in the benchmark's order."""
        return tuple(self.benchmark.tasks[i] for i in np.flatnonzero(self.keep))

    @property
    def quick(self) -> Benchmark:
        """The benchmark of the subset's tasks."""
        return self.benchmark.changed(remove=np.flatnonzero(~self.keep).tolist())

    @property
    def scores(self) -> tuple[str, str]:
        """What the two taus are of."""
        return ("S2", "S3") if self.benchmark.modalities else ("mean", "S_L")

    @property
    def sentence(self) -> str:
        """What such a board can tell, and what it cannot."""
        taus = " and ".join(
            f"{tau:.2f} by {name}" for name, tau in zip(self.scores, self.held_out.tau, strict=True) if tau == tau
        )
        return (
            "This quick board tells about where a model stands: the order of models that it was not chosen with agrees "
            f"with the order by all {self.benchmark.n_tasks} tasks to a Kendall tau of {taus or 'nothing'}; it cannot "
            f"tell apart models fewer than {self.held_out.largest_move:.0f} ranks from each other, the furthest that "
            "one of these moved, nor say what a model can do on the tasks that it leaves out."
        )

    def __repr__(self) -> str:
        return f"Subset({len(self.tasks)} of {self.benchmark.n_tasks} tasks; {self.sentence})"

    def columns(self) -> dict[str, list[Any]]:
        """The benchmark of the subset's tasks, by columns, as `load_benchmark` reads it.

        Returns
        -------
        dict of list or array
            One entry per row in every column.
        """
        return self.quick.to_dict()

    def to_dict(self) -> dict[str, Any]:
        """Plain data, as `glevel subset --json` writes it.

        Returns
        -------
        dict
            Plain data for JSON.
        """
        sizes = {" ".join(filter(None, group)): [kept, n] for group, kept, n in self._groups() if n}
        return {
            "glevel_fast": __version__,
            "benchmark": {"tasks": self.benchmark.n_tasks, "sha256": self.benchmark.sha256},
            "tasks": list(self.tasks),
            "sha256": self.quick.sha256,
            "groups": sizes,
            "cost": self.cost,
            "full_cost": self.full_cost,
            "scores": list(self.scores),
            "held_out": self.held_out.to_dict(),
            "random": self.random.to_dict(),
            "seen": self.seen.to_dict(),
            "models": self.n_models,
            "draws": self.draws,
            "seed": self.seed,
            "folds": self.folds,
            "holdout": self.holdout,
            "sentence": self.sentence,
        }

    def _groups(self) -> list[tuple[tuple[str, str], int, int]]:
        of, n = self.benchmark.group_of_task, len(self.benchmark.groups)
        kept, all_ = (np.bincount(of[mask], minlength=n).tolist() for mask in (self.keep, np.ones_like(self.keep)))
        return list(zip(self.benchmark.groups, kept, all_, strict=True))

    def sheet(self) -> TextTable:
        """The chosen subset, random ones and the full board, side by side.

        Returns
        -------
        TextTable
        """
        whole = Fidelity((1.0, 1.0), 1.0, 0.0)
        n, k = self.benchmark.n_tasks, len(self.tasks)
        rows = [
            self._row("chosen, on held-out models", k, self.cost, self.held_out),
            self._row("mean of random ones, on these", k, self.cost, self.random),
            self._row("chosen, on its own models", k, self.cost, self.seen),
            self._row("all tasks", n, self.full_cost, whole),
        ]
        held = f"held out by {self.holdout}, in {self.folds} parts"
        title = f"{k} of {n} tasks, {self.n_models} models, {self.draws} draws, {held}"
        header = ["Board", "Tasks", "Cost", *(f"tau {name}" for name in self.scores), "Same level %", "Largest move"]
        return TextTable(title, header, "lrrrrrr", rows, (self.sentence,))

    @staticmethod
    def _row(name: str, tasks: int, cost: float, of: Fidelity) -> list[str]:
        taus = ["-" if tau != tau else f"{tau:.3f}" for tau in of.tau]
        return [name, str(tasks), f"{cost:g}", *taus, f"{100 * of.levels:.1f}", f"{of.largest_move:.1f}"]


def choose_subset(
    scorer: Scorer,
    results: ResultsLike,
    size: int | None = None,
    *,
    budget: float | None = None,
    cost: Mapping[str, float] | None = None,
    shares: Mapping[str, float] | None = None,
    holdout: Mapping[str, str] | None = None,
    column: str = "models",
    draws: int = 500,
    seed: int = 0,
    threads: int | None = None,
    executor: Executor | None = None,
) -> Subset:
    """See `Scorer.subset`."""
    if (size is None) == (budget is None):
        raise GLevelError("give either the number of tasks (size) or a budget, and not both")
    if isinstance(draws, bool) or not isinstance(draws, int | np.integer) or not 1 <= draws <= 100_000:
        raise GLevelError(f"draws={draws!r}: give a whole number from 1 to 100,000")
    seed, bench = checked_seed(seed), scorer.benchmark
    costs = _costs(bench, cost)
    if size is not None:
        keep = _of_size(scorer, size, _shares(bench, shares, np.ones(bench.n_tasks)), draws, seed)
    else:
        keep = _of_budget(scorer, budget, costs, _shares(bench, shares, costs), draws, seed)  # type: ignore[arg-type]
    keep = np.unique(keep, axis=0)
    judge = _Judge(scorer, results, keep, threads, executor)
    parts = _parts(judge.models, holdout, seed, scorer)
    held, means = [], []
    for part in parts:
        best = judge.best(~part)
        held.append(judge.fidelity(best, part))
        means.append(judge.mean(part))
    everyone = np.ones(len(judge.models), bool)
    final = judge.best(everyone)
    chosen = keep[final]
    largest = max(one.largest_move for one in held)
    return Subset(
        bench, chosen, float(costs[chosen].sum()), float(costs.sum()), replace(_mean(held), largest_move=largest),
        _mean(means), judge.fidelity(final, everyone), len(everyone), draws, seed, len(parts), column,
    )  # fmt: skip


class _Judge:
    """All drawn subsets on all models, beside the full board."""

    def __init__(
        self, scorer: Scorer, results: ResultsLike, keep: Keep, threads: int | None, executor: Executor | None
    ) -> None:
        if not scorer.benchmark.modalities:  # the mean over all tasks and over won ones take the place of S2 and S3
            loaded = as_results(results, scorer.compiled)
            of_text = _as_modality(scorer.benchmark)
            results, scorer = scorer.score(loaded).scored_raw(), _scorer_for(scorer, of_text)
            names: tuple[str, ...] | None = getattr(loaded, "models", None)
            prepared = prepare(scorer, results, models=names, threads=threads)
        else:
            prepared = prepare(scorer, results, threads=threads)
        self.backend, self.threads = prepared.scorer.backend, count_threads(threads)
        sets = SpecialistSets.kept(prepared.scorer.benchmark, keep)
        scored = ablate(prepared.scorer, prepared, sets, full=True, threads=threads, executor=executor)
        if scored.scores is None or not scored.complete:  # some of the draws tell nothing of the rest
            raise KeyboardInterrupt
        some = prepared.scores.overall[:, 0] > 0  # the others have no rank on any board
        self.models = tuple(name for name, has in zip(prepared.scores.models, some.tolist(), strict=True) if has)
        self.full = np.ascontiguousarray(prepared.scores.overall[some])
        self.scores = np.ascontiguousarray(scored.scores[:, some])
        self.moves = np.stack([np.abs(self._ranks(row) - self._ranks(self.full)) for row in self.scores])
        self.same_level = _levels(self.scores) == _levels(self.full)

    def _ranks(self, scores: Array) -> NDArray[np.int64]:
        """int64 (2, n_models) on the boards of S2 and S3; without a score, after all others."""
        ranks = self.backend.ranks(scores)[:2].astype(np.int64)
        held: NDArray[np.int64] = np.where(ranks > 0, ranks, (ranks > 0).sum(axis=1, keepdims=True) + 1)
        return held

    def taus(self, models: Keep) -> Array:
        """float64 (n_draws, 2)."""
        columns = []
        for k in range(2):
            a, b = np.ascontiguousarray(self.scores[:, models, k]), np.ascontiguousarray(self.full[models, k])
            columns.append(self.backend.kendall(a, b, self.threads))
        return np.stack(columns, axis=1)

    def best(self, models: Keep) -> int:
        """The draw whose order of these models is most like the full board's, by the mean of the two taus."""
        return int(np.argmax(np.nan_to_num(self.taus(models), nan=0.0).mean(axis=1)))

    def fidelity(self, draw: int, models: Keep) -> Fidelity:
        tau = self.taus(models)[draw].tolist()
        moves = self.moves[draw][:, models]
        return Fidelity((tau[0], tau[1]), float(self.same_level[draw, models].mean()), float(moves.max()))

    def mean(self, models: Keep) -> Fidelity:
        """The mean of all draws; of `largest_move`, the mean of each draw's largest."""
        tau = [_nanmean(column) for column in self.taus(models).T]
        moves = self.moves[:, :, models].max(axis=(1, 2))
        return Fidelity((tau[0], tau[1]), float(self.same_level[:, models].mean()), float(moves.mean()))


def _as_modality(bench: Benchmark) -> Benchmark:
    """A benchmark of language as one of a modality with one paradigm: S2 and S3 are half its means."""
    n = bench.n_tasks
    return Benchmark(
        bench.tasks, ("text",) * n, ("comprehension",) * n, bench.metric, bench.sota, bench.skill, bench.specialist,
        bench.weight, bench.scale,
    )  # fmt: skip


def _scorer_for(scorer: Scorer, bench: Benchmark) -> Scorer:
    options = vars(scorer.compiled.options) | {"invalid": "missing", "fractions": "keep"}  # judged already
    return type(scorer)(bench, **options)


def _levels(scores: Array) -> NDArray[np.int64]:
    reached: NDArray[np.int64] = ((scores > 0) * np.arange(2, 6)).max(axis=-1)
    return reached


def _nanmean(values: Array) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else float("nan")


def _mean(of: Sequence[Fidelity]) -> Fidelity:
    tau = [_nanmean(np.array([one.tau[k] for one in of])) for k in range(2)]
    return Fidelity(
        (tau[0], tau[1]),
        float(np.mean([one.levels for one in of])),
        float(np.mean([one.largest_move for one in of])),
    )


# ---- What is drawn


def _costs(bench: Benchmark, cost: Mapping[str, float] | None) -> Array:
    if cost is None:
        return np.ones(bench.n_tasks)
    costs = np.full(bench.n_tasks, np.nan)
    for task, value in cost.items():
        x = checked_number(value, f"cost of task {shown(task)}")
        if not (x >= 0 and np.isfinite(x)):
            raise GLevelError(f"cost of task {shown(task)}: {x:g} is not a finite number, 0 or above")
        costs[find_task(bench, task)] = x
    if (lacking := np.flatnonzero(np.isnan(costs))).size:
        names = listing([shown(bench.tasks[i]) for i in lacking.tolist()], 5)
        raise GLevelError(f"{lacking.size} of {bench.n_tasks} tasks have no cost: {names}")
    return costs


def _shares(bench: Benchmark, asked: Mapping[str, float] | None, costs: Array) -> Array:
    """float64 (n_groups,): what share of the subset each group gets; as on the full board where nothing is asked."""
    n = len(bench.groups)
    share: Array = np.bincount(bench.group_of_task, costs, minlength=n).astype(np.float64)
    there = np.bincount(bench.group_of_task, minlength=n) > 0
    share = share / share.sum() if share.sum() > 0 else there / there.sum()
    if not asked:
        return share
    names = [" ".join(filter(None, group)) for group in bench.groups]
    given = np.full(n, np.nan)
    for name, value in asked.items():
        folded = fold_task(name.replace("/", " "))
        if folded not in names or not there[names.index(folded)]:
            has = [one for one, is_there in zip(names, there, strict=True) if is_there]
            raise GLevelError(
                f"share of {shown(name)}: the benchmark has the groups {listing(has)}{nearest(name, has)}"
            )
        given[names.index(folded)] = checked_number(value, f"share of {shown(name)}")
    known = ~np.isnan(given)
    if not (given[known] > 0).all() or given[known].sum() > 1 + 1e-9:
        raise GLevelError("shares are above 0, and add up to 1 at most")
    rest = share * ~known
    left = 1 - given[known].sum()
    given[~known] = left * rest[~known] / rest.sum() if rest.sum() > 0 else 0.0
    whole: Array = given / given.sum()
    return whole


def _of_size(scorer: Scorer, size: int, share: Array, draws: int, seed: int) -> Keep:
    bench = scorer.benchmark
    of_group = np.bincount(bench.group_of_task, minlength=len(bench.groups))
    least = np.count_nonzero(of_group)
    if isinstance(size, bool) or not isinstance(size, int | np.integer) or not least <= size <= bench.n_tasks:
        raise GLevelError(
            f"size={size!r}: give a whole number from {least}, a task for each group, to the {bench.n_tasks} there are"
        )
    quota = _quota(of_group, share, int(size))
    keys = scorer.backend.draws(seed, 0, draws, bench.n_tasks)
    keep = np.zeros((draws, bench.n_tasks), bool)
    for g, n in enumerate(quota.tolist()):
        own = np.flatnonzero(bench.group_of_task == g)
        first = np.argsort(keys[:, own], axis=1, kind="stable")[:, :n]
        np.put_along_axis(keep, own[first], True, axis=1)
    return keep


def _quota(of_group: NDArray[Any], share: Array, size: int) -> NDArray[np.int64]:
    """Tasks of each group: by share, at least one, no more than there are, `size` in all (largest remainders)."""
    wanted = share * size
    quota: NDArray[np.int64] = np.clip(np.floor(wanted), of_group > 0, of_group).astype(np.int64)
    while (missing := size - int(quota.sum())) != 0:
        room = quota < of_group if missing > 0 else quota > (of_group > 0)
        urge = np.where(room, (wanted - quota) * np.sign(missing), -np.inf)
        quota[int(np.argmax(urge))] += np.sign(missing)
    return quota


def _of_budget(scorer: Scorer, budget: float, costs: Array, share: Array, draws: int, seed: int) -> Keep:
    """Each group gets one task, and then more in random order while its share of the budget lasts."""
    bench = scorer.benchmark
    groups = [own for g in range(len(bench.groups)) if (own := np.flatnonzero(bench.group_of_task == g)).size]
    limit = checked_number(budget, "budget")
    least = sum(float(costs[own].min()) for own in groups)
    if not least <= limit < np.inf:
        raise GLevelError(f"budget={budget!r}: the cheapest task of each group costs {least:g} together")
    keys = scorer.backend.draws(seed, 0, draws, bench.n_tasks)
    keep = np.zeros((draws, bench.n_tasks), bool)
    for row, key in zip(keep, keys, strict=True):
        order = [own[np.argsort(key[own], kind="stable")] for own in groups]
        spent = 0.0
        for i, own in enumerate(order):
            later = sum(float(costs[other].min()) for other in order[i + 1 :])
            first = next(
                (t for t in own.tolist() if spent + costs[t] + later <= limit), int(own[np.argmin(costs[own])])
            )
            row[first] = True
            spent += costs[first]
        left = {
            i: share[bench.group_of_task[own[0]]] * limit - costs[own][row[own]].sum() for i, own in enumerate(order)
        }
        for beyond in (False, True):  # within each group's share; then what is left, to those that fell short most
            for i in sorted(left, key=left.__getitem__, reverse=True):
                for t in order[i][~row[order[i]]].tolist():
                    if costs[t] <= (limit if beyond else left[i]) and spent + costs[t] <= limit:
                        row[t] = True
                        left[i], spent = left[i] - costs[t], spent + costs[t]
                        if beyond:
                            break
    return keep


def _parts(models: Sequence[str], holdout: Mapping[str, str] | None, seed: int, scorer: Scorer) -> list[Keep]:
    """Which models each part holds out."""
    n = len(models)
    if holdout is None:
        folds = min(FOLDS, n // LEAST_MODELS)
        if folds < 2:
            raise GLevelError(
                f"{n} models with a score are too few: some choose the tasks and others judge the choice, at least "
                f"{2 * LEAST_MODELS} in all"
            )
        keys = scorer.backend.draws(seed, 2**32, DEALS, n)
        deals = [np.argsort(key, kind="stable").argsort() % folds for key in keys]
    else:
        of = {fold_task(model): value for model, value in holdout.items()}
        if lacking := [model for model in models if fold_task(model) not in of]:
            raise GLevelError(
                f"{len(lacking)} models have nothing to be held out by: {listing([*map(shown, lacking)], 5)}"
            )
        values = sorted({of[fold_task(model)] for model in models})
        deals, folds = [np.array([values.index(of[fold_task(model)]) for model in models])], len(values)
    parts: list[Keep] = [place == fold for place in deals for fold in range(folds)]
    parts = [part for part in parts if LEAST_MODELS <= part.sum() <= n - LEAST_MODELS]
    if not parts:
        raise GLevelError(f"no part that is held out has {LEAST_MODELS} models, and leaves as many to choose with")
    return parts
