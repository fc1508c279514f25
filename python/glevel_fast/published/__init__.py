"""The paper's published results, bundled, and how far they reproduce."""

from glevel_fast.published.causes import Cause
from glevel_fast.published.general_bench import (
    Correction,
    Task,
    WorkbookDifference,
    benchmark,
    corrections,
    results,
    tasks,
    workbook_differences,
)
from glevel_fast.published.readings import RuleReading, readings
from glevel_fast.published.reproduction import KINDS, Agreement, Figure, compare, lower_bounds, summary
from glevel_fast.published.specialists import specialists
from glevel_fast.published.tables import (
    Alias,
    BoardRow,
    Generalist,
    SkillMean,
    SupportRow,
    aliases,
    canonical_name,
    generalists,
    leaderboards,
    skill_means,
    task_support,
)

__all__ = [
    "KINDS",
    "Agreement",
    "Alias",
    "BoardRow",
    "Cause",
    "Correction",
    "Figure",
    "Generalist",
    "RuleReading",
    "SkillMean",
    "SupportRow",
    "Task",
    "WorkbookDifference",
    "aliases",
    "benchmark",
    "canonical_name",
    "compare",
    "corrections",
    "generalists",
    "leaderboards",
    "lower_bounds",
    "readings",
    "results",
    "skill_means",
    "specialists",
    "summary",
    "task_support",
    "tasks",
    "workbook_differences",
]
