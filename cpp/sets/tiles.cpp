#include "sets/tiles.hpp"

#include "pool.hpp"
#include "sets/sets.hpp"

namespace glevel {
namespace {

constexpr std::size_t slack = 8;  // vectors may reach past the last column

}  // namespace

Tiles::Tiles(const Pairs& pairs, const SetKernels& kernels, const double* sota, std::size_t n, bool strict,
             std::size_t threads)
    : n_tasks(pairs.plan.n_tasks),
      n_sets(n),
      tile(kernels.tile),
      n_tiles((n + tile - 1) / tile),
      threshold(new double[n_tiles * n_tasks * tile]),
      low(n_tasks + slack),
      high(n_tasks + slack),
      own(n_tasks + slack) {
    for (std::size_t c = 0; c < n_tasks; ++c) own[c] = pairs.own_threshold(c);
    parallel_for(n_tasks, columns_in_piece, threads, [&](std::size_t, std::size_t first, std::size_t last) {
        kernels.thresholds(pairs.plan, sota, strict, first, last, *this);
    });
}

}  // namespace glevel
