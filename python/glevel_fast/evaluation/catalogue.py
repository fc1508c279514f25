"""The definitions there are: of each metric the default first."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from glevel_fast.core.metrics import Metric, find_metric
from glevel_fast.errors import EvaluationError
from glevel_fast.evaluation import answers, arrays, captions, geometry, samples, text
from glevel_fast.evaluation.definition import (
    Definition,
    f1_of_classes,
    iou_of_classes,
    mean,
    mean_of_classes,
    micro_f1,
    precision_at,
    ratio,
    root_of_ratio,
)
from glevel_fast.text import shown

if TYPE_CHECKING:
    from glevel_fast.evaluation.samples import Sample

__all__ = ["definitions", "definitions_of", "find_definition"]


_TEXT: dict[str, Any] = {
    "kind": answers.TEXT,
    "total": mean,
    "share": True,
    "best": 1.0,
    "missing": samples.worst,
}
_SQUAD = "lower-cased, without ASCII punctuation and a, an, the"


def _matching() -> list[Definition]:
    def match(name: str, metric: str, says: str, reads: Callable[[str], Any]) -> Definition:
        return Definition(name, (metric,), says=f"1 where {says}", sample=samples.same(reads), reads=reads, **_TEXT)

    exact = "prediction and gold are the same text, white space at the ends aside"
    options = "both name the same option: A, a, (A), A., A) ..., or the last \\boxed{A}"
    return [
        match("acc/exact@1", "Acc", exact, str.strip),
        match("acc/letter@1", "Acc", options, text.letter),
        match(
            "acc/casefold@1",
            "Acc",
            "both are the same text; case and runs of white space do not count",
            samples.fold_case,
        ),
        match("acc/number@1", "Acc", "both are the same number: 3, 3.0 and 3e0 are", text.number),
        match("em@1/exact@1", "EM@1", exact, str.strip),
        match("em@1/squad@1", "EM@1", f"both are the same text, {_SQUAD}", text.squad),
        Definition(
            "macro-acc/exact@1",
            ("Macro-Acc",),
            answers.LABEL,
            "the mean over the gold's classes of the share that is right, to the letter (balanced accuracy)",
            lambda prediction, gold, context: [float(prediction == gold), gold],
            mean_of_classes,
            True,
            1.0,
            lambda gold: [0.0, gold],
            reads=str.strip,
        ),
        Definition(
            "micro-f1/labels@1",
            ("Micro-F1",),
            answers.LABELS,
            'F1 of all samples\' labels together; a text is split at "<p>", or else at commas',
            samples.found,
            micro_f1,
            True,
            1.0,
        ),
        Definition(
            "micro-f1/single@1",
            ("Micro-F1",),
            answers.LABEL,
            "the same where each sample is one label: then it is the share that is right",
            lambda prediction, gold, context: samples.found(frozenset([prediction]), frozenset([gold]), context),
            micro_f1,
            True,
            1.0,
        ),
        Definition(
            "f1/token@1",
            ("F1",),
            says="F1 of the tokens as multisets, the best reference",
            sample=samples.best_of(text.token_f1),
            **_TEXT,
        ),
        Definition(
            "f1/squad@1",
            ("F1",),
            says=f"F1 of the words as multisets, {_SQUAD}; words end at white space",
            sample=samples.best_of(lambda p, g: text.token_f1(p, g, str.split), text.squad),
            **_TEXT,
        ),
        Definition(
            "f1/macro@1",
            ("F1",),
            answers.LABEL,
            "the mean of the F1 of every class that is gold or predicted",
            lambda prediction, gold, context: [prediction, gold],
            f1_of_classes,
            True,
            1.0,
        ),
    ]


def _likeness() -> list[Definition]:
    def rouge(name: str, metric: str, says: str, of: Callable[[str, str], float]) -> Definition:
        return Definition(name, (metric,), says=says, sample=samples.best_of(of), **_TEXT)

    google = "lower-cased tokens without punctuation, the best reference"
    spaced = "sets of words, which end at white space; sentences end at a full stop"
    return [
        Definition(
            "anls/0.5@1",
            ("ANLS",),
            says="1 - edit distance / longer length, 0 at half and below, lower-cased, the best reference",
            sample=samples.best_of(text.anls),
            **_TEXT,
        ),
        Definition(
            "bleu1/nltk-method4@1",
            ("BLEU-1",),
            says="mean BLEU of the samples: unigrams of tokens, the best reference",
            sample=samples.best_of(lambda p, g: text.bleu(p, g, 1, "method4")),
            **_TEXT,
        ),
        Definition(
            "bleu4/sacrebleu-sentence@1",
            ("BLEU-4",),
            says="mean BLEU of the samples: up to 4-grams of tokens, or to the prediction's length, the best reference",
            sample=samples.best_of(lambda p, g: text.bleu(p, g, 4, "exp")),
            **_TEXT,
        ),
        rouge("rouge1/google@1", "ROUGE-1", f"F1 of {google}", text.rouge_n),
        rouge(
            "rouge1/google-stem@1",
            "ROUGE-1",
            "the same, ASCII words of four letters and more by their Porter stem",
            lambda p, g: text.rouge_n(p, g, stem=True),
        ),
        rouge("rouge1/pltrdy@1", "ROUGE-1", f"F1 of the {spaced}", text.rouge_1_of_sets),
        rouge("rougeL/google@1", "ROUGE-L", f"F1 of the longest common subsequence of {google}", text.rouge_l),
        rouge(
            "rougeL/google-stem@1",
            "ROUGE-L",
            "the same, ASCII words of four letters and more by their Porter stem",
            lambda p, g: text.rouge_l(p, g, stem=True),
        ),
        rouge(
            "rougeL/pltrdy@1",
            "ROUGE-L",
            f"F1 of each reference sentence's common subsequences together; {spaced}",
            text.rouge_l_of_sets,
        ),
        Definition(
            "cider/coco-d@1",
            ("CIDEr",),
            says=f"mean CIDEr-D of the samples, 0 to 10 (1000 in percent): {google.replace('best', 'mean')}",
            sample=lambda prediction, gold, by: [captions.cider(prediction, gold, by)],
            context=samples.rarity,
            **_TEXT | {"best": None},
        ),
        Definition(
            "wer/corpus@1",
            ("WER",),
            answers.TEXT,
            "word edits of all samples over the words of all references; words end at white space",
            samples.edits,
            ratio,
            True,
            0.0,
        ),
        Definition(
            "mae/pooled@1",
            ("MAE",),
            answers.NUMBERS,
            "the mean of |prediction - gold| over all numbers of all samples",
            samples.off(1),
            ratio,
            False,
            0.0,
        ),
        Definition(
            "rmse/pooled@1",
            ("RMSE",),
            answers.NUMBERS,
            "the root of the mean square over all numbers of all samples",
            samples.off(2),
            root_of_ratio,
            False,
            0.0,
        ),
    ]


def _shapes() -> list[Definition]:
    def precision(name: str, metrics: tuple[str, ...], thresholds: Sequence[int], at: str) -> list[Definition]:
        return [
            Definition(
                f"{name}/coco-{way}@1",
                metrics,
                answers.instances(of_masks=way == "segm"),
                f"COCO's average precision of {what} {at}: 101 recalls, all areas, at most 100 of an image and class",
                samples.detections,
                precision_at(*thresholds),
                True,
                1.0,
                context=samples.most_detections,
            )
            for way, what in (("bbox", "boxes"), ("segm", "masks"))
        ]

    def averaged(name: str, metrics: tuple[str, ...], kind: answers.Kind, says: str, sample: Sample) -> Definition:
        return Definition(name, metrics, kind, says, sample, mean, True, 1.0, samples.worst)

    iou = ("mIoU", "Instance mIoU")
    overlap = "the mean overlap of the samples' boxes, each"
    return [
        *precision("ap", ("AP", "mAP"), range(10), "over IoU 0.50, 0.55, ... 0.95"),
        *precision("ap50", ("AP50", "mAP@50"), [0], "at IoU 0.5"),
        *precision("ap75", ("AP75",), [5], "at IoU 0.75"),
        averaged(
            "miou/masks@1",
            iou,
            answers.MASKS,
            "the mean of the samples: intersection over union of a mask, of a video's frames together",
            samples.masks,
        ),
        averaged("miou/box-xywh@1", iou, answers.box(corners=False), f"{overlap} [x, y, width, height]", samples.boxes),
        averaged("miou/box-xyxy@1", iou, answers.box(corners=True), f"{overlap} [x1, y1, x2, y2]", samples.boxes),
        Definition(
            "miou/classes@1",
            ("mIoU",),
            answers.LABEL_MAP,
            "the mean over classes of all images' intersections over all their unions; a gold pixel of 255 is void",
            samples.classes,
            iou_of_classes,
            True,
            1.0,
        ),
        Definition(
            "auc/otb21@1",
            ("AUC",),
            answers.TRACK,
            "the mean of the tracks: share of frames whose overlap exceeds 0, 0.05, ... 1 (a perfect track: 20/21)",
            samples.tracks(geometry.success_auc),
            mean,
            True,
            20 / 21,
            samples.worst,
        ),
        averaged(
            "auc/mean-overlap@1",
            ("AUC",),
            answers.TRACK,
            "the mean of the tracks' mean overlaps: the area under the success curve without steps",
            samples.tracks(geometry.mean_overlap),
        ),
        averaged(
            "m_viou/frames@1",
            ("m_vIoU",),
            answers.TUBE,
            "the mean of the samples: overlaps of the frames both have, over the number of frames either has",
            lambda prediction, gold, context: [geometry.tube_iou(prediction, gold)],
        ),
    ]


def _pixels() -> list[Definition]:
    def distance(name: str, metric: str, kind: answers.Kind, says: str, sample: Sample) -> Definition:
        return Definition(name, (metric,), kind, f"the mean of the samples: {says}", sample, mean, False, 0.0)

    def chamfer(squared: bool) -> Sample:
        return lambda prediction, gold, context: [arrays.chamfer(prediction, gold, squared=squared)]

    nearest = "distance to the nearest point of the other set, both ways, added"
    return [
        Definition(
            "psnr/rgb-cap100@1",
            ("PSNR",),
            answers.COLOURS,
            "the mean of the images, over all pixels and channels, peak 255; 100 dB at most, equal images have it",
            lambda prediction, gold, context: [arrays.psnr(prediction, gold)],
            mean,
            False,
            arrays.PSNR_CAP,
            samples.worst,
        ),
        Definition(
            "ms-ssim/rgb@1",
            ("MS-SSIM",),
            answers.COLOURS,
            "the mean of the images and channels: five scales, 11 x 11 Gaussian window; sides of 176 pixels at least",
            samples.ms_ssim,
            mean,
            False,
            1.0,
            lambda gold: [-1.0],
        ),
        Definition(
            "structure/fan2017@1",
            ("Structure measure",),
            answers.GREY,
            "the mean of the images: half objects, half regions; the prediction is stretched to [0, 1]",
            lambda prediction, gold, context: [arrays.structure(prediction, gold)],
            mean,
            True,
            1.0,
            samples.worst,
        ),
        distance(
            "absrel/plain@1",
            "absRel",
            answers.DEPTH,
            "|prediction - gold| / gold over the places where gold is finite and above 0; nothing is aligned",
            samples.measured(arrays.absolute_relative),
        ),
        distance(
            "absrel/affine@1",
            "absRel",
            answers.DEPTH,
            "the same, each prediction scaled and shifted to its gold by least squares first",
            samples.measured(lambda p, g: arrays.absolute_relative(arrays.affine(p, g), g)),
        ),
        distance(
            "epe/known@1",
            "EPE",
            answers.FLOW,
            "length of the difference over the places whose gold is known (finite, at most 1e9), in pixels",
            samples.measured(arrays.end_point_error),
        ),
        distance("cd/squared@1", "CD", answers.POINTS, f"mean squared {nearest}", chamfer(True)),
        distance("cd/plain@1", "CD", answers.POINTS, f"mean {nearest}", chamfer(False)),
    ]


@functools.cache
def _catalogue() -> dict[str, Definition]:
    return {one.id: one for one in [*_matching(), *_likeness(), *_shapes(), *_pixels()]}


def definitions() -> tuple[Definition, ...]:
    """Every definition there is, the default of each metric before its others."""
    return tuple(_catalogue().values())


def definitions_of(metric: Metric) -> tuple[Definition, ...]:
    """The definitions that compute a metric, the default first; none where it takes a model's weights or people."""
    return tuple(one for one in definitions() if any(find_metric(name) is metric for name in one.metrics))


def find_definition(metric: Metric, name: str = "") -> Definition:
    """The definition of a metric by its id, or by its way alone ("letter" for "acc/letter@1"); the default for "".

    Raises
    ------
    EvaluationError
        For a name that the metric has no definition of; the message lists those it has.
    """
    known = definitions_of(metric)
    if not known:
        raise EvaluationError(f"{metric.name} is not computed here: its values come as a table (--values)")
    for one in known:
        if name in ("", one.id, one.way):
            return one
    raise EvaluationError(f"{metric.name} has no definition {shown(name)}; it has {', '.join(one.id for one in known)}")
