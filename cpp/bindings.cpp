// The only file that knows Python: checks shapes, releases the GIL, calls the kernels.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

#include "ablation.hpp"
#include "kernels.hpp"
#include "plan.hpp"
#include "pool.hpp"
#include "random.hpp"
#include "summary.hpp"

namespace py = pybind11;

namespace {

using glevel::Kernels;
using glevel::Plan;

// float64, C-contiguous, of exactly this shape: never a silent copy.
const double* matrix(const py::handle& argument, const char* name, std::size_t columns, std::size_t& rows) {
    const auto& api = py::detail::npy_api::get();
    if (!api.PyArray_Check_(argument.ptr())) throw py::type_error(std::string(name) + " must be a NumPy array");
    const auto* array = py::detail::array_proxy(argument.ptr());
    constexpr int wanted = py::detail::npy_api::NPY_ARRAY_C_CONTIGUOUS_ | py::detail::npy_api::NPY_ARRAY_ALIGNED_;
    const auto dtype = py::reinterpret_borrow<py::dtype>(array->descr);
    const bool is_double = dtype.num() == py::detail::npy_api::NPY_DOUBLE_ && dtype.byteorder() == '=';
    if ((array->flags & wanted) != wanted || !is_double)
        throw py::type_error(std::string(name) + " must be C-contiguous float64");
    if (array->nd != 2 || static_cast<std::size_t>(array->dimensions[1]) != columns)
        throw std::invalid_argument(std::string(name) + " must have the shape (n_models, " + std::to_string(columns) +
                                    ")");
    rows = static_cast<std::size_t>(array->dimensions[0]);
    return reinterpret_cast<const double*>(array->data);
}

template <class T>
T* data(py::array_t<T>& array) {
    return array.mutable_data();
}

template <class T>
py::array_t<T> make(std::initializer_list<std::size_t> shape) {
    return py::array_t<T>(std::vector<py::ssize_t>(shape.begin(), shape.end()));
}

struct Outputs {
    py::array_t<double> overall, modality, means;
    py::array_t<std::int32_t> supported, wins;
    py::array_t<std::int8_t> level;
    py::array_t<std::uint8_t> suspect;

    Outputs(std::size_t n, const Plan& plan)
        : overall(make<double>({n, 4})),
          modality(make<double>({n, plan.n_modalities, 3})),
          means(make<double>({n, plan.n_groups, 2})),
          supported(make<std::int32_t>({n, plan.n_groups})),
          wins(make<std::int32_t>({n, plan.n_groups})),
          level(make<std::int8_t>({n})),
          suspect(make<std::uint8_t>({n})) {}

    glevel::Scores pointers() {
        return {data(overall), data(modality), data(means), data(supported), data(wins), data(level), data(suspect)};
    }
};

// Pieces large enough that handing them out costs nothing, small enough to even out the threads.
constexpr std::size_t values_per_piece = 16384;

class Engine {
   public:
    Engine(const glevel::TaskTable& tasks, const std::string& isa)
        : plan_(tasks),
          kernels_(&glevel::choose_kernels(isa)),
          few_(&glevel::kernels_for_few(*kernels_)),
          folded_(tasks, few_->lanes) {}

    py::tuple score(const py::handle& raw, std::size_t threads) const {
        std::size_t n = 0;
        const double* values = matrix(raw, "raw", plan_.n_tasks, n);
        Outputs out(n, plan_);
        score_into(values, n, threads, out.pointers());
        return py::make_tuple(out.overall, out.modality, out.means, out.supported, out.wins, out.level, out.suspect);
    }

    // S2..S5 alone, for callers who count microseconds; None where a row wants a closer look.
    py::object overall(const py::handle& raw, std::size_t threads) const {
        std::size_t n = 0;
        const double* values = matrix(raw, "raw", plan_.n_tasks, n);
        auto overall = make<double>({n, 4});
        const std::size_t doubles = 3 * plan_.n_modalities + 2 * plan_.n_groups, counts = 2 * plan_.n_groups;
        const auto rest = glevel::make_scratch(n * (doubles + counts + 2));
        glevel::Scores to{};
        to.overall = data(overall);
        to.modality = rest.get();
        to.means = to.modality + n * 3 * plan_.n_modalities;
        to.supported = reinterpret_cast<std::int32_t*>(to.means + n * 2 * plan_.n_groups);
        to.wins = to.supported + n * plan_.n_groups;
        to.level = reinterpret_cast<std::int8_t*>(to.wins + n * plan_.n_groups);
        to.suspect = reinterpret_cast<std::uint8_t*>(to.level + n);
        score_into(values, n, threads, to);
        if (std::any_of(to.suspect, to.suspect + n, [](auto suspect) { return suspect != 0; })) return py::none();
        return overall;
    }

