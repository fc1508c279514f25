"""The benchmark: an ordered table of tasks with their metrics and specialists (SPEC.md section 1)."""

from __future__ import annotations

import hashlib
import os
import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import numpy as np

from glevel_fast.errors import BenchmarkError, GLevelError, UnknownMetricError
from glevel_fast.io.table import MAX_TASKS, listing, refuse_many, refuse_names, shown
from glevel_fast.metrics import Metric, find_metric, known_metric

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from glevel_fast.io.table import Column, Table
    from glevel_fast.io.workbook import Workbook

__all__ = ["Benchmark", "load_benchmark"]

MODALITIES = ("image", "video", "audio", "3d")
PARADIGMS = ("comprehension", "generation")
FAMILIES = {"linear": 1, "inverse": 2, "tanh": 3}  # percentages are 0: Kind in cpp/plan.hpp
LANGUAGE = "language"
COLUMNS = ("task", "modality", "paradigm", "metric", "sota")
OPTIONAL_COLUMNS = ("skill", "specialist", "weight", "scale")
MAX_MODALITIES = 1_000
MAX_NAME = 10_000
"""Most characters of a model's or a task's name."""
_MARKS = re.compile(r"[^\w\s\x00-\x7f]+")
"""Runs of characters some of which may combine with the one before; NFC takes the square of their length."""


def fold_task(name: str) -> str:
    """The form under which task names meet: white space is folded, case does not count.

    Raises
    ------
    GLevelError
        For a name of more than `MAX_NAME` characters.
    """
    if len(name) > MAX_NAME:
        raise GLevelError(f"the name {shown(name)} has {len(name):,} characters; at most {MAX_NAME:,} can be read")
    if not name.isascii() and max(map(len, _MARKS.findall(name)), default=0) <= 30:
        name = unicodedata.normalize("NFC", name)
    return " ".join(name.split()).casefold()


