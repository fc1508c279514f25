"""Snapshots: recomputed bit for bit, and what moved a rank between two of them."""

from __future__ import annotations

import copy
import json
import sys
from dataclasses import replace

import numpy as np
import pytest
from generate import random_case

import glevel_fast as gl
from glevel_fast import snapshot
from glevel_fast.cli.main import main
from glevel_fast.io import write


def case(n_models=8, n_tasks=90, seed=6):
    benchmark, raw = random_case(n_models, n_tasks, seed)
    return benchmark, np.where(raw < 0, np.nan, raw)


def taken(benchmark, raw, models=None, policy="paper"):
    return snapshot.take(gl.Scorer(benchmark, policy, invalid="missing").score(raw, models=models))


def through_a_file(data, tmp_path, name="s.json"):
    write.json(data, tmp_path / name)
    return snapshot.load(tmp_path / name)


@pytest.mark.parametrize("policy", ["paper", "release"])
def test_verify(tmp_path, policy):
    data = through_a_file(taken(*case(), policy=policy), tmp_path)
    verdict = snapshot.verify(data)
    assert verdict.same, verdict.differences
    assert (verdict.models, verdict.tasks) == (8, 90)
    assert verdict.notes == ()


def test_every_part_is_guarded(tmp_path):
    data = through_a_file(taken(*case()), tmp_path)

    def broken(change):
        other = copy.deepcopy(data)
        change(other)
        return snapshot.verify(other).differences

    def next_up(value):
        return float(np.nextafter(value, 1000.0))

    def result(d):
        row = d["results"]["values"][2]
        j = next(j for j, x in enumerate(row) if x)
        row[j] *= 0.9

    def one_bit(d):
        d["scores"][1]["overall"]["level2"] = next_up(d["scores"][1]["overall"]["level2"])

    assert any("results were changed" in line for line in broken(result))
    assert any("scores were changed" in line for line in broken(one_bit))
    assert any("'model 1': overall level2 is" in line for line in broken(one_bit))
    assert any("sota were changed" in line for line in broken(lambda d: d["benchmark"]["sota"].__setitem__(0, None)))
    assert any("tasks were changed" in line for line in broken(lambda d: d["benchmark"]["weight"].__setitem__(0, 9.0)))
    assert any("policy were changed" in line for line in broken(lambda d: d["policy"].update(zero="score")))
    other = data | {"glevel_fast": "0.0.1"}
    assert snapshot.verify(other).same
    assert "made with glevel_fast 0.0.1" in snapshot.verify(other).notes[0]


def causes(old, new, level=2):
    found = snapshot.diff(old, new, level)
    return {d.model: {k: v for k, v in d.causes.items() if v} for d in found}, {d.model: d for d in found}


def test_each_cause_alone():
    benchmark, raw = case()
    old = taken(benchmark, raw)
    board = gl.board(gl.Scorer(benchmark).score(raw), "A", 2)
    last, first = board.rows[-1], board.rows[0]
    assert all(not c for c in causes(old, old)[0].values())

    swapped = raw.copy()
    swapped[[first, last]] = swapped[[last, first]]
    moved, of = causes(old, taken(benchmark, swapped))
    assert moved[f"model {last}"] == {"data": 7}
    assert moved[f"model {first}"] == {"data": -7}
    assert of[f"model {last}"].move == of[f"model {last}"].old_rank - of[f"model {last}"].new_rank

    harder = gl.Benchmark(
        benchmark.tasks, benchmark.modality, benchmark.paradigm, benchmark.metric, benchmark.sota[::-1] * 0 + np.nan,
        weight=benchmark.weight,
    )  # fmt: skip
    moved, of = causes(old, taken(harder, raw), 3)
    assert {cause for c in moved.values() for cause in c} <= {"sota"}
    assert all(d.new_rank is None for d in of.values())

    moved, _ = causes(old, taken(benchmark, raw, policy="release"))
    assert {cause for c in moved.values() for cause in c} == {"policy"}

    part = gl.Benchmark(
        *(tuple(getattr(benchmark, c)[:40]) for c in ("tasks", "modality", "paradigm", "metric")), benchmark.sota[:40]
    )
    moved, _ = causes(old, taken(part, np.ascontiguousarray(raw[:, :40])))
    assert {cause for c in moved.values() for cause in c} == {"tasks"}
    moved, _ = causes(taken(part, np.ascontiguousarray(raw[:, :40])), old)
    assert {cause for c in moved.values() for cause in c} == {"tasks"}

    best = np.vstack([raw, raw[first : first + 1]])
    best[-1, ~np.isnan(best[-1])] = best[first, ~np.isnan(best[-1])]
    names = [*(f"model {i}" for i in range(8)), "newcomer"]
    moved, of = causes(old, taken(benchmark, best, names))
    assert moved["newcomer"] == {}
    assert of["newcomer"].old_rank is None
    assert of["newcomer"].new_rank == 1
    assert {cause for c in moved.values() for cause in c} == {"models"}


