"""The formats that every board can be written in."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from glevel_fast.io import write
from glevel_fast.io.frames import AsFrames
from glevel_fast.text import points_text

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from glevel_fast.io.markup import TextTable

__all__ = ["Formats", "plain", "points_column"]


class Formats(AsFrames, ABC):
    """A finished table, in the formats that people publish."""

    @abstractmethod
    def columns(self) -> dict[str, Any]:
        """The table by columns, as plain data in full precision."""

    @abstractmethod
    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""

    @abstractmethod
    def sheet(self) -> TextTable:
        """As text with rounded figures, for people."""

    def to_markdown(self) -> str:
        """A Markdown table; names cannot break out of their cell."""
        return self.sheet().markdown()

    def to_latex(self) -> str:
        """A table that needs `booktabs`."""
        return self.sheet().latex()

    def to_html(self) -> str:
        """An HTML table, everything escaped."""
        return self.sheet().html()

    def to_csv(self) -> str:
        """Full precision; what a spreadsheet would take for a formula stands behind an apostrophe."""
        return write.csv_text(self.columns())

    def to_json(self) -> str:
        """`to_dict` as JSON text, floats in full precision."""
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
