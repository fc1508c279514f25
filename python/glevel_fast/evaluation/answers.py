"""What JSON holds as gold or prediction, made into what a metric takes; one pair of functions per kind of answer.

A kind reads the gold from its record, and a prediction with the gold beside it. Both raise `AnswerError`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from glevel_fast.evaluation import media
from glevel_fast.evaluation.media import AnswerError
from glevel_fast.evaluation.text import number as number_in
from glevel_fast.extras import require
from glevel_fast.text import shown

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Kind", "Openers"]

Openers = Callable[[str], bytes]
"""The bytes of a file that an answer names, beside its JSON or from the root."""


@dataclass(frozen=True, slots=True)
class Kind:
    """How one kind of answer is read.

    Attributes
    ----------
    says : str
        What the JSON must hold, for people.
    gold : function (value, record, open) -> answer
    prediction : function (value, gold, open) -> answer
    whole : bool
        Whether an answer may be an object of several keys.
    """

    says: str
    gold: Callable[[Any, Mapping[str, Any], Openers], Any]
    prediction: Callable[[Any, Any, Openers], Any]
    whole: bool = False


def _fail(value: object, wanted: str) -> AnswerError:
    return AnswerError(f"is {shown(value)}, not {wanted}")


# --- text and numbers


MAX_TEXT = 100_000
"""Most characters of a text: comparing two takes the product of their lengths."""
MAX_OUTLINE = 2_000_000
"""Most pixels that the outline of a polygon may pass: each becomes some numbers on the way to a mask."""


def scalar(value: object) -> str:
    """The text of a string, a number or a truth value, as JSON writes it."""
    if isinstance(value, str):
        if len(value) > MAX_TEXT:
            raise AnswerError(f"is a text of {len(value):,} characters; at most {MAX_TEXT:,} are read")
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    raise _fail(value, "a text or a number")


def _references(value: object, record: Mapping[str, Any], files: Openers) -> tuple[str, ...]:
    if not isinstance(value, list):
        return (scalar(value),)
    if not value:
        raise AnswerError("is an empty list")
    return tuple(scalar(one) for one in value)


def _label(value: object, record: Mapping[str, Any], files: Openers) -> str:
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    return scalar(value).strip()


def label_set(value: object) -> frozenset[str]:
    """Labels of a list; of a text, what stands between "<p>", or else between commas."""
    if not isinstance(value, list):
        text = scalar(value)
        value = text.split("<p>") if "<p>" in text else re.split("[,，、]", text)
    return frozenset(label for one in value if (label := scalar(one).strip()))


def _number(value: object) -> float:
    if isinstance(value, str) and (read := number_in(value)) is not None:
        return read
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise _fail(value, "a number")
    return float(value)


def _numbers(value: object) -> tuple[float, ...]:
    return tuple(_number(one) for one in value) if isinstance(value, list) else (_number(value),)


def _gold_numbers(value: object, record: Mapping[str, Any], files: Openers) -> tuple[float, ...]:
    if value == []:
        raise AnswerError("is an empty list")
    return _numbers(value)


def _predicted_numbers(value: object, gold: tuple[float, ...], files: Openers) -> tuple[float, ...]:
    numbers = _numbers(value)
    if len(numbers) != len(gold):
        raise AnswerError(f"has {len(numbers)} numbers, where the annotation has {len(gold)}")
    return numbers


TEXT = Kind(
    "text or number; the gold may be several in a list",
    _references,
    lambda value, gold, files: scalar(value),
)
LABEL = Kind("one label", _label, lambda value, gold, files: scalar(value).strip())
LABELS = Kind(
    'labels: a list, or a text of labels between "<p>" or commas',
    lambda value, record, files: label_set(value),
    lambda value, gold, files: label_set(value),
)
NUMBERS = Kind("a number or a list of numbers, in the gold's order", _gold_numbers, _predicted_numbers)


# --- boxes and tracks


def _box(value: object, corners: bool) -> tuple[float, float, float, float]:
    value = _inside(value, ("bbox", "box"))
    wanted = "a box [x1, y1, x2, y2]" if corners else "a box [x, y, width, height]"
    if not isinstance(value, list) or len(value) != 4:
        raise _fail(value, wanted)
    x, y, w, h = (_number(one) for one in value)
    if corners:
        w, h = w - x, h - y
    if w < 0 or h < 0:
        raise _fail(value, wanted)
    return x, y, w, h


def _inside(value: object, names: tuple[str, ...]) -> object:
    """What the one of `names` that a dict has holds; the value itself where it has none."""
    if isinstance(value, dict):
        held = [name for name in names if name in value]
        return value[held[0]] if len(held) == 1 else value
    return value


def box(*, corners: bool) -> Kind:
    """One box."""
    form = "[x1, y1, x2, y2]" if corners else "[x, y, width, height]"
    return Kind(
        f"one box {form}, plain or under `bbox`",
        lambda value, record, files: _box(_only(value), corners),
        lambda value, gold, files: _box(_only(value), corners),
    )


def _only(value: object) -> object:
    return value[0] if isinstance(value, list) and len(value) == 1 else value


Frames = dict[str, tuple[float, float, float, float] | None]


def _frames(value: object) -> Frames:
    if isinstance(value, list):
        value = {str(i): one for i, one in enumerate(value)}
    if not isinstance(value, dict) or not value:
        raise _fail(value, "boxes by frame: a list, or an object of frames")
    boxes = {frame: None if one is None else _box(one, False) for frame, one in value.items()}
    return {frame: one if one and any(one) else None for frame, one in boxes.items()}


def _gold_track(value: object, record: Mapping[str, Any], files: Openers) -> Frames:
    frames = _frames(value)
    if not any(frames.values()):
        raise AnswerError("has no box in any frame")
    return frames


def _predicted_track(value: object, gold: Frames, files: Openers) -> Frames:
    frames = _frames(value)
    if frames.keys() != gold.keys():
        raise AnswerError(
            f"has {len(frames)} frames, where the annotation has {len(gold)}"
            if len(frames) != len(gold)
            else "has other frames than the annotation"
        )
    return {frame: frames[frame] for frame in gold}


def _tube(frames: Frames) -> dict[str, tuple[float, float, float, float]]:
    return {frame: one for frame, one in frames.items() if one}


TRACK = Kind(
    "[x, y, width, height] for every frame, null where there is none: a list, or an object by frame",
    _gold_track,
    _predicted_track,
)
TUBE = Kind(
    "[x, y, width, height] of the frames that the event lasts: a list with null elsewhere, or an object by frame",
    lambda value, record, files: _tube(_gold_track(value, record, files)),
    lambda value, gold, files: _tube(_frames(value)) if value else {},
)


# --- masks

_RUNS = re.compile("[0-o]*")


def _size(height: object, width: object) -> list[int]:
    sides = [height, width]
    if not all(isinstance(side, int) and not isinstance(side, bool) and side > 0 for side in sides):
        raise _fail(sides, "a size [height, width]")
    if height * width > media.MAX_PIXELS:  # type: ignore[operator]
        raise AnswerError(f"is of {height} x {width}; at most {media.MAX_PIXELS:,} pixels are read")
    return sides  # type: ignore[return-value]


def _mask(value: object, size: list[int] | None, files: Openers) -> Any:
    """Compressed run lengths of run lengths, polygons or an image file; `size` is what polygons lack."""
    tool = require("pycocotools.mask", "evaluate")
    if isinstance(value, dict) and "counts" not in value and isinstance(value.get("size"), list):
        size = _size(*value["size"]) if len(value["size"]) == 2 else None
    value = _inside(value, ("mask", "segmentation", "polygon", "polygons"))
    if isinstance(value, str):
        inside = media.labels(files(value)) > 0
        return tool.encode(np.asfortranarray(inside.astype(np.uint8)))
    if isinstance(value, dict) and isinstance(value.get("size"), list) and len(value["size"]) == 2:
        runs, sides = value.get("counts"), _size(*value["size"])
        if isinstance(runs, list):
            if not all(isinstance(run, int) and run >= 0 for run in runs) or sum(runs) != sides[0] * sides[1]:
                raise AnswerError("has run lengths that do not add up to its size")
            return tool.frPyObjects({"size": sides, "counts": runs}, *sides)
        if isinstance(runs, str) and _RUNS.fullmatch(runs):
            mask = {"size": sides, "counts": runs.encode()}
            if int(tool.area(mask)) > sides[0] * sides[1]:
                raise AnswerError("has run lengths that do not fit its size")
            return mask
        raise _fail(value, "run lengths {size, counts}")
    if isinstance(value, list) and value:
        if size is None:
            raise AnswerError("is a polygon without a size: the record needs `height` and `width`")
        polygons = [_polygon(one) for one in (value if isinstance(value[0], list) else [value])]
        return tool.merge(tool.frPyObjects(polygons, *size))
    raise _fail(value, "a mask: run lengths {size, counts}, polygons, or an image's path")


def _polygon(value: object) -> list[float]:
    if not isinstance(value, list) or len(value) < 6 or len(value) % 2:
        raise _fail(value, "a polygon [x1, y1, x2, y2, x3, y3, ...]")
    corners = [_number(one) for one in value]
    ends = zip(corners, [*corners[2:], *corners[:2]], strict=True)
    if max(map(abs, corners)) > MAX_OUTLINE or sum(abs(a - b) for a, b in ends) > MAX_OUTLINE:
        raise AnswerError(f"has an outline of more than {MAX_OUTLINE:,} pixels")
    return corners


def _record_size(record: Mapping[str, Any]) -> list[int] | None:
    for holder in (record, record.get("input"), record.get("output")):
        if isinstance(holder, dict) and "height" in holder and "width" in holder:
            return _size(holder["height"], holder["width"])
    return None


def _masks(value: object, size: list[int] | None, files: Openers) -> dict[str, Any]:
    """Masks by frame or name; one mask is a sequence of one."""
    if isinstance(value, dict) and not value.keys() & {"size", "mask", "segmentation", "polygon", "polygons"}:
        return {name: _mask(one, size, files) for name, one in value.items()}
    if isinstance(value, list) and value and not isinstance(value[0], list | int | float):
        return {str(i): _mask(one, size, files) for i, one in enumerate(value)}
    return {"0": _mask(value, size, files)}


def _gold_masks(value: object, record: Mapping[str, Any], files: Openers) -> dict[str, Any]:
    masks = _masks(value, _record_size(record), files)
    if not masks:
        raise AnswerError("has no mask")
    return masks


def _predicted_masks(value: object, gold: dict[str, Any], files: Openers) -> dict[str, Any]:
    size = next(iter(gold.values()))["size"]
    masks = _masks(value, list(size), files)
    if masks.keys() != gold.keys():
        raise AnswerError(f"has masks of other frames than the annotation ({len(masks)} beside {len(gold)})")
    for name, mask in gold.items():
        if list(masks[name]["size"]) != list(mask["size"]):
            raise AnswerError(_sizes(masks[name]["size"], mask["size"]))
    return {name: masks[name] for name in gold}


def _sizes(ours: Any, theirs: Any) -> str:
    return f"is {' x '.join(map(str, ours))}, where the annotation is {' x '.join(map(str, theirs))}"


MASKS = Kind(
    "a mask as run lengths {size, counts}, polygons or an image's path; or several of them, by frame",
    _gold_masks,
    _predicted_masks,
)


# --- detections


@dataclass(frozen=True, slots=True)
class Instances:
    """Objects of one image by category: (shape, score, crowd); `size` is the image's, where masks need it."""

    by_category: dict[str, list[tuple[Any, float, bool]]]
    size: list[int] | None


