"""The paper's tables as printed, misprints included, and the names under which models meet.

Facts from "On Path to Multimodal Generalist: General-Level and General-Bench" (Fei et al., ICML
2025, https://generalist.top): Table 4 (the generalists), Tables 6 to 11 (skill means, supported
tasks, wins) and Tables 12, 14 and 16 (the boards of Level-2, 3 and 4). `data/aliases.csv` holds the
names under which a model appears, with the figures that tie them together.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from glevel_fast.core.benchmark import LANGUAGE, MODALITIES, PARADIGMS, Group

__all__ = [
    "BOARD_TABLE",
    "GROUP_TABLE",
    "SPECIALIST",
    "Alias",
    "BoardRow",
    "Generalist",
    "SkillMean",
    "SupportRow",
    "aliases",
    "canonical_name",
    "data_rows",
    "data_text",
    "generalists",
    "in_tables",
    "leaderboards",
    "skill_means",
    "task_support",
]

SPECIALIST = "SoTA Specialist"
BOARD_TABLE = {2: 12, 3: 14, 4: 16}
GROUP_TABLE: dict[Group, int] = {
    ("image", "comprehension"): 6,
    ("image", "generation"): 7,
    **{(modality, paradigm): 8 + i for i, modality in enumerate(("video", "audio", "3d")) for paradigm in PARADIGMS},
    (LANGUAGE, ""): 11,
}


@dataclass(frozen=True, slots=True)
class Alias:
    """A name that the paper prints in some tables ("6", "39-64"), the one of Table 12, and what ties them."""

    tables: str
    printed: str
    canonical: str
    evidence: str


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

    @property
    def group(self) -> Group:
        return self.modality, self.paradigm


@dataclass(frozen=True, slots=True)
class SkillMean:
    """A mean of raw values over a skill's tasks, as Tables 6 to 11 print it; `skill` is its number there."""

    modality: str
    paradigm: str
    skill: int
    model: str
    printed_name: str
    mean: float

    @property
    def group(self) -> Group:
        return self.modality, self.paradigm


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


def canonical_name(printed: str, table: int) -> str:
    """The name that Table 12 has for what `table` prints; an explicit list, no guessing.

    Parameters
    ----------
    printed : str
    table : int

    Returns
    -------
    str
    """
    return _canonical().get((table, printed), printed)


@cache
def aliases() -> tuple[Alias, ...]:
    """Every name that a table prints otherwise than Table 12."""
    return tuple(Alias(**row) for row in data_rows("aliases.csv"))


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
        for row in data_rows("level_leaderboards.csv")
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
        for row in data_rows("task_support.csv")
    )


@cache
def skill_means() -> tuple[SkillMean, ...]:
    """The skill means of Tables 6 to 11, the specialists' among them, as printed: to compare with, not to score."""
    return tuple(
        SkillMean(
            row["modality"],
            row["paradigm"],
            int(row["skill"]),
            canonical_name(row["model"], GROUP_TABLE[row["modality"], row["paradigm"]]),
            row["model"],
            float(row["score"]),
        )
        for row in data_rows("skill_scores.csv")
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
        for row in data_rows("generalists.csv")
    )


@cache
def _canonical() -> dict[tuple[int, str], str]:
    return {(table, alias.printed): alias.canonical for alias in aliases() for table in in_tables(alias.tables)}


def in_tables(text: str) -> range:
    """The numbers of "72" or "72-74"."""
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)


def data_rows(name: str) -> list[dict[str, str]]:
    """A bundled CSV file as records."""
    header, *lines = csv.reader(data_text(name).splitlines())
    return [dict(zip(header, line, strict=True)) for line in lines]


def data_text(name: str) -> str:
    """A bundled file."""
    return files(__package__ or "").joinpath("data", *name.split("/")).read_text(encoding="utf-8")
