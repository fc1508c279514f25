"""`map.toml`: which values of other tools become which tasks of a benchmark, and in which unit."""

from __future__ import annotations

import json
import math
import os
import tomllib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from glevel_fast.core.metrics import known_metric
from glevel_fast.errors import ResultsError
from glevel_fast.io.files import open_file
from glevel_fast.loading.formats.rows import AVERAGE, Row, Take
from glevel_fast.text import listing, nearest, shown

__all__ = ["COLUMNS", "ImportMap"]

MAX_BYTES = 8 * 2**20
COLUMNS = (
    "model", "revision", "task", "metric", "filter", "split", "subset", "value", "unit", "better", "stderr", "n",
    "shots", "version", "group", "limit", "source", "date",
)  # fmt: skip
"""The columns of the long table, in order."""
WHICH = ("metric", "filter", "split", "subset", "shots", "version", "group")
"""What an entry of the map may ask of a value, beside its task."""
_GIVEN = {"task", "from", "as", "scale", *WHICH}


@dataclass(frozen=True)
class Entry:
    """Values of one task in the files that become one task of the benchmark; what `which` does not name may be any."""

    task: str
    source: str
    which: Mapping[str, str]
    metric: str
    scale: float

    def takes(self, row: Row) -> bool:
        return all(getattr(row, name) == value for name, value in self.which.items())


@dataclass(frozen=True)
class ImportMap:
    """A `map.toml`.

    Attributes
    ----------
    where : str
    entries : tuple of Entry
    models : dict or None
        {"model" or "model@revision" in the files: its name}; None where all keep theirs.
    """

    where: str
    entries: tuple[Entry, ...]
    models: dict[str, str] | None

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> ImportMap:
        """Read a file.

        Raises
        ------
        ResultsError
            Naming the entry, and what is wrong with it.
        """
        with open_file(path, MAX_BYTES) as file:
            try:
                return cls.parse(file.read().decode(), os.fsdecode(path))
            except UnicodeDecodeError:
                raise ResultsError(f"{path}: is not UTF-8") from None

    @classmethod
    def parse(cls, text: str, where: str, *, drafted: bool = False) -> ImportMap:
        """Read text; a draft may have nothing but comments."""
        try:
            content = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise ResultsError(f"{where}: is not TOML: {error}") from None
        if unknown := content.keys() - {"task", "models", "format"}:
            raise ResultsError(f"{where}: has {listing(sorted(map(shown, unknown)))}; a map has [[task]] and [models]")
        listed, models = content.get("task", []), content.get("models")
        if not isinstance(listed, list) or not (listed or drafted):
            raise ResultsError(f"{where}: has no [[task]]")
        if models is not None and not (
            isinstance(models, dict) and all(isinstance(name, str) and name.strip() for name in models.values())
        ):
            raise ResultsError(f'{where}: [models] must give a name for each model: "org/model" = "Model"')
        return cls(where, tuple(_entry(one, i, where) for i, one in enumerate(listed, 1)), models)

    def apply(self, rows: Sequence[Row], take: Take) -> list[Row]:
        """Only what the map names, under its names and in its units; the rest is counted.

        Raises
        ------
        ResultsError
            An entry or a model that no value has: a misspelt name would otherwise be a missing task.
        """
        by_source: dict[str, list[Entry]] = defaultdict(list)
        for entry in self.entries:
            by_source[entry.source].append(entry)
        used: Counter[str] = Counter()
        met: set[str] = set()
        kept = []
        for row in rows:
            entries = [entry for entry in by_source.get(row.task, []) if entry.takes(row)]
            model = self._model(row, met)
            if model is None:
                take.leave("models that the map does not name")
            elif not entries:
                take.leave("tasks, metrics or variants that the map does not name")
            for entry in entries:
                used[entry.task] += 1
                if model is not None:
                    kept.append(_scaled(replace(row, model=model, task=entry.task, metric=entry.metric), entry.scale))
        if idle := [entry for entry in self.entries if not used[entry.task]]:
            asked = ", ".join(f"{name} = {shown(value)}" for name, value in idle[0].which.items())
            there = sorted({row.task for row in rows})
            raise ResultsError(
                f"{self.where}: no value is what task {shown(idle[0].task)} asks for: from = {shown(idle[0].source)}"
                f"{', ' if asked else ''}{asked}{'' if idle[0].source in there else nearest(idle[0].source, there)}"
                + (f"; nor are {len(idle) - 1} more" if len(idle) > 1 else "")
            )
        if self.models is not None and (idle_models := [name for name in self.models if name not in met]):
            there = sorted({row.model for row in rows})
            raise ResultsError(
                f"{self.where}: no value is of model {shown(idle_models[0])}{nearest(idle_models[0], there)}"
            )
        return kept

    def _model(self, row: Row, met: set[str]) -> str | None:
        if self.models is None:
            return row.model
        for name in (f"{row.model}@{row.revision}", row.model):
            if name in self.models:
                met.add(name)
                return self.models[name]
        return None

    def benchmark(self, group: tuple[str, str]) -> dict[str, list[Any]]:
        """Columns of a benchmark of these tasks, all of one modality and paradigm, without specialists."""
        tasks = {entry.task: entry.metric for entry in self.entries}
        n = len(tasks)
        return {
            "task": list(tasks),
            "modality": [group[0]] * n,
            "paradigm": [group[1]] * n,
            "metric": list(tasks.values()),
            "sota": [None] * n,
        }

    @staticmethod
    def draft(rows: Sequence[Row], format: str) -> str:  # noqa: A002
        """A map of all that is there, one entry per variant: averages, and metrics nobody knows, as comments."""
        return "\n".join([*_INTRODUCTION, f"format = {_toml(format)}", "", *_draft_tasks(rows), *_draft_models(rows)])


