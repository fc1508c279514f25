"""The benchmark: an ordered table of tasks with their metrics and specialists (docs/spec.md section 1)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import InitVar, dataclass, field
from functools import cached_property
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import numpy as np

from glevel_fast.core.metrics import Metric, find_metric
from glevel_fast.errors import BenchmarkError, GLevelError, UnknownMetricError
from glevel_fast.io.limits import MAX_TASKS, refuse_many, refuse_names
from glevel_fast.text import fold_label, fold_task, is_unicode, nearest, shown, shown_listing, spelled

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Benchmark", "find_task"]

MODALITIES = ("image", "video", "audio", "3d")
PARADIGMS = ("comprehension", "generation")
FAMILIES = {"linear": 1, "inverse": 2, "tanh": 3}  # percentages are 0: Kind in cpp/plan.hpp
LANGUAGE = "language"
LEVELS = (2, 3, 4, 5)
Group = tuple[str, str]
"""Modality and paradigm; ("language", "")."""
COLUMNS = ("task", "modality", "paradigm", "metric", "sota")
OPTIONAL_COLUMNS = ("skill", "specialist", "weight", "scale")
NO_MODALITY = (
    "no task has a modality: Levels 2 to 5 are not defined, and the score is S_L, the mean over the language tasks "
    "that a model wins"
)
"""The note of a benchmark of language alone."""
ALIAS_COLUMNS = ("aliases", "metric_aliases")
"""Columns of other names, which `ALIAS_SEPARATOR` stands between; only of benchmarks that have any."""
ALIAS_SEPARATOR = " | "
MAX_MODALITIES = 1_000


@dataclass(frozen=True, eq=False)
class Benchmark:
    """An ordered, immutable table of tasks.

    Attributes
    ----------
    tasks : tuple of str
        Task names, unique as they meet: see `glevel_fast.text.fold_task`.
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
    inferred : frozenset of str
        Tasks whose unit was inferred from the specialist alone (WER); models' values are held to it.
    definitions : dict of str to Metric, optional
        What names mean in this table alone; all others are those that are registered.
    aliases, metric_aliases : tuple of tuple of str
        Other names of each task, such as a short one, and of its metric; results and options may use them.
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
    aliases: tuple[tuple[str, ...], ...] = ()
    metric_aliases: tuple[tuple[str, ...], ...] = ()
    inferred: frozenset[str] = frozenset()
    definitions: InitVar[Mapping[str, Metric] | None] = None
    metrics: tuple[Metric, ...] = field(init=False)
    task_index: dict[str, int] = field(init=False)

    def __post_init__(self, definitions: Mapping[str, Metric] | None) -> None:
        for name in ("tasks", "modality", "paradigm", "metric", "notes"):
            self._set(name, tuple(getattr(self, name)))
        n = len(self.tasks)
        if n == 0:
            raise BenchmarkError("the benchmark has no tasks")
        refuse_names([t for t in self.tasks if isinstance(t, str)], MAX_TASKS, "tasks", "the benchmark")
        for name, default in (("skill", ""), ("specialist", "")):
            self._set(name, tuple(getattr(self, name)) or (default,) * n)
        for name in ALIAS_COLUMNS:
            self._set(name, tuple(map(tuple, getattr(self, name))) or ((),) * n)
        for name in ("weight", "scale"):
            given = getattr(self, name)
            self._set(name, np.ones(n) if given is None else given)
        for name in ("sota", "weight", "scale"):
            self._set(name, _frozen(np.array(getattr(self, name), dtype=np.float64)))
        for name in (*COLUMNS, *OPTIONAL_COLUMNS, *ALIAS_COLUMNS):
            length = len(self.tasks if name == "task" else getattr(self, name))
            if length != n:
                raise BenchmarkError(f"column {name!r} has {length} values for {n} tasks")
        self._check_tasks()
        self._set("metrics", self._resolve_metrics(definitions or {}))
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
        for name in ("tasks", "modality", "metric", "skill", "specialist"):
            for task, value in zip(self.tasks, getattr(self, name), strict=True):
                if isinstance(value, str) and not is_unicode(value):
                    raise BenchmarkError(f"task {shown(task)}: {shown(value)} is not Unicode text (a lone surrogate)")
        for task, names, metrics in zip(self.tasks, self.aliases, self.metric_aliases, strict=True):
            for name in (*names, *metrics):
                if not isinstance(name, str) or not name.strip() or not is_unicode(name):
                    raise BenchmarkError(f"task {shown(task)}: {shown(name)} is no other name of it or its metric")
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

    def _resolve_metrics(self, definitions: Mapping[str, Metric]) -> tuple[Metric, ...]:
        own = {fold_label(name): metric for name, metric in definitions.items()}
        metrics = []
        for task, name in zip(self.tasks, self.metric, strict=True):
            try:
                metrics.append(own.get(fold_label(str(name))) or find_metric(name))
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
        notes = [] if self.modalities else [NO_MODALITY]
        notes += [f"modalities that General-Bench does not have: {shown_listing(others)}"] if others else []
        notes += [f"specialists of exactly 0, taken as scores: {shown_listing(zeros)}"] if zeros else []
        open_ = [self.tasks[i] for i in np.flatnonzero(np.isnan(self.sota))]
        return notes + ([f"tasks without a specialist, which nobody can win: {shown_listing(open_)}"] if open_ else [])

    @property
    def n_tasks(self) -> int:
        """Number of tasks."""
        return len(self.tasks)

    @cached_property
    def names(self) -> dict[str, int]:
        """Position of each task under every folded name that means it alone."""
        found = dict(self.task_index)
        for folded, positions in self._alias_positions.items():
            if len(positions) == 1:
                found.setdefault(folded, *positions)
        return found

    def meant_by(self, name: str) -> tuple[str, ...]:
        """The tasks that an alias may mean; more than one where several tasks share it.

        Parameters
        ----------
        name : str
            As written.

        Returns
        -------
        tuple of str
        """
        return tuple(self.tasks[i] for i in self._alias_positions.get(fold_task(name), ()))

    @cached_property
    def _alias_positions(self) -> dict[str, tuple[int, ...]]:
        found: dict[str, dict[int, None]] = {}
        for i, names in enumerate(self.aliases):
            for name in names:
                found.setdefault(fold_task(name), {})[i] = None
        return {folded: tuple(positions) for folded, positions in found.items()}

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
    def higher_is_better(self) -> NDArray[np.bool_]:
        """bool (n_tasks,): whether a higher value of the task's metric is better."""
        return _frozen(np.array([metric.better == "higher" for metric in self.metrics]))

    @cached_property
    def skills(self) -> tuple[tuple[str, Group], ...]:
        """(name, group) of each skill, as first met; the group stands in the name where two groups share it."""
        keys = list(self._skill_keys)
        bare = [skill for _, skill in keys]
        twice = {skill for skill in bare if bare.count(skill) > 1}
        return tuple(
            (" ".join(filter(None, (*group, skill))) if skill in twice else skill, group) for group, skill in keys
        )

    @cached_property
    def skill_of_task(self) -> NDArray[np.intp]:
        """intp (n_tasks,): index into `skills`, -1 for a task without one."""
        index = self._skill_keys
        tasks = zip(self.modality, self.paradigm, self.skill, strict=True)
        return _frozen(np.array([index.get(((m, p), skill), -1) for m, p, skill in tasks], dtype=np.intp))

    @cached_property
    def _skill_keys(self) -> dict[tuple[Group, str], int]:
        index: dict[tuple[Group, str], int] = {}
        for modality, paradigm, skill in zip(self.modality, self.paradigm, self.skill, strict=True):
            if skill:
                index.setdefault(((modality, paradigm), skill), len(index))
        return index

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

        Parameters
        ----------
        sota : {position: raw σ}, optional
            Other specialists.
        remove : collection of int, optional
            Positions of tasks that go.
        add : Benchmark, optional
            Tasks that come, after all others.

        Returns
        -------
        Benchmark
            With the metrics and notes of this one, as far as they still hold.

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

    def noting(self, note: str) -> Benchmark:
        """This table with one note more.

        Parameters
        ----------
        note : str

        Returns
        -------
        Benchmark
        """
        new = object.__new__(Benchmark)
        new.__dict__.update(self.__dict__)
        new._note(note)
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

        texts = ("tasks", "modality", "paradigm", "metric", "metrics", "skill", "specialist", *ALIAS_COLUMNS)
        changed: dict[str, Any] = {name: tuple(column(attrgetter(name))) for name in texts}
        changed |= {name: array(attrgetter(name)) for name in ("sota", "weight", "scale")}
        changed["mapping"] = {name: array(lambda of, name=name: of.mapping[name]) for name in self.mapping}  # type: ignore[misc]
        index: dict[str, int] = {}
        for i, folded in enumerate(column(attrgetter("task_index"))):
            if (twin := index.setdefault(folded, i)) != i:
                _refuse_twin(changed["tasks"][i], changed["tasks"][twin])
        for derived in (
            "modalities",
            "groups",
            "group_of_task",
            "higher_is_better",
            "skills",
            "skill_of_task",
            "_skill_keys",
            "names",
            "_alias_positions",
        ):
            self.__dict__.pop(derived, None)
        if add is not None:
            self._set("inferred", self.inferred | add.inferred)
        self.__dict__.update(changed, task_index=index)

    def to_dict(self) -> dict[str, list[Any]]:
        """The table by columns, as `load_benchmark` reads them, from JSON too: where there is no sota it is None.

        Returns
        -------
        dict of list
            One list per column, all of the same length.
        """
        table: dict[str, list[Any]] = {"task": list(self.tasks)}
        for name in (*COLUMNS[1:], *OPTIONAL_COLUMNS):
            column = getattr(self, name)
            table[name] = column.tolist() if isinstance(column, np.ndarray) else list(column)
        table["sota"] = [None if x != x else x for x in table["sota"]]
        for name in ALIAS_COLUMNS:
            if any(column := getattr(self, name)):
                table[name] = [ALIAS_SEPARATOR.join(names) for names in column]
        return table


def find_task(benchmark: Benchmark, task: Any) -> int:
    """Position of a task, whose name meets case-blind with white space folded.

    Parameters
    ----------
    benchmark : Benchmark
    task : str

    Returns
    -------
    int

    Raises
    ------
    GLevelError
        With the nearest names.
    """
    index = benchmark.names.get(fold_task(task)) if isinstance(task, str) else None
    if index is None:
        meant = benchmark.meant_by(task) if isinstance(task, str) else ()
        if meant:
            raise GLevelError(f"the name {shown(task)} may mean {' or '.join(map(shown, meant))}; write one of these")
        raise GLevelError(f"unknown task {shown(task)}{nearest(str(task), benchmark.tasks)}")
    return index


def _frozen(array: NDArray[Any]) -> NDArray[Any]:
    array.flags.writeable = False
    return array


def _refuse_twin(task: str, twin: str) -> None:
    also = "" if twin == task else f" (also written {spelled(twin)})"
    raise BenchmarkError(f"task {spelled(task)} is listed twice{also}; give each task a name of its own")
