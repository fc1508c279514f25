"""What is done with values once they are read: units, averages, limits, duplicates, the map."""

from __future__ import annotations

import json
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

import glevel_fast as gl
from glevel_fast.errors import ResultsError
from glevel_fast.loading.formats.rows import Row
from glevel_fast.loading.import_map import COLUMNS, ImportMap
from glevel_fast.loading.importing import FORMATS, import_results


def run(results, model="org/m", **more):
    """A file of lm-evaluation-harness: {task: {"metric,filter": value}}."""
    return {"results": results, "model_name": model, "config": {"model": "hf"}} | more


@pytest.fixture
def write(tmp_path):
    def written(name, content):
        path = tmp_path / name
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return str(path)

    return written


def test_the_columns_are_those_of_a_row():
    assert set(COLUMNS) == set(Row.__dataclass_fields__)


def test_units_are_judged_by_task_and_metric_not_by_file(write):
    """One real file has a BLEU of 0.577 beside a judge's 89.156."""
    path = write(
        "r.json", run({"t": {"bleu,none": 0.577, "acc,none": 89.156}, "u": {"acc,none": 0.5, "odd,none": 3.0}})
    )
    other = write("s.json", run({"u": {"acc,none": 61.0}}, "n"))
    units = {(row.model, row.task, row.metric): row.unit for row in import_results("lm-eval", [path, other]).rows}
    assert units == {
        ("org/m", "t", "bleu"): "fraction",
        ("org/m", "t", "acc"): "percent",
        ("org/m", "u", "acc"): "percent",
        ("org/m", "u", "odd"): "",
        ("n", "u", "acc"): "percent",
    }


def test_averages_are_off_beside_their_parts(write):
    groups = {"groups": {"all": {}}, "group_subtasks": {"all": ["a", "b"]}}
    values = {"all": {"acc,none": 0.5}, "a": {"acc,none": 0.4}, "b": {"acc,none": 0.6}, "c": {"acc,none": 0.1}}
    path = write("r.json", run(values, **groups))

    def tasks(which):
        return [row.task for row in import_results("lm-eval", path, groups=which).rows]

    assert tasks("parts") == ["a", "b", "c"]
    assert tasks("averages") == ["all", "c"]
    assert tasks("both") == ["all", "a", "b", "c"]
    assert import_results("lm-eval", path).left == {
        'averages and groups beside their parts (groups="averages" takes them)': 1
    }
    only_average = write("s.json", run({"all": {"acc,none": 0.5}}, **groups))
    with pytest.raises(ResultsError, match='all 1 values are averages of others: take them with groups="averages"'):
        import_results("lm-eval", only_average)


def test_runs_of_a_limit_are_refused_unless_asked(write):
    whole = write("a.json", run({"t": {"acc,none": 0.5}}))
    held = write("b.json", run({"t": {"acc,none": 0.9}}, "n", config={"limit": 10}))
    with pytest.raises(ResultsError, match=r"1 values come from runs held to.*\n.*b\.json: limit 10, 1 values"):
        import_results("lm-eval", [whole, held])
    assert [row.limit for row in import_results("lm-eval", [whole, held], limited="keep").rows] == ["", "10"]
    dropped = import_results("lm-eval", [whole, held], limited="drop")
    assert (len(dropped), dropped.left) == (1, {"runs held to a number of samples": 1})


def dated(value, date, n=None):
    samples = {"n-samples": {"t": {"effective": n}}} if n else {}
    return run({"t": {"acc,none": value}}, date=date, **samples)


def test_duplicates_list_what_differs(write):
    five = write("five.json", run({"t": {"acc,none": 0.5}}, **{"n-shot": {"t": 5}}))
    zero = write("zero.json", run({"t": {"acc,none": 0.4}}, **{"n-shot": {"t": 0}}))
    with pytest.raises(ResultsError) as error:
        import_results("lm-eval", [five, zero])
    assert "2 values share model, task and metric with another:" in str(error.value)
    assert "model 'org/m', task 't', metric 'acc': 2 values differ in shots ('5', '0')" in str(error.value)
    assert "they differ in shots (1 times)" in str(error.value)
    with pytest.raises(ResultsError, match=r"on_duplicate='latest' does not settle these"):
        import_results("lm-eval", [five, zero], on_duplicate="latest")  # two things measured, not two runs
    assert [r.value for r in import_results("lm-eval", [five, zero], only={"shots": "0"}).rows] == [0.4]


