"""Tasks to evaluate, made up: one per definition, with the gold as JSON and, where it takes some, files."""

from __future__ import annotations

import io
import json
import zipfile

import numpy as np

from glevel_fast.core.benchmark import Benchmark
from glevel_fast.evaluation.catalogue import definitions
from glevel_fast.extras import require

WER_UNIT = "fraction"


def png(array):
    out = io.BytesIO()
    require("PIL.Image", "evaluate").fromarray(np.asarray(array)).save(out, "png")
    return out.getvalue()


def npy(array):
    out = io.BytesIO()
    np.save(out, np.asarray(array))
    return out.getvalue()


def flo(flow):
    height, width, _ = flow.shape
    return b"PIEH" + np.array([width, height], "<i4").tobytes() + flow.astype("<f4").tobytes()


def runs(mask):
    """Uncompressed run lengths, down the columns, of the background first."""
    flat = np.asarray(mask, bool).ravel(order="F")
    found = np.diff([0, *(np.flatnonzero(np.diff(flat)) + 1), flat.size]).tolist()
    return {"size": list(np.shape(mask)), "counts": [0, *found] if flat[0] else found}


def disc(side, x, y, r):
    rows, columns = np.mgrid[:side, :side]
    return (rows - y) ** 2 + (columns - x) ** 2 <= r * r


TEXTS = ["The cat sat on the mat.", "我爱北京天安门", "好", "Ελλάδα, 2024!", "नमस्ते दुनिया"]
BOXES = [[3, 4, 10, 12], [0.5, 0.25, 7.125, 9], [20, 20, 5, 5]]


def gold_of(name):
    """(outputs, files) of a definition's task."""
    metric, way = name.partition("/")[0], name.partition("/")[2].partition("@")[0]
    if name in ("macro-acc/exact@1", "f1/macro@1", "micro-f1/single@1"):
        return ["cat", "dog", "cat", "鸟"], {}
    if name == "acc/letter@1":
        return ["A", "B", "C", "d"], {}
    if name == "acc/number@1":
        return [3, "4.5", -1e3, "007"], {}
    if metric == "micro-f1":
        return [["a", "b"], "b, c", "a<p>c", "猫，狗"], {}
    if metric in ("mae", "rmse"):
        return [1.5, [2, 3, 4], "5.25", -1], {}
    if metric in ("ap", "ap50", "ap75"):
        shape = (
            (lambda box: {"segmentation": runs(disc(40, *box[:2], 5))}) if "segm" in way else (lambda b: {"bbox": b})
        )
        return [[shape(box) | {"category": c} for box, c in zip(BOXES[i:], "ab", strict=False)] for i in range(3)], {}
    if way.startswith("box"):
        return [[x, y, x + w, y + h] if way == "box-xyxy" else [x, y, w, h] for x, y, w, h in BOXES], {}
    if name == "miou/masks@1":
        frames = {str(i): {"mask": runs(disc(30, 10 + i, 12, 6))} for i in range(3)}
        return [runs(disc(30, 12, 10, 7)), frames, {"polygon": [[2, 2, 20, 2, 20, 18]], "size": [30, 30]}], {}
    if metric in ("auc", "m_viou"):
        return [BOXES, {"4": BOXES[0], "5": {"bbox": BOXES[1]}, "9": None}], {}
    rng = np.random.default_rng(7)
    if metric in ("psnr", "ms-ssim"):
        files = {f"images/{i}.png": png(rng.integers(0, 256, (176, 180, 3), np.uint8)) for i in range(2)}
    elif metric == "structure":
        files = {f"{i}.png": png(disc(32, 10 + i, 14, 6).astype(np.uint8) * 255) for i in range(3)}
    elif name == "miou/classes@1":
        files = {
            f"{i}.png": png((disc(32, 10 + i, 14, 6) + 2 * disc(32, 20, 9 + i, 8)).astype(np.uint8)) for i in range(3)
        }
    elif metric == "absrel":
        files = {f"{i}.npy": npy(rng.uniform(1, 9, (8, 9)).astype(np.float32)) for i in range(3)}
    elif metric == "epe":
        files = {f"{i}.flo": flo(rng.normal(0, 3, (6, 7, 2))) for i in range(3)}
    elif metric == "cd":
        files = {f"{i}.npy": npy(rng.normal(0, 1, (30, 3))) for i in range(3)}
    else:
        return TEXTS, {}
    return list(files), files


class Made:
    """Annotations and predictions as {path: bytes}, tasks.csv as columns, and the benchmark."""

    def __init__(self, names=None):
        self.annotations, self.predictions = {}, {}
        chosen = [one for one in definitions() if names is None or one.id in names]
        self.definitions = {f"Task {one.id}": one for one in chosen}
        self.tasks = {name: [] for name in ("task", "folder", "metric", "definition", "unit", "answer_path")}
        for task, one in self.definitions.items():
            unit = ("fraction" if one.id.startswith("wer") else "percent") if one.share else ""
            row = (task, one.id.replace("/", "-"), one.metrics[0], one.id, unit, "")
            for column, cell in zip(self.tasks.values(), row, strict=True):
                column.append(cell)
            outputs, files = gold_of(one.id)
            self.golds(task, dict(enumerate(outputs)), files)
            self.predict(task, dict(enumerate(outputs)), files)
        n = len(chosen)
        metrics = tuple(one.metrics[0] for one in chosen)
        self.benchmark = Benchmark(tuple(self.definitions), ("image",) * n, ("comprehension",) * n, metrics, np.ones(n))

    def folder(self, task):
        return self.definitions[task].id.replace("/", "-")

    def golds(self, task, outputs, files=None):
        data = [{"id": key, "input": {}, "output": value, "height": 40, "width": 40} for key, value in outputs.items()]
        self.annotations[f"{self.folder(task)}/annotation.json"] = as_json({"task": task, "data": data})
        self.annotations |= {f"{self.folder(task)}/{name}": content for name, content in (files or {}).items()}

    def predict(self, task, answers, files=None):
        data = [{"id": key, "prediction": value} for key, value in answers.items()]
        self.predictions[f"{self.folder(task)}/prediction.json"] = as_json({"task": task, "data": data})
        self.predictions |= {f"{self.folder(task)}/{name}": content for name, content in (files or {}).items()}


def as_json(value):
    return json.dumps(value, ensure_ascii=False).encode()


def packed(files):
    """A zip archive's bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def spread(files, root):
    """The files below a folder; returns the folder."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return root
