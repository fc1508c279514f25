"""The files that whole processes read: workbooks in the released layout, and one wide Parquet file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import workload

from glevel_fast.io import write
from glevel_fast.io.workbook import HEADER, SHEETS, SOTA

if TYPE_CHECKING:
    from numpy.typing import NDArray

    import glevel_fast as gl


def released_benchmark() -> gl.Benchmark:
    """The 699 tasks of the released workbooks: three language tasks fewer than the paper counts."""
    bench = workload.workbook_benchmark()
    return replace(workload.reordered(bench, np.arange(699)), sota=as_typed(bench.sota[:699]))


@np.vectorize
def as_typed(value: float) -> float:
    """Five significant digits, as people type them; three decimals would make 0 of a chamfer distance of 0.0004."""
    return float(f"{value:.5g}")


def write_workbook(path: Path, bench: gl.Benchmark, column: str, values: NDArray[np.float64]) -> None:
    """A workbook in the released layout with one column of values; a missing one is written as "∞", as there."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    for name, group in SHEETS.items():
        sheet = book.create_sheet(name)
        sheet.append([*HEADER, column])
        tasks = np.flatnonzero([bench.groups[g] == group for g in bench.group_of_task]).tolist()
        for number, i in enumerate(tasks, start=1):
            value = values[i]
            task = bench.tasks[i]
            sheet.append([number, task, task[:12], bench.metric[i], "∞" if np.isnan(value) else float(as_typed(value))])
    book.save(path)


def write_workbooks(folder: Path, n: int) -> tuple[Path, list[Path]]:
    """The specialists' workbook and n workbooks of one model each."""
    bench = released_benchmark()
    sota = folder / "sota_result.xlsx"
    write_workbook(sota, bench, SOTA, bench.sota)
    raw = workload.raw(bench, n)
    paths = [folder / f"model-{k:03}_result.xlsx" for k in range(n)]
    for path, row in zip(paths, raw, strict=True):
        write_workbook(path, bench, path.stem.removesuffix("_result"), row)
    return sota, paths


def write_benchmark(path: Path, bench: gl.Benchmark) -> None:
    """The benchmark as CSV."""
    write.csv(bench.to_dict(), str(path))


def write_parquet(path: Path, bench: gl.Benchmark, n_models: int, rows: int = 5000) -> None:
    """Wide results, `rows` models to a row group, written piece by piece."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema([("model", pa.string()), *((task, pa.float64()) for task in bench.tasks)])
    with pq.ParquetWriter(path, schema, compression="none", use_dictionary=False) as file:
        for first in range(0, n_models, rows):
            n = min(rows, n_models - first)
            columns = [pa.array([f"model-{first + i:06}" for i in range(n)])]
            columns += [pa.array(column) for column in workload.raw(bench, n, seed=first).T]
            file.write_table(pa.Table.from_arrays(columns, schema=schema))
