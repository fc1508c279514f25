"""What looks wrong in raw results before they are scored: units, directions, zeros, values that cannot be.

The linter only warns. A score takes a value as it stands (docs/spec.md section 3), so a WER of 5.6 where a
fraction belongs, or an accuracy of 0.83 where a percent belongs, costs points without an error.
"""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from glevel_fast.core.checks import invalid_cells
from glevel_fast.core.units import doubts
from glevel_fast.io.frames import Rows
from glevel_fast.io.markup import TextTable
from glevel_fast.io.read import WORKBOOKS
from glevel_fast.io.workbook import Workbook, read_workbook
from glevel_fast.text import fold_task

if TYPE_CHECKING:
    from glevel_fast.core.benchmark import Benchmark
    from glevel_fast.core.metrics import Metric
    from glevel_fast.core.results import Results

__all__ = ["Suspect", "lint", "places", "suspects_sheet"]

Array = NDArray[np.float64]
FACTORS = (0.01, 100.0, 0.001, 1000.0)
FAR = 20.0
"""From this factor on a value is far from the specialist's; a known unit that brings it within `NEAR` is suggested."""
NEAR = 3.0
REVERSED = 5
REVERSED_SHARE = 0.8
"""So many values of a metric have to look reversed, and more than this share of those that could show it; of the
paper's weak models up to 0.78 do."""


@dataclass(frozen=True)
class Suspect:
    """A cell that looks wrong; `scale` times the value would look right (None: no such factor).

    `kind` is "domain", "fraction", "percent", "reversed", "implausible" or "zero"; `cell` says where it
    stands: file, and sheet and row of a workbook.
    """

    kind: str
    cell: str
    model: str
    task: str
    metric: str
    value: float
    sota: float | None
    message: str
    scale: float | None = None

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def lint(results: Results, benchmark: Benchmark, *, place: Callable[[int, int], str] | None = None) -> Rows[Suspect]:
    """Cells that look wrong, model by model in the benchmark's order of tasks.

    Parameters
    ----------
    results : Results
        As loaded with ``invalid="missing"``, so that one bad cell does not hide the others.
    place : callable, optional
        (model, task) as indices -> where the cell stands; default: the model's source.

    Returns
    -------
    tuple of Suspect
    """
    where = place or (lambda i, j: results.sources[i])
    values = results.values
    outside = invalid_cells(values, benchmark)
    in_fractions = doubts(values, benchmark, "missing").fractions
    found = []
    for i, model in enumerate(results.models):
        for j in np.flatnonzero(~np.isnan(values[i])).tolist():
            value, metric = float(values[i, j]), benchmark.metrics[j]
            verdict = _judge(value, metric, benchmark, j, bool(outside[i, j]), bool(in_fractions[i, j]))
            if verdict is not None:
                kind, message, scale = verdict
                sota = float(benchmark.sota[j])
                found.append(
                    Suspect(
                        kind,
                        where(i, j),
                        model,
                        benchmark.tasks[j],
                        benchmark.metric[j],
                        value,
                        None if math.isnan(sota) else sota,
                        message,
                        scale,
                    )
                )
    return Rows(_without_chance(found, results, benchmark))


def _without_chance(found: list[Suspect], results: Results, benchmark: Benchmark) -> Iterator[Suspect]:
    """Without the "reversed" that chance explains: a direction is that of a model's metric, and shows in its values.

    At least `REVERSED` values of the metric are needed, and nearly all of those that could show it.
    """
    count = Counter((s.model, s.metric) for s in found if s.kind == "reversed")
    row = {model: i for i, model in enumerate(results.models)}
    could: dict[tuple[str, str], int] = {}
    for model, name in count:
        of_metric = [j for j, metric in enumerate(benchmark.metric) if metric == name]
        given = [j for j in of_metric if results.values[row[model], j] > 0]
        could[model, name] = sum(_shows_direction(float(benchmark.sota_z[j]), benchmark.metrics[j]) for j in given)
    for suspect in found:
        of = suspect.model, suspect.metric
        if suspect.kind != "reversed" or (count[of] >= REVERSED and count[of] > REVERSED_SHARE * could[of]):
            yield suspect


