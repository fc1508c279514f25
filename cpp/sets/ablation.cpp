#include "sets/ablation.hpp"

#include <algorithm>
#include <cstdlib>
#include <stdexcept>

#include "pool.hpp"

namespace glevel {

Ablation::Ablation(const Engine& engine, const double* raw, std::size_t n_models, std::size_t threads)
    : kernels_(set_kernels(engine.kernels())), pairs_(engine.plan(), engine.kernels(), raw, n_models, threads) {}

void Ablation::dense(const double* sota, std::size_t n_sets, bool strict, double* out, std::int64_t* wins,
                     std::size_t threads) const {
    const std::size_t n_tasks = pairs_.plan.n_tasks;
    const Tiles tiles(pairs_, kernels_, sota, n_sets, strict, threads);
    parallel_for(pairs_.n_models, 32, threads, [&](std::size_t, std::size_t first, std::size_t last) {
        kernels_.ablate(pairs_, tiles, first, last, out);
    });
    if (wins == nullptr) return;
    pairs_.sort_columns(threads);
    parallel_for(n_tasks, 8, threads, [&](std::size_t, std::size_t first, std::size_t last) {
        for (std::size_t c = first; c < last; ++c) {
            const double own = pairs_.own_threshold(c);
            const std::int64_t lost = pairs_.below(c, own);
            std::int64_t count = 0;
            for (std::size_t s = 0; s < n_sets; ++s)
                count += tiles.of(s, c) == own ? 0 : std::abs(pairs_.below(c, tiles.of(s, c)) - lost);
            wins[pairs_.plan.order[c]] = count;
        }
    });
}

void Ablation::change(const Changes& changes, double* out, std::int64_t* wins, std::size_t threads) const {
    if (!pairs_.tiny.empty()) throw std::invalid_argument("these results need dense sets");
    const PairColumns& columns = pairs_.columns(threads);
    std::call_once(unchanged_once_, [&] { unchanged_ = kernels_.unchanged(pairs_); });
    const std::size_t n = changes.begin.size() - 1;
    const std::size_t piece = std::max<std::size_t>(1, (n + 4 * threads - 1) / (4 * threads));
    parallel_for(n, piece, threads, [&](std::size_t, std::size_t first, std::size_t last) {
        kernels_.change(pairs_, columns, unchanged_, changes, first, last, out);
    });
    if (wins == nullptr) return;
    pairs_.sort_columns(threads);
    std::fill_n(wins, pairs_.plan.n_tasks, 0);
    for (std::size_t i = 0; i < changes.column.size(); ++i)
        wins[pairs_.plan.order[changes.column[i]]] += std::abs(pairs_.below(changes.column[i], changes.after[i]) -
                                                               pairs_.below(changes.column[i], changes.before[i]));
}

void Ablation::gains(const std::int64_t* tasks, const double* sota, std::size_t n, std::int8_t* gained,
                     std::size_t threads) const {
    for (std::size_t i = 0; i < n; ++i)
        if (tasks[i] < 0 || tasks[i] >= static_cast<std::int64_t>(pairs_.plan.n_tasks))
            throw std::invalid_argument("task out of range");
    const PairColumns& columns = pairs_.columns(threads);
    for (std::size_t i = 0; i < n; ++i) {
        const std::size_t column = pairs_.column(static_cast<std::size_t>(tasks[i]));
        const double before = pairs_.own_threshold(column), after = pairs_.threshold(column, sota[i], false);
        const double* value = columns.value.get() + column * pairs_.padded;
        for (std::size_t model = 0; model < pairs_.n_models; ++model)
            gained[model * n + i] = static_cast<std::int8_t>((value[model] >= after) - (value[model] >= before));
    }
}

}  // namespace glevel
