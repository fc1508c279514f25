"""From one prediction and its gold to the sums that a definition adds up: metrics fitted to `Definition.sample`."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from glevel_fast.evaluation import arrays, captions, geometry, text
from glevel_fast.evaluation.definition import Sums
from glevel_fast.evaluation.media import AnswerError

if TYPE_CHECKING:
    from glevel_fast.evaluation import answers

Sample = Callable[[Any, Any, Any], Sums]


def best_of(of: Callable[[str, str], float], fold: Callable[[str], Any] = str) -> Sample:
    """The best of a text beside each of its references."""
    return lambda prediction, gold, context: [max(float(of(fold(prediction), fold(one))) for one in gold)]


def same(fold: Callable[[str], Any] = str.strip) -> Sample:
    """1 where a text equals one of its references; what `fold` cannot read equals nothing."""

    def sample(prediction: str, gold: Sequence[str], context: object) -> Sums:
        ours = fold(prediction)
        return [float(ours is not None and any(ours == fold(one) for one in gold))]

    return sample


def fold_case(value: str) -> str:
    """Case and runs of white space do not count."""
    return " ".join(value.split()).casefold()


def edits(prediction: str, gold: Sequence[str], context: object) -> Sums:
    """Edits and words of the reference with the fewest edits a word."""
    pairs: list[tuple[int, int]] = [text.edits(prediction, one) for one in gold]
    if not all(words for _, words in pairs):
        raise AnswerError("has no word")
    best = min(pairs, key=lambda pair: pair[0] / pair[1])
    return [*best]


def off(power: int) -> Sample:
    def sample(prediction: Sequence[float], gold: Sequence[float], context: object) -> Sums:
        distances = [abs(p - g) for p, g in zip(prediction, gold, strict=True)]
        # math.prod makes an infinity of what is too large, where ** raises
        return [math.fsum(math.prod([d] * power) for d in distances), len(gold)]

    return sample


def found(prediction: frozenset[str], gold: frozenset[str], context: object) -> Sums:
    return [len(prediction & gold), len(prediction - gold), len(gold - prediction)]


def rarity(golds: Iterable[Sequence[str]]) -> captions.Rarity:
    """What CIDEr knows of all references."""
    by = captions.rarity(golds)
    if min(by.holding.values(), default=by.samples) == by.samples:
        raise AnswerError("is the same for all samples; CIDEr weighs n-grams by how few samples hold them")
    return by


def masks(prediction: Mapping[str, Any], gold: Mapping[str, Any], context: object) -> Sums:
    common, union = geometry.mask_overlap(list(prediction.values()), list(gold.values()))
    return [common / union if union else 1.0]


def classes(prediction: Any, gold: Any, context: object) -> Sums:
    seen = gold != 255
    ours, theirs = prediction[seen], gold[seen]
    found = {}
    for number in sorted({*ours.tolist(), *theirs.tolist()} - {255}):
        p, g = ours == number, theirs == number
        found[number] = [number, int((p & g).sum()), int((p | g).sum())]
    return list(found.values())


def boxes(prediction: geometry.Box, gold: geometry.Box, context: object) -> Sums:
    return [geometry.box_iou(prediction, gold)]


def tracks(of: Callable[[list[Any], list[Any]], float]) -> Sample:
    return lambda prediction, gold, context: [of(list(prediction.values()), list(gold.values()))]


def detections(prediction: answers.Instances, gold: answers.Instances, most: int) -> Sums:
    sums = []
    for category in sorted(prediction.by_category.keys() | gold.by_category.keys()):
        theirs = gold.by_category.get(category, [])
        ours = [(shape, score) for shape, score, _ in prediction.by_category.get(category, [])]
        crowd = [one[2] for one in theirs]
        sums.append([category, *geometry.match_instances(ours, [one[0] for one in theirs], crowd, most)])
    return sums


def most_detections(golds: Iterable[answers.Instances]) -> int:
    """COCO's 100 of an image and category, or as many as the fullest gold has."""
    fullest = (len(objects) for gold in golds for objects in gold.by_category.values())
    return max(geometry.MOST_DETECTIONS, *fullest, 0)


def ms_ssim(prediction: Any, gold: Any, context: object) -> Sums:
    if min(gold.shape[:2]) < arrays.MS_SSIM_SIDE:
        raise AnswerError(f"has a side of {min(gold.shape[:2])} pixels; MS-SSIM needs {arrays.MS_SSIM_SIDE}")
    return [arrays.ms_ssim(prediction, gold)]


def measured(of: Callable[[Any, Any], tuple[float, int]]) -> Sample:
    def sample(prediction: Any, gold: Any, context: object) -> Sums:
        value, places = of(prediction, gold)
        if not places:
            raise AnswerError("has no valid place")
        return [value]

    return sample


def worst(gold: object) -> Sums:
    return [0.0]
