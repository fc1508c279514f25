"""Layouts of results: what is written is read again with the same names and bits, by every way in."""

import json
from io import BytesIO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from generate import random_case
from hypothesis import given, settings
from hypothesis import strategies as st

from glevel_fast import BenchmarkError, GLevelError, ResultsError, Scorer, load_benchmark, load_results
from glevel_fast.cli.main import main
from glevel_fast.io import arrow, ipc, parquet, rows, write
from glevel_fast.io.pages import values_in_pages
from glevel_fast.io.read import read_file
from glevel_fast.loading import convert as converting
from glevel_fast.loading import folder
from glevel_fast.loading.convert import convert
from glevel_fast.loading.intake import Reading

BENCH, RAW = random_case(70, 33, 31)
MODELS = [f"modèle {i}" for i in range(len(RAW))]
WAYS = [(".parquet", "columns"), (".parquet", "list"), (".arrow", "columns"), (".arrow", "list"), (".csv", None),
        (".json", None)]  # fmt: skip


@pytest.fixture
def source(tmp_path):
    """Wide, tasks in another order, and one of them absent."""
    columns = dict(zip(BENCH.tasks, RAW.T, strict=True))
    write.parquet({"model": MODELS} | {task: columns[task] for task in BENCH.tasks[:0:-1]}, tmp_path / "r.parquet")
    return tmp_path / "r.parquet"


@pytest.mark.parametrize(("kind", "layout"), WAYS)
@pytest.mark.parametrize("pieces", [False, True])
def test_every_layout_has_the_same_bits(source, tmp_path, monkeypatch, kind, layout, pieces):
    expected = load_results(source, BENCH)
    if pieces:  # of a few rows, and row groups of two of them
        monkeypatch.setattr(converting, "BATCH", 10 * len(BENCH.tasks))
        monkeypatch.setattr(folder, "BATCH", 7 * len(BENCH.tasks))
        monkeypatch.setattr(rows, "GROUP", 20 * len(BENCH.tasks))
    to = tmp_path / f"out{kind}"
    done = convert([source], BENCH, str(to), Reading(), layout)
    assert done.models == len(MODELS)
    assert done.notes == list(expected.notes)
    (tmp_path / "folder").mkdir()
    to.rename(tmp_path / "folder" / to.name)
    read = [load_results(tmp_path / "folder" / to.name, BENCH)]
    if kind in (".parquet", ".arrow"):
        read.append(load_results(tmp_path / "folder", BENCH))
        scored = Scorer(BENCH).score_folder(tmp_path / "folder", tmp_path / "scores")
        np.testing.assert_array_equal(scored.columns()["level3"], Scorer(BENCH).score(expected).overall[:, 1])
    for one in read:
        assert one.models == expected.models == tuple(MODELS)
        np.testing.assert_array_equal(one.values, expected.values)


