// The tasks that are no percentages, models in lanes: what is supported of them is squeezed into two streams, of steep
// and of flat places of the curve, so that each value goes through one branch of the mapping and no missing value goes
// through any. The sums are those of reduce.hpp, to the last bit.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <limits>

#include "mapping.hpp"
#include "plan.hpp"
#include "rows.hpp"
#include "simd.hpp"

namespace glevel::GLEVEL_ISA {

// What the streams ask of an instruction set. Lanes is what a comparison leaves.
#if GLEVEL_VECTOR_BYTES == 64

typedef __mmask8 Lanes;

inline Lanes at_least(Vec a, Vec b) { return _mm512_cmp_pd_mask(a, b, _CMP_GE_OQ); }
inline Lanes at_least(Lanes where, Vec a, Vec b) { return _mm512_mask_cmp_pd_mask(where, a, b, _CMP_GE_OQ); }
inline Lanes below(Lanes where, Vec a, Vec b) { return _mm512_mask_cmp_pd_mask(where, a, b, _CMP_LT_OQ); }
inline Lanes both(Lanes a, Lanes b) { return _kand_mask8(a, b); }
inline Lanes either(Lanes a, Lanes b) { return _kor_mask8(a, b); }
inline Lanes without(Lanes a, Lanes b) { return _kandn_mask8(b, a); }
inline unsigned number(Lanes a) { return _cvtmask8_u32(a); }
inline Lanes lanes_of(std::uint8_t bits) { return bits; }
inline void keep(std::uint8_t& to, Lanes a) { _store_mask8(&to, a); }

// NaN, infinite, or a 0 unless that is a score.
template <bool zero_scores>
inline Lanes missing(Vec raw) {
    return _mm512_fpclass_pd_mask(raw, 0x01 | 0x08 | 0x80 | (zero_scores ? 0 : 0x06));
}

// The values in these lanes, side by side.
inline Vec squeeze(Lanes where, Vec v) { return _mm512_maskz_compress_pd(where, v); }

// The way back: in the lanes of `steep` the next values of one stream, in those of `flat` those of the other.
inline Vec spread(Lanes steep, const double* from_steep, Lanes flat, const double* from_flat) {
    __m512d low = _mm512_loadu_pd(from_flat), high = _mm512_loadu_pd(from_steep);
    asm("" : "+v"(low), "+v"(high));  // or it reads memory while it expands, which takes longer
    return _mm512_mask_expand_pd(_mm512_maskz_expand_pd(flat, low), steep, high);
}

inline Vec term(Lanes where, Vec points, Vec rounder) { return _mm512_maskz_add_pd(where, points, rounder); }

template <class V>
inline V plus(V sum, Lanes where, Vec term) {
    const auto before = reinterpret_cast<__m512i>(sum);
    return reinterpret_cast<V>(_mm512_mask_add_epi64(before, where, before, _mm512_castpd_si512(term)));
}

inline Mask plus_one(Mask n, Lanes where) { return plus(n, where, _mm512_castsi512_pd(_mm512_set1_epi64(1))); }

#else

typedef Mask Lanes;

// For each set of lanes: the lanes as a vector, and of vectors of four, in 32-bit halves, where squeeze() and spread()
// find each value.
struct LaneTables {
    std::array<std::array<std::int64_t, lanes>, 1 << lanes> of_set{};
    std::array<std::array<std::int32_t, 2 * lanes>, 1 << lanes> squeeze{}, spread{};

    constexpr LaneTables() {
        for (std::size_t set = 0; set < 1 << lanes; ++set)
            for (std::size_t lane = 0, next = 0; lane < lanes; ++lane)
                if (set >> lane & 1) {
                    of_set[set][lane] = -1;
                    for (std::size_t half = 0; half < 2; ++half) {
                        squeeze[set][2 * next + half] = static_cast<std::int32_t>(2 * lane + half);
                        spread[set][2 * lane + half] = static_cast<std::int32_t>(2 * next + half);
                    }
                    ++next;
                }
    }
};
inline constexpr LaneTables lane_tables;

inline Lanes at_least(Vec a, Vec b) { return a >= b; }
inline Lanes at_least(Lanes where, Vec a, Vec b) { return where & (a >= b); }
inline Lanes below(Lanes where, Vec a, Vec b) { return where & (a < b); }
inline Lanes both(Lanes a, Lanes b) { return a & b; }
inline Lanes either(Lanes a, Lanes b) { return a | b; }
inline Lanes without(Lanes a, Lanes b) { return a & ~b; }
inline unsigned number(Lanes a) { return lane_bits(a); }
inline Lanes lanes_of(std::uint8_t bits) { return load<Mask>(lane_tables.of_set[bits].data()); }
inline void keep(std::uint8_t& to, Lanes a) { to = static_cast<std::uint8_t>(number(a)); }

template <bool zero_scores>
inline Lanes missing(Vec raw) {
    const Lanes none = ~(raw < std::numeric_limits<double>::infinity());
    return zero_scores ? none : none | (raw == 0.0);
}

#if GLEVEL_VECTOR_BYTES == 32

inline Vec pick(const std::array<std::int32_t, 8>& from, Vec v) {
    const __m256i index = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from.data()));
    return _mm256_castps_pd(_mm256_permutevar8x32_ps(_mm256_castpd_ps(v), index));
}

inline Vec squeeze(Lanes where, Vec v) { return pick(lane_tables.squeeze[number(where)], v); }
inline Vec expand(Lanes where, Vec v) { return pick(lane_tables.spread[number(where)], v); }

#else

