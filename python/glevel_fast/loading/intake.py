"""How `load_results` turns each kind of source into rows of values in the benchmark's order."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from glevel_fast.core.metrics import Metric, known_metric
from glevel_fast.errors import ResultsError, UnknownTaskError
from glevel_fast.io.cells import Column, as_numbers, as_text, cure, is_blank
from glevel_fast.io.files import raising
from glevel_fast.io.frames import AsFrames, read_frame
from glevel_fast.io.limits import MAX_MODELS, MAX_NUMBERS, MAX_TASKS, refuse_many, refuse_names
from glevel_fast.io.read import read_file
from glevel_fast.io.table import Table, fold_header, table_from_columns, table_from_records
from glevel_fast.io.workbook import SHEETS, SOTA, Sheet, Workbook
from glevel_fast.loading.blocks import Block, refuse_twins
from glevel_fast.loading.names import Renames, refuse_spellings
from glevel_fast.loading.shapes import Orient, tasks_as_rows, unfolded, unwrapped, without_index
from glevel_fast.text import bullets, fold_label, fold_task, listing, nearest, shown, spelled, spelling

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from glevel_fast.core.benchmark import Benchmark

MODEL_HEADERS = frozenset({"models", "modelname", "name", "method", "methods", "system", "systems", "mllm", "llm"})
"""What the column of models is often called, folded."""
MAX_BAD = 500_000
"""Most cells of one source that are no numbers, even where these count as not supported."""


@dataclass(frozen=True)
class Reading:
    """How sources are to be read; see `load_results`."""

    partial: bool = False
    lenient: bool = False
    orient: Orient | None = None
    ignore: frozenset[str] = frozenset()  # folded names of columns
    renames: Renames = field(default_factory=Renames)


def read(source: Any, bench: Benchmark, reading: Reading) -> Block:
    """One source as a block."""
    with raising(ResultsError):
        if isinstance(source, (str, os.PathLike)):
            path = os.fsdecode(source)
            intake = _Intake(bench, path, os.path.basename(path), reading)
            content = read_file(path)
        elif isinstance(source, Mapping):
            intake = _Intake(bench, "dict", "dict", reading)
            content = source
        elif isinstance(source, AsFrames):  # results of another tool
            name = type(source).__name__
            intake = _Intake(bench, name, name, reading)
            content = source.columns()  # type: ignore[attr-defined]
        else:
            intake = _Intake(bench, "DataFrame", "DataFrame", reading)
            content = read_frame(source)
        block = intake.block(content)
        intake.judge_bad_cells(reading.lenient)
        return block


def is_folder(source: Any) -> bool:
    """Whether a source is the path of a folder."""
    return isinstance(source, str | os.PathLike) and os.path.isdir(source)


def read_table(table: Table, path: str, bench: Benchmark, reading: Reading) -> Block:
    """Some rows of a file of wide results as a block.

    Raises
    ------
    ResultsError
        Also for a table that some rows of do not tell enough about: with a row per value, or tasks as rows.
    """
    if table.find("task") or reading.orient == "tasks":
        raise ResultsError(
            f"{table.where}: has a row per value or per task, and is too long to be read as a whole here: a folder "
            "is for wide tables, with a row per model (`glevel convert` makes them)"
        )
    with raising(ResultsError):
        intake = _Intake(bench, path, os.path.basename(path), reading)
        block = intake.table(table)
        intake.judge_bad_cells(reading.lenient)
        return block


class _Intake:
    """Reads one source."""

    def __init__(self, bench: Benchmark, where: str, source: str, reading: Reading) -> None:
        self.bench, self.where, self.source, self.reading = bench, where, source, reading
        self.partial, self.meant = reading.partial, reading.renames
        self.notes: list[str] = []
        self.n_bad = 0
        self.bad: list[tuple[str, str, str, object]] = []  # the first ten: place, model, task, value

    def block(self, content: Any) -> Block:
        if isinstance(content, Workbook):
            return self.workbook(content)
        if isinstance(content, Table):
            return self.table(content)
        content, notes = unwrapped(content, self.where)
        self.take_over(notes)
        if isinstance(content, Mapping):
            if not content:
                raise ResultsError(f"{self.where}: is empty")
            nested = sum(isinstance(value, Mapping) for value in content.values())
            if nested == len(content):
                content, notes = unfolded(content, self.is_task, self.reading.orient)
                self.take_over(notes)
                return self.mapping([(f"{self.where}", model, tasks) for model, tasks in content.items()])
            if nested:
                other = next(key for key, value in content.items() if not isinstance(value, Mapping))
                raise ResultsError(f"{self.where}: {shown(other)} has {shown(content[other])}, not {{task: value}}")
            return self.table(table_from_columns(content, self.where))
        if isinstance(content, list):
            table = table_from_records(content, self.where)
            plain = without_index(table, "model", self.is_task)
            key = table.find("model")
            if key is None or table.find("task") is not None:
                return self.table(table)
            self.take_over(plain.notes)
            left = {key, *(table.columns.keys() - plain.columns.keys())}
            # as mappings, so that what one record lacks is absent there
            return self.mapping(
                [
                    (
                        f"{self.where}, record {i}",
                        record.get(key),
                        {k: v for k, v in record.items() if as_text(k) not in left},
                    )
                    for i, record in enumerate(content, start=1)
                ]
            )
        raise ResultsError(f"{self.where}: holds {shown(content)}, not a table of results")

    # the shapes that results come in

    def workbook(self, book: Workbook) -> Block:
        """The released layout: one model per column after the fourth, the same on every sheet."""
        if not book.sheets:
            raise ResultsError(
                f"{self.where}: has none of the sheets {listing([repr(name) for name in SHEETS])}; "
                f"it has {listing([shown(name) for name in book.others])}"
            )
        self.take_over(book.notes)
        if ignored := [shown(name) for name in book.others if name.strip().casefold() != "level-scores"]:
            self.note(f"sheets that are not of the released layout are passed over: {listing(ignored)}")
        found: list[tuple[Sheet, dict[str, Column]]] = []  # each sheet with its values by folded model name
        models: dict[str, str] = {}
        empty = self.empty_columns(book)
        for sheet in book.sheets:
            titles = self.model_columns(sheet, empty)
            if not titles and self.partial:
                continue
            if found and titles.keys() != models.keys():
                raise ResultsError(
                    f"{self.where}: sheet {found[0][0].name!r} has the models "
                    f"{listing([shown(name) for name in models.values()])}, but sheet {sheet.name!r} has "
                    f"{listing([shown(name) for name in titles.values()])}; use the same names on every sheet"
                )
            models = models or titles
            found.append((sheet, {name: sheet.table.columns[title] for name, title in titles.items()}))
        if not found:
            raise ResultsError(
                f"{self.where}: has no model column on any sheet; add one after 'Metrics', named like the model"
            )
        tasks = [self.meant(task) for sheet, _ in found for task in sheet.tasks]
        rows = [(sheet, i) for sheet, _ in found for i in range(len(sheet.tasks))]

        def place(k: int) -> str:
            sheet, i = rows[k]
            return f"sheet {sheet.name!r}, {sheet.table.at(i)}"

        index = self.match(tasks, place)
        self.check_metrics(index, [metric for sheet, _ in found for metric in sheet.metrics], place)
        self.check_missing(index, {sheet.name for sheet, _ in found})
        self.check_groups(index, [sheet.name for sheet, _ in found for _ in sheet.tasks])
        values = self.empty(len(models))
        for k, (name, title) in enumerate(models.items()):
            column = [cell for _, columns in found for cell in columns[name]]
            values[k, index] = self.numbers(column, lambda i, title=title: (place(i), title, tasks[i]))  # type: ignore[misc]
        absent = np.full(len(models), self.bench.n_tasks - len(index))
        return self.done([self.meant(title) for title in models.values()], [self.where] * len(models), values, absent)

    def table(self, table: Table) -> Block:
        """Wide or long, by its header; with models as rows or, of wide ones, tasks."""
        table = without_index(table, "model", self.is_task)
        if (metric := table.find("metric")) and (task := table.find("task")) and not table.find("model"):
            tasks = list(map(self.meant, self.names(table, task, "task")))
            turned = tasks_as_rows(table, self.reading.orient, self.reading.ignore)
            if turned is not table:
                self.check_metrics(
                    self.match(tasks, table.at), self.names(table, metric, "metric", empty=True), table.at
                )
            table = turned
        else:
            table = tasks_as_rows(table, self.reading.orient, self.reading.ignore)
        self.take_over(table.notes)
        key, task, value = (table.find(name) for name in ("model", "task", "value"))
        if not table.columns:
            raise ResultsError(f"{table.where}: is empty")
        if key is None:
            hint = "; this looks like a benchmark" if task and table.find("metric") else ""
            names = [c for c in table.columns if fold_header(c) in MODEL_HEADERS]
            hint += f"; if {shown(names[0])} holds the models, call it 'model'" if names else ""
            hint += "".join(f"; {note}" for note in table.notes)
            raise ResultsError(
                f"{table.where}: has no column 'model'; it has {listing([shown(c) for c in table.columns])}{hint}; "
                "results are wide ('model', then one column per task) or long ('model', 'task', 'value')"
            )
        if (task is None) != (value is None):
            lacking, has = ("value", "task") if value is None else ("task", "value")
            raise ResultsError(
                f"{table.where}: a long table needs the columns model, task and value; it has {has!r}, not {lacking!r}"
            )
        if not table.rows:
            raise ResultsError(f"{table.where}: has a header but no rows")
        if task is None:
            refuse_many(len(table.rows), MAX_MODELS, "models", table.where)
        models = list(map(self.meant, self.names(table, key, "model")))
        if task is None or value is None:
            return self.wide(table, key, models)
        tasks = list(map(self.meant, self.names(table, task, "task")))
        return self.long(table, models, tasks, value, {key, task, value})

    def wide(self, table: Table, key: str, models: list[str]) -> Block:
        titles = [title for title in table.columns if title != key]
        if ignored := [title for title in titles if fold_task(title) in self.reading.ignore]:
            titles = [title for title in titles if title not in ignored]
            self.note(f"columns passed over as asked: {listing([shown(title) for title in ignored])}")
        if not titles:
            raise ResultsError(f"{table.where}: has a column 'model' but no column of a task")
        tasks = list(map(self.meant, titles))
        index = self.match(tasks, lambda j: "column", wide=True)
        matrix = table.matrix if titles == list(table.side_by_side) else None
        if matrix is not None and not (matrix == -np.inf).any():
            values = self.in_order(matrix, index)
        else:
            values = self.empty(len(models), len(models) * len(tasks))
            for title, j in zip(titles, index.tolist(), strict=True):
                values[:, j] = self.numbers(table.columns[title], lambda i, task=title: (table.at(i), models[i], task))  # type: ignore[misc]
        absent = np.full(len(models), self.bench.n_tasks - len(index))
        places = [f"{table.where}, {table.at(i)}" for i in range(len(models))]
        return self.done(models, places, values, absent)

    def long(self, table: Table, models: list[str], tasks: list[str], value: str, used: set[str]) -> Block:
        known = {task: i for i, task in enumerate(dict.fromkeys(tasks))}  # as written
        spellings = list(known)
        column = self.match(spellings, lambda i: table.at(tasks.index(spellings[i])), unique=False)
        j = column[np.fromiter((known[task] for task in tasks), np.intp, len(tasks))]
        written = dict.fromkeys(models)
        refuse_names(written, MAX_MODELS, "models", table.where)
        refuse_spellings(written, "model", table.where)
        folded = {model: fold_task(model) for model in written}
        row_of = {name: i for i, name in enumerate(dict.fromkeys(folded.values()))}
        display = {row_of[name]: model for model, name in reversed(folded.items())}
        i = np.fromiter((row_of[folded[model]] for model in models), np.intp, len(models))
        self.refuse_repeats(
            i * self.bench.n_tasks + j, lambda k: f"model {shown(models[k])}, task {shown(tasks[k])}", table.at
        )
        if metric := table.find("metric"):
            used = {*used, metric}
            self.check_metrics(j, self.names(table, metric, "metric", empty=True), table.at)
        beside = {name: title for name in ("stderr", "n") if (title := table.find(name)) and title not in used}
        used |= set(beside.values())
        if ignored := [shown(title) for title in table.columns if title not in used]:
            self.note(f"columns passed over: {listing(ignored)}")
        values = self.empty(len(row_of))
        extra = {name: self.beside(table, title, i, j, values.shape) for name, title in beside.items()}
        values[i, j] = self.numbers(table.columns[value], lambda k: (table.at(k), models[k], tasks[k]))
        absent = self.bench.n_tasks - np.bincount(i, minlength=len(row_of))
        block = self.done([display[k] for k in range(len(row_of))], [table.where] * len(row_of), values, absent)
        return replace(block, stderr=extra.get("stderr"), n=extra.get("n"))

    def beside(
        self, table: Table, title: str, i: NDArray[np.intp], j: NDArray[np.intp], shape: tuple[int, ...]
    ) -> NDArray[np.float64] | None:
        """The column `stderr` or `n` at the places of the values; None where it is empty."""
        cells, bad = as_numbers(table.columns[title])
        bad = bad or np.flatnonzero(cells < 0).tolist()
        if bad:
            cell = shown(table.columns[title][bad[0]])
            raise ResultsError(f"{table.where}, {table.at(bad[0])}: {title} is {cell}, not a number, 0 or above")
        if np.isnan(cells).all():
            return None
        to = np.full(shape, np.nan)
        to[i, j] = cells
        return to

    def mapping(self, entries: Sequence[tuple[str, Any, Mapping[Any, Any]]]) -> Block:
        """(place, model, {task: value}) for each model."""
        values = self.empty(len(entries))
        models: list[str] = []
        column: dict[str, int] = {}  # of each spelling seen so far
        tasks: list[str] = []  # model after model, as `cells`
        cells: list[Any] = []
        if self.reading.ignore:
            entries = [(place, raw, self.without_ignored(row)) for place, raw, row in entries]
        for place, raw, row in entries:
            if not (model := as_text(raw)):
                raise ResultsError(f"{place}: the model's name is {shown(raw)}")
            models.append(self.meant(model))
            if new := [task for task in row if task not in column]:
                if wrong := [task for task in new if not isinstance(task, str)]:
                    raise ResultsError(f"{place}, model {shown(model)}: the task name {shown(wrong[0])} is not text")
                names = list(map(self.meant, new))
                index = self.match(names, lambda _, model=model: f"model {shown(model)}", unique=False)  # type: ignore[misc]
                column.update(zip(new, index.tolist(), strict=True))
            tasks += row
            cells += row.values()
        if not cells:
            raise ResultsError(f"{self.where}: has no values")
        counts = [len(row) for _, _, row in entries]
        i = np.repeat(np.arange(len(entries)), counts)
        j = np.fromiter(map(column.__getitem__, tasks), np.intp, len(tasks))
        self.refuse_repeats(
            i * self.bench.n_tasks + j, lambda k: f"model {shown(models[i[k]])}, task {shown(tasks[k])}"
        )
        values[i, j] = self.numbers(cells, lambda k: (entries[i[k]][0], models[i[k]], tasks[k]))
        absent = self.bench.n_tasks - np.array(counts)
        return self.done(models, [place for place, _, _ in entries], values, absent)

    # what they share

    def is_task(self, name: str) -> bool:
        return fold_task(self.meant(name)) in self.bench.names

    def without_ignored(self, row: Mapping[Any, Any]) -> Mapping[Any, Any]:
        return {
            task: value
            for task, value in row.items()
            if not (isinstance(task, str) and fold_task(task) in self.reading.ignore)
        }

    def note(self, note: str) -> None:
        self.notes.append(f"{self.source}: {note}")

    def take_over(self, notes: Iterable[str]) -> None:
        for note in notes:
            self.note(note)

    def empty(self, n_models: int, given: int = 0) -> NDArray[np.float64]:
        """NaN everywhere; refused where it takes much more than the `given` values, which are in memory already."""
        refuse_many(n_models, MAX_MODELS, "models", self.where)
        most = max(MAX_NUMBERS, given)
        refuse_many(n_models * self.bench.n_tasks, most, "values (models x the benchmark's tasks)", self.where)
        return np.full((n_models, self.bench.n_tasks), np.nan)

    def in_order(self, matrix: NDArray[np.float64], index: NDArray[np.intp]) -> NDArray[np.float64]:
        """The columns of numbers that are tasks `index`, in the benchmark's order; NaN for the tasks between."""
        if np.array_equal(index, np.arange(self.bench.n_tasks)):
            return matrix
        values = self.empty(len(matrix), matrix.size)
        if len(index) == self.bench.n_tasks:
            return np.take(matrix, np.argsort(index), axis=1, out=values, mode="clip")
        values[:, index] = matrix
        return values

    def done(self, models: list[str], places: list[str], values: NDArray[np.float64], absent: NDArray[Any]) -> Block:
        refuse_names(models, MAX_MODELS, "models", self.where)
        refuse_twins(models, places)
        if (endless := values == np.inf).any():
            values = np.where(endless, np.nan, values)
        if bare := np.flatnonzero(np.isnan(values).all(axis=1)).tolist():
            self.note(f"models without any value: {listing([shown(models[i]) for i in bare])}")
        if gone := np.flatnonzero(absent).tolist():
            low, high = min(absent[gone]), max(absent[gone])
            self.note(
                f"{low if low == high else f'{low} to {high}'} of {self.bench.n_tasks} tasks are absent and count as "
                f"not supported for {listing([shown(models[i]) for i in gone])}"
            )
        return Block(models, [self.source] * len(models), places, values, absent.astype(np.int64), self.notes)

    def names(self, table: Table, title: str, what: str, *, empty: bool = False) -> list[str]:
        names = [as_text(cell) for cell in table.columns[title]]
        for i, name in enumerate(names):
            if name is None or not (name or empty):
                raise ResultsError(
                    f"{table.where}, {table.at(i)}: the {what} is {shown(table.columns[title][i])}, not a name"
                )
        return names  # type: ignore[return-value]

    def numbers(self, column: Column, at: Callable[[int], tuple[str, str, str]]) -> NDArray[np.float64]:
        """A column as numbers; `at` gives place, model and task of a bad cell."""
        values, bad = as_numbers(column)
        self.bad += [(*at(i), column[i]) for i in bad[: 10 - len(self.bad)]]
        self.n_bad += len(bad)
        if self.n_bad > MAX_BAD:
            self.judge_bad_cells(lenient=False)
        return values

    def match(
        self, tasks: Sequence[str], at: Callable[[int], str], *, unique: bool = True, wide: bool = False
    ) -> NDArray[np.intp]:
        """Position of each task in the benchmark."""
        refuse_names(tasks, MAX_TASKS, "tasks", self.where)
        find = self.bench.names.get
        exact = {task: j for j, task in enumerate(self.bench.tasks)}  # most are written as there
        index = np.array([exact[task] if task in exact else find(fold_task(task), -1) for task in tasks], dtype=np.intp)
        if (unknown := np.flatnonzero(index < 0)).size:
            lines = (f"{at(i)}: {shown(tasks[i])}{self.hint(tasks[i])}" for i in unknown.tolist())
            noun = "a task" if unknown.size == 1 else f"{unknown.size} tasks"
            cure = "\ncolumns that are no tasks can be passed over: ignore=[...] (--ignore NAME)" if wide else ""
            raise UnknownTaskError(
                f"{self.where}: has {noun} that the benchmark lacks:{bullets(lines, unknown.size)}{cure}"
            )
        if other := [
            (task, self.bench.tasks[j])
            for task, j in zip(tasks, index.tolist(), strict=True)
            if not (task.isascii() and self.bench.tasks[j].isascii()) and not self.spelled_alike(task, j)
        ]:
            refuse_spellings(tasks, "task", self.where)
            pairs = listing([f"{spelled(task)} for {spelled(name)}" for task, name in other])
            self.note(f"tasks that only look like the benchmark's are taken for them: {pairs}")
        if unique:
            self.refuse_repeats(index, lambda i: f"task {shown(tasks[i])}", at)
        return index

    def spelled_alike(self, task: str, j: int) -> bool:
        """Whether one of a task's names is written so."""
        return any(spelling(task) == spelling(name) for name in (self.bench.tasks[j], *self.bench.aliases[j]))

    def hint(self, task: str) -> str:
        """What an unknown task's name may mean, for a message."""
        if meant := self.bench.meant_by(task):
            return f" (may mean {' or '.join(map(shown, meant))}; write one of these)"
        return nearest(task, self.bench.tasks)

    def refuse_repeats(
        self, keys: NDArray[np.intp], name: Callable[[int], str], at: Callable[[int], str] | None = None
    ) -> None:
        ordered = np.sort(keys)
        if not (ordered[1:] == ordered[:-1]).any():
            return
        first = np.unique(keys, return_index=True)[1]
        again = np.setdiff1d(np.arange(keys.size), first).tolist()
        earlier = dict(zip(keys[first].tolist(), first.tolist(), strict=True))

        def lines() -> Iterable[str]:
            for i in again:
                k = earlier[int(keys[i])]
                yield name(i) + (f" ({at(k)}, {at(i)})" if at else "") + ("" if name(i) == name(k) else f" = {name(k)}")

        raise ResultsError(f"{self.where}: the same task is there twice; remove one:{bullets(lines(), len(again))}")

    def check_metrics(self, index: NDArray[np.intp], metrics: Sequence[str], at: Callable[[int], str]) -> None:
        bench = self.bench
        found: dict[str, Metric | None] = {}
        differ = []
        for i, (j, metric) in enumerate(zip(index.tolist(), metrics, strict=True)):
            if not metric or metric == bench.metric[j]:
                continue
            if metric not in found:
                found[metric] = known_metric(metric)
            if found[metric] != bench.metrics[j] and fold_label(metric) not in map(fold_label, bench.metric_aliases[j]):
                differ.append((i, j))
        if differ:
            lines = (
                f"{at(i)}, task {shown(bench.tasks[j])}: {shown(metrics[i])}, "
                f"but the benchmark has {shown(bench.metric[j])}"
                for i, j in differ
            )
            noun = "the metric differs" if len(differ) == 1 else f"{len(differ)} metrics differ"
            raise ResultsError(f"{self.where}: {noun} from the benchmark's:{bullets(lines, len(differ))}")

    def check_missing(self, index: NDArray[np.intp], sheets: set[str]) -> None:
        bench = self.bench
        missing = np.setdiff1d(np.arange(bench.n_tasks), index)
        if self.partial or not missing.size:
            return
        sheet_of = {group: name for name, group in SHEETS.items()}
        by_sheet: dict[str, list[str]] = {}
        for j in missing.tolist():
            group = bench.groups[bench.group_of_task[j]]
            by_sheet.setdefault(sheet_of.get(group, " ".join(group)), []).append(shown(bench.tasks[j]))
        lines = [
            f"sheet {name!r}{'' if name in sheets else ' (absent)'}, {len(tasks)}: {listing(tasks, 300)}"
            for name, tasks in by_sheet.items()
        ]
        raise ResultsError(
            f"{self.where}: lacks {missing.size} of the benchmark's {bench.n_tasks} tasks; add them with empty cells, "
            f"or take them as not supported with partial=True (--partial):{bullets(lines, len(lines), len(lines))}"
        )

    def check_groups(self, index: NDArray[np.intp], sheets: Sequence[str]) -> None:
        groups = [self.bench.groups[g] for g in self.bench.group_of_task[index].tolist()]
        if astray := [
            f"{shown(self.bench.tasks[j])} on {sheet!r}"
            for j, group, sheet in zip(index.tolist(), groups, sheets, strict=True)
            if SHEETS[sheet] != group
        ]:
            self.note(f"tasks that the benchmark has in another group, taken as they are: {listing(astray)}")

    def empty_columns(self, book: Workbook) -> set[str]:
        """Headers, folded, whose columns have no value on any sheet, or are to be ignored."""
        filled: set[str] = set()
        titles: dict[str, str] = {}
        for sheet in book.sheets:
            for title, column in sheet.table.columns.items():
                folded = fold_task(self.meant(title))
                titles.setdefault(folded, title)
                if not all(map(is_blank, column)):
                    filled.add(folded)
        ignored = {folded for folded in titles if folded in self.reading.ignore}
        empty = titles.keys() - filled - ignored - {fold_task(SOTA)}
        for what, some in (("columns passed over as asked", ignored), ("columns without any value, left out", empty)):
            if some:
                self.note(f"{what}: {listing([shown(titles[folded]) for folded in titles if folded in some])}")
        return ignored | empty

    def model_columns(self, sheet: Sheet, leave: set[str]) -> dict[str, str]:
        """Titles of the columns with models, by folded name."""
        titles: dict[str, str] = {}
        sota = None
        for title in sheet.table.columns:
            folded = fold_task(self.meant(title))
            if fold_header(title) == fold_header(SOTA):
                sota = title
            elif folded not in leave and (twin := titles.setdefault(folded, title)) != title:
                raise ResultsError(
                    f"{sheet.table.where}: the same model has the columns {spelled(twin)} and {spelled(title)}; "
                    "remove one"
                )
        if not titles and sota is not None:
            raise ResultsError(
                f"{sheet.table.where}: has the column {sota!r} and no model: this is the benchmark, not results"
            )
        if not titles and not self.partial:
            lacking = "no model column with a value" if leave else "no model column"
            raise ResultsError(f"{sheet.table.where}: has {lacking}; add one after 'Metrics', named like the model")
        return titles

    def judge_bad_cells(self, lenient: bool) -> None:
        if not self.bad:
            return
        total = self.n_bad
        cells = [f"{at}, model {shown(m)}, task {shown(t)}: {shown(v)}{cure(v)}" for at, m, t, v in self.bad]
        if not lenient:
            what = "1 cell is neither a number" if total == 1 else f"{total} cells are neither numbers"
            raise ResultsError(
                f"{self.where}: {what} nor 'not supported' (empty, ∞, inf, -, / or N/A):{bullets(cells, total)}\n"
                'correct them, or take them as not supported: invalid="missing" (--invalid missing)'
            )
        more = f"; and {total - 10} more" if total > 10 else ""
        self.note(f"{total} cell{'s' * (total > 1)} taken as not supported: {'; '.join(cells)}{more}")
