"""Mutation checks: each slip in a formula below must make some test fail.

    python tests/mutations.py [WORD...]    all mutants, or those whose name or file holds one of the words

Every mutant is one replaced line in a copy of the package; C++ ones are built there, which takes a few seconds each.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
LEVELS, REDUCE, MAPPING, PLAN, KERNELS, ROWS, STREAMS = (
    f"cpp/{name}"
    for name in ("levels.hpp", "reduce.hpp", "mapping.hpp", "plan.cpp", "kernels.cpp", "rows.hpp", "streams.hpp")
)
DENSE, CHANGE, RESAMPLE, ABOVE, PAIRS, THRESHOLDS, ABLATION, RESAMPLING, SUMMARY, RANDOM, PACKED = (
    f"cpp/sets/{name}"
    for name in (
        "dense.cpp", "change.cpp", "resample.cpp", "above.cpp", "pairs.cpp", "thresholds.cpp", "ablation.cpp",
        "resampling.cpp", "summary.cpp", "random.hpp", "packed.cpp",
    )
)  # fmt: skip
JOB = "python/glevel_fast/machines/job.py"
TWIN, RULES, COMPILED, BENCHMARK, BOARDS = (
    f"python/glevel_fast/{name}.py"
    for name in ("core/twin/engine", "core/rules", "core/compiled", "core/benchmark", "boards/board")
)
(
    SETS,
    PY_ABLATION,
    PY_SUMMARY,
    COUNTS,
    BANDS,
    WHAT_IF,
    FRAGILITY,
    BOOTSTRAP,
    RECIPES,
    PREPARED,
    INFLUENCE,
    COMPARISON,
    LIMITS,
    RESAMPLERS,
    UPDATE,
    SETS_TWIN,
) = (
    f"python/glevel_fast/{name}.py"
    for name in (
        *(
            f"uncertainty/{name}"
            for name in (
                "specialists",
                "ablation",
                "summary",
                "counts",
                "bands",
                "what_if",
                "fragility",
                "bootstrap",
                "recipes",
                "prepared",
                "influence",
                "comparison",
                "limits",
                "resamplers",
            )
        ),
        "core/update",
        "core/twin/sets",
    )
)
TEXT_METRICS, GEOMETRY, ARRAYS, DEFINITION, CAPTIONS, SAMPLES, TASK = (
    f"python/glevel_fast/evaluation/{name}.py"
    for name in ("text", "geometry", "arrays", "definition", "captions", "samples", "task")
)
KEPT, SUMS_KEPT, KENDALL = (f"cpp/sets/{name}" for name in ("kept.cpp", "sums_kept.cpp", "kendall.cpp"))
SUBSETS, NOISE, IMPORTING, IMPORT_MAP = (
    f"python/glevel_fast/{name}.py"
    for name in ("uncertainty/subsets", "uncertainty/noise", "loading/importing", "loading/import_map")
)
# What looks at the formulas of each file, the quickest first.
TESTS = {
    **dict.fromkeys(
        (LEVELS, REDUCE, MAPPING, PLAN, KERNELS, ROWS, STREAMS),
        "core/scoring core/determinism core/parity core/properties published/reproduction",
    ),
    **dict.fromkeys(
        (TWIN, RULES, COMPILED, BENCHMARK),
        "core/scoring core/determinism core/parity core/properties published/reproduction",
    ),
    **dict.fromkeys(
        (DENSE, CHANGE, RESAMPLE, ABOVE, SETS_TWIN, PY_SUMMARY, COUNTS),
        "uncertainty/ablation uncertainty/bands uncertainty/bootstrap uncertainty/parts",
    ),
    **dict.fromkeys((INFLUENCE, COMPARISON, LIMITS), "uncertainty/certainty uncertainty/bootstrap"),
    **dict.fromkeys((JOB, PACKED, PREPARED), "uncertainty/parts"),
    BANDS: "uncertainty/bands",
    RECIPES: "uncertainty/ablation uncertainty/parts",
    **dict.fromkeys(
        (PAIRS, THRESHOLDS, ABLATION, SUMMARY, SETS, PY_ABLATION),
        "uncertainty/ablation uncertainty/bands uncertainty/what_if",
    ),
    **dict.fromkeys((RESAMPLING, RANDOM, BOOTSTRAP, RESAMPLERS), "uncertainty/bootstrap uncertainty/long_runs"),
    **dict.fromkeys((WHAT_IF, FRAGILITY), "uncertainty/what_if"),
    UPDATE: "core/update",
    **dict.fromkeys((KEPT, SUMS_KEPT, KENDALL), "uncertainty/kept"),
    SUBSETS: "uncertainty/subsets",
    NOISE: "uncertainty/noise",
    **dict.fromkeys((IMPORTING, IMPORT_MAP), "loading/importing"),
    BOARDS: "boards/boards",
    TEXT_METRICS: "evaluation/text evaluation/oracles",
    GEOMETRY: "evaluation/geometry",
    ARRAYS: "evaluation/arrays evaluation/oracles",
    CAPTIONS: "evaluation/oracles",
    **dict.fromkeys((DEFINITION, SAMPLES), "evaluation/oracles evaluation/evaluate"),
    TASK: "evaluation/evaluate evaluation/inputs",
}

# ruff: noqa: E501
# (what, file, the line's part as it is, as the mutant has it)
MUTANTS = [
    ("C and G: only C counts in S2", LEVELS, "s2 = (c + g) / 2.0", "s2 = (c + c) / 2.0"),
    ("swap C and S_C", LEVELS, "c = means[4 * m], s_c = means[4 * m + 1]", "s_c = means[4 * m], c = means[4 * m + 1]"),
    ("swap S_C and G", LEVELS, "const Vec s3 = (s_c + s_g)", "const Vec s3 = (s_c + g)"),
    ("S4 is the plain mean", LEVELS, "return min(2.0 / (inverse_c + inverse_g), s3)", "return s3"),
    ("S4 is not held below S3", LEVELS, "min(2.0 / (inverse_c + inverse_g), s3)", "2.0 / (inverse_c + inverse_g)"),
    ("S4 of one half", LEVELS, "min(2.0 / (inverse_c", "min(1.0 / (inverse_c"),
    ("S4 forgets G", LEVELS, "level4(1.0 / s_c, 1.0 / s_g, s3)", "level4(1.0 / s_c, 1.0 / s_c, s3)"),
    ("the mean over modalities is a sum", LEVELS, "overall[1] = total3 / n", "overall[1] = total3"),
    ("S5 from S3", LEVELS, "overall[2] * (masked_language", "overall[1] * (masked_language"),
    ("S5 from all language tasks", LEVELS, "means[4 * n_modalities + 1]", "means[4 * n_modalities]"),
    ("S5 without the percent", LEVELS, "(masked_language / 100.0)", "masked_language"),
    ("a level at a score of 0", LEVELS, "overall[k - 2] > 0.0", "overall[k - 2] >= 0.0"),
    ("Level 5 is never reached", LEVELS, "int k = 5; k >= 2", "int k = 4; k >= 2"),
    ("Level 2 is never reached", LEVELS, "int k = 5; k >= 2", "int k = 5; k > 2"),
    ("a tie does not win (percent)", REDUCE, "won = z >= slots<folded>(plan.sota, column)", "won = z > slots<folded>(plan.sota, column)"),
    ("a tie does not win", REDUCE, "(plan.sign, column) >= slots", "(plan.sign, column) > slots"),
    ("lower is not better", REDUCE, "(z * slots<folded>(plan.sign, column) >=", "(z >="),
    ("what is not supported wins", REDUCE, "won = supported & (z", "won = (z"),
    ("drop the weight (percent)", REDUCE, "equal_weights ? y : y * slots<folded>(plan.weight, column)", "y"),
    ("drop the weight", REDUCE, "local.add(y * slots<folded>(plan.weight, column) + rounder", "local.add(y + rounder"),
    ("the masked mean takes all", REDUCE, "mean(won, n_won, any_won)", "mean(all, n_all, any_all)"),
    ("won counts supported", REDUCE, "-n_all, -n_won}", "-n_all, -n_all}"),
    ("the least step is lost", REDUCE, "any_term != 0 ? splat(1.0) : Vec{}", "Vec{}"),
    ("a mean above 100", REDUCE, "min(splat(100.0), total / percent_steps)", "total / percent_steps * (1.0 + 0x1p-52)"),
    ("an exact 0 is supported", REDUCE, "const Mask not_zero = (raw != 0.0) | zero_counts", "const Mask not_zero = ~Mask{}"),
    ("the low end of a domain is outside", REDUCE, "(z >= slots<folded>(plan.low, column))", "(z > slots<folded>(plan.low, column))"),
    ("the high end of a domain is outside", REDUCE, "(z <= slots<folded>(plan.high, column))", "(z < slots<folded>(plan.high, column))"),
    ("100 percent is outside", REDUCE, "(highest > 100.0)", "(highest >= 100.0)"),
    ("no look at what is too low", REDUCE, "outside | (lowest < 0.0) | ", "outside | "),
    ("no look at other metrics", REDUCE, "return outside | ", "return "),
    ("fractions go unseen", KERNELS, "highest > 0.0 && highest <= 1.0", "highest > 0.0 && highest < 1.0"),
    ("an invalid value stays", KERNELS, "if (any(invalid)) {", "if (false) {"),
    ("rows: nobody looks at odd values", KERNELS, "if (reader.odd() && reader.outside()) return false;", ""),
    ("rows: fractions are ruled out too soon", KERNELS, "> of.n_all * steps_per_point(", ">= of.n_all * 0 * steps_per_point("),
    ("rows: terms without a step are none", KERNELS, "sums.any_all[i] = has_points(plan, g, row[i], false)", "sums.any_all[i] = 0"),
    ("rows: general terms without a step are none", KERNELS, "if (plan.general_adds[g] && (", "if (false && ("),
    ("rows: a value of another group counts", PLAN, "mask = static_cast<std::uint8_t>(mask | 1u << lane)", "mask = 0xff"),
    ("rows: a window loses its specialists", PLAN, "made.sota[made.sota.size() - width + lane] = sota[c]", "made.sota[made.sota.size() - width] = sota[c]"),
    ("linear is not clipped above", MAPPING, "max(min((z - worst) * slope, splat(100.0)), Vec{})", "max((z - worst) * slope, Vec{})"),
    ("linear is not clipped below", MAPPING, "max(min((z - worst) * slope, splat(100.0)), Vec{})", "min((z - worst) * slope, splat(100.0))"),
    ("inverse and tanh meet", MAPPING, "== Kind::inverse ? z * constant", "!= Kind::inverse ? z * constant"),
    ("forget the scale", MAPPING, "raw * slots<folded>(plan.scale, column);\n        const Vec c", "raw;\n        const Vec c"),
    ("a task is left out where one model lacks it", STREAMS, "number(supported) == 0", "number(supported) + 1 != 1u << lanes"),
    ("a column is mapped only where all have it", MAPPING, "!any(raw == raw)", "any(raw != raw)"),
    ("a constant of twice", PLAN, "inverse ? 2.0 * mapping::unit", "inverse ? 4.0 * mapping::unit"),
    ("no task counts in the denominator", PLAN, "full[g] += whole_steps(", "full[g] = whole_steps("),
    ("a missing specialist is beaten", PLAN, "sota[slot] < least_percent()", "!(sota[slot] >= least_percent())"),
    ("rules: a tie does not win", RULES, "z >= sota, z <= sota", "z > sota, z < sota"),
    ("twin: only C", TWIN, "s2, s3 = (c + g) / 2", "s2, s3 = (c + c) / 2"),
    ("twin: S4", TWIN, "np.minimum(2 / (1 / s_c + 1 / s_g), s3)", "s3"),
    ("twin: drop the weight", TWIN, "np.ldexp(relative, bits)", "np.ldexp(np.ones_like(relative), bits)"),
    ("twin: S5", TWIN, "overall[:, 2] * (means[:, -1, 1] / 100)", "overall[:, 2] * (means[:, -1, 0] / 100)"),
    ("twin: levels", TWIN, "overall[:, k - 2] > 0", "overall[:, k - 2] >= 0"),
    ("rules: zeros", RULES, "inside if zero_scores else inside & (raw != 0)", "inside"),
    ("twin: inverse", TWIN, "half = self.constant[tasks] / 2", "half = self.constant[tasks]"),
    ("slope upside down", BENCHMARK, "100.0 / (m.best - m.worst)", "100.0 / (m.worst - m.best)"),
    ("raw for z of the specialist", COMPILED, '"sota": benchmark.sota_z', '"sota": benchmark.sota'),
    ("all weights 1", COMPILED, '"weight": benchmark.weight', '"weight": np.ones(benchmark.n_tasks)'),
    ("zero option is ignored", COMPILED, '**columns, zero_scores=self.options.zero == "score"', "**columns, zero_scores=False"),
    # ---- Many specialist sets
    ("sets: a tie does not win", DENSE, "value >= load<Vec>(row", "value > load<Vec>(row"),
    ("sets: a tie of a group's only open pair does not win", DENSE, "splat(group.pair.value) >= load", "splat(group.pair.value) > load"),
    ("sets: won under all, supported or not", DENSE, "(term & always) - (term & own)", "term - (term & own)"),
    ("sets: a tie with the least counts as lost under all", DENSE, "once = (v >= load<Vec>(&sets.low[c]))", "once = (v > load<Vec>(&sets.low[c]))"),
    ("sets: own wins are counted again", DENSE, "(term & always) - (term & own)", "(term & always)"),
    ("sets: a task that varies little is left out", DENSE, "any((load<Vec>(&sets.low[c]) != load<Vec>(&sets.own[c])) |", "any((load<Vec>(&sets.low[c]) > load<Vec>(&sets.own[c])) |"),
    ("sets: own wins of open pairs stay", DENSE, "change -= pair->value >= sets.own[pair->column] ? pair->steps : 0", "change -= 0"),
    ("sets: S3 of one group, where it is fixed", DENSE, "s3 = (c.mean[0] + g.mean[0])", "s3 = (c.mean[0] + c.mean[0])"),
    ("sets: S4 is the plain mean, where it is fixed", DENSE, "level4(splat(c.inverse[0]), splat(g.inverse[0]), splat(s3))[0]", "s3"),
    ("sets: the group without a score", DENSE, "second ? g : c, divisor", "second ? c : g, divisor"),
    ("sets: no Level-4 where S4 is fixed", DENSE, "|| of[m].s4 > 0.0", "|| false"),
    ("sets: S4 forgets G", DENSE, "level4(inverse_c[i], inverse_g[i], s3)", "level4(inverse_c[i], inverse_c[i], s3)"),
    ("sets: S5 without the percent", DENSE, "s4 * (mean_c[i] / 100.0)", "s4 * mean_c[i]"),
    ("sets: a tiny win is lost", DENSE, "std::max<std::int64_t>(sums[s], 1)", "std::max<std::int64_t>(sums[s], 0)"),
    ("change: the old win stays", CHANGE, "after < before ? steps[model] : -steps[model]", "steps[model]"),
    ("change: lost wins go unseen", CHANGE, "(own >= before) ^ (own >= after)", "(own < before) & (own >= after)"),
    ("change: swap groups", CHANGE, "won(g - 1, nullptr), won(g, sums)", "won(g, sums), won(g - 1, nullptr)"),
    ("change: S3 of one group", CHANGE, "v[2 * m] = (s_c + s_g) / 2.0", "v[2 * m] = (s_c + s_c) / 2.0"),
    ("change: S4 forgets G", CHANGE, "level4(1.0 / s_c, 1.0 / s_g, v", "level4(1.0 / s_c, 1.0 / s_c, v"),
    ("change: S5 from S3", CHANGE, "s5 = s4 * v[n_language_]", "s5 = s3 * v[n_language_]"),
    ("pairs: lower is not better", PAIRS, "y == y ? plan.sign[c] * z : y", "y == y ? z : y"),
    ("pairs: what is not supported adds", PAIRS, "terms[c] = adds ? term : 0", "terms[c] = term"),
    ("pairs: S2 of one group", PAIRS, "(mean(2 * m) + mean(2 * m + 1)) / 2.0", "(mean(2 * m) + mean(2 * m)) / 2.0"),
    ("pairs: the least step is lost", PAIRS, "std::max<std::int64_t>(all[g], 1)", "all[g]"),
    ("pairs: a tie does not win", PAIRS, "values[c] >= plan.sota[c] ? terms[c] : 0", "values[c] > plan.sota[c] ? terms[c] : 0"),
    ("pairs: forget the scale", PAIRS, "plan.sign[column] * (raw_sota * plan.scale[column])", "plan.sign[column] * raw_sota"),
    ("pairs: a tie is decided too", PAIRS, "from[half - 1] < threshold", "from[half - 1] <= threshold"),
    ("tiles: forget the scale", THRESHOLDS, "(v * plan.scale[first + c])", "v"),
    ("tiles: a missing specialist is beaten", THRESHOLDS, "v = v == v ? v : splat(infinity)", "v = v == v ? v : splat(-infinity)"),
    ("tiles: strict is lax", THRESHOLDS, "std::nextafter(v[i], infinity)", "std::nextafter(v[i], -infinity)"),
    ("a perturbed σ moves up in every direction", RECIPES, 'if m.better == "higher" else -1.0', 'if m.better == "higher" else 1.0'),
    ("a perturbed σ only improves", RECIPES, "raw -= 1.0", "raw *= 0.5"),
    ("a candidate is drawn from the first half", RECIPES, "(draws >> np.uint64(32)) * self.sizes", "(draws >> np.uint64(33)) * self.sizes"),
    ("all choices: an index off by one", RECIPES, "prod(self.sizes[i + 1 :].tolist())", "prod(self.sizes[i:].tolist())"),
    ("leave one out keeps it", RECIPES, "np.full(last - first, np.nan)", "benchmark.sota[self.tasks[first:last]]"),
    ("a dropped task keeps weight 1", PY_ABLATION, "weight[dropped] = 0.0", "weight[dropped] = 1.0"),
    ("a set of several changes blames one task", PY_ABLATION, "alone = np.diff(begin) == 1", "alone = np.diff(begin) >= 1"),
    ("moved ranks of one task are counted once", PY_ABLATION, "np.add.at(summary.moved, only[alone], moved[alone])",
     "summary.moved[only[alone]] += moved[alone]"),
    # ---- Subsets of the tasks
    ("kept: a modality that is not there counts", KEPT, "if (second && !language && empty(of)", "if (false && empty(of)"),
    ("kept: relative to the heaviest of all", KEPT, "heaviest = std::max(heaviest, weight[t])", "heaviest = 1.0 + 0.0 * weight[t]"),
    ("kept: what is left out weighs", KEPT, "if (keep[t] == 0) continue;", ""),
    ("kept: lost tasks count as won", SUMS_KEPT, "y_won = load<Vec>(won + at", "y_won = load<Vec>(all + at"),
    ("kept: the least step is lost", SUMS_KEPT, "some != 0 ? splat(1.0) : Vec{}", "Vec{}"),
    ("kept: drop the weight", SUMS_KEPT, "if constexpr (!equal) y = y * set.weight[k], y_won", "if constexpr (!equal) y_won"),
    ("tau: ties are discordant", KENDALL, "values[right].second < values[left].second", "values[right].second <= values[left].second"),
    ("tau: ties of both are counted twice", KENDALL, "all - first - second + both", "all - first - second"),
    ("tau-a", KENDALL, "static_cast<double>(all - second))", "static_cast<double>(all))"),
    ("a quick board is judged on all models", SUBSETS, "held.append(judge.fidelity(best, part))", "held.append(judge.fidelity(best, ~part | part))"),
    ("held-out models choose", SUBSETS, "best = judge.best(~part)", "best = judge.best(part)"),
    ("a group may be empty", SUBSETS, "np.clip(np.floor(wanted), of_group > 0, of_group)", "np.clip(np.floor(wanted), 0, of_group)"),
    ("noise of twice the error", NOISE, "self.errors * normal", "2.0 * self.errors * normal"),
    ("noise forgets what fractions were scaled by", NOISE, "np.where(np.isfinite(scaled), scaled, 1.0)", "1.0"),
    ("noise leaves the domain", NOISE, "np.clip(raw + self.errors * normal, self.low, self.high)", "raw + self.errors * normal"),
    # ---- Results of other tools
    ("two shots are two runs of one", IMPORTING, 'MEASURED = ("filter", "split", "subset", "shots")', 'MEASURED = ("filter", "split", "subset")'),
    ("the oldest is the latest", IMPORTING, "order[-1] if order[-1].date > order[-2].date", "order[0] if order[-1].date > order[-2].date"),
    ("units by metric alone", IMPORTING, "values[row.task, row.metric].append(row.value)", 'values[row.task, row.metric].append(row.value if row.model != "n" else 0.5)'),
    ("a limit is nothing", IMPORTING, "held = [row for row in rows if row.limit]", "held: list[Row] = []"),
    ("errors keep their unit", IMPORT_MAP, "for x in (row.value, row.stderr)", "for x in (row.value, row.stderr / scale)"),
    ("scaled as doubles", IMPORT_MAP, "float(Decimal(repr(x)) * Decimal(repr(scale)))", "x * scale"),
    # ---- The bootstrap
    ("draws: another set", RANDOM, "(set + 1) * golden", "set * golden"),
    ("draws: another place", RANDOM, "(j + 1) * golden", "j * golden"),
    ("resample: each group draws alike", RESAMPLE, "draws.below(j, n)", "draws.below(j - begin, n)"),
    ("resample: each tile draws alike", RESAMPLE, "draws(seed, start + first + i)", "draws(seed, start + i)"),
    ("resample: the denominator is not resampled", RESAMPLE, "drawn += r.full[unit]", "drawn += r.full[j]"),
    ("resample: S2 of lost tasks", RESAMPLE, "all ? won + load<Vec>(own + 2 * g * tile + at)", "all ? load<Vec>(own + 2 * g * tile + at)"),
    ("resample: S3 forgets G", RESAMPLE, "s3 = (s_c + s_g) / 2.0;\n                    total2", "s3 = (s_c + s_c) / 2.0;\n                    total2"),
    ("resample: S5 from all language tasks", RESAMPLE, "s4 * (mean(n_language, false)", "s4 * (mean(n_language, true)"),
    ("above: a tie counts", ABOVE, "load<Vec>(x + s) > load<Vec>(y + s)", "load<Vec>(x + s) >= load<Vec>(y + s)"),
    ("above: a tie counts at the end of a row", ABOVE, "more += x[s] > y[s]", "more += x[s] >= y[s]"),
    ("units: the last task's weight", RESAMPLING, "weight[unit[plan.order[c]]] += plan.weight[c]", "weight[unit[plan.order[c]]] = plan.weight[c]"),
    ("units: a tie does not win", RESAMPLING, "(value[c] >= plan.sota[c])", "(value[c] > plan.sota[c])"),
    ("units: the least step is lost", RESAMPLING, "std::max(term, 1.0)", "term"),
    ("ties count for neither", BOOTSTRAP, "(counts + (self.done - counts - counts.T) / 2) / self.done", "counts / self.done"),
    ("ties of two models count for both", BOOTSTRAP, "np.count_nonzero(x == y) / 2", "np.count_nonzero(x == y)"),
    ("a group goes on while any two cannot be told apart", COMPARISON, "told[first:last, last].any()", "told[first:last, last].all()"),
    ("groups of two", COMPARISON, "last = max(first + 1, end)", "last = max(first + 2, end)"),
    ("modalities: a sum", RESAMPLERS, "out[:, :, :3] /= max(m, 1)", "out[:, :, :3] /= 1"),
    ("modalities: S5 without the percent", RESAMPLERS, "(self._language / 100.0)", "self._language"),
    ("neighbours: lower above higher", BOOTSTRAP, "float(share[a, b])", "float(share[b, a])"),
    ("pairs: no correction", COMPARISON, "np.arange(len(p), 0, -1)", "1"),
    ("pairs: one-sided", INFLUENCE, "_ERFC(z), dtype=np.float64)", "_ERFC(z), dtype=np.float64) / 2"),
    ("pairs: as if drawn apart", INFLUENCE, "square - 2.0 * (one @ other.T)", "square - 0.0 * (one @ other.T)"),
    ("pairs: any number of tasks tells all", COMPARISON, "np.maximum(t_tail(t, freedom), rarest)", "t_tail(t, freedom)"),
    ("joint ranks: the wrong end", COMPARISON, "np.triu(told).sum(axis=0)", "np.tril(told).sum(axis=0)"),
    ("errors of what was drawn", INFLUENCE, "np.sqrt(1.0 - 2.0 * share + square)", "1.0"),
    ("one task alone is sure", INFLUENCE, "return cls(group, adds, adds, 1.0)", "return cls(group, adds, 0.0 * adds, 1.0)"),
    ("intervals of half the confidence", LIMITS, "return (1.0 - confidence) / 2.0", "return 1.0 - confidence"),
    ("no wins: no doubt", LIMITS, "high[none, k] = _limit(influence, level, tail)[none]", "high[none, k] = 0.0"),
    ("chances: a win is sure to come again", LIMITS, "low = some * np.maximum", "low = some + 0.0 * np.maximum"),
    # ---- Summaries and ranks
    ("rank: off by one after ties", SUMMARY, "rank = i + 1", "rank = i"),
    ("rank: ties do not count", SUMMARY, "rank = i + 1", "++rank"),
    ("rank: a score of 0 has one", SUMMARY, "n += s > 0.0", "n += s >= 0.0"),
    ("rank: few are not sorted", SUMMARY, "sorted_[at - 1].score < one.score", "sorted_[at - 1].score > one.score"),
    ("rank: many are sorted the wrong way", SUMMARY, "a.score > b.score", "a.score < b.score"),
    ("rank: equal neighbours without a look", SUMMARY, "set > first && same(s, s - per_set, k, n_models)", "set > first"),
    ("sums: a bit is counted twice", SUMMARY, "steps >> 32", "steps >> 31"),
    ("the least is the most", SUMMARY, "std::min(least, s)", "std::max(least, s)"),
    ("hundredths are cut off", SUMMARY, "points[nearest(s * 100.0)]", "points[static_cast<std::size_t>(s * 100.0)]"),
    ("summary: a level at a score of 0", SUMMARY, "scores[k - 1][set] > 0.0", "scores[k - 1][set] >= 0.0"),
    ("moved: on the last board only", SUMMARY, "moves |= here", "moves = here"),
    ("quantile: one too low", PY_SUMMARY, "math.ceil(q * self._some())", "math.floor(q * self._some())"),
    ("interval: one tail", PY_SUMMARY, "(1.0 - confidence) / 2.0", "1.0 - confidence"),
    ("rank quantile: no rank comes first", PY_SUMMARY, "counts[index][1:]", "counts[index]"),
    ("rank quantile: off by one", PY_SUMMARY, "found if found < self.bands", "found - 1 if found < self.bands"),
    ("mean: the upper half is shifted wrongly", PY_SUMMARY, "(int(h) << 32)", "(int(h) << 31)"),
    ("pivotal: wins before ranks", PY_SUMMARY, "-self.decided, -self.moved", "-self.moved, -self.decided"),
    ("merge forgets moved ranks", COUNTS, "self.moved += part.moved", "self.moved += 0"),
    ("merge takes strangers", COUNTS, "part.job != self.job or", ""),
    ("bands: one more for many models", BANDS, "n_models <= MOST_MODELS", "n_models < MOST_MODELS"),
    ("bands: the last one ends behind the last rank", BANDS, "+ (1 << shift) - 1, self", "+ (1 << shift), self"),
    ("rank interval: a band's other end", PY_SUMMARY, "(1.0 - tail)[1]", "(1.0 - tail)[0]"),
    ("overlap: the next set too", JOB, "first < whole[-1][1]", "first <= whole[-1][1]"),
    ("overlap: only of what starts at the same set", JOB, "first < whole[-1][1]", "first == whole[-1][0]"),
    ("a count is cut to its lower bits", PACKED, "std::uint64_t{1} << bits) - 1", "std::uint64_t{1} << (bits - 1)) - 1"),
    ("a stretch without its end", PACKED, "0 : end - counts", "0 : end - counts - 1"),
    ("stretches one place short are added", PACKED, "static_cast<std::size_t>(to.last[row]); ++at", "static_cast<std::size_t>(to.last[row] - 1); ++at"),
    ("the seed is not of the job", RECIPES, "return self.relative, self.seed", "return (self.relative,)"),
    ("the results are not of the job", PREPARED, "self.scores.models, self.raw)", "self.scores.models)"),
    ("twin: a set's tie does not win", SETS_TWIN, "wins = self.value >= thresholds", "wins = self.value > thresholds"),
    ("twin: ranks start at 0", SETS_TWIN, "better + 1", "better"),
    ("twin: a unit is drawn from all groups", SETS_TWIN, "self.starts[self.unit_group] + ((numbers", "((numbers"),
    # ---- What if
    ("what-if: the change upside down", WHAT_IF, "self.overall - self.prepared.scores.overall", "self.prepared.scores.overall - self.overall"),
    ("what-if: gains are losses", ABLATION, "(value[model] >= after) - (value[model] >= before)", "(value[model] >= before) - (value[model] >= after)"),
    ("what-if: ranks of boards that change are the old ones", SUMMARY, "base != nullptr && same(scores, base, k, n_models)", "base != nullptr"),
    ("what-if: a level at a score of 0", WHAT_IF, "np.where(self.overall > 0,", "np.where(self.overall >= 0,"),
    ("update: lost wins go unseen", UPDATE, "reaches(z, old.sota_z[before], higher) != reaches(z, bench.sota_z[after], higher)", "~reaches(z, old.sota_z[before], higher) & reaches(z, bench.sota_z[after], higher)"),
    ("update: levels stay", UPDATE, "stale |= mask", "stale |= mask & False"),
    ("update: no closer look at a new task", UPDATE, "suspect |= seen", "suspect |= seen & False"),
    ("update: a removed task moves none", UPDATE, "i - bisect(gone, i)", "i"),
    ("fragility: the stronger paradigm", FRAGILITY, "int(min(wins[c], wins[g]))", "int(max(wins[c], wins[g]))"),
    ("fragility: the first modality to go", FRAGILITY, "max(float(min(widest[c], widest[g]))", "min(float(min(widest[c], widest[g]))"),
    ("fragility: every win alone", FRAGILITY, "if wins[x] == 1]", "if wins[x] >= 1]"),
    ("fragility: relative to the model", FRAGILITY, "/ np.abs(bench.sota_z))", "/ np.abs(z))"),
    ("fragility: Level-3 rests on language too", FRAGILITY, "int(wins[:language].sum())", "int(wins.sum())"),
    # ---- Boards
    ("board: ranks start at 0", BOARDS, "np.arange(1, n + 1)", "np.arange(n)"),
    ("board: ties have ranks of their own", BOARDS, "new[1:] = score[1:] != score[:-1]", "new[1:] = True"),
    ("board: a score of 0 has a rank", BOARDS, "np.where(score > 0, rank, 0)", "np.where(score >= 0, rank, 0)"),
    ("board: ties across levels", BOARDS, "new[1:] |= level[1:] != level[:-1]", "pass"),
    ("board: the worst first", BOARDS, "order = np.argsort(-np.nan_to_num(score)", "order = np.argsort(np.nan_to_num(score)"),
    ("board: combined, the lowest level first", BOARDS, "-model_level.astype(int)", "model_level.astype(int)"),
    ("board: a level at a score of 0", BOARDS, "level[by_level[:, i] > 0]", "level[by_level[:, i] >= 0]"),
    ("board: a combination is a sum", BOARDS, ".sum(axis=1) / len(index)", ".sum(axis=1)"),
    ("board: language covers", BOARDS, "coverage = scores.coverage[:, groups].mean", "coverage = scores.coverage.mean"),
    ("BLEU's brevity penalty rewards", TEXT_METRICS, "brevity = min(0.0,", "brevity = max(0.0,"),
    ("BLEU's smoothing forgets how many orders missed", TEXT_METRICS, "misses += 1", "misses = 1"),
    ("F1 of tokens as sets", TEXT_METRICS, "min(count, large[gram])", "1"),
    ("ANLS counts at half", TEXT_METRICS, "if distance < 0.5", "if distance <= 0.5"),
    ("stems of short words too", TEXT_METRICS, "len(token) > 3", "len(token) > 2"),
    ("CIDEr without its length penalty", CAPTIONS, "penalty = math.exp(-(off * off)", "penalty = math.exp(0 * (off * off)"),
    ("CIDEr counts what the reference lacks", CAPTIONS, "min(v, y[gram])", "v"),
    ("AP matches an object twice", GEOMETRY, "free[j], marks[i, t] = False, \"1\"", "free[j], marks[i, t] = True, \"1\""),
    ("AP's precision is not the best at higher recalls", GEOMETRY, "np.maximum.accumulate((hit / np.maximum(seen, 1))[::-1])[::-1]", "hit / np.maximum(seen, 1)"),
    ("AP counts what falls on a crowd", GEOMETRY, "marks[i, t] = \"-\"", "marks[i, t] = \"0\""),
    ("success on a threshold", GEOMETRY, "overlaps[:, None] > np", "overlaps[:, None] >= np"),
    ("a tube's frames of both alone", GEOMETRY, "frames = predicted.keys() | gold.keys()", "frames = shared or gold.keys()"),
    ("PSNR of a peak of 256", ARRAYS, "255**2 * off.size", "256**2 * off.size"),
    ("MS-SSIM takes the whole at every scale", ARRAYS, "whole if scale == len(WEIGHTS) - 1 else contrast", "whole"),
    ("halves from one pixel further on", ARRAYS, "halve(image, 2, origin=-1)", "halve(image, 2)"),
    ("structure of the region alone", ARRAYS, "0.5 * objects + 0.5 * math", "0.0 * objects + 1.0 * math"),
    ("the centroid without the one of MATLAB", ARRAYS, "np.mean(at))) + 1 for", "np.mean(at))) for"),
    ("Chamfer distance one way", ARRAYS, "np.mean(there * there) + np.mean(back * back)", "np.mean(there * there)"),
    ("relative error where nothing was measured", ARRAYS, "valid = np.isfinite(gold) & (gold > 0)\n    n", "valid = np.isfinite(gold)\n    n"),
    ("the mean of ratios for the ratio of sums", DEFINITION, "return math.fsum(sums[0] for sums in samples) * factor / below if below else math.nan", "return math.fsum(sums[0] / sums[1] for sums in samples) * factor / len(samples)"),
    ("macro accuracy is accuracy", DEFINITION, "classes.setdefault(label, []).append(right)", "classes.setdefault('', []).append(right)"),
    ("micro F1 forgets what lacks", DEFINITION, "(2 * found + wrong + lacking)", "(2 * found + wrong)"),
    ("classes that only predictions have", DEFINITION, "for label in sample[:2]}", "for label in sample[1:2]}"),
    ("a missing id counts as right", SAMPLES, "    return [0.0]", "    return [1.0]"),
    ("missing ids are left out", TASK, "out.sums.append(self.definition.missing(gold) if self.definition.missing else [])", "pass"),
    ("what is unparsed is never seen", TASK, "few = len(self.known) <= max(4, len(self.given) // 3)", "few = False"),
    ("unknown ids pass", TASK, "for key in sorted(records.by_id.keys() - known.by_id.keys()):", "for key in ():"),
]  # fmt: skip


def run(*command, **options):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **options)


def build(copy):
    pybind11 = run(sys.executable, "-m", "pybind11", "--cmakedir").stdout.strip()
    configure = ["cmake", "-S", ".", "-B", "build", "-GNinja", "-DCMAKE_BUILD_TYPE=Release"]
    for command in (
        [*configure, f"-Dpybind11_DIR={pybind11}", f"-DPython_EXECUTABLE={sys.executable}"],
        ["ninja", "-C", "build"],
    ):
        done = run(*command, cwd=copy)
        if done.returncode:
            sys.exit(done.stdout)
    for module in (copy / "build").glob("_core*.so"):
        shutil.copy(module, copy / "python" / "glevel_fast")


def tests_fail(copy, tests):
    environment = {**os.environ, "PYTHONPATH": str(copy / "python"), "PYTHONDONTWRITEBYTECODE": "1"}
    files = [f"tests/{name.replace('/', '/test_')}.py" for name in dict.fromkeys(tests.split())]
    done = run(sys.executable, "-m", "pytest", "-q", "-x", *files, cwd=copy, env=environment, timeout=1800)
    if done.returncode > 1:  # the tests could not be run; below 0 they were, and crashed
        sys.exit(done.stdout)
    return done.returncode != 0


def stale_mutants():
    """Those whose line is no longer there, or in more than one place."""
    return [(what, name, old) for what, name, old, _ in MUTANTS if (ROOT / name).read_text().count(old) != 1]


def main():
    for what, name, old in stale_mutants():
        sys.exit(f"{what}: {name} does not hold {old!r} exactly once; bring the mutant up to date")
    chosen = [m for m in MUTANTS if not sys.argv[1:] or any(word in f"{m[0]} ({m[1]})" for word in sys.argv[1:])]
    survivors, stale = [], False  # stale: the module still holds a slip
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        for name in ("cpp", "python", "tests", "benchmarks", "docs", "README.md", "CMakeLists.txt", "pyproject.toml"):
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns("*.so", "__pycache__"))
            else:
                shutil.copy(source, copy / name)
        build(copy)
        if tests_fail(copy, " ".join(TESTS.values())):
            sys.exit("the tests fail without any mutation")
        for what, name, old, new in chosen:
            path = copy / name
            original = path.read_text()
            path.write_text(original.replace(old, new, 1))
            if name.startswith("cpp/") or stale:
                build(copy)
            stale = name.startswith("cpp/")
            survived = not tests_fail(copy, TESTS[name])
            print(f"{'SURVIVED' if survived else 'killed  '}  {what} ({name})", flush=True)
            survivors += [what] * survived
            path.write_text(original)
    print(f"{len(chosen) - len(survivors)} of {len(chosen)} mutants killed")
    return len(survivors) > 0


if __name__ == "__main__":
    sys.exit(main())