def _instances(value: object, size: list[int] | None, files: Openers, of_masks: bool) -> Instances:
    if isinstance(value, dict):
        inner = _inside(value, ("objects", "instances", "boxes"))
        value = [value] if inner is value else inner
    if isinstance(value, list) and len(value) == 4 and not any(isinstance(one, list | dict) for one in value):
        value = [value]
    if not isinstance(value, list):
        raise _fail(value, "a list of objects")
    found: dict[str, list[tuple[Any, float, bool]]] = {}
    for one in value:
        record = one if isinstance(one, dict) else {}
        category = _inside(record, ("category", "category_id", "label", "class"))
        score = _inside(record, ("score", "confidence"))
        shape: Any = _mask(one, size, files) if of_masks else list(_box(one, False))
        if of_masks and size is not None and list(shape["size"]) != size:
            raise AnswerError(_sizes(shape["size"], size))
        held = (shape, 1.0 if score is record else _number(score), bool(record.get("iscrowd", 0)))
        found.setdefault("" if category is record else scalar(category), []).append(held)
    return Instances(found, size)


def instances(*, of_masks: bool) -> Kind:
    """The objects of one image."""
    shape = "`segmentation` (run lengths or polygons)" if of_masks else "`bbox` [x, y, width, height]"

    def gold(value: object, record: Mapping[str, Any], files: Openers) -> Instances:
        read = _instances(value, _record_size(record) if of_masks else None, files, of_masks)
        shapes = [shape for objects in read.by_category.values() for shape, _, _ in objects]
        return Instances(read.by_category, list(shapes[0]["size"]) if of_masks and shapes else read.size)

    return Kind(
        f"a list of objects with {shape}, `category` and, where predicted, `score` (1 where it is absent)",
        gold,
        lambda value, gold, files: _instances(value, gold.size, files, of_masks),
        whole=True,
    )


