"""VLMEvalKit: MODEL/MODEL_DATASET_acc.csv (or .xlsx); the model is in the path alone, and columns come in any order.

Of a table, the columns are metrics where one has a metric's name (POPE, HallusionBench), and else parts of
the data set (MMStar, MME). "Overall" averages the others, and so do MME's perception and reasoning, by sums.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from glevel_fast.errors import ResultsError
from glevel_fast.io.cells import as_text as cell_text
from glevel_fast.io.csv import read_csv
from glevel_fast.io.workbook import read_first_sheet
from glevel_fast.loading.formats.rows import AVERAGE, Take, folders, number, or_nan

if TYPE_CHECKING:
    from glevel_fast.io.table import Table

FILES = ("*_acc.csv", "*_score.csv", "*_acc.xlsx", "*_score.xlsx")
GROUP = ("image", "comprehension")

_METRICS = {"acc", "accuracy", "precision", "recall", "f1", "aacc", "facc", "qacc", "anls", "bleu", "cider", "rouge_l"}
_COUNTS = {"tot", "hit", "prefetch", "prefetch_rate"}
_OVERALL = {"overall", "average", "avg", "mean", "final score", "final score norm"}
_SPLITS = {"dev", "test", "val", "validation", "train"}
_KEYS = {"split", "category", "task&skill", "subject", "type", "dataset", "unnamed: 0"}
_JUDGE = re.compile(r"_(gpt-?[^_]*|chatgpt[^_]*|exact_matching)$", re.IGNORECASE)


def read(path: str, take: Take) -> None:
    """Add the table of one data set."""
    model, task, judge, kind = _names(path, take)
    table = read_first_sheet(path) if path.lower().endswith(".xlsx") else read_csv(path)
    if any(name.casefold() in ("prediction", "answer", "question") for name in table.columns):
        raise ResultsError(f"{path}: holds the predictions, not the scores; give the file that ends in _acc or _score")
    about = {"model": model, "filter": judge, "source": path}
    keys = [name for name in table.columns if name.casefold() in _KEYS]
    counts = {name.casefold(): name for name in table.columns if name.casefold() in _COUNTS and name not in keys}
    values = [name for name in table.columns if name not in keys and name not in counts.values()]
    of_metrics = any(name.casefold() in _METRICS for name in values)
    n_rows = len(table.rows)
    for i in range(n_rows):
        split, part = _part([cell_text(table.columns[name][i]) or "" for name in keys])
        size = or_nan(_number(table, counts.get("tot"), i))
        take.leave("counts beside the scores (tot, hit, prefetch)", len(counts))
        for column in values:
            value = table.columns[column][i]
            if of_metrics:
                metric = "F1" if _is_f1(table, column, i) else column
                average = n_rows > 1 and part.casefold() in _OVERALL
                take.add(
                    value, metric=metric, task=task, split=split, subset="" if average else part, n=size,
                    group=AVERAGE if average else task if part else "", **about,
                )  # fmt: skip
                continue
            average = len(values) > 1 and _is_average(task, column)
            own = column if average and task.casefold().startswith("mme") else "" if average else column
            single = len(values) == 1 and column.casefold() in _OVERALL
            subset = "/".join(filter(None, (part, "" if single else own)))
            take.add(
                value, metric=kind, task=task, split=split, subset=subset, n=size,
                group=AVERAGE if average else task if subset else "", **about,
            )  # fmt: skip


def _names(path: str, take: Take) -> tuple[str, str, str, str]:
    """Model, data set, judge, and "acc" or "score"."""
    stem = os.path.splitext(os.path.basename(path))[0]
    model = next((name for name in folders(path) if stem.startswith(name + "_")), "")
    if not model and take.model and not stem.startswith(take.model + "_"):
        rest = stem
    elif not model and not take.model:
        raise ResultsError(
            f"{path}: only the path names the model, as MODEL/MODEL_DATASET_acc.csv; give its name: "
            "model=... (--model NAME)"
        )
    else:
        rest = stem[len(model or take.model) + 1 :]
    rest, _, kind = rest.rpartition("_") if rest.endswith(("_acc", "_score")) else (rest, "", "score")
    judge = _JUDGE.search(rest)
    return take.model or model, rest[: judge.start()] if judge else rest, judge[1] if judge else "", kind


def _part(cells: list[str]) -> tuple[str, str]:
    """The split, and the part of the data set, of one row's keys."""
    kept = [cell for cell in cells if cell and cell.casefold() != "none"]
    split = next((cell for cell in kept if cell.casefold() in _SPLITS), "")
    return split, "/".join(cell for cell in kept if cell != split)


def _is_average(task: str, column: str) -> bool:
    name = column.casefold()
    return name in _OVERALL or (task.casefold().startswith("mme") and name in ("perception", "reasoning"))


def _is_f1(table: Table, column: str, i: int) -> bool:
    """Whether an "Overall" is the F1 of the precision and the recall beside it, as POPE's is."""
    if column.casefold() not in _OVERALL:
        return False
    named = {name.casefold(): name for name in table.columns}
    p, r, f = (_number(table, named.get(n, ""), i) for n in ("precision", "recall", column.casefold()))
    return bool(p and r and f and abs(2 * p * r / (p + r) - f) < 1e-6 * f)


def _number(table: Table, name: str | None, i: int) -> float | None:
    return number(table.columns[name][i]) if name in table.columns else None