@given(
    st.lists(st.text(min_size=1), min_size=1, max_size=4, unique=True),
    st.integers(0, 6),
    st.sampled_from(["columns", "list"]),
    st.sampled_from([".parquet", ".arrow"]),
    st.randoms(use_true_random=False),
)
@settings(max_examples=60, deadline=None)
def test_rows_come_back_as_they_were(tmp_path_factory, titles, n, layout, kind, random):
    titles = [f"t {title!a}" for title in titles]
    values = np.array([[random.choice([np.nan, -0.0, 1e300, 5e-324, 0.1])] * len(titles) for _ in range(n)])
    values = values.reshape(n, len(titles))
    path = tmp_path_factory.mktemp("rows") / f"r{kind}"
    parts = [([f"m{i}" for i in range(a, b)], values[a:b]) for a, b in ((0, n // 2), (n // 2, n))]
    rows.write_rows(str(path), "model", titles, iter(parts), layout)
    table = read_file(path)
    assert list(table.columns) == ["model", *titles]
    assert table.matrix.tobytes() == values.tobytes()
    assert list(table.columns["model"]) == [f"m{i}" for i in range(n)]


def test_lists_of_others_are_read(tmp_path):
    """Lists of any kind, with nulls, sliced: what counts is the column `values` and the names in the metadata."""
    tasks = list(BENCH.tasks[:3])
    about = {"glevel_fast.tasks": json.dumps(tasks)}
    cells = [[9.0] * 3, [1.0, None, 3.0], [4.0, 5.0, 6.0]]
    for kind in (pa.list_(pa.float64()), pa.large_list(pa.float64()), pa.list_(pa.float64(), 3)):
        table = pa.table({"values": pa.array(cells, kind), "model": ["x", "a", "b"]}).slice(1)
        pq.write_table(table.replace_schema_metadata(about), tmp_path / "r.parquet")
        read = load_results(tmp_path / "r.parquet", BENCH)
        assert read.models == ("a", "b")
        np.testing.assert_array_equal(read.values[:, :3], [[1.0, np.nan, 3.0], [4.0, 5.0, 6.0]])


@pytest.mark.parametrize(
    ("column", "about", "message"),
    [
        ([[1.0, 2.0], [1.0]], ["a", "b"], "not every list in the column 'values' holds 2 values"),
        ([[1.0, 2.0], None], ["a", "b"], "not every list in the column 'values' holds 2 values"),
        ([["1"], ["2"]], ["a"], "no such column"),
        ([1.0, 2.0], ["a"], "no such column"),
        ([[1.0], [2.0]], "a", "not a list of names"),
        ([[1.0], [2.0]], [], "not a list of names"),
        ([[1.0], [2.0]], None, "not plain values"),
    ],
)
def test_lists_that_do_not_fit_are_refused(tmp_path, column, about, message):
    table = pa.table({"model": ["x", "y"], "values": column})
    if about is not None:
        table = table.replace_schema_metadata({"glevel_fast.tasks": json.dumps(about)})
    pq.write_table(table, tmp_path / "r.parquet")
    with pa.OSFile(str(tmp_path / "r.arrow"), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table)
    for kind in ("parquet", "arrow"):
        with pytest.raises(ResultsError, match=message):
            load_results(tmp_path / f"r.{kind}", BENCH)


def test_what_a_file_of_lists_unpacks_to_is_counted_before(source, tmp_path, monkeypatch):
    """A row of a column of lists may hold any number of values: 40 MB of them stand in a few hundred bytes."""
    many = pa.array([[0.0] * 5_000_000], pa.list_(pa.float64()))
    bomb = pa.table({"model": ["x"], "values": many}).replace_schema_metadata({"glevel_fast.tasks": '["a"]'})
    pq.write_table(bomb, tmp_path / "bomb.parquet")
    assert (tmp_path / "bomb.parquet").stat().st_size < 10_000
    with pytest.raises(ResultsError, match="not every list"):
        load_results(tmp_path / "bomb.parquet", BENCH)
    monkeypatch.setattr(parquet, "MAX_NUMBERS", 4_000_000)
    with pytest.raises(ResultsError, match="cells are more than the limit of 4,000,000"):
        load_results(tmp_path / "bomb.parquet", BENCH)
    for layout, options in (("list", {}), ("columns", {"data_page_version": "2.0"})):
        convert([source], BENCH, str(tmp_path / "r.parquet"), Reading(), layout)
        pq.write_table(pq.read_table(tmp_path / "r.parquet"), tmp_path / "r.parquet", data_page_size=500, **options)
        about = pq.read_metadata(tmp_path / "r.parquet").row_group(0)
        values = sum(about.column(i).num_values for i in range(about.num_columns))
        with open(tmp_path / "r.parquet", "rb") as file:
            assert values <= values_in_pages(file, 10**9) <= 1.5 * values
            assert values_in_pages(file, 100) > 100


@pytest.mark.parametrize("data", [b"", b"PAR1", b"PAR1" + b"\x15" * 40 + (40).to_bytes(4, "little") + b"PAR1"])
def test_pages_of_what_is_no_parquet_file(data):
    with pytest.raises(ValueError, match=r"footer|cut off|list|kind|number"):
        values_in_pages(BytesIO(data), 10)


def test_arrow_files_that_are_none(tmp_path, monkeypatch):
    table = pa.table({"model": ["x"], BENCH.tasks[0]: [1.0]})

    def written(table, **options):
        how = pa.ipc.IpcWriteOptions(**options)
        with (
            pa.OSFile(str(tmp_path / "r.arrow"), "wb") as file,
            pa.ipc.new_file(file, table.schema, options=how) as writer,
        ):
            writer.write_table(table)
        return (tmp_path / "r.arrow").read_bytes()

    def refused(message, content=None):
        if content is not None:
            (tmp_path / "r.arrow").write_bytes(content)
        with pytest.raises(ResultsError, match=message):
            load_results(tmp_path / "r.arrow", BENCH)
        with pytest.raises(BenchmarkError, match=message):
            load_benchmark(tmp_path / "r.arrow")

    whole = written(table)
    assert load_results(tmp_path / "r.arrow", BENCH).values[0, 0] == 1.0
    for end in (20, len(whole) // 3, len(whole) // 2):
        refused("r.arrow: is not an Arrow file that can be read|has a header but no rows|is empty", whole[:end])
    refused("is not an Arrow file", b"ARROW2" + whole[6:])
    refused("is empty", b"")
    written(table, compression="zstd")
    refused("is compressed, so that it cannot be mapped")
    written(table.set_column(0, "model", table["model"].dictionary_encode()))
    refused("the column 'model' is a dictionary")
    written(table)
    monkeypatch.setattr(ipc, "MAX_NUMBERS", 1)
    refused("2 cells are more than the limit of 1")


def test_damaged_arrow_files_end_in_an_error_or_a_table(tmp_path):
    """No byte of one can make the process die."""
    table = pa.table({"model": ["x", "y"], **{task: [1.0, 2.0] for task in BENCH.tasks[:3]}})
    path = tmp_path / "r.arrow"
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table)
    whole, rng, refused = path.read_bytes(), np.random.default_rng(0), []
    for _ in range(200):
        broken = bytearray(whole)
        for place in rng.integers(0, len(whole), 3):
            broken[place] = int(rng.integers(0, 256))
        path.write_bytes(broken)
        try:
            load_results(path, BENCH)
        except GLevelError as error:
            refused.append(str(error))
    assert len(refused) > 20
    assert all(str(path) in message for message in refused)


def test_an_arrow_file_is_not_copied(tmp_path):
    values = np.ones((2000, 100))
    titles = [f"t{i}" for i in range(100)]
    rows.write_rows(
        str(tmp_path / "r.arrow"), "model", titles, iter([([f"m{i}" for i in range(2000)], values)]), "list"
    )
    schema, batches = ipc.map_arrow(tmp_path / "r.arrow", 2**30)
    before = pa.total_allocated_bytes()
    table = arrow.table_of(pa.Table.from_batches(batches, schema), "r.arrow")
    assert pa.total_allocated_bytes() - before < values.nbytes / 4
    assert not table.matrix.flags.owndata
    assert not table.matrix.flags.writeable
    np.testing.assert_array_equal(table.matrix, values)


def test_what_is_wrong_leaves_no_file(source, tmp_path):
    to = tmp_path / "out.parquet"
    to.write_text("as it was")
    twin = tmp_path / "twin.csv"
    write.csv({"model": [MODELS[3].upper()], BENCH.tasks[0]: [1.0]}, twin)
    with pytest.raises(
        ResultsError, match=r"the same model is there twice.*\n.*twin.csv, line 2 and .*r.parquet, row 4"
    ):
        convert([source, twin], BENCH, str(to), Reading())
    assert to.read_text() == "as it was"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.parquet", "r.parquet", "twin.csv"]
    with pytest.raises(GLevelError, match=r"results are written as \.parquet, \.arrow, \.csv, \.json"):
        convert([source], BENCH, str(tmp_path / "out.xlsx"), Reading())
    with pytest.raises(GLevelError, match="a column of lists is for"):
        convert([source], BENCH, str(tmp_path / "out.csv"), Reading(), "list")


def test_what_a_wide_table_cannot_hold_is_noted(tmp_path):
    write.csv({"model": ["a"], "task": [BENCH.tasks[0]], "value": [1.0], "n": [20]}, tmp_path / "r.csv")
    done = convert([tmp_path / "r.csv"], BENCH, str(tmp_path / "out.arrow"), Reading())
    assert "r.csv: standard errors and numbers of samples are left out" in done.notes


def test_command_line(source, tmp_path, capsys):
    write.csv(BENCH.to_dict(), tmp_path / "bench.csv")
    bench = ["-b", str(tmp_path / "bench.csv")]
    assert main(["convert", str(source), *bench, "-o", str(tmp_path / "out.arrow")]) == 0
    said = capsys.readouterr()
    assert said.out == ""
    assert f"70 models written to {tmp_path / 'out.arrow'}" in said.err
    assert "1 of 33 tasks are absent" in said.err
    assert main(["score", str(source), *bench, "--csv", "-"]) == 0
    expected = capsys.readouterr().out
    assert main(["score", str(tmp_path / "out.arrow"), *bench, "--csv", "-"]) == 0
    assert capsys.readouterr().out == expected
    assert main(["snapshot", "-o", str(tmp_path / "s.json")]) == 0
    assert main(["convert", str(tmp_path / "s.json"), "-o", str(tmp_path / "s.parquet"), "--layout", "list"]) == 0
    assert "101 models written" in (said := capsys.readouterr().err)
    assert "not marked as lower bounds" in said
    with pytest.raises(SystemExit, match="2"):
        main(["convert", "-o", str(tmp_path / "x.csv")])
