"""A static page to publish: boards, heat map, receipts and provenance in one file without network.

Everything is computed before; here finished boards become text. `page` needs the extra `report` (Jinja2, Matplotlib). A
name is never markup: Jinja2 escapes it, the script puts in text alone, and the page's content-security policy lets
nothing run but that script, by its hash, and allows no sink of markup (Trusted Types).
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import replace
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np

from glevel_fast.boards.board import Board, board
from glevel_fast.core.benchmark import LEVELS
from glevel_fast.core.checks import checked_date
from glevel_fast.errors import ResultsError
from glevel_fast.extras import require
from glevel_fast.io import write
from glevel_fast.io.cells import as_number, as_text
from glevel_fast.io.limits import MAX_MODELS, refuse_many
from glevel_fast.io.read import read_file
from glevel_fast.io.table import Table, table_from_records
from glevel_fast.report.data import COMBINED, OWN_INTERVAL, Intervals, own_intervals, page_data
from glevel_fast.report.pictures import best_side_by_side, ladders, pictures
from glevel_fast.report.static import Cells, moved, receipts, specialists
from glevel_fast.text import clean
from glevel_fast.version import __version__

if TYPE_CHECKING:
    from glevel_fast.core.scores import Scores

__all__ = ["page", "read_intervals", "write_site"]

LEVEL_TEXTS = (
    (2, "Comprehension and generation: the mean over all tasks; what is not supported counts as 0."),
    (3, "Synergy: the same mean, in which a task counts only where the model is at least as good as the specialist."),
    (4, "Synergy across comprehension and generation: the harmonic mean of both in each modality."),
    (5, "Total synergy: Level-4 times the mean of what is won in language."),
)
BIBTEX = """@misc{{glevel-board,
  title = {{{{{title}}}}},
  year = {{{year}}},
  note = {{{note}}},
}}

@inproceedings{{fei2025generallevel,
  title = {{On Path to Multimodal Generalist: General-Level and General-Bench}},
  author = {{Fei, Hao and others}},
  booktitle = {{International Conference on Machine Learning (ICML)}},
  year = {{2025}},
}}
"""


def write_site(folder: str | os.PathLike[str], scores: Scores, **options: Any) -> str:
    """Write `index.html` into a folder, which is made where it does not exist; returns its path.

    Takes the options of `page`.
    """
    content = page(scores, **options)
    path = os.path.join(write.make_folder(folder), "index.html")
    write.text(path, content)
    return path


def page(
    scores: Scores,
    *,
    title: str = "General-Level leaderboard",
    date: str = "",
    intervals: Intervals | None = None,
    intervals_from: str = "",
    since: Mapping[str, Any] | None = None,
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
    intervals_from : str
        What they are, in words; shown below the board.
    since : what `glevel_fast.snapshot.load` returns, optional
        An earlier board: the page shows what moved.

    Raises
    ------
    MissingExtraError
        Without Jinja2 or Matplotlib.
    ResultsError
        An interval of a model that was not scored, or that holds no rank.
    """
    jinja2 = require("jinja2", "report")
    checked_date(date)
    here = files("glevel_fast.report")
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    template = environment.from_string(here.joinpath("page.html.j2").read_text("utf-8"))
    markup = jinja2.utils.markupsafe.Markup
    style = here.joinpath("page.css").read_text("utf-8")
    script = "".join(here.joinpath(name).read_text("utf-8") for name in ("tables.js", "page.js"))
    combined = board(scores, "A", date=date)
    data = page_data(scores, combined, intervals or {})
    sheet = combined.sheet()
    waterfalls, all_receipts = receipts(scores, combined)
    rendered: str = template.render(
        title=clean(title, 200),
        lead=_lead(scores, date),
        banner=_banner(scores),
        ladders=[markup(svg) for svg in ladders(scores, combined)],
        best=markup(best_side_by_side(scores, combined)),
        pictures=[(markup(p.svg), p.title, p.caption) for p in pictures(scores, combined)],
        levels=LEVEL_TEXTS,
        about=clean(combined.title, 400),
        board=_with_intervals(
            Cells.of(sheet, [name for name in sheet.header if name != "Supported"], names=1), combined, intervals or {}
        ),
        waterfalls=markup(waterfalls),
        receipts=all_receipts,
        specialists=specialists(scores),
        moved=_marked_up(markup, *moved(scores, since, date)) if since else None,
        heat=_heat_map(scores, combined),
        intervals=clean(intervals_from, 400) if intervals else "",
        provenance=_provenance(scores, date),
        notes=[clean(note, 400) for note in scores.notes],
        citation=_citation(scores, clean(title, 200), date),
        policy=_security_policy(style, script),
        style=markup(style),
        script=markup(script),
        data=_packed(json.dumps(data, allow_nan=False, separators=(",", ":"))),
    )
    return rendered


