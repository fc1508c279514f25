"""The formats that every board can be written in."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from glevel_fast.io import write
from glevel_fast.io.frames import AsFrames
from glevel_fast.text import points_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from glevel_fast.io.markup import TextTable

__all__ = ["Formats", "plain", "points_column"]


class Formats(AsFrames, ABC):
    """A finished table, in the formats that people publish."""

    narrow: ClassVar[tuple[str, ...]] = ()
    """Titles of the columns that fit one column of a paper; none: all."""

    @abstractmethod
    def columns(self) -> dict[str, Any]:
        """The table by columns, as plain data in full precision.

        Returns
        -------
        dict of list or array
            One entry per row in every column.
        """

    @abstractmethod
    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON.

        Returns
        -------
        dict
        """

    @abstractmethod
    def sheet(self) -> TextTable:
        """As text with rounded figures, for people.

        Returns
        -------
        TextTable
        """

    def to_markdown(self, columns: Sequence[str] | None = None, top: int | None = None) -> str:
        """A Markdown table of these columns (default: all) and first rows; names cannot break out of their cell.

        Parameters
        ----------
        columns : sequence of str, optional
            Titles of the columns to show; default: all.
        top : int, optional
            Rows to show; default: all.

        Returns
        -------
        str
        """
        return self.sheet().part(columns, top).markdown()

    def to_latex(
        self,
        columns: Sequence[str] | None = None,
        top: int | None = None,
        *,
        bold: bool = False,
        label: str = "",
        caption: str = "",
    ) -> str:
        """A table that needs `booktabs`, by default with the columns that fit one column of a paper.

        Parameters
        ----------
        columns : sequence of str, optional
            Titles as `sheet` has them.
        top : int, optional
            Only the first rows.
        bold : bool
            The largest number of each column is bold, ranks and levels aside.
        label, caption : str
            Of the table; the caption is the title where there is none.

        Returns
        -------
        str
        """
        sheet = self.sheet()
        if columns is None:
            columns = [name for name in self.narrow if name in sheet.header] or None
        return sheet.part(columns, top).latex(bold=bold, label=label, caption=caption)

    def to_html(self, columns: Sequence[str] | None = None, top: int | None = None) -> str:
        """An HTML table of these columns (default: all) and first rows, everything escaped.

        Parameters
        ----------
        columns : sequence of str, optional
            Titles of the columns to show; default: all.
        top : int, optional
            Rows to show; default: all.

        Returns
        -------
        str
        """
        return self.sheet().part(columns, top).html()

    def to_csv(self) -> str:
        """Full precision; what a spreadsheet would take for a formula stands behind an apostrophe.

        Returns
        -------
        str
        """
        return write.csv_text(self.columns())

    def to_json(self) -> str:
        """`to_dict` as JSON text, floats in full precision.

        Returns
        -------
        str
        """
        return write.json_text(self.to_dict())

    def __repr__(self) -> str:
        return self.sheet().text(20)

    def _repr_html_(self) -> str:
        return self.to_html()


def plain(values: NDArray[np.float64]) -> list[float | None]:
    """Numbers as plain data, None for NaN."""
    return [None if v != v else v for v in values.tolist()]


def points_column(values: NDArray[np.float64], lower_bound: NDArray[np.bool_] | None = None) -> list[str]:
    """Points as people read them; see `points_text`."""
    bounds = [False] * len(values) if lower_bound is None else lower_bound.tolist()
    return list(map(points_text, values.tolist(), bounds))
