"""A board that anybody can recompute: scores with all that they were made from, in one JSON file.

A snapshot holds the task table, the raw results as they were scored, the policy, the scores, and
a hash of each. `verify` recomputes the scores and compares every bit; `diff` says what moved a rank.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from glevel_fast.boards.board import board
from glevel_fast.core.checks import checked_date
from glevel_fast.core.metrics import Metric
from glevel_fast.core.results import Results
from glevel_fast.core.scoring import Scorer
from glevel_fast.errors import GLevelError, ResultsError
from glevel_fast.io.files import raising
from glevel_fast.io.frames import AsFrames, Rows
from glevel_fast.io.json import MAX_VALUES, read_json
from glevel_fast.io.limits import refuse_many
from glevel_fast.io.markup import TextTable
from glevel_fast.loading.benchmark import load_benchmark
from glevel_fast.text import shown
from glevel_fast.version import __version__

if TYPE_CHECKING:
    import os

    from glevel_fast.core.benchmark import Benchmark
    from glevel_fast.core.scores import Scores

__all__ = ["CAUSES", "Difference", "Verdict", "diff", "diff_sheet", "load", "restore", "take", "verify"]

FORMAT = "glevel snapshot 2"
MAX_PARTS = 30_000
"""Most models x (modalities + 1) of a snapshot's file: 6,000 models of General-Bench."""
CAUSES = ("tasks", "sota", "policy", "data", "models")
"""What can move a rank, in the order in which `diff` goes from the old board to the new one."""

Array = NDArray[np.float64]


