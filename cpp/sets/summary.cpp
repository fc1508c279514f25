#include "sets/summary.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <memory>
#include <vector>

#include "pool.hpp"

namespace glevel {
namespace {

constexpr std::size_t n_boards = 4;
constexpr std::size_t sets_at_once = 64;   // whose ranks are held
constexpr std::size_t models_abreast = 8;  // whose counts stay in the cache from set to set

struct Ranked {
    double score;
    std::uint32_t model, bucket;
};

// Sorts by buckets of equal width, which hold about one model each; only those that hold many are sorted.
class Board {
   public:
    explicit Board(std::size_t n_models) : unsorted_(n_models), sorted_(n_models), begin_(n_models + 2) {}

    // Of board k: column k of scores.
    void rank(const double* scores, std::size_t k, std::size_t n_models, std::uint32_t* ranks) {
        std::size_t n = 0;
        double least = 200.0, most = 0.0;
        for (std::size_t i = 0; i < n_models; ++i) {
            const double s = scores[i * n_boards + k];
            ranks[i] = 0;
            unsorted_[n] = {s, static_cast<std::uint32_t>(i), 0};
            n += s > 0.0;
            least = s > 0.0 && s < least ? s : least;
            most = s > most ? s : most;
        }
        if (n == 0) return;
        const double width = most - least, per_point = width > 0.0 ? static_cast<double>(n - 1) / width : 0.0;
        // Overflow of per_point would make a NaN of 0 * inf: then all are one bucket.
        const double factor = std::isfinite(per_point) ? per_point : 0.0;
        const auto last = static_cast<std::uint32_t>(n - 1);
        std::fill_n(begin_.begin(), n + 1, 0);
        for (std::size_t i = 0; i < n; ++i) {
            const auto bucket = static_cast<std::uint32_t>((most - unsorted_[i].score) * factor);
            ++begin_[(unsorted_[i].bucket = std::min(bucket, last)) + 1];
        }
        for (std::size_t b = 0; b < n; ++b) begin_[b + 1] += begin_[b];
        for (std::size_t i = 0; i < n; ++i) sorted_[begin_[unsorted_[i].bucket]++] = unsorted_[i];
        // begin_[b] is now where bucket b ends.
        for (std::size_t b = 0, from = 0; b < n; from = begin_[b++]) sort(from, begin_[b]);
        std::size_t rank = 1;
        for (std::size_t i = 0; i < n; ++i) {
            if (i > 0 && sorted_[i].score < sorted_[i - 1].score) rank = i + 1;
            ranks[sorted_[i].model] = static_cast<std::uint32_t>(rank);
        }
    }

   private:
    void sort(std::size_t from, std::size_t to) {
        if (to - from > 24) {
            std::sort(sorted_.begin() + static_cast<std::ptrdiff_t>(from),
                      sorted_.begin() + static_cast<std::ptrdiff_t>(to),
                      [](const Ranked& a, const Ranked& b) { return a.score > b.score; });
            return;
        }
        for (std::size_t i = from + 1; i < to; ++i) {
            const Ranked one = sorted_[i];
            std::size_t at = i;
            for (; at > from && sorted_[at - 1].score < one.score; --at) sorted_[at] = sorted_[at - 1];
            sorted_[at] = one;
        }
    }

    std::vector<Ranked> unsorted_, sorted_;
    std::vector<std::uint32_t> begin_;
};

bool same(const double* a, const double* b, std::size_t k, std::size_t n_models) {
    for (std::size_t i = k; i < n_models * n_boards; i += n_boards)
        if (a[i] != b[i]) return false;
    return true;
}

// Rounded to a whole number, as std::rint() does it; for 0 to 2^52. Without a call, which a rint() is on x86-64's
// baseline.
std::int64_t nearest(double x) { return std::bit_cast<std::int64_t>(x + 0x1p52) - std::bit_cast<std::int64_t>(0x1p52); }

// Scores and ranks of a few models under a few sets, each board of a model set after set.
struct Few {
    double scores[models_abreast][n_boards][sets_at_once];
    std::uint32_t ranks[models_abreast][n_boards][sets_at_once];

