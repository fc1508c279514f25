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
        constexpr std::size_t sizes[] = {1, 2, 3, 7, 8, 9, 40, 130, 700};
        constexpr double scales[] = {1, 1, 1, 1, 0.01, 100}, weights[] = {0, 1, 1, 2.5, 271, 1e-12};
        constexpr double odd[] = {nan, inf,  -inf, 0.0, -0.0,  -3.0,    100.0,  100.00000000000001, 140.0, 1.0,
                                  5.0, tiny, 1e-9, 1e9, 1e300, DBL_MAX, DBL_MIN};
        n_tasks = random.of(sizes);
        n_modalities = random.below(6);
        n_models = random.below(random.chance(0.1) ? 200 : 20);
        zero_scores = random.chance(0.3);
        const bool weighted = random.chance(0.5), percents = random.chance(0.3);
        const bool in_order = percents && random.chance(0.7);  // the plan's order: columns go in by transposition
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
            weight.push_back(weighted && !in_order ? random.of(weights) : 1.0);
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

// SPEC.md section 4, as it reads.
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
            const bool lower = c.kind[i] == Kind::inverse || (c.kind[i] == Kind::linear && c.slope[i] < 0);
            const bool wins = supported && (lower ? z <= c.sota[i] : z >= c.sota[i]);
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

// Whoever finds the pool in use does all the work alone; nobody gets other bits.
void test_many_callers(Random random) {
    const auto test = [](Random seeded) {
        for (int i = 0; i < 10; ++i) test_case(seeded);
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
        for (int i = 0; i < 10; ++i) test_case(random);
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
    }
    test_many_callers(random);
    test_fork(random);
    std::printf("%ld random plans on", cases);
    for (const Kernels* kernels : glevel::available_kernels()) std::printf(" %s", kernels->name);
    std::printf(": all well\n");
}
