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
void thresholds(const Plan&, const double* sota, bool strict, std::size_t first, std::size_t last, Tiles& to);
Unchanged unchanged(const Pairs&);
void change(const Pairs&, const PairColumns&, const Unchanged&, const Changes&, std::size_t first, std::size_t last,
            double* out);
void resample(const Resampling&, std::uint64_t seed, std::uint64_t start, std::size_t first, std::size_t last,
              double* out);
void count_above(const double* a, std::size_t n, std::size_t n_sets, std::size_t first, std::size_t last,
                 std::int64_t* counts);
void kept(const Kept&, const std::vector<KeptSet>& sets, std::size_t block, double* out);

constexpr std::size_t vectors = 8;  // held in registers
constexpr std::size_t tile = vectors * lanes;

// A vector of what lies apart: of(i) for lane i.
template <class V, class Of>
inline V gather(const Of& of) {
    if constexpr (lanes == 2)
        return V{of(0), of(1)};
    else if constexpr (lanes == 4)
        return V{of(0), of(1), of(2), of(3)};
    else
        return V{of(0), of(1), of(2), of(3), of(4), of(5), of(6), of(7)};
}

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
#elif GLEVEL_VECTOR_BYTES == 64
    if (n >= lanes) {
        const Vec low[2] = {__builtin_shufflevector(s2, s3, 0, 8, 2, 10, 4, 12, 6, 14),
                            __builtin_shufflevector(s2, s3, 1, 9, 3, 11, 5, 13, 7, 15)};
        const Vec high[2] = {__builtin_shufflevector(s4, s5, 0, 8, 2, 10, 4, 12, 6, 14),
                             __builtin_shufflevector(s4, s5, 1, 9, 3, 11, 5, 13, 7, 15)};
        for (std::size_t i = 0; i < 2; ++i) {
            // Rows i and i + 2, then i + 4 and i + 6.
            const Vec rows[2] = {__builtin_shufflevector(low[i], high[i], 0, 1, 8, 9, 2, 3, 10, 11),
                                 __builtin_shufflevector(low[i], high[i], 4, 5, 12, 13, 6, 7, 14, 15)};
            for (std::size_t k = 0; k < 2; ++k) {
                const auto first = __builtin_shufflevector(rows[k], rows[k], 0, 1, 2, 3);
                const auto second = __builtin_shufflevector(rows[k], rows[k], 4, 5, 6, 7);
                double* to = out + (i + 4 * k) * stride;
                std::memcpy(to, &first, sizeof first);
                std::memcpy(to + 2 * stride, &second, sizeof second);
            }
        }
        return;
    }
#endif
    for (std::size_t i = 0; i < std::min(n, lanes); ++i) {
        double* row = out + i * stride;
        row[0] = s2[i], row[1] = s3[i], row[2] = s4[i], row[3] = s5[i];
    }
}

// Copies scores to where they go. Of a large output nothing is kept in the caches, from which it would fall before
// anybody reads it: so its lines need not be read before they are written.
class Output {
   public:
    explicit Output(std::size_t n_scores) : is_large_(n_scores * sizeof(double) >= (std::size_t{4} << 20)) {}

    void copy(const double* from, std::size_t n, double* to) const {
#if defined(__SSE2__)
        if (is_large_) {
            for (; n > 0 && reinterpret_cast<std::uintptr_t>(to) % sizeof(Vec) != 0; --n) *to++ = *from++;
            for (; n >= lanes; n -= lanes, from += lanes, to += lanes) stream(to, load<Vec>(from));
        }
#endif
        std::copy_n(from, n, to);  // there may be none, at no address
    }

    // Before other threads may read.
    void finish() const {
#if defined(__SSE2__)
        if (is_large_) _mm_sfence();
#endif
    }

   private:
#if GLEVEL_VECTOR_BYTES == 64
    static void stream(double* to, Vec v) { _mm512_stream_pd(to, v); }
#elif GLEVEL_VECTOR_BYTES == 32 && defined(__AVX__)
    static void stream(double* to, Vec v) { _mm256_stream_pd(to, v); }
#elif defined(__SSE2__)
    static void stream(double* to, Vec v) { _mm_stream_pd(to, v); }
#endif

    bool is_large_;
};

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
