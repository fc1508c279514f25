// The tasks that are no percentages, models in lanes: what is supported of them is squeezed into two streams, of steep
// and of flat places of the curve, so that each value goes through one branch of the mapping and no missing value goes
// through any. The sums are those of reduce.hpp, to the last bit.
#pragma once

#include <cstring>

#include "mapping.hpp"
#include "plan.hpp"
#include "rows.hpp"
#include "simd.hpp"

#if GLEVEL_VECTOR_BYTES == 64
#define GLEVEL_HAS_STREAMS 1
#else
#define GLEVEL_HAS_STREAMS 0  // no instruction that squeezes
#endif

namespace glevel::GLEVEL_ISA {

#if GLEVEL_HAS_STREAMS

// Doubles that Streams needs.
inline std::size_t stream_size(std::size_t n_tasks) {
    return 2 * (n_tasks + abreast + 1) * lanes + n_tasks / 8 * 8 + 8;
}

class Streams {
   public:
    Streams(const Plan& plan, double* memory)
        : plan_(plan),
          steep_(memory),
          flat_(steep_ + (plan.n_tasks + abreast + 1) * lanes),
          masks_(reinterpret_cast<Masks*>(flat_ + (plan.n_tasks + abreast + 1) * lanes)) {}

    // Takes a tile of raw values; sums (n_groups,) of bits(points + the plan's rounder) get what these tasks add. False
    // where a value is outside its domain.
    bool add(const double* tile, RowSums* sums) {
        n_steep_ = n_flat_ = 0;
        const unsigned bad = plan_.zero_scores ? squeeze<true>(tile, sums) : squeeze<false>(tile, sums);
        if (bad != 0) return false;
        map(steep_, n_steep_, steep_curve);
        map(flat_, n_flat_, flat_curve);
        const double *steep = steep_, *flat = flat_;
        const Masks* masks = masks_;
        const Column* column = plan_.general_columns.data();
        for (std::size_t g = 0; g < plan_.n_groups; ++g) {
            const Column* end = plan_.general_columns.data() + (plan_.general[g + 1] - plan_.n_percent);
            const Vec rounder = splat(plan_.rounder[g]);
            Sum all = sums[g].all, won = sums[g].won;
            for (; column < end; ++column) {
                if (column->kind <= Kind::linear) continue;
                const Masks m = *masks++;
                const auto flat_here = static_cast<__mmask8>(m.supported & ~m.steep);
                __m512d low = _mm512_loadu_pd(flat), high = _mm512_loadu_pd(steep);
                asm("" : "+v"(low), "+v"(high));  // or it reads memory while it expands, which takes longer
                const __m512d y = _mm512_mask_expand_pd(_mm512_maskz_expand_pd(flat_here, low), m.steep, high);
                flat += __builtin_popcount(flat_here);
                steep += __builtin_popcount(m.steep);
                put(all, won, y, column->weight, rounder, m.supported, m.won);
            }
            sums[g].all = all;
            sums[g].won = won;
        }
        return true;
    }

   private:
    struct Masks {
        __mmask8 supported, steep, won;
    };

    static void put(Sum& all, Sum& won_sum, __m512d y, double weight, Vec rounder, __mmask8 supported, __mmask8 won) {
        const __m512i term =
            _mm512_castpd_si512(_mm512_maskz_add_pd(supported, _mm512_mul_pd(y, _mm512_set1_pd(weight)), rounder));
        all += reinterpret_cast<Sum>(term);
        const auto before = reinterpret_cast<__m512i>(won_sum);
        won_sum = reinterpret_cast<Sum>(_mm512_mask_add_epi64(before, won, before, term));
    }

