"""Names of models and tasks as they are written, and as they are meant (docs/spec.md section 3)."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

from glevel_fast.errors import ResultsError
from glevel_fast.io.cells import as_text
from glevel_fast.io.read import read_file
from glevel_fast.io.table import Table, fold_header, table_from_columns, table_from_records
from glevel_fast.text import bullets, fold_task, shown, spelled, spelling

__all__ = ["Renames", "refuse_spellings"]

WRITTEN, MEANT = ("written", "aswritten", "from", "old"), ("meant", "asmeant", "to", "new")
CURE = (
    "give each one name, or mend them with a table of two columns, `written` and `meant`: rename= (--rename FILE; "
    "there is no need to edit the results)"
)


class Renames:
    """A table of names as written and as meant, which remembers what it was used for."""

    def __init__(self, source: Mapping[str, str] | str | os.PathLike[str] | None = None) -> None:
        pairs = source.items() if isinstance(source, Mapping) else _pairs(source) if source is not None else ()
        self._meant: dict[str, str] = {}
        self._written: dict[str, str] = {}
        for written, meant in pairs:
            if not isinstance(written, str) or not isinstance(meant, str) or not written.strip() or not meant.strip():
                raise ResultsError(f"rename: {shown(written)} to {shown(meant)}: two names are needed")
            key = spelling(written)
            if self._meant.setdefault(key, meant.strip()) != meant.strip():
                raise ResultsError(
                    f"rename: {spelled(written)} is to be both {shown(self._meant[key])} and {shown(meant)}"
                )
            self._written[key] = written
        self._used: set[str] = set()

    def __call__(self, name: str) -> str:
        if not self._meant or (meant := self._meant.get(key := spelling(name))) is None:
            return name
        self._used.add(key)
        return meant

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """(as written, as meant), in the order of what is written: what decides how names are read."""
        return tuple(sorted(self._meant.items()))

    @property
    def used(self) -> frozenset[str]:
        """What was of use; `use` takes it over from where a copy of this table did its work."""
        return frozenset(self._used)

    def use(self, used: frozenset[str]) -> None:
        """Count as of use what was so elsewhere."""
        self._used |= used

    @property
    def unused(self) -> list[str]:
        """Names as written that nothing bore."""
        return [written for key, written in self._written.items() if key not in self._used]


def _pairs(path: str | os.PathLike[str]) -> Iterable[tuple[Any, Any]]:
    content = read_file(path)
    where = os.fsdecode(path)
    if isinstance(content, Mapping) and not any(isinstance(value, list) for value in content.values()):
        return content.items()  # {as written: as meant}
    if isinstance(content, Mapping):
        content = table_from_columns(content, where)
    elif isinstance(content, list):
        content = table_from_records(content, where)
    if not isinstance(content, Table):
        raise ResultsError(f"{where}: is not a table of names; it needs the columns 'written' and 'meant'")
    titles = [
        next((title for title in content.columns if fold_header(title) in known), None) for known in (WRITTEN, MEANT)
    ]
    if None in titles:
        has = ", ".join(map(shown, content.columns))
        raise ResultsError(f"{where}: a table of names needs the columns 'written' and 'meant'; it has {has}")
    columns = [[as_text(cell) for cell in content.columns[title or ""]] for title in titles]
    return zip(*columns, strict=True)


def refuse_spellings(names: Iterable[str], what: str, where: str) -> None:
    """Raise `ResultsError` for one name under several spellings that differ by more than case and white space."""
    by_key: dict[str, dict[str, str]] = {}
    for name in dict.fromkeys(names):
        by_key.setdefault(fold_task(name), {}).setdefault(spelling(name), name)
    if several := [list(spellings.values()) for spellings in by_key.values() if len(spellings) > 1]:
        lines = (" = ".join(map(spelled, spellings)) for spellings in several)
        noun = f"one {what} stands" if len(several) == 1 else f"{len(several)} {what}s stand"
        raise ResultsError(f"{where}: {noun} there under several spellings:{bullets(lines, len(several))}\n{CURE}")