@dataclass(frozen=True, eq=False)
class Benchmark:
    """An ordered, immutable table of tasks.

    Attributes
    ----------
    tasks : tuple of str
        Task names, unique up to case and white space.
    modality, paradigm : tuple of str
        "image", "video", "audio", "3d" (or a modality of your own) with "comprehension" or
        "generation"; or "language" with "".
    metric : tuple of str
        As spelled in the source; `metrics` holds what they resolve to.
    sota : float64 (n_tasks,)
        Raw score of each task's specialist; NaN where there is none: nobody can win that task.
    skill, specialist : tuple of str
        "" where not given.
    weight : float64 (n_tasks,)
        Weight of the task in its group's means, finite and >= 0; default 1.
    scale : float64 (n_tasks,)
        Factor from the raw unit to the metric's (0.01 turns a percent into a fraction); default 1.
    notes : tuple of str
        What was inferred.
    metrics : tuple of Metric
    task_index : dict
        Position of each task under its folded name, in the order of the tasks.

    Raises
    ------
    BenchmarkError, UnknownMetricError
        Naming the task and the value.
    """

    tasks: tuple[str, ...]
    modality: tuple[str, ...]
    paradigm: tuple[str, ...]
    metric: tuple[str, ...]
    sota: NDArray[np.float64]
    skill: tuple[str, ...] = ()
    specialist: tuple[str, ...] = ()
    weight: NDArray[np.float64] = field(default=None)  # type: ignore[arg-type]
    scale: NDArray[np.float64] = field(default=None)  # type: ignore[arg-type]
    notes: tuple[str, ...] = ()
    metrics: tuple[Metric, ...] = field(init=False)
    task_index: dict[str, int] = field(init=False)

    def __post_init__(self) -> None:
        for name in ("tasks", "modality", "paradigm", "metric", "notes"):
            self._set(name, tuple(getattr(self, name)))
        n = len(self.tasks)
        if n == 0:
            raise BenchmarkError("the benchmark has no tasks")
        refuse_names([t for t in self.tasks if isinstance(t, str)], MAX_TASKS, "tasks", "the benchmark")
        for name, default in (("skill", ""), ("specialist", "")):
            self._set(name, tuple(getattr(self, name)) or (default,) * n)
        for name in ("weight", "scale"):
            given = getattr(self, name)
            self._set(name, np.ones(n) if given is None else given)
        for name in ("sota", "weight", "scale"):
            self._set(name, _frozen(np.array(getattr(self, name), dtype=np.float64)))
        for name in (*COLUMNS, *OPTIONAL_COLUMNS):
            length = len(self.tasks if name == "task" else getattr(self, name))
            if length != n:
                raise BenchmarkError(f"column {name!r} has {length} values for {n} tasks")
        self._check_tasks()
        self._set("metrics", self._resolve_metrics())
        self._check_numbers()

    def _set(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)

    def _note(self, note: str) -> None:
        if note not in self.notes:
            self._set("notes", (*self.notes, note))

    def __setstate__(self, state: dict[str, Any]) -> None:
        # Arrays come out of a pickle writable.
        state.pop("mapping", None)
        self.__dict__.update({k: _frozen(v) if isinstance(v, np.ndarray) else v for k, v in state.items()})

    def _check_tasks(self) -> None:
        from glevel_fast.io.table import is_unicode

        for name in ("tasks", "modality", "metric", "skill", "specialist"):
            for task, value in zip(self.tasks, getattr(self, name), strict=True):
                if isinstance(value, str) and not is_unicode(value):
                    raise BenchmarkError(f"task {shown(task)}: {shown(value)} is not Unicode text (a lone surrogate)")
        modality, paradigm = [], []
        seen: dict[str, str] = {}
        for task, raw_modality, raw_paradigm in zip(self.tasks, self.modality, self.paradigm, strict=True):
            if not isinstance(task, str) or not (folded := fold_task(task)):
                raise BenchmarkError(f"a task has no name: {shown(task)}")
            if folded in seen:
                _refuse_twin(task, seen[folded])
            seen[folded] = task
            m, p = str(raw_modality).strip().casefold(), str(raw_paradigm).strip().casefold()
            m = LANGUAGE if m == "nlp" else m
            if not m:
                raise BenchmarkError(f"task {shown(task)} has no modality")
            if m == LANGUAGE and p:
                raise BenchmarkError(f"task {shown(task)}: a language task has no paradigm, not {shown(raw_paradigm)}")
            if m != LANGUAGE and p not in PARADIGMS:
                raise BenchmarkError(
                    f"task {shown(task)}: paradigm {shown(raw_paradigm)} is neither 'comprehension' nor 'generation'"
                )
            modality.append(m)
            paradigm.append(p)
        self._set("modality", tuple(modality))
        self._set("paradigm", tuple(paradigm))
        self._set("task_index", dict(zip(seen, range(len(seen)), strict=True)))

    def _resolve_metrics(self) -> tuple[Metric, ...]:
        metrics = []
        for task, name in zip(self.tasks, self.metric, strict=True):
            try:
                metrics.append(find_metric(name))
            except UnknownMetricError as error:
                raise UnknownMetricError(f"task {shown(task)}: {error}") from None
        return tuple(metrics)

    def _check_numbers(self) -> None:
        for name, good, want in (
            ("weight", (self.weight >= 0) & np.isfinite(self.weight), "a finite number, 0 or above"),
            ("scale", (self.scale > 0) & np.isfinite(self.scale), "a finite number above 0"),
        ):
            if not good.all():
                i = int(np.flatnonzero(~good)[0])
                raise BenchmarkError(f"task {shown(self.tasks[i])}: {name} {getattr(self, name)[i]:g} is not {want}")
        self._check_whole()

    def _check_whole(self) -> None:
        """What depends on more than one task, or may change later: specialists, sums of weights, and the notes."""
        refuse_many(len(self.modalities), MAX_MODALITIES, "modalities", "the benchmark")
        z, low, high = self.sota_z, self.mapping["low"], self.mapping["high"]
        for i in np.flatnonzero((z < low) | (z > high))[:1].tolist():
            scaled = f" x scale {self.scale[i]:g}" if self.scale[i] != 1 else ""
            raise BenchmarkError(
                f"task {shown(self.tasks[i])}: the specialist's {self.metric[i]} of {self.sota[i]:g}{scaled} "
                f"is outside the metric's domain {self.metrics[i].domain}"
            )
        total = np.bincount(self.group_of_task, self.weight)
        if not np.isfinite(total).all():
            raise BenchmarkError("the weights of a group add up to more than a double can hold")
        for note in self._own_notes():
            self._note(note)

    def _own_notes(self) -> list[str]:
        """The notes that follow from the table itself."""
        others = [m for m in self.modalities if m not in MODALITIES]
        zeros = [self.tasks[i] for i in np.flatnonzero(self.sota == 0)]
        notes = [f"modalities that General-Bench does not have: {_listing(others)}"] if others else []
        return [*notes, *([f"specialists of exactly 0, taken as scores: {_listing(zeros)}"] if zeros else [])]

    @property
    def n_tasks(self) -> int:
        """Number of tasks."""
        return len(self.tasks)

    @cached_property
    def modalities(self) -> tuple[str, ...]:
        """The modalities with tasks (without language): General-Bench's order first, then by name."""
        present = set(self.modality) - {LANGUAGE}
        return (*(m for m in MODALITIES if m in present), *sorted(present - set(MODALITIES)))

    @cached_property
    def groups(self) -> tuple[tuple[str, str], ...]:
        """(modality, paradigm) for both paradigms of each modality, then ("language", "")."""
        return (*((m, p) for m in self.modalities for p in PARADIGMS), (LANGUAGE, ""))

    @cached_property
    def group_of_task(self) -> NDArray[np.intp]:
        """intp (n_tasks,): index into `groups`."""
        index = {group: i for i, group in enumerate(self.groups)}
        return _frozen(np.array([index[g] for g in zip(self.modality, self.paradigm, strict=True)], dtype=np.intp))

    @cached_property
    def sota_z(self) -> NDArray[np.float64]:
        """float64 (n_tasks,): the specialist in the metric's unit, sota x scale; wins are decided on it."""
        with np.errstate(over="ignore"):
            return _frozen(self.sota * self.scale)

    @cached_property
    def mapping(self) -> dict[str, NDArray[Any]]:
        """What the engine needs to know of each task's metric: kind, constants and domain, by column."""
        rows: dict[int, int] = {}
        row_of_task = [rows.setdefault(id(metric), len(rows)) for metric in self.metrics]
        one_each = {id(metric): metric for metric in self.metrics}.values()
        table = np.array([
            (m.is_percent, FAMILIES[m.family], m.constant, m.worst, 100.0 / (m.best - m.worst), m.lowest, m.highest)
            for m in one_each
        ])[row_of_task]  # fmt: skip
        percent, family, constant, worst, slope, low, high = np.ascontiguousarray(table.T)
        kind = np.where((percent == 1) & (self.scale == 1.0), 0, family).astype(np.int8)
        columns = {"kind": kind, "constant": constant, "worst": worst, "slope": slope, "low": low, "high": high}
        return {name: _frozen(column) for name, column in columns.items()}

    @cached_property
    def sha256(self) -> str:
        """Hash of all that a score depends on: tasks, groups, metrics, specialists' scores, weights, scales."""
        digest = hashlib.sha256()
        for i, task in enumerate(self.tasks):
            numbers = (float(c[i]).hex() for c in (self.sota, self.weight, self.scale))
            m = self.metrics[i]
            constants = (float(v).hex() for v in (m.worst, m.best, m.constant, m.low, m.high))
            fields = (task, self.modality[i], self.paradigm[i], self.skill[i], m.name, m.family, *constants, *numbers)
            digest.update("\x1f".join(fields).encode() + b"\x1e")
        return digest.hexdigest()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Benchmark) and self.sha256 == other.sha256

    def __hash__(self) -> int:
        return hash(self.sha256)

    def __repr__(self) -> str:
        groups = np.bincount(self.group_of_task, minlength=len(self.groups))
        sizes = ", ".join(
            f"{' '.join(filter(None, group))} {size}" for group, size in zip(self.groups, groups, strict=True)
        )
        return f"Benchmark({self.n_tasks} tasks: {sizes})"

    def changed(
        self, sota: Mapping[int, float] | None = None, remove: Collection[int] = (), add: Benchmark | None = None
    ) -> Benchmark:
        """This table with other specialists and without some tasks (both by position), then the tasks of `add`.

        Only what changes is checked: many times quicker than a new `Benchmark`.

        Raises
        ------
        BenchmarkError
            As in `Benchmark`.
        """
        gone = sorted(remove, reverse=True)
        if len(gone) == self.n_tasks and add is None:
            raise BenchmarkError("the benchmark has no tasks")
        new = object.__new__(Benchmark)
        new.__dict__.update(self.__dict__)
        for derived in ("sota_z", "sha256"):
            new.__dict__.pop(derived, None)
        if sota:
            values = self.sota.copy()
            values[list(sota)] = list(sota.values())
            new._set("sota", _frozen(values))
        if gone or add is not None:
            new._splice(gone, add)
        own = set(self._own_notes())
        new._set("notes", tuple(note for note in self.notes if note not in own))
        new._check_whole()
        return new

    def _splice(self, gone: list[int], add: Benchmark | None) -> None:
        more = [] if add is None else [add]

        def column(of: Callable[[Benchmark], Iterable[Any]]) -> list[Any]:
            kept = list(of(self))
            for i in gone:
                del kept[i]
            return kept + [value for one in more for value in of(one)]

        def array(of: Callable[[Benchmark], NDArray[Any]]) -> NDArray[Any]:
            return _frozen(np.concatenate([np.delete(of(self), gone), *map(of, more)]))

        texts = ("tasks", "modality", "paradigm", "metric", "metrics", "skill", "specialist")
        changed: dict[str, Any] = {name: tuple(column(attrgetter(name))) for name in texts}
        changed |= {name: array(attrgetter(name)) for name in ("sota", "weight", "scale")}
        changed["mapping"] = {name: array(lambda of, name=name: of.mapping[name]) for name in self.mapping}  # type: ignore[misc]
        index: dict[str, int] = {}
        for i, folded in enumerate(column(attrgetter("task_index"))):
            if (twin := index.setdefault(folded, i)) != i:
                _refuse_twin(changed["tasks"][i], changed["tasks"][twin])
        for derived in ("modalities", "groups", "group_of_task"):
            self.__dict__.pop(derived, None)
        self.__dict__.update(changed, task_index=index)

    def to_dict(self) -> dict[str, list[Any]]:
        """The table by columns, as `load_benchmark` reads them, from JSON too: where there is no sota it is None."""
        table: dict[str, list[Any]] = {"task": list(self.tasks)}
        for name in (*COLUMNS[1:], *OPTIONAL_COLUMNS):
            column = getattr(self, name)
            table[name] = column.tolist() if isinstance(column, np.ndarray) else list(column)
        table["sota"] = [None if x != x else x for x in table["sota"]]
        return table


