"""Open and closed sets: stable, keyed, of the paper's share, and the closed gold stays where it belongs."""

import json
import math
import os
import shutil
from pathlib import Path

import pytest

from glevel_fast.errors import GLevelError
from glevel_fast.registry.split import PAPER, is_closed, new_key, parse_share, read_key, split_annotations

KEY = b"sixteen bytes or more"


def test_the_share_is_that_of_the_paper():
    n = 20_000
    for task in ("Reading", "Depth"):
        closed = sum(is_closed(KEY, task, str(i)) for i in range(n))
        assert abs(closed / n - 0.4) < 4 * math.sqrt(0.4 * 0.6 / n)
    together = sum(is_closed(KEY, "Reading", str(i)) == is_closed(KEY, "Depth", str(i)) for i in range(n))
    assert abs(together / n - (0.4**2 + 0.6**2)) < 4 * math.sqrt(0.25 / n)  # tasks do not share their split


def test_only_task_id_key_and_share_decide():
    assert PAPER == (2, 3)
    sides = [is_closed(KEY, "Reading", str(i)) for i in range(400)]
    assert sides == [is_closed(KEY, " READING", str(i)) for i in range(400)]  # names meet folded
    assert sides == [is_closed(KEY, "Reading", str(i), (4, 6)) for i in range(400)]
    assert sides != [is_closed(KEY + b"x", "Reading", str(i)) for i in range(400)]
    larger = [is_closed(KEY, "Reading", str(i), (1, 1)) for i in range(400)]
    assert all(more for less, more in zip(sides, larger, strict=True) if less)
    assert sum(larger) > sum(sides)
    # pinned: another version must not split otherwise
    assert [i for i in range(20) if is_closed(KEY, "Reading", str(i))] == [0, 3, 4, 6, 8, 12, 13, 15]


def test_shares_are_read():
    assert parse_share("2:3") == (2, 3)
    for text in ("2", "0:3", "2:0", "2:3:4", "-2:3", "40%"):
        with pytest.raises(GLevelError, match="not written such as 2:3"):
            parse_share(text)


def test_keys(tmp_path):
    path = tmp_path / "split.key"
    new_key(path)
    assert len(read_key(path)) == 64
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(GLevelError, match="is there already"):
        new_key(path)
    (tmp_path / "short").write_text("secret\n")
    with pytest.raises(GLevelError, match="can be guessed"):
        read_key(tmp_path / "short")


def annotations(folder, n=60, more=()):
    """Two tasks of the layouts that real files have, with gold in keys of all kinds and in media."""
    (folder / "reading").mkdir(parents=True)
    data = [
        {"id": i, "input": {"text": f"question {i}"}, "output": {"answer": f"GOLD-{i}"}, "category": f"GOLD-{i}"}
        for i in range(n)
    ]
    content = {"task": "Reading", "skill": "s", "type": "QA", "data": [*data, *more]}
    (folder / "reading" / "annotation.json").write_text(json.dumps(content))
    (folder / "depth" / "maps").mkdir(parents=True)
    (folder / "depth" / "images").mkdir()
    for i in range(n):
        (folder / "depth" / "maps" / f"{i}.png").write_bytes(b"GOLD-MAP-%d" % i)
        (folder / "depth" / "images" / f"{i}.png").write_bytes(b"IMAGE-%d" % i)
    (folder / "depth" / "annotation.json").write_text(
        json.dumps(
            [
                {"id": f"d{i}", "input": {"image": f"images/{i}.png"}, "output": f"maps/{i}.png", "hint": f"near {i}"}
                for i in range(n)
            ]
        )
    )
    (folder / "README.json").write_text('{"about": 1}')


def everything(folder):
    return b"\n".join(p.read_bytes() for p in sorted(Path(folder).rglob("*")) if p.is_file())


def ids(folder, name):
    content = json.loads((folder / name).read_text())
    return [record["id"] for record in content["data"]]


def test_the_closed_gold_stays_closed(tmp_path):
    annotations(tmp_path / "gold")
    done = split_annotations(tmp_path / "gold", tmp_path / "split", KEY, public=["hint"])
    reading, depth = "reading/annotation.json", "depth/annotation.json"
    open_, closed, inputs = (tmp_path / "split" / side for side in ("open", "closed", "inputs"))
    assert done.counts[reading] == (len(ids(closed, reading)), len(ids(open_, reading)))
    assert sorted(ids(open_, reading) + ids(closed, reading)) == list(range(60))
    assert ids(closed, reading) == ids(inputs, reading) == [i for i in range(60) if is_closed(KEY, "Reading", str(i))]
    assert json.loads((closed / reading).read_text())["task"] == "Reading"
    public = everything(open_) + everything(inputs)
    for i in ids(closed, reading):
        assert b'"GOLD-%d"' % i not in public
        assert b'"question %d"' % i in public
    for name in ids(closed, depth):
        i = int(name[1:])
        assert (closed / "depth" / "maps" / f"{i}.png").read_bytes() == b"GOLD-MAP-%d" % i
        assert (inputs / "depth" / "images" / f"{i}.png").read_bytes() == b"IMAGE-%d" % i
        assert not (inputs / "depth" / "maps").exists()
        assert b"GOLD-MAP-%d\n" % i not in public
        assert b'"near %d"' % i in everything(inputs)
    for name in ids(open_, depth):
        assert (open_ / "depth" / "maps" / f"{name[1:]}.png").exists()
    assert done.notes == ("passed over, no records with ids: 'README.json'",)
    assert not [name for name in os.listdir(tmp_path) if name.startswith(".glevel")]


def test_a_split_is_stable_as_tasks_grow(tmp_path):
    annotations(tmp_path / "gold")
    annotations(tmp_path / "more", more=[{"id": f"new {i}", "input": {}, "output": "GOLD"} for i in range(40)])
    shutil.copytree(tmp_path / "more" / "depth", tmp_path / "more" / "third task")
    for name in ("gold", "more"):
        split_annotations(tmp_path / name, tmp_path / f"{name}-split", KEY)
    for side in ("open", "closed"):
        before = ids(tmp_path / "gold-split" / side, "reading/annotation.json")
        after = ids(tmp_path / "more-split" / side, "reading/annotation.json")
        assert after[: len(before)] == before
        assert len(after) > len(before)
        assert ids(tmp_path / "gold-split" / side, "depth/annotation.json") == ids(
            tmp_path / "more-split" / side, "depth/annotation.json"
        )
    # the same ids split otherwise in another task, whose name its folder gives
    assert ids(tmp_path / "more-split" / "open", "third task/annotation.json") != ids(
        tmp_path / "more-split" / "open", "depth/annotation.json"
    )


def test_nothing_is_half_split(tmp_path):
    annotations(tmp_path / "gold", more=[{"id": 1, "output": "again"}])
    with pytest.raises(GLevelError, match="id '1' stands twice"):
        split_annotations(tmp_path / "gold", tmp_path / "split", KEY)
    assert sorted(os.listdir(tmp_path)) == ["gold"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(GLevelError, match="no JSON file of records"):
        split_annotations(tmp_path / "empty", tmp_path / "split", KEY)
    with pytest.raises(GLevelError, match="is not a folder"):
        split_annotations(tmp_path / "absent", tmp_path / "split", KEY)
    with pytest.raises(GLevelError, match="is there already"):
        split_annotations(tmp_path / "gold", tmp_path / "empty", KEY)
    assert sorted(os.listdir(tmp_path)) == ["empty", "gold"]
