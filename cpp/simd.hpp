// Vectors of GLEVEL_VECTOR_BYTES, in the compilers' own vector language: one source for every instruction set.
// For files that CMake compiles once per instruction set; everything here lives in that instruction set's own
// namespace, so that the linker never mixes code of two of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>
#if defined(__SSE2__)
#include <immintrin.h>
#endif

namespace glevel::GLEVEL_ISA {

typedef double Vec __attribute__((vector_size(GLEVEL_VECTOR_BYTES)));
typedef std::int64_t Mask __attribute__((vector_size(GLEVEL_VECTOR_BYTES)));  // a lane is 0 or -1
typedef std::uint64_t Sum __attribute__((vector_size(GLEVEL_VECTOR_BYTES)));  // may overflow

constexpr std::size_t lanes = GLEVEL_VECTOR_BYTES / sizeof(double);

template <class V, class T>
inline V load(const T* from) {
    V v;
    std::memcpy(&v, from, sizeof v);
    return v;
}

// A column of a tile; tiles are aligned.
inline Vec column_of(const double* tile, std::size_t column) { return reinterpret_cast<const Vec*>(tile)[column]; }

inline void store(double* to, Vec v) { std::memcpy(to, &v, sizeof v); }
inline void store(std::int64_t* to, Mask v) { std::memcpy(to, &v, sizeof v); }

inline Vec splat(double value) { return value - Vec{}; }

inline Mask bits(Vec v) { return reinterpret_cast<Mask>(v); }
inline Vec from_bits(Mask m) { return reinterpret_cast<Vec>(m); }

// Where `a` is NaN the answer is `b`, as minpd and maxpd have it; compilers do not always see that the
// comparison is one instruction.
#if defined(__AVX__) && GLEVEL_VECTOR_BYTES == 32
inline Vec min(Vec a, Vec b) { return _mm256_min_pd(a, b); }
inline Vec max(Vec a, Vec b) { return _mm256_max_pd(a, b); }
#elif defined(__SSE2__) && GLEVEL_VECTOR_BYTES == 16
inline Vec min(Vec a, Vec b) { return _mm_min_pd(a, b); }
inline Vec max(Vec a, Vec b) { return _mm_max_pd(a, b); }
#else
inline Vec min(Vec a, Vec b) { return a < b ? a : b; }
inline Vec max(Vec a, Vec b) { return a > b ? a : b; }
#endif

// a * b + c, rounded once where the machine can: only for what comes out the same rounded once or twice.
#if defined(__AVX512F__) && GLEVEL_VECTOR_BYTES == 64
#define GLEVEL_FUSED 1
inline Vec multiply_add(Vec a, Vec b, Vec c) { return _mm512_fmadd_pd(a, b, c); }
#elif defined(__FMA__) && GLEVEL_VECTOR_BYTES == 32
#define GLEVEL_FUSED 1
inline Vec multiply_add(Vec a, Vec b, Vec c) { return _mm256_fmadd_pd(a, b, c); }
#else
#define GLEVEL_FUSED 0
inline Vec multiply_add(Vec a, Vec b, Vec c) { return a * b + c; }
#endif

// Division by one number, again and again; correctly rounded, as `/` is. Not for what under- or overflows.
class Divisor {
   public:
    explicit Divisor(double by) : by_(by), inverse_(1.0 / by) {}

    Vec operator()(Vec x) const {
#if GLEVEL_FUSED
        // The first correction makes the quotient faithful, from which the second gives the correctly rounded one
        // (Markstein, Computation of elementary functions on the IBM RISC System/6000 processor, 1990, theorem 5).
        const Vec by = splat(by_), inverse = splat(inverse_);
        const Vec rough = x * inverse;
        const Vec faithful = multiply_add(multiply_add(-rough, by, x), inverse, rough);
        return multiply_add(multiply_add(-faithful, by, x), inverse, faithful);
#else
        return x / by_;
#endif
    }

