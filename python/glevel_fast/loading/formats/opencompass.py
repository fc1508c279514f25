"""OpenCompass: the summary, as CSV or as the .txt that holds the same table between two rules of carets.

One row per data set and metric, one column per model; values are percents or whatever the metric gives.
"""

from __future__ import annotations

import csv
import os
import re

from glevel_fast.errors import ResultsError
from glevel_fast.io.files import open_file
from glevel_fast.loading.formats.rows import AVERAGE, Take, or_nan

FILES = ("summary_*.csv", "summary_*.txt")
GROUP = ("language", "")

MAX_BYTES = 16 * 2**20
_HEADER = ["dataset", "version", "metric", "mode"]
_COUNTS = ("total_count", "num_samples")
_STAMP = re.compile(r"(\d{4})(\d\d)(\d\d)_(\d\d)(\d\d)(\d\d)")


def read(path: str, take: Take) -> None:
    """Add the table of one summary."""
    with open_file(path, MAX_BYTES) as file:
        try:
            lines = file.read().decode("utf-8-sig").splitlines()
        except UnicodeDecodeError:
            raise ResultsError(f"{path}: is not UTF-8") from None
    start = next((i for i, line in enumerate(lines) if line.startswith(",".join(_HEADER) + ",")), None)
    if start is None:
        raise ResultsError(f"{path}: has no line 'dataset,version,metric,mode,MODEL...'; is it OpenCompass's summary?")
    end = next((i for i, line in enumerate(lines[start:], start) if not line.strip() or line.startswith("$$$")), None)
    header, *records = list(csv.reader(lines[start:end]))
    if any(len(record) != len(header) for record in records):
        raise ResultsError(f"{path}: a line of the table has not the {len(header)} cells of its header")
    models = [(i, name) for i, name in enumerate(header) if i >= len(_HEADER) and name not in _COUNTS]
    if take.model and len(models) > 1:
        raise ResultsError(f"{path}: holds {len(models)} models; --model names that of files with a single one")
    counts = next((i for i, name in enumerate(header) if name in _COUNTS), None)
    stamp = _STAMP.search(os.path.basename(path)) or (_STAMP.fullmatch(lines[0].strip()) if lines else None)
    date = "{}-{}-{}T{}:{}:{}".format(*stamp.groups()) if stamp else ""
    for record in records:
        task, version, metric, mode = record[: len(_HEADER)]
        if set(metric) <= {"-"}:
            take.leave("headings and data sets that were not run", len(models))
            continue
        for i, name in models:
            take.add(
                record[i].partition(" (")[0], model=take.model or name, task=task, metric=metric,
                filter="" if mode == "-" else mode, version="" if version == "-" else version,
                n=or_nan(record[counts]) if counts is not None else or_nan(None),
                group=AVERAGE if "average" in metric or version == "-" else "", date=date, source=path,
            )  # fmt: skip
