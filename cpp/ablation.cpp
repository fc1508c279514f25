// Many specialist sets, and many resamples, at once. CMake compiles this file once per instruction set, as it
// does kernels.cpp.
//
// Sets lie in lanes, so nothing is summed across a vector. Per model, pairs that are won under all sets of a
// call are summed once and those that are lost under all are left out: only the rest is compared, set by set.
#include "ablation.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <vector>

#if defined(__SSE2__)
#include <immintrin.h>
#endif

#include "random.hpp"
#include "simd.hpp"

namespace glevel::GLEVEL_ISA {
namespace {

constexpr std::size_t vectors = 8;  // held in registers
constexpr std::size_t tile = vectors * lanes;
constexpr std::size_t models_abreast = 32;
constexpr std::size_t resampled_abreast = 8;  // whose sums, too, stay in the nearest cache
// Tasks of one group whose thresholds, a tile of each, stay in the nearest cache.
constexpr std::size_t tasks_in_block = 24 * 1024 / (tile * sizeof(double));

static_assert(lanes <= 8);  // Pairs pads its columns to 8

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

inline Vec mean_points(Mask steps, const Divisor& divisor) { return min(divisor(to_double(steps)), splat(100.0)); }

inline Vec harmonic(Vec s_c, Vec s_g, Vec s3) { return min(2.0 / (1.0 / s_c + 1.0 / s_g), s3); }

// S2 to S5 of the first n of a vector of sets or models, a row of four doubles each.
inline void store_rows(Vec s2, Vec s3, Vec s4, Vec s5, std::size_t n, double* out, std::size_t stride) {
#if GLEVEL_VECTOR_BYTES == 32
    if (n >= lanes) {
        Vec rows[lanes] = {s2, s3, s4, s5};
        transpose(rows);
        for (std::size_t i = 0; i < lanes; ++i) store(out + i * stride, rows[i]);
        return;
    }
#endif
    for (std::size_t i = 0; i < std::min(n, lanes); ++i) {
        double* row = out + i * stride;
        row[0] = s2[i], row[1] = s3[i], row[2] = s4[i], row[3] = s5[i];
    }
}

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

// Of a model's pairs in these vectors of columns, those that only some sets let win go to the list. Returns what the
// others change about the sum of what is won against the benchmark's own specialists.
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

// The mean of a power of two of modalities is cheaper, and the same to the last bit, as a product.
struct MeanOfModalities {
    explicit MeanOfModalities(std::size_t n_modalities)
        : n(n_modalities > 0 ? static_cast<double>(n_modalities) : 1.0),
          exact((n_modalities & (n_modalities - 1)) == 0) {}
    Vec operator()(Vec total) const { return exact ? total * (1.0 / n) : total / n; }
    double n;
    bool exact;
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
        c.s4 = std::min(2.0 / (c.inverse[0] + g.inverse[0]), c.s3);
    }
}

std::vector<Divisor> divisors(const Pairs& pairs) { return {pairs.divisor.begin(), pairs.divisor.end()}; }

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
            total4[i] += min(2.0 / (inverse_c[i] + inverse_g[i]), s3);
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

// S3 and S4 of each modality, S_L / 100, then S3 to S5, of a vector of models.
class Totals {
   public:
    explicit Totals(const Pairs& pairs)
        : n_language_(2 * pairs.plan.n_modalities), divisor_(divisors(pairs)), mean_(pairs.plan.n_modalities) {}

    std::size_t size() const { return n_language_ + 4; }

    void modality(Vec* v, std::size_t m, Mask won_c, Mask won_g) const {
        const Vec s_c = mean_points(won_c, divisor_[2 * m]), s_g = mean_points(won_g, divisor_[2 * m + 1]);
        v[2 * m] = (s_c + s_g) / 2.0;
        v[2 * m + 1] = harmonic(s_c, s_g, v[2 * m]);
    }

    void language(Vec* v, Mask won) const { v[n_language_] = mean_points(won, divisor_[n_language_]) / 100.0; }

    void overall(Vec* v) const {
        Vec total3{}, total4{};
        for (std::size_t k = 0; k < n_language_; k += 2) total3 += v[k], total4 += v[k + 1];
        v[n_language_ + 1] = mean_(total3);
        v[n_language_ + 2] = mean_(total4);
        v[n_language_ + 3] = v[n_language_ + 2] * v[n_language_];
    }