inline Lanes first(Lanes where) { return __builtin_shufflevector(where, where, 0, 0); }
inline Vec squeeze(Lanes where, Vec v) { return first(where) ? v : __builtin_shufflevector(v, v, 1, 1); }
inline Vec expand(Lanes where, Vec v) { return first(where) ? v : __builtin_shufflevector(v, v, 0, 0); }

#endif

inline Vec spread(Lanes steep, const double* from_steep, Lanes flat, const double* from_flat) {
    const Vec high = expand(steep, load<Vec>(from_steep)), low = expand(flat, load<Vec>(from_flat));
    return steep ? high : low;
}

inline Vec term(Lanes where, Vec points, Vec rounder) { return from_bits(bits(points + rounder) & where); }

template <class V>
inline V plus(V sum, Lanes where, Vec term) {
    return sum + reinterpret_cast<V>(bits(term) & where);
}

inline Mask plus_one(Mask n, Lanes where) { return n - where; }

#endif

// How many lanes are in a set.
inline unsigned count(unsigned set) {
    if constexpr (lanes == 2) return set - (set >> 1);  // not every machine of the kind has an instruction for it
    return static_cast<unsigned>(__builtin_popcount(set));
}

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
    // where a value is outside its domain. Fetches later rows meanwhile.
    bool add(const double* tile, RowSums* sums, Ahead& ahead) {
        const bool good = plan_.zero_scores ? fill<true>(tile, sums, ahead) : fill<false>(tile, sums, ahead);
        if (!good) return false;
        map(steep_, n_steep_, steep_curve);
        map(flat_, n_flat_, flat_curve);
        const double *steep = steep_, *flat = flat_;
        const Masks* masks = masks_;
        for (std::size_t g = 0; g < plan_.n_groups; ++g) {
            const std::size_t end = plan_.general[g + 1];
            const Vec rounder = splat(plan_.rounder[g]);
            Sum all = sums[g].all, won = sums[g].won;
            for (; masks->column < end; ++masks) {
                const Masks m = *masks;
                const auto level = static_cast<std::uint8_t>(m.supported & ~m.steep);
                const Vec y = spread(lanes_of(m.steep), steep, lanes_of(level), flat);
                flat += count(level);
                steep += count(m.steep);
                put(all, won, y * plan_.weight[m.column], rounder, lanes_of(m.supported), lanes_of(m.won));
            }
            sums[g].all = all;
            sums[g].won = won;
        }
        return true;
    }

   private:
    // Of a column that is curved: a bit a model.
    struct Masks {
        std::uint32_t column;
        std::uint8_t supported, steep, won;
    };

    static void put(Sum& all, Sum& won_sum, Vec weighted, Vec rounder, Lanes supported, Lanes won) {
        const Vec t = term(supported, weighted, rounder);
        all += reinterpret_cast<Sum>(t);
        won_sum = plus(won_sum, won, t);
    }

    // Fills the streams; linear tasks are done at once. False where there is a value outside its domain.
    template <bool zero_scores>
    bool fill(const double* tile, RowSums* sums, Ahead& ahead) {
        double *steep = steep_, *flat = flat_;
        Masks* masks = masks_;
        Lanes good = lanes_of((1u << lanes) - 1);
        const Column* column = plan_.general_columns.data();
        const double* from = tile + plan_.n_percent * lanes;
        for (std::size_t g = 0; g < plan_.n_groups; ++g) {
            const Column* end = plan_.general_columns.data() + (plan_.general[g + 1] - plan_.n_percent);
            const Vec rounder = splat(plan_.rounder[g]);
            Sum all = sums[g].all, won_sum = sums[g].won;
            Mask n_all = sums[g].n_all, n_won = sums[g].n_won;
            for (; column < end; ++column, from += lanes) {
                ahead.some(Ahead::a_column);
                const Vec raw = load<Vec>(from), z = raw * column->scale;
                const Lanes none = missing<zero_scores>(raw);
                const Lanes inside = at_least(at_least(z, splat(column->low)), splat(column->high), z);
                const Lanes supported = without(inside, none);
                good = both(good, either(none, inside));
                if (number(supported) == 0) continue;  // of these models: often so of metrics that few have
                const Lanes won = at_least(supported, z * column->sign, splat(column->sota));
                n_all = plus_one(n_all, supported);
                n_won = plus_one(n_won, won);
                if (column->kind <= Kind::linear) {
                    const Vec y = line(z, splat(column->worst), splat(column->slope));
                    put(all, won_sum, y * column->weight, rounder, supported, won);
                    continue;
                }
                const Vec constant = splat(column->constant);
                const Vec w = magnitude(column->kind == Kind::inverse ? z * constant : constant / z);
                const Lanes is_steep = below(supported, w, splat(mapping::w_switch * mapping::unit));
                const Lanes is_flat = without(supported, is_steep);
                store(flat, squeeze(is_flat, w));
                store(steep, squeeze(is_steep, w));
                masks->column = static_cast<std::uint32_t>(column - plan_.general_columns.data() + plan_.n_percent);
                keep(masks->supported, supported);
                keep(masks->steep, is_steep);
                keep(masks->won, won);
                flat += count(number(is_flat));
                steep += count(number(is_steep));
                ++masks;
            }
            sums[g] = {all, won_sum, n_all, n_won};
        }
        masks->column = std::numeric_limits<std::uint32_t>::max();  // the end
        n_steep_ = static_cast<std::size_t>(steep - steep_);
        n_flat_ = static_cast<std::size_t>(flat - flat_);
        return number(good) == (1u << lanes) - 1;
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

}  // namespace glevel::GLEVEL_ISA
