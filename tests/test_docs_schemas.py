"""Each JSON that `glevel` writes has a schema; outputs of every kind hold to it, and broken ones do not."""

import copy
import json
import runpy
from pathlib import Path

import pytest
from submissions import archive, new_board

from glevel_fast.cli.main import main
from glevel_fast.registry.intake import Intake

jsonschema = pytest.importorskip("jsonschema", reason="the group `test` is not installed")
ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
SCRIPT = runpy.run_path(str(DOCS / "schemas.py"))
SCHEMAS = {name: json.loads((DOCS / "schemas" / f"{name}.schema.json").read_text()) for name in SCRIPT["SCHEMAS"]}

BENCHMARK = """task,modality,paradigm,metric,sota,skill
vqa,image,comprehension,Acc,60,see
draw,image,generation,FID,25,make
ask,audio,comprehension,WER,0.1,hear
qa,language,,Acc,,read
"""
RESULTS = "model,vqa,draw,ask,qa\nA,70,20,0.05,50\nB,50,,,0\nC,0.5,30,0.2,\nD,,,,\n"
LATER = "model,vqa,draw,ask,qa\nA,60,20,0.05,50\nB,75,,,0\nE,40,30,0.2,\n"
TEXT_ONLY = "task,modality,paradigm,metric,sota\nqa,language,,Acc,60\nsum,language,,ROUGE-L,40\n"
OURS = ["r.csv", "-b", "b.csv"]
EXAMPLE = [
    "e/predictions/Example-7B",
    "--annotations",
    "e/annotations",
    "--tasks",
    "e/tasks.csv",
    "-b",
    "e/benchmark.csv",
]
EXAMPLE += ["--processes", "1"]
# Schema, and the command that prints (or, with FILE, writes) it: on small odd results, and on the published ones.
COMMANDS = [
    ("score", ["score", *OURS, "--json", "-"]),
    ("score", ["score", *OURS, "--policy", "release", "--json", "-"]),
    ("score", ["score", "t.csv", "-b", "t_b.csv", "--json", "-"]),
    ("score", ["score", "--json", "-"]),
    ("board", ["board", *OURS, "--json", "-"]),
    ("board", ["board", *OURS, "--scope", "B:image", "--level", "3", "--date", "2025-01-01", "--json", "-"]),
    ("board", ["board", "t.csv", "-b", "t_b.csv", "--json", "-"]),
    ("specialists", ["board", *OURS, "--level", "1", "--json", "-"]),
    ("specialists", ["board", "--level", "1", "--scope", "C:language", "--json", "-"]),
    ("readings", ["audit", "--readings", "--json", "-"]),
    ("benchmark", ["benchmark", "export", "-o", "FILE"]),
    ("explain", ["explain", "A", *OURS, "--json", "-"]),
    ("explain", ["explain", "GPT4-o", "--level", "3", "--json", "-"]),
    ("audit", ["audit", "--json", "-"]),
    ("lint", ["lint", *OURS, "--json", "-"]),
    ("policy-diff", ["lint", *OURS, "--policy-diff", "--json", "-"]),
    ("ablate", ["ablate", *OURS, "--leave-one-out", "--json", "-"]),
    ("stability", ["stability", *OURS, "-n", "30", "--json", "-"]),
    ("stability", ["stability", "-n", "20", "--unit", "skill", "--json", "-"]),
    ("what-if", ["what-if", "vqa=80", "--results", *OURS, "--json", "-"]),
    ("subset", ["subset", "--size", "20", "--draws", "5", "--json", "-"]),
    ("benchmark", ["subset", "--size", "20", "--draws", "5", "-o", "FILE"]),
    ("export", ["export", "json", *OURS, "-o", "-"]),
    ("export", ["export", "json", "--no-intervals", "--date", "2025-01-01", "-o", "-"]),
    ("metrics", ["metrics", "--json"]),
    ("snapshot", ["snapshot", *OURS, "-o", "FILE"]),
    ("diff", ["diff", "old.json", "new.json", "--json", "-"]),
    ("rescore", ["rescore", "--registry", "board.db", "--json", "-"]),
    ("evaluate", ["evaluate", *EXAMPLE, "-o", "FILE"]),
    ("samples", ["evaluate", *EXAMPLE, "--samples", "FILE"]),
    ("registry-board", ["registry", "board", "board.db", "--json", "-"]),
]


