#include "sets/sets.hpp"

#include <algorithm>

#include "pool.hpp"

namespace glevel {

void resample(const Resampling& resampling, const SetKernels& kernels, std::uint64_t seed, std::uint64_t start,
              std::size_t n, double* out, std::size_t threads) {
    parallel_for(n, kernels.tile, threads, [&](std::size_t, std::size_t first, std::size_t last) {
        // Without a pool, all comes in one piece.
        for (; first < last; first += kernels.tile)
            kernels.resample(resampling, seed, start, first, std::min(first + kernels.tile, last), out);
    });
}

void count_above(const double* a, std::size_t n, std::size_t n_sets, std::int64_t* counts, std::size_t threads) {
    const SetKernels& kernels = set_kernels(choose_kernels());
    std::fill_n(counts, n * n, 0);
    parallel_for(n, 8, threads, [&](std::size_t, std::size_t first, std::size_t last) {
        kernels.count_above(a, n, n_sets, first, last, counts);
    });
}

}  // namespace glevel
