"""CIDEr: how alike a caption and its references are, n-grams weighed by how rare they are in the task."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from glevel_fast.evaluation.text import words

__all__ = ["Rarity", "cider", "rarity"]

_Gram = tuple[str, ...]
ORDERS = 4
SIGMA = 6.0


@dataclass(frozen=True, slots=True)
class Rarity:
    """In how many samples' references each n-gram stands, of how many samples."""

    samples: int
    holding: Counter[_Gram]

    def weigh(self, counts: Counter[_Gram]) -> dict[_Gram, float]:
        """tf-idf; an n-gram that no reference holds counts as held by one."""
        return {gram: n * math.log(self.samples / max(1, self.holding[gram])) for gram, n in counts.items()}


def _counts(text: str) -> list[Counter[_Gram]]:
    tokens = words(text.lower(), punctuation=False)
    return [Counter(zip(*(tokens[i:] for i in range(n)), strict=False)) for n in range(1, ORDERS + 1)]


def rarity(references: Iterable[Sequence[str]]) -> Rarity:
    """Count the n-grams of all samples' references; the predictions have no part in it."""
    holding: Counter[_Gram] = Counter()
    samples = 0
    for texts in references:
        holding.update({gram for text in texts for counts in _counts(text) for gram in counts})
        samples += 1
    return Rarity(samples, holding)


def cider(prediction: str, references: Sequence[str], by: Rarity) -> float:
    """CIDEr-D of one caption, 0 to 10: lower-cased `words` without punctuation, orders 1 to 4, sigma 6.

    Source: Vedantam et al., "CIDEr", 2015, in the form of pycocoevalcap.
    """
    ours = _counts(prediction)
    weighed = [by.weigh(counts) for counts in ours]
    total = 0.0
    for reference in references:
        theirs = _counts(reference)
        off = ours[1].total() - theirs[1].total()
        penalty = math.exp(-(off * off) / (2 * SIGMA * SIGMA))
        total += penalty * math.fsum(
            _cosine(x, by.weigh(counts)) for x, counts in zip(weighed, theirs, strict=True)
        )  # fmt: skip
    return 10.0 * total / (ORDERS * len(references))


def _cosine(x: dict[_Gram, float], y: dict[_Gram, float]) -> float:
    """Cosine, where no n-gram of `x` counts more than in `y`."""
    lengths = math.sqrt(math.fsum(v * v for v in x.values())) * math.sqrt(math.fsum(v * v for v in y.values()))
    common = math.fsum(min(v, y[gram]) * y[gram] for gram, v in x.items() if gram in y)
    return common / lengths if lengths else 0.0
