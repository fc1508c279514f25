// Percent tasks summed where they lie in the rows of a board: tasks in lanes, several rows abreast, no transposition.
// The sums are those of reduce.hpp, to the last bit.
//
// In the usual case (weights equal, steps of 2^-45) the rounder is 156: then a value of 100 and more carries the sum
// into the next power of two, and whether any value is out of its domain is seen in bits that were ORed together.
#pragma once

#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>
#include <utility>

#include "plan.hpp"
#include "simd.hpp"

namespace glevel::GLEVEL_ISA {

constexpr double watchful_rounder = 156.0;  // + 100 is 2^8
// Bits that no number from 156 up to 256 has, of sign and exponent.
constexpr std::int64_t beyond_usual = static_cast<std::int64_t>(std::uint64_t{0xfff & ~0x406} << 52);

// Of one group; models in lanes.
struct RowSums {
    Sum all, won;       // of bits(points + rounder)
    Mask n_all, n_won;  // tasks
};

// Adds up `lanes` vectors; lane i of the result is the sum over the lanes of v[i].
inline Sum sum_each(Sum (&v)[lanes]) {
#if GLEVEL_VECTOR_BYTES == 32
    Sum s[2];
    for (std::size_t i = 0; i < 2; ++i)
        s[i] = __builtin_shufflevector(v[2 * i], v[2 * i + 1], 0, 4, 2, 6) +
               __builtin_shufflevector(v[2 * i], v[2 * i + 1], 1, 5, 3, 7);
    return __builtin_shufflevector(s[0], s[1], 0, 1, 4, 5) + __builtin_shufflevector(s[0], s[1], 2, 3, 6, 7);
#elif GLEVEL_VECTOR_BYTES == 64
    Sum s[4];
    for (std::size_t i = 0; i < 4; ++i)
        s[i] = __builtin_shufflevector(v[2 * i], v[2 * i + 1], 0, 8, 2, 10, 4, 12, 6, 14) +
               __builtin_shufflevector(v[2 * i], v[2 * i + 1], 1, 9, 3, 11, 5, 13, 7, 15);
    for (std::size_t i = 0; i < 2; ++i)
        s[i] = __builtin_shufflevector(s[2 * i], s[2 * i + 1], 0, 1, 8, 9, 4, 5, 12, 13) +
               __builtin_shufflevector(s[2 * i], s[2 * i + 1], 2, 3, 10, 11, 6, 7, 14, 15);
    return __builtin_shufflevector(s[0], s[1], 0, 1, 2, 3, 8, 9, 10, 11) +
           __builtin_shufflevector(s[0], s[1], 4, 5, 6, 7, 12, 13, 14, 15);
#else
    return __builtin_shufflevector(v[0], v[1], 0, 2) + __builtin_shufflevector(v[0], v[1], 1, 3);
#endif
}

// Rows that come later, fetched into the L2 a line at a time while others are summed: in the order in which they lie in
// memory, so that the machine reads on by itself. The L1 would be too small for them, and fetches into it too few.
// Spread over all the work on a block: memory is slower than the fastest part of it, which would wait for its fetches.
class Ahead {
   public:
    // Of each 8 places where percent tasks could fetch a line, as many do; and lines that a mapped task fetches.
    static constexpr std::size_t of_8 = lanes == 2 ? 3 : 5, a_column = lanes == 8 ? 2 : 1;

    // A block from 8 rows further on: the next one, or of narrower vectors the one after.
    void start(const double* rows, std::size_t n_tasks) {
        at_ = rows + 8 * n_tasks;
        end_ = at_ + lanes * n_tasks;
    }
    void line() {
        __builtin_prefetch(at_, 0, 2);
        at_ += 8;
    }
    void some(std::size_t n) {
        for (; n > 0 && at_ < end_; --n) line();
    }
    void rest() {
        while (at_ < end_) line();
    }

   private:
    const double *at_, *end_;
};

// Calls work(0), …, work(lanes - 1), each with a constant, so that what it indexes can stay in registers.
template <class Work>
inline void for_lanes(const Work& work) {
    [&]<std::size_t... i>(std::index_sequence<i...>) {
        (work(std::integral_constant<std::size_t, i>{}), ...);
    }(std::make_index_sequence<lanes>{});
}

#if GLEVEL_VECTOR_BYTES == 64

class RowReader {
   public:
    // bytes holds 2 * lanes * windows.at.size() of them, and a vector.
    RowReader(const Plan& plan, const Windows& windows, std::uint8_t* bytes)
        : plan_(plan), w_(windows), bytes_(bytes) {}

    // Starts with another `lanes` rows.
    void start(const double* rows) {
        rows_ = rows;
        ahead_.start(rows, plan_.n_tasks);
        large_ = negative_ = _mm512_setzero_si512();
    }

