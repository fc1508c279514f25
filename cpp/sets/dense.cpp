// Scores under many specialist sets, each of which may change any task.
//
// Sets lie in lanes, so nothing is summed across a vector. Per model, pairs that are won under all sets of a call are
// summed once, and those that are lost under all are left out: only the rest is compared, set by set.
#include <memory>
#include <vector>

#include "sets/tile.hpp"

namespace glevel::GLEVEL_ISA {
namespace {

constexpr std::size_t models_abreast = 32;
// Tasks of one group whose thresholds, a tile of each, stay in the nearest cache.
constexpr std::size_t tasks_in_block = 24 * 1024 / (tile * sizeof(double));

static_assert(lanes <= 8);  // Pairs pads its columns to 8

// Columns [begin, end), a vector of them at most.
struct Span {
    std::uint32_t begin, end;
};

// As many tasks of one group as tasks_in_block: the vectors of those columns in which a set differs from the
// benchmark's own specialists.
struct Block {
    std::size_t group;
    std::vector<Span> spans;
};

std::vector<Block> make_blocks(const Plan& plan, const Tiles& sets) {
    std::vector<Block> blocks;
    for (std::size_t g = 0; g < plan.n_groups; ++g) {
        std::size_t room = 0;
        for (const auto* range : {&plan.percent, &plan.general})
            for (std::size_t c = (*range)[g]; c < (*range)[g + 1]; c += lanes) {
                if (room < lanes) {
                    blocks.push_back({g, {}});
                    room = tasks_in_block;
                }
                const std::size_t end = std::min(c + lanes, (*range)[g + 1]);
                room -= end - c;
                if (any((load<Vec>(&sets.low[c]) != load<Vec>(&sets.own[c])) |
                        (load<Vec>(&sets.high[c]) != load<Vec>(&sets.own[c]))))
                    blocks.back().spans.push_back({static_cast<std::uint32_t>(c), static_cast<std::uint32_t>(end)});
            }
    }
    return blocks;
}

// A pair that some sets of a call let win and some do not; a model's lie side by side.
struct Undecided {
    double value;
    std::int64_t steps;
    std::size_t column;
};

// Adds what a model wins of these pairs under each set of a tile, to `start` or to what is there.
inline void add_wins(const Undecided* pair, const Undecided* end, const double* thresholds, const std::int64_t* start,
                     std::int64_t* won) {
    Mask sums[vectors];
    for (std::size_t i = 0; i < vectors; ++i) sums[i] = start ? *start - Mask{} : load<Mask>(won + i * lanes);
    for (; pair != end; ++pair) {
        const double* row = thresholds + pair->column * tile;
        const Vec value = splat(pair->value);
        const Mask term = pair->steps - Mask{};
        for (std::size_t i = 0; i < vectors; ++i) add_where(sums[i], term, value >= load<Vec>(row + i * lanes));
    }
    for (std::size_t i = 0; i < vectors; ++i) store(won + i * lanes, sums[i]);
}

// Sorts one model's pairs of a block. Those that some sets let win and some do not go to the list. The others are won
// under all sets or under none; returns how these change the model's won sum, which was made against the benchmark's
// own specialists.
inline std::int64_t sort_pairs(const double* value, const std::int64_t* steps, std::size_t n_tasks, const Tiles& sets,
                               const Block& block, Undecided*& list) {
    Mask change{};
    for (const auto [c, end] : block.spans) {
        // Of the next model, too: where few tasks vary, no hardware guesses what will be read.
        __builtin_prefetch(value + n_tasks + c);
        __builtin_prefetch(steps + n_tasks + c);
        const Vec v = load<Vec>(value + c);
        const Mask here = end - c < lanes ? ~beyond(end - c) : ~Mask{};
        const Mask always = v >= load<Vec>(&sets.high[c]);
        const Mask own = v >= load<Vec>(&sets.own[c]);
        const Mask term = load<Mask>(steps + c) & here;
        change += (term & always) - (term & own);
        const unsigned undecided = lane_bits((v >= load<Vec>(&sets.low[c])) & here & ~always);
        if (undecided == 0) continue;
        // Which ones cannot be foreseen: all are written, and those that are not meant written over.
        for (std::uint32_t i = 0; i < end - c; ++i) {
            *list = {value[c + i], steps[c + i], c + i};
            list += undecided >> i & 1;
        }
    }
    return sum_over_lanes(change);
}

// What of one model and group can be said before the sets are looked at. A group with a single undecided pair has
// but two values: [0] where it is lost, which is also that of a group that does not vary, and [1] where it is won.
struct Group {
    enum class Kind : std::uint8_t { fixed, single, varies } kind;
    Undecided pair;  // the single one
    double mean[2], inverse[2];
    double s3, s4;  // of the modality, where both its groups are fixed; at its comprehension group
};

// sure (n_groups,): won sums under all sets.
void fix(const Plan& plan, const std::int64_t* sure, const std::vector<Divisor>& divisor, Group* groups) {
    for (std::size_t g = 0; g < plan.n_groups; ++g) {
        for (const std::size_t won : {0, 1}) {
            const std::int64_t steps = sure[g] + (won ? groups[g].pair.steps : 0);
            groups[g].mean[won] = mean_points(steps - Mask{}, divisor[g])[0];
            groups[g].inverse[won] = 1.0 / groups[g].mean[won];
        }
    }
    for (std::size_t m = 0; m < plan.n_modalities; ++m) {
        Group &c = groups[2 * m], &g = groups[2 * m + 1];
        c.s3 = (c.mean[0] + g.mean[0]) / 2.0;
        c.s4 = level4(splat(c.inverse[0]), splat(g.inverse[0]), splat(c.s3))[0];
    }
}

// Means and their inverses for a tile of sets. won and thresholds are the group's and the tile's.
inline void group_means(const Group& group, const Divisor& divisor, const std::int64_t* won, const double* thresholds,
                        Vec* mean, Vec* inverse) {
    const double* row = thresholds + group.pair.column * tile;
    for (std::size_t i = 0; i < vectors; ++i) {
        if (group.kind == Group::Kind::varies) {
            mean[i] = mean_points(load<Mask>(won + i * lanes), divisor);
            inverse[i] = 1.0 / mean[i];
        } else if (group.kind == Group::Kind::single) {
            const Mask wins = splat(group.pair.value) >= load<Vec>(row + i * lanes);
            mean[i] = wins ? splat(group.mean[1]) : splat(group.mean[0]);
            inverse[i] = wins ? splat(group.inverse[1]) : splat(group.inverse[0]);
        } else {
            mean[i] = splat(group.mean[0]);
            inverse[i] = splat(group.inverse[0]);
        }
    }
}

// Scores from the won sums of a tile, (n_groups, tile), for n of its sets.
inline void finish_tile(const Pairs& pairs, const std::vector<Divisor>& divisor, std::size_t model,
                        const std::int64_t* won, const Group* groups, const double* thresholds, std::size_t n,
                        double* out) {
    const std::size_t n_language = 2 * pairs.plan.n_modalities;
    // Rows of one model are far apart: those of the next are fetched meanwhile.
    for (std::size_t i = 0; i < n; ++i) __builtin_prefetch(out + 16 + i * pairs.n_models * 4, 1);
    Vec total3[vectors]{}, total4[vectors]{}, mean_c[vectors], mean_g[vectors], inverse_c[vectors], inverse_g[vectors];
    for (std::size_t c = 0; c < n_language; c += 2) {
        if (groups[c].kind == Group::Kind::fixed && groups[c + 1].kind == Group::Kind::fixed) {
            for (std::size_t i = 0; i < vectors; ++i) total3[i] += groups[c].s3, total4[i] += groups[c].s4;
            continue;
        }
        group_means(groups[c], divisor[c], won + c * tile, thresholds, mean_c, inverse_c);
        group_means(groups[c + 1], divisor[c + 1], won + (c + 1) * tile, thresholds, mean_g, inverse_g);
        for (std::size_t i = 0; i < vectors; ++i) {
            const Vec s3 = (mean_c[i] + mean_g[i]) / 2.0;
            total3[i] += s3;
            total4[i] += level4(inverse_c[i], inverse_g[i], s3);
        }
    }
    group_means(groups[n_language], divisor[n_language], won + n_language * tile, thresholds, mean_c, inverse_c);
    const MeanOfModalities mean(pairs.plan.n_modalities);
    const std::size_t stride = pairs.n_models * 4;
    for (std::size_t i = 0; i * lanes < n; ++i) {
        const Vec s4 = mean(total4[i]);
        store_rows(splat(pairs.level2[model]), mean(total3[i]), s4, s4 * (mean_c[i] / 100.0), n - i * lanes,
                   out + i * lanes * stride, stride);
    }
}

}  // namespace

void ablate(const Pairs& pairs, const Tiles& sets, std::size_t first, std::size_t last, double* out) {
    const Plan& plan = pairs.plan;
    const std::size_t n_tasks = plan.n_tasks, n_groups = plan.n_groups;
    const auto blocks = make_blocks(plan, sets);
    const auto divisor = divisors(pairs);
    const std::unique_ptr<Undecided[]> list(new Undecided[models_abreast * n_tasks + 1]);
    std::vector<std::size_t> begin(models_abreast * (blocks.size() + 1));
    std::vector<std::int64_t> sure(models_abreast * n_groups), won(models_abreast * n_groups * tile);
    std::vector<Group> groups(models_abreast * n_groups);
    std::vector<std::size_t> in_group(n_groups);  // undecided pairs of a model
    for (; first < last; first += models_abreast) {
        const std::size_t n = std::min(models_abreast, last - first);
        std::copy_n(&pairs.won[first * n_groups], n * n_groups, sure.begin());
        std::fill(groups.begin(), groups.end(), Group{});
        Undecided* at = list.get();
        for (std::size_t i = 0; i < n; ++i) {
            const double* value = pairs.value.get() + (first + i) * n_tasks;
            const std::int64_t* steps = pairs.steps.get() + (first + i) * n_tasks;
            std::fill(in_group.begin(), in_group.end(), 0);
            std::size_t* offset = &begin[i * (blocks.size() + 1)];
            for (const Block& b : blocks) {
                *offset++ = static_cast<std::size_t>(at - list.get());
                sure[i * n_groups + b.group] += sort_pairs(value, steps, n_tasks, sets, b, at);
                const std::size_t more = static_cast<std::size_t>(at - list.get()) - offset[-1];
                in_group[b.group] += more;
                if (more > 0) groups[i * n_groups + b.group].pair = at[-1];
            }
            *offset = static_cast<std::size_t>(at - list.get());
            if (!pairs.tiny.empty())
                for (const std::int32_t c : pairs.tiny[first + i])
                    in_group[pairs.group(static_cast<std::size_t>(c))] += 2;
            for (std::size_t g = 0; g < n_groups; ++g)
                groups[i * n_groups + g].kind = in_group[g] > 1    ? Group::Kind::varies
                                                : in_group[g] == 1 ? Group::Kind::single
                                                                   : Group::Kind::fixed;
            fix(plan, &sure[i * n_groups], divisor, &groups[i * n_groups]);
        }
        // Where few pairs are undecided, holding their sums in registers matters more than the cache.
        const bool few = 4 * static_cast<std::size_t>(at - list.get()) < n * n_tasks;
        for (std::size_t t = 0; t < sets.n_tiles; ++t) {
            const double* thresholds = sets.threshold.get() + t * n_tasks * tile;
            for (std::size_t b = 0, end = 0; b < blocks.size(); b = end) {
                for (end = b + 1; few && end < blocks.size() && blocks[end].group == blocks[b].group;) ++end;
                const bool starts = b == 0 || blocks[b - 1].group != blocks[b].group;
                for (std::size_t i = 0; i < n; ++i) {
                    const std::size_t* offset = &begin[i * (blocks.size() + 1)];
                    const std::size_t group = i * n_groups + blocks[b].group;
                    if ((starts || offset[b] < offset[end]) && groups[group].kind == Group::Kind::varies)
                        add_wins(list.get() + offset[b], list.get() + offset[end], thresholds,
                                 starts ? &sure[group] : nullptr, &won[group * tile]);
                }
            }
            const std::size_t n_here = std::min(tile, sets.n_sets - t * tile);
            for (std::size_t i = 0; i < n; ++i) {
                const std::size_t model = first + i;
                if (!pairs.tiny.empty())
                    for (const std::int32_t c : pairs.tiny[model]) {
                        const auto column = static_cast<std::size_t>(c);
                        const double v = pairs.value[model * n_tasks + column];
                        std::int64_t* sums = &won[(i * n_groups + pairs.group(column)) * tile];
                        for (std::size_t s = 0; s < n_here; ++s)
                            if (v >= thresholds[column * tile + s]) sums[s] = std::max<std::int64_t>(sums[s], 1);
                    }
                finish_tile(pairs, divisor, model, &won[i * n_groups * tile], &groups[i * n_groups], thresholds, n_here,
                            out + (t * tile * pairs.n_models + model) * 4);
            }
        }
    }
}

}  // namespace glevel::GLEVEL_ISA