    py::array_t<double> map(const py::handle& raw, std::size_t threads) const {
        std::size_t n = 0;
        const double* values = matrix(raw, "raw", plan_.n_tasks, n);
        auto points = make<double>({n, plan_.n_tasks});
        double* to = data(points);
        each(n, threads, [&](const Kernels& kernels, std::size_t first, std::size_t last, double* scratch) {
            kernels.map(plan_, values, first, last, to, scratch);
        });
        return points;
    }

    py::tuple reduce(const py::handle& raw, const py::handle& points, std::size_t threads) const {
        std::size_t n = 0, n_points = 0;
        const double* values = matrix(raw, "raw", plan_.n_tasks, n);
        const double* mapped = matrix(points, "points", plan_.n_tasks, n_points);
        if (n_points != n) throw std::invalid_argument("raw and points must have the same number of models");
        Outputs out(n, plan_);
        const glevel::Scores to = out.pointers();
        each(n, threads, [&](const Kernels& kernels, std::size_t first, std::size_t last, double* scratch) {
            kernels.reduce(plan_, values, mapped, first, last, to, scratch);
        });
        return py::make_tuple(out.means, out.supported, out.wins);
    }

    const Plan& plan() const { return plan_; }
    const Kernels& kernels() const { return *kernels_; }
    std::string isa() const { return kernels_->name; }

   private:
    void score_into(const double* values, std::size_t n, std::size_t threads, const glevel::Scores& to) const {
        each(n, threads, [&](const Kernels& kernels, std::size_t first, std::size_t last, double* scratch) {
            if (n == 1)
                few_->score_one(folded_, values, 0, to, scratch);
            else
                kernels.score(plan_, values, first, last, to, scratch);
        });
    }

    template <class Work>
    void each(std::size_t n, std::size_t threads, const Work& work) const {
        const Kernels& kernels = n <= few_->lanes ? *few_ : *kernels_;
        const std::size_t lanes = kernels.lanes;
        const std::size_t piece = std::max<std::size_t>(1, values_per_piece / plan_.n_tasks / lanes) * lanes;
        const std::size_t size = glevel::scratch_size(plan_.n_tasks, plan_.n_modalities, lanes);
        const std::size_t workers = std::clamp<std::size_t>(threads, 1, (n + piece - 1) / piece + 1);
        const auto scratch = glevel::make_scratch(size * workers);
        const py::gil_scoped_release release;
        if (workers == 1)
            work(kernels, 0, n, scratch.get());
        else
            glevel::parallel_for(n, piece, workers, [&](std::size_t worker, std::size_t first, std::size_t last) {
                work(kernels, first, last, scratch.get() + worker * size);
            });
    }

