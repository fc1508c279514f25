// The kernels on random plans, without Python: every instruction set of this machine and 1 to 8 threads against
// plain scalar code in long double. Buffers have their exact size, so that a sanitizer sees a step beyond them.
//
//   test_kernels [cases [seed]]
#include <algorithm>
#include <array>
#include <cfloat>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>
#if defined(__unix__) || defined(__APPLE__)
#include <sys/wait.h>
#include <unistd.h>
#endif

#include "kernels.hpp"
#include "plan.hpp"
#include "pool.hpp"
#include "sets/kendall.hpp"
#include "sets/kept.hpp"
#include "sets/packed.hpp"
#include "sets/pairs.hpp"
#include "sets/random.hpp"
#include "sets/resampling.hpp"
#include "sets/sets.hpp"
#include "sets/summary.hpp"

namespace {

using glevel::Kernels;
using glevel::Kind;
using glevel::Plan;

constexpr double nan = std::numeric_limits<double>::quiet_NaN(), inf = std::numeric_limits<double>::infinity();
constexpr double tiny = std::numeric_limits<double>::denorm_min();

[[noreturn]] void fail(const std::string& what) {
    std::fprintf(stderr, "FAILED: %s\n", what.c_str());
    std::exit(1);
}

// SplitMix64 (Steele, Lea and Flood 2014).
struct Random {
    std::uint64_t state;

    std::uint64_t next() {
        std::uint64_t z = state += 0x9e3779b97f4a7c15;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
        return z ^ (z >> 31);
    }
    std::size_t below(std::size_t n) { return static_cast<std::size_t>(next() % n); }
    bool chance(double p) { return unit() < p; }
    double unit() { return static_cast<double>(next() >> 11) * 0x1p-53; }
    double between(double low, double high) { return low + (high - low) * unit(); }
    template <class T, std::size_t n>
    T of(const T (&choices)[n]) {
        return choices[below(n)];
    }
};

// Metrics of each shape, with the span in which ordinary values lie.
struct Metric {
    Kind kind;
    double constant, worst, slope, low, high, from, to;
};

constexpr Metric metrics[] = {
    {Kind::percent, nan, 0, 1, 0, 100, 0, 100},      {Kind::percent, nan, 0, 1, 0, 100, 0, 1},
    {Kind::linear, nan, 1, -100, 0, DBL_MAX, 0, 2},  {Kind::linear, nan, -1, 50, -1, 1, -1, 1},
    {Kind::linear, nan, 1, 25, 1, 5, 1, 5},          {Kind::linear, nan, 0, 1, 0, DBL_MAX, 0, 200},
    {Kind::inverse, 25, 0, 1, tiny, DBL_MAX, 1, 90}, {Kind::inverse, 1, 0, 1, tiny, DBL_MAX, 0, 1e4},
    {Kind::tanh, 20, 0, 1, 0, DBL_MAX, 0, 60},
};

struct Case {
    std::size_t n_tasks = 0, n_modalities = 0, n_models = 0;
    bool zero_scores = false;
    std::vector<std::int32_t> group;
    std::vector<Kind> kind;
    std::vector<double> constant, worst, slope, low, high, scale, sota, weight, raw;

    explicit Case(Random& random) {
        constexpr std::size_t sizes[] = {1, 2, 3, 7, 8, 9, 40, 130, 130, 700, 700, 2900};
        constexpr double scales[] = {1, 1, 1, 1, 0.01, 100}, weights[] = {0, 1, 1, 2.5, 271, 1e-12};
        constexpr double odd[] = {nan,   -nan, inf, -inf, 0.0,  -0.0, -3.0,  100.0,   100.00000000000001,
                                  140.0, 1.0,  5.0, tiny, 1e-9, 1e9,  1e300, DBL_MAX, DBL_MIN};
        n_tasks = random.of(sizes);
        n_modalities = random.below(6);
        n_models = random.below(random.chance(0.1) ? 200 : 20);
        zero_scores = random.chance(0.3);
        const bool weighted = random.chance(0.5), percents = random.chance(0.3);
        const bool in_order = random.chance(0.5);  // groups lie side by side, as they do in a board
        for (std::size_t i = 0; i < n_tasks; ++i) {
            const Metric m = percents ? metrics[0] : random.of(metrics);
            kind.push_back(m.kind);
            const std::size_t n_groups = 2 * n_modalities + 1;
            group.push_back(static_cast<std::int32_t>(in_order ? i * n_groups / n_tasks : random.below(n_groups)));
            constant.push_back(m.constant);
            worst.push_back(m.worst);
            slope.push_back(m.slope);
            low.push_back(m.low);
            high.push_back(m.high);
            scale.push_back(m.kind == Kind::percent ? 1.0 : random.of(scales));
            weight.push_back(weighted ? random.of(weights) : 1.0);
            sota.push_back(random.chance(0.1) ? nan : std::max(m.low, random.between(m.from, m.to)));
        }
        const double strange = random.of({0.0, 0.01, 0.5}), missing = random.unit();
        for (std::size_t model = 0; model < n_models; ++model)
            for (std::size_t i = 0; i < n_tasks; ++i) {
                const Metric* m = std::find_if(std::begin(metrics), std::end(metrics), [&](const Metric& of) {
                    return of.kind == kind[i] && of.slope == slope[i] && of.low == low[i];
                });
                double z = std::max(m->low, random.between(m->from, m->to));
                if (random.chance(0.1)) z = sota[i];  // a tie wins
                double value = z / scale[i];
                if (random.chance(missing)) value = nan;
                if (random.chance(strange)) value = random.of(odd);
                raw.push_back(value);
            }
    }

    glevel::TaskTable table() const {
        return {n_tasks,    n_modalities, group.data(), kind.data(), constant.data(), worst.data(), slope.data(),
                low.data(), high.data(),  scale.data(), sota.data(), weight.data(),   zero_scores};
    }
    bool lower_is_better(std::size_t i) const {
        return kind[i] == Kind::inverse || (kind[i] == Kind::linear && slope[i] < 0);
    }
    std::size_t n_groups() const { return 2 * n_modalities + 1; }
};

// What a kernel writes, in buffers of exactly that size.
struct Board {
    std::vector<double> overall, modality, means, points;
    std::vector<std::int32_t> supported, wins;
    std::vector<std::int8_t> level;
    std::vector<std::uint8_t> suspect;

