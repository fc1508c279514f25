// Memory for the kernels, aligned for any vector.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>

namespace glevel {

struct Free {
    void operator()(double* memory) const { std::free(memory); }
};

// n doubles, not set. A worker's share of them stays aligned where shares are multiples of 8.
inline std::unique_ptr<double[], Free> make_scratch(std::size_t n) {
    const std::size_t bytes = (n * sizeof(double) + 63) / 64 * 64;
    auto* memory = static_cast<double*>(std::aligned_alloc(64, std::max<std::size_t>(bytes, 64)));
    if (memory == nullptr) throw std::bad_alloc();
    return std::unique_ptr<double[], Free>(memory);
}

}  // namespace glevel