def validator(name):
    return jsonschema.Draft202012Validator(SCHEMAS[name])


def output(arguments, folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    for name, text in {"b.csv": BENCHMARK, "r.csv": RESULTS, "later.csv": LATER, "t_b.csv": TEXT_ONLY}.items():
        (folder / name).write_text(text)
    (folder / "t.csv").write_text("model,qa,sum\nA,70,30\nB,50,10\n")
    if arguments[0] in ("rescore", "registry"):
        with new_board(folder) as store:
            paths = [archive(folder, {"see": n}, f"M{n}", email=f"{n}@lab.org") for n in (2, 3)]
            assert [taken.state for taken in Intake(store).take(paths)] == ["scored", "scored"]
    if arguments[0] == "evaluate":
        assert main(["evaluate", "--example", "e"]) == 0
    if arguments[0] == "diff":
        assert main(["snapshot", *OURS, "-o", "old.json"]) == 0
        assert main(["snapshot", "later.csv", "-b", "b.csv", "-o", "new.json"]) == 0
    capsys.readouterr()
    arguments = [arg.replace("FILE", "out.json") for arg in arguments]
    assert main(arguments) == 0
    out = capsys.readouterr().out
    return json.loads((folder / "out.json").read_text(encoding="utf-8") if "out.json" in arguments else out)


@pytest.mark.parametrize(("name", "arguments"), COMMANDS, ids=lambda value: value if isinstance(value, str) else "")
def test_outputs_hold_to_their_schema(name, arguments, tmp_path, monkeypatch, capsys):
    found = output(arguments, tmp_path, monkeypatch, capsys)
    assert [f"{error.json_path}: {error.message}" for error in validator(name).iter_errors(found)][:5] == []
    for broken in broken_ones(found, SCHEMAS[name]):
        assert not validator(name).is_valid(broken)


def broken_ones(found, schema):
    """Without a field, and with something else for one: of the whole, and of the first of each list in it."""
    schema = schema.get("anyOf", [schema])[0]
    if isinstance(found, list):
        for one in broken_ones(found[0], schema["items"]) if found and isinstance(found[0], dict) else ():
            yield [one, *found[1:]]
        return
    for key in schema["required"]:
        less = copy.copy(found)
        del less[key]
        yield less
        yield found | {key: {"no": object}}
        part = schema["properties"][key]
        if isinstance(found[key], list):
            for one in broken_ones(found[key], part):
                yield found | {key: one}


def test_every_schema_is_one_and_has_an_output():
    for name, schema in SCHEMAS.items():
        jsonschema.Draft202012Validator.check_schema(schema)
        assert name in {schema for schema, _ in COMMANDS}


def test_schemas_and_their_page_are_what_the_script_writes(tmp_path):
    SCRIPT["main"](tmp_path)
    for path in [tmp_path / "json.md", *(tmp_path / "schemas").iterdir()]:
        assert path.read_text(encoding="utf-8") == (DOCS / path.relative_to(tmp_path)).read_text(encoding="utf-8")
    assert len(list((DOCS / "schemas").iterdir())) == len(SCHEMAS)
    assert "docs/json.md" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_command_that_writes_json_is_here():
    from glevel_fast.cli.main import parser as whole

    commands = next(action for action in whole()._actions if hasattr(action, "choices") and action.choices)
    writes = {
        name
        for name, parser in commands.choices.items()
        if any("--json" in action.option_strings for action in parser._actions)
    }
    assert writes <= {arguments[0] for _, arguments in COMMANDS}
