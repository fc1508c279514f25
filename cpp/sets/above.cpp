// Who is above whom, over many sets.
#include "sets/tile.hpp"

namespace glevel::GLEVEL_ISA {

void count_above(const double* a, std::size_t n, std::size_t n_sets, std::size_t first, std::size_t last,
                 std::int64_t* counts) {
    for (std::size_t i = first; i < last; ++i)
        for (std::size_t j = 0; j < n; ++j) {
            const double *x = a + i * n_sets, *y = a + j * n_sets;
            Mask above{};
            std::size_t s = 0;
            for (; s + lanes <= n_sets; s += lanes) above += load<Vec>(x + s) > load<Vec>(y + s);
            std::int64_t more = -sum_over_lanes(above);
            for (; s < n_sets; ++s) more += x[s] > y[s];
            counts[i * n + j] += more;
        }
}

}  // namespace glevel::GLEVEL_ISA