def _frozen(array: NDArray[Any]) -> NDArray[Any]:
    array.flags.writeable = False
    return array


def _refuse_twin(task: str, twin: str) -> None:
    also = "" if twin == task else f" (also written {shown(twin)})"
    raise BenchmarkError(f"task {shown(task)} is listed twice{also}; give each task a name of its own")


def _listing(names: Sequence[str], most: int = 10) -> str:
    return listing([shown(name) for name in names[:most]], most) + (
        f" and {len(names) - most} more" if len(names) > most else ""
    )


def load_benchmark(source: Any) -> Benchmark:
    """Read a benchmark from a file, a frame or a dict of columns.

    Parameters
    ----------
    source : path, DataFrame, or dict of columns
        The released workbook with "SoTA Performance" (.xlsx, .xlsm); .csv, .parquet, .json (a list of
        records, or columns), or a pandas, polars or Arrow table, with the columns
        `task, modality, paradigm, metric, sota` and optionally `skill, specialist, weight, scale`.
        A sota that is empty, None, NaN, "∞", "-" or "/" is NaN. An empty weight or scale is 1, but
        for a WER above 1: that is a percent, and its scale 0.01 (SPEC.md section 2).

    Returns
    -------
    Benchmark
        Its `notes` say what was inferred or passed over.

    Raises
    ------
    BenchmarkError, UnknownMetricError
        Naming file, sheet, row or task, and value.
    """
    from glevel_fast.io.read import read_file
    from glevel_fast.io.table import Table, raising, table_from_columns, table_from_records
    from glevel_fast.io.workbook import Workbook

    with raising(BenchmarkError):
        if isinstance(source, (str, os.PathLike)):
            where = os.fsdecode(source)
            content = read_file(where)
        elif isinstance(source, Mapping):
            where, content = "dict", source
        else:
            from glevel_fast.io.frames import read_frame

            where, content = "DataFrame", read_frame(source)
        if isinstance(content, Workbook):
            columns, at, notes = _from_workbook(content)
        else:
            if isinstance(content, Mapping):
                content = table_from_columns(content, where)
            elif isinstance(content, list):
                content = table_from_records(content, where)
            elif not isinstance(content, Table):
                raise BenchmarkError(f"{where}: holds {shown(content)}, not a table of tasks")
            columns, at, notes = _from_table(content)
        return _from_columns(where, columns, at, notes)