    explicit Board(const Case& c)
        : overall(c.n_models * 4, -1.0),
          modality(c.n_models * c.n_modalities * 3, -1.0),
          means(c.n_models * (2 * c.n_modalities + 1) * 2, -1.0),
          points(c.n_models * c.n_tasks, -1.0),
          supported(c.n_models * (2 * c.n_modalities + 1), -1),
          wins(supported),
          level(c.n_models, -1),
          suspect(c.n_models, 9) {}

    glevel::Scores pointers() {
        return {overall.data(), modality.data(), means.data(),  supported.data(),
                wins.data(),    level.data(),    suspect.data()};
    }
};

template <class T>
void same_bits(const std::vector<T>& a, const std::vector<T>& b, const std::string& what) {
    if (a.size() != b.size() || (!a.empty() && std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) != 0))
        fail(what + ": other bits");
}

void same_bits(const Board& a, const Board& b, const std::string& where) {
    same_bits(a.overall, b.overall, where + ", overall");
    same_bits(a.modality, b.modality, where + ", modality");
    same_bits(a.means, b.means, where + ", means");
    same_bits(a.supported, b.supported, where + ", supported");
    same_bits(a.wins, b.wins, where + ", wins");
    same_bits(a.level, b.level, where + ", level");
    same_bits(a.suspect, b.suspect, where + ", suspect");
}

void close(double got, long double expected, long double within, const std::string& what) {
    if (!(std::fabs(static_cast<long double>(got) - expected) <= within))
        fail(what + ": " + std::to_string(got) + ", expected " + std::to_string(expected));
}

long double points_of(const Case& c, std::size_t i, double z) {
    const auto x = static_cast<long double>(z);
    switch (c.kind[i]) {
        case Kind::percent:
            return x;
        case Kind::linear:
            return std::clamp((x - c.worst[i]) * c.slope[i], 0.0L, 100.0L);
        case Kind::inverse:
            return 100.0L * std::tanh(static_cast<long double>(c.constant[i]) / 2.0L / x);
        case Kind::tanh:
            return 100.0L * std::tanh(x / c.constant[i]);
    }
    fail("unknown kind");
}

// docs/spec.md section 4, as it reads.
void compare_with_scalar(const Case& c, const Board& got) {
    const std::size_t n_groups = 2 * c.n_modalities + 1;
    std::vector<double> heaviest(n_groups, 0.0);
    for (std::size_t i = 0; i < c.n_tasks; ++i) heaviest[c.group[i]] = std::max(heaviest[c.group[i]], c.weight[i]);
    // Each term is rounded to a step, 2^-45 of a point of the heaviest task.
    const long double step = 0x1p-45L, within = 4 * step * static_cast<long double>(c.n_tasks + 100);
    for (std::size_t model = 0; model < c.n_models; ++model) {
        const std::string where = "model " + std::to_string(model);
        std::vector<long double> all(n_groups), won(n_groups), total(n_groups);
        std::vector<int> n_all(n_groups), n_won(n_groups);
        std::vector<bool> any_all(n_groups), any_won(n_groups);
        bool outside = false;
        double highest = -inf;
        for (std::size_t i = 0; i < c.n_tasks; ++i) {
            const auto g = static_cast<std::size_t>(c.group[i]);
            const double raw = c.raw[model * c.n_tasks + i], z = raw * c.scale[i],
                         y = got.points[model * c.n_tasks + i];
            const bool given = !std::isnan(raw) && raw != inf && (raw != 0.0 || c.zero_scores);
            const bool supported = given && z >= c.low[i] && z <= c.high[i];
            const bool wins = supported && (c.lower_is_better(i) ? z <= c.sota[i] : z >= c.sota[i]);
            outside |= given && !supported;
            if (c.kind[i] == Kind::percent && c.weight[i] > 0 && raw > highest) highest = raw;
            total[g] += c.weight[i];
            if (!supported) {
                if (!std::isnan(y)) fail(where + ": points of a task that is not supported");
                continue;
            }
            const long double expected = points_of(c, i, z);
            close(y, expected, expected * 1e-14L + 64 * tiny, where + ", points of task " + std::to_string(i));
            ++n_all[g];
            n_won[g] += wins;
            all[g] += c.weight[i] * expected;
            if (wins) won[g] += c.weight[i] * expected;
            const bool adds = c.weight[i] > 0 && y > 0;
            if (adds) any_all[g] = true;
            if (adds && wins) any_won[g] = true;
        }
        std::vector<long double> mean(n_groups), masked(n_groups);
        int supported = 0;
        for (std::size_t g = 0; g < n_groups; ++g) {
            const std::size_t at = model * n_groups + g;
            const std::string group = where + ", group " + std::to_string(g);
            if (got.supported[at] != n_all[g]) fail(group + ": supported");
            if (got.wins[at] != n_won[g]) fail(group + ": wins");
            supported += n_all[g];
            mean[g] = total[g] > 0 ? all[g] / total[g] : 0;
            masked[g] = total[g] > 0 ? won[g] / total[g] : 0;
            close(got.means[2 * at], mean[g], within, group + ", mean");
            close(got.means[2 * at + 1], masked[g], within, group + ", masked mean");
            if ((got.means[2 * at] > 0) != any_all[g]) fail(group + ": a mean above 0");
            if ((got.means[2 * at + 1] > 0) != any_won[g]) fail(group + ": a masked mean above 0");
        }
        std::array<long double, 4> overall{};
        bool has[4] = {};
        for (std::size_t m = 0; m < c.n_modalities; ++m) {
            const long double s_c = masked[2 * m], s_g = masked[2 * m + 1];
            const std::array<long double, 3> of = {(mean[2 * m] + mean[2 * m + 1]) / 2, (s_c + s_g) / 2,
                                                   s_c > 0 && s_g > 0 ? 2 * s_c * s_g / (s_c + s_g) : 0.0L};
            for (std::size_t k = 0; k < 3; ++k) {
                close(got.modality[(model * c.n_modalities + m) * 3 + k], of[k], 2 * within, where + ", modality");
                overall[k] += of[k] / static_cast<long double>(c.n_modalities);
            }
            has[0] |= any_all[2 * m] || any_all[2 * m + 1];
            has[1] |= any_won[2 * m] || any_won[2 * m + 1];
            has[2] |= any_won[2 * m] && any_won[2 * m + 1];
        }
        overall[3] = overall[2] * masked[n_groups - 1] / 100;
        has[3] = has[2] && any_won[n_groups - 1];
        int level = 0;
        for (int k = 0; k < 4; ++k) {
            const double score = got.overall[model * 4 + static_cast<std::size_t>(k)];
            close(score, overall[static_cast<std::size_t>(k)], 2 * within, where + ", overall");
            if (!(score >= 0 && score <= (k > 0 ? got.overall[model * 4 + static_cast<std::size_t>(k) - 1] : 100.0)))
                fail(where + ": 0 <= S5 <= S4 <= S3 <= S2 <= 100");
            if (has[k]) level = k + 2;
        }
        if (got.level[model] != level) fail(where + ": level");
        const bool fractions = supported >= 3 && highest > 0 && highest <= 1;
        // It may be raised for nothing, never missed.
        if ((outside || fractions) && got.suspect[model] != 1) fail(where + ": nobody looked closer");
    }
}

