"""The paper's published results, and how far they can be recomputed from its own tables.

The tables are facts from "On Path to Multimodal Generalist: General-Level and General-Bench"
(Fei et al., ICML 2025, https://generalist.top), as printed, misprints included: Table 4 (the
generalists), Tables 6 to 11 (skill means, supported tasks, wins) and Tables 12, 14 and 16 (the
boards of Level-2, 3 and 4). `data/skills.csv` adds each skill's number of tasks and metrics
(docs/spec.md section 7), `data/aliases.csv` the names under which a model appears, with the figures
that tie them together.

A skill stands in for its tasks: its mean is one raw value, its number of tasks the weight. Of
Level-2, that is

- exact where points are the raw value itself (percents, and CIDEr up to 100) or the skill has one task;
- approximate where a mean of raw values is mapped (nine MAE);
- impossible where a skill mixes metrics that map differently (FID;PSNR): see `mixed_skills`.

Level-3 and Level-4 count the tasks that beat their specialist, which skill means do not tell.
"""

from __future__ import annotations

import csv
import math
import textwrap
from collections import Counter
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache, cached_property
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np

from glevel_fast.core.benchmark import LANGUAGE, MODALITIES, PARADIGMS, Benchmark
from glevel_fast.core.metrics import Metric, find_metric
from glevel_fast.core.results import Results
from glevel_fast.core.scoring import Scorer
from glevel_fast.errors import BenchmarkError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from glevel_fast.core.scores import Scores

__all__ = [
    "BoardRow",
    "Comparison",
    "Generalist",
    "Reason",
    "Skill",
    "Summary",
    "SupportRow",
    "benchmark",
    "canonical_name",
    "compare",
    "generalists",
    "leaderboards",
    "mixed_skills",
    "results",
    "skills",
    "summary",
    "task_support",
]

TOLERANCE = 0.015  # inputs and outputs are both printed with two decimals
ROUNDING = 0.0101  # between a printed overall and the mean of its printed modalities
SPECIALIST = "SoTA Specialist"
BOARD_TABLE = {2: 12, 3: 14, 4: 16}
GROUP_TABLE = {
    ("image", "comprehension"): 6,
    ("image", "generation"): 7,
    **{(modality, paradigm): 8 + i for i, modality in enumerate(("video", "audio", "3d")) for paradigm in PARADIGMS},
    (LANGUAGE, ""): 11,
}
# Units of the printed means. WER is printed in percent. The specialist's RTE is printed as 55.00
# where the released workbook has 0.55; no model has a value there, so no score depends on it.
PRINTED_SCALE = {"WER": 0.01, "RTE": 0.01}


class Reason(StrEnum):
    """Why a printed figure is not reproduced, the weightiest last."""

    NONE = ""
    MEAN = "a mean of raw values over several tasks is mapped"
    MIXED = "mixes mapped and linear metrics within skills: a lower bound"
    WINS = "wins are counted per task in print, per skill mean here"
    ODD = "odd printed figure"
    RELEASE = "policy 'release' knows neither the weights nor the scales of the skills"
    OVERALL = "the printed overall is not the mean of its printed modalities"
    ABSENT = "Tables 6-11 do not list all skills behind it"


@dataclass(frozen=True)
class Skill:
    """A skill of Tables 6 to 11: `number` within its group, and the printed mean of the specialists.

    `n_tasks` is 1 and `metrics` empty for language skills, whose tasks are not known (percents).
    """

    modality: str
    paradigm: str
    number: int
    n_tasks: int
    metrics: tuple[str, ...]
    sota: float

    @property
    def group(self) -> tuple[str, str]:
        return self.modality, self.paradigm

    @property
    def name(self) -> str:
        """Such as "image comprehension 11"; the name of the skill's task in `benchmark`."""
        return " ".join(filter(None, (*self.group, str(self.number))))

    @cached_property
    def metric(self) -> Metric | None:
        """The metric whose mapping all tasks of the skill share; None where they mix mappings."""
        found = tuple(dict.fromkeys(map(find_metric, self.metrics or ("Percent",))))
        if len(found) == 1:
            return found[0]
        return find_metric("Percent") if all(map(_maps_to_itself, found)) else None

    @property
    def scale(self) -> float:
        """Factor from the printed unit to the metric's."""
        return PRINTED_SCALE.get(self.metric.name, 1.0) if self.metric else 1.0

    @property
    def exact(self) -> bool:
        """Whether the points of the mean are the mean of the points, unsupported tasks (0) included."""
        return self.metric is not None and (self.n_tasks == 1 or _maps_to_itself(self.metric))


