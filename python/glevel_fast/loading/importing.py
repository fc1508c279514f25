"""Other tools' result files as one long table that keeps what tells values apart, and says what it left out."""

from __future__ import annotations

import fnmatch
import math
import os
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from importlib import import_module
from typing import Any, Literal

from glevel_fast.core.metrics import known_metric
from glevel_fast.errors import ResultsError
from glevel_fast.io.files import raising
from glevel_fast.io.frames import AsFrames
from glevel_fast.io.markup import TextTable
from glevel_fast.loading.formats.rows import AVERAGE, Row, Take, text
from glevel_fast.loading.import_map import COLUMNS, ImportMap
from glevel_fast.text import bullets, listing, shown

__all__ = ["FORMATS", "Imported", "import_results"]

FORMATS = {
    "lm-eval": "lm_eval",
    "lmms-eval": "lm_eval",
    "vlmevalkit": "vlmevalkit",
    "helm": "helm",
    "inspect": "inspect_ai",
    "mteb": "mteb",
    "eee": "eee",
    "opencompass": "opencompass",
    "model-index": "model_index",
}
"""The module of each format in `formats`; "eee" is every_eval_ever."""

IMAGES = ("lmms-eval",)
"""Formats whose tasks are of images, though their module's are of language."""
MEASURED = ("filter", "split", "subset", "shots")
"""Where these differ, two values are of different things, and not two runs of one."""
OF_A_RUN = ("revision", "version", "n", "limit", "date", "group")


@dataclass(frozen=True, eq=False, repr=False)
class Imported(AsFrames):
    """Results of another tool; `load_results` takes them as they are.

    Attributes
    ----------
    format : str
        As in `FORMATS`.
    rows : tuple of Row
        One per value, in the order of the files.
    left : dict
        How many values were left out, by reason.
    notes : tuple of str
        What was left out and what was inferred, in words.
    """

    format: str
    rows: tuple[Row, ...]
    left: dict[str, int]
    notes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        left = f", {sum(self.left.values())} left out" if self.left else ""
        models, tasks = ({getattr(row, name) for row in self.rows} for name in ("model", "task"))
        return f"Imported({len(self)} values of {len(models)} models on {len(tasks)} tasks by {self.format}{left})"

    def columns(self) -> dict[str, list[Any]]:
        """The long table: model, revision, task, metric, ... (see `Row`), one row per value.

        Returns
        -------
        dict of list or array
            One entry per row in every column.
        """
        return {name: [getattr(row, name) for row in self.rows] for name in COLUMNS}

    def sheet(self) -> TextTable:
        """What is there, by task and metric: models, values, their range and unit, and what glevel calls the metric.

        Returns
        -------
        TextTable
        """
        rows = []
        for (task, metric), own in _by_name(self.rows, "task", "metric").items():
            values, known = [row.value for row in own], known_metric(metric)
            models, units = {row.model for row in own}, {row.unit for row in own}
            numbers = (str(len(models)), str(len(own)), f"{min(values):g}", f"{max(values):g}")
            rows.append([task, metric, *numbers, "/".join(sorted(units)) or "-", known.name if known else "-"])
        header = ["Task", "Metric", "Models", "Values", "Lowest", "Highest", "Unit", "Known as"]
        return TextTable(repr(self), header, "llrrrrll", rows)

    @property
    def group(self) -> tuple[str, str]:
        """Modality and paradigm that the format's tasks most likely have."""
        group: tuple[str, str] = ("image", "comprehension") if self.format in IMAGES else _module(self.format).GROUP
        return group

    def map(self) -> str:
        """A draft of `map.toml`: which values become which tasks, in which unit, and what models are called.

        Returns
        -------
        str
            The text of `map.toml`.
        """
        return ImportMap.draft(self.rows, self.format)

    def benchmark(self) -> dict[str, list[Any]]:
        """A draft of the benchmark that the draft of the map leads to, without specialists, by columns.

        Returns
        -------
        dict of list
            Columns of a benchmark.
        """
        return ImportMap.parse(self.map(), "the draft", drafted=True).benchmark(self.group)


