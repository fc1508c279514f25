// What models are compared with under many specialist sets, from the sets' raw values.
#include <cmath>
#include <limits>

#include "sets/tile.hpp"

namespace glevel::GLEVEL_ISA {

constexpr double infinity = std::numeric_limits<double>::infinity();
static_assert(tile % lanes == 0);

// Several sets are read abreast, each row from its begin to its end, and whole vectors of sets are written.
void thresholds(const Plan& plan, const double* sota, bool strict, std::size_t first, std::size_t last, Tiles& to) {
    const std::size_t n_tasks = plan.n_tasks;
    Vec lowest[Tiles::columns_in_piece], highest[Tiles::columns_in_piece];
    for (; first < last; first += Tiles::columns_in_piece) {
        const std::size_t n_columns = std::min(last - first, Tiles::columns_in_piece);
        std::fill_n(lowest, n_columns, splat(infinity));
        std::fill_n(highest, n_columns, splat(-infinity));
        for (std::size_t set = 0; set < to.n_tiles * tile; set += lanes) {
            double* out = to.threshold.get() + (set / tile * n_tasks + first) * tile + set % tile;
            const std::size_t n = set < to.n_sets ? std::min(lanes, to.n_sets - set) : 0;
            if (n == 0) {
                for (std::size_t c = 0; c < n_columns; ++c) store(out + c * tile, splat(infinity));
                continue;
            }
            const double* rows[lanes];  // the last set stands in for those that are not there
            for (std::size_t i = 0; i < lanes; ++i) rows[i] = sota + (set + std::min(i, n - 1)) * n_tasks;
            for (std::size_t c = 0; c < n_columns; ++c) {
                const auto task = static_cast<std::size_t>(plan.order[first + c]);
                Vec v = gather<Vec>([&](std::size_t i) { return rows[i][task]; });
                v = plan.sign[first + c] * (v * plan.scale[first + c]);
                v = v == v ? v : splat(infinity);  // no specialist: nobody wins
                for (std::size_t i = 0; strict && i < lanes; ++i) v[i] = std::nextafter(v[i], infinity);
                lowest[c] = min(v, lowest[c]);
                highest[c] = max(v, highest[c]);
                store(out + c * tile, n < lanes && beyond(n) ? splat(infinity) : v);
            }
        }
        for (std::size_t c = 0; c < n_columns; ++c) {
            to.low[first + c] = highest[c][0], to.high[first + c] = highest[c][0];
            for (std::size_t i = 0; i < lanes; ++i) {
                to.low[first + c] = std::min(to.low[first + c], lowest[c][i]);
                to.high[first + c] = std::max(to.high[first + c], highest[c][i]);
            }
        }
    }
}

}  // namespace glevel::GLEVEL_ISA