struct Free {
    void operator()(double* memory) const { std::free(memory); }
};

// Calls work(first, last, scratch) on `threads` threads, each with scratch of its own and its exact size.
template <class Work>
void each(const Case& c, const Kernels& kernels, std::size_t threads, std::size_t piece, Work work) {
    const std::size_t bytes = glevel::scratch_size(c.n_tasks, c.n_modalities, kernels.lanes) * sizeof(double);
    std::vector<std::unique_ptr<double, Free>> scratch;
    for (std::size_t i = 0; i < threads; ++i)
        scratch.emplace_back(static_cast<double*>(std::aligned_alloc(64, (bytes + 63) / 64 * 64)));
    glevel::parallel_for(c.n_models, piece, threads, [&](std::size_t worker, std::size_t first, std::size_t last) {
        work(first, last, scratch[worker].get());
    });
}

Board run(const Case& c, const Plan& plan, const Kernels& kernels, std::size_t threads, std::size_t piece) {
    Board board(c);
    const glevel::Scores out = board.pointers();
    each(c, kernels, threads, piece, [&](std::size_t first, std::size_t last, double* scratch) {
        kernels.score(plan, c.raw.data(), first, last, out, scratch);
        kernels.map(plan, c.raw.data(), first, last, board.points.data(), scratch);
    });
    return board;
}

// The three kernels in a row write what the fused one writes.
Board run_in_steps(const Case& c, const Plan& plan, const Kernels& kernels, std::size_t threads, std::size_t piece) {
    Board board(c);
    const glevel::Scores out = board.pointers();
    each(c, kernels, threads, piece, [&](std::size_t first, std::size_t last, double* scratch) {
        kernels.map(plan, c.raw.data(), first, last, board.points.data(), scratch);
        kernels.reduce(plan, c.raw.data(), board.points.data(), first, last, out, scratch);
        kernels.levels(c.n_modalities, board.means.data(), first, last, out, scratch);
    });
    return board;
}

void test_case(Random& random) {
    const Case c(random);
    const Plan plan(c.table());
    const auto paths = glevel::available_kernels();
    const Board first = run(c, plan, *paths.back(), 1, std::max<std::size_t>(c.n_models, 1));
    compare_with_scalar(c, first);
    for (const Kernels* kernels : paths) {
        const std::size_t threads = 1 + random.below(8), piece = 1 + random.below(c.n_models + 1);
        const std::string where = std::string(kernels->name) + ", " + std::to_string(threads) + " threads";
        const Board other = run(c, plan, *kernels, threads, piece);
        same_bits(other, first, where);
        const Board steps = run_in_steps(c, plan, *kernels, threads, piece);
        same_bits(steps, first, where + ", step by step");
        for (std::size_t i = 0; i < first.points.size(); ++i)
            if (std::memcmp(&other.points[i], &first.points[i], sizeof(double)) != 0 && !std::isnan(first.points[i]))
                fail(where + ": other points");
    }
}

// ---- Many specialist sets, resamples, summaries.

// S2 to S5 of all models by the score kernel, against these z of the specialists.
std::vector<double> scored_against(Case c, const std::vector<double>& sota, const Kernels& kernels) {
    c.sota = sota;
    const Plan plan(c.table());
    return run(c, plan, kernels, 1, std::max<std::size_t>(c.n_models, 1)).overall;
}

// Raw values of specialists, row by row: missing ones, those of a model (a tie), and any.
std::vector<double> random_sets(const Case& c, std::size_t n_sets, Random& random) {
    constexpr double odd[] = {nan, -nan, inf, -inf, 0.0, -0.0, tiny, DBL_MAX};
    const double strange = random.of({0.0, 0.05, 0.5});
    std::vector<double> sets;
    for (std::size_t s = 0; s < n_sets; ++s)
        for (std::size_t i = 0; i < c.n_tasks; ++i) {
            double value = c.sota[i] / c.scale[i];
            if (c.n_models > 0 && random.chance(0.4)) value = c.raw[random.below(c.n_models) * c.n_tasks + i];
            if (random.chance(0.3)) value *= random.between(0.9, 1.1);
            if (random.chance(strange)) value = random.of(odd);
            sets.push_back(value);
        }
    return sets;
}

