"""The paper's tables as printed, and the names under which models meet."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from importlib.resources import files
from pathlib import Path

from glevel_fast import published
from glevel_fast.published import tables


def test_bundled_tables_are_unmodified_copies(shared: Path) -> None:
    names = {source.name for source in (shared / "published").glob("*.csv")} - {
        "skills.csv"
    }  # it infers what is known now
    assert len(names) == 4
    for name in names:
        bundled = files("glevel_fast.published").joinpath("data", name).read_bytes()
        assert bundled == (shared / "published" / name).read_bytes(), name


def test_importing_published_reads_nothing() -> None:
    code = (
        "import sys\n"
        "import glevel_fast.core.results\n"
        "before = set(sys.modules)\n"
        "from glevel_fast.published import general_bench, tables\n"
        "assert not tables.aliases.cache_info().currsize\n"
        "assert not general_bench.corrections.cache_info().currsize\n"
        "heavy = {'pandas', 'polars', 'pyarrow', 'narwhals', 'rich', 'python_calamine', 'openpyxl'}\n"
        "assert not heavy & (set(sys.modules) - before)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_boards_and_support_as_printed() -> None:
    boards = published.leaderboards()
    assert Counter(row.level for row in boards) == {2: 102, 3: 102, 4: 3}
    best = boards[0]
    assert (best.level, best.model, best.rank, best.overall, best.score("audio")) == (
        2,
        "Unified-io-2-XXL",
        1,
        13.70,
        25.63,
    )
    assert next(r for r in boards if r.model == "Mini-Gemini").overall == 6.975
    support = published.task_support()
    assert len(support) == 77
    emu = next(r for r in support if r.model == "Emu2-37B" and r.paradigm == "generation")
    assert (emu.printed_name, emu.supported, emu.wins, emu.level4, emu.level5) == ("Emu2-32B", 34, 2, 1.25, None)
    assert len(published.generalists()) == 102


def test_skill_means_as_printed() -> None:
    means = published.skill_means()
    assert len(means) == 1672
    assert sum(row.model == tables.SPECIALIST for row in means) == 145
    emu = next(r for r in means if r.model == "Emu2-37B" and r.group == ("language", "") and r.skill == 1)
    assert (emu.printed_name, emu.mean) == ("Emu2-32B", 32.91)


def test_every_name_of_the_tables_is_on_the_level_2_board() -> None:
    board = {row.model for row in published.leaderboards() if row.level == 2}
    assert {row.model for row in published.leaderboards()} == board
    assert {row.model for row in published.task_support()} <= board
    assert {row.model for row in published.skill_means()} - {tables.SPECIALIST} <= board
    unknown = {row.model for row in published.generalists()} - board
    assert unknown == {"Baichuan2-7B-Chat", "Mini-InternVL-Chat-2B-V1-5"}  # other models than the boards'


def test_aliases_are_used_and_lead_to_the_level_2_board() -> None:
    board = {row.model for row in published.leaderboards() if row.level == 2}
    names: dict[int, set[str]] = {
        4: {row.printed_name for row in published.generalists()},
        14: {row.printed_name for row in published.leaderboards() if row.level == 3},
    }
    for support in published.task_support():
        names.setdefault(tables.GROUP_TABLE[support.group], set()).add(support.printed_name)
    for group, spans in {g: {t.table for t in published.tasks() if t.group == g} for g in tables.GROUP_TABLE}.items():
        lines = tables.data_text(f"results/{'_'.join(filter(None, group))}.csv").splitlines()[1:]
        for table in spans:
            names[table] = {line.partition(",")[0] for line in lines}
    seen = set()
    for alias in published.aliases():
        assert any(alias.printed in names.get(table, ()) for table in tables.in_tables(alias.tables)), alias
        assert alias.canonical in board, alias
        assert alias.canonical != alias.printed
        assert alias.evidence, alias
        seen.add((alias.tables, alias.printed))
    assert len(seen) == len(published.aliases()) == 88


def test_an_alias_is_borne_out_by_the_figures_beside_it() -> None:
    """Tables 6 to 10 print the modality's levels again: they are the board's, name by name, but for one row."""
    boards = {(row.level, row.model): row for row in published.leaderboards()}
    checked, other = 0, []
    for row in published.task_support():
        for level, printed in ((2, row.level2), (3, row.level3), (4, row.level4)):
            if printed:
                checked += 1
                if boards[level, row.model].score(row.modality) != printed:
                    other.append((row.printed_name, row.modality, level))
    assert checked == 112
    assert other == [("InternVL2.5-8B", "image", 2), ("InternVL2.5-8B", "image", 3)]


def test_names_that_look_alike_stay_apart() -> None:
    assert published.canonical_name("InternVL2.5-8B", 6) == "InternVL-2.5-8B"
    assert published.canonical_name("InternVL2.5-8B", 4) == "InternVL2_5-8B"
    assert published.canonical_name("InternVL2.5-8B", 8) == "InternVL2.5-8B"  # no guessing
    assert published.canonical_name("GPT4V", 39) == published.canonical_name("GPT-4v", 95) == "GPT4-V"
