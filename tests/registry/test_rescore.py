"""All submissions by other rules: at once or not at all, evaluated only where values depend on the change."""

import json

import pytest
from registries import Clock, small_benchmark
from submissions import TASKS, N, archive, new_board, predictions, task_rows, write_gold

import glevel_fast as gl
from glevel_fast.errors import GLevelError
from glevel_fast.registry import rescore as rescore_module
from glevel_fast.registry.intake import Intake
from glevel_fast.registry.rescore import rescore
from glevel_fast.registry.standing import standing_of
from glevel_fast.registry.store import Store


@pytest.fixture
def counted(monkeypatch):
    """How many archives were evaluated."""
    calls, evaluate = [], rescore_module.evaluate_archive

    def counting(*args, **more):
        calls.append(args)
        return evaluate(*args, **more)

    monkeypatch.setattr(rescore_module, "evaluate_archive", counting)
    return calls


@pytest.fixture
def board(tmp_path):
    """Three models on A: Wide does all a little, Deep one modality well, Low little; and one on B.audio."""
    with new_board(tmp_path, Clock()) as store:
        entries = [
            ({"see": 3, "paint": 3, "hear": 3, "speak": 3, "read": 1}, "Wide", "A"),
            ({"see": 4, "paint": 4, "read": 3}, "Deep", "A"),
            ({"see": 1}, "Low", "A"),
            ({"hear": 2, "speak": 2}, "Ears", "B.audio"),
        ]
        paths = [archive(tmp_path, right, name, where, f"{name}@lab.org") for right, name, where in entries]
        assert [t.state for t in Intake(store).take(paths)] == ["scored"] * 4
        yield store


def other_specialists(*sota):
    return gl.load_benchmark(small_benchmark().to_dict() | {"sota": list(sota)})


def ranks(store, name="A"):
    ranking = standing_of(store)[0].ranking(store.leaderboards()[name])
    return {p.submission.model: (p.rank, p.level) for p in ranking.places}


def moves(done, name="A"):
    return {d.model: {cause: move for cause, move in d.causes.items() if move} for d in done.boards[name]}


def test_other_specialists_move_ranks_without_any_evaluation(board, counted):
    assert ranks(board) == {"Deep": (1, 5), "Wide": (2, 4), "Low": (3, 2)}
    samples = board.samples(board.kept()[0].evaluation.event)
    bench = other_specialists(100.0, 100.0, 70.0, 70.0, 90.0)
    done = rescore(board, benchmark=bench)
    assert (done.evaluated, done.kept_values, done.left, counted) == (0, 4, {}, [])
    assert ranks(board) == {"Deep": (1, 4), "Wide": (2, 4), "Low": (3, 2)}
    assert board.hashes.benchmark == bench.sha256
    kept = board.kept()[0].evaluation
    assert board.samples(kept.event) == samples
    assert [e.kind for e in board.events()][-5:] == ["settings", *["rescored"] * 4]
    assert not board.faults()
    low = rescore(board, benchmark=other_specialists(20.0, 20.0, 20.0, 20.0, 80.0))
    assert moves(low) == {"Wide": {"sota": 1}, "Deep": {"sota": -1}, "Low": {}}
    assert ranks(board) == {"Wide": (1, 4), "Deep": (2, 4), "Low": (3, 3)}


def test_another_version_evaluates_anew(board, counted, monkeypatch):
    from glevel_fast.registry import evaluating

    for module in (evaluating, rescore_module):
        monkeypatch.setattr(module, "__version__", "99.0")
    assert rescore(board).evaluated == 4
    assert {k.evaluation.version for k in board.kept()} == {"99.0"}
    assert rescore(board).evaluated == 0


def test_versions_side_by_side_are_said(board):
    entry = board.kept()[0].evaluation
    board._db.execute("UPDATE evaluation SET version = '0.0.1' WHERE id = ?", (entry.id,))
    assert any("several versions of glevel_fast: 0.0.1" in note for note in standing_of(board)[1])


def test_values_are_kept_bit_for_bit(board):
    before = [k.evaluation.raw.tobytes() for k in board.kept()]
    rescore(board, benchmark=small_benchmark(20.0))
    assert [k.evaluation.raw.tobytes() for k in board.kept()] == before


def test_other_annotations_are_evaluated_anew(board, counted, tmp_path):
    for task in ("paint", "see"):
        path = tmp_path / "gold" / task / "annotation.json"
        said = json.loads(path.read_text())
        for record in said["data"]:
            record["output"]["answer"] = f"{record['output']['answer']}, corrected"
        path.write_text(json.dumps(said))
    done = rescore(board)
    assert (done.evaluated, done.kept_values, len(counted)) == (4, 0, 4)
    assert ranks(board)["Wide"] == (1, 4)
    assert moves(done)["Wide"] == {"data": 1}
    assert not board.faults()
    # the archives that were evaluated again are those that were sent: the old gold still gives the old board
    write_gold(tmp_path / "gold")
    back = rescore(board)
    assert moves(back)["Deep"] == {"data": 1}
    assert ranks(board) == {"Deep": (1, 5), "Wide": (2, 4), "Low": (3, 2)}