def import_results(
    format: str,  # noqa: A002
    files: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    *,
    map: str | os.PathLike[str] | None = None,  # noqa: A002
    model: str = "",
    only: Mapping[str, str] | None = None,
    groups: Literal["parts", "averages", "both"] = "parts",
    limited: Literal["error", "keep", "drop"] = "error",
    on_duplicate: Literal["error", "latest", "largest-n", "keep"] = "error",
    progress: Callable[[int, int], object] | None = None,
) -> Imported:
    """Read result files of another tool.

    Parameters
    ----------
    format : {"lm-eval", "lmms-eval", "vlmevalkit", "helm", "inspect", "mteb", "eee", "opencompass", "model-index"}
    files : path or paths
        Of a folder, all files below it whose names the format uses.
    map : path, optional
        A `map.toml` (see `Imported.map`): only what it names is taken, under its names and in its units.
    model : str
        The model's name, where files are of one model and do not (rightly) name it.
    only : {column: value}
        Take only these, such as {"shots": "5", "split": "test"}.
    groups : {"parts", "averages", "both"}
        Of averages beside their parts: the parts, the averages, or both. With a map, what it names.
    limited : {"error", "keep", "drop"}
        What to do with runs that were held to a number of samples.
    on_duplicate : {"error", "latest", "largest-n", "keep"}
        Two values of one model, task and metric are an error. Where they are runs of the same thing,
        "latest" takes the one of the latest date, "largest-n" that of the most samples.
        "keep" keeps all, to look at them: `load_results` will not take them.

    Returns
    -------
    Imported
        Values are as in the files, times the map's scale. `unit` is what the tool says, or else is
        judged by all values of a task and metric: "fraction" where all lie in [0, 1], "percent" where
        they lie in [0, 100] and the metric is one of percents; "" for all others.

    Raises
    ------
    ResultsError
        Naming file, model, task and what to do.
    """
    for name, value, choices in (
        ("format", format, tuple(FORMATS)),
        ("groups", groups, ("parts", "averages", "both")),
        ("limited", limited, ("error", "keep", "drop")),
        ("on_duplicate", on_duplicate, ("error", "latest", "largest-n", "keep")),
    ):
        if value not in choices:
            raise ResultsError(f"{name}={value!r}: choose one of {', '.join(builtin_map(repr, choices))}")
    with raising(ResultsError):
        chosen = None if map is None else ImportMap.read(map)
        take = Take(model=model)
        paths = _files(files, format)
        reader = _module(format)
        for done, path in enumerate(paths, start=1):
            reader.read(path, take)
            if progress is not None:
                progress(done, len(paths))
    if not take.rows:
        raise ResultsError(f"{listing(paths, 3)}: no value was found{_why(take.left)}")
    rows = _only(take.rows, dict(only or {}), take)
    if chosen is None:
        rows = _without_groups(rows, groups, take)
    rows, judged = _with_units(rows)
    if chosen is not None:
        rows = chosen.apply(rows, take)
    rows = _limited(rows, limited, take)
    if on_duplicate != "keep":
        rows = _one_each(rows, on_duplicate, take)
    if not rows:
        raise ResultsError(f"{listing(paths, 3)}: no value is left{_why(take.left)}")
    notes = [*judged, *(f"{n} left out: {reason}" for reason, n in take.left.most_common())]
    return Imported(format, tuple(rows), dict(take.left.most_common()), tuple(notes))


builtin_map = map


def _module(format: str) -> Any:  # noqa: A002
    return import_module(f"glevel_fast.loading.formats.{FORMATS[format]}")


def _by_name(rows: Iterable[Row], *names: str) -> dict[tuple[str, ...], list[Row]]:
    groups: dict[tuple[str, ...], list[Row]] = defaultdict(list)
    for row in rows:
        groups[tuple(getattr(row, name) for name in names)].append(row)
    return groups


def _why(left: Counter[str]) -> str:
    return "".join(f"; {n} left out: {reason}" for reason, n in left.most_common())


def _files(given: Any, format: str) -> list[str]:  # noqa: A002
    one = isinstance(given, str | os.PathLike)
    paths: list[str] = []
    for item in [given] if one else given:
        path = os.fsdecode(item)
        if not os.path.isdir(path):
            paths.append(path)
            continue
        patterns = _module(format).FILES
        found = sorted(
            os.path.join(folder, name)
            for folder, _, names in os.walk(path)
            for name in names
            if any(fnmatch.fnmatch(name, pattern) for pattern in patterns)
        )
        if not found:
            raise ResultsError(f"{path}: holds no file named {' or '.join(patterns)}")
        paths += found
    if not paths:
        raise ResultsError("no files were given")
    return list(dict.fromkeys(paths))


def _only(rows: Sequence[Row], only: Mapping[str, str], take: Take) -> list[Row]:
    kept = list(rows)
    for column, value in only.items():
        if column not in COLUMNS or column in ("value", "stderr"):
            raise ResultsError(f"only {column!r}: choose one of {', '.join(c for c in COLUMNS if c != 'value')}")
        before = kept
        kept = [row for row in before if _text(row, column) == value]
        if not kept:
            there = listing(sorted({shown(_text(row, column)) for row in before}))
            raise ResultsError(f"only {column}={shown(value)}: no value has it; there are {there}")
        take.leave(f"{column} is not {shown(value)}", len(before) - len(kept))
    return kept


def _text(row: Row, column: str) -> str:
    value = getattr(row, column)
    return "" if value != value else text(value)


def _without_groups(rows: list[Row], groups: str, take: Take) -> list[Row]:
    if groups == "both":
        return rows
    if groups == "parts":
        kept = [row for row in rows if row.group != AVERAGE]
        take.leave('averages and groups beside their parts (groups="averages" takes them)', len(rows) - len(kept))
        if not kept:
            raise ResultsError(f'all {len(rows)} values are averages of others: take them with groups="averages"')
        return kept
    averages = {(row.model, row.source, row.task) for row in rows if row.group == AVERAGE}
    kept = [r for r in rows if r.group == AVERAGE or (r.model, r.source, r.group) not in averages]
    take.leave("parts of averages", len(rows) - len(kept))
    return kept