   private:
    std::size_t n_language_;
    std::vector<Divisor> divisor_;
    MeanOfModalities mean_;
};

std::vector<double> totals(const Pairs& pairs, const PairColumns& columns) {
    const Totals all(pairs);
    std::vector<double> base(all.size() * pairs.padded);
    std::vector<Vec> v(all.size());
    for (std::size_t at = 0; at < pairs.padded; at += lanes) {
        const auto won = [&](std::size_t g) { return load<Mask>(columns.won.get() + g * pairs.padded + at); };
        for (std::size_t m = 0; m < pairs.plan.n_modalities; ++m) all.modality(v.data(), m, won(2 * m), won(2 * m + 1));
        all.language(v.data(), won(2 * pairs.plan.n_modalities));
        all.overall(v.data());
        std::memcpy(&base[at * all.size()], v.data(), all.size() * sizeof(Vec));
    }
    return base;
}

void change(const Pairs& pairs, const PairColumns& columns, const double* base, const Changes& changes,
            std::size_t first, std::size_t last, double* out) {
    const Totals all(pairs);
    const std::size_t padded = pairs.padded, n_language = 2 * pairs.plan.n_modalities;
    std::vector<Vec> v(all.size());
    std::vector<Mask> difference(pairs.plan.n_groups);
    std::vector<std::size_t> touched;
    for (std::size_t set = first; set < last; ++set) {
        const std::size_t begin = changes.begin[set], end = changes.begin[set + 1];
        touched.clear();
        for (std::size_t k = begin; k < end; ++k) {
            const std::size_t g = pairs.group(changes.column[k]);
            if (touched.empty() || touched.back() != g) touched.push_back(g);
        }
        for (std::size_t at = 0; at < pairs.n_models; at += lanes) {
            Mask flipped{};
            for (std::size_t k = begin, g = pairs.plan.n_groups; k < end; ++k) {
                const std::size_t column = changes.column[k];
                if (g != pairs.group(column)) difference[g = pairs.group(column)] = Mask{};
                const Vec value = load<Vec>(columns.value.get() + column * padded + at);
                const Mask steps = load<Mask>(columns.steps.get() + column * padded + at);
                const Mask before = value >= changes.before[k], after = value >= changes.after[k];
                flipped |= before ^ after;
                difference[g] += (steps & after) - (steps & before);
            }
            std::memcpy(v.data(), base + at * all.size(), all.size() * sizeof(Vec));
            if (lane_bits(flipped) != 0) {
                for (std::size_t k = 0; k < touched.size(); ++k) {
                    const std::size_t g = touched[k], m = g / 2;
                    const auto won = [&](std::size_t of) { return load<Mask>(columns.won.get() + of * padded + at); };
                    if (g == n_language) {
                        all.language(v.data(), won(g) + difference[g]);
                        continue;
                    }
                    const bool both = k + 1 < touched.size() && touched[k + 1] / 2 == m;
                    Mask won_c = won(2 * m), won_g = won(2 * m + 1);
                    if (g == 2 * m) won_c += difference[g];
                    if (g == 2 * m + 1 || both) won_g += difference[2 * m + 1];
                    k += both;
                    all.modality(v.data(), m, won_c, won_g);
                }
                all.overall(v.data());
            }
            store_rows(load<Vec>(columns.level2.get() + at), v[n_language + 1], v[n_language + 2], v[n_language + 3],
                       std::min(lanes, pairs.n_models - at), out + (set * pairs.n_models + at) * 4, 4);
        }
    }
}

inline void add_drawn(const Resampling::Entry* pair, const Resampling::Entry* end, const double* counts, double* sums) {
    Vec total[vectors];
    for (std::size_t i = 0; i < vectors; ++i) total[i] = load<Vec>(sums + i * lanes);
    for (; pair != end; ++pair) {
        const double* row = counts + pair->unit * tile;
        const Vec value = splat(pair->value);
        for (std::size_t i = 0; i < vectors; ++i) total[i] = multiply_add(value, load<Vec>(row + i * lanes), total[i]);
    }
    for (std::size_t i = 0; i < vectors; ++i) store(sums + i * lanes, total[i]);
}

void resample(const Resampling& r, std::uint64_t seed, std::uint64_t start, std::size_t first, std::size_t last,
              double* out) {
    const std::size_t n_language = 2 * r.n_modalities, n_here = last - first;
    std::vector<double> counts(r.n_units * tile, 0.0), per_point(r.n_groups * tile, 0.0);
    for (std::size_t i = 0; i < n_here; ++i) {
        const Draws draws(seed, start + first + i);
        for (std::size_t g = 0; g < r.n_groups; ++g) {
            const std::size_t begin = r.units[g], n = r.units[g + 1] - begin;
            double drawn = 0.0;
            for (std::size_t j = begin; j < begin + n; ++j) {
                const std::size_t unit = begin + static_cast<std::size_t>(draws.below(j, n));
                counts[unit * tile + i] += 1.0;
                drawn += r.full[unit];
            }
            per_point[g * tile + i] = drawn > 0.0 ? 100.0 / drawn : 0.0;
        }
    }
    const MeanOfModalities mean_of_modalities(r.n_modalities);
    // Per model and group: lost sums, won sums.
    std::vector<double> sums(resampled_abreast * r.n_groups * 2 * tile);
    for (std::size_t from = 0; from < r.n_models; from += resampled_abreast) {
        const std::size_t n = std::min(resampled_abreast, r.n_models - from);
        std::fill(sums.begin(), sums.end(), 0.0);
        for (std::size_t b = 0; b < r.blocks.size(); ++b)
            for (std::size_t i = 0; i < n; ++i)
                for (std::size_t won = 0; won < 2; ++won) {
                    const std::size_t* at = &r.begin[((from + i) * r.blocks.size() + b) * 2 + won];
                    if (at[0] < at[1])
                        add_drawn(&r.entries[at[0]], r.entries.data() + at[1], counts.data(),
                                  &sums[((i * r.n_groups + r.blocks[b].group) * 2 + won) * tile]);
                }
        for (std::size_t i = 0; i < n; ++i) {
            const double* own = &sums[i * r.n_groups * 2 * tile];
            for (std::size_t at = 0; at < n_here; at += lanes) {
                const auto mean = [&](std::size_t g, bool all) {
                    const Vec won = load<Vec>(own + (2 * g + 1) * tile + at);
                    const Vec sum = all ? won + load<Vec>(own + 2 * g * tile + at) : won;
                    return min(sum * load<Vec>(&per_point[g * tile + at]), splat(100.0));
                };
                Vec total2{}, total3{}, total4{};
                for (std::size_t m = 0; m < r.n_modalities; ++m) {
                    const Vec s_c = mean(2 * m, false), s_g = mean(2 * m + 1, false), s3 = (s_c + s_g) / 2.0;
                    total2 += (mean(2 * m, true) + mean(2 * m + 1, true)) / 2.0;
                    total3 += s3;
                    total4 += harmonic(s_c, s_g, s3);
                }
                const Vec s4 = mean_of_modalities(total4);
                store_rows(mean_of_modalities(total2), mean_of_modalities(total3), s4,
                           s4 * (mean(n_language, false) / 100.0), std::min(n_here - at, lanes),
                           out + ((first + at) * r.n_models + from + i) * 4, r.n_models * 4);
            }
        }
    }
}

void count_above(const double* a, std::size_t n, std::size_t n_sets, std::size_t first, std::size_t last,
                 std::int64_t* counts) {
    for (std::size_t i = first; i < last; ++i)
        for (std::size_t j = 0; j < n; ++j) {
            const double *x = a + i * n_sets, *y = a + j * n_sets;
            Mask above{};
            std::size_t s = 0;
            for (; s + lanes <= n_sets; s += lanes) above += load<Vec>(x + s) > load<Vec>(y + s);
            std::int64_t more = -sum_over_lanes(above);
            for (; s < n_sets; ++s) more += x[s] > y[s];
            counts[i * n + j] += more;
        }
}

}  // namespace

extern const SetKernels set_kernels;
const SetKernels set_kernels = {tile, ablate, totals, change, resample, count_above};

}  // namespace glevel::GLEVEL_ISA