def test_a_task_more_and_a_task_less(board, counted, tmp_path):
    write_gold(tmp_path / "gold", ["spot"])
    bench = small_benchmark(more=["spot"])
    done = rescore(board, benchmark=bench, tasks=task_rows([*TASKS, "spot"]))
    assert (done.evaluated, len(counted)) == (4, 4)
    assert board.benchmark().n_tasks == 6
    assert len(board.kept()[0].evaluation.raw) == 6
    counted.clear()
    less = rescore(board, benchmark=small_benchmark())
    assert (less.evaluated, less.kept_values, counted) == (0, 4, [])
    assert board.benchmark() == small_benchmark()
    assert [row["task"] for row in board.settings["rows"]] == list(TASKS)
    assert len(board.kept()[0].evaluation.raw) == 5


def test_another_definition_is_evaluated_anew(board, counted):
    rows = [row | {"definition": "acc/letter@1"} for row in task_rows()]
    assert rescore(board, tasks=rows).evaluated == 4
    assert {e.hashes.definitions for e in board.evaluations()} == {
        k.evaluation.hashes.definitions for k in board.kept()
    } | {board.evaluations()[0].hashes.definitions}


def test_a_board_whose_tasks_change_is_evaluated_anew(board, counted):
    """Values of tasks outside its board were never taken from a submission."""
    columns = small_benchmark().to_dict() | {"modality": ["image", "audio", "audio", "audio", "language"]}
    rescore(board, benchmark=gl.load_benchmark(columns))
    assert len(counted) == 4


def test_what_cannot_be_evaluated_any_more_is_off_the_board(board, tmp_path, counted):
    (tmp_path / "gold" / "see" / "annotation.json").write_text(json.dumps([{"id": "other", "output": {"answer": "x"}}]))
    done = rescore(board)
    assert set(done.left) == {1, 2, 3}
    assert all("ids that the annotations lack" in why for why in done.left.values())
    assert ranks(board) == {}
    assert ranks(board, "B.audio") == {"Ears": (1, 2)}
    assert standing_of(board)[1] == ("off the boards, they could not be evaluated by what the others were: 1, 2, 3",)
    assert [s.state for s in board.submissions()] == ["scored"] * 4
    write_gold(tmp_path / "gold")
    assert rescore(board).left == {}
    assert ranks(board) == {"Deep": (1, 5), "Wide": (2, 4), "Low": (3, 2)}


def test_a_board_that_is_no_more(board):
    columns = small_benchmark().to_dict()
    keep = [0, 1, 4]
    bench = gl.load_benchmark({name: [column[i] for i in keep] for name, column in columns.items()})
    done = rescore(board, benchmark=bench)
    assert done.left.keys() == {4}
    assert "unknown leaderboard 'B.audio'" in done.left[4]
    assert list(done.boards) == ["A"]


def test_new_grounds_that_do_not_fit_change_nothing(board):
    before = (board.settings, [k.evaluation.id for k in board.kept()], len(list(board.events())))
    with pytest.raises(GLevelError, match="is not in the benchmark"):
        rescore(board, tasks=task_rows(["nothing"]))
    with pytest.raises(GLevelError):
        rescore(board, annotations="nowhere")
    with pytest.raises(GLevelError, match="unknown task"):
        rescore(board, leaderboards={"A.quick": {"scope": "A", "tasks": ["nothing"]}})
    assert (board.settings, [k.evaluation.id for k in board.kept()], len(list(board.events()))) == before


def test_a_submission_that_comes_in_meanwhile_is_rescored_too(board, tmp_path, monkeypatch):
    take, came = board.rescore, []

    def late(*args):
        if not came:
            came.append(True)
            with Store(board.path, write=True, clock=Clock()) as other:
                (taken,) = Intake(other).take([archive(tmp_path, {"see": 2}, "Late", email="late@lab.org")])
                assert taken.state == "scored"
        return take(*args)

    monkeypatch.setattr(board, "rescore", late)
    done = rescore(board, benchmark=small_benchmark(20.0))
    assert done.kept_values == 5
    assert set(ranks(board)) == {"Wide", "Deep", "Low", "Late"}


def test_a_quick_board_can_be_added(board, tmp_path):
    rescore(board, leaderboards={"A.quick": {"scope": "A", "tasks": ["see", "read"]}})
    (taken,) = Intake(board).take([archive(tmp_path, {"see": N, "read": N}, "Quick", "A.quick", "q@lab.org")])
    assert (taken.state, taken.place.parts) == ("scored", {"image": 50.0})
    assert predictions  # the whole archive may be there; the quick board looks at its tasks alone
    assert list(board.samples(board.kept()[-1].evaluation.event)) == ["read", "see"]
