"""The JSON of one task, annotations or predictions: where it lies, its records by id, and the answer in a record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from glevel_fast.errors import EvaluationError
from glevel_fast.evaluation.media import AnswerError
from glevel_fast.io.json import parse_json
from glevel_fast.text import fold_task, listing, shown

if TYPE_CHECKING:
    from glevel_fast.evaluation.files import Files

__all__ = ["ANSWERS", "Index", "Records", "gold_in", "prediction_in", "read_records"]

ANSWERS = ("text", "prediction", "bbox", "answer", "category", "response")
"""The keys of `output` under which General-Bench's files keep the gold."""
PREDICTIONS = ("prediction", "prediction_final")


@dataclass(frozen=True, slots=True)
class Records:
    """The records of one file.

    Attributes
    ----------
    file : str
        Its path below the root.
    folder : str
        The folder it lies in, to which its media paths are relative.
    task : str
        What the file calls its task, "" where it does not say.
    by_id : dict of str to dict
        The records; a whole number as id is its digits.
    faults : list of str
        Ids that stand twice, and records without one, by id or position.
    """

    file: str
    folder: str
    task: str
    by_id: dict[str, Mapping[str, Any]]
    faults: list[str] = field(default_factory=list)


def read_records(files: Files, name: str) -> Records:
    """Read `{"task", "skill", "type", "data": [...]}`, or the list of records alone.

    Raises
    ------
    EvaluationError
        For what is no JSON, or holds no list of records.
    """
    where = f"{files.where}: {shown(name)}"
    content = parse_json(files.read(name), where, integers=True)
    task = ""
    if isinstance(content, dict):
        task = content["task"].strip() if isinstance(content.get("task"), str) else ""
        if "data" not in content:
            has = listing([shown(key) for key in content])
            raise EvaluationError(f'{where}: has no "data", the list of records; it has {has or "nothing"}')
        content = content["data"]
    if not isinstance(content, list):
        raise EvaluationError(f"{where}: holds {shown(content)}, not a list of records")
    records = Records(name, name.rpartition("/")[0], task, {})
    for i, record in enumerate(content, start=1):
        if not isinstance(record, dict):
            raise EvaluationError(f"{where}: record {i} is {shown(record)}, not an object")
        key = record.get("id")
        if isinstance(key, bool) or not isinstance(key, str | int) or key == "":
            records.faults.append(f"record {i} has the id {shown(key)}")
        elif str(key) in records.by_id:
            records.faults.append(f"id {shown(str(key))} stands twice")
        else:
            records.by_id[str(key)] = record
    return records


def _parts(path: str) -> list[str]:
    return [fold_task(part) for part in path.split("/") if part]


class Index:
    """The JSON files of a folder or zip, to be found by the task that they belong to."""

    def __init__(self, files: Files) -> None:
        self.where = files.where
        self.names = [(name, _parts(name[: -len(".json")])) for name in files.names() if name.lower().endswith(".json")]

    def folders(self) -> tuple[str, ...]:
        """The paths of the folders that hold annotations; `x` of an `x.json` that stands alone."""
        found: dict[str, None] = {}
        for name, parts in self.names:
            path = name[: -len(".json")].split("/")
            for end in _ANNOTATION:
                if parts[-len(end) :] == end and len(parts) > len(end):
                    path = path[: -len(end)]
                    break
            else:
                if parts[-1] in ("prediction", "predictions", "annotation"):
                    continue
                path = path[:-1] if len(parts) > 1 and parts[-1] == parts[-2] else path
            found["/".join(path)] = None
        return tuple(found)

    def _held(self, folder: str) -> Iterator[tuple[str, list[str]]]:
        """The files of a task's folder, or in one inside it, or named like it, and their folded paths from there."""
        if folder.lower().endswith(".json"):
            wanted = _parts(folder[: -len(".json")])
            yield from ((name, []) for name, parts in self.names if parts[-len(wanted) :] == wanted)
            return
        wanted = _parts(folder)
        for name, parts in self.names:
            for length in range(min(3, len(parts))):
                if parts[: len(parts) - length][-len(wanted) :] == wanted:
                    yield name, parts[len(parts) - length :]

    def _pick(self, task: str, folder: str, ranks: list[list[list[str]]]) -> str | None:
        held = list(self._held(folder))
        for rank in ranks:
            found = sorted({name for name, parts in held if parts in rank})
            if len(found) > 1:
                raise EvaluationError(
                    f"{self.where}: task {shown(task)} may mean {listing([shown(name) for name in found])}; "
                    "give the column 'folder' as much of the path as tells them apart, or the file itself"
                )
            if found:
                return found[0]
        return None

    def annotation(self, task: str, folder: str) -> str | None:
        """A task's annotations: `annotation.json`, `<folder>.json`, `<task>.json` or `json/annotation_v2.json`.

        Raises
        ------
        EvaluationError
            Where several are there.
        """
        return self._pick(task, folder, [[*_own(task, folder), *_ANNOTATION]])

    def prediction(self, task: str, folder: str) -> str | None:
        """A task's predictions: `prediction.json`, else `<folder>.json` or `<task>.json`, else the annotations' file.

        Raises
        ------
        EvaluationError
            Where several of one kind are there.
        """
        return self._pick(task, folder, [[["prediction"], ["predictions"]], _own(task, folder), _ANNOTATION])


_ANNOTATION = [["json", "annotation"], ["json", "annotation_v2"], ["annotation"]]


def _own(task: str, folder: str) -> list[list[str]]:
    return [[], [_parts(folder)[-1]], [fold_task(task)]]


def gold_in(record: Mapping[str, Any], path: str = "", *, whole: bool = False) -> Any:
    """The gold of a record: what `path` leads to, or else its `output`, or the one answer in that.

    Parameters
    ----------
    path : str
        Keys and positions with "." between them, such as "output.solution.final_answer".
    whole : bool
        Whether the answer may be an object of several keys.

    Raises
    ------
    AnswerError
        Where the record has none.
    """
    value: Any = record
    for part in path.split(".") if path else ["output"]:
        if isinstance(value, Mapping) and part in value:
            value = value[part]
        elif isinstance(value, list) and part.isascii() and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        else:
            raise AnswerError(f"lacks {shown(path or 'output')}")
    if value is None:
        raise AnswerError(f"has null at {shown(path or 'output')}")
    return value if path else unwrapped(value, whole=whole)


def unwrapped(value: Any, *, whole: bool) -> Any:
    """What the one answer of an object holds: under the only key there is, or (not `whole`) one of `ANSWERS`."""
    if isinstance(value, Mapping):
        held = ([] if whole else [key for key in ANSWERS if key in value]) or list(value)
        if len(held) == 1 and not held[0].isdigit():
            return value[held[0]]
    return value


def prediction_in(record: Mapping[str, Any], *, whole: bool = False) -> tuple[bool, Any]:
    """Whether a record has a prediction (null is none), and the prediction: `prediction`, else `prediction_final`."""
    for key in PREDICTIONS:
        if record.get(key) is not None:
            return True, unwrapped(record[key], whole=whole)
    return False, None