   private:
    double by_;
    [[maybe_unused]] double inverse_;
};

// sum += term in the lanes of `where`: AVX-512 has it as one instruction, the others want the mask in the term.
#if GLEVEL_VECTOR_BYTES == 64
template <class S>
inline void add_where(S& sum, Mask term, Mask where) {
    sum = where ? sum + reinterpret_cast<S>(term) : sum;
}
#else
template <class S>
inline void add_where(S& sum, Mask term, Mask where) {
    sum += reinterpret_cast<S>(term & where);
}
#endif

inline Vec magnitude(Vec v) { return from_bits(bits(v) & std::int64_t{0x7fffffffffffffff}); }

// A column's constants: one for all lanes, or (folded) one a lane.
template <bool folded>
inline Vec slots(const std::vector<double>& constants, std::size_t column) {
    if constexpr (folded) return load<Vec>(&constants[column * lanes]);
    return splat(constants[column]);
}

template <class V>
inline auto sum_over_lanes(V v) {
    auto sum = v[0];
    for (std::size_t i = 1; i < lanes; ++i) sum += v[i];
    return sum;
}

// All ones in the lanes from `n` on (n <= lanes).
inline Mask beyond(std::size_t n) {
    static constexpr std::int64_t table[16] = {0, 0, 0, 0, 0, 0, 0, 0, -1, -1, -1, -1, -1, -1, -1, -1};
    return load<Mask>(table + 8 - n);
}

// One bit per lane.
inline unsigned lane_bits(Mask m) {
#if GLEVEL_VECTOR_BYTES == 64
    return _mm512_movepi64_mask(reinterpret_cast<__m512i>(m));
#elif GLEVEL_VECTOR_BYTES == 32 && defined(__AVX__)
    return static_cast<unsigned>(_mm256_movemask_pd(reinterpret_cast<__m256d>(m)));
#elif GLEVEL_VECTOR_BYTES == 16 && defined(__SSE2__)
    return static_cast<unsigned>(_mm_movemask_pd(reinterpret_cast<__m128d>(m)));
#else
    unsigned set = 0;
    for (std::size_t i = 0; i < lanes; ++i) set |= static_cast<unsigned>(m[i] & 1) << i;
    return set;
#endif
}

inline bool any(Mask m) { return lane_bits(m) != 0; }

// Of whole numbers from 0 to 2^63, correctly rounded: the two halves become doubles through their bits.
inline Vec to_double(Mask n) {
#if GLEVEL_VECTOR_BYTES == 64
    return __builtin_convertvector(n, Vec);
#endif
    const Vec high = from_bits(((n >> 32) & 0xffffffff) | std::int64_t{0x4530000000000000});
    const Vec low = from_bits((n & 0xffffffff) | std::int64_t{0x4330000000000000});
    return (high - (0x1p84 + 0x1p52)) + low;
}

// Turns `lanes` vectors of consecutive columns, one for each row, into one vector of rows for each column.
inline void transpose(Vec (&v)[lanes]) {
    if constexpr (lanes == 2) {
        const Vec a = v[0], b = v[1];
        v[0] = Vec{a[0], b[0]};
        v[1] = Vec{a[1], b[1]};
    }
#if GLEVEL_VECTOR_BYTES == 32
    const Vec a = __builtin_shufflevector(v[0], v[1], 0, 4, 2, 6), b = __builtin_shufflevector(v[0], v[1], 1, 5, 3, 7);
    const Vec c = __builtin_shufflevector(v[2], v[3], 0, 4, 2, 6), d = __builtin_shufflevector(v[2], v[3], 1, 5, 3, 7);
    v[0] = __builtin_shufflevector(a, c, 0, 1, 4, 5);
    v[1] = __builtin_shufflevector(b, d, 0, 1, 4, 5);
    v[2] = __builtin_shufflevector(a, c, 2, 3, 6, 7);
    v[3] = __builtin_shufflevector(b, d, 2, 3, 6, 7);
#elif GLEVEL_VECTOR_BYTES == 64
    Vec pairs[lanes], quads[lanes];
    for (std::size_t i = 0; i < lanes; i += 2) {
        pairs[i] = __builtin_shufflevector(v[i], v[i + 1], 0, 8, 2, 10, 4, 12, 6, 14);
        pairs[i + 1] = __builtin_shufflevector(v[i], v[i + 1], 1, 9, 3, 11, 5, 13, 7, 15);
    }
    for (std::size_t i = 0; i < lanes; i += 4)
        for (std::size_t j = 0; j < 2; ++j) {
            quads[i + j] = __builtin_shufflevector(pairs[i + j], pairs[i + j + 2], 0, 1, 8, 9, 4, 5, 12, 13);
            quads[i + j + 2] = __builtin_shufflevector(pairs[i + j], pairs[i + j + 2], 2, 3, 10, 11, 6, 7, 14, 15);
        }
    for (std::size_t i = 0; i < 4; ++i) {
        v[i] = __builtin_shufflevector(quads[i], quads[i + 4], 0, 1, 2, 3, 8, 9, 10, 11);
        v[i + 4] = __builtin_shufflevector(quads[i], quads[i + 4], 4, 5, 6, 7, 12, 13, 14, 15);
    }
#endif
}

}  // namespace glevel::GLEVEL_ISA
