"""The numba peer: one fused pass over each row, written so that LLVM turns every inner loop into vector code.

Sums may be reassociated (`reassoc`), without which LLVM does not vectorise them; NaN keeps its meaning, for `nnan` is
not given. The mapping is a branch-free tanh, since libm's takes 20 ns a value: tanh(a) = (e^2a - 1) / (e^2a + 1) with
e^2a - 1 from a polynomial. Of fast-math it gets `contract` alone (8-11 % of the whole), for rounding by a large number
must not be folded.
"""

from __future__ import annotations

import numba as nb
import numpy as np
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

LOG2_E = 1.4426950408889634
LN2_HIGH, LN2_LOW = 0.6931471803691238, 1.9082149292705877e-10
ROUND = 6755399441055744.0  # 1.5 * 2^52: adding it rounds to a whole number, held in the low bits
SUM_FLAGS = {"reassoc", "nsz", "contract"}
WON = 1 << 32  # two counts in one integer
# (e^r - 1 - r) / r^2 on |r| <= ln(2) / 2, to 1e-16
P0, P1, P2 = 0.5000000000000001, 0.16666666666666669, 0.041666666666624164
P3, P4, P5 = 0.008333333333330065, 0.0013888888917196719, 0.00019841269863040545
P6, P7, P8, P9 = 2.4801521322367984e-05, 2.755726848030948e-06, 2.762007588032101e-07, 2.5100375832820886e-08


@intrinsic
def bits(typing_context, x):  # type: ignore[no-untyped-def]
    """The bits of a double."""

    def generate(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        return builder.bitcast(arguments[0], ir.IntType(64))

    return types.int64(types.float64), generate


@intrinsic
def from_bits(typing_context, x):  # type: ignore[no-untyped-def]
    """The double of these bits."""

    def generate(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        return builder.bitcast(arguments[0], ir.DoubleType())

    return types.float64(types.int64), generate


@nb.njit(error_model="numpy", inline="never", fastmath={"contract"})
def map_general(row, sota, sign, inverse, linear, constant, worst, slope, points, points_won, counts):
    """Points of the tasks that are not percentages, 0 where not supported; the same where not won; both counts."""
    for j in range(row.size):
        z = row[j]
        c = constant[j]
        over = c if inverse[j] else z
        under = z if inverse[j] else c
        x = 2.0 * (over / under)
        x = x if x < 44.0 else 44.0  # from there on, 100 is long reached
        rounded = x * LOG2_E + ROUND
        k = rounded - ROUND
        r = (x - k * LN2_HIGH) - k * LN2_LOW
        r2 = r * r
        r4 = r2 * r2
        low = (P0 + P1 * r) + (P2 + P3 * r) * r2
        high = (P4 + P5 * r) + (P6 + P7 * r) * r2
        q = r + r2 * (low + (high + (P8 + P9 * r) * r4) * r4)
        power = from_bits((bits(rounded) << 52) + (1023 << 52))
        e = (power - 1.0) + power * q
        y = 100.0 * (e / (e + 2.0))
        straight = (z - worst[j]) * slope[j]
        straight = straight if straight > 0.0 else 0.0
        straight = straight if straight < 100.0 else 100.0
        y = straight if linear[j] else y
        is_supported = (z == z) & (z != 0.0)
        is_won = is_supported & (z * sign[j] >= sota[j])
        points[j] = y if is_supported else 0.0
        points_won[j] = y if is_won else 0.0
        counts[j] = (1 if is_supported else 0) + (WON if is_won else 0)


@nb.njit(error_model="numpy", fastmath=SUM_FLAGS)
def score_row(row, percent, general, size, sota, points, points_won, counts, means, n_supported, n_won):
    """Means over all and over won tasks, and counts, of one model."""
    for g in range(size.size):
        # Slices: with indices into the whole row numba guards against negative ones, which costs a factor of four.
        z = row[percent[g] : percent[g + 1]]
        least = sota[percent[g] : percent[g + 1]]
        total = total_won = 0.0
        count = 0
        for j in range(z.size):
            is_supported = z[j] > 0.0
            is_won = z[j] >= least[j]  # above 0, and false for NaN
            total += z[j] if is_supported else 0.0
            total_won += z[j] if is_won else 0.0
            count += (1 if is_supported else 0) + (WON if is_won else 0)
        y = points[general[g] : general[g + 1]]
        y_won = points_won[general[g] : general[g + 1]]
        both = counts[general[g] : general[g + 1]]
        for j in range(y.size):
            total += y[j]
            total_won += y_won[j]
            count += both[j]
        means[0, g] = total / size[g]
        means[1, g] = total_won / size[g]
        n_supported[g] = count & (WON - 1)
        n_won[g] = count >> 32


@nb.njit(error_model="numpy")
def levels(means, overall):
    n = (means.shape[1] - 1) // 2
    s2 = s3 = s4 = 0.0
    for m in range(n):
        both = means[1, 2 * m] + means[1, 2 * m + 1]
        s2 += (means[0, 2 * m] + means[0, 2 * m + 1]) / 2.0
        s3 += both / 2.0
        s4 += 2.0 * means[1, 2 * m] * means[1, 2 * m + 1] / both if both > 0.0 else 0.0
    overall[0], overall[1], overall[2] = s2 / n, s3 / n, s4 / n
    overall[3] = s4 / n * means[1, 2 * n] / 100.0


@nb.njit(error_model="numpy")
def score_block(
    raw, first, last, percent, general, size, sota_percent, sota_general, sign, inverse, linear, constant, worst, slope,
    overall, n_supported, n_won,
):  # fmt: skip
    n = sign.size
    points, points_won, means = np.empty(n), np.empty(n), np.empty((2, size.size))
    counts = np.empty(n, np.int64)
    n_percent = sota_percent.size
    for i in range(first, last):
        row = raw[i]
        map_general(row[n_percent:], sota_general, sign, inverse, linear, constant, worst, slope, points, points_won,
                    counts)  # fmt: skip
        score_row(row, percent, general, size, sota_percent, points, points_won, counts, means,
                  n_supported[i], n_won[i])  # fmt: skip
        levels(means, overall[i])


@nb.njit(error_model="numpy")
def score_all_serial(
    raw, percent, general, size, sota_percent, sota_general, sign, inverse, linear, constant, worst, slope,
    overall, n_supported, n_won,
):  # fmt: skip
    score_block(raw, 0, raw.shape[0], percent, general, size, sota_percent, sota_general, sign, inverse, linear,
                constant, worst, slope, overall, n_supported, n_won)  # fmt: skip


@nb.njit(error_model="numpy", parallel=True)
def score_all_parallel(
    raw, percent, general, size, sota_percent, sota_general, sign, inverse, linear, constant, worst, slope,
    overall, n_supported, n_won,
):  # fmt: skip
    blocks = 8
    for block in nb.prange(blocks):
        first, last = raw.shape[0] * block // blocks, raw.shape[0] * (block + 1) // blocks
        score_block(raw, first, last, percent, general, size, sota_percent, sota_general, sign, inverse, linear,
                    constant, worst, slope, overall, n_supported, n_won)  # fmt: skip