def _marked_up(markup: Any, title: str, picture: str, table: Cells) -> tuple[str, Any, Cells]:
    return title, markup(picture), table


def _with_intervals(table: Cells, combined: Board, intervals: Intervals) -> Cells:
    """With the column of intervals after the score, where there are any: of the combined board, or at its level."""
    of = intervals.get(COMBINED) or own_intervals(combined, intervals)
    if not of:
        return table
    title = "Rank interval" if intervals.get(COMBINED) else OWN_INTERVAL
    at = [name for name, _ in table.header].index("Score") + 1
    texts = [title, *(" to ".join(map(str, of[m])) if m in of else "-" for m in combined.models)]
    rows = [[*row[:at], text, *row[at:]] for row, text in zip(table.rows, texts[1:], strict=True)]
    return replace(table, header=[*table.header[:at], (title, False), *table.header[at:]], rows=rows)


def _security_policy(style: str, script: str) -> str:
    """Nothing runs or styles but what the page was written with, and text cannot become markup."""
    hashes = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in (script, style)]
    return (
        f"default-src 'none'; script-src 'sha256-{hashes[0]}'; style-src 'sha256-{hashes[1]}'; img-src data:; "
        "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )


def _banner(scores: Scores) -> list[str]:
    """What a reader must know before any number."""
    bounds = int(scores.lower_bound[:, -2:].any(axis=1).sum())
    if not bounds:
        return []
    return [
        f"Lower bounds: some inputs of {bounds} of {len(scores)} models are not known or cannot be mapped. A score "
        "with ≥ is at least what is shown, and a rank may be better."
    ]


def _lead(scores: Scores, date: str) -> str:
    when = f", results of {date}" if date else ""
    benchmark = scores.benchmark
    return (
        f"{len(scores)} models on the {benchmark.n_tasks} tasks of benchmark {benchmark.sha256[:12]}{when}, "
        f"scored by glevel_fast {__version__}, policy {scores.policy}."
    )


def _citation(scores: Scores, title: str, date: str) -> str:
    """BibTeX; what has a meaning in it is taken out of the title."""
    plain = "".join(c if c.isalnum() or c in " .,:;-+()/" else " " for c in title)
    note = f"{_lead(scores, date)} SHA-256 of the benchmark: {scores.benchmark.sha256}".replace("_", r"\_")
    return BIBTEX.format(title=" ".join(plain.split()) or "Leaderboard", year=date[:4] or "n.d.", note=note)


def read_intervals(path: str | os.PathLike[str]) -> dict[str, dict[str, tuple[int, int]]]:
    """Intervals of ranks from a table with the columns `model, low, high` and optionally `level`.

    Without a level they are of the combined board. Or what `glevel stability --csv` or
    `--parquet` wrote: its joint intervals, which hold for all models of a board at once.

    Raises
    ------
    ResultsError
        Where a column is missing, or a bound is not a whole number.
    """
    content = read_file(path)
    where = os.fsdecode(path)
    if isinstance(content, list):
        content = table_from_records(content, where)
    if isinstance(content, Table) and content.find("level2_rank_best"):
        refuse_many(len(content.rows), MAX_MODELS, "rows", where)
        return _of_stability(content, where)
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


def _of_stability(content: Table, where: str) -> dict[str, dict[str, tuple[int, int]]]:
    """What `glevel stability --csv` wrote: joint ranks where it has them; who may have no rank has no interval."""
    found: dict[str, dict[str, tuple[int, int]]] = {}
    for level in LEVELS:
        kind = "joint_rank" if content.find(f"level{level}_joint_rank_best") else "rank"
        titles = [content.find(name) for name in ("model", *(f"level{level}_{kind}_{e}" for e in ("best", "worst")))]
        if not all(titles):
            raise ResultsError(f"{where}: lacks the columns model or level{level}_{kind}_best and _worst")
        for name, *ends in zip(*(content.columns[str(title)] for title in titles), strict=True):
            low, high = (as_number(end) or 0 for end in ends)
            if low and high:
                found.setdefault(str(level), {})[str(as_text(name))] = (int(low), int(high))
    return found


def _packed(text: str) -> str:
    """Compressed, in letters that need no escape; the browser unpacks it. The same bytes each time."""
    return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()


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