    Plan plan_;
    const Kernels* kernels_;
    const Kernels* few_;
    Plan folded_;
};

template <class T>
using Column = py::array_t<T, py::array::c_style>;

std::unique_ptr<Engine> make_engine(std::size_t n_modalities, const Column<std::int32_t>& group,
                                    const Column<std::int8_t>& kind, const Column<double>& constant,
                                    const Column<double>& worst, const Column<double>& slope, const Column<double>& low,
                                    const Column<double>& high, const Column<double>& scale, const Column<double>& sota,
                                    const Column<double>& weight, bool zero_scores, const std::string& isa) {
    const auto n = group.size();
    for (const py::array& column :
         std::initializer_list<py::array>{kind, constant, worst, slope, low, high, scale, sota, weight})
        if (column.size() != n) throw std::invalid_argument("the columns of a plan must have the same length");
    glevel::TaskTable tasks;
    tasks.n_tasks = static_cast<std::size_t>(n);
    tasks.n_modalities = n_modalities;
    tasks.group = group.data();
    tasks.kind = reinterpret_cast<const glevel::Kind*>(kind.data());
    tasks.constant = constant.data();
    tasks.worst = worst.data();
    tasks.slope = slope.data();
    tasks.low = low.data();
    tasks.high = high.data();
    tasks.scale = scale.data();
    tasks.sota = sota.data();
    tasks.weight = weight.data();
    tasks.zero_scores = zero_scores;
    return std::make_unique<Engine>(tasks, isa);
}

py::tuple aggregate_levels(const py::handle& means, std::size_t n_modalities) {
    const std::size_t columns = 2 * (2 * n_modalities + 1);
    std::size_t n = 0;
    const double* values = matrix(means, "means", columns, n);
    auto overall = make<double>({n, 4});
    auto modality = make<double>({n, n_modalities, 3});
    auto level = make<std::int8_t>({n});
    glevel::Scores to{};
    to.overall = data(overall);
    to.modality = data(modality);
    to.level = data(level);
    const Kernels& kernels = glevel::choose_kernels();
    const auto scratch = glevel::make_scratch(glevel::scratch_size(0, n_modalities, kernels.lanes));
    {
        const py::gil_scoped_release release;
        kernels.levels(n_modalities, values, 0, n, to, scratch.get());
    }
    return py::make_tuple(overall, modality, level);
}

py::dict build_info() {
    py::list paths;
    for (const Kernels* k : glevel::available_kernels()) paths.append(k->name);
    py::dict info;
    info["compiler"] = GLEVEL_COMPILER;
    info["instruction_sets"] = py::tuple(paths);
    info["instruction_set"] = glevel::choose_kernels().name;
    info["threads"] = glevel::available_threads();
    return info;
}

// ---- Many specialist sets and resamples.

// C-contiguous, of one type and of exactly this shape.
template <class T>
T* array(const py::array& given, const char* name, std::initializer_list<std::size_t> shape) {
    bool good = py::isinstance<py::array_t<T, py::array::c_style>>(given) &&
                static_cast<std::size_t>(given.ndim()) == shape.size();
    for (std::size_t i = 0; good && i < shape.size(); ++i)
        good = static_cast<std::size_t>(given.shape(static_cast<py::ssize_t>(i))) == shape.begin()[i];
    if (!good) throw std::invalid_argument(std::string(name) + " has the wrong type or shape");
    return static_cast<T*>(const_cast<void*>(given.data()));
}

class PyPairs {
   public:
    PyPairs(const Engine& engine, const py::handle& raw, std::size_t threads)
        : kernels_(glevel::set_kernels(engine.kernels())) {
        std::size_t n = 0;
        const double* values = matrix(raw, "raw", engine.plan().n_tasks, n);
        const py::gil_scoped_release release;
        pairs_ = std::make_unique<glevel::Pairs>(engine.plan(), engine.kernels(), values, n, threads);
    }

    // Scores into out, (n_sets, n_models, 4); returns the wins that each task decides, where asked for.
    py::array_t<std::int64_t> ablate(const py::handle& sota, bool strict, const py::array& out, bool decided,
                                     std::size_t threads) const {
        std::size_t n = 0;
        const std::size_t n_tasks = pairs_->plan.n_tasks;
        const double* sets = matrix(sota, "sota", n_tasks, n);
        auto wins = make<std::int64_t>({n_tasks});
        double* to = output(out, n);
        std::int64_t* counts = data(wins);
        const py::gil_scoped_release release;
        const glevel::Tiles tiles(*pairs_, sets, n, kernels_.tile, strict, threads);
        glevel::parallel_for(pairs_->n_models, 32, threads, [&](std::size_t, std::size_t first, std::size_t last) {
            kernels_.ablate(*pairs_, tiles, first, last, to);
        });
        std::fill_n(counts, n_tasks, 0);
        if (decided) {
            pairs_->sort_columns(threads);
            glevel::parallel_for(n_tasks, 8, threads, [&](std::size_t, std::size_t first, std::size_t last) {
                for (std::size_t c = first; c < last; ++c) {
                    std::int64_t count = 0;
                    for (std::size_t s = 0; s < n; ++s)
                        count += pairs_->between(
                            c, base(c),
                            tiles.threshold[((s / tiles.tile) * n_tasks + c) * tiles.tile + s % tiles.tile]);
                    counts[pairs_->plan.order[c]] = count;
                }
            });
        }
        return wins;
    }

