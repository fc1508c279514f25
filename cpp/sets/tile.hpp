// What the kernels of many sets share: sets (or resamples) lie in lanes, a tile of them is done abreast, and this is
// how their scores come of sums.
#pragma once

#include <algorithm>
#include <vector>

#include "levels.hpp"
#include "sets/sets.hpp"
#include "simd.hpp"

namespace glevel::GLEVEL_ISA {

// One kernel a file; SetKernels says what each does.
void ablate(const Pairs&, const Tiles&, std::size_t first, std::size_t last, double* out);
std::vector<double> totals(const Pairs&, const PairColumns&);
void change(const Pairs&, const PairColumns&, const double* totals, const Changes&, std::size_t first, std::size_t last,
            double* out);
void resample(const Resampling&, std::uint64_t seed, std::uint64_t start, std::size_t first, std::size_t last,
              double* out);
void count_above(const double* a, std::size_t n, std::size_t n_sets, std::size_t first, std::size_t last,
                 std::int64_t* counts);
void kept(const Kept&, const std::vector<KeptSet>& sets, std::size_t block, double* out);

constexpr std::size_t vectors = 8;  // held in registers
constexpr std::size_t tile = vectors * lanes;

inline Vec mean_points(Mask steps, const Divisor& divisor) { return min(divisor(to_double(steps)), splat(100.0)); }

// S2 to S5 of the first n of a vector of sets or models, a row of four doubles each.
inline void store_rows(Vec s2, Vec s3, Vec s4, Vec s5, std::size_t n, double* out, std::size_t stride) {
#if GLEVEL_VECTOR_BYTES == 32
    if (n >= lanes) {
        Vec rows[lanes] = {s2, s3, s4, s5};
        transpose(rows);
        for (std::size_t i = 0; i < lanes; ++i) store(out + i * stride, rows[i]);
        return;
    }
#endif
    for (std::size_t i = 0; i < std::min(n, lanes); ++i) {
        double* row = out + i * stride;
        row[0] = s2[i], row[1] = s3[i], row[2] = s4[i], row[3] = s5[i];
    }
}

// The mean of a power of two of modalities is cheaper, and the same to the last bit, as a product.
struct MeanOfModalities {
    explicit MeanOfModalities(std::size_t n_modalities)
        : n(n_modalities > 0 ? static_cast<double>(n_modalities) : 1.0),
          exact((n_modalities & (n_modalities - 1)) == 0) {}
    Vec operator()(Vec total) const { return exact ? total * (1.0 / n) : total / n; }
    double n;
    bool exact;
};

inline std::vector<Divisor> divisors(const Pairs& pairs) { return {pairs.divisor.begin(), pairs.divisor.end()}; }

}  // namespace glevel::GLEVEL_ISA