    // Sums of group g, of bits(points + the plan's rounder); counts are not in yet.
    void add(std::size_t g, RowSums& sums) {
        if (plain(g))
            add<true>(g, sums);
        else
            add<false>(g, sums);
    }

    // What is left of the later rows.
    Ahead& ahead() { return ahead_; }

    // Counts of all groups, once all were added: reading at once what was just written would wait for it.
    void count(RowSums* sums) const {
        for (std::size_t g = 0; g < plan_.n_groups; ++g) {
            count(g, sums[g]);
            if (!plain(g)) continue;
            // From the watchful rounder to the plan's: (bits(156) - bits(128)) = 7 * 2^47.
            sums[g].all -= reinterpret_cast<Sum>(sums[g].n_all) * 7 << 47;
            sums[g].won -= reinterpret_cast<Sum>(sums[g].n_won) * 7 << 47;
        }
    }

    // Whether any value seen since start() may be below 0 or above 100. A -0, a NaN with a sign and a 100 look so too.
    bool odd() const {
        const auto sign = static_cast<long long>(std::uint64_t{1} << 63);
        return (_mm512_test_epi64_mask(large_, _mm512_set1_epi64(beyond_usual)) |
                _mm512_test_epi64_mask(negative_, _mm512_set1_epi64(sign))) != 0;
    }

    // Whether any value truly is.
    bool outside() const {
        const __m512d zero = _mm512_setzero_pd(), most = _mm512_set1_pd(100.0);
        unsigned found = 0;
        for (std::size_t k = 0; k < w_.at.size(); ++k)
            for (std::size_t i = 0; i < lanes; ++i) {
                const __m512d z = _mm512_maskz_loadu_pd(w_.mask[k], rows_ + i * plan_.n_tasks + w_.at[k]);
                found |= _mm512_cmp_pd_mask(z, zero, _CMP_LT_OQ) | _mm512_cmp_pd_mask(z, most, _CMP_GT_OQ);
            }
        return found != 0;
    }

   private:
    bool plain(std::size_t g) const { return plan_.equal_weights[g] && plan_.rounder[g] == 128.0; }

    template <bool plain>
    void add(std::size_t g, RowSums& sums) {
        Sum all[lanes]{}, won[lanes]{};
        const __m512d least = _mm512_set1_pd(plan_.least_percent());
        const __m512d watch = _mm512_set1_pd(watchful_rounder), rounder = _mm512_set1_pd(plan_.rounder[g]);
        __m512i large = large_, negative = negative_;
        Ahead ahead = ahead_;
        const std::size_t stride = plan_.n_tasks;
        std::uint8_t* byte = bytes_ + 2 * lanes * w_.begin[g];
        // In registers: a store of a byte could change anything else.
        const double *const rows = rows_, *const sotas = w_.sota.data(), *const weights = w_.weight.data();
        const std::size_t *const at = w_.at.data(), part = w_.part[g], end = w_.begin[g + 1];
        const std::uint8_t* const masks = w_.mask.data();
        const auto take = [&](std::size_t k, __mmask8 here, auto whole) __attribute__((always_inline)) {
            const double* from = rows + at[k];
            const __m512d sota = _mm512_loadu_pd(sotas + k * lanes);
            const __m512d weight = plain ? sota : _mm512_loadu_pd(weights + k * lanes);
            __m512i above[lanes], below[lanes];
            for_lanes([&](auto i) __attribute__((always_inline)) {
                const double* row = from + i * stride;
                if constexpr (i < Ahead::of_8) ahead.line();
                const __m512d z = whole ? _mm512_loadu_pd(row) : _mm512_maskz_loadu_pd(here, row);
                const __mmask8 supported = whole ? _mm512_cmp_pd_mask(z, least, _CMP_GE_OQ)
                                                 : _mm512_mask_cmp_pd_mask(here, z, least, _CMP_GE_OQ);
                const __mmask8 wins = _mm512_cmp_pd_mask(z, sota, _CMP_GE_OQ);
                const __m512d watched = _mm512_maskz_add_pd(supported, z, watch);
                const __m512d term =
                    plain ? watched : _mm512_maskz_add_pd(supported, _mm512_mul_pd(z, weight), rounder);
                all[i] += reinterpret_cast<Sum>(term);
                won[i] = reinterpret_cast<Sum>(_mm512_mask_add_epi64(reinterpret_cast<__m512i>(won[i]), wins,
                                                                     reinterpret_cast<__m512i>(won[i]),
                                                                     _mm512_castpd_si512(term)));
                _store_mask8(reinterpret_cast<__mmask8*>(byte + i), supported);
                _store_mask8(reinterpret_cast<__mmask8*>(byte + lanes + i), wins);
                above[i] = _mm512_castpd_si512(watched);
                below[i] = _mm512_castpd_si512(z);
                if constexpr (i % 2 == 1) {  // a | b | c
                    large = _mm512_ternarylogic_epi64(large, above[i - 1], above[i], 0xfe);
                    negative = _mm512_ternarylogic_epi64(negative, below[i - 1], below[i], 0xfe);
                }
            });
            byte += 2 * lanes;
        };
        std::size_t k = w_.begin[g];
        for (; k < part; ++k) take(k, 0xff, std::true_type{});
        for (; k < end; ++k) take(k, masks[k], std::false_type{});
        ahead_ = ahead;
        large_ = large;
        negative_ = negative;
        sums.all = sum_each(all);
        sums.won = sum_each(won);
    }