    // The same for sets in CSR form: set i changes tasks[begin[i]:begin[i + 1]] to these raw values.
    py::array_t<std::int64_t> change(const py::array& begin, const py::array& tasks, const py::array& sota,
                                     const py::array& out, bool decided, std::size_t threads) const {
        if (begin.size() < 1) throw std::invalid_argument("begin must not be empty");
        const auto n = static_cast<std::size_t>(begin.size()) - 1, k = static_cast<std::size_t>(tasks.size());
        const auto* from = array<std::int64_t>(begin, "begin", {n + 1});
        const auto* task = array<std::int64_t>(tasks, "tasks", {k});
        const auto* value = array<double>(sota, "sota", {k});
        if (!pairs_->tiny.empty()) throw std::invalid_argument("these results need dense sets");
        for (std::size_t i = 0; i < n; ++i)
            if (from[i] < 0 || from[i] > from[i + 1]) throw std::invalid_argument("begin must ascend");
        if (from[n] != static_cast<std::int64_t>(k))
            throw std::invalid_argument("begin must end with the number of tasks");
        const std::size_t n_tasks = pairs_->plan.n_tasks;
        for (std::size_t i = 0; i < k; ++i)
            if (task[i] < 0 || task[i] >= static_cast<std::int64_t>(n_tasks))
                throw std::invalid_argument("task out of range");
        auto wins = make<std::int64_t>({n_tasks});
        double* to = output(out, n);
        std::int64_t* counts = data(wins);
        const py::gil_scoped_release release;
        glevel::Changes changes;
        changes.begin.assign(from, from + n + 1);
        std::vector<std::pair<std::size_t, double>> own;
        for (std::size_t i = 0; i < n; ++i) {
            own.clear();
            for (auto at = from[i]; at < from[i + 1]; ++at)
                own.emplace_back(pairs_->column(static_cast<std::size_t>(task[at])), value[at]);
            std::stable_sort(own.begin(), own.end(), [&](const auto& a, const auto& b) {
                return std::pair(pairs_->group(a.first), a.first) < std::pair(pairs_->group(b.first), b.first);
            });
            for (const auto& [column, raw] : own) {
                changes.column.push_back(column);
                changes.before.push_back(base(column));
                changes.after.push_back(pairs_->threshold(column, raw, false));
            }
        }
        const glevel::PairColumns& columns = pairs_->columns(threads);
        std::call_once(totals_once_, [&] { totals_ = kernels_.totals(*pairs_, columns); });
        const std::size_t piece = std::max<std::size_t>(1, (n + 4 * threads - 1) / (4 * threads));
        glevel::parallel_for(n, piece, threads, [&](std::size_t, std::size_t first, std::size_t last) {
            kernels_.change(*pairs_, columns, totals_.data(), changes, first, last, to);
        });
        std::fill_n(counts, n_tasks, 0);
        if (decided) {
            pairs_->sort_columns(threads);
            for (std::size_t i = 0; i < changes.column.size(); ++i)
                counts[pairs_->plan.order[changes.column[i]]] +=
                    pairs_->between(changes.column[i], changes.before[i], changes.after[i]);
        }
        return wins;
    }

    bool has_tiny() const { return !pairs_->tiny.empty(); }
    const glevel::Pairs& pairs() const { return *pairs_; }
    const glevel::SetKernels& kernels() const { return kernels_; }

   private:
    double* output(const py::array& out, std::size_t n_sets) const {
        if (!out.writeable()) throw std::invalid_argument("out must be writeable");
        return array<double>(out, "out", {n_sets, pairs_->n_models, 4});
    }

    double base(std::size_t column) const {
        const double s = pairs_->plan.sota[column];
        return s == s ? s : std::numeric_limits<double>::infinity();
    }