@dataclass(frozen=True, slots=True)
class BoardRow:
    """A row of Table 12, 14 or 16: scores in points; `printed_name` where `model` is canonical.

    `paradigm` is "C", "G", "C+G" or ""; `modality` holds image, video, audio, 3d.
    """

    level: int
    model: str
    printed_name: str
    paradigm: str
    modality: tuple[float, float, float, float]
    overall: float
    rank: int | None

    def score(self, modality: str) -> float:
        """The printed score of a modality, or of "overall"."""
        return self.overall if modality == "overall" else self.modality[MODALITIES.index(modality)]


@dataclass(frozen=True, slots=True)
class SupportRow:
    """A model's columns beside its skills in Tables 6 to 11.

    Counts are tasks, `*_pct` percents of the group's tasks; levels are in points and of the whole
    modality (None where the table has no such column).
    """

    modality: str
    paradigm: str
    model: str
    printed_name: str
    supported: int
    supported_pct: float
    wins: int
    wins_pct: float
    level2: float | None
    level3: float | None
    level4: float | None
    level5: float | None


@dataclass(frozen=True, slots=True)
class Generalist:
    """A row of Table 4, as text."""

    model: str
    printed_name: str
    section: str
    backbone: str
    size: str
    modalities: str
    paradigm: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """A printed figure beside the recomputed one, in points.

    `modality` is "image", "video", "audio", "3d" or "overall"; `level` 2 to 5. Where the figure is
    not reproduced, `reason` says why in general and `detail` in particular; `recomputed` is then
    what the listed skills alone give. A figure counts as reproduced within 0.015, and only where
    the tables list all that it is made of.
    """

    model: str
    modality: str
    level: int
    printed: float
    recomputed: float
    reason: Reason = Reason.NONE
    detail: str = ""

    @property
    def difference(self) -> float:
        return self.recomputed - self.printed

    @property
    def reproduced(self) -> bool:
        return not self.reason

    @property
    def lower_bound(self) -> bool:
        """Whether tasks behind a Level-2 are left out, so that it can only be higher."""
        return self.level == 2 and self.reason in (Reason.MIXED, Reason.ABSENT)

    @property
    def why(self) -> str:
        """Why the figure is not reproduced, as a sentence; "" where it is."""
        return f"{self.reason} ({self.detail})" if self.detail else self.reason


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts over comparisons; `str()` of it is for a terminal.

    `by_level` has (reproduced, recomputable) per level; `groups` the comparisons that were not
    reproduced, by reason. Figures of skills that the tables do not list are not recomputable.
    """

    by_level: dict[int, tuple[int, int]]
    groups: dict[Reason, tuple[Comparison, ...]]

    @property
    def reproduced(self) -> int:
        return sum(good for good, _ in self.by_level.values())

    @property
    def recomputable(self) -> int:
        return sum(total for _, total in self.by_level.values())

    def __str__(self) -> str:
        return self.text()

    def text(self, width: int = 116) -> str:
        """The counts, then a paragraph per reason with the models it concerns, at most `width` characters wide."""
        levels = ", ".join(f"Level-{k}: {good} of {total}" for k, (good, total) in self.by_level.items())
        first = f"Reproduced within {TOLERANCE}: {self.reproduced} of {self.recomputable} printed figures ({levels})."
        return "\n".join([textwrap.fill(first, width), *(_group_text(*group, width) for group in self.groups.items())])


def canonical_name(printed: str, table: int) -> str:
    """The name that Table 12 has for what `table` prints; an explicit table, no guessing."""
    return _aliases().get((table, printed), printed)


@cache
def skills() -> tuple[Skill, ...]:
    """The 145 skills of modalities and language, in the order of the tables."""
    return tuple(
        Skill(
            row["modality"],
            row["paradigm"],
            int(row["skill"]),
            int(row["n_tasks"] or 1),
            tuple(filter(None, row["metrics"].split(";"))),
            float(row["sota"]),
        )
        for row in _rows("skills.csv")
    )


def mixed_skills() -> tuple[str, ...]:
    """Names of the skills that mix metrics of different mappings: their means cannot be mapped."""
    return tuple(skill.name for skill in skills() if skill.metric is None)


@cache
def benchmark() -> Benchmark:
    """The paper's skills as tasks: weight = number of tasks (language: 1), σ_sota = the specialists' mean.

    A mixed skill has no σ_sota and no results, and keeps its weight in the denominator.
    Source: Tables 6 to 11.
    """
    table = skills()
    metrics = [skill.metric for skill in table]
    return Benchmark(
        tasks=tuple(skill.name for skill in table),
        modality=tuple(skill.modality for skill in table),
        paradigm=tuple(skill.paradigm for skill in table),
        metric=tuple(metric.name if metric else "Percent" for metric in metrics),
        sota=np.array([skill.sota if skill.metric else math.nan for skill in table]),
        skill=tuple(skill.name for skill in table),
        specialist=(SPECIALIST,) * len(table),
        weight=np.array([skill.n_tasks for skill in table], dtype=np.float64),
        scale=np.array([skill.scale for skill in table]),
        notes=(
            "tasks are the paper's skills (Tables 6-11), weighted by their number of tasks; "
            f"{len(mixed_skills())} of them mix metrics that map differently: their means cannot be mapped and score 0",
        ),
    )


@cache
def results() -> Results:
    """The models of Tables 6 to 11 under the names of Table 12, in its order; values as printed.

    An exact 0 is "not supported", as are the groups whose table does not list a model.
    """
    values = np.array([_printed(model) for model in _models()])
    mixed = np.array([skill.metric is None for skill in skills()])
    bounded = [model for model, row in zip(_models(), values, strict=True) if np.any(mixed & (row > 0))]
    listed = [np.array([skill.group in _listed_groups(model) for skill in skills()]) for model in _models()]
    return Results(
        models=_models(),
        tasks=benchmark().tasks,
        values=np.where(mixed | (values == 0), math.nan, values),
        sources=tuple(f"paper, {_tables(_listed_groups(model))}" for model in _models()),
        absent=np.array([np.count_nonzero(~row) for row in listed]),
        notes=(f"values in skills that mix metrics are left out, so these are lower bounds: {', '.join(bounded)}",),
    )


@cache
def leaderboards() -> tuple[BoardRow, ...]:
    """The rows of Tables 12, 14 and 16 (Level-2, 3 and 4), as printed."""
    return tuple(
        BoardRow(
            level := int(row["level"]),
            canonical_name(row["model"], BOARD_TABLE[level]),
            row["model"],
            row["paradigm"],
            (float(row["image"]), float(row["video"]), float(row["audio"]), float(row["3d"])),
            float(row["overall"]),
            int(row["rank"]) if row["rank"] else None,
        )
        for row in _rows("level_leaderboards.csv")
    )


@cache
def task_support() -> tuple[SupportRow, ...]:
    """Supported and won tasks and levels of Tables 6 to 11, as printed."""

    def points(text: str) -> float | None:
        return float(text) if text else None

    return tuple(
        SupportRow(
            row["modality"],
            row["paradigm"],
            canonical_name(row["model"], GROUP_TABLE[row["modality"], row["paradigm"]]),
            row["model"],
            int(row["supported"]),
            float(row["supported_pct"]),
            int(row["wins"]),
            float(row["wins_pct"]),
            points(row["level2"]),
            points(row["level3"]),
            points(row["level4"]),
            points(row["level5"]),
        )
        for row in _rows("task_support.csv")
    )


@cache
def generalists() -> tuple[Generalist, ...]:
    """The rows of Table 4, as printed."""
    return tuple(
        Generalist(
            canonical_name(row["model"], 4),
            row["model"],
            row["section"],
            row["backbone"],
            row["size"],
            row["modalities"],
            row["paradigm"],
        )
        for row in _rows("generalists.csv")
    )


def compare(scores: Scores) -> tuple[Comparison, ...]:
    """Each printed figure beside the recomputed one, for the models of `scores` that the paper lists.

    Left out are figures that are 0 in both. Nothing is adjusted to fit: where a figure is not
    reproduced, the comparison says why.

    Parameters
    ----------
    scores : Scores
        Of `results()` on `benchmark()`.
    """
    if scores.benchmark != benchmark():
        raise BenchmarkError("these scores are not of published.benchmark(), so no printed figure belongs to them")
    comparisons: list[Comparison] = []
    for i, model in enumerate(scores.models):
        if (2, model) not in _boards():
            continue
        for k, level in enumerate((2, 3, 4)):
            recomputed = dict(zip(MODALITIES, scores.modality[i, :, k].tolist(), strict=True))
            parts = [_compare_modality(model, m, level, value) for m, value in recomputed.items()]
            comparisons += [*parts, _compare_overall(model, level, float(scores.overall[i, k]), parts)]
        language = _support().get((LANGUAGE, "", model))
        if language and language.level5 is not None:
            level5 = float(scores.overall[i, 3])
            comparisons.append(_settled(Comparison(model, "overall", 5, language.level5, level5, Reason.WINS)))
    if scores.policy == "release":
        partly = (Reason.NONE, Reason.OVERALL, Reason.ABSENT)
        comparisons = [c if c.reason in partly else replace(c, reason=Reason.RELEASE, detail="") for c in comparisons]
    return tuple(c for c in comparisons if c.printed or c.recomputed)


def summary(comparisons: Iterable[Comparison]) -> Summary:
    """How many figures were reproduced within 0.015, and which were not, by reason."""
    comparisons = tuple(comparisons)
    total = Counter(c.level for c in comparisons if c.reason != Reason.ABSENT)
    good = Counter(c.level for c in comparisons if c.reproduced)
    groups = {reason: tuple(c for c in comparisons if c.reason == reason) for reason in Reason if reason}
    return Summary(
        {level: (good[level], total[level]) for level in sorted(total)},
        {reason: group for reason, group in groups.items() if group},
    )


def _compare_modality(model: str, modality: str, level: int, recomputed: float) -> Comparison:
    printed = _board_score(level, model, modality)
    why = _why_level2(model, modality, printed) if level == 2 else _why_wins(model, modality, level, recomputed)
    return _settled(Comparison(model, modality, level, printed, recomputed, *why))


def _compare_overall(model: str, level: int, recomputed: float, parts: list[Comparison]) -> Comparison:
    printed = _board_score(level, model, "overall")
    mean = sum(c.printed for c in parts) / len(parts)
    if abs(printed - mean) > ROUNDING:
        reason = Reason.OVERALL
        alone = [c.modality for c in parts if c.printed and abs(printed - c.printed / len(parts)) <= ROUNDING]
        detail = f"{mean:.2f}" + (f"; only {alone[0]} entered it" if alone else "")
    else:
        scored = [c for c in parts if c.printed or c.recomputed]
        reason = max((c.reason for c in scored), key=list(Reason).index, default=Reason.NONE)
        detail = ", ".join(c.modality for c in scored if c.reason == reason)
    return _settled(Comparison(model, "overall", level, printed, recomputed, reason, detail))


def _settled(c: Comparison) -> Comparison:
    """Without a reason where the figure is reproduced."""
    close = abs(c.difference) <= TOLERANCE and c.reason not in (Reason.OVERALL, Reason.ABSENT)
    return replace(c, reason=Reason.NONE, detail="") if close else c


def _why_level2(model: str, modality: str, printed: float) -> tuple[Reason, str]:
    """Why a Level-2 of a modality is not reproduced."""
    if missing := _unlisted(model, modality):
        return Reason.ABSENT, missing
    low, high = _reach(model, modality)
    if not low - TOLERANCE <= printed <= high + TOLERANCE:
        span = f"{low:.2f}" if high - low < TOLERANCE else f"{low:.2f} to {high:.2f}"
        return Reason.ODD, f"the printed skill means allow {span} only"
    inexact = [s for s in _supported_skills(model, modality) if not s.exact]
    if mixed := [s.name for s in inexact if s.metric is None]:
        return Reason.MIXED, _join(mixed)
    return Reason.MEAN, ", ".join(f"{s.name}: {s.n_tasks} x {s.metrics[0]}" for s in inexact)


def _why_wins(model: str, modality: str, level: int, recomputed: float) -> tuple[Reason, str]:
    """Why a Level-3 or Level-4 of a modality is not reproduced."""
    printed, below = (_board_score(k, model, modality) for k in (level, level - 1))
    if printed > below + TOLERANCE:
        return Reason.ODD, f"above the printed Level-{level - 1} of {below:.2f}"
    wins = sum(_support()[modality, p, model].wins for p in PARADIGMS if (modality, p) in _listed_groups(model))
    if recomputed and not wins:
        return Reason.ODD, "the tables count no win, but a skill mean beats the specialists' mean"
    if missing := _unlisted(model, modality):
        return Reason.ABSENT, missing
    if printed and not wins:
        return Reason.ODD, "the tables count no win"
    return Reason.WINS, ""


def _unlisted(model: str, modality: str) -> str:
    """The paradigms of a modality that the boards credit the model with and Tables 6 to 11 do not list."""
    board = _boards()[2, model]
    claimed = [p for p in PARADIGMS if p[0].upper() in board.paradigm.split("+")] if board.score(modality) else []
    return ", ".join(f"{modality} {p}" for p in claimed if (modality, p) not in _listed_groups(model))


def _reach(model: str, modality: str) -> tuple[float, float]:
    """Bounds of a modality's Level-2, whatever raw values lie behind the printed means.

    A task of a skill that is not exact may have any points from 0 to 100.
    """
    low = high = 0.0
    for skill in _supported_skills(model, modality):
        share = skill.n_tasks / _group_size(skill.group) / len(PARADIGMS)
        points = _points()[skill.name][model] if skill.exact else 0.0
        low += share * points
        high += share * (points if skill.exact else 100.0)
    return low, high


def _supported_skills(model: str, modality: str) -> list[Skill]:
    return [s for s, value in zip(skills(), _printed(model), strict=True) if value and s.modality == modality]


@cache
def _points() -> dict[str, dict[str, float]]:
    """Points of each printed value: skill -> model."""

    points = Scorer(benchmark()).map(results().values).T
    return {s.name: dict(zip(_models(), row.tolist(), strict=True)) for s, row in zip(skills(), points, strict=True)}


@cache
def _group_size(group: tuple[str, str]) -> int:
    return sum(skill.n_tasks for skill in skills() if skill.group == group)


@cache
def _boards() -> dict[tuple[int, str], BoardRow]:
    return {(row.level, row.model): row for row in leaderboards()}


@cache
def _support() -> dict[tuple[str, str, str], SupportRow]:
    return {(row.modality, row.paradigm, row.model): row for row in task_support()}


def _board_score(level: int, model: str, modality: str) -> float:
    """As printed; 0 for a model that the board of a level leaves out."""
    row = _boards().get((level, model))
    return row.score(modality) if row else 0.0


@cache
def _scores_by_model() -> dict[str, dict[str, float]]:
    """The printed means: canonical model -> skill -> raw value."""
    table: dict[str, dict[str, float]] = {}
    for row in _rows("skill_scores.csv"):
        group = row["modality"], row["paradigm"]
        skill = " ".join(filter(None, (*group, row["skill"])))
        table.setdefault(canonical_name(row["model"], GROUP_TABLE[group]), {})[skill] = float(row["score"])
    return table


@cache
def _models() -> tuple[str, ...]:
    """The models of Tables 6 to 11 in the order of Table 12."""
    return tuple(row.model for row in leaderboards() if row.level == 2 and row.model in _scores_by_model())


@cache
def _printed(model: str) -> NDArray[np.float64]:
    """float64 (n_skills,): the model's printed means, 0 where there is none."""
    scores = _scores_by_model()[model]
    values = np.array([scores.get(skill.name, 0.0) for skill in skills()])
    values.flags.writeable = False
    return values


