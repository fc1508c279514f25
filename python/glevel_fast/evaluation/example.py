"""A small example to begin with: six tasks of four kinds, their annotations, a model's predictions, and both tables."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable
from typing import Any

import numpy as np

from glevel_fast.errors import EvaluationError
from glevel_fast.extras import require
from glevel_fast.io import write

__all__ = ["write_example"]

BENCHMARK = {
    "task": [
        *("Reading Comprehension", "Headline Writing", "Traffic Sign Detection"),
        *("Pet Segmentation", "Depth Estimation", "Image Denoising"),
    ],
    "modality": ["language", "language", "image", "image", "image", "image"],
    "paradigm": ["", "", "comprehension", "comprehension", "comprehension", "generation"],
    "metric": ["Acc", "ROUGE-L", "AP50", "mIoU", "absRel", "PSNR"],
    "sota": [74.5, 61.2, 70.0, 92.6, 0.061, 34.8],
    "specialist": ["FLAN-T5", "BART", "DETR", "U-Net", "MiDaS", "DnCNN"],
}
TASKS = {
    "task": BENCHMARK["task"],
    "folder": ["reading", "headlines", "signs", "Pet Segmentation", "depth", "denoising"],
    "metric": BENCHMARK["metric"],
    "definition": [
        *("acc/letter@1", "rougeL/google@1", "ap50/coco-bbox@1"),
        *("miou/masks@1", "absrel/plain@1", "psnr/rgb-cap100@1"),
    ],
    "unit": ["percent", "percent", "percent", "percent", "", "dB"],
    "answer_path": ["output.answer", "output.text", "output", "output.mask", "output", "output"],
}
_READING = {"q1": ("B", "B"), "q2": ("A", "(A)"), "q3": ("D", "The answer is C"), "q4": ("C", "\\boxed{C}")}
_HEADLINES = {
    "n1": (["Storm closes the northern ports", "Ports in the north shut by storm"], "Storm shuts northern ports"),
    "n2": (["Rail strike ends after nine days"], "Rail strike ends after nine days"),
    "n3": (["新桥今日通车"], "新桥今天通车"),
    "n4": (["Museum reopens its east wing"], None),
}
_SIGNS = {
    "s1": (
        [{"bbox": [10, 12, 30, 30], "category": "stop"}, {"bbox": [60, 10, 20, 24], "category": "yield"}],
        [{"bbox": [11, 12, 30, 29], "category": "stop", "score": 0.96}],
    ),
    "s2": (
        [{"bbox": [40, 20, 16, 40], "category": "yield"}],
        [
            {"bbox": [39, 22, 17, 40], "category": "yield", "score": 0.81},
            {"bbox": [5, 5, 12, 12], "category": "stop", "score": 0.3},
        ],
    ),
}


def write_example(folder: str | os.PathLike[str]) -> None:
    """Write the example: `benchmark.csv`, `tasks.csv`, and the folders `annotations` and `predictions/Example-7B`.

    Raises
    ------
    EvaluationError
        Where `folder` is there already.
    GLevelError
        Where it cannot be written.
    """
    require("PIL.Image", "evaluate")
    try:
        os.makedirs(folder)
    except FileExistsError:
        raise EvaluationError(f"{os.fsdecode(folder)}: is there already; name a new folder") from None
    except OSError as error:
        raise EvaluationError(f"{os.fsdecode(folder)}: cannot be made: {error.strerror or error}") from None
    for name, content in _files().items():
        path = os.path.join(folder, *name.split("/"))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        write.write(path, _saves(content))


def _saves(content: bytes) -> Callable[[Any], object]:
    return lambda file: file.write(content)


def _files() -> dict[str, bytes]:
    """Every file of the example."""
    files = {
        name: write.csv_text(table).encode() for name, table in (("benchmark.csv", BENCHMARK), ("tasks.csv", TASKS))
    }
    gold, ours = "annotations", "predictions/Example-7B"

    def task(folder: str, file: str, samples: dict[str, tuple[Any, Any]], **head: str) -> None:
        annotated = [{"id": key, "output": output} for key, (output, _) in samples.items()]
        predicted = [{"id": key, "prediction": answer} for key, (_, answer) in samples.items() if answer is not None]
        files[f"{gold}/{folder}/{file}"] = _json(head | {"data": annotated})
        files[f"{ours}/{folder}/prediction.json"] = _json(head | {"data": predicted})

    task(
        "reading",
        "annotation.json",
        {key: ({"answer": right}, given) for key, (right, given) in _READING.items()},
        task="Reading Comprehension",
        type="MultipleChoiceQA",
    )
    task("headlines", "annotation.json", {key: ({"text": t}, p) for key, (t, p) in _HEADLINES.items()})
    task("signs", "json/annotation_v2.json", _SIGNS)
    task("Pet Segmentation", "Pet Segmentation.json", {key: ({"mask": m}, p) for key, (m, p) in _pets().items()})
    for folder, arrays, save, ending in (("depth", _depth(), _npy, "npy"), ("denoising", _images(), _png, "png")):
        samples = {}
        for key, (right, given) in arrays.items():
            samples[key] = (f"maps/{key}.{ending}", f"maps/{key}.{ending}")
            files[f"{gold}/{folder}/maps/{key}.{ending}"] = save(right)
            files[f"{ours}/{folder}/maps/{key}.{ending}"] = save(given)
        task(folder, "annotation.json", samples)
    return files


def _json(value: Any) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode()


def _pets() -> dict[str, tuple[Any, Any]]:
    rows, columns = np.mgrid[:48, :64]
    cat = (rows - 24) ** 2 / 300 + (columns - 30) ** 2 / 500 < 1
    return {
        "cat": (_runs(cat), _runs(np.roll(cat, 2, axis=1))),
        "dog": (_runs((rows > 10) & (columns > 20)), {"polygon": [[20, 10, 63, 10, 63, 48, 20, 48]]}),
    }


def _runs(mask: Any) -> dict[str, Any]:
    """Run lengths down the columns, of the background first."""
    flat = mask.ravel(order="F")
    ends = np.flatnonzero(np.diff(flat)) + 1
    runs = np.diff([0, *ends, flat.size]).tolist()
    return {"size": list(mask.shape), "counts": [0, *runs] if flat[0] else runs}


def _depth() -> dict[str, tuple[Any, Any]]:
    rows, columns = np.mgrid[:24, :32]
    street = (2 + rows / 4 + columns / 16).astype(np.float32)
    hall = (5 + np.abs(columns - 16) / 8).astype(np.float32)
    hall[:2] = np.nan  # no measure there
    return {
        "street": (street, street * np.float32(1.04)),
        "hall": (hall, np.nan_to_num(hall, nan=5) + np.float32(0.25)),
    }


def _images() -> dict[str, tuple[Any, Any]]:
    rows, columns = np.mgrid[:48, :64]
    ramp = np.stack([rows * 5, columns * 4, (rows + columns) * 2], axis=-1).astype(np.uint8)
    tiles = np.where((rows // 8 + columns // 8) % 2, 200, 40).astype(np.uint8)[..., None].repeat(3, axis=2)
    noise = ((rows * 7 + columns * 13) % 11 - 5)[..., None]
    return {
        name: (image, np.clip(image + noise, 0, 255).astype(np.uint8))
        for name, image in (("ramp", ramp), ("tiles", tiles))
    }


def _npy(array: Any) -> bytes:
    out = io.BytesIO()
    np.save(out, array)
    return out.getvalue()


def _png(array: Any) -> bytes:
    out = io.BytesIO()
    require("PIL.Image", "evaluate").fromarray(array).save(out, "png")
    return out.getvalue()
