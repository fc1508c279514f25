"""`Definition`: how a task's value comes from its samples; the definitions there are stand in `catalogue.py`.

A definition turns each sample into a few numbers (its sums), and all samples' sums into the value; the samples file
keeps the sums, so that the value can be recomputed from it. A definition that changes gets a new number after "@".
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from glevel_fast.evaluation import geometry

if TYPE_CHECKING:
    from glevel_fast.evaluation.answers import Kind

__all__ = [
    "Definition",
    "Sums",
    "f1_of_classes",
    "iou_of_classes",
    "mean",
    "mean_of_classes",
    "micro_f1",
    "precision_at",
    "ratio",
    "root_of_ratio",
]

Sums = list[Any]
"""Plain JSON: the numbers of one sample that the value is made of."""


@dataclass(frozen=True, slots=True)
class Definition:
    """One way to compute a metric.

    Attributes
    ----------
    id : str
        ``metric/way@version``, as it stands in results.
    metrics : tuple of str
        The benchmark's metrics that it computes; the first definition of a metric is its default.
    kind : Kind
        What its answers are.
    says : str
        The definition in a sentence.
    sample : function (prediction, gold, context) -> list
        The sums of one sample.
    total : function (list of sums, factor) -> float
        The value of all samples, times `factor`.
    share : bool
        Whether the value is a share, which a task states in percent or as a fraction.
    best : float or None
        The best value there is (of a share, as a fraction); None where it depends on the references.
    missing : function (gold) -> list, or None
        The sums of a sample without a prediction: the worst. None where there is no worst, or one sample's part in
        the value depends on the others.
    context : function (golds) -> object, or None
        What must be known of all golds before the first sample.
    reads : function (text) -> object, or None
        Of answers that are compared: what of a text is; None where it reads no answer in it.
    """

    id: str
    metrics: tuple[str, ...]
    kind: Kind
    says: str
    sample: Callable[[Any, Any, Any], Sums]
    total: Callable[[Sequence[Sums], float], float]
    share: bool
    best: float | None
    missing: Callable[[Any], Sums] | None = None
    context: Callable[[Iterable[Any]], Any] | None = None
    reads: Callable[[str], Any] | None = None

    @property
    def way(self) -> str:
        """The id without metric and version: what tasks.csv may say for short."""
        return self.id.partition("/")[2].partition("@")[0]

    @property
    def averages(self) -> bool:
        """Whether the value is the mean of the samples' own values, the first of their sums."""
        return self.total is mean


def mean(samples: Sequence[Sums], factor: float) -> float:
    """The mean of the first sums: added exactly, rounded once."""
    return math.fsum(sums[0] for sums in samples) * factor / len(samples)


def ratio(samples: Sequence[Sums], factor: float) -> float:
    """All first sums over all second ones."""
    below = math.fsum(sums[1] for sums in samples)
    return math.fsum(sums[0] for sums in samples) * factor / below if below else math.nan


def root_of_ratio(samples: Sequence[Sums], factor: float) -> float:
    """The root of all first sums over all second ones."""
    return math.sqrt(ratio(samples, 1.0)) * factor


def micro_f1(samples: Sequence[Sums], factor: float) -> float:
    """F1 of the summed counts: found, wrong, lacking. Without a label anywhere it is 1."""
    found, wrong, lacking = (sum(column) for column in zip(*samples, strict=True))
    return 2 * found * factor / (2 * found + wrong + lacking) if found + wrong + lacking else factor


def mean_of_classes(samples: Sequence[Sums], factor: float) -> float:
    """The mean over the golds' classes of the share that is right."""
    classes: dict[str, list[float]] = {}
    for right, label, *_ in samples:
        classes.setdefault(label, []).append(right)
    return math.fsum(math.fsum(of) / len(of) for of in classes.values()) * factor / len(classes)


def f1_of_classes(samples: Sequence[Sums], factor: float) -> float:
    """The mean of the F1 of every class that is gold or predicted."""
    labels = sorted({label for sample in samples for label in sample[:2]})
    counts = {label: [0, 0] for label in labels}
    for predicted, gold in samples:
        if predicted == gold:
            counts[gold][0] += 2
        counts[predicted][1] += 1
        counts[gold][1] += 1
    return math.fsum(found / of for found, of in counts.values()) * factor / len(labels)


def iou_of_classes(samples: Sequence[Sums], factor: float) -> float:
    """The mean over classes of all samples' intersections over all their unions."""
    classes: dict[int, list[int]] = {}
    for sample in samples:
        for number, common, union in sample:
            both = classes.setdefault(number, [0, 0])
            both[0] += common
            both[1] += union
    ratios = [common / union for common, union in classes.values() if union]
    return math.fsum(ratios) * factor / len(ratios) if ratios else math.nan


def precision_at(*thresholds: int) -> Callable[[Sequence[Sums], float], float]:
    """COCO's average precision at some of `geometry.THRESHOLDS`."""

    def total(samples: Sequence[Sums], factor: float) -> float:
        return geometry.average_precision((tuple(one) for sums in samples for one in sums), thresholds) * factor

    return total