def test_causes_add_up_to_the_move():
    benchmark, raw = case()
    rng = np.random.default_rng(0)
    other_raw = np.where(rng.random(raw.shape) < 0.3, np.nan, raw)[:, ::-1][:, 5:]
    order = list(range(90))[::-1][5:]
    new_bench = gl.Benchmark(
        *(tuple(getattr(benchmark, c)[i] for i in order) for c in ("tasks", "modality", "paradigm", "metric")),
        np.where(rng.random(85) < 0.3, np.nan, benchmark.sota[order]),
    )
    names = [*(f"model {i}" for i in range(1, 8)), "other"]
    found = snapshot.diff(taken(benchmark, raw), taken(new_bench, np.ascontiguousarray(other_raw), names))
    both = [d for d in found if d.causes]
    assert len(both) == 7
    for d in both:
        assert tuple(d.causes) == snapshot.CAUSES
        assert d.old_rank is not None
        assert d.new_rank is not None
        assert d.move == d.old_rank - d.new_rank
    assert {d.model for d in found if d.new_score is None} == {"model 0"}


@pytest.mark.parametrize("content", ["[]", "{}", '{"format": "glevel snapshot 1"}', "nonsense"])
def test_not_a_snapshot(tmp_path, content, capsys):
    path = tmp_path / "x.json"
    path.write_text(content, encoding="utf-8")
    assert main(["verify", str(path)]) == 1
    assert "x.json" in capsys.readouterr().err


def test_edited_beyond_use(tmp_path):
    data = through_a_file(taken(*case()), tmp_path)
    for part, value in (("results", {"models": ["a"], "values": [[1.0]]}), ("policy", {}), ("results", [])):
        with pytest.raises(gl.GLevelError):
            snapshot.verify(data | {part: value})


def test_hostile_snapshots(tmp_path, monkeypatch):
    data = through_a_file(taken(*case()), tmp_path)

    def refuses(change, words):
        with pytest.raises(gl.GLevelError, match=words) as caught:
            snapshot.verify(through_a_file(data | change, tmp_path))
        assert len(str(caught.value)) < 500

    refuses({"policy": {"policy": ["x"], "zero": "missing"}}, "policy")
    refuses({"policy": {"policy": "paper", "zero": "n" * 9000}}, "zero")
    refuses({"sha256": []}, "sha256 is")
    if sys.version_info < (3, 14):
        refuses({"scores": nested(700)}, "RecursionError")
    else:  # whose stack is deeper
        assert snapshot.verify(through_a_file(data | {"scores": nested(700)}, tmp_path)).differences
    odd = data | {"glevel_fast": "\x1b[31m" + "n" * 9000, "scores": [{"\x1b" + "k" * 900: 1}] * 8}
    verdict = snapshot.verify(through_a_file(odd, tmp_path))
    lines = (*verdict.differences, *verdict.notes)
    assert len(lines) == 10
    assert all(line.isprintable() and len(line) < 500 for line in lines)
    same = data | {"scores": [{"a b": 1}] * 8}
    assert len(snapshot.verify(same).differences) == 9
    monkeypatch.setattr(snapshot, "MAX_PARTS", 39)
    refuses({}, "40 models x modalities are more than the limit of 39")