    // Fills the streams; linear tasks are done at once. Returns where there is a value outside its domain.
    template <bool zero_scores>
    unsigned squeeze(const double* tile, RowSums* sums) {
        constexpr int missing_classes = 0x01 | 0x08 | 0x80 | (zero_scores ? 0 : 0x06);  // NaN, infinity, zero
        const __m512i one = _mm512_set1_epi64(1);
        double *steep = steep_, *flat = flat_;
        Masks* masks = masks_;
        unsigned bad = 0;
        const Column* column = plan_.general_columns.data();
        const double* from = tile + plan_.n_percent * lanes;
        for (std::size_t g = 0; g < plan_.n_groups; ++g) {
            const Column* end = plan_.general_columns.data() + (plan_.general[g + 1] - plan_.n_percent);
            const Vec rounder = splat(plan_.rounder[g]);
            Sum all = sums[g].all, won_sum = sums[g].won;
            auto n_all = reinterpret_cast<__m512i>(sums[g].n_all), n_won = reinterpret_cast<__m512i>(sums[g].n_won);
            for (; column < end; ++column, from += lanes) {
                const __m512d raw = _mm512_load_pd(from), z = _mm512_mul_pd(raw, _mm512_set1_pd(column->scale));
                const __mmask8 missing = _mm512_fpclass_pd_mask(raw, missing_classes);
                const __mmask8 inside =
                    _mm512_mask_cmp_pd_mask(_mm512_cmp_pd_mask(z, _mm512_set1_pd(column->low), _CMP_GE_OQ), z,
                                            _mm512_set1_pd(column->high), _CMP_LE_OQ);
                const __mmask8 supported = _kandn_mask8(missing, inside);
                bad |= _cvtmask8_u32(_knot_mask8(_kor_mask8(missing, inside)));
                const __mmask8 won = _mm512_mask_cmp_pd_mask(supported, _mm512_mul_pd(z, _mm512_set1_pd(column->sign)),
                                                             _mm512_set1_pd(column->sota), _CMP_GE_OQ);
                n_all = _mm512_mask_add_epi64(n_all, supported, n_all, one);
                n_won = _mm512_mask_add_epi64(n_won, won, n_won, one);
                if (column->kind <= Kind::linear) {
                    put(all, won_sum, line(z, splat(column->worst), splat(column->slope)), column->weight, rounder,
                        supported, won);
                    continue;
                }
                const Vec constant = splat(column->constant);
                const Vec w = magnitude(column->kind == Kind::inverse ? z * constant : constant / z);
                const __mmask8 is_flat =
                    _mm512_mask_cmp_pd_mask(supported, w, splat(mapping::w_switch * mapping::unit), _CMP_NLT_UQ);
                const __mmask8 is_steep = _kandn_mask8(is_flat, supported);
                _mm512_storeu_pd(flat, _mm512_maskz_compress_pd(is_flat, w));
                _mm512_storeu_pd(steep, _mm512_maskz_compress_pd(is_steep, w));
                flat += __builtin_popcount(_cvtmask8_u32(is_flat));
                steep += __builtin_popcount(_cvtmask8_u32(is_steep));
                _store_mask8(&masks->supported, supported);
                _store_mask8(&masks->steep, is_steep);
                _store_mask8(&masks->won, won);
                ++masks;
            }
            sums[g] = {all, won_sum, reinterpret_cast<Mask>(n_all), reinterpret_cast<Mask>(n_won)};
        }
        n_steep_ = static_cast<std::size_t>(steep - steep_);
        n_flat_ = static_cast<std::size_t>(flat - flat_);
        return bad;
    }

    template <class Curve>
    static void map(double* stream, std::size_t n, Curve curve) {
        for (std::size_t i = 0; i < abreast; ++i) store(stream + n + i * lanes, splat(mapping::unit));
        for (std::size_t at = 0; at < n; at += abreast * lanes) {
            Abreast w, points;
            for (std::size_t i = 0; i < abreast; ++i) w[i] = load<Vec>(stream + at + i * lanes);
            curve(w, points);
            for (std::size_t i = 0; i < abreast; ++i) store(stream + at + i * lanes, points[i]);
        }
    }

    const Plan& plan_;
    double *steep_, *flat_;
    std::size_t n_steep_ = 0, n_flat_ = 0;
    Masks* masks_;
};

#else

inline std::size_t stream_size(std::size_t) { return 0; }

#endif

}  // namespace glevel::GLEVEL_ISA