def take(scores: Scores, *, date: str = "") -> dict[str, Any]:
    """Plain data for a snapshot of these scores.

    Parameters
    ----------
    date : str, optional
        Of the results, as YYYY-MM-DD.

    Returns
    -------
    dict
        Plain data for JSON: benchmark, metrics, policy, results, scores and a hash of each.

    Raises
    ------
    GLevelError
        For more models and tasks than can be read again.
    """
    checked_date(date)
    values = scores.scored_raw()
    refuse_many(values.size, MAX_VALUES // 2, "values (models x tasks)", "a snapshot")
    _refuse_many_parts(len(scores), scores.benchmark)
    raw = [[x if np.isfinite(x) else None for x in row] for row in values.tolist()]
    benchmark = scores.benchmark
    metrics = dict(zip(benchmark.metric, benchmark.metrics, strict=True))
    parts: dict[str, Any] = {
        "benchmark": benchmark.to_dict(),
        "metrics": {name: metric.to_dict() for name, metric in metrics.items()},
        "policy": {"policy": scores.policy, "zero": scores.zero},
        "results": {"models": list(scores.models), "values": raw, "unknown": _unknown_cells(scores)},
        "scores": scores.to_dict()["models"],
    }
    return {
        "format": FORMAT,
        "glevel_fast": __version__,
        "date": date or None,
        "sha256": _hashes(parts),
        **parts,
        "notes": list(scores.notes),
    }


def _unknown_cells(scores: Scores) -> list[list[int]]:
    """[model, task] of each value that is not known: scores that it would enter are lower bounds."""
    unknown = scores.given.unknown if isinstance(scores.given, Results) else None
    return [] if unknown is None else np.argwhere(unknown).tolist()


def _hashes(parts: Mapping[str, Any]) -> dict[str, str]:
    benchmark = dict(parts["benchmark"])
    sota = benchmark.pop("sota")
    hashed = {"tasks": benchmark, "sota": sota} | {
        name: parts[name] for name in ("policy", "metrics", "results", "scores")
    }
    return {name: hashlib.sha256(_canonical(value).encode()).hexdigest() for name, value in hashed.items()}


def _canonical(value: Any) -> str:
    """JSON in which equal numbers read the same, whether they were written 1 or 1.0."""

    def floats(item: Any) -> Any:
        if isinstance(item, Mapping):
            return {key: floats(part) for key, part in item.items()}
        if isinstance(item, list | tuple):
            if set(map(type, item)) <= {float, str, type(None)}:
                return item
            return [floats(part) for part in item]
        return float(item) if isinstance(item, int) and not isinstance(item, bool) else item

    return json.dumps(floats(value), allow_nan=False, ensure_ascii=True, sort_keys=True, separators=(",", ":"))


def load(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read a snapshot's file.

    Parameters
    ----------
    path : path

    Returns
    -------
    dict
        What `take` gave.

    Raises
    ------
    ResultsError
        For anything that is not one.
    """
    with raising(ResultsError):
        content = read_json(path)
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise ResultsError(f"{path}: is not a snapshot of this version; `glevel snapshot -o FILE` writes one")
    lacks = [name for name in ("sha256", "benchmark", "metrics", "policy", "results", "scores") if name not in content]
    if lacks:
        raise ResultsError(f"{path}: the snapshot lacks {', '.join(lacks)}; it was cut or edited")
    wrong = [
        name for name in ("sha256", "benchmark", "metrics", "policy", "results") if not isinstance(content[name], dict)
    ]
    if wrong:
        raise ResultsError(f"{path}: the snapshot's {wrong[0]} is {shown(content[wrong[0]])}; it was edited")
    return content


def _refuse_many_parts(n_models: int, benchmark: Benchmark) -> None:
    refuse_many(n_models * (len(benchmark.modalities) + 1), MAX_PARTS, "models x modalities", "a snapshot")


def is_snapshot(path: str | os.PathLike[str]) -> bool:
    """Whether a file looks like a snapshot of this version: only its beginning is read."""
    try:
        with open(path, "rb") as file:
            return FORMAT.encode() in file.read(1000)
    except (OSError, ValueError):
        return False


def restore(snapshot: Mapping[str, Any]) -> tuple[Benchmark, Results, dict[str, Any]]:
    """Benchmark, results, and the scorer's options.

    Parameters
    ----------
    snapshot : dict

    Returns
    -------
    (Benchmark, Results, dict)

    Raises
    ------
    GLevelError
        Where the parts do not fit together.
    """
    try:
        definitions = {name: Metric.from_dict(fields) for name, fields in snapshot["metrics"].items()}
        benchmark = load_benchmark(dict(snapshot["benchmark"]), definitions=definitions)
        models = tuple(map(str, snapshot["results"]["models"]))
        _refuse_many_parts(len(models), benchmark)
        values = [[np.nan if x is None else x for x in row] for row in snapshot["results"]["values"]]
        raw = np.array(values, dtype=np.float64).reshape(len(models), benchmark.n_tasks)
        results = Results.from_array(models, raw, benchmark, "snapshot")
        if cells := snapshot["results"].get("unknown"):
            unknown = np.zeros(raw.shape, bool)
            unknown[tuple(np.array(cells, dtype=np.intp).reshape(-1, 2).T)] = True
            results = replace(results, unknown=unknown)
        options = {name: snapshot["policy"][name] for name in ("policy", "zero")}
        if options["policy"] not in ("paper", "release") or options["zero"] not in ("missing", "score"):
            raise ValueError(f"policy {shown(options['policy'])}, zero {shown(options['zero'])}")
        return benchmark, results, options
    except GLevelError:
        raise
    except (AttributeError, IndexError, KeyError, OverflowError, TypeError, ValueError) as error:
        why = " ".join(str(error).split())[:200]
        raise ResultsError(f"the snapshot's parts do not fit together ({why}); it was edited") from None


def _score(benchmark: Benchmark, results: Results, options: Mapping[str, Any]) -> Scores:
    # The values are as they were scored: what was refused or converted then is settled.
    return Scorer(benchmark, **options, invalid="missing", fractions="keep").score(results)


@dataclass(frozen=True)
class Verdict(AsFrames):
    """What recomputing a snapshot showed; `differences` is empty where every bit is the same."""

    models: int
    tasks: int
    differences: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def same(self) -> bool:
        return not self.differences

    def columns(self) -> dict[str, list[str]]:
        """One row per difference."""
        return {"difference": list(self.differences)}

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {"same": self.same} | asdict(self)


def verify(snapshot: Mapping[str, Any]) -> Verdict:
    """Recompute the scores and every hash.

    Parameters
    ----------
    snapshot : dict

    Returns
    -------
    Verdict

    Raises
    ------
    GLevelError
        Where the snapshot cannot be scored at all.
    """
    benchmark, results, options = restore(snapshot)
    again = _score(benchmark, results, options).to_dict()["models"]
    try:
        kept, fresh = snapshot["sha256"], _hashes(snapshot)
    except (KeyError, RecursionError) as error:
        raise ResultsError(f"the snapshot cannot be hashed ({type(error).__name__}); it was edited") from None
    differences = [f"the {name} were changed: the hash does not fit" for name in fresh if kept.get(name) != fresh[name]]
    differences += _score_differences(snapshot["scores"], again)
    version = _plainly(snapshot.get("glevel_fast"))
    notes = () if version == __version__ else (f"made with glevel_fast {version}, verified with {__version__}",)
    return Verdict(len(results), benchmark.n_tasks, tuple(differences), notes)


def _score_differences(kept: Any, again: list[dict[str, Any]]) -> list[str]:
    if not isinstance(kept, list) or len(kept) != len(again):
        return [f"scores of {len(kept) if isinstance(kept, list) else 0} models are kept for {len(again)} models"]
    found = []
    for old, new in zip(kept, again, strict=True):
        if _canonical(old) == _canonical(new):
            continue
        before, after = _flat(old), _flat(new)
        name = next((k for k in [*after, *before] if before.get(k) != after.get(k)), "a name")
        kept_value, value = shown(before.get(name)), shown(after.get(name))
        found.append(f"{shown(new['model'])}: {_plainly(name)} is {kept_value}, recomputed {value}")
    return found


def _plainly(name: object) -> str:
    """A short text from a file, fit for a terminal."""
    return shown(name).strip("'")


def _flat(value: Any, name: str = "") -> dict[str, Any]:
    if isinstance(value, Mapping):
        return {k: v for key, part in value.items() for k, v in _flat(part, f"{name} {key}".strip()).items()}
    return {name: value}


@dataclass(frozen=True)
class Difference:
    """A model on two boards: None where it has no rank, or is not there.

    `causes` splits the move (ranks gained are above 0) over `CAUSES`; for a model that is on one
    board only it is empty.
    """

    model: str
    old_rank: int | None
    new_rank: int | None
    old_score: float | None
    new_score: float | None
    causes: dict[str, int]

    @property
    def move(self) -> int:
        """Ranks gained (above 0) or lost by a model that is on both boards."""
        return sum(self.causes.values())

    @property
    def status(self) -> Literal["new", "gone", "changed", "same"]:
        """Whether the model came, went, has another score or rank, or neither."""
        if self.old_score is None or self.new_score is None:
            return "new" if self.old_score is None else "gone"
        changed = any(self.causes.values()) or (self.old_score, self.old_rank) != (self.new_score, self.new_rank)
        return "changed" if changed else "same"

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self) | {"move": self.move, "status": self.status}


def diff(
    old: Mapping[str, Any], new: Mapping[str, Any], level: int | None = None, scope: str = "A"
) -> Rows[Difference]:
    """Every model on the two boards, in the new one's order, and what moved it.

    The old board is turned into the new one step by step (`CAUSES`): the new tasks with their metrics,
    weights, scales and the values that models have there; then the specialists' scores; then the policy;
    then the other values; then the models that came or went. A rank's change at a step is that step's
    doing, so the steps add up to the whole move. A model without a rank stands behind all others.

    Parameters
    ----------
    level : int, optional
        2 to 5; None is the combined board.
    scope : str
        The board's, which both benchmarks must have.

    Returns
    -------
    tuple of Difference
    """
    bench0, results0, options0 = restore(old)
    bench1, results1, options1 = restore(new)
    models0, raw0, models1, raw1 = results0.models, results0.values, results1.models, results1.values
    row0, row1 = ({name: i for i, name in enumerate(models)} for models in (models0, models1))
    shared = [name for name in models0 if name in row1]

    # The old models on the new tasks: what both benchmarks have keeps the old value and the old specialist.
    from_old = [bench0.task_index.get(key, -1) for key in bench1.task_index]
    known = np.array(from_old) >= 0
    raw = np.full((len(models0), bench1.n_tasks), np.nan)
    raw[:, known] = raw0[:, [j for j in from_old if j >= 0]]
    for name in shared:
        raw[row0[name], ~known] = raw1[row1[name], ~known]
    sota = bench1.sota.copy()
    sota[known] = bench0.sota[[j for j in from_old if j >= 0]]
    with_old_sota = _with_sota(bench1, sota)
    data = raw.copy()
    for name in shared:
        data[row0[name]] = raw1[row1[name]]

    steps = [
        _score(bench0, results0, options0),
        _score(with_old_sota, _results(models0, raw, bench1), options0),
        _score(bench1, _results(models0, raw, bench1), options0),
        _score(bench1, _results(models0, raw, bench1), options1),
        _score(bench1, _results(models0, data, bench1), options1),
        _score(bench1, results1, options1),
    ]
    boards = [board(scores, scope, level) for scores in steps]
    ranks = [dict(zip(b.models, b.rank.tolist(), strict=True)) for b in boards]
    score = [dict(zip(b.models, b.score.tolist(), strict=True)) for b in (boards[0], boards[-1])]
    ranked = [sum(rank > 0 for rank in step.values()) for step in ranks]

    def place(step: int, name: str) -> int:
        return int(ranks[step][name]) or ranked[step] + 1

    found = []
    for name in [*boards[-1].models, *(m for m in boards[0].models if m not in row1)]:
        both = name in row0 and name in row1
        causes = {cause: place(i, name) - place(i + 1, name) for i, cause in enumerate(CAUSES)} if both else {}
        found.append(
            Difference(
                name,
                ranks[0].get(name) or None,
                ranks[-1].get(name) or None,
                score[0].get(name),
                score[1].get(name),
                causes,
            )
        )
    return Rows(found)


def _results(models: tuple[str, ...], raw: Array, benchmark: Benchmark) -> Results:
    return Results.from_array(models, raw, benchmark, "snapshot")


def _with_sota(benchmark: Benchmark, sota: Array) -> Benchmark:
    """The benchmark with other specialists; what lies outside the (perhaps changed) metric's domain is none."""
    z = sota * benchmark.scale
    inside = [m.lowest <= x <= m.highest for m, x in zip(benchmark.metrics, z.tolist(), strict=True)]
    return benchmark.changed(dict(enumerate(np.where(inside, sota, np.nan).tolist())))


def diff_sheet(differences: tuple[Difference, ...], moved_only: bool = True) -> TextTable:
    """The moves for people, with what caused them.

    Parameters
    ----------
    differences : tuple of Difference
    moved_only : bool
        Leave out models that keep score and rank.

    Returns
    -------
    TextTable
    """
    rows = []
    for d in differences:
        if moved_only and d.status == "same":
            continue
        move = d.status if d.status in ("new", "gone") else f"{d.move:+d}" if d.move else ""
        rows.append(
            [
                str(d.new_rank or "-"),
                d.model,
                "-" if d.new_score is None else f"{d.new_score:.2f}",
                str(d.old_rank or "-"),
                "-" if d.old_score is None else f"{d.old_score:.2f}",
                move,
                ", ".join(f"{cause} {step:+d}" for cause, step in d.causes.items() if step),
            ]
        )
    count = {status: sum(d.status == status for d in differences) for status in ("changed", "new", "gone", "same")}
    notes = (f"{count['same']} models keep score and rank.",) if moved_only and count["same"] else ()
    header = ["Rank", "Model", "Score", "Old rank", "Old score", "Move", "Because of"]
    title = f"{count['changed']} models changed, {count['new']} are new, {count['gone']} are gone"
    return TextTable(title, header, "rlrrrrl", rows, notes)
