"""Scores for other projects: every_eval_ever's own schema, model cards that read back, tables with intervals."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

import glevel_fast as gl
from glevel_fast.cli.main import main
from glevel_fast.report.export import METHOD, Export

SCHEMA = Path(__file__).parent / "every_eval_ever" / "eval.schema.json"
LEVELS = ("level2", "level3", "level4", "level5")


@pytest.fixture(scope="module")
def export():
    scorer = gl.Scorer(gl.published.benchmark())
    prepared = scorer.prepare(gl.published.results())
    return Export(prepared.scores, scorer.bootstrap(prepared, 1), 0.9, "2025-05-01")


@pytest.fixture(scope="module")
def validator():
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    kind = jsonschema.validators.validator_for(schema)
    kind.check_schema(schema)
    return kind(schema)


def test_every_eval_ever_s_schema_takes_every_file(export, validator):
    files = dict(export.to_eee("us", "third_party", 1_750_000_000))
    assert len(files) == len(export.scores)
    for path, content in files.items():
        assert not [error.message for error in validator.iter_errors(content)], path
        assert path.split("/")[0] == "general-level"
    assert validator.is_valid(content)
    assert not validator.is_valid(content | {"evaluation_results": [{"evaluation_name": "S2"}]})


def test_every_eval_ever_has_the_numbers(export):
    scores, (low, high) = export.scores, export.boot.intervals(0.9)
    for i, (_, content) in enumerate(export.to_eee()):
        *points, level = content["evaluation_results"]
        assert content["model_info"]["id"] == scores.models[i]
        assert [one["score_details"]["score"] for one in points] == scores.overall[i].tolist()
        for k, one in enumerate(points):
            interval = one["score_details"]["uncertainty"]["confidence_interval"]
            assert interval == {
                "lower": low[i, k], "upper": high[i, k], "confidence_level": 0.9, "method": METHOD,
            }  # fmt: skip
            assert one["score_details"]["details"]["coverage"] == export.boot.coverage[i, k]
            assert one["source_data"]["additional_details"]["sha256"] == scores.benchmark.sha256
        assert level["metric_config"]["level_names"][level["score_details"]["score"]] == (
            f"Level-{scores.level[i]}" if scores.level[i] else "none"
        )


def test_our_own_importer_reads_it_back(export, tmp_path):
    paths = []
    for path, content in list(export.to_eee())[:5]:
        target = tmp_path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(json.dumps(content))
        paths.append(target)
    rows = [row for row in gl.import_results("eee", paths).rows if row.metric == "S2"]
    assert [(row.model, row.value) for row in rows] == list(
        zip(export.scores.models[:5], export.scores.overall[:5, 0].tolist(), strict=True)
    )


def test_a_model_card_reads_back(export, tmp_path):
    yaml = pytest.importorskip("yaml")
    path = tmp_path / "cards.yaml"
    path.write_text(yaml.safe_dump(export.to_model_index(), allow_unicode=True), encoding="utf-8")
    imported = gl.import_results("model-index", path)
    s3 = {row.model: row.value for row in imported.rows if row.metric == "s3"}
    assert s3 == dict(zip(export.scores.models, export.scores.overall[:, 1].tolist(), strict=True))
    assert {row.version for row in imported.rows} == {export.scores.benchmark.sha256}


def test_tables(export):
    columns = export.columns()
    low, high = export.boot.intervals(0.9)
    for i, name in enumerate(LEVELS):
        assert np.array_equal(columns[name], export.scores.overall[:, i])
        assert np.array_equal(columns[f"{name}_low"], low[:, i])
        assert np.array_equal(columns[f"{name}_high"], high[:, i])
        assert columns[f"{name}_coverage"] == export.boot.coverage[:, i].tolist()
    assert set(columns["benchmark_sha256"]) == {export.scores.benchmark.sha256}
    plain = export.to_dict()
    assert plain["models"][3]["level3"] == export.scores.overall[3, 1]
    assert plain["intervals"]["covers"] == export.boot.covers
    assert plain["date"] == "2025-05-01"
    assert "level2_low" not in Export(export.scores).columns()
    assert Export(export.scores).to_dict()["intervals"] is None


def test_a_benchmark_of_language_exports_its_score(validator):
    bench = gl.load_benchmark(
        {"task": ["qa"], "modality": ["language"], "paradigm": [""], "metric": ["Acc"], "sota": [50.0]}
    )
    ours = Export(gl.Scorer(bench).score(gl.load_results({"org/A": {"qa": 60.0}, "../B": {"qa": 40.0}}, bench)))
    files = dict(ours.to_eee())
    assert [path.split("/")[1:3] for path in files] == [["org", "A"], ["unknown", "B"]]
    for content in files.values():
        assert not list(validator.iter_errors(content))
    assert [one["score_details"]["score"] for one in next(iter(files.values()))["evaluation_results"]] == [60.0, 0]


def test_what_does_not_belong_together(export):
    with pytest.raises(gl.GLevelError, match="date 'May' is not a day written YYYY-MM-DD"):
        Export(export.scores, date="May")
    other = gl.Scorer(export.scores.benchmark).score(export.scores.raw[:3])
    with pytest.raises(gl.GLevelError, match="the intervals are of other models"):
        Export(other, export.boot)


def test_the_command(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1750000000")
    assert main(["export", "csv", "-o", str(tmp_path / "s.csv")]) == 0
    rows = list(csv.DictReader((tmp_path / "s.csv").read_text(encoding="utf-8").splitlines()))
    assert float(rows[0]["level2_low"]) <= float(rows[0]["level2_high"])
    assert main(["export", "json", "--no-intervals", "-o", "-"]) == 0
    assert json.loads(capsys.readouterr().out)["intervals"] is None
    assert main(["export", "eee", "--organization", "us", "-o", str(tmp_path / "data")]) == 0
    files = list((tmp_path / "data").rglob("*.json"))
    assert len(files) == len(rows)
    content = json.loads(files[0].read_text(encoding="utf-8"))
    assert content["retrieved_timestamp"] == "1750000000"
    assert content["source_metadata"]["source_organization_name"] == "us"
    pytest.importorskip("yaml")
    assert main(["export", "model-index", "--no-intervals", "-o", str(tmp_path / "cards.yaml")]) == 0
    assert (tmp_path / "cards.yaml").read_text(encoding="utf-8").startswith("model-index:\n- name:")
    assert main(["export", "csv", "--date", "May", "-o", str(tmp_path / "no.csv")]) == 1
    assert not (tmp_path / "no.csv").exists()
    (tmp_path / "file").write_text("")
    assert main(["export", "eee", "--no-intervals", "-o", str(tmp_path / "file")]) == 1
    assert "cannot be made" in capsys.readouterr().err
    with pytest.raises(SystemExit) as stop:
        main(["export", "eee", "-o", "-"])
    assert stop.value.code == 2