// The z to win against: with `strict`, the next better one.
std::vector<double> z_of(const Case& c, const double* raw_sota, bool strict) {
    std::vector<double> z(c.n_tasks);
    for (std::size_t i = 0; i < c.n_tasks; ++i) {
        z[i] = raw_sota[i] * c.scale[i];
        if (strict) z[i] = std::nextafter(z[i], c.lower_is_better(i) ? -inf : inf);
    }
    return z;
}

std::vector<double> ablated(const glevel::Pairs& pairs, const glevel::SetKernels& kernels,
                            const std::vector<double>& sets, std::size_t n_sets, bool strict, std::size_t threads,
                            std::size_t piece) {
    std::vector<double> out(n_sets * pairs.n_models * 4, nan);
    const glevel::Tiles tiles(pairs, kernels, sets.data(), n_sets, strict, threads);
    glevel::parallel_for(pairs.n_models, piece, threads, [&](std::size_t, std::size_t first, std::size_t last) {
        kernels.ablate(pairs, tiles, first, last, out.data());
    });
    return out;
}

// Sets as the tasks whose specialists they change, some to what they were.
struct Sparse {
    std::vector<std::vector<std::size_t>> tasks;
    std::vector<double> sets;  // raw, all tasks

    Sparse(const Case& c, std::vector<double> given, Random& random) : sets(std::move(given)) {
        constexpr double often[] = {0.0, 0.02, 0.3, 1.0};
        const double share = random.of(often);
        for (std::size_t s = 0; s * c.n_tasks < sets.size(); ++s) {
            tasks.emplace_back();
            for (std::size_t i = 0; i < c.n_tasks; ++i)
                if (random.chance(share)) tasks.back().push_back(i);
        }
    }

    glevel::Changes changes(const glevel::Pairs& pairs) const {
        std::vector<std::int64_t> begin{0}, of;
        std::vector<double> raw;
        for (std::size_t s = 0; s < tasks.size(); ++s) {
            for (const std::size_t i : tasks[s]) {
                of.push_back(static_cast<std::int64_t>(i));
                raw.push_back(sets[s * pairs.plan.n_tasks + i]);
            }
            begin.push_back(static_cast<std::int64_t>(of.size()));
        }
        return {pairs, begin.data(), tasks.size(), of.data(), raw.data(), of.size()};
    }
};

std::vector<double> changed(const glevel::Pairs& pairs, const glevel::SetKernels& kernels, const Sparse& sparse,
                            std::size_t threads, std::size_t piece) {
    std::vector<double> out(sparse.tasks.size() * pairs.n_models * 4, nan);
    const glevel::Changes changes = sparse.changes(pairs);
    const glevel::PairColumns& columns = pairs.columns(threads);
    const glevel::Unchanged base = kernels.unchanged(pairs);
    glevel::parallel_for(sparse.tasks.size(), piece, threads, [&](std::size_t, std::size_t first, std::size_t last) {
        kernels.change(pairs, columns, base, changes, first, last, out.data());
    });
    return out;
}

// How many models win against one of two thresholds but not the other.
void test_between(const Case& c, const glevel::Pairs& pairs, const std::vector<double>& sets, Random& random) {
    pairs.sort_columns(1 + random.below(3));
    for (int trial = 0; !sets.empty() && trial < 20; ++trial) {
        const std::size_t at = random.below(sets.size()), i = at % c.n_tasks, column = pairs.column(i);
        const double a = pairs.threshold(column, sets[at], false),
                     b = random.chance(0.2) ? a : pairs.threshold(column, c.sota[i] / c.scale[i], random.chance(0.5));
        std::int64_t expected = 0;
        for (std::size_t m = 0; m < c.n_models; ++m) {
            const double v = pairs.value[m * c.n_tasks + column];
            expected += (v >= a) != (v >= b);
        }
        if (std::abs(pairs.below(column, a) - pairs.below(column, b)) != expected) fail("wins between two thresholds");
    }
}

// What is resampled together: units of one group each, numbered by group.
struct Units {
    std::vector<std::int32_t> of_task, group;

    Units(const Case& c, Random& random) : of_task(c.n_tasks) {
        const bool single = random.chance(0.5);
        for (std::size_t g = 0; g < c.n_groups(); ++g) {
            std::vector<std::size_t> tasks;
            for (std::size_t i = 0; i < c.n_tasks; ++i)
                if (c.group[i] == static_cast<std::int32_t>(g)) tasks.push_back(i);
            if (tasks.empty()) continue;
            const std::size_t n = single ? tasks.size() : 1 + random.below(tasks.size()), first = group.size();
            for (std::size_t k = 0; k < tasks.size(); ++k)  // each unit gets one, the rest go anywhere
                of_task[tasks[k]] = static_cast<std::int32_t>(first + (k < n ? k : random.below(n)));
            group.insert(group.end(), n, static_cast<std::int32_t>(g));
        }
    }
};

std::vector<double> resampled(const glevel::Resampling& r, const glevel::SetKernels& kernels, std::uint64_t seed,
                              std::uint64_t start, std::size_t n, std::size_t threads) {
    std::vector<double> out(n * r.n_models * 4, nan);
    glevel::resample(r, kernels, seed, start, n, out.data(), threads);
    return out;
}

