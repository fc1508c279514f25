#include "sets/ablation.hpp"

#include <algorithm>
#include <stdexcept>

#include "pool.hpp"

namespace glevel {

Ablation::Ablation(const Engine& engine, const double* raw, std::size_t n_models, std::size_t threads)
    : kernels_(set_kernels(engine.kernels())), pairs_(engine.plan(), engine.kernels(), raw, n_models, threads) {}

void Ablation::dense(const double* sota, std::size_t n_sets, bool strict, double* out, std::int64_t* wins,
                     std::size_t threads) const {
    const std::size_t n_tasks = pairs_.plan.n_tasks;
    const Tiles tiles(pairs_, sota, n_sets, kernels_.tile, strict, threads);
    parallel_for(pairs_.n_models, 32, threads, [&](std::size_t, std::size_t first, std::size_t last) {
        kernels_.ablate(pairs_, tiles, first, last, out);
    });
    if (wins == nullptr) return;
    pairs_.sort_columns(threads);
    parallel_for(n_tasks, 8, threads, [&](std::size_t, std::size_t first, std::size_t last) {
        for (std::size_t c = first; c < last; ++c) {
            std::int64_t count = 0;
            for (std::size_t s = 0; s < n_sets; ++s)
                count += pairs_.between(c, pairs_.own_threshold(c), tiles.of(s, c));
            wins[pairs_.plan.order[c]] = count;
        }
    });
}

void Ablation::change(const Changes& changes, double* out, std::int64_t* wins, std::size_t threads) const {
    if (!pairs_.tiny.empty()) throw std::invalid_argument("these results need dense sets");
    const PairColumns& columns = pairs_.columns(threads);
    std::call_once(totals_once_, [&] { totals_ = kernels_.totals(pairs_, columns); });
    const std::size_t n = changes.begin.size() - 1;
    const std::size_t piece = std::max<std::size_t>(1, (n + 4 * threads - 1) / (4 * threads));
    parallel_for(n, piece, threads, [&](std::size_t, std::size_t first, std::size_t last) {
        kernels_.change(pairs_, columns, totals_.data(), changes, first, last, out);
    });
    if (wins == nullptr) return;
    pairs_.sort_columns(threads);
    std::fill_n(wins, pairs_.plan.n_tasks, 0);
    for (std::size_t i = 0; i < changes.column.size(); ++i)
        wins[pairs_.plan.order[changes.column[i]]] +=
            pairs_.between(changes.column[i], changes.before[i], changes.after[i]);
}

}  // namespace glevel