    // Each window has left a byte of mask a row: supported, then won ones.
    void count(std::size_t g, RowSums& sums) const {
        const __m256i low4 = _mm256_set1_epi8(15);
        const __m256i ones_in =
            _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4));
        const std::uint8_t *from = bytes_ + 2 * lanes * w_.begin[g], *end = bytes_ + 2 * lanes * w_.begin[g + 1];
        __m512i n_all = _mm512_setzero_si512(), n_won = n_all;
        while (from < end) {
            __m256i sum = _mm256_setzero_si256();
            // Two windows at once, and as many as a byte can count.
            for (std::size_t k = 0; k < 31 && from < end; ++k, from += 32) {
                __m256i masks = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
                if (end - from < 32) masks = _mm256_zextsi128_si256(_mm256_castsi256_si128(masks));
                sum = _mm256_add_epi8(sum, _mm256_shuffle_epi8(ones_in, _mm256_and_si256(masks, low4)));
                sum = _mm256_add_epi8(
                    sum, _mm256_shuffle_epi8(ones_in, _mm256_and_si256(_mm256_srli_epi16(masks, 4), low4)));
            }
            for (const __m128i half : {_mm256_castsi256_si128(sum), _mm256_extracti128_si256(sum, 1)}) {
                n_all = _mm512_add_epi64(n_all, _mm512_maskz_cvtepu8_epi64(0xff, half));
                n_won = _mm512_add_epi64(n_won, _mm512_maskz_cvtepu8_epi64(0xff, _mm_srli_si128(half, 8)));
            }
        }
        sums.n_all = reinterpret_cast<Mask>(n_all);
        sums.n_won = reinterpret_cast<Mask>(n_won);
    }

    const Plan& plan_;
    const Windows& w_;
    std::uint8_t* bytes_;
    const double* rows_;
    Ahead ahead_;
    __m512i large_, negative_;
};

#else

// The lanes in `mask`; NaN in the others, which are not read.
inline Vec load_some(const double* from, std::uint8_t mask) {
    const double nan = std::numeric_limits<double>::quiet_NaN();
#if defined(__AVX2__) && GLEVEL_VECTOR_BYTES == 32
    const Mask bit{1, 2, 4, 8}, here = (mask & bit) == bit;
    const Vec v = _mm256_maskload_pd(from, reinterpret_cast<__m256i>(here));
    return here ? v : splat(nan);
#else
    Vec v;
    for (std::size_t i = 0; i < lanes; ++i) v[i] = mask >> i & 1 ? from[i] : nan;
    return v;
#endif
}

// Two counts in one vector, so that all sums stay in registers.
typedef std::int32_t Halves __attribute__((vector_size(GLEVEL_VECTOR_BYTES)));

#if GLEVEL_VECTOR_BYTES == 32

// In each lane a half of a, then one of b.
inline Halves halves(Mask a, Mask b) {
    return __builtin_shufflevector(reinterpret_cast<Halves>(a), reinterpret_cast<Halves>(b), 0, 9, 2, 11, 4, 13, 6, 15);
}

// The counts of `lanes` rows, models in lanes.
inline void count_each(const Halves (&n)[lanes], RowSums& sums) {
    Sum all[lanes], won[lanes];
    for (std::size_t i = 0; i < lanes; ++i) {
        all[i] = reinterpret_cast<Sum>(n[i]) & 0xffffffff;
        won[i] = reinterpret_cast<Sum>(n[i]) >> 32;
    }
    sums.n_all = reinterpret_cast<Mask>(sum_each(all));
    sums.n_won = reinterpret_cast<Mask>(sum_each(won));
}

#else

// Halves of a in the first lane, of b in the second. As floats, or it takes three instructions.
inline Halves halves(Mask a, Mask b) {
    typedef float Floats __attribute__((vector_size(GLEVEL_VECTOR_BYTES)));
    return reinterpret_cast<Halves>(
        __builtin_shufflevector(reinterpret_cast<Floats>(a), reinterpret_cast<Floats>(b), 0, 2, 4, 6));
}

