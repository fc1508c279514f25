// Random numbers by counter: the j-th number of the i-th set is a function of (seed, i, j) alone, so no thread,
// piece or order can change it. The mixing is SplitMix64's (Steele, Lea, Flood: Fast splittable pseudorandom
// number generators, 2014); reference.draws is the same in NumPy.
#pragma once

#include <cstddef>
#include <cstdint>

namespace glevel {

inline std::uint64_t mix(std::uint64_t x) {
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

constexpr std::uint64_t golden = 0x9e3779b97f4a7c15u;

class Draws {
   public:
    Draws(std::uint64_t seed, std::uint64_t set) : key_(mix(mix(seed + golden) + (set + 1) * golden)) {}

    std::uint64_t operator()(std::uint64_t j) const { return mix(key_ + (j + 1) * golden); }

    // A whole number in [0, n), n < 2^32; each comes up with a probability of 1/n to within 2^-32.
    std::uint64_t below(std::uint64_t j, std::uint64_t n) const { return (((*this)(j) >> 32) * n) >> 32; }

   private:
    std::uint64_t key_;
};

// out (n_sets, n): the first n numbers of sets from `first` on.
inline void draw(std::uint64_t seed, std::uint64_t first, std::size_t n_sets, std::size_t n, std::uint64_t* out) {
    for (std::size_t i = 0; i < n_sets; ++i) {
        const Draws draws(seed, first + i);
        for (std::size_t j = 0; j < n; ++j) *out++ = draws(j);
    }
}

}  // namespace glevel
