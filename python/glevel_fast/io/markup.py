"""Tables as Markdown, LaTeX and HTML, with every text harmless in each.

A name may be anything: markup, a spreadsheet formula, a TeX command, control characters,
right-to-left marks, 5,000 characters. What people read is cleaned, cut and escaped; CSV and JSON
(`glevel_fast.io.write`) keep the whole name.
"""

from __future__ import annotations

import html as _html
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from glevel_fast.errors import GLevelError
from glevel_fast.text import WIDTH, clean, shown, shown_listing

__all__ = ["TextTable", "markdown_text", "tex_text"]

LONG = 30
"""Longer texts of a LaTeX table become paragraphs of this many letters a line."""
MOST = 47
"""Letters in a row that fit one column of a paper at \\footnotesize; more are set smaller."""
_MARKDOWN = {c: "\\" + c for c in "\\`*_[]#|~!$"} | {"<": "&lt;", ">": "&gt;", "&": "&amp;", "@": "&#64;"}
_TEX = {c: "\\" + c for c in "{}$&#_%"} | {
    "\\": "\\textbackslash{}",
    "^": "\\textasciicircum{}",
    "~": "\\textasciitilde{}",
    "<": "\\textless{}",
    ">": "\\textgreater{}",
    "|": "\\textbar{}",
    '"': "\\textquotedbl{}",
    "`": "\\textasciigrave{}",
    "[": "{[}",  # after \\ a bracket or an asterisk would be an argument
    "]": "{]}",
    "*": "{*}",
    "-": "{-}",
    "≥": "$\\geq$",
    "σ": "$\\sigma$",
}
_MARKDOWN_TABLE = str.maketrans(_MARKDOWN)
_TEX_TABLE = str.maketrans(_TEX)


def markdown_text(text: str, width: int = WIDTH) -> str:
    """Text for a cell or a line of Markdown; a web address does not become a link."""
    return clean(text, width).translate(_MARKDOWN_TABLE).replace("://", ":&#47;/").replace("www.", "www&#46;")


def tex_text(text: str, width: int = WIDTH) -> str:
    """Text for LaTeX."""
    return clean(text, width).translate(_TEX_TABLE)


