"""Sample noise beside the choice of tasks: how large, what it does, what is said of it, and a simulation."""

import json

import numpy as np
import pytest

import glevel_fast as gl
from glevel_fast import GLevelError, reference
from glevel_fast.cli.main import main
from glevel_fast.uncertainty.noise import Noisy, standard_errors

N_TASKS = 24
BENCH = gl.load_benchmark(
    {
        "task": [f"t{i}" for i in range(N_TASKS)],
        "modality": ["image"] * N_TASKS,
        "paradigm": ["comprehension", "generation"] * (N_TASKS // 2),
        "metric": ["Acc"] * (N_TASKS - 1) + ["FID"],
        "sota": [60.0] * N_TASKS,
        "scale": [1.0] * N_TASKS,
    }
)


def results(values, stderr=None, n=None):
    values = np.asarray(values, dtype=float)
    names = tuple(f"m{i}" for i in range(len(values)))
    return gl.Results(names, BENCH.tasks, values, ("",) * len(values), np.zeros(len(values)), stderr=stderr, n=n)


def values(seed=0, n_models=5):
    return np.random.default_rng(seed).uniform(20, 80, (n_models, N_TASKS))


def test_errors_are_those_given_or_of_a_share():
    raw = values()
    raw[0, 0], raw[1, 1], raw[2, 2] = 0.0, 100.0, np.nan
    stderr, n = np.full(raw.shape, np.nan), np.full(raw.shape, 400.0)
    stderr[3, 3] = 1.25
    prepared = gl.Scorer(BENCH).prepare(results(raw, stderr, n))
    errors = standard_errors(prepared)
    assert errors[3, 3] == 1.25
    share = (0.01 * raw[4, 4] * 400 + 2) / 404
    assert errors[4, 4] == pytest.approx(100 * np.sqrt(share * (1 - share) / 404))
    assert errors[[0, 1], [0, 1]].tolist() == pytest.approx([100 * np.sqrt(2 / 404 * 402 / 404 / 404)] * 2)
    assert np.isnan(errors[2, 2])  # not supported
    assert np.isnan(errors[:, -1]).all()  # FID is no share of samples
    assert Noisy(prepared, lambda one: one).known == (5 * 23 - 1, 5 * 24 - 1)


def test_errors_follow_fractions_that_were_scaled():
    raw = values() / 100
    raw[:, -1] *= 100
    scorer = gl.Scorer(BENCH, fractions="scale")
    errors = standard_errors(scorer.prepare(results(raw, np.full(raw.shape, 0.01))))
    np.testing.assert_allclose(errors[:, :-1], 1.0)
    np.testing.assert_allclose(errors[:, -1], 0.01)


def test_values_move_by_their_error_and_stay_in_their_domain():
    raw, stderr = values(), np.full((5, N_TASKS), 3.0)
    raw[:, 0], raw[:, 1], stderr[:, 2] = 99.9, 0.1, np.nan
    noisy = Noisy(gl.Scorer(BENCH).prepare(results(raw, stderr)), lambda one: one)
    moved = np.stack([noisy.values(7, i) for i in range(2000)])
    np.testing.assert_array_equal(moved, np.stack([noisy.values(7, i) for i in range(2000)]))
    assert (moved[:, :, 2] == raw[:, 2]).all()
    assert (moved[:, :, 0] <= 100).all()
    assert (moved[:, :, 1] > 0).all()
    free = moved[:, :, 3:] - raw[:, 3:]
    assert abs(free.mean()) < 0.05
    assert free.std() == pytest.approx(3.0, rel=0.02)
    correlation = np.corrcoef(free.reshape(2000, -1), rowvar=False)
    assert np.abs(correlation - np.eye(len(correlation))).max() < 0.15


def test_both_is_wider_and_a_win_at_the_edge_hangs_on_it():
    raw = np.full((2, N_TASKS), 40.0)
    raw[0, :4] = 60.5  # wins by half a point, with an error of three
    results_ = results(raw, np.full(raw.shape, 3.0))
    scorer = gl.Scorer(BENCH)
    tasks, both = (scorer.bootstrap(results_, 400, sampling=sampling) for sampling in ("tasks", "both"))
    width = [high - low for low, high in (boot.summary.interval(0.95) for boot in (tasks, both))]
    assert (width[1][:, 0] > width[0][:, 0]).all()
    assert both.summary.mean[0, 1] < 0.8 * tasks.summary.mean[0, 1]
    assert both.above("m0", "m1", 2) == both.all_above(2)[0, 1]  # the same noise for two models as for all


def test_without_noise_it_is_the_bootstrap_of_tasks():
    raw = values()
    stderr = np.zeros(raw.shape)
    scorer = gl.Scorer(BENCH)
    tasks, both = (scorer.bootstrap(results(raw, stderr), 50, sampling=sampling) for sampling in ("tasks", "both"))
    np.testing.assert_array_equal(tasks.summary.mean, both.summary.mean)
    twin = reference.Scorer(BENCH).bootstrap(results(raw, stderr + 2.0), 20, sampling="both")
    ours = scorer.bootstrap(results(raw, stderr + 2.0), 20, sampling="both", piece=7)
    np.testing.assert_allclose(twin.summary.mean, ours.summary.mean, rtol=1e-12)


def test_what_it_covers_is_said():
    raw, n = values(), np.full((5, N_TASKS), 100.0)
    boot = gl.Scorer(BENCH).bootstrap(results(raw, n=n), 20, sampling="both")
    assert boot.covers.endswith("; and sample noise inside a task, for 115 of 120 values")
    assert boot.leaves_out.startswith("sample noise of the 5 values without a standard error or a number of samples; ")
    plain = gl.Scorer(BENCH).bootstrap(results(raw, n=n), 20)
    assert "sample noise" not in plain.covers
    assert plain.leaves_out.startswith("sample noise inside a task")
    with pytest.raises(GLevelError):
        boot.summary.merge(plain.summary)  # parts of another run


def test_what_it_needs():
    scorer = gl.Scorer(BENCH)
    with pytest.raises(GLevelError, match="needs the standard error"):
        scorer.bootstrap(values(), 20, sampling="both")
    with pytest.raises(GLevelError, match="choose 'tasks', or of tasks and skills 'both'"):
        scorer.bootstrap(values(), 20, "modality", sampling="both")
    with pytest.raises(GLevelError, match="sampling='samples'"):
        scorer.bootstrap(values(), 20, sampling="samples")


def test_simulation_of_fresh_tasks_and_fresh_samples():
    """S2 of many fresh tasks is inside the 90 % interval of a board of 24 tasks of 50 samples at least that often."""
    rng = np.random.default_rng(11)
    scorer, n = gl.Scorer(BENCH), 50.0
    inside = {"tasks": 0, "both": 0}
    trials = 60
    for trial in range(trials):
        truth = rng.beta(6, 4, (4, N_TASKS))
        seen = 100 * rng.binomial(int(n), truth) / n
        seen[:, -1] = 30.0
        given = results(seen, n=np.full(seen.shape, n))
        for sampling in inside:
            low, high = scorer.bootstrap(given, 200, seed=trial, sampling=sampling).summary.interval(0.9)
            fid = scorer.map(seen[:1])[0, -1]
            expected = (60.0 + (11 * 60.0 + fid) / 12) / 2
            inside[sampling] += int(((low[:, 0] <= expected) & (expected <= high[:, 0])).sum())
    covered = {sampling: count / (4 * trials) for sampling, count in inside.items()}
    assert covered["both"] >= 0.9
    assert covered["both"] > covered["tasks"]


def test_the_command(tmp_path, capsys):
    (tmp_path / "b.csv").write_text(
        "task,modality,paradigm,metric,sota\nvqa,image,comprehension,Acc,60\ndraw,image,generation,Acc,25\n"
    )
    (tmp_path / "r.csv").write_text("model,task,value,n\nA,vqa,70,100\nA,draw,30,100\nB,vqa,50,100\nB,draw,20,\n")
    arguments = ["stability", str(tmp_path / "r.csv"), "-b", str(tmp_path / "b.csv"), "-n", "20", "--json", "-"]
    assert main([*arguments, "--sampling", "both"]) == 0
    assert json.loads(capsys.readouterr().out)["covers"].endswith("for 3 of 4 values")
