// The kernels for one instruction set. CMake compiles this file once for each, with GLEVEL_ISA (a name) and
// GLEVEL_VECTOR_BYTES defined.
//
// Models go in lanes: `lanes` rows at a time are transposed into a tile (columns x lanes, in plan order), and
// from there on every column has its constants in one place, no group ends inside a vector, and nothing is
// summed across lanes.
#include "kernels.hpp"

#include <algorithm>
#include <limits>

#include "levels.hpp"
#include "mapping.hpp"
#include "reduce.hpp"
#include "rows.hpp"
#include "simd.hpp"
#include "streams.hpp"

namespace glevel::GLEVEL_ISA {
namespace {

// Rows [first, first + n) on their way into a tile; lanes from n on repeat the last row.
class Rows {
   public:
    Rows(const Plan& plan, const double* rows, std::size_t first, std::size_t n, double* tile)
        : plan_(plan), tile_(tile) {
        for (std::size_t i = 0; i < lanes; ++i) row_[i] = rows + (first + std::min(i, n - 1)) * plan.n_tasks;
    }

    // Columns from `begin` to `end` at least; returns where it got.
    std::size_t fill(std::size_t begin, std::size_t end) const {
        std::size_t column = begin;
        while (column < end) {
            const auto from = static_cast<std::size_t>(plan_.order[column]);
            if (plan_.run[column] < lanes) {
                for (std::size_t i = 0; i < lanes; ++i) tile_[column * lanes + i] = row_[i][from];
                ++column;
                continue;
            }
            Vec v[lanes];
            for (std::size_t i = 0; i < lanes; ++i) v[i] = load<Vec>(row_[i] + from);
            transpose(v);
            for (std::size_t i = 0; i < lanes; ++i) store(tile_ + (column + i) * lanes, v[i]);
            column += lanes;
        }
        return column;
    }

    void fill() const { fill(0, plan_.n_tasks); }

    auto row() const -> const double* const (&)[lanes] { return row_; }

   private:
    const Plan& plan_;
    double* tile_;
    const double* row_[lanes];
};

// The way back: a tile's first n lanes as rows [first, first + n).
void write_rows(const Plan& plan, const double* tile, std::size_t first, std::size_t n, double* rows) {
    for (std::size_t column = 0; column < plan.n_tasks;) {
        double* to = rows + first * plan.n_tasks + plan.order[column];
        if (plan.run[column] < lanes) {
            for (std::size_t i = 0; i < n; ++i) to[i * plan.n_tasks] = tile[column * lanes + i];
            ++column;
            continue;
        }
        Vec v[lanes];
        for (std::size_t i = 0; i < lanes; ++i) v[i] = column_of(tile, column + i);
        transpose(v);
        for (std::size_t i = 0; i < n; ++i) store(to + i * plan.n_tasks, v[i]);
        column += lanes;
    }
}

// One row as a folded tile.
void fold_row(const Plan& plan, const double* row, double* tile) {
    for (std::size_t column = 0, slot = 0; column < plan.n_columns; ++column, slot += lanes) {
        const std::int32_t* order = &plan.order[slot];
        if (plan.run[column] == lanes)
            store(tile + slot, load<Vec>(row + order[0]));
        else
            for (std::size_t i = 0; i < lanes; ++i) tile[slot + i] = row[order[i]];
    }
    for (const std::int32_t slot : plan.unused) tile[slot] = std::numeric_limits<double>::quiet_NaN();
}

// What is outside its domain is missing from now on.
template <bool folded>
void drop_invalid(const Plan& plan, double* tile) {
    for (std::size_t column = 0; column < plan.n_columns; ++column) {
        const Vec raw = column_of(tile, column), z = raw * slots<folded>(plan.scale, column);
        const Mask inside = (z >= slots<folded>(plan.low, column)) & (z <= slots<folded>(plan.high, column));
        store(tile + column * lanes, inside ? raw : splat(std::numeric_limits<double>::quiet_NaN()));
    }
}

// The parts of a scratch buffer. A folded tile has no more slots than a tile for `lanes` models.
struct Scratch {
    double *tile, *points;
    Vec *means, *modality;
    RowSums* rows;
    double* streams;
    std::uint8_t* bytes;  // of rows