// A resample lists a task as often as it is drawn. got (n, n_models, 4).
void compare_with_drawn_tasks(const Case& c, const std::vector<double>& points, const Units& units, std::uint64_t seed,
                              std::uint64_t start, std::size_t n, const std::vector<double>& got) {
    const std::size_t n_groups = c.n_groups();
    std::vector<std::size_t> begin(n_groups + 1);
    for (const std::int32_t g : units.group) ++begin[static_cast<std::size_t>(g) + 1];
    for (std::size_t g = 0; g < n_groups; ++g) begin[g + 1] += begin[g];
    // As reduce.hpp, of whole units: terms are rounded to a step of which a group's sum may hold 2^51 at least.
    std::vector<long double> heaviest(n_groups), of_unit(units.group.size()), step(n_groups);
    for (std::size_t i = 0; i < c.n_tasks; ++i) of_unit[units.of_task[i]] += c.weight[i];
    for (std::size_t i = 0; i < c.n_tasks; ++i)
        heaviest[c.group[i]] = std::max<long double>(heaviest[c.group[i]], c.weight[i]);
    for (std::size_t u = 0; u < of_unit.size(); ++u) {
        const auto g = static_cast<std::size_t>(units.group[u]), draws = begin[g + 1] - begin[g];
        step[g] = std::max({step[g], heaviest[g] * 0x1p-38L, 100 * of_unit[u] * draws * 0x1p-51L});
    }
    for (std::size_t r = 0; r < n; ++r) {
        const glevel::Draws draws(seed, start + r);
        std::vector<int> times(units.group.size());
        for (std::size_t j = 0; j < times.size(); ++j) {
            const std::size_t g = units.group[j], of = begin[g + 1] - begin[g];
            ++times[begin[g] + ((draws(j) >> 32) * of >> 32)];
        }
        std::vector<long double> drawn(n_groups), within(n_groups);
        for (std::size_t i = 0; i < c.n_tasks; ++i) {
            drawn[c.group[i]] += times[units.of_task[i]] * static_cast<long double>(c.weight[i]);
            within[c.group[i]] += 2 * times[units.of_task[i]] * step[c.group[i]];
        }
        long double all_within = 1e-12L;
        for (std::size_t g = 0; g < n_groups; ++g)
            if (drawn[g] > 0) all_within += within[g] / drawn[g];
        for (std::size_t model = 0; model < c.n_models; ++model) {
            std::vector<long double> all(n_groups), won(n_groups);
            for (std::size_t i = 0; i < c.n_tasks; ++i) {
                const double raw = c.raw[model * c.n_tasks + i], y = points[model * c.n_tasks + i];
                if (std::isnan(y)) continue;
                const double z = raw * c.scale[i];
                const long double adds = times[units.of_task[i]] * static_cast<long double>(c.weight[i]) * y;
                all[c.group[i]] += adds;
                if (c.lower_is_better(i) ? z <= c.sota[i] : z >= c.sota[i]) won[c.group[i]] += adds;
            }
            long double expected[4] = {};
            bool has[4] = {};
            const auto mean = [&](long double sum, std::size_t g) { return sum > 0 ? sum / drawn[g] : 0.0L; };
            const auto n_modalities = static_cast<long double>(c.n_modalities);
            for (std::size_t g = 0; g + 1 < n_groups; g += 2) {
                const long double s_c = mean(won[g], g), s_g = mean(won[g + 1], g + 1);
                expected[0] += (mean(all[g], g) + mean(all[g + 1], g + 1)) / 2 / n_modalities;
                expected[1] += (s_c + s_g) / 2 / n_modalities;
                if (s_c > 0 && s_g > 0) expected[2] += 2 * s_c * s_g / (s_c + s_g) / n_modalities;
                has[0] |= all[g] > 0 || all[g + 1] > 0;
                has[1] |= s_c > 0 || s_g > 0;
                has[2] |= s_c > 0 && s_g > 0;
            }
            expected[3] = expected[2] * mean(won[n_groups - 1], n_groups - 1) / 100;
            has[3] = has[2] && won[n_groups - 1] > 0;
            const std::string where = "resample " + std::to_string(r) + ", model " + std::to_string(model);
            const double* own = &got[(r * c.n_models + model) * 4];
            for (std::size_t k = 0; k < 4; ++k) {
                close(own[k], expected[k], 3 * all_within, where);
                if (!(own[k] >= 0 && own[k] <= (k > 0 ? own[k - 1] : 100.0))) fail(where + ": S5 <= S4 <= S3 <= S2");
                // Draws so light that they add up to no step have no mean.
                if (all_within < 1 && (own[k] > 0) != has[k]) fail(where + ": a score above 0");
            }
        }
    }
}

void test_sets(Random& random) {
    constexpr std::size_t sizes[] = {0, 1, 2, 15, 16, 17, 31, 32, 33, 63, 64, 65, 130};
    const Case c(random);
    const Plan plan(c.table());
    const auto paths = glevel::available_kernels();
    const std::size_t n_sets = random.of(sizes);
    const std::uint64_t seed = random.next(), start = random.chance(0.5) ? 0 : random.next();
    const bool strict = random.chance(0.3);
    const std::vector<double> sets = random_sets(c, n_sets, random);
    const Sparse sparse(c, sets, random);
    const Units units(c, random);

    std::vector<double> dense, few;  // what is expected
    for (std::size_t s = 0; s < n_sets; ++s) {
        const auto scores = scored_against(c, z_of(c, &sets[s * c.n_tasks], strict), *paths.front());
        dense.insert(dense.end(), scores.begin(), scores.end());
        auto sota = c.sota;
        for (const std::size_t i : sparse.tasks[s]) sota[i] = sets[s * c.n_tasks + i] * c.scale[i];
        const auto own = scored_against(c, sota, *paths.front());
        few.insert(few.end(), own.begin(), own.end());
    }
    std::optional<std::vector<double>> drawn;
    for (const Kernels* kernels : paths) {
        const std::size_t threads = 1 + random.below(8), piece = 1 + random.below(c.n_models + 1);
        const std::string where = std::string(kernels->name) + ", " + std::to_string(n_sets) + " sets, " +
                                  std::to_string(threads) + " threads";
        const glevel::SetKernels& set_kernels = glevel::set_kernels(*kernels);
        const glevel::Pairs pairs(plan, *kernels, c.raw.data(), c.n_models, threads);
        same_bits(ablated(pairs, set_kernels, sets, n_sets, strict, threads, piece), dense, where + ", ablate");
        if (pairs.tiny.empty())
            same_bits(changed(pairs, set_kernels, sparse, threads, 1 + random.below(n_sets + 1)), few,
                      where + ", change");
        test_between(c, pairs, sets, random);

        const glevel::Resampling resampling(pairs, units.of_task.data(), units.group.data(), units.group.size());
        const auto got = resampled(resampling, set_kernels, seed, start, n_sets, threads);
        if (!drawn) {
            drawn = got;
            const Board board = run(c, plan, *kernels, 1, std::max<std::size_t>(c.n_models, 1));
            compare_with_drawn_tasks(c, board.points, units, seed, start, n_sets, got);
        }
        same_bits(got, *drawn, where + ", resample");
        if (n_sets > 1) {  // resample 1 of a run from `start` is resample 0 of one from start + 1
            const std::vector<double> later(drawn->begin() + static_cast<std::ptrdiff_t>(4 * c.n_models), drawn->end());
            same_bits(resampled(resampling, set_kernels, seed, start + 1, n_sets - 1, threads), later, where);
        }
    }
}

