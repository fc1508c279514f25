// How alike two orders of the same models are.
#pragma once

#include <cstddef>

namespace glevel {

// Kendall's tau-b (ties count) of each row of a, (n_sets, n), with b, (n,); NaN where either has a NaN or is all
// equal. Source: Knight, A computer method for calculating Kendall's tau with ungrouped data, 1966.
void kendall(const double* a, std::size_t n_sets, std::size_t n, const double* b, double* tau, std::size_t threads);

}  // namespace glevel
