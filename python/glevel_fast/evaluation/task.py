"""One task from its files to its value."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from glevel_fast.core.metrics import find_metric
from glevel_fast.errors import EvaluationError, GLevelError
from glevel_fast.evaluation.catalogue import find_definition
from glevel_fast.evaluation.media import AnswerError
from glevel_fast.evaluation.records import Index, Records, gold_in, prediction_in, read_records
from glevel_fast.evaluation.table import UNITS, TaskRow
from glevel_fast.text import listing, shown

if TYPE_CHECKING:
    from glevel_fast.evaluation.answers import Openers
    from glevel_fast.evaluation.definition import Definition, Sums
    from glevel_fast.evaluation.files import Files

__all__ = ["ANNOTATION", "FAULTS", "MOST", "Evaluator", "Missing", "Outcome", "value_of"]

Missing = Literal["worst", "refuse"]
FAULTS = ANNOTATION, UNKNOWN, TWICE, PREDICTION = (
    "annotations that cannot be used",
    "predicted ids that the annotations lack",
    "ids that stand twice, or records without one",
    "predictions that cannot be used",
)
MOST = 10


@dataclass(slots=True)
class Outcome:
    """What became of one task.

    Attributes
    ----------
    value : float
        In the task's unit; NaN where it is not supported.
    ids : list of str
        The annotated ids, sorted.
    sums : list
        Of each id; empty where the task was refused before.
    missing : set of str
        Ids without a prediction.
    unparsed : int or None
        Predictions that look as if no answer had been read out of them; None where that cannot be told.
    notes : list of str
    faults : dict
        Of each kind of fault how many, and the first ten.
    file : str
        The file of the predictions that was read, "" where there is none.
    """

    value: float = math.nan
    ids: list[str] = field(default_factory=list)
    sums: list[Sums] = field(default_factory=list)
    missing: set[str] = field(default_factory=set)
    unparsed: int | None = None
    notes: list[str] = field(default_factory=list)
    faults: dict[str, tuple[int, list[str]]] = field(default_factory=dict)
    file: str = ""

    def fault(self, kind: str, what: str) -> None:
        """Count one more of `FAULTS`."""
        count, first = self.faults.get(kind, (0, []))
        self.faults[kind] = (count + 1, [*first, what] if len(first) < MOST else first)


class Evaluator:
    """Evaluates tasks of a folder or zip of predictions and one of annotations.

    Parameters
    ----------
    predictions, annotations : Files
    missing : {"worst", "refuse"}
        What a task with ids that have no prediction is worth: these at their worst, or nothing.
    """

    def __init__(self, predictions: Files, annotations: Files, missing: Missing) -> None:
        self.predictions, self.annotations, self.missing = predictions, annotations, missing
        self.by_prediction, self.by_annotation = Index(predictions), Index(annotations)

    def __call__(self, row: TaskRow) -> Outcome:
        """The outcome of one task; whatever is wrong with it is in its faults."""
        out = Outcome()
        task = f"task {shown(row.task)}"
        try:
            name = self.by_annotation.annotation(row.task, row.folder)
            if name is None:
                raise EvaluationError(f"{self.annotations.where}: no annotations in the folder {shown(row.folder)}")
            gold = read_records(self.annotations, name)
            if not gold.by_id and not gold.faults:
                raise EvaluationError(f"{self.annotations.where}: {shown(name)} has no records")
        except GLevelError as error:
            out.fault(ANNOTATION, f"{task}: {error}")
            return out
        try:
            name = self.by_prediction.prediction(row.task, row.folder)
            if name is None:
                out.notes.append(f"{task}: not supported, the predictions have no file for it")
                return out
            predicted = read_records(self.predictions, name)
        except GLevelError as error:
            out.fault(PREDICTION, f"{task}: {error}")
            return out
        out.file = name
        if predicted.by_id and not any(prediction_in(record)[0] for record in predicted.by_id.values()):
            out.notes.append(f"{task}: not supported, {shown(name)} holds records without a prediction")
            return out
        for records, known in ((gold, gold), (predicted, gold)):
            for fault in records.faults:
                out.fault(TWICE, f"{task}, {shown(records.file)}: {fault}")
            for key in sorted(records.by_id.keys() - known.by_id.keys()):
                out.fault(UNKNOWN, f"{task}, id {shown(key)}")
        _Samples(row, out, predicted, gold, _opener(self.predictions, predicted), _opener(self.annotations, gold)).run()
        if not out.faults:
            _value(row, out, self.missing)
        return out


def _opener(files: Files, records: Records) -> Openers:
    def read(path: str) -> bytes:
        try:
            return files.read(files.find(path, records.folder))
        except GLevelError as error:
            raise AnswerError(f"names a file that cannot be read: {error}") from None

    return read


class _Samples:
    """The samples of one task, one after the other."""

    def __init__(
        self,
        row: TaskRow,
        out: Outcome,
        predicted: Records,
        gold: Records,
        open_prediction: Openers,
        open_gold: Openers,
    ) -> None:
        self.row, self.out, self.predicted, self.gold = row, out, predicted, gold
        self.open_prediction, self.open_gold = open_prediction, open_gold
        self.definition = find_definition(find_metric(row.metric), row.definition)
        self.task = f"task {shown(row.task)}"

    def run(self) -> None:
        """Sums and faults of every annotated id."""
        out = self.out
        out.ids = sorted(self.gold.by_id)
        golds: Iterable[tuple[str, Any]] = self.golds()
        context = None
        if self.definition.context:
            golds = list(golds)
            try:
                context = self.definition.context([gold for _, gold in golds])
            except AnswerError as error:
                out.fault(ANNOTATION, f"{self.task}: the gold {error}")
        answers = _Answers(self.definition)
        for key, gold in golds:
            held, value = prediction_in(self.predicted.by_id.get(key, {}), whole=self.definition.kind.whole)
            if not held:
                out.missing.add(key)
                out.sums.append(self.definition.missing(gold) if self.definition.missing else [])
                continue
            try:
                prediction = self.definition.kind.prediction(value, gold, self.open_prediction)
            except AnswerError as error:
                out.fault(PREDICTION, f"{self.task}, id {shown(key)}: the prediction {error}")
                continue
            try:
                if not out.faults:  # else the rest is only looked through for more of them
                    out.sums.append(self.definition.sample(prediction, gold, context))
            except AnswerError as error:
                out.fault(ANNOTATION, f"{self.task}, id {shown(key)}: the gold {error}")
            answers.see(key, prediction, gold, self.gold.by_id[key])
        if not out.faults:
            answers.report(out, self.task)

    def golds(self) -> Iterator[tuple[str, Any]]:
        """Id and gold, one after the other; what cannot be read is a fault."""
        for key in self.out.ids:
            record = self.gold.by_id[key]
            try:
                value = gold_in(record, self.row.answer_path, whole=self.definition.kind.whole)
                yield key, self.definition.kind.gold(value, record, self.open_gold)
            except AnswerError as error:
                hint = "" if self.row.answer_path else "; the column 'answer_path' can say where in a record it is"
                self.out.fault(ANNOTATION, f"{self.task}, id {shown(key)}: the gold {error}{hint}")


class _Answers:
    """Which predictions look as if nobody had read an answer out of them."""

    def __init__(self, definition: Definition) -> None:
        self.definition = definition
        self.known: set[Any] = set()
        self.given: list[tuple[str, str, Any]] = []

    def see(self, key: str, prediction: Any, gold: Any, record: Mapping[str, Any]) -> None:
        reads = self.definition.reads
        if reads is None:
            return
        self.given.append((key, prediction, reads(prediction)))
        self.known.update(map(reads, [gold] if isinstance(gold, str) else gold))
        source = record.get("input")
        options = source.get("options", source.get("choices")) if isinstance(source, dict) else None
        if isinstance(options, list):
            self.known.update(reads(option) for option in options if isinstance(option, str))

    def report(self, out: Outcome, task: str) -> None:
        """Count what is read as nothing; and what is none of the golds and options, where these are few."""
        few = len(self.known) <= max(4, len(self.given) // 3)
        off = [(key, text) for key, text, read in self.given if read is None or (few and read not in self.known)]
        if few and self.given:
            out.unparsed = len(off)
        if off:
            out.unparsed = len(off)
            out.notes.append(
                f"{task}: {len(off)} of {len(self.given)} answers ({100 * len(off) / len(self.given):.3g} %) look "
                f"unparsed under {self.definition.id}, such as id {shown(off[0][0])}: {shown(off[0][1])}"
            )


def _value(row: TaskRow, out: Outcome, missing: Missing) -> None:
    definition = find_definition(find_metric(row.metric), row.definition)
    task = f"task {shown(row.task)}"
    if out.missing:
        lacking = f"{len(out.missing)} of {len(out.ids)} ids have no prediction"
        some = listing([shown(key) for key in sorted(out.missing)], 3)
        if missing == "refuse" or definition.missing is None:
            why = "" if missing == "refuse" else f", for which {definition.id} has no worst value"
            out.notes.append(f"{task}: not supported, {lacking}{why}: {some}")
            return
        out.notes.append(f"{task}: {lacking} and count as the worst value: {some}")
    out.value = value_of(definition, out.sums, row.unit)
    if math.isnan(out.value):
        out.notes.append(f"{task}: not supported, {definition.id} has no finite value on these samples")


def value_of(definition: Definition, sums: Sequence[Sums], unit: str) -> float:
    """The value that samples make in a unit; NaN where it is not finite."""
    try:
        value = definition.total(sums, UNITS[unit] if definition.share else 1.0)
    except OverflowError:
        value = math.nan
    return value if math.isfinite(value) else math.nan