def _judge(
    value: float, metric: Metric, benchmark: Benchmark, j: int, outside: bool, in_fractions: bool
) -> tuple[str, str, float | None] | None:
    """Kind, message and suggested scale; None where nothing is suspicious."""
    if value == 0.0:
        return "zero", 'an exact 0 counts as "not supported"; leave the cell empty, or score it with zero="score"', None
    z, sota = value * float(benchmark.scale[j]), float(benchmark.sota_z[j])
    if outside:
        scale = _unit(z, sota, metric)
        if metric.name == "WER" and scale is None and 1 < z <= 100:
            scale = 0.01
        return "domain", f"outside the domain {metric.domain} of {metric.name}", scale
    percent = metric.is_percent and benchmark.scale[j] == 1.0
    if percent and in_fractions:
        return "fraction", "all percentages of this model are at most 1: fractions, where percents belong", 100.0
    if math.isnan(sota):
        return None
    if metric.name == "WER" and z > 1.0:
        return "percent", f"a WER of {z:g} is more errors than words, and 0 points; a percent?", 0.01
    if percent and value <= 1.0 and sota >= FAR and _near(100.0 * value, sota):
        return "fraction", f"far below the specialist's {sota:g}; as a fraction it would be {100 * value:g}", 100.0
    if metric.name == "WER" and value <= 1.0 and benchmark.scale[j] == 0.01 and benchmark.sota[j] > 1.0:
        return "fraction", f"the specialist's {benchmark.sota[j]:g} is a percent, this looks like a fraction", 100.0
    if (mirrored := _mirrored(z, sota, metric)) is not None:
        return "reversed", f"the other way round it would be {mirrored:g}, near the specialist's {sota:g}", None
    if metric.family == "inverse" or (metric.family == "tanh" and math.isinf(metric.high)) or metric.name == "CIDEr":
        ratio = z / sota if sota > 0 else 1.0
        if not 1 / FAR <= ratio <= FAR and sota > 0:
            times = f"{ratio:.3g} times the specialist's {sota:g}"
            return "implausible", f"{times}: another unit, or another normalisation?", _unit(z, sota, metric)
    return None


def _near(z: float, sota: float) -> bool:
    return sota > 0 and z > 0 and 1 / NEAR <= z / sota <= NEAR


def _unit(z: float, sota: float, metric: Metric) -> float | None:
    """The factor of a known unit that brings z near the specialist's and into the domain."""
    fits = [f for f in FACTORS if _near(z * f, sota) and metric.lowest <= z * f <= metric.highest]
    return min(fits, key=lambda f: abs(math.log(z * f / sota))) if fits else None


def _mirrored(z: float, sota: float, metric: Metric) -> float | None:
    """1 - z or 100 - z where that is near the specialist's and z is at the other end of the scale."""
    top = _top(metric)
    if top is None or not 0 < z < top or not _shows_direction(sota, metric):
        return None
    bad = z <= 0.25 * top if metric.better == "higher" else z >= 0.75 * top
    return top - z if bad and abs((top - z) - sota) <= 0.1 * top else None


def _top(metric: Metric) -> float | None:
    """The other end of the scale, where a metric has two ends that could be taken for each other."""
    return 1.0 if metric.name == "WER" else 100.0 if metric.is_percent else None


def _shows_direction(sota: float, metric: Metric) -> bool:
    """Whether the specialist is so near its good end that a reversed value would show."""
    top = _top(metric)
    if top is None or not 0 < sota < top:
        return False
    return sota >= 0.75 * top if metric.better == "higher" else sota <= 0.25 * top


def places(
    paths: Sequence[str | os.PathLike[str]], results: Results, benchmark: Benchmark
) -> Callable[[int, int], str]:
    """Where cells stand: the source, and for workbooks the sheet and the row."""
    rows: dict[str, dict[int, str]] = {}
    for path in paths:
        name = os.path.basename(os.fsdecode(path))
        if not name.lower().endswith(WORKBOOKS):
            continue
        book = read_workbook(path)
        rows[name] = {
            benchmark.names[fold_task(task)]: f"{name}, sheet {sheet.name!r}, {sheet.table.at(i)}"
            for sheet in (book.sheets if isinstance(book, Workbook) else ())
            for i, task in enumerate(sheet.tasks)
            if fold_task(task) in benchmark.names
        }

    def place(i: int, j: int) -> str:
        source = results.sources[i]
        return rows.get(source, {}).get(j, source)

    return place


def suspects_sheet(suspects: Sequence[Suspect]) -> TextTable:
    """The suspects for people; exact zeros are counted per model, not listed."""
    zeros: dict[str, int] = {}
    rows = []
    for s in suspects:
        if s.kind == "zero":
            zeros[s.model] = zeros.get(s.model, 0) + 1
            continue
        scale = "-" if s.scale is None else f"x {s.scale:g}"
        sota = "-" if s.sota is None else f"{s.sota:.6g}"
        rows.append([s.kind, s.cell, s.model, s.task, s.metric, f"{s.value:.6g}", sota, scale, s.message])
    header = ["Kind", "Cell", "Model", "Task", "Metric", "Value", "Specialist's", "Suggested", "Reason"]
    notes = [
        f'{n} exact zeros of {model} count as not supported (zero="score" turns that off)' for model, n in zeros.items()
    ]
    return TextTable(f"{len(rows)} values that look wrong", header, "lllllrrrl", rows, tuple(notes))
