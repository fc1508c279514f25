"""What the tests of this room share: a small benchmark, a clock that stands still, archives of any content."""

import hashlib

import numpy as np

from glevel_fast.loading.benchmark import load_benchmark
from glevel_fast.registry.entries import Evaluated, Hashes
from glevel_fast.registry.metadata import Metadata
from glevel_fast.registry.store import Store

MONDAY = 1_767_571_200_000  # 2026-01-05 00:00:00.000 UTC
HOUR = 3_600_000


class Clock:
    """A server's clock that a test moves."""

    def __init__(self, at=MONDAY):
        self.at = at

    def __call__(self):
        return self.at


def small_benchmark(sota=60.0, more=()):
    """Two modalities with both paradigms, and language: a task a group, and tasks of image comprehension in `more`."""
    tasks = ["see", "paint", "hear", "speak", "read", *more]
    return load_benchmark(
        {
            "task": tasks,
            "modality": ["image", "image", "audio", "audio", "language", *["image"] * len(more)],
            "paradigm": [
                "comprehension",
                "generation",
                "comprehension",
                "generation",
                "",
                *["comprehension"] * len(more),
            ],
            "metric": ["Acc"] * len(tasks),
            "sota": [sota] * len(tasks),
            "skill": [
                "Looking Closely",
                "Painting",
                "Hearing",
                "Speaking",
                "Reading",
                *["Looking Closely"] * len(more),
            ],
        }
    )


def new_store(path, clock=None, benchmark=None, **options):
    bench = benchmark or small_benchmark()
    return Store.create(
        path, bench, rows=[], annotations="gold", hashes=Hashes(bench.sha256, "a", "d"),
        clock=clock or Clock(), **options,
    )  # fmt: skip


def about(model="Model", email="who@lab.org", **more):
    return Metadata(model=model, parameters="7B", description="A model.", email=email, **more)


def admit(store, content, model="Model", email="who@lab.org", board="A", **more):
    """Admit an archive that is any bytes at all: the store does not look inside."""
    path = f"{store.path}.{hashlib.sha256(content).hexdigest()}.incoming"
    with open(path, "wb") as file:
        file.write(content)
    copy = store.archives.copy(path)
    return store.admit(copy, hashlib.sha256(content).hexdigest(), about(model, email, **more), board)


def found(store, raw=50.0, benchmark=None, **more):
    """An evaluation by the registry's present rules."""
    raw = np.broadcast_to(np.asarray(raw, float), ((benchmark or store.benchmark()).n_tasks,))
    return Evaluated(store.hashes, np.ascontiguousarray(raw), "0.1.0", **more)


def submit_and_score(store, content, raw=50.0, **more):
    admission = admit(store, content, **more)
    assert store.finish(admission, found(store, raw))
    return admission.submission