@dataclass(frozen=True)
class TextTable:
    """A finished table of text.

    Attributes
    ----------
    title : str
    header : sequence of str
    align : str
        "l" or "r" for each column.
    rows : sequence of sequences of str
    notes : sequence of str
        Lines that stand under the table.
    """

    title: str
    header: Sequence[str]
    align: str
    rows: Sequence[Sequence[str]]
    notes: Sequence[str] = ()

    @classmethod
    def of(
        cls, title: str, columns: Mapping[str, Sequence[str]], left: Sequence[str], notes: Sequence[str]
    ) -> TextTable:
        """From a table by columns, of which those in `left` are texts and the others numbers."""
        align = "".join("l" if name in left else "r" for name in columns)
        return cls(title, list(columns), align, list(zip(*columns.values(), strict=True)), notes)

    def part(self, columns: Sequence[str] | None = None, top: int | None = None) -> TextTable:
        """Some of the columns, in the order asked for, and the first rows; a note says how many rows are left out.

        Raises
        ------
        GLevelError
            A column that is not there.
        """
        chosen = list(self.header) if columns is None else list(columns)
        folded = [name.casefold() for name in self.header]
        for name in chosen:
            if name.casefold() not in folded:
                raise GLevelError(f"the table has no column {shown(name)}; it has {shown_listing(self.header, 40)}")
        places = [folded.index(name.casefold()) for name in chosen]
        more = 0 if top is None else max(0, len(self.rows) - top)
        return TextTable(
            self.title,
            [self.header[c] for c in places],
            "".join(self.align[c] for c in places),
            [[row[c] for c in places] for row in self.rows[:top]],
            (*self.notes, *([f"and {more} more"] if more else [])),
        )

    def markdown(self) -> str:
        """A table in the dialect of GitHub, with the title above and the notes below."""
        rules = ["---:" if a == "r" else "---" for a in self.align]
        lines = [list(map(markdown_text, self.header)), rules, *(list(map(markdown_text, row)) for row in self.rows)]
        table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
        notes = "".join(f"\n{_line(note)}\n" for note in self.notes)
        return f"**{_line(self.title)}**\n\n{table}\n{notes}"

    def latex(self, *, bold: bool = False, label: str = "", caption: str = "") -> str:
        """A `table` with `booktabs`; nothing in it is a command but what stands here.

        Parameters
        ----------
        bold : bool
            The largest number of each column is bold, ranks and levels aside.
        label : str
            For `\\ref`; of letters, digits and `:-_.`.
        caption : str
            In place of the title.

        Raises
        ------
        GLevelError
            Another label.
        """
        if not re.fullmatch(r"[A-Za-z0-9:._-]*", label):
            raise GLevelError(f"the label {shown(label)} may hold letters, digits and :-_. only")
        best = self._best() if bold else {}
        widths = [max(len(clean(row[c])) for row in [self.header, *self.rows]) for c in range(len(self.header))]
        kinds = [self._kind(c, width) for c, width in enumerate(widths)]
        size, gap = ("footnotesize", 3) if sum(min(w, LONG) for w in widths) <= MOST else ("scriptsize", 2)

        def cell_text(c: int, cell: str) -> str:
            text = ("\\raggedright " if kinds[c] not in "lr" else "") + tex_text(cell)
            return f"\\textbf{{{text}}}" if best.get(c) == _value(cell) is not None else text

        lines = [" & ".join(cell_text(c, cell) for c, cell in enumerate(row)) for row in self.rows]
        rows = "\n".join(f"{line} \\\\" for line in lines)
        label = f"\\label{{{label}}}\n" if label else ""
        notes = "".join(f"% {clean(note, 400)}\n" for note in self.notes)
        return (
            "% needs \\usepackage{booktabs}\n"
            f"{notes}\\begin{{table}}\n\\centering\n\\caption{{{tex_text(caption or self.title, 400)}}}\n{label}"
            f"\\{size}\n\\setlength{{\\tabcolsep}}{{{gap}pt}}\n"
            f"\\begin{{tabular}}{{@{{}}{''.join(kinds)}@{{}}}}\n\\toprule\n"
            f"{' & '.join(map(tex_text, self.header))} \\\\\n\\midrule\n{rows}\n\\bottomrule\n"
            "\\end{tabular}\n\\end{table}\n"
        )

    def _kind(self, c: int, width: int) -> str:
        """How LaTeX sets a column: long texts as ragged paragraphs, broken between words alone; a name never is."""
        words = [word for row in self.rows for word in clean(row[c]).split()] if width > LONG else []
        if self.align[c] == "l" and words and max(map(len, words)) <= LONG // 2 + 3:
            return f"p{{{LONG // 3}em}}"
        return self.align[c]

    def _best(self) -> dict[int, float]:
        """The largest number of each column that holds more than one, by column."""
        found = {}
        for c, name in enumerate(self.header):
            values = [value for row in self.rows if (value := _value(row[c])) is not None]
            if self.align[c] == "r" and name not in ("Rank", "Level") and len(set(values)) > 1:
                found[c] = max(values)
        return found

    def html(self) -> str:
        """A `<table>`; whoever shows it brings the style."""
        style = [' style="text-align:right"' if a == "r" else "" for a in self.align]
        head = _row("th", self.header, style)
        body = "".join(_row("td", row, style) for row in self.rows)
        notes = "".join(f"<p>{_html.escape(clean(note, 400))}</p>" for note in self.notes)
        caption = _html.escape(clean(self.title, 400))
        return f"<table><caption>{caption}</caption><thead>{head}</thead><tbody>{body}</tbody></table>{notes}"

    def text(self, most: int | None = None) -> str:
        """Columns of a fixed width, for a console without `rich`; at most `most` rows."""
        rows = [[clean(cell, 40) for cell in row] for row in self.rows[:most]]
        widths = [max(len(row[c]) for row in [list(self.header), *rows]) for c in range(len(self.header))]
        lines = [
            "  ".join(
                cell.rjust(w) if a == "r" else cell.ljust(w) for cell, w, a in zip(row, widths, self.align, strict=True)
            ).rstrip()
            for row in [list(self.header), *rows]
        ]
        more = [f"... and {len(self.rows) - len(rows)} more"] if len(rows) < len(self.rows) else []
        return "\n".join([clean(self.title, 400), *lines, *more, *(clean(note, 400) for note in self.notes)])


def _value(cell: str) -> float | None:
    """The number that a cell shows, a lower bound's too."""
    try:
        return float(cell.removeprefix("≥"))
    except ValueError:
        return None


def _line(text: str) -> str:
    return markdown_text(text, 400)


def _row(tag: str, cells: Iterable[str], style: Sequence[str]) -> str:
    inner = "".join(f"<{tag}{s}>{_html.escape(clean(c))}</{tag}>" for c, s in zip(cells, style, strict=True))
    return f"<tr>{inner}</tr>"