def _with_units(rows: Sequence[Row]) -> tuple[list[Row], list[str]]:
    """Units where the tool does not say: judged by all values of one task and metric, whatever the file."""
    values: dict[tuple[str, str], list[float]] = defaultdict(list)
    for row in rows:
        if not row.unit:
            values[row.task, row.metric].append(row.value)
    judged = {(task, metric): _unit(metric, of) for (task, metric), of in values.items()}
    counts = Counter(filter(None, judged.values()))
    notes = [
        f"units of {n} {'pair' if n == 1 else 'pairs'} of task and metric are taken as {unit}s, by their values"
        for unit, n in sorted(counts.items())
    ]
    return [row if row.unit else replace(row, unit=judged[row.task, row.metric]) for row in rows], notes


def _unit(name: str, values: Sequence[float]) -> str:
    """A metric with a unit of its own (MSE, perplexity) has neither; that of an unknown one is no percent for sure."""
    low, high, metric = min(values), max(values), known_metric(name)
    most = 1.0 if metric is None else 100.0
    if metric is not None and not metric.is_percent:
        if metric.family != "linear" or max(metric.worst, metric.best) != 1.0:
            return ""
        low = max(low, 0.0) if metric.low < 0 else low
    if low < 0 or high > most or high == 0:
        return ""
    return "fraction" if high <= 1 else "percent"


def _limited(rows: list[Row], limited: str, take: Take) -> list[Row]:
    held = [row for row in rows if row.limit]
    if not held or limited == "keep":
        return rows
    if limited == "drop":
        take.leave("runs held to a number of samples", len(held))
        return [row for row in rows if not row.limit]
    runs = Counter((row.source, row.limit) for row in held)
    lines = (f"{source}: limit {limit}, {n} values" for (source, limit), n in runs.items())
    raise ResultsError(
        f"{len(held)} values come from runs held to a number of samples, which score only a part of each task:"
        f'{bullets(lines, len(runs))}\ntake them with limited="keep" (--limited keep), or leave them out with '
        'limited="drop" (--limited drop)'
    )


def _one_each(rows: list[Row], how: str, take: Take) -> list[Row]:
    places: dict[tuple[str, str, str], list[int]] = defaultdict(list)
    for i, row in enumerate(rows):
        places[row.model, row.task, row.metric].append(i)
    several = {key: [rows[i] for i in at] for key, at in places.items() if len(at) > 1}
    if not several:
        return rows
    keep: dict[tuple[str, str, str], Row] = {}
    for key, same in several.items():
        if how != "error" and not any(len({getattr(row, name) for row in same}) > 1 for name in MEASURED):
            best = _best(same, how)
            if best is not None:
                keep[key] = best
                take.leave(f"other runs of the same ({how} is taken)", len(same) - 1)
    if unsettled := {key: same for key, same in several.items() if key not in keep}:
        _refuse(unsettled, how)
    return [row for row in rows if keep.get((row.model, row.task, row.metric), row) is row]


def _best(same: Sequence[Row], how: str) -> Row | None:
    """The latest, or the one of the most samples; None where that is not known, or shared."""
    if how == "latest":
        if not all(row.date for row in same):
            return None
        order = sorted(same, key=lambda row: row.date)
        return order[-1] if order[-1].date > order[-2].date else None
    if any(math.isnan(row.n) for row in same):
        return None
    order = sorted(same, key=lambda row: row.n)
    return order[-1] if order[-1].n > order[-2].n else None


def _refuse(several: Mapping[tuple[str, str, str], Sequence[Row]], how: str) -> None:
    def lines() -> Iterator[str]:
        for (model, task, metric), same in several.items():
            names = [f.name for f in fields(Row) if f.name in (*MEASURED, *OF_A_RUN)]
            apart = [
                f"{name} ({listing([shown(_text(row, name)) for row in _distinct(same, name)], 4)})"
                for name in names
                if len(_distinct(same, name)) > 1
            ]
            where = listing(sorted({row.source for row in same}), 3)
            what = f"differ in {', '.join(apart)}" if apart else "differ in nothing but their file"
            named = f"model {shown(model)}, task {shown(task)}, metric {shown(metric)}"
            yield f"{named}: {len(same)} values {what}; {where}"

    n = sum(map(len, several.values()))
    differ = Counter(
        name for same in several.values() for name in MEASURED if len({getattr(row, name) for row in same}) > 1
    )
    most = f"\nthey differ in {', '.join(f'{name} ({k} times)' for name, k in differ.most_common())}" if differ else ""
    asked = f" (on_duplicate={how!r} does not settle these)" if how != "error" else ""
    raise ResultsError(
        f"{n} values share model, task and metric with another{asked}:{bullets(lines(), len(several))}{most}\n"
        "choose with a map (glevel import ... --list drafts one; --map applies it) or with only={column: value} "
        "(--only shots=5); of repeated runs, take one with on_duplicate='latest' or 'largest-n' (--on-duplicate)"
    )


def _distinct(rows: Sequence[Row], name: str) -> list[Row]:
    return list({_text(row, name): row for row in rows}.values())
