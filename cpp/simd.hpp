// Vectors of GLEVEL_VECTOR_BYTES, in the compilers' own vector language: one source for every instruction set.
// Included only by kernels.cpp, which is compiled once per instruction set; everything here lives in that
// unit's own namespace, so that the linker never mixes code of two instruction sets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace glevel::GLEVEL_ISA {

typedef double Vec __attribute__((vector_size(GLEVEL_VECTOR_BYTES)));
typedef std::int64_t Mask __attribute__((vector_size(GLEVEL_VECTOR_BYTES)));  // a lane is 0 or -1

constexpr std::size_t lanes = GLEVEL_VECTOR_BYTES / sizeof(double);

template <class V, class T>
inline V load(const T* from) {
    V v;
    std::memcpy(&v, from, sizeof v);
    return v;
}

inline void store(double* to, Vec v) { std::memcpy(to, &v, sizeof v); }

inline Vec splat(double value) { return value - Vec{}; }

inline Mask bits(Vec v) { return reinterpret_cast<Mask>(v); }
inline Vec from_bits(Mask m) { return reinterpret_cast<Vec>(m); }

// The form that compiles to one minpd/maxpd; where `a` is NaN the answer is `b`.
inline Vec min(Vec a, Vec b) { return a < b ? a : b; }
inline Vec max(Vec a, Vec b) { return a > b ? a : b; }

inline std::int64_t sum(Mask m) {
    std::int64_t total = 0;
    for (std::size_t i = 0; i < lanes; ++i) total += m[i];
    return total;
}

inline bool any(Mask m) {
    std::int64_t seen = 0;
    for (std::size_t i = 0; i < lanes; ++i) seen |= m[i];
    return seen != 0;
}

// All ones in the lanes from `n` on (n <= lanes): or-ed into a value it makes these lanes NaN.
inline Mask beyond(std::size_t n) {
    static constexpr std::int64_t table[16] = {0, 0, 0, 0, 0, 0, 0, 0, -1, -1, -1, -1, -1, -1, -1, -1};
    return load<Mask>(table + 8 - n);
}

}  // namespace glevel::GLEVEL_ISA