_Parts = tuple[dict[str, "Column"], Callable[[int], str], list[str]]


def _from_workbook(book: Workbook) -> _Parts:
    """The columns of a benchmark from the released layout, the place of each row, and notes."""
    from glevel_fast.io.table import fold_header
    from glevel_fast.io.workbook import SHEETS, SOTA

    have = {sheet.name for sheet in book.sheets}
    if lacking := [repr(name) for name in SHEETS if name not in have]:
        raise BenchmarkError(
            f"{book.where}: lacks the sheets {listing(lacking)}; a benchmark's workbook has all {len(SHEETS)} "
            "(for fewer tasks use .csv, .parquet or .json)"
        )
    columns: dict[str, list[object]] = {name: [] for name in COLUMNS}
    places: list[str] = []
    passed_over: dict[str, None] = {}
    for sheet in book.sheets:
        titles = list(sheet.table.columns)
        sota = next((title for title in titles if fold_header(title) == fold_header(SOTA)), None)
        if sota is None:
            this = f"results of {listing([shown(t) for t in titles])}" if titles else "the template"
            raise BenchmarkError(f"{sheet.table.where}: has no column {SOTA!r}; this looks like {this}")
        passed_over |= dict.fromkeys(title for title in titles if title != sota)
        n = len(sheet.tasks)
        modality, paradigm = SHEETS[sheet.name]
        for name, cells in (
            ("task", sheet.tasks),
            ("modality", [modality] * n),
            ("paradigm", [paradigm] * n),
            ("metric", sheet.metrics),
            ("sota", sheet.table.columns[sota]),
        ):
            columns[name] += cells
        places += [f"sheet {sheet.name!r}, {sheet.table.at(i)}" for i in range(n)]
    notes = [f"columns passed over: {listing([shown(title) for title in passed_over])}"] if passed_over else []
    return {**columns}, places.__getitem__, notes


