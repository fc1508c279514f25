"""A leaderboard small enough for tests: five tasks of four multiple-choice questions each, and archives for it."""

import io
import json
import zipfile
from dataclasses import asdict

from registries import Clock, small_benchmark

from glevel_fast.registry.evaluating import grounds_of
from glevel_fast.registry.store import Store

TASKS = ("see", "paint", "hear", "speak", "read")
N = 4


def write_gold(folder, tasks=TASKS, n=N):
    """Annotations whose gold is "gold-<task>-<i>"."""
    for task in tasks:
        (folder / task).mkdir(parents=True, exist_ok=True)
        data = [
            {"id": f"{task}-{i}", "input": {"text": f"question {i}"}, "output": {"answer": f"gold-{task}-{i}"}}
            for i in range(n)
        ]
        (folder / task / "annotation.json").write_text(json.dumps({"task": task, "data": data}))
    return folder


def task_rows(tasks=TASKS):
    return [
        {
            "task": task,
            "folder": task,
            "metric": "Acc",
            "definition": "",
            "unit": "percent",
            "answer_path": "output.answer",
        }
        for task in tasks
    ]


def predictions(right, n=N):
    """Files of predictions: of each task how many of its answers are right."""
    return {
        f"{task}/prediction.json": json.dumps(
            {
                "task": task,
                "data": [
                    {"id": f"{task}-{i}", "prediction": f"gold-{task}-{i}" if i < count else f"wrong {i}"}
                    for i in range(n)
                ],
            }
        ).encode()
        for task, count in right.items()
    }


def metadata(model="Gen", email="ann@lab.org", **more):
    return {"model": model, "parameters": "7B", "description": "A generalist.", "email": email} | more


def write_zip(path, files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    path.write_bytes(out.getvalue())
    return path


def archive(folder, right, model="Gen", board="A", email="ann@lab.org", **more):
    """`[Model]-[Board].zip` in a folder of its own, so that the same name can come twice."""
    folder = folder / f"from {email} {len(list(folder.glob('from *')))}"
    folder.mkdir()
    said = json.dumps(metadata(model, email, **more)).encode()
    return write_zip(folder / f"{model}-{board}.zip", {"metadata.json": said} | predictions(right))


def new_board(folder, clock=None, benchmark=None, **options):
    """A registry `board.db` in a folder, with its annotations in `gold`; opened for writing."""
    bench = benchmark or small_benchmark()
    write_gold(folder / "gold")
    grounds, _ = grounds_of(bench, task_rows(), str(folder / "gold"))
    return Store.create(
        folder / "board.db",
        bench,
        rows=[asdict(row) for row in grounds.rows],
        annotations=str(folder / "gold"),
        hashes=grounds.hashes,
        clock=clock or Clock(),
        **options,
    )
