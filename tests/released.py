"""Small workbooks in the released layout, and the check that a file is refused."""

import openpyxl
import pytest

from glevel_fast import BenchmarkError, ResultsError, load_benchmark, load_results

HEADER = ["No", "Task Name", "Task Short Name", "Metrics"]
TASKS = {
    "NLP": [("Causal Reasoning", "ACC", 60.0), ("Math", "RMSE", 2.0)],
    "Image-Comprehension": [
        ("Depth Estimation", "absRel", 0.1),
        ("Flower  Naming", "Acc", 80.0),
        ("Bird Naming", "Acc", 70),
    ],
    "Image-Generation": [("Edge-to-Image", "FID", 18.7)],
    "Video-Comprehension": [("Tracking", "AMOTA", 40.0)],
    "Video-Generation": [("Denoising", "PSNR", 30.0)],
    "Audio-Comprehension": [("Accent", "Acc", 75.0)],
    "Audio-Generation": [("SpeechTranslation （zh-to-en）", "WER", 7.5), ("TTS", "MOS", 4.0)],
    "3D-Comprehension": [("Café “Naming”", "EM@1", 45.0)],
    "3D-Generation": [("Completion", "CD (Chamfer Distance)", 0.2)],
}
SOTA = "SoTA Performance"


def rows(sheet, *columns):
    """A sheet as rows: `columns` are (title, {task: value} or a function of the task and its σ_sota)."""
    body = []
    for i, (task, metric, sota) in enumerate(TASKS[sheet], start=1):
        values = [v(task, sota) if callable(v) else v.get(task) for _, v in columns]
        body.append([i, task, task[:5], metric, *values])
    return [HEADER + [title for title, _ in columns], *body]


def sheets(*columns):
    """All nine sheets as {name: rows}; change what you like, then `save`."""
    return {name: rows(name, *columns) for name in TASKS}


def sota_sheets():
    return sheets((SOTA, lambda task, sota: sota))


def half(task, sota):
    return sota / 2


def save(path, content):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, lines in content.items():
        sheet = book.create_sheet(name)
        for line in lines:
            sheet.append(line)
    book.save(path)
    return path


def refuses(path, words, bench):
    """Both loaders refuse the file, each with its own kind of error."""
    for load, kind in (
        (lambda: load_results(path, bench), ResultsError),
        (lambda: load_benchmark(path), BenchmarkError),
    ):
        with pytest.raises(kind) as caught:
            load()
        message = str(caught.value)
        assert str(path) in message
        for word in words if isinstance(words, list) else [words]:
            assert word in message