inline void count_each(const Halves (&n)[lanes], RowSums& sums) {
    Mask v[lanes];
    for (std::size_t i = 0; i < lanes; ++i) {
        const auto pair = reinterpret_cast<Mask>(n[i]);
        v[i] = (pair & 0xffffffff) + (pair >> 32);
    }
    sums.n_all = __builtin_shufflevector(v[0], v[1], 0, 2);
    sums.n_won = __builtin_shufflevector(v[0], v[1], 1, 3);
}

#endif

class RowReader {
   public:
    RowReader(const Plan& plan, const Windows& windows, std::uint8_t*) : plan_(plan), w_(windows) {}

    void start(const double* rows) {
        rows_ = rows;
        ahead_.start(rows, plan_.n_tasks);
        large_ = negative_ = Mask{};
    }

    void add(std::size_t g, RowSums& sums) {
        if (plain(g))
            add<true>(g, sums);
        else
            add<false>(g, sums);
    }

    Ahead& ahead() { return ahead_; }

    void count(RowSums* sums) const {
        for (std::size_t g = 0; g < plan_.n_groups; ++g)
            if (plain(g)) {
                sums[g].all -= seven(sums[g].n_all) << 47;
                sums[g].won -= seven(sums[g].n_won) << 47;
            }
    }

    bool odd() const { return any(((large_ & beyond_usual) != 0) | (negative_ < 0)); }

    bool outside() const {
        Mask found{};
        for (std::size_t k = 0; k < w_.at.size(); ++k)
            for (std::size_t i = 0; i < lanes; ++i) {
                const Vec z = load_some(rows_ + i * plan_.n_tasks + w_.at[k], w_.mask[k]);
                found |= (z < 0.0) | (z > 100.0);
            }
        return any(found);
    }

   private:
    static constexpr std::size_t abreast = 2;

    bool plain(std::size_t g) const { return plan_.equal_weights[g] && plan_.rounder[g] == 128.0; }

    static Sum seven(Mask n) { return reinterpret_cast<Sum>((n << 3) - n); }

    struct Terms {
        Sum all[abreast]{}, won[abreast]{};
        Halves n[abreast]{};
    };

    template <bool plain>
    void add(std::size_t g, RowSums& sums) {
        Sum all[lanes], won[lanes];
        Halves n[lanes];
        for (std::size_t first = 0; first < lanes; first += abreast) {
            const double* rows = rows_ + first * plan_.n_tasks;
            Terms terms;
            add<plain, true>(g, rows, w_.begin[g], w_.part[g], terms);
            if (w_.part[g] < w_.begin[g + 1]) add<plain, false>(g, rows, w_.part[g], w_.begin[g + 1], terms);
            for (std::size_t i = 0; i < abreast; ++i) {
                all[first + i] = terms.all[i], won[first + i] = terms.won[i], n[first + i] = terms.n[i];
            }
        }
        sums.all = sum_each(all);
        sums.won = sum_each(won);
        count_each(n, sums);
    }

    // Windows from k to end.
    template <bool plain, bool whole>
    __attribute__((always_inline)) void add(std::size_t g, const double* rows, std::size_t k, std::size_t end,
                                            Terms& terms) {
        Terms to = terms;  // in registers, as is what follows
        const Vec least = splat(plan_.least_percent()), watch = splat(watchful_rounder);
        const Vec rounder = splat(plan_.rounder[g]);
        const double *const sotas = w_.sota.data(), *const weights = w_.weight.data();
        const std::size_t *const at = w_.at.data(), stride = plan_.n_tasks;
        Mask large = large_, negative = negative_;
        Ahead ahead = ahead_;
        for (; k < end; ++k) {
            const double* from = rows + at[k];
            const Vec sota = load<Vec>(sotas + k * lanes);
            if (k % 8 < Ahead::of_8) ahead.line();
#pragma GCC unroll 2
            for (std::size_t i = 0; i < abreast; ++i, from += stride) {
                const Vec z = whole ? load<Vec>(from) : load_some(from, w_.mask[k]);
                const Mask supported = z >= least, wins = z >= sota;
                const Mask sum = bits(z + watch), watched = sum & supported;
                const Mask term = plain ? sum : bits(z * load<Vec>(weights + k * lanes) + rounder);
                to.all[i] += reinterpret_cast<Sum>(term & supported);
                to.won[i] += reinterpret_cast<Sum>(term & wins);
                to.n[i] -= halves(supported, wins);
                large |= watched;
                negative |= bits(z);
            }
        }
        terms = to;
        ahead_ = ahead;
        large_ = large;
        negative_ = negative;
    }

    const Plan& plan_;
    const Windows& w_;
    const double* rows_;
    Ahead ahead_;
    Mask large_, negative_;
};

#endif

}  // namespace glevel::GLEVEL_ISA