    const glevel::SetKernels& kernels_;
    std::unique_ptr<glevel::Pairs> pairs_;
    mutable std::once_flag totals_once_;
    mutable std::vector<double> totals_;
};

class PyResampling {
   public:
    PyResampling(const PyPairs& pairs, const py::array& unit, const py::array& unit_group) : kernels_(pairs.kernels()) {
        const auto n = static_cast<std::size_t>(unit_group.size());
        const auto* of_task = array<std::int32_t>(unit, "unit", {pairs.pairs().plan.n_tasks});
        const auto* group = array<std::int32_t>(unit_group, "unit_group", {n});
        for (std::size_t i = 0; i < n; ++i)
            if (group[i] < (i > 0 ? group[i - 1] : 0) ||
                group[i] >= static_cast<std::int32_t>(pairs.pairs().plan.n_groups))
                throw std::invalid_argument("unit_group must ascend within the groups");
        for (py::ssize_t i = 0; i < unit.size(); ++i)
            if (of_task[i] < 0 || of_task[i] >= static_cast<std::int32_t>(n) ||
                group[of_task[i]] !=
                    static_cast<std::int32_t>(pairs.pairs().group(pairs.pairs().column(static_cast<std::size_t>(i)))))
                throw std::invalid_argument("unit out of range, or of another group than its task");
        const py::gil_scoped_release release;
        resampling_ = std::make_unique<glevel::Resampling>(pairs.pairs(), of_task, group, n);
    }

    void scores(std::uint64_t seed, std::uint64_t start, const py::array& out, std::size_t threads) const {
        const auto n = static_cast<std::size_t>(out.ndim() > 0 ? out.shape(0) : 0);
        if (!out.writeable()) throw std::invalid_argument("out must be writeable");
        double* to = array<double>(out, "out", {n, resampling_->n_models, 4});
        const py::gil_scoped_release release;
        glevel::parallel_for(n, kernels_.tile, threads, [&](std::size_t, std::size_t first, std::size_t last) {
            // Without a pool, all comes in one piece.
            for (; first < last; first += kernels_.tile)
                kernels_.resample(*resampling_, seed, start, first, std::min(first + kernels_.tile, last), to);
        });
    }

