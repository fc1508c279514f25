"""Figures: their look, their labels, and the ways out (extra `plots`); the same numbers give the same file."""

from __future__ import annotations

import os
import re
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from xml.etree import ElementTree

from glevel_fast.errors import GLevelError
from glevel_fast.extras import require
from glevel_fast.io.write import Path, write
from glevel_fast.text import clean

__all__ = ["INK", "KINDS", "LEVEL_COLOURS", "axes", "inline_svg", "label_width", "rows_of_labels", "save", "short_name"]

KINDS = ("png", "svg", "pdf")
LEVEL_COLOURS = {0: "#8a8f98", 2: "#5f7696", 3: "#1d79c4", 4: "#c8640f", 5: "#b02a7c"}
"""Colours of levels; each keeps a contrast of 3 to white and to the page's dark ground."""
INK = "#010203"
"""Ink as plots are drawn with it; in a page it becomes the ink of the page, light or dark."""
NAME_WIDTH = 36
DPI = 150
SVG = "http://www.w3.org/2000/svg"
STYLE = {
    "svg.hashsalt": "glevel",
    "svg.fonttype": "none",
    "pdf.fonttype": 42,
    "font.family": "DejaVu Sans",
    "font.size": 8.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 9.0,
    "axes.facecolor": "none",
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "text.parse_math": False,  # a name with dollars is a name
    "figure.facecolor": "white",
    "hatch.linewidth": 0.5,
}


@contextmanager
def _style() -> Iterator[None]:
    with require("matplotlib", "plots").rc_context(STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from (current )?font")
        yield


@contextmanager
def axes(ax: Any, width: float, height: float, panels: int = 1) -> Iterator[Any]:
    """The axes given, or those of a new figure of this size in inches, in the look of this package.

    More than one panel are as many axes, side by side, that share their y axis.

    The figure is pyplot's where pyplot is in use, so that a notebook shows it.

    Raises
    ------
    MissingExtraError
        Without Matplotlib.
    """
    with _style():
        if ax is None:
            pyplot = sys.modules.get("matplotlib.pyplot")
            new: Any = pyplot.figure if pyplot else require("matplotlib.figure", "plots").Figure
            ax = new(figsize=(width, height), layout="constrained").subplots(1, panels, sharey=True)
        yield ax


def save(ax: Any, path: Path) -> None:
    """Write the figure of `ax` as .png, .svg or .pdf, whole or not at all, and close it.

    Raises
    ------
    GLevelError
        Another kind of file, or one that cannot be written.
    """
    kind = os.path.splitext(os.fsdecode(path))[1].lower().removeprefix(".")
    if kind not in KINDS:
        raise GLevelError(f"{os.fsdecode(path)}: a plot is written as {', '.join(f'.{k}' for k in KINDS)}")
    metadata = {"png": {"Software": None}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}[kind]
    with _style():
        write(path, lambda file: ax.figure.savefig(file, format=kind, dpi=DPI, metadata=metadata))
    _close(ax)


def _close(ax: Any) -> None:
    """Take a figure that is in its place from pyplot, where that is in use: a notebook need not show it as well."""
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        pyplot.close(ax.figure)


def short_name(name: str) -> str:
    """A name as a label."""
    return clean(name, NAME_WIDTH)


def label_width(text: str, size: float) -> float:
    """Width of a label in points of 1/72 inch."""
    paths: Any = require("matplotlib.textpath", "plots")
    fonts: Any = require("matplotlib.font_manager", "plots")
    family = fonts.FontProperties(family="DejaVu Sans", size=size)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from (current )?font")
        return float(paths.text_to_path.get_text_width_height_descent(text, family, ismath=False)[0])


def rows_of_labels(at: Sequence[float], widths: Sequence[float], space: float) -> list[tuple[int, float]]:
    """Labels at `at` (ascending) in as few rows as a greedy pass finds: each one's row and left edge, in the same unit.

    A label starts at its place, or further left where it would stick out of `space`.
    """
    ends: list[float] = []
    found = []
    for x, width in zip(at, widths, strict=True):
        left = max(0.0, min(x, space - width))
        row = next((r for r, end in enumerate(ends) if end <= left), len(ends))
        if row == len(ends):
            ends.append(0.0)
        ends[row] = left + width
        found.append((row, left))
    return found


def inline_svg(
    ax: Any, name: str, title: str, description: str, tips: Mapping[str, Sequence[str]] | None = None
) -> str:
    """The figure of `ax`, closed, as an SVG element for a page: no style, script or metadata, ink as the page's.

    Parameters
    ----------
    ax : Axes
    name : str
        Of letters; its ids begin with it, so that several figures can stand in one page.
    title, description : str
        For who cannot see it.
    tips : {gid: texts}, optional
        What the elements of the group of this gid say, in their order, when they are pointed at.
    """
    from io import BytesIO

    buffer = BytesIO()
    with _style():
        ax.figure.savefig(buffer, format="svg", metadata={"Date": None}, facecolor="none")
    _close(ax)
    ElementTree.register_namespace("", SVG)
    root = ElementTree.fromstring(buffer.getvalue())
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag.rpartition("}")[2] in ("metadata", "style"):
                parent.remove(child)
    for gid, texts in (tips or {}).items():
        group = next(element for element in root.iter() if element.get("id") == gid)
        for mark, text in zip(group.iter(f"{{{SVG}}}use"), texts, strict=True):
            ElementTree.SubElement(mark, f"{{{SVG}}}title").text = clean(text, 200)
    for element in root.iter():
        _plain(element, name)
    for tag, text in (("desc", description), ("title", title)):
        element = ElementTree.Element(f"{{{SVG}}}{tag}", {"id": f"{name}-{tag}"})
        element.text = text
        root.insert(0, element)
    for attribute in ("width", "height"):
        root.attrib.pop(attribute, None)
    root.attrib |= {"role": "img", "aria-labelledby": f"{name}-title {name}-desc", "class": f"plot {name}"}
    return ElementTree.tostring(root, encoding="unicode", short_empty_elements=True)


def _plain(element: Any, name: str) -> None:
    """Styles become attributes, ids get the figure's name, ink the page's colour, numbers lose their third decimal.

    The font is the page's to choose: it knows one for machines that lack Matplotlib's.
    """
    if len(element) and not (element.text or "").strip():
        element.text = None
    element.tail = None
    if element.get("transform", "").startswith("rotate(-0 "):
        element.attrib.pop("transform")
    for rule in element.attrib.pop("style", "").split(";"):
        key, _, value = (part.strip() for part in rule.partition(":"))
        if key == "font":
            element.set("font-size", re.search(r"([\d.]+)px", value)[1])  # type: ignore[index]
        elif key and key != "font-family":
            element.set(key, value)
    element.attrib.pop("font-family", None)
    for key, value in list(element.attrib.items()):
        if value.lower() == INK:
            value = "currentColor"
        elif key == "id":
            value = f"{name}-{value}"
        elif key.endswith("href"):
            value = f"#{name}-{value[1:]}" if value.startswith("#") else value
            element.attrib.pop(key)
            key = "href"
        elif "url(#" in value:
            value = value.replace("url(#", f"url(#{name}-")
        elif key in ("d", "x", "y", "transform"):
            value = re.sub(r"(\.\d{2})\d+", r"\1", " ".join(value.split()))
        element.set(key, value)