def test_of_repeated_runs_one_is_chosen_openly(write):
    old, new = write("old.json", dated(0.5, 1.7e9, 200)), write("new.json", dated(0.4, 1.8e9, 100))
    with pytest.raises(ResultsError, match=r"differ in n \('200', '100'\), date \('2023-11-14"):
        import_results("lm-eval", [old, new])
    latest = import_results("lm-eval", [old, new], on_duplicate="latest")
    assert [row.value for row in latest.rows] == [0.4]
    assert latest.notes[-1] == "1 left out: other runs of the same (latest is taken)"
    assert [r.value for r in import_results("lm-eval", [old, new], on_duplicate="largest-n").rows] == [0.5]
    undated = write("undated.json", run({"t": {"acc,none": 0.3}}))
    for how in ("latest", "largest-n"):
        with pytest.raises(ResultsError, match="does not settle"):
            import_results("lm-eval", [old, undated], on_duplicate=how)
    twin = write("twin.json", dated(0.5, 1.7e9, 200))
    with pytest.raises(ResultsError, match="differ in nothing but their file"):
        import_results("lm-eval", [old, twin])


def test_only_names_what_there_is(write):
    path = write("r.json", run({"t": {"acc,none": 0.5}}))
    with pytest.raises(ResultsError, match=r"only shots='5': no value has it; there are ''"):
        import_results("lm-eval", path, only={"shots": "5"})
    with pytest.raises(ResultsError, match="only 'size': choose one of model"):
        import_results("lm-eval", path, only={"size": "5"})


def test_folders_are_searched_by_the_format_s_names(tmp_path, write):
    write("results_1.json", run({"t": {"acc,none": 0.5}}))
    write("other.json", "{}")
    assert len(import_results("lm-eval", tmp_path)) == 1
    with pytest.raises(ResultsError, match=r"holds no file named stats\.json"):
        import_results("helm", tmp_path)
    with pytest.raises(ResultsError, match="no files were given"):
        import_results("helm", [])


def test_options_and_formats_that_are_none(write):
    path = write("r.json", run({"t": {"acc,none": 0.5}}))
    for options in ({"groups": "all"}, {"limited": "yes"}, {"on_duplicate": "first"}):
        with pytest.raises(ResultsError, match="choose one of"):
            import_results("lm-eval", path, **options)
    with pytest.raises(ResultsError, match=f"choose one of {', '.join(map(repr, FORMATS))}"):
        import_results("lm_eval", path)
    empty = write("e.json", run({"t": {"acc,none": "N/A"}}))
    with pytest.raises(ResultsError, match="no value was found; 1 left out: the value is no number"):
        import_results("lm-eval", empty)


VALUES = {
    "arc": {"acc,none": 0.25, "acc_stderr,none": 0.125, "acc_norm,none": 0.5},
    "gsm8k": {"exact_match,strict-match": 0.5, "exact_match,flexible-extract": 0.75},
    "odd": {"wonder,none": 7.5},
    "all": {"acc,none": 0.375},
}
GROUPS = {"groups": {"all": {}}, "group_subtasks": {"all": ["arc"]}}


@pytest.fixture
def imported(write):
    path = write("r.json", run(VALUES, **GROUPS))
    return path, import_results("lm-eval", path, groups="both", on_duplicate="keep")


def test_the_draft_of_a_map_reads_back(imported, write):
    path, everything = imported
    draft = everything.map()
    tasks = tomllib.loads(draft)["task"]
    assert [(one["task"], one["metric"], one["filter"], one["as"], one["scale"]) for one in tasks] == [
        ("arc", "acc", "", "Acc", 100),
        ("gsm8k, strict-match", "exact_match", "strict-match", "EM@1", 100),
        ("gsm8k, flexible-extract", "exact_match", "flexible-extract", "EM@1", 100),
    ]
    assert '# also there: "acc_norm"' in draft
    assert '# [[task]]  # an average of others here\n# task = "all"' in draft
    assert '# [[task]]  # no known metric: register it, or leave it out\n# task = "odd"' in draft
    mapped = import_results("lm-eval", path, map=write("map.toml", draft))
    assert [(row.model, row.task, row.metric, row.value, row.unit) for row in mapped.rows] == [
        ("org/m", "arc", "Acc", 25.0, "percent"),
        ("org/m", "gsm8k, strict-match", "EM@1", 50.0, "percent"),
        ("org/m", "gsm8k, flexible-extract", "EM@1", 75.0, "percent"),
    ]
    assert mapped.rows[0].stderr == 12.5
    assert mapped.left == {"tasks, metrics or variants that the map does not name": 3}


def test_results_by_the_draft_load_on_its_benchmark(imported, write):
    path, everything = imported
    mapped = import_results("lm-eval", path, map=write("map.toml", everything.map()))
    bench = gl.load_benchmark(everything.benchmark())
    results = gl.load_results(mapped, bench)
    assert results.models == ("org/m",)
    assert results.values.tolist() == [[25.0, 50.0, 75.0]]
    assert bench.groups == (("language", ""),)