   private:
    const glevel::SetKernels& kernels_;
    std::unique_ptr<glevel::Resampling> resampling_;
};

py::array_t<std::int32_t> summarise(const py::array& scores, const py::array& base, const py::dict& to,
                                    std::size_t threads) {
    if (scores.ndim() != 3) throw std::invalid_argument("scores must have the shape (n_sets, n_models, 4)");
    const auto n_sets = static_cast<std::size_t>(scores.shape(0)), n = static_cast<std::size_t>(scores.shape(1));
    const double* values = array<double>(scores, "scores", {n_sets, n, 4});
    const auto* ranks = array<std::uint32_t>(base, "base", {4, n});
    const auto field = [&](const char* name) { return py::array(to[name]); };
    const glevel::Summary sums{array<std::int64_t>(field("high"), "high", {n, 4}),
                               array<std::int64_t>(field("low"), "low", {n, 4}),
                               array<double>(field("least"), "least", {n, 4}),
                               array<double>(field("most"), "most", {n, 4}),
                               array<std::int64_t>(field("levels"), "levels", {n, 5}),
                               array<std::uint32_t>(field("ranks"), "ranks", {n, 4, n + 1}),
                               array<std::uint32_t>(field("points"), "points", {n, 4, glevel::bins})};
    auto moved = make<std::int32_t>({n_sets});
    std::int32_t* moves = data(moved);
    const py::gil_scoped_release release;
    glevel::summarise(values, n_sets, n, ranks, sums, moves, threads);
    return moved;
}

py::array_t<std::uint32_t> ranks(const py::array& scores) {
    if (scores.ndim() != 2) throw std::invalid_argument("scores must have the shape (n_models, 4)");
    const auto n = static_cast<std::size_t>(scores.shape(0));
    auto out = make<std::uint32_t>({4, n});
    glevel::rank(array<double>(scores, "scores", {n, 4}), n, data(out));
    return out;
}

py::array_t<std::uint64_t> draws(std::uint64_t seed, std::uint64_t first, std::size_t n_sets, std::size_t n) {
    auto out = make<std::uint64_t>({n_sets, n});
    std::uint64_t* to = data(out);
    const py::gil_scoped_release release;
    for (std::size_t i = 0; i < n_sets; ++i) {
        const glevel::Draws draw(seed, first + i);
        for (std::size_t j = 0; j < n; ++j) to[i * n + j] = draw(j);
    }
    return out;
}

py::array_t<std::int64_t> count_above(const py::array& scores, std::size_t threads) {
    if (scores.ndim() != 2) throw std::invalid_argument("scores must have the shape (n_models, n_sets)");
    const auto n = static_cast<std::size_t>(scores.shape(0)), n_sets = static_cast<std::size_t>(scores.shape(1));
    const double* values = array<double>(scores, "scores", {n, n_sets});
    auto out = make<std::int64_t>({n, n});
    std::int64_t* counts = data(out);
    const auto& kernels = glevel::set_kernels(glevel::choose_kernels());
    const py::gil_scoped_release release;
    std::fill_n(counts, n * n, 0);
    glevel::parallel_for(n, 8, threads, [&](std::size_t, std::size_t first, std::size_t last) {
        kernels.count_above(values, n, n_sets, first, last, counts);
    });
    return out;
}

void bind_sets(py::module_& module) {
    py::class_<PyPairs>(module, "Pairs", "Results compiled for many specialist sets.")
        .def(py::init<const Engine&, const py::handle&, std::size_t>(), py::arg("engine"), py::arg("raw"),
             py::arg("threads"), py::keep_alive<1, 2>())
        .def("ablate", &PyPairs::ablate, py::arg("sota"), py::arg("strict"), py::arg("out"), py::arg("decided"),
             py::arg("threads"), "Scores go to out; returns the wins decided by task.")
        .def("change", &PyPairs::change, py::arg("begin"), py::arg("tasks"), py::arg("sota"), py::arg("out"),
             py::arg("decided"), py::arg("threads"), "Scores go to out; returns the wins decided by task.")
        .def_property_readonly("has_tiny", &PyPairs::has_tiny);
    py::class_<PyResampling>(module, "Resampling", "Results compiled for resampling their tasks.")
        .def(py::init<const PyPairs&, const py::array&, const py::array&>(), py::arg("pairs"), py::arg("unit"),
             py::arg("unit_group"), py::keep_alive<1, 2>())
        .def("scores", &PyResampling::scores, py::arg("seed"), py::arg("start"), py::arg("out"), py::arg("threads"));
    module.def("summarise", &summarise, py::arg("scores"), py::arg("base"), py::arg("to"), py::arg("threads"));
    module.def("ranks", &ranks, py::arg("scores"));
    module.def("draws", &draws, py::arg("seed"), py::arg("first"), py::arg("n_sets"), py::arg("n"));
    module.def("count_above", &count_above, py::arg("scores"), py::arg("threads"));
}

}  // namespace

PYBIND11_MODULE(_core, module, py::mod_gil_not_used()) {
    module.doc() = "The C++ engine of glevel_fast; use glevel_fast.Scorer.";
    py::class_<Engine>(module, "Engine", "A benchmark compiled for the kernels, which are its methods.")
        .def(py::init(&make_engine), py::kw_only(), py::arg("n_modalities"), py::arg("group"), py::arg("kind"),
             py::arg("constant"), py::arg("worst"), py::arg("slope"), py::arg("low"), py::arg("high"), py::arg("scale"),
             py::arg("sota"), py::arg("weight"), py::arg("zero_scores"), py::arg("isa") = "")
        .def("score", &Engine::score, py::arg("raw"), py::arg("threads"),
             "overall, modality, means, supported, wins, level, suspect")
        .def("overall", &Engine::overall, py::arg("raw"), py::arg("threads"), "overall, or None where a row is suspect")
        .def("map", &Engine::map, py::arg("raw"), py::arg("threads"), "Points; NaN where not supported.")
        .def("reduce", &Engine::reduce, py::arg("raw"), py::arg("points"), py::arg("threads"), "means, supported, wins")
        .def_property_readonly("isa", &Engine::isa);
    module.def("levels", &aggregate_levels, py::arg("means"), py::arg("n_modalities"), "overall, modality, level");
    module.def("build_info", &build_info);
    module.def("available_threads", &glevel::available_threads);
    bind_sets(module);
}