// All that summarise() adds to.
struct Sums {
    std::vector<std::int64_t> high, low, levels;
    std::vector<double> least, most;
    std::vector<std::uint32_t> ranks, points;
    std::uint32_t exact;

    Sums(std::size_t n, std::uint32_t exact_ranks)
        : high(4 * n),
          low(4 * n),
          levels(5 * n),
          least(4 * n, inf),
          most(4 * n, -inf),
          ranks(exact_ranks > 0 ? 4 * n * (glevel::place(static_cast<std::uint32_t>(n), exact_ranks) + 1) : 0),
          points(4 * n * glevel::bins),
          exact(exact_ranks) {}

    glevel::Summary pointers() {
        return {high.data(), low.data(), least.data(), most.data(), levels.data(), points.data(), ranks.data(), exact};
    }
    bool operator==(const Sums&) const = default;
};

std::vector<std::uint32_t> ranks_by_counting(const double* scores, std::size_t n) {
    std::vector<std::uint32_t> ranks(4 * n);
    for (std::size_t k = 0; k < 4; ++k)
        for (std::size_t i = 0; i < n; ++i) {
            if (scores[4 * i + k] == 0.0) continue;
            ranks[k * n + i] = 1;
            for (std::size_t j = 0; j < n; ++j) ranks[k * n + i] += scores[4 * j + k] > scores[4 * i + k];
        }
    return ranks;
}

void test_summary(Random& random) {
    constexpr std::size_t model_counts[] = {0, 1, 2, 7, 33, 70}, set_counts[] = {0, 1, 15, 16, 17, 40};
    constexpr double often[] = {0.0, 1.0, 100.0, 50.0, tiny, 0.005, 99.995};
    constexpr std::uint32_t exacts[] = {0, 2, 4, 16, 128};
    const std::uint32_t exact = random.of(exacts);
    const std::size_t n = random.of(model_counts), n_sets = random.of(set_counts), threads = 1 + random.below(8);
    const double ties = random.of({0.0, 0.3, 1.0}), again = random.of({0.0, 0.5});
    const bool close_together = random.chance(0.2);  // all in one bucket
    std::vector<double> scores;
    for (std::size_t at = 0; at < n_sets * n * 4; ++at) {
        double score = close_together ? 50.0 + random.unit() * 1e-12 : random.between(0.0, 100.0);
        if (random.chance(ties)) score = random.of(often);
        if (at >= 4 * n && random.chance(again)) score = scores[at - 4 * n];
        scores.push_back(score);
    }
    if (n_sets > 1 && again > 0)
        std::copy_n(scores.begin(), 4 * n, scores.begin() + static_cast<std::ptrdiff_t>(4 * n));

    std::vector<std::uint32_t> base(4 * n);
    if (n_sets > 0) glevel::rank(scores.data(), n, base.data());
    Sums expected(n, exact);
    std::vector<std::uint32_t> places{0};  // rank by rank: bands one after the other, each as wide as it should be
    for (std::uint32_t band = 1; exact > 0 && places.size() <= n; ++band)
        places.insert(places.end(), band < exact ? 1 : std::size_t{2} << (band - exact) / (exact / 2), band);
    std::vector<std::int32_t> moved(n_sets);
    for (std::size_t s = 0; s < n_sets; ++s) {
        const double* own = scores.data() + s * n * 4;
        const auto ranks = ranks_by_counting(own, n);
        if (s == 0 && ranks != base) fail("rank");
        std::vector<std::uint32_t> again_ranks(4 * n);
        glevel::rank(own, n, again_ranks.data(), scores.data(), base.data());
        if (again_ranks != ranks) fail("rank beside known ranks");
        for (std::size_t i = 0; i < n; ++i) {
            std::size_t level = 0;
            bool moves = false;
            for (std::size_t k = 0; k < 4; ++k) {
                const double score = own[4 * i + k];
                const auto steps = static_cast<std::int64_t>(std::rint(std::ldexp(score, 45)));
                expected.high[4 * i + k] += steps / (std::int64_t{1} << 32);
                expected.low[4 * i + k] += steps % (std::int64_t{1} << 32);
                expected.least[4 * i + k] = std::min(expected.least[4 * i + k], score);
                expected.most[4 * i + k] = std::max(expected.most[4 * i + k], score);
                if (exact > 0) ++expected.ranks[(4 * i + k) * (places[n] + 1) + places[ranks[k * n + i]]];
                ++expected.points[(4 * i + k) * glevel::bins + static_cast<std::size_t>(std::rint(score * 100.0))];
                if (score > 0.0) level = k + 1;
                moves |= exact > 0 && ranks[k * n + i] != base[k * n + i];
            }
            ++expected.levels[5 * i + level];
            moved[s] += moves;
        }
    }
    const std::size_t cut = random.below(n_sets + 1);
    for (const std::size_t first_part : {n_sets, cut}) {  // at once, and in two parts
        Sums got(n, exact);
        std::vector<std::int32_t> moves(n_sets, -1);
        glevel::summarise(scores.data(), first_part, n, base.data(), got.pointers(), moves.data(), threads);
        glevel::summarise(scores.data() + first_part * n * 4, n_sets - first_part, n, base.data(), got.pointers(),
                          moves.data() + first_part, threads);
        if (got != expected || moves != moved) fail("summarise, " + std::to_string(threads) + " threads");
    }

    const std::vector<double> by_model(scores.begin(), scores.begin() + static_cast<std::ptrdiff_t>(n * n_sets));
    for (const Kernels* kernels : glevel::available_kernels()) {
        std::vector<std::int64_t> counts(n * n, 5);
        glevel::parallel_for(n, 3, threads, [&](std::size_t, std::size_t first, std::size_t last) {
            glevel::set_kernels(*kernels).count_above(by_model.data(), n, n_sets, first, last, counts.data());
        });
        for (std::size_t i = 0; i < n; ++i)
            for (std::size_t j = 0; j < n; ++j) {
                std::int64_t above = 5;
                for (std::size_t s = 0; s < n_sets; ++s) above += by_model[i * n_sets + s] > by_model[j * n_sets + s];
                if (counts[i * n + j] != above) fail("count_above");
            }
    }
}

