// Scores under many specialist sets, each of which may change any task.
//
// Sets lie in lanes, so nothing is summed across a vector. Per model, pairs that are won under all sets of a call are
// summed once, and those that are lost under all are left out: only the rest is compared, set by set.
#include <bit>
#include <memory>
#include <vector>

#include "scratch.hpp"
#include "sets/tile.hpp"

namespace glevel::GLEVEL_ISA {
namespace {

constexpr std::size_t models_abreast = 32;
// Scores of these models under one set, as they wait to be written; rows start in different lines of the cache.
constexpr std::size_t row_size = models_abreast * 4 + 8;
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

// Blocks [begin, end) of a group, and whether its first is among them.
struct Stretch {
    std::size_t group, begin, end;
    bool starts;
};

// Each block for itself, or all of a group together.
std::vector<Stretch> stretches(const std::vector<Block>& blocks, bool together) {
    std::vector<Stretch> found;
    for (std::size_t b = 0; b < blocks.size(); ++b) {
        const bool starts = b == 0 || blocks[b - 1].group != blocks[b].group;
        if (starts || !together)
            found.push_back({blocks[b].group, b, b + 1, starts});
        else
            ++found.back().end;
    }
    return found;
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
// own specialists. The steps of those in the list are left to take_steps(), which finds them in the cache.
inline std::int64_t sort_pairs(const double* value, const std::int64_t* steps, std::size_t n_tasks, const Tiles& sets,
                               const Block& block, Undecided*& list) {
    Mask change{};
    for (const auto [c, end] : block.spans) {
        // Of a later model: where few tasks vary, no hardware guesses what will be read.
        __builtin_prefetch(value + 4 * n_tasks + c);
        const Vec v = load<Vec>(value + c);
        const Mask here = end - c < lanes ? ~beyond(end - c) : ~Mask{};
        const Mask own = (v >= load<Vec>(&sets.own[c])) & here, once = (v >= load<Vec>(&sets.low[c])) & here;
        if (!any(own | once)) continue;
        const Mask always = (v >= load<Vec>(&sets.high[c])) & here, varies = once & ~always;
        if (any((own ^ always) & ~varies)) {
            const Mask term = load<Mask>(steps + c) & ~varies;
            change += (term & always) - (term & own);
        }
        const unsigned undecided = lane_bits(varies);
        if (undecided != 0) __builtin_prefetch(steps + c);
        for (unsigned rest = undecided; rest != 0; rest &= rest - 1) {
            const auto column = c + static_cast<std::size_t>(std::countr_zero(rest));
            *list++ = {value[column], 0, column};
        }
    }
    return sum_over_lanes(change);
}

// Fills in the steps of a model's pairs in the list; returns how the won sum changes where all of them are lost.
inline std::int64_t take_steps(const std::int64_t* steps, const Tiles& sets, Undecided* pair, const Undecided* end) {
    std::int64_t change = 0;
    for (; pair != end; ++pair) {
        pair->steps = steps[pair->column];
        change -= pair->value >= sets.own[pair->column] ? pair->steps : 0;
    }
    return change;
}

// What of one model and group can be said before the sets are looked at. A group with a single undecided pair has
// but two values: [0] where it is lost, which is also that of a group that does not vary, and [1] where it is won.
struct Group {
    enum class Kind : std::uint8_t { fixed, single, varies } kind;
    Undecided pair;  // the single one
    double mean[2], inverse[2];

    bool is_zero() const { return kind == Kind::fixed && mean[0] == 0.0; }
};

// What a modality adds to S3 and S4 of a model under all sets: nothing, a number each, to S3 alone, or to both.
// Models rarely have a score in all groups, and without one in both groups of a modality there is nothing to divide.
struct Modality {
    enum class Kind : std::uint8_t { zero, fixed, s3, both } kind;
    double s3, s4;  // where fixed
};

// A group of which this many pairs are undecided, and this sum is won under all sets.
void fix(Group& group, std::size_t undecided, std::int64_t sure, const Divisor& divisor) {
    group.kind = undecided > 1 ? Group::Kind::varies : undecided == 1 ? Group::Kind::single : Group::Kind::fixed;
    for (const std::size_t won : {0, 1}) {
        const std::int64_t steps = sure + (won ? group.pair.steps : 0);
        group.mean[won] = mean_points(steps - Mask{}, divisor)[0];
        group.inverse[won] = 1.0 / group.mean[won];
    }
}

Modality modality_of(const Group& c, const Group& g) {
    if (c.is_zero() && g.is_zero()) return {Modality::Kind::zero, 0.0, 0.0};
    if (c.kind != Group::Kind::fixed || g.kind != Group::Kind::fixed)
        return {c.is_zero() || g.is_zero() ? Modality::Kind::s3 : Modality::Kind::both, 0.0, 0.0};
    const double s3 = (c.mean[0] + g.mean[0]) / 2.0;
    return {Modality::Kind::fixed, s3, level4(splat(c.inverse[0]), splat(g.inverse[0]), splat(s3))[0]};
}

constexpr std::size_t finished = vectors / 2;  // abreast, with their totals in registers

// Means of a few vectors of sets, and their inverses where these are asked for. won and row, the thresholds of a
// group's single undecided pair, are those of the same sets.
template <bool inverted>
inline void group_means(const Group& group, const Divisor& divisor, const std::int64_t* won, const double* row,
                        Vec* mean, Vec* inverse) {
    if (group.kind == Group::Kind::varies) {
        for (std::size_t i = 0; i < finished; ++i) mean[i] = mean_points(load<Mask>(won + i * lanes), divisor);
        for (std::size_t i = 0; inverted && i < finished; ++i) inverse[i] = 1.0 / mean[i];
        return;
    }
    const bool single = group.kind == Group::Kind::single;
    for (std::size_t i = 0; i < finished; ++i) {
        const Mask wins = single ? splat(group.pair.value) >= load<Vec>(row + i * lanes) : Mask{};
        mean[i] = wins ? splat(group.mean[1]) : splat(group.mean[0]);
        if constexpr (inverted) inverse[i] = wins ? splat(group.inverse[1]) : splat(group.inverse[0]);
    }
}

// What is known of one model before the sets are looked at.
struct Known {
    const Group* groups;
    const Modality* modalities;
    bool s4;  // whether a set can bring it to Level-4: else S4 and S5 are 0, whatever its language tasks are
    double level2;
};

// Scores from the won sums of a tile, (n_groups, tile), for n of its sets: a row of `rows` each.
inline void finish_tile(const Pairs& pairs, const std::vector<Divisor>& divisor, const Known& known,
                        const std::int64_t* won, const double* thresholds, std::size_t n, double* rows) {
    const std::size_t n_modalities = pairs.plan.n_modalities;
    const MeanOfModalities mean_of_modalities(n_modalities);
    const auto row = [&](std::size_t g) { return thresholds + known.groups[g].pair.column * tile; };
    for (std::size_t at = 0; at < n; at += finished * lanes) {
        Vec total3[finished]{}, total4[finished]{}, mean_c[finished], mean_g[finished];
        for (std::size_t m = 0; m < n_modalities; ++m) {
            const Modality& modality = known.modalities[m];
            const Group &c = known.groups[2 * m], &g = known.groups[2 * m + 1];
            const std::int64_t *won_c = won + 2 * m * tile + at, *won_g = won_c + tile;
            if (modality.kind == Modality::Kind::fixed) {
                for (std::size_t i = 0; i < finished; ++i) total3[i] += modality.s3, total4[i] += modality.s4;
            } else if (modality.kind == Modality::Kind::s3) {
                const bool second = c.is_zero();
                group_means<false>(second ? g : c, divisor[2 * m + second], second ? won_g : won_c,
                                   row(2 * m + second) + at, mean_c, nullptr);
                for (std::size_t i = 0; i < finished; ++i) total3[i] += mean_c[i] / 2.0;
            } else if (modality.kind == Modality::Kind::both) {
                Vec inverse_c[finished], inverse_g[finished];
                group_means<true>(c, divisor[2 * m], won_c, row(2 * m) + at, mean_c, inverse_c);
                group_means<true>(g, divisor[2 * m + 1], won_g, row(2 * m + 1) + at, mean_g, inverse_g);
                for (std::size_t i = 0; i < finished; ++i) {
                    const Vec s3 = (mean_c[i] + mean_g[i]) / 2.0;
                    total3[i] += s3;
                    total4[i] += level4(inverse_c[i], inverse_g[i], s3);
                }
            }
        }
        if (known.s4)
            group_means<false>(known.groups[2 * n_modalities], divisor[2 * n_modalities],
                               won + 2 * n_modalities * tile + at, row(2 * n_modalities) + at, mean_c, nullptr);
        for (std::size_t i = 0; i < finished && at + i * lanes < n; ++i) {
            const Vec s4 = known.s4 ? mean_of_modalities(total4[i]) : Vec{};
            const Vec s5 = known.s4 ? s4 * (mean_c[i] / 100.0) : Vec{};
            store_rows(splat(known.level2), mean_of_modalities(total3[i]), s4, s5, n - at - i * lanes,
                       rows + (at + i * lanes) * row_size, row_size);
        }
    }
}

}  // namespace

void ablate(const Pairs& pairs, const Tiles& sets, std::size_t first, std::size_t last, double* out) {
    const Plan& plan = pairs.plan;
    const std::size_t n_tasks = plan.n_tasks, n_groups = plan.n_groups, n_language = 2 * plan.n_modalities;
    const auto blocks = make_blocks(plan, sets);
    const auto by_block = stretches(blocks, false), by_group = stretches(blocks, true);
    const auto divisor = divisors(pairs);
    const Output output(sets.n_sets * pairs.n_models * 4);
    const auto rows = make_scratch(tile * row_size);
    const std::unique_ptr<Undecided[]> list(new Undecided[models_abreast * n_tasks + 1]);
    std::vector<std::size_t> begin(models_abreast * (blocks.size() + 1));
    std::vector<std::int64_t> sure(models_abreast * n_groups), won(models_abreast * n_groups * tile);
    std::vector<Group> groups(models_abreast * n_groups);
    std::vector<Modality> modalities(models_abreast * plan.n_modalities);
    std::vector<Known> known(models_abreast);
    std::vector<std::size_t> in_group(n_groups);  // undecided pairs of a model
    for (; first < last; first += models_abreast) {
        const std::size_t n = std::min(models_abreast, last - first);
        std::copy_n(&pairs.won[first * n_groups], n * n_groups, sure.begin());
        std::fill(groups.begin(), groups.end(), Group{});
        Undecided* at = list.get();
        for (std::size_t i = 0; i < n; ++i) {
            const double* value = pairs.value.get() + (first + i) * n_tasks;
            const std::int64_t* steps = pairs.steps.get() + (first + i) * n_tasks;
            Group* own = groups.data() + i * n_groups;
            Modality* of = modalities.data() + i * plan.n_modalities;
            std::fill(in_group.begin(), in_group.end(), 0);
            if (!pairs.tiny.empty())
                for (const std::int32_t c : pairs.tiny[first + i])
                    in_group[pairs.group(static_cast<std::size_t>(c))] += 2;
            const auto fix_groups = [&](std::size_t from, std::size_t to) {
                for (std::size_t g = from; g < to; ++g) fix(own[g], in_group[g], sure[i * n_groups + g], divisor[g]);
            };
            std::size_t* offset = begin.data() + i * (blocks.size() + 1);
            std::size_t b = 0, sorted = 0;
            const auto sort_groups = [&](std::size_t to) {
                for (; b < blocks.size() && blocks[b].group < to; ++b) {
                    const std::size_t g = blocks[b].group;
                    offset[b] = static_cast<std::size_t>(at - list.get());
                    if (pairs.supports(first + i, g))
                        sure[i * n_groups + g] += sort_pairs(value, steps, n_tasks, sets, blocks[b], at);
                }
                for (; sorted < b; ++sorted) {
                    const std::size_t g = blocks[sorted].group;
                    Undecided *begin_pair = list.get() + offset[sorted],
                              *end_pair = sorted + 1 < b ? list.get() + offset[sorted + 1] : at;
                    sure[i * n_groups + g] += take_steps(steps, sets, begin_pair, end_pair);
                    in_group[g] += static_cast<std::size_t>(end_pair - begin_pair);
                    if (begin_pair < end_pair) own[g].pair = end_pair[-1];
                }
            };
            sort_groups(n_language);
            fix_groups(0, n_language);
            bool s4 = false;
            for (std::size_t m = 0; m < plan.n_modalities; ++m) {
                of[m] = modality_of(own[2 * m], own[2 * m + 1]);
                s4 |= of[m].kind == Modality::Kind::both || of[m].s4 > 0.0;
            }
            if (s4) {
                sort_groups(n_groups);
                fix_groups(n_language, n_groups);
            }
            for (; b <= blocks.size(); ++b) offset[b] = static_cast<std::size_t>(at - list.get());
            known[i] = {own, of, s4, pairs.level2[first + i]};
        }
        // Where few pairs are undecided, a model is done with before the next is: that matters more than the cache.
        const bool few = 4 * static_cast<std::size_t>(at - list.get()) < n * n_tasks;
        const std::size_t abreast = few ? 1 : n;
        for (std::size_t t = 0; t < sets.n_tiles; ++t) {
            const double* thresholds = sets.threshold.get() + t * n_tasks * tile;
            const std::size_t n_here = std::min(tile, sets.n_sets - t * tile);
            for (std::size_t from = 0; from < n; from += abreast) {
                const std::size_t to = std::min(from + abreast, n);
                for (const auto& [group, begin_block, end_block, starts] : few ? by_group : by_block)
                    for (std::size_t i = from; i < to; ++i) {
                        const std::size_t* offset = begin.data() + i * (blocks.size() + 1);
                        const std::size_t own = i * n_groups + group;
                        if ((starts || offset[begin_block] < offset[end_block]) &&
                            groups[own].kind == Group::Kind::varies)
                            add_wins(list.get() + offset[begin_block], list.get() + offset[end_block], thresholds,
                                     starts ? &sure[own] : nullptr, &won[(own - from * n_groups) * tile]);
                    }
                for (std::size_t i = from; i < to; ++i) {
                    const std::size_t model = first + i;
                    std::int64_t* own = won.data() + (i - from) * n_groups * tile;
                    if (!pairs.tiny.empty())
                        for (const std::int32_t c : pairs.tiny[model]) {
                            const auto column = static_cast<std::size_t>(c);
                            const double v = pairs.value[model * n_tasks + column];
                            std::int64_t* sums = own + pairs.group(column) * tile;
                            for (std::size_t s = 0; s < n_here; ++s)
                                if (v >= thresholds[column * tile + s]) sums[s] = std::max<std::int64_t>(sums[s], 1);
                        }
                    finish_tile(pairs, divisor, known[i], own, thresholds, n_here, rows.get() + i * 4);
                }
            }
            for (std::size_t s = 0; s < n_here; ++s)
                output.copy(rows.get() + s * row_size, n * 4, out + ((t * tile + s) * pairs.n_models + first) * 4);
        }
    }
    output.finish();
}

}  // namespace glevel::GLEVEL_ISA