@cache
def _listed_groups(model: str) -> frozenset[tuple[str, str]]:
    return frozenset(skill.group for skill in skills() if skill.name in _scores_by_model().get(model, {}))


def _tables(groups: Iterable[tuple[str, str]]) -> str:
    numbers = sorted({GROUP_TABLE[group] for group in groups})
    return f"Table{'s' if len(numbers) > 1 else ''} {', '.join(map(str, numbers))}"


def _maps_to_itself(metric: Metric) -> bool:
    return metric.family == "linear" and metric.worst == 0.0 and metric.best == 100.0


def _join(names: list[str]) -> str:
    """ "image generation 3, 4; video generation 1" for skills of the same group."""
    groups: dict[str, list[str]] = {}
    for name in names:
        group, _, number = name.rpartition(" ")
        groups.setdefault(group, []).append(number)
    return "; ".join(f"{group} {', '.join(numbers)}" for group, numbers in groups.items())


def _group_text(reason: Reason, group: tuple[Comparison, ...], width: int) -> str:
    models = ", ".join(dict.fromkeys(c.model for c in group))
    line = f"{len(group)}: {reason}: {models}"
    return textwrap.fill(line, width, initial_indent="  ", subsequent_indent="      ", break_on_hyphens=False)


@cache
def _aliases() -> dict[tuple[int, str], str]:
    return {(int(row["table"]), row["printed"]): row["canonical"] for row in _rows("aliases.csv")}


def _rows(name: str) -> list[dict[str, str]]:
    text = files("glevel_fast.published").joinpath("data", name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))
