"""How much is read at most: what a stranger's file can make this library do has an end."""

from __future__ import annotations

from collections.abc import Collection

from glevel_fast.errors import GLevelError

MAX_CELLS = 4_000_000
"""Most cells of a table that is read cell by cell (CSV, JSON, one sheet): each becomes a Python object."""

MAX_NUMBERS = 15_000_000
"""Most cells of a Parquet file, and most values (models x tasks) made of fewer cells: 120 MB of doubles."""

MAX_TEXTS = 2_000_000
"""Most cells of all columns of a frame or a Parquet file that are not numeric."""

MAX_MODELS = 200_000

MAX_TASKS = 100_000
"""Most tasks of a benchmark, and most columns of a table."""

MAX_LETTERS = 10_000_000
"""Most characters of all models' names, and of all tasks'."""


def refuse_many(n: int, most: int, what: str, where: str) -> None:
    """Raise `GLevelError` for more than `most` of something."""
    if n > most:
        raise GLevelError(f"{where}: {n:,} {what} are more than the limit of {most:,}")


def refuse_names(names: Collection[str], most: int, what: str, where: str) -> None:
    """Raise `GLevelError` for more than `most` names, or more than `MAX_LETTERS` characters in them."""
    refuse_many(len(names), most, what, where)
    refuse_many(sum(map(len, names)), MAX_LETTERS, f"characters in the names of {what}", where)


def refuse_many_texts(texts: int, where: str) -> None:
    """Raise `GLevelError` for more than `MAX_TEXTS` cells that are not numbers."""
    if texts > MAX_TEXTS:
        raise GLevelError(
            f"{where}: {texts:,} cells that are not numbers are more than {MAX_TEXTS:,}; "
            "give results wide: one row per model, one numeric column per task"
        )
