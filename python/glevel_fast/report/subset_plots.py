"""A picture of quick boards: how like the full one they are. Nothing is computed here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from glevel_fast.errors import GLevelError
from glevel_fast.report.figure import axes

if TYPE_CHECKING:
    from glevel_fast.uncertainty.subsets import Subset

__all__ = ["fidelity"]


def fidelity(subsets: Sequence[Subset], ax: Any = None, *, title: str = "") -> Any:
    """How like the full board quick boards of several sizes are: one panel per score.

    The line is Kendall's tau of the chosen subset on held-out models, the dashes are the mean of random subsets on
    the same models; the dots are the chosen subset on the models that chose it, which flatter.

    Parameters
    ----------
    subsets : sequence of Subset
        Of several sizes.
    ax : two axes, optional

    Returns
    -------
    The two axes.

    Raises
    ------
    GLevelError
        No subset.
    """
    if not subsets:
        raise GLevelError("no subset: there is nothing to plot")
    ordered = sorted(subsets, key=lambda one: len(one.tasks))
    sizes = [len(one.tasks) for one in ordered]
    lines = (
        ("seen", ":", "#d1495b", "chosen, on its own models"),
        ("held_out", "o-", "#1d4f86", "chosen, held out"),
        ("random", "--", "#6f97c4", "random, held out"),
    )
    with axes(ax, 8.0, 3.4, panels=2) as panels:
        for k, (panel, score) in enumerate(zip(panels, ordered[0].scores, strict=True)):
            for what, style, colour, label in lines:
                panel.plot(sizes, [getattr(one, what).tau[k] for one in ordered], style, color=colour, label=label)
            panel.set_title(score)
            panel.set_xlabel("tasks")
            panel.grid(alpha=0.3)
        panels[0].set_ylabel("Kendall's tau with the full board")
        panels[1].legend(loc="lower right")
        title = title or f"{ordered[0].benchmark.n_tasks} tasks, {ordered[0].n_models} models"
        panels[0].figure.suptitle(title, fontsize=9)
    return panels