    // Of models [first, last) under n sets; ranks (n, 4, n_models) may be null.
    void take(const double* from, const std::uint32_t* ranked, std::size_t n, std::size_t n_models, std::size_t first,
              std::size_t last) {
        for (std::size_t set = 0; set < n; ++set)
            for (std::size_t i = 0; i < last - first; ++i)
                for (std::size_t k = 0; k < n_boards; ++k)
                    scores[i][k][set] = from[(set * n_models + first + i) * n_boards + k];
        for (std::size_t set = 0; ranked != nullptr && set < n; ++set)
            for (std::size_t k = 0; k < n_boards; ++k)
                for (std::size_t i = 0; i < last - first; ++i)
                    ranks[i][k][set] = ranked[(set * n_boards + k) * n_models + first + i];
    }
};

// Adds what one model reached on one board under n sets. Many sets leave a score as it was: equal ones that follow each
// other are counted together.
void add(const double* scores, const std::uint32_t* ranks, std::size_t n, std::size_t at, std::size_t n_places,
         const Summary& to) {
    std::uint32_t* points = to.points + at * bins;
    std::int64_t high = 0, low = 0;
    double least = to.least[at], most = to.most[at];
    for (std::size_t i = 0, end = 0; i < n; i = end) {
        const double s = scores[i];
        for (end = i + 1; end < n && scores[end] == s;) ++end;
        const auto times = static_cast<std::int64_t>(end - i);
        const std::int64_t steps = nearest(s * 0x1p45);
        high += times * (steps >> 32);
        low += times * (steps & 0xffffffff);
        least = std::min(least, s);
        most = std::max(most, s);
        points[nearest(s * 100.0)] += static_cast<std::uint32_t>(times);
    }
    to.high[at] += high;
    to.low[at] += low;
    to.least[at] = least;
    to.most[at] = most;
    if (n_places == 0) return;
    std::uint32_t* places = to.ranks + at * n_places;
    for (std::size_t i = 0, end = 0; i < n; i = end) {
        for (end = i + 1; end < n && ranks[end] == ranks[i];) ++end;
        places[place(ranks[i], to.exact)] += static_cast<std::uint32_t>(end - i);
    }
}

// Adds the levels that one model reached under n sets.
void add_levels(const double (&scores)[n_boards][sets_at_once], std::size_t n, std::int64_t* levels) {
    std::int64_t above[n_boards + 1] = {static_cast<std::int64_t>(n)};  // sets with this level or a higher one
    for (std::size_t set = 0; set < n; ++set) {
        bool reached = false;
        for (std::size_t k = n_boards; k > 0; --k) above[k] += reached |= scores[k - 1][set] > 0.0;
    }
    for (std::size_t k = 0; k <= n_boards; ++k) levels[k] += above[k] - (k < n_boards ? above[k + 1] : 0);
}

// ranks (n_sets, 4, n_models); moved as in summarise().
void rank_sets(const double* scores, std::size_t n_sets, std::size_t n_models, const std::uint32_t* base,
               std::uint32_t* ranks, std::int32_t* moved, std::size_t threads) {
    const std::size_t per_set = n_boards * n_models;
    parallel_for(n_sets, 16, threads, [&](std::size_t, std::size_t first, std::size_t last) {
        Board board(n_models);
        for (std::size_t set = first; set < last; ++set) {
            const double* s = scores + set * per_set;
            std::uint32_t* here = ranks + set * per_set;
            for (std::size_t k = 0; k < n_boards; ++k) {
                std::uint32_t* own = here + k * n_models;
                if (set > first && same(s, s - per_set, k, n_models))
                    std::copy_n(own - per_set, n_models, own);
                else
                    board.rank(s, k, n_models, own);
            }
            std::int32_t n = 0;
            for (std::size_t i = 0; i < n_models; ++i) {
                bool moves = false;
                for (std::size_t k = 0; k < n_boards; ++k) moves |= here[k * n_models + i] != base[k * n_models + i];
                n += moves;
            }
            moved[set] = n;
        }
    });
}

}  // namespace

void rank(const double* scores, std::size_t n_models, std::uint32_t* ranks, const double* base,
          const std::uint32_t* base_ranks) {
    Board board(n_models);
    for (std::size_t k = 0; k < n_boards; ++k) {
        std::uint32_t* own = ranks + k * n_models;
        if (base != nullptr && same(scores, base, k, n_models))
            std::copy_n(base_ranks + k * n_models, n_models, own);
        else
            board.rank(scores, k, n_models, own);
    }
}

void summarise(const double* scores, std::size_t n_sets, std::size_t n_models, const std::uint32_t* base,
               const Summary& to, std::int32_t* moved, std::size_t threads) {
    const std::size_t per_set = n_boards * n_models;
    const std::size_t n_places = to.exact > 0 ? place(static_cast<std::uint32_t>(n_models), to.exact) + 1 : 0;
    const std::unique_ptr<std::uint32_t[]> ranks(
        new std::uint32_t[n_places > 0 ? std::min(n_sets, sets_at_once) * per_set : 0]);
    for (std::size_t n = 0; n_sets > 0; scores += n * per_set, moved += n, n_sets -= n) {
        n = std::min(n_sets, sets_at_once);
        if (n_places > 0)
            rank_sets(scores, n, n_models, base, ranks.get(), moved, threads);
        else
            std::fill_n(moved, n, 0);
        parallel_for(n_models, models_abreast, threads, [&](std::size_t, std::size_t first, std::size_t last) {
            Few few;
            for (; first < last; first += models_abreast) {
                const std::size_t to_model = std::min(first + models_abreast, last);
                few.take(scores, n_places > 0 ? ranks.get() : nullptr, n, n_models, first, to_model);
                for (std::size_t i = 0; first + i < to_model; ++i) {
                    for (std::size_t k = 0; k < n_boards; ++k)
                        add(few.scores[i][k], few.ranks[i][k], n, (first + i) * n_boards + k, n_places, to);
                    add_levels(few.scores[i], n, to.levels + (first + i) * (n_boards + 1));
                }
            }
        });
    }
}

}  // namespace glevel
