#include "sets/tiles.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "pool.hpp"

namespace glevel {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr std::size_t columns_in_piece = 32;
constexpr std::size_t abreast = 8;
constexpr std::size_t slack = 8;  // vectors may reach past the last column

}  // namespace

Tiles::Tiles(const Pairs& pairs, const double* sota, std::size_t n, std::size_t sets_abreast, bool strict,
             std::size_t threads)
    : n_tasks(pairs.plan.n_tasks),
      n_sets(n),
      tile(sets_abreast),
      n_tiles((n + tile - 1) / tile),
      threshold(new double[n_tiles * n_tasks * tile]),
      low(n_tasks + slack),
      high(n_tasks + slack),
      own(n_tasks + slack) {
    const Plan& plan = pairs.plan;
    parallel_for(n_tasks, columns_in_piece, threads, [&](std::size_t, std::size_t first, std::size_t last) {
        for (std::size_t c = first; c < last; ++c) {
            own[c] = pairs.own_threshold(c);
            low[c] = infinity, high[c] = -infinity;
        }
        for (std::size_t t = 0; t < n_tiles; ++t) {
            const std::size_t from = t * tile, n_here = std::min(tile, n_sets - from);
            double* rows = threshold.get() + t * n_tasks * tile;
            for (std::size_t s = 0; s < n_here; ++s)
                for (std::size_t c = first; c < last; ++c)
                    rows[c * tile + s] = sota[(from + s) * n_tasks + static_cast<std::size_t>(plan.order[c])];
            for (std::size_t c = first; c < last; ++c) take_column(plan, c, n_here, strict, rows + c * tile);
        }
    });
}

// Turns raw values of a tile's sets into what is compared with, and widens the column's range by them.
void Tiles::take_column(const Plan& plan, std::size_t c, std::size_t n, bool strict, double* row) {
    const double scale = plan.scale[c], sign = plan.sign[c];
    std::fill(row + n, row + tile, row[0]);
    for (std::size_t s = 0; s < tile; ++s) {
        const double v = sign * (row[s] * scale);
        row[s] = v == v ? v : infinity;  // no specialist: nobody wins
    }
    for (std::size_t s = 0; strict && s < n; ++s) row[s] = std::nextafter(row[s], infinity);
    if (strict) std::fill(row + n, row + tile, row[0]);
    // Several abreast, so that none waits for the one before.
    double lowest[abreast], highest[abreast];
    std::fill_n(lowest, abreast, low[c]);
    std::fill_n(highest, abreast, high[c]);
    for (std::size_t s = 0; s < tile; s += abreast)
        for (std::size_t i = 0; i < abreast; ++i) {
            lowest[i] = row[s + i] < lowest[i] ? row[s + i] : lowest[i];
            highest[i] = row[s + i] > highest[i] ? row[s + i] : highest[i];
        }
    low[c] = *std::min_element(lowest, lowest + abreast);
    high[c] = *std::max_element(highest, highest + abreast);
    std::fill(row + n, row + tile, infinity);
}

}  // namespace glevel