    Scratch(double* buffer, std::size_t n_tasks, std::size_t n_modalities)
        : tile(buffer),
          points(tile + n_tasks * lanes),
          means(reinterpret_cast<Vec*>(points + n_tasks * lanes)),
          modality(means + 2 * (2 * n_modalities + 1)),
          rows(reinterpret_cast<RowSums*>(modality + 3 * n_modalities)),
          streams(reinterpret_cast<double*>(rows + 2 * n_modalities + 1)),
          bytes(reinterpret_cast<std::uint8_t*>(streams + stream_size(n_tasks))) {}
};

// Sums and counts of one group; the means stay in scratch, too.
void write_group(const Plan& plan, const Scratch& scratch, std::size_t g, const GroupSums& sums, std::size_t first,
                 std::size_t n, const Scores& out) {
    scratch.means[2 * g] = sums.mean;
    scratch.means[2 * g + 1] = sums.masked_mean;
    for (std::size_t i = 0; i < n; ++i) {
        const std::size_t at = (first + i) * plan.n_groups + g;
        out.supported[at] = static_cast<std::int32_t>(sums.supported[i]);
        out.wins[at] = static_cast<std::int32_t>(sums.wins[i]);
        out.means[2 * at] = sums.mean[i];
        out.means[2 * at + 1] = sums.masked_mean[i];
    }
}

bool in_fractions(std::int64_t n_supported, double highest) {
    return n_supported >= 3 && highest > 0.0 && highest <= 1.0;
}

// Sums and counts of n models; their means stay in scratch.
template <bool zero_scores, bool folded, class Ready>
void reduce_models(const Plan& plan, const Scratch& scratch, const double* percent_points, std::size_t first,
                   std::size_t n, const Scores& out, Ready ready) {
    Mask n_supported{};
    const auto finish = [&](std::size_t g, const GroupSums& sums) {
        n_supported += sums.supported;
        write_group(plan, scratch, g, sums, first, n, out);
    };
    const Seen seen =
        reduce_tile<zero_scores, folded>(plan, scratch.tile, percent_points, scratch.points, ready, finish);
    const Mask invalid = seen.invalid();
    if (any(invalid)) {
        drop_invalid<folded>(plan, scratch.tile);
        n_supported = Mask{};
        const auto all_there = [](std::size_t) {};
        reduce_tile<zero_scores, folded>(plan, scratch.tile, percent_points, scratch.points, all_there, finish);
    }
    for (std::size_t i = 0; i < n; ++i) {
        out.suspect[first + i] = invalid[i] != 0 || in_fractions(n_supported[i], seen.highest[i]);
    }
}

void write_levels(const Scratch& scratch, std::size_t n_modalities, std::size_t first, std::size_t n,
                  const Scores& out) {
    Vec overall[4];
    levels(scratch.means, n_modalities, overall, scratch.modality);
    for (std::size_t i = 0; i < n; ++i) {
        double* of_model = out.overall + (first + i) * 4;
        for (std::size_t k = 0; k < 4; ++k) of_model[k] = overall[k][i];
        for (std::size_t k = 0; k < 3 * n_modalities; ++k)
            out.modality[(first + i) * 3 * n_modalities + k] = scratch.modality[k][i];
        out.level[first + i] = highest_level(of_model);
    }
}

// ready(column) is called before the percent columns up to there are read.
template <bool folded, class Ready>
void reduce_models(const Plan& plan, const Scratch& scratch, const double* percent_points, std::size_t first,
                   std::size_t n, const Scores& out, Ready ready) {
    if (plan.zero_scores)
        reduce_models<true, folded>(plan, scratch, percent_points, first, n, out, ready);
    else
        reduce_models<false, folded>(plan, scratch, percent_points, first, n, out, ready);
}

void map(const Plan& plan, const double* raw, std::size_t first, std::size_t last, double* points, double* buffer) {
    const Scratch scratch(buffer, plan.n_tasks, plan.n_modalities);
    const Mask zero_counts = plan.zero_scores ? ~Mask{} : Mask{};
    for (; first < last; first += lanes) {
        const std::size_t n = std::min(lanes, last - first);
        Rows(plan, raw, first, n, scratch.tile).fill();
        map_tile<false>(plan, scratch.tile, scratch.points);
        for (std::size_t column = 0; column < plan.n_tasks; ++column) {
            const Vec value = column_of(scratch.tile, column), z = value * slots<false>(plan.scale, column);
            const Mask supported = (z >= slots<false>(plan.low, column)) & (z <= slots<false>(plan.high, column)) &
                                   ((value != 0.0) | zero_counts);
            const Vec y = column < plan.n_percent ? value : column_of(scratch.points, column);
            store(scratch.points + column * lanes, supported ? y : splat(std::numeric_limits<double>::quiet_NaN()));
        }
        write_rows(plan, scratch.points, first, n, points);
    }
}

void reduce(const Plan& plan, const double* raw, const double* points, std::size_t first, std::size_t last,
            const Scores& out, double* buffer) {
    const Scratch scratch(buffer, plan.n_tasks, plan.n_modalities);
    for (; first < last; first += lanes) {
        const std::size_t n = std::min(lanes, last - first);
        Rows(plan, raw, first, n, scratch.tile).fill();
        Rows(plan, points, first, n, scratch.points).fill();
        reduce_models<false>(plan, scratch, scratch.points, first, n, out, [](std::size_t) {});
    }
}

void aggregate(std::size_t n_modalities, const double* means, std::size_t first, std::size_t last, const Scores& out,
               double* buffer) {
    const Scratch scratch(buffer, 0, n_modalities);
    const std::size_t n_means = 2 * (2 * n_modalities + 1);
    for (; first < last; first += lanes) {
        const std::size_t n = std::min(lanes, last - first);
        for (std::size_t k = 0; k < n_means; ++k)
            for (std::size_t i = 0; i < lanes; ++i)
                scratch.means[k][i] = means[(first + std::min(i, n - 1)) * n_means + k];
        write_levels(scratch, n_modalities, first, n, out);
    }
}

// One tile: rows [first, first + n), transposed.
void score_tile(const Plan& plan, const Scratch& scratch, const Rows& rows, std::size_t first, std::size_t n,
                const Scores& out) {
    std::size_t filled = plan.n_percent;
    rows.fill(filled, plan.n_tasks);
    map_tile<false>(plan, scratch.tile, scratch.points);
    // A group's tasks are reduced right after they were transposed, while they are in the nearest cache.
    filled = 0;
    reduce_models<false>(plan, scratch, nullptr, first, n, out, [&](std::size_t column) {
        if (filled < column) filled = rows.fill(filled, column);
    });
}

// The highest percent value of a row; at most 0 where there is none.
double highest_percent(const Plan& plan, const double* row) {
    double highest = 0.0;
    for (std::size_t c = 0; c < plan.n_percent; ++c) highest = std::max(highest, row[plan.order[c]]);
    return highest;
}

// Whether a supported percent task of a group, or a won one, has more than 0 points.
bool has_points(const Plan& plan, std::size_t g, const double* row, bool won) {
    for (std::size_t c = plan.percent[g]; c < plan.percent[g + 1]; ++c) {
        const double z = row[plan.order[c]];
        if (z > 0.0 && (!won || z >= plan.sota[c])) return true;
    }
    return false;
}

// The same, with the percent tasks read where they lie. False where a value is outside its domain, or where it takes
// a closer look whether a score is 0: nothing that was written then counts.
bool score_in_rows(const Plan& plan, const Scratch& scratch, RowReader& reader, const Rows& rows, std::size_t first,
                   std::size_t n, const Scores& out) {
    const auto& row = rows.row();
    reader.start(row[0]);
    for (std::size_t g = 0; g < plan.n_groups; ++g) reader.add(g, scratch.rows[g]);
    if (reader.odd() && reader.outside()) return false;
    reader.count(scratch.rows);
    Mask above_1{};
    for (std::size_t g = 0; g < plan.n_groups; ++g) {
        const RowSums& of = scratch.rows[g];
        above_1 |= steps(of.all, -of.n_all, plan.rounder[g]) > of.n_all * steps_per_point(plan.rounder[g]);
    }
    rows.fill(plan.n_percent, plan.n_tasks);
    if (!Streams(plan, scratch.streams).add(scratch.tile, scratch.rows, reader.ahead())) return false;
    reader.ahead().rest();
    Mask n_supported{};
    for (std::size_t g = 0; g < plan.n_groups; ++g) {
        const RowSums& of = scratch.rows[g];
        Accumulator sums{of.all, of.won, -of.n_all, -of.n_won};
        // Terms that add up to no step: is one of them above 0?
        const Mask unclear = (of.n_all != 0) & (steps(of.all, -of.n_all, plan.rounder[g]) == 0),
                   unclear_won = (of.n_won != 0) & (steps(of.won, -of.n_won, plan.rounder[g]) == 0);
        if (any(unclear | unclear_won))
            for (std::size_t i = 0; i < n; ++i) {
                if (unclear[i]) sums.any_all[i] = has_points(plan, g, row[i], false);
                if (unclear_won[i]) sums.any_won[i] = has_points(plan, g, row[i], true);
                if (plan.general_adds[g] && ((unclear[i] && !sums.any_all[i]) || (unclear_won[i] && !sums.any_won[i])))
                    return false;
            }
        const GroupSums done = sums.finish(plan.rounder[g], plan.percent_steps[g]);
        n_supported += done.supported;
        write_group(plan, scratch, g, done, first, n, out);
    }
    for (std::size_t i = 0; i < n; ++i)
        out.suspect[first + i] =
            !above_1[i] && n_supported[i] >= 3 && in_fractions(n_supported[i], highest_percent(plan, row[i]));
    return true;
}

void score(const Plan& plan, const double* raw, std::size_t first, std::size_t last, const Scores& out,
           double* buffer) {
    const Scratch scratch(buffer, plan.n_tasks, plan.n_modalities);
    const Windows& windows = plan.windows(lanes);
    RowReader reader(plan, windows, scratch.bytes);
    for (; first < last; first += lanes) {
        const std::size_t n = std::min(lanes, last - first);
        const Rows rows(plan, raw, first, n, scratch.tile);
        if (!windows.good || n < lanes || !score_in_rows(plan, scratch, reader, rows, first, n, out))
            score_tile(plan, scratch, rows, first, n, out);
        write_levels(scratch, plan.n_modalities, first, n, out);
    }
}

void score_one(const Plan& folded, const double* row, std::size_t model, const Scores& out, double* buffer) {
    const Scratch scratch(buffer, folded.n_columns, folded.n_modalities);
    fold_row(folded, row, scratch.tile);
    map_tile<true>(folded, scratch.tile, scratch.points);
    reduce_models<true>(folded, scratch, nullptr, model, 1, out, [](std::size_t) {});
    write_levels(scratch, folded.n_modalities, model, 1, out);
}

}  // namespace

#define GLEVEL_TEXT_OF(name) #name
#define GLEVEL_TEXT(name) GLEVEL_TEXT_OF(name)
extern const Kernels kernels;
const Kernels kernels = {GLEVEL_TEXT(GLEVEL_ISA), lanes, map, reduce, aggregate, score, score_one};

}  // namespace glevel::GLEVEL_ISA
