#include "sets/kendall.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

#include "pool.hpp"

namespace glevel {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
using Pair = std::pair<double, double>;

std::int64_t pairs_of(std::int64_t n) { return n * (n - 1) / 2; }

// Pairs of equal neighbours in a sorted range.
template <class Equal>
std::int64_t ties(const std::vector<Pair>& sorted, Equal equal) {
    std::int64_t total = 0;
    for (std::size_t begin = 0; begin < sorted.size();) {
        std::size_t end = begin + 1;
        while (end < sorted.size() && equal(sorted[begin], sorted[end])) ++end;
        total += pairs_of(static_cast<std::int64_t>(end - begin));
        begin = end;
    }
    return total;
}

// Exchanges that a merge sort by the second value makes.
std::int64_t exchanges(std::vector<Pair>& values, std::vector<Pair>& spare) {
    std::int64_t total = 0;
    const std::size_t n = values.size();
    for (std::size_t width = 1; width < n; width *= 2) {
        for (std::size_t begin = 0; begin < n; begin += 2 * width) {
            const std::size_t middle = std::min(begin + width, n), end = std::min(begin + 2 * width, n);
            std::size_t left = begin, right = middle, to = begin;
            while (left < middle || right < end) {
                const bool from_right = right < end && (left == middle || values[right].second < values[left].second);
                if (from_right) total += static_cast<std::int64_t>(middle - left);
                spare[to++] = from_right ? values[right++] : values[left++];
            }
        }
        values.swap(spare);
    }
    return total;
}

double tau_b(std::vector<Pair>& values, std::vector<Pair>& spare) {
    std::sort(values.begin(), values.end());
    const std::int64_t all = pairs_of(static_cast<std::int64_t>(values.size()));
    const std::int64_t first = ties(values, [](const Pair& x, const Pair& y) { return x.first == y.first; });
    const std::int64_t both = ties(values, [](const Pair& x, const Pair& y) { return x == y; });
    const std::int64_t discordant = exchanges(values, spare);
    const std::int64_t second = ties(values, [](const Pair& x, const Pair& y) { return x.second == y.second; });
    if (all == first || all == second) return nan;
    const auto difference = static_cast<double>(all - first - second + both - 2 * discordant);
    // The root of one product: of equal factors it is exact, and so are 1 and -1.
    return difference / std::sqrt(static_cast<double>(all - first) * static_cast<double>(all - second));
}

}  // namespace

void kendall(const double* a, std::size_t n_sets, std::size_t n, const double* b, double* tau, std::size_t threads) {
    const auto is_nan = [](double x) { return x != x; };
    const bool unordered = std::any_of(b, b + n, is_nan);
    parallel_for(n_sets, 8, threads, [&](std::size_t, std::size_t from, std::size_t to) {
        std::vector<Pair> values(n), spare(n);
        for (std::size_t s = from; s < to; ++s) {
            const double* row = a + s * n;
            for (std::size_t i = 0; i < n; ++i) values[i] = {row[i], b[i]};
            tau[s] = unordered || std::any_of(row, row + n, is_nan) ? nan : tau_b(values, spare);
        }
    });
}

}  // namespace glevel
