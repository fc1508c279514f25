"""A static page to publish: boards, heat map, receipts and provenance in one file without network.

Everything is computed before; here finished boards and receipts become text. `page` needs the extra
`report` (Jinja2, and DataTables from the bundle that itables ships).
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import os
from collections.abc import Mapping
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np

from glevel_fast.boards.board import Board, board
from glevel_fast.boards.scopes import Scope, all_scopes
from glevel_fast.errors import GLevelError, ResultsError
from glevel_fast.extras import require
from glevel_fast.io import write
from glevel_fast.io.cells import as_number, as_text
from glevel_fast.io.limits import MAX_MODELS, refuse_many
from glevel_fast.io.read import read_file
from glevel_fast.io.table import Table, table_from_records
from glevel_fast.text import clean, reason, shown
from glevel_fast.trust.receipts import receipt
from glevel_fast.version import __version__

if TYPE_CHECKING:
    from glevel_fast.core.scores import Scores

__all__ = ["page", "read_intervals", "write_site"]

COMBINED = "0"
"""The key of the combined board beside those of the levels."""

Intervals = Mapping[str, Mapping[str, tuple[int, int]]]


def write_site(folder: str | os.PathLike[str], scores: Scores, **options: Any) -> str:
    """Write `index.html` into a folder, which is made where it does not exist; returns its path.

    Takes the options of `page`.
    """
    content = page(scores, **options)
    try:
        os.makedirs(folder, exist_ok=True)
    except (OSError, ValueError) as error:  # ValueError: a NUL byte in the path
        raise GLevelError(f"{os.fspath(folder)!r}: cannot be made a folder: {reason(error)}") from None
    path = os.path.join(os.fsdecode(folder), "index.html")
    write.text(path, content)
    return path


def page(
    scores: Scores, *, title: str = "General-Level leaderboard", date: str = "", intervals: Intervals | None = None
) -> str:
    """The page as one HTML document.

    Parameters
    ----------
    scores : Scores
    title : str
    date : str
        Of the results, as YYYY-MM-DD.
    intervals : {level: {model: (low, high)}}, optional
        Intervals of ranks on Scope-A; level is "2" to "5", or "0" for the combined board.

    Raises
    ------
    MissingExtraError
        Without Jinja2 or itables.
    ResultsError
        An interval of a model that was not scored, or that holds no rank.
    """
    jinja2 = require("jinja2", "report")
    require("itables", "report")
    library = files("itables").joinpath("html")
    here = files("glevel_fast.report")
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    template = environment.from_string(here.joinpath("page.html.j2").read_text("utf-8"))
    markup = jinja2.utils.markupsafe.Markup
    combined = board(scores, "A", date=date)
    sheet = combined.sheet()
    rendered: str = template.render(
        title=clean(title, 200),
        about=clean(combined.title, 400),
        header=sheet.header,
        rows=[[clean(cell) for cell in row] for row in sheet.rows],
        heat=_heat_map(scores, combined),
        provenance=_provenance(scores, date),
        notes=[clean(note, 400) for note in scores.notes],
        style=markup(
            library.joinpath("dt_bundle.css").read_text("utf-8") + here.joinpath("page.css").read_text("utf-8")
        ),
        library=_packed(library.joinpath("dt_bundle.js").read_text("utf-8")),
        data=_packed(json.dumps(_data(scores, combined, intervals or {}), allow_nan=False, separators=(",", ":"))),
        script=markup(here.joinpath("page.js").read_text("utf-8")),
    )
    return rendered


def read_intervals(path: str | os.PathLike[str]) -> dict[str, dict[str, tuple[int, int]]]:
    """Intervals of ranks from a table with the columns `model, low, high` and optionally `level`.

    Without a level they are of the combined board.

    Raises
    ------
    ResultsError
        Where a column is missing, or a bound is not a whole number.
    """
    content = read_file(path)
    where = os.fsdecode(path)
    if isinstance(content, list):
        content = table_from_records(content, where)
    titles = (
        {name: content.find(name) for name in ("model", "low", "high", "level")} if isinstance(content, Table) else {}
    )
    if not isinstance(content, Table) or not all(titles[name] for name in ("model", "low", "high")):
        raise ResultsError(f"{where}: needs the columns model, low and high, and may have level")
    refuse_many(len(content.rows), MAX_MODELS, "rows", where)
    found: dict[str, dict[str, tuple[int, int]]] = {}
    for i in range(len(content.rows)):
        cells = {name: content.columns[title][i] for name, title in titles.items() if title}
        bounds = [as_number(cells[name]) for name in ("low", "high")]
        level = (as_text(cells.get("level")) or COMBINED) if titles["level"] else COMBINED
        if any(x is None or not float(x).is_integer() for x in bounds) or level not in ("0", "2", "3", "4", "5"):
            raise ResultsError(f"{where}, {content.at(i)}: low and high must be whole numbers, level 2 to 5 or empty")
        found.setdefault(level, {})[str(as_text(cells["model"]))] = (int(bounds[0] or 0), int(bounds[1] or 0))
    return found


def _packed(text: str) -> str:
    """Compressed, in letters that need no escape; the browser unpacks it. The same bytes each time."""
    return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()


def _data(scores: Scores, combined: Board, intervals: Intervals) -> dict[str, Any]:
    """All boards and receipts; models are numbered in the order of the combined board."""
    order = combined.rows
    return {
        "models": [clean(name) for name in combined.models],
        "scopes": [_scope(scores, scope, order) for scope in all_scopes(scores.benchmark)],
        "intervals": {level: _intervals(scores, order, of_level) for level, of_level in intervals.items()},
        "tasks": _tasks(scores),
        "receipts": [_receipt(scores, scores.models[i]) for i in order.tolist()],
    }


def _scope(scores: Scores, scope: Scope, order: Any) -> dict[str, Any]:
    """A scope's boards by columns, every column in the order of the models."""
    place = np.argsort(order)
    levels = {str(k): board(scores, scope, k) for k in scope.levels}
    combined = board(scores, scope)

    def column(values: Any, of: Board, digits: int | None = None) -> list[Any]:
        """In the order of the models: entry j belongs to the model at place j."""
        found: list[Any] = [None] * len(of)
        for value, row in zip(values if isinstance(values, tuple) else values.tolist(), of.rows.tolist(), strict=True):
            nothing = value != value or value is None
            found[place[row]] = None if nothing else round(value, digits) if digits is not None else value
        return found

    def numbered(of: Board) -> dict[str, Any]:
        return {
            "score": column(of.score, of, 2),
            "rank": [rank or None for rank in column(of.rank, of)],
            "parts": {name: column(part, of, 2) for name, part in of.parts.items()},
        }

    return {
        "name": clean(str(scope), 120),
        "kind": scope.kind,
        "tasks": combined.n_tasks,
        "boards": {COMBINED: numbered(combined)} | {k: numbered(of) for k, of in levels.items()},
        "level": column(combined.model_level, combined),
        "coverage": column(100.0 * combined.coverage, combined, 1),
        "mean": column(combined.on_supported, combined, 2),
        "supported": column(combined.supported, combined),
        "wins": column(combined.wins, combined),
        "modalities": column(combined.modalities, combined),
        "paradigm": column(combined.paradigm, combined),
    }