_INTRODUCTION = (
    "# Which values become which tasks of the benchmark. Delete what you do not want, and name the rest as your",
    "# benchmark does; a task takes one metric. `from` and what stands below it say which values are meant;",
    "# `as` is the metric in the benchmark, `scale` the factor to its unit (100: fractions become percents).",
)


def _entry(given: Any, i: int, where: str) -> Entry:
    at = f"{where}: task {i}"
    if not isinstance(given, dict):
        raise ResultsError(f"{at}: write it as [[task]]")
    if unknown := given.keys() - _GIVEN:
        name = min(unknown)
        raise ResultsError(f"{at}: has {shown(name)}{nearest(name, sorted(_GIVEN))}")
    texts = {name: given[name] for name in given if name != "scale"}
    if wrong := [name for name, value in texts.items() if not isinstance(value, str)]:
        raise ResultsError(f"{at}: {wrong[0]} is {shown(given[wrong[0]])}; write it as text, in quotes")
    if missing := [name for name in ("task", "metric") if not texts.get(name, "").strip()]:
        raise ResultsError(f"{at}: lacks `{missing[0]}`")
    scale = given.get("scale", 1)
    if isinstance(scale, bool) or not isinstance(scale, int | float) or not (math.isfinite(scale) and scale > 0):
        raise ResultsError(f"{at} ({given['task']}): scale is {shown(scale)}, not a finite number above 0")
    which = {name: texts[name] for name in WHICH if name in texts}
    return Entry(texts["task"], texts.get("from", texts["task"]), which, texts.get("as", texts["metric"]), float(scale))


def _scaled(row: Row, scale: float) -> Row:
    """Exactly: the double nearest to the product of the shortest decimals."""
    if scale == 1:
        return row
    unit = {("fraction", 100.0): "percent", ("percent", 0.01): "fraction"}.get((row.unit, scale), "")
    value, stderr = (
        x if math.isnan(x) else float(Decimal(repr(x)) * Decimal(repr(scale))) for x in (row.value, row.stderr)
    )
    return replace(row, value=value, stderr=stderr, unit=unit)


def _draft_tasks(rows: Sequence[Row]) -> list[str]:
    by_task: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_task[row.task].append(row)
    lines: list[str] = []
    for task, own in by_task.items():
        names = ("group", "filter", "split", "subset", "shots")
        variants: dict[tuple[str, ...], list[Row]] = defaultdict(list)
        for row in own:
            key = (AVERAGE if row.group == AVERAGE else "", *(getattr(row, name) for name in names[1:]))
            variants[key].append(row)
        vary = [name for i, name in enumerate(names) if i and len({key[i] for key in variants}) > 1]
        for key, of in variants.items():
            which = dict(zip(names, key, strict=True))
            suffix = [f"{which[name]}-shot" if name == "shots" else which[name] for name in vary if which[name]]
            lines += _draft_entry(", ".join([task, *suffix]), task, which, of)
    return lines


def _draft_entry(name: str, task: str, which: Mapping[str, str], rows: Sequence[Row]) -> list[str]:
    by_metric: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_metric[row.metric].append(row)
    known = [metric for metric in by_metric if known_metric(metric)]
    metric = (known or list(by_metric))[0]
    own, others = by_metric[metric], [m for m in by_metric if m != metric]
    target = known_metric(metric)
    unit, better = own[0].unit, own[0].better
    low, high = min(row.value for row in own), max(row.value for row in own)
    scale: float = 100 if unit == "fraction" and (target is None or target.is_percent) else 1
    if unit == "percent" and target is not None and not target.is_percent:
        scale = 0.01
    doubts = []
    if which["group"] == AVERAGE:
        doubts.append("an average of others here")
    if target is None and (better == "lower" or not unit):
        doubts.append("no known metric: register it, or leave it out")
    if target is not None and better and better != target.better:
        doubts.append(f"the tool says {better} is better")
    lines = [
        f"[[task]]{'  # ' + '; '.join(doubts) if doubts else ''}",
        f"task = {_toml(name)}",
        f"from = {_toml(task)}",
        f"metric = {_toml(metric)}" + (f"  # also there: {', '.join(map(_toml, others))}" if others else ""),
        *(f"{column} = {_toml(which[column])}" for column in ("filter", "split", "subset", "shots")),
        *([f"group = {_toml(AVERAGE)}"] if which["group"] else []),
        f"as = {_toml(target.name if target else 'Percent')}"
        + ("" if target else "  # not a metric that glevel knows: `glevel metrics` lists them"),
        f"scale = {scale}  # {len(own)} values, {low:g} to {high:g}" + (f": {unit}s" if unit else ""),
    ]
    return [*(("# " + line for line in lines) if doubts else lines), ""]


def _draft_models(rows: Sequence[Row]) -> list[str]:
    revisions: dict[str, dict[str, None]] = defaultdict(dict)
    for row in rows:
        revisions[row.model][row.revision] = None
    lines = ["[models]  # as in the files (@revision where there are several), and as on the board"]
    for model, of in revisions.items():
        names = [model] if len(of) == 1 else [f"{model}@{revision}" for revision in of]
        lines += [f"{_toml(name)} = {_toml(name)}" for name in names]
    return [*lines, ""]


def _toml(text: str) -> str:
    """A basic string: JSON's escapes are TOML's, but for the delete character."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