def test_what_cannot_be_read_again_is_not_taken(monkeypatch):
    monkeypatch.setattr(snapshot, "MAX_VALUES", 2 * 8 * 90 - 2)
    with pytest.raises(gl.GLevelError, match=r"720 values .* are more than the limit of 719"):
        taken(*case())
    monkeypatch.undo()
    monkeypatch.setattr(snapshot, "MAX_PARTS", 39)
    with pytest.raises(gl.GLevelError, match="40 models x modalities"):
        taken(*case())


def nested(depth):
    value = []
    for _ in range(depth):
        value = [value]
    return value


def test_commands(tmp_path, capsys):
    old, new = str(tmp_path / "old.json"), str(tmp_path / "new.json")
    assert main(["snapshot", "-o", old, "--date", "2025-05-07"]) == 0
    assert main(["snapshot", "-o", new, "--policy", "release"]) == 0
    assert main(["verify", old]) == 0
    assert "every bit the same" in capsys.readouterr().out
    assert main(["diff", old, new]) == 0
    assert "policy" in capsys.readouterr().out
    assert main(["diff", old, new, "--json", "-", "--level", "2"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert all(row["move"] == row["causes"]["policy"] for row in rows)
    data = json.loads((tmp_path / "old.json").read_text(encoding="utf-8"))
    data["scores"][0]["level"] = 5
    write.json(data, old)
    assert main(["verify", old]) == 1
    assert "level is" in capsys.readouterr().err


def test_a_snapshot_carries_the_metrics_it_was_made_with(tmp_path):
    """Somebody who has not registered them, or has another metric of the name, verifies it all the same."""
    own = gl.Metric("LPIPS", "inverse", constant=0.5, high=3.0)
    columns = {"task": ["a"], "modality": ["image"], "paradigm": ["generation"], "metric": ["lpips"], "sota": [0.25]}
    bench = gl.load_benchmark(columns, definitions={"LPIPS": own})
    with pytest.raises(gl.UnknownMetricError, match="lpips"):
        gl.load_benchmark(columns)
    data = through_a_file(snapshot.take(gl.Scorer(bench).score({"m": {"a": 0.2}})), tmp_path)
    assert snapshot.verify(data).same
    assert snapshot.restore(data)[0].metrics == (own,)
    data["metrics"]["lpips"]["constant"] = 0.6
    assert "the metrics were changed: the hash does not fit" in snapshot.verify(data).differences
    data["metrics"]["lpips"]["family"] = "magic"
    with pytest.raises(gl.ResultsError, match="do not fit together"):
        snapshot.verify(data)


def test_a_snapshot_carries_what_is_not_known(tmp_path):
    benchmark, raw = case()
    results = gl.Results.from_array([f"m{i}" for i in range(len(raw))], raw, benchmark)
    unknown = np.isnan(raw)
    scores = gl.Scorer(benchmark, invalid="missing").score(replace(results, unknown=unknown))
    data = through_a_file(snapshot.take(scores), tmp_path)
    assert snapshot.verify(data).same
    assert np.array_equal(snapshot.restore(data)[1].unknown, unknown)
    data["results"]["unknown"] = [[0, 10_000]]
    with pytest.raises(gl.ResultsError, match="do not fit together"):
        snapshot.verify(data)


def test_new_models_are_told_from_changed_ones():
    benchmark, raw = case()
    names = [f"m{i}" for i in range(8)]
    old = taken(benchmark, raw[:7], names[:7])
    changed = raw.copy()
    changed[0] = np.nan
    new = taken(benchmark, changed[[0, 1, 2, 3, 4, 5, 7]], [*names[:6], names[7]])
    status = {d.model: d.status for d in snapshot.diff(old, new)}
    assert (status["m0"], status["m6"], status["m7"]) == ("changed", "gone", "new")
    assert {d.to_dict()["status"] for d in snapshot.diff(old, old)} == {"same"}
    assert "1 are new, 1 are gone" in snapshot.diff_sheet(snapshot.diff(old, new)).text()