def _intervals(scores: Scores, order: Any, given: Mapping[str, tuple[int, int]]) -> list[list[int] | None]:
    rows = {}
    for model, (low, high) in given.items():
        if not 1 <= low <= high:
            raise ResultsError(f"the rank interval of {shown(model)}, {low} to {high}, is not one: 1 <= low <= high")
        rows[scores.row(model)] = [int(low), int(high)]
    return [rows.get(i) for i in order.tolist()]


def _tasks(scores: Scores) -> dict[str, Any]:
    benchmark = scores.benchmark
    sota = [None if x != x else float(f"{x:.6g}") for x in benchmark.sota.tolist()]
    groups = [" ".join(filter(None, g)) for g in scores.groups]
    return {
        "name": [clean(task) for task in benchmark.tasks],
        "groups": groups,
        "group": benchmark.group_of_task.tolist(),
        "metric": [clean(metric, 40) for metric in benchmark.metric],
        "sota": sota,
        "scale": benchmark.scale.tolist(),
        "weight": benchmark.weight.tolist(),
    }


def _receipt(scores: Scores, model: str) -> dict[str, Any]:
    """Rows of supported tasks: task, raw, points, won, and the contribution to each of `levels`."""
    row = scores.row(model)
    top = 4 if scores.policy == "release" else 5
    levels = [k for k in range(2, top + 1) if k < 4 or scores.overall[row, k - 2] > 0]
    receipts = [receipt(scores, model, k) for k in levels]
    first = receipts[0]
    place = {task: j for j, task in enumerate(scores.benchmark.tasks)}
    rows = [
        [
            place[first.tasks[i]],
            _short(first.raw[i], 6),
            _short(first.points[i], 5),
            int(first.won[i]),
            *(_short(r.contribution[i], 4) for r in receipts),
        ]
        for i in np.flatnonzero(first.supported).tolist()
    ]
    return {
        "levels": levels,
        "scores": [r.score for r in receipts],
        "rounding": [r.rounding for r in receipts],
        "rows": rows,
        "lacking": [
            [place[x.task], _short(x.raw, 6), _short(x.sota, 6), _short(x.gap, 4), _short(x.gain, 4)]
            for x in receipts[1].lacking
        ],
    }