def _from_table(table: Table) -> _Parts:
    """The columns of a benchmark from a table with one row per task."""
    titles = {name: table.find(name) for name in (*COLUMNS, *OPTIONAL_COLUMNS)}
    has = listing([shown(title) for title in table.columns])
    if lacking := [repr(name) for name in COLUMNS if titles[name] is None]:
        hint = "; this looks like results, not like a benchmark" if table.find("model") else ""
        noun = "column" if len(lacking) == 1 else "columns"
        raise BenchmarkError(f"{table.where}: lacks the {noun} {', '.join(lacking)}; it has {has}{hint}")
    if not table.rows:
        raise BenchmarkError(f"{table.where}: has a header but no rows")
    columns = {name: table.columns[title] for name, title in titles.items() if title is not None}
    extra = [shown(title) for title in table.columns if title not in titles.values()]
    return columns, table.at, [f"columns passed over: {listing(extra)}"] if extra else []


def _from_columns(where: str, columns: dict[str, Column], at: Callable[[int], str], notes: list[str]) -> Benchmark:
    from glevel_fast.io.table import NOT_SUPPORTED, numbers, text

    refuse_many(len(columns["task"]), MAX_TASKS, "tasks", where)
    parsed: dict[str, Any] = {}
    for name, column in columns.items():
        if name in ("sota", "weight", "scale"):
            # an infinite weight is no missing weight
            values, bad = numbers(column, NOT_SUPPORTED if name == "sota" else frozenset({"", "nan"}))
            parsed[name] = np.array(values)
        else:
            parsed[name] = tuple(text(cell) for cell in column)
            needed = name in ("task", "metric")
            bad = [i for i, cell in enumerate(parsed[name]) if cell is None or (needed and not cell)]
        if bad:
            i = bad[0]
            task = "" if name == "task" else f", task {shown(columns['task'][i])}"
            wanted = "a number" if name in ("sota", "weight", "scale") else "a name"
            raise BenchmarkError(f"{where}: {at(i)}{task}: the {name} is {shown(column[i])}, not {wanted}")
    sota, n = parsed["sota"], len(parsed["task"])
    sota[np.isinf(sota)] = np.nan
    for name in ("weight", "scale"):
        parsed.setdefault(name, np.full(n, np.nan))
    given = ~np.isnan(parsed["scale"])
    for name in ("weight", "scale"):
        parsed[name] = np.where(np.isnan(parsed[name]), 1.0, parsed[name])
    is_wer = np.array([known_metric(name) is find_metric("WER") for name in parsed["metric"]])
    percent = is_wer & ~given & (sota > 1)
    if percent.any():
        parsed["scale"] = np.where(percent, 0.01, parsed["scale"])
        names = _listing([parsed["task"][i] for i in np.flatnonzero(percent)])
        notes = [*notes, f"WER above 1 is taken as a percent (scale 0.01): {names}"]
    parsed["tasks"] = parsed.pop("task")
    try:
        return Benchmark(**parsed, notes=tuple(f"{os.path.basename(where)}: {note}" for note in notes))
    except GLevelError as error:
        raise type(error)(f"{where}: {error}") from None