# --- images and arrays


def _file(value: object, files: Openers) -> tuple[str, bytes]:
    value = _inside(value, ("image", "path", "file"))
    if not isinstance(value, str):
        raise _fail(value, "the path of a file")
    return value, files(value)


def _alike(ours: NDArray[Any], theirs: NDArray[Any]) -> NDArray[Any]:
    if ours.shape != theirs.shape:
        raise AnswerError(_sizes(ours.shape, theirs.shape))
    return ours


def _images(read: Callable[[bytes], NDArray[Any]], says: str) -> Kind:
    return Kind(
        says,
        lambda value, record, files: read(_file(value, files)[1]),
        lambda value, gold, files: _alike(read(_file(value, files)[1]), gold),
    )


COLOURS = _images(media.colours, "the path of an 8-bit image")
LABEL_MAP = _images(media.labels, "the path of an image whose pixels are class numbers")
GREY = Kind(
    "the path of a grey 8-bit image; the gold is foreground from 128 on",
    lambda value, record, files: media.grey(_file(value, files)[1]) > 127,
    lambda value, gold, files: _alike(media.grey(_file(value, files)[1]), gold),
)


def _array(value: object, files: Openers, read: media.Reader, shape: str) -> NDArray[np.float64]:
    if isinstance(value, list):
        try:
            array = np.array(value, dtype=np.float64)
        except (ValueError, TypeError) as error:
            raise AnswerError("is a list that is no array of numbers") from error
    else:
        array = read(*_file(value, files))
    last = {"(height, width, 2)": (3, 2), "(n, 3)": (2, 3)}.get(shape)
    if not array.size or (last and (array.ndim, array.shape[-1]) != last):
        raise AnswerError(f"is an array of shape {array.shape}, not {shape}")
    return array


def _arrays(read: media.Reader, shape: str, says: str, alike: bool = True) -> Kind:
    def prediction(value: object, gold: NDArray[np.float64], files: Openers) -> NDArray[np.float64]:
        array = _array(value, files, read, shape)
        if not np.isfinite(array).all():
            raise AnswerError("holds numbers that are not finite")
        return _alike(array, gold) if alike else array

    return Kind(says, lambda value, record, files: _array(value, files, read, shape), prediction)


DEPTH = _arrays(media.array, "not empty", "an array: .npy, .npz with one array, 16-bit .png, or nested lists")
FLOW = _arrays(media.flow, "(height, width, 2)", "a flow: .flo, or an array of (height, width, 2)")
POINTS = _arrays(media.points, "(n, 3)", "points: an array of (n, 3), or .xyz", alike=False)