def test_a_map_renames_models_by_revision(write):
    paths = [
        write(f"{sha}.json", run({"t": {"acc,none": value}}, config={"model_sha": sha}))
        for sha, value in (("aa", 0.5), ("bb", 0.6), ("cc", 0.7))
    ]
    draft = import_results("lm-eval", paths, on_duplicate="keep").map()
    assert '"org/m@aa" = "org/m@aa"' in draft
    text = (
        '[[task]]\ntask = "T"\nfrom = "t"\nmetric = "acc"\nas = "Acc"\nscale = 100\n'
        '[models]\n"org/m@aa" = "M, first"\n"org/m@bb" = "M"\n'
    )
    mapped = import_results("lm-eval", paths, map=write("map.toml", text))
    assert [(row.model, row.value) for row in mapped.rows] == [("M, first", 50.0), ("M", 60.0)]
    assert mapped.left == {"models that the map does not name": 1}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[task]", "is not TOML"),
        ("", r"has no \[\[task\]\]"),
        ("[[task]]\ntask = 't'\n", "task 1: lacks `metric`"),
        ("[[task]]\ntask = 't'\nmetric = 'acc'\nshot = '5'\n", r"task 1: has 'shot' \(nearest: 'shots'"),
        ("[[task]]\ntask = 't'\nmetric = 'acc'\nshots = 5\n", "shots is 5; write it as text, in quotes"),
        ("[[task]]\ntask = 't'\nmetric = 'acc'\nscale = 0\n", r"task 1 \(t\): scale is 0, not a finite number above 0"),
        ("[[task]]\ntask = 't'\nmetric = 'acc'\nscale = inf\n", "scale is inf"),
        ("task = 3", r"has no \[\[task\]\]"),
        ("[[task]]\ntask = 't'\nmetric = 'acc'\n[models]\nm = 3\n", r"\[models\] must give a name"),
        ("tasks = 3", "has 'tasks'; a map has"),
        ("[[task]]\ntask = 'tt'\nmetric = 'acc'\n", "no value is what task 'tt' asks for: from = 'tt', metric = 'acc'"),
        ("[[task]]\ntask = 't'\nmetric = 'acc'\n[models]\n'org/n' = 'N'\n", r"no value is of model 'org/n' \(nearest"),
    ],
)
def test_a_map_that_cannot_be_used(write, text, message):
    path = write("r.json", run({"t": {"acc,none": 0.5}}))
    with pytest.raises(ResultsError, match=message) as error:
        import_results("lm-eval", path, map=write("map.toml", text))
    assert "map.toml" in str(error.value)


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), st.text(st.characters(exclude_categories=["Cs"])))
def test_any_name_survives_the_map(model, task):
    rows = [Row(model=model, task=task, metric="acc", value=0.5, unit="fraction")]
    content = tomllib.loads(ImportMap.draft(rows, "lm-eval"))
    assert content["models"] == {model: model}
    assert content["task"][0]["from"] == task


def test_scaling_is_exact(write):
    path = write("r.json", run({"t": {"acc,none": 0.57, "acc_stderr,none": 0.0007}}))
    text = "[[task]]\ntask = 't'\nmetric = 'acc'\nas = 'Acc'\nscale = 100\n"
    row = import_results("lm-eval", path, map=write("map.toml", text)).rows[0]
    assert (row.value, row.stderr) == (57.0, 0.07)
    assert 0.57 * 100 != 57.0


def test_as_a_frame_and_in_words(imported):
    _, everything = imported
    assert repr(everything) == "Imported(6 values of 1 models on 4 tasks by lm-eval)"
    frame = pytest.importorskip("pandas") and everything.to_pandas()
    assert list(frame.columns) == list(COLUMNS)
    assert frame["value"].tolist() == [0.25, 0.5, 0.5, 0.75, 7.5, 0.375]


def test_values_without_a_name_are_counted(write):
    path = write("r.json", run({"": {"acc,none": 0.5}, "t": {",none": 0.5, "acc,none": 0.25}}))
    imported = import_results("lm-eval", path)
    assert [row.value for row in imported.rows] == [0.25]
    assert imported.left == {"a value without the name of a task or a metric": 2}


def test_only_takes_numbers_as_they_are_written(write):
    path = write("r.json", run({"t": {"acc,none": 0.5}}, **{"n-samples": {"t": {"effective": 1234567}}}))
    assert len(import_results("lm-eval", path, only={"n": "1234567"})) == 1


@pytest.mark.parametrize(("limit", "held"), [(None, ""), (-1, ""), (0, ""), (0.1, "0.1"), (100, "100"), ("50", "50")])
def test_a_limit_is_a_number_above_0(write, limit, held):
    path = write("r.json", run({"t": {"acc,none": 0.5}}, config={"limit": limit}))
    assert import_results("lm-eval", path, limited="keep").rows[0].limit == held