// Counts in few bits come back, add up, and are told from others.
void test_packed(Random& random) {
    constexpr std::uint64_t most[] = {2, 16, 300, std::uint64_t{1} << 32};
    const std::size_t n = random.below(5), width = 1 + random.below(100);
    const double share = random.of({0.0, 0.1, 0.9});
    std::vector<std::uint32_t> counts(n * width), sums(n * width, 7);
    for (auto& count : counts)
        if (random.chance(share)) count = static_cast<std::uint32_t>(random.below(random.of(most)));
    std::vector<std::int64_t> first(n), last(n);
    glevel::find_stretches(counts.data(), n, width, first.data(), last.data());
    const auto packed = glevel::pack({counts.data(), n, width, first.data(), last.data()});
    const glevel::Rows<std::uint32_t> to{sums.data(), n, width, first.data(), last.data()};
    const std::vector<std::uint8_t> exact(packed.begin(), packed.end());  // so that a byte too many is seen
    if (!glevel::add_packed(to, exact.data(), exact.size())) fail("add_packed");
    glevel::add_rows(to, counts.data());
    for (std::size_t i = 0; i < sums.size(); ++i)
        if (sums[i] != 7 + 2 * counts[i]) fail("packed counts");
    if (!packed.empty()) {
        const std::vector<std::uint8_t> shorter(packed.begin(), packed.end() - 1);
        if (glevel::add_packed(to, shorter.data(), shorter.size())) fail("add_packed, a byte missing");
    }
}

// Subsets of the tasks: the same bits on any path and threads, near plain sums in long double.
void test_kept(Random& random) {
    const std::size_t n_models = random.below(40), n_tasks = 1 + random.below(60), n_modalities = random.below(4);
    const std::size_t n_sets = 1 + random.below(12), n_groups = 2 * n_modalities + 1;
    if (n_modalities > n_tasks) return;
    std::vector<double> points(n_models * n_tasks), weight(n_tasks, 1.0);
    std::vector<std::uint8_t> won(points.size()), keep(n_sets * n_tasks);
    std::vector<std::int32_t> group(n_tasks);
    for (auto& y : points) y = random.chance(0.2) ? nan : random.chance(0.1) ? 0.0 : random.between(1e-3, 100.0);
    for (std::size_t k = 0; k < won.size(); ++k) won[k] = points[k] >= 0.0 && random.chance(0.4);
    for (auto& of : group) of = static_cast<std::int32_t>(random.below(n_groups));
    if (random.chance(0.5))
        for (auto& w : weight) w = random.chance(0.1) ? 0.0 : random.between(0.1, 9.0);
    for (auto& kept : keep) kept = random.chance(0.4);

    const auto mean = [&](std::size_t s, std::size_t model, std::size_t g, bool only_won) {
        long double total = 0, weights = 0;
        for (std::size_t t = 0; t < n_tasks; ++t) {
            if (!keep[s * n_tasks + t] || static_cast<std::size_t>(group[t]) != g) continue;
            const std::size_t at = model * n_tasks + t;
            weights += weight[t];
            if (points[at] > 0.0 && (!only_won || won[at])) total += static_cast<long double>(weight[t]) * points[at];
        }
        return weights > 0 ? total / weights : 0.0L;
    };
    std::vector<double> first;
    for (const Kernels* kernels : glevel::available_kernels())
        for (const std::size_t threads : {1, 3}) {
            const glevel::Kept kept(points.data(), won.data(), n_models, n_tasks, group.data(), weight.data(),
                                    n_modalities, threads, kernels->name);
            std::vector<double> out(n_sets * n_models * 4, -1.0);
            kept.scores(keep.data(), n_sets, out.data(), threads);
            if (first.empty()) first = out;
            if (out != first) fail("kept: bits depend on the path or on threads");
        }
    for (std::size_t s = 0; s < n_sets; ++s) {
        std::size_t there = 0;
        for (std::size_t m = 0; m < n_modalities; ++m)
            for (std::size_t t = 0; t < n_tasks; ++t)
                if (keep[s * n_tasks + t] && static_cast<std::size_t>(group[t]) / 2 == m &&
                    group[t] < 2 * static_cast<int>(n_modalities)) {
                    ++there;
                    break;
                }
        for (std::size_t model = 0; model < n_models; ++model) {
            long double s2 = 0, s3 = 0;
            for (std::size_t g = 0; g < 2 * n_modalities; ++g)
                s2 += mean(s, model, g, false) / 2, s3 += mean(s, model, g, true) / 2;
            const double* got = first.data() + (s * n_models + model) * 4;
            const auto n = static_cast<long double>(std::max<std::size_t>(there, 1));
            if (std::fabs(got[0] - s2 / n) > 1e-9L || std::fabs(got[1] - s3 / n) > 1e-9L) fail("kept");
        }
    }
}