def _short(value: float, digits: int) -> float | int | None:
    if not np.isfinite(value):
        return None
    number = float(f"{value:.{digits}g}")
    return int(number) if number.is_integer() and abs(number) < 1e15 else number


def _heat_map(scores: Scores, combined: Board) -> dict[str, Any]:
    """Mean points of each model (as on the combined board) in each skill; in each group where there are no skills."""
    names = scores.skills.names
    if names:
        groups, means, supported = scores.skills.groups, scores.skills.means[:, :, 0], scores.skills.supported
    else:
        groups, means, supported = scores.groups, scores.means[:, :, 0], scores.supported
        names = tuple(" ".join(filter(None, group)) for group in groups)
    order = sorted(range(len(names)), key=lambda j: scores.groups.index(groups[j]))
    rows = []
    for name, i in zip(combined.models, combined.rows.tolist(), strict=True):
        cells = [
            None if not n else (round(value, 1), min(10, max(0, round(value / 10))))
            for value, n in zip(means[i, order].tolist(), supported[i, order].tolist(), strict=True)
        ]
        rows.append((clean(name), cells))
    spans: list[tuple[str, int]] = []
    for group in (groups[j] for j in order):
        title = " ".join(filter(None, group))
        if spans and spans[-1][0] == title:
            spans[-1] = (title, spans[-1][1] + 1)
        else:
            spans.append((title, 1))
    return {
        "what": "skills" if scores.skills.names else "groups",
        "names": [clean(names[j]) for j in order],
        "spans": spans,
        "rows": rows,
    }


def _provenance(scores: Scores, date: str) -> list[tuple[str, str]]:
    raw = (
        hashlib.sha256(np.ascontiguousarray(scores.raw).tobytes()).hexdigest() if scores.raw is not None else "not kept"
    )
    return [
        ("Scored by", f"glevel_fast {__version__}"),
        ("Policy", f"{scores.policy}, an exact 0 is {'not supported' if scores.zero == 'missing' else 'a score'}"),
        ("Results", f"{len(scores)} models{f', {date}' if date else ''}, SHA-256 of the raw values {raw}"),
        ("Benchmark", f"{scores.benchmark.n_tasks} tasks, SHA-256 {scores.benchmark.sha256}"),
        ("Source of the metric", "General-Level: On Path to Multimodal Generalist, ICML 2025"),
    ]
