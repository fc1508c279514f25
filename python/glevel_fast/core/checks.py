"""What raw values may be: their metric's domain (docs/spec.md sections 2 and 3)."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from glevel_fast.errors import BenchmarkError, GLevelError
from glevel_fast.io.cells import widened
from glevel_fast.text import bullets, shown

if TYPE_CHECKING:
    from glevel_fast.core.benchmark import Benchmark

__all__ = [
    "check_specialists",
    "checked_date",
    "checked_number",
    "checked_numbers",
    "checked_seed",
    "describe_invalid",
    "given_cells",
    "invalid_cells",
    "outside_domain",
    "refuse_specialist",
]

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


def given_cells(values: Array, zero: str) -> Mask:
    """bool of the shape of `values`: neither NaN nor +inf, nor an exact 0 unless that is a score."""
    given: Mask = ~(np.isnan(values) | np.isposinf(values))
    return given if zero == "score" else given & (values != 0)


def invalid_cells(values: Array, bench: Benchmark, zero: Literal["missing", "score"] = "missing") -> Mask:
    """bool (n_models, n_tasks): cells that are neither missing nor, times scale, inside their metric's domain.

    Missing is NaN, +inf, and an exact 0 unless zero="score". Source: docs/spec.md sections 2 and 3.
    """
    low, high = bench.mapping["low"], bench.mapping["high"]
    with np.errstate(over="ignore", invalid="ignore"):
        z = values * bench.scale
    outside: Mask = given_cells(values, zero) & ~((z >= low) & (z <= high))
    return outside


def describe_invalid(
    mask: Mask, values: Array, bench: Benchmark, models: Sequence[str], sources: Sequence[str], *, advice: bool = True
) -> str:
    """Up to ten cells of `mask`, by source, model, task, metric, value and domain, and how many more."""
    where = np.flatnonzero(mask)

    def cells() -> Iterable[str]:
        for i, j in (divmod(cell, bench.n_tasks) for cell in map(int, where)):
            origin = f"{sources[i]}: " if sources[i] else ""
            scale = f" x scale {bench.scale[j]:g}" if bench.scale[j] != 1 else ""
            yield (
                f"{origin}model {shown(models[i])}, task {shown(bench.tasks[j])}: "
                f"{bench.metric[j]} of {values[i, j]:.6g}{scale} is outside {bench.metrics[j].domain}"
            )

    noun = "value is" if len(where) == 1 else "values are"
    hint = '\ncorrect them, or take them as not supported: invalid="missing" (--invalid missing)' if advice else ""
    return f"{len(where)} {noun} outside the domain of the task's metric:{bullets(cells(), len(where))}{hint}"


def checked_numbers(given: ArrayLike, what: str) -> Array:
    """float64 of numbers, None being NaN.

    Raises
    ------
    GLevelError
        Something else, or arrays of unlike lengths.
    """
    try:
        numbers = np.asarray(given)
        return widened(numbers) if numbers.dtype.kind == "f" else np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise GLevelError(f"{what}: {error}") from None


def checked_number(given: Any, what: str) -> float:
    """One number; see `checked_numbers`."""
    if type(given) is float:
        return given
    value = checked_numbers(given, what)
    if value.ndim:
        raise GLevelError(f"{what}: one number is needed, not {given!r}")
    return float(value)


def checked_date(date: str) -> str:
    """A day written YYYY-MM-DD, or nothing.

    Raises
    ------
    GLevelError
        Anything else.
    """
    try:
        good = not date or bool(re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", date) and datetime.date.fromisoformat(date))
    except (TypeError, ValueError):
        good = False
    if not good:
        raise GLevelError(f"date {shown(date)} is not a day written YYYY-MM-DD")
    return date


def checked_seed(seed: int) -> int:
    """A seed from 0 to 2^64 - 1.

    Raises
    ------
    GLevelError
        Anything else.
    """
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or not 0 <= seed < 2**64:
        raise GLevelError(f"seed={seed!r}: give a whole number from 0 to 2^64 - 1")
    return int(seed)


def outside_domain(bench: Benchmark, sota: Array, tasks: NDArray[Any] | None = None) -> list[tuple[int, int]]:
    """Rows and columns of the specialists' scores that are neither NaN nor inside their metric's domain."""
    which = slice(None) if tasks is None else tasks
    with np.errstate(over="ignore"):
        z = sota * bench.scale[which]
    rows, columns = ((z < bench.mapping["low"][which]) | (z > bench.mapping["high"][which])).nonzero()
    return list(zip(rows.tolist(), columns.tolist(), strict=True))


def check_specialists(bench: Benchmark, tasks: NDArray[Any], values: Array) -> None:
    """Raise `BenchmarkError` for the first of these raw σ that is outside its task's domain."""
    low, high = bench.mapping["low"], bench.mapping["high"]
    if len(tasks) > 8:
        for _, i in outside_domain(bench, values[np.newaxis], tasks)[:1]:
            refuse_specialist(bench, int(tasks[i]), float(values[i]))
        return
    # Plain numbers: of a few, they are looked at in a fraction of the time that arrays take.
    for task, value in zip(tasks.tolist(), values.tolist(), strict=True):
        z = value * bench.scale.item(task)
        if z < low.item(task) or z > high.item(task):
            refuse_specialist(bench, task, value)


def refuse_specialist(bench: Benchmark, task: int, value: float, where: str = "") -> None:
    """Raise `BenchmarkError` for a raw σ outside the domain of its task."""
    scale = f" x scale {bench.scale[task]:g}" if bench.scale[task] != 1 else ""
    raise BenchmarkError(
        f"{where}task {shown(bench.tasks[task])}: a specialist's {bench.metric[task]} of {value:g}{scale} "
        f"is outside the metric's domain {bench.metrics[task].domain}"
    )