// Kendall's tau-b against all pairs.
void test_kendall(Random& random) {
    const std::size_t n = random.below(50), n_sets = 1 + random.below(5);
    std::vector<double> a(n_sets * n), b(n), tau(n_sets);
    for (auto* values : {&a, &b})
        for (auto& x : *values)
            x = random.chance(0.5) ? static_cast<double>(random.below(5)) : random.between(-9.0, 9.0);
    glevel::kendall(a.data(), n_sets, n, b.data(), tau.data(), 2);
    const auto order = [](double x, double y) { return (x > y) - (x < y); };
    for (std::size_t s = 0; s < n_sets; ++s) {
        long both = 0, of_a = 0, of_b = 0;
        for (std::size_t i = 0; i < n; ++i)
            for (std::size_t j = 0; j < i; ++j) {
                const int x = order(a[s * n + i], a[s * n + j]), y = order(b[i], b[j]);
                both += x * y, of_a += x != 0, of_b += y != 0;
            }
        const double expected =
            of_a && of_b ? static_cast<double>(both) / std::sqrt(static_cast<double>(of_a) * static_cast<double>(of_b))
                         : nan;
        if (!(tau[s] == expected || (std::isnan(tau[s]) && std::isnan(expected)))) fail("kendall");
    }
}

// What Pairs makes when it is first asked for is made once, whoever asks.
void test_one_pairs_many_callers(Random& random) {
    const Case c(random);
    const Plan plan(c.table());
    const Kernels& kernels = glevel::choose_kernels();
    const glevel::SetKernels& set_kernels = glevel::set_kernels(kernels);
    const std::vector<double> sets = random_sets(c, 20, random);
    const Sparse sparse(c, sets, random);
    const glevel::Pairs alone(plan, kernels, c.raw.data(), c.n_models, 1),
        shared(plan, kernels, c.raw.data(), c.n_models, 1);
    const auto dense = ablated(alone, set_kernels, sets, 20, false, 1, 1);
    std::vector<double> few;
    if (alone.tiny.empty()) few = changed(alone, set_kernels, sparse, 1, 1);
    std::vector<std::thread> callers;
    for (std::size_t i = 0; i < 8; ++i)
        callers.emplace_back([&, own = Random{random.next()}, threads = 1 + i % 3]() mutable {
            if (shared.tiny.empty()) same_bits(changed(shared, set_kernels, sparse, threads, 3), few, "change at once");
            test_between(c, shared, sets, own);
            same_bits(ablated(shared, set_kernels, sets, 20, false, threads, 2), dense, "ablate at once");
        });
    for (std::thread& caller : callers) caller.join();
}

// Whoever finds the pool in use does all the work alone; nobody gets other bits.
void test_many_callers(Random random) {
    const auto test = [](Random seeded) {
        for (int i = 0; i < 10; ++i) test_case(seeded), test_sets(seeded);
    };
    std::vector<std::thread> callers;
    for (int i = 0; i < 4; ++i) callers.emplace_back(test, Random{random.next()});
    for (std::thread& caller : callers) caller.join();
}

void test_every_piece_is_done_once() {
    for (std::size_t threads = 1; threads <= 8; ++threads)
        for (const std::size_t n : {0, 1, 2, 7, 64, 1000}) {
            std::vector<int> done(n, 0);
            glevel::parallel_for(n, 3, threads, [&](std::size_t worker, std::size_t first, std::size_t last) {
                if (worker >= threads || last > n) fail("parallel_for: out of range");
                for (; first < last; ++first) ++done[first];
            });
            if (std::any_of(done.begin(), done.end(), [](int times) { return times != 1; }))
                fail("parallel_for: not each exactly once");
        }
}

#if (defined(__unix__) || defined(__APPLE__)) && !defined(__SANITIZE_THREAD__)
void test_fork(Random random) {
    const pid_t child = fork();  // the pool has threads by now; the child has none of them
    if (child == 0) {
        for (int i = 0; i < 10; ++i) test_case(random), test_sets(random);
        _exit(0);
    }
    int status = -1;
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0) fail("the forked child");
}
#else
void test_fork(Random) {}
#endif

void test_refusals() {
    const auto refused = [](auto spoil) {
        Random random{7};
        Case c(random);
        while (c.n_tasks < 2) c = Case(random);
        spoil(c);
        try {
            Plan{c.table()};
        } catch (const std::invalid_argument&) {
            return;
        }
        fail("a bad plan was taken");
    };
    refused([](Case& c) { c.n_tasks = 0; });
    refused([](Case& c) { c.group[1] = -1; });
    refused([](Case& c) { c.group[1] = 99; });
    refused([](Case& c) { c.kind[1] = static_cast<Kind>(4); });
    refused([](Case& c) { c.weight[1] = -1; });
    refused([](Case& c) { c.weight[1] = inf; });
    refused([](Case& c) { c.scale[1] = 0; });
    refused([](Case& c) { c.low[1] = nan; });
    refused([](Case& c) { c.kind[1] = Kind::linear, c.slope[1] = 0; });
    refused([](Case& c) { c.kind[1] = Kind::inverse, c.constant[1] = nan; });
    try {
        glevel::choose_kernels("abacus");
    } catch (const std::invalid_argument& error) {
        if (std::string(error.what()).find("baseline") == std::string::npos) fail("which instruction sets there are");
        return;
    }
    fail("an unknown instruction set was taken");
}

}  // namespace

int main(int argc, char** argv) {
    const long cases = argc > 1 ? std::atol(argv[1]) : 500;
    Random random{argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1};
    test_refusals();
    test_every_piece_is_done_once();
    for (long i = 0; i < cases; ++i) {
        const std::uint64_t at = random.state;
        // Printed first: a crash must leave the seed of its case behind.
        if (std::getenv("GLEVEL_TEST_VERBOSE"))
            std::fprintf(stderr, "case %ld: state %llu\n", i, (unsigned long long)at);
        test_case(random);
        if (i % 4 == 0) test_sets(random);
        test_summary(random);
        test_packed(random);
        test_kept(random);
        test_kendall(random);
    }
    for (int i = 0; i < 4; ++i) test_one_pairs_many_callers(random);
    test_many_callers(random);
    test_fork(random);
    std::printf("%ld random plans on", cases);
    for (const Kernels* kernels : glevel::available_kernels()) std::printf(" %s", kernels->name);
    std::printf(": all well\n");
}
