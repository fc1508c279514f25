// The only file that knows Python: checks shapes, releases the GIL, calls the kernels.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

#include "kernels.hpp"
#include "plan.hpp"
#include "pool.hpp"

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

struct Free {
    void operator()(double* memory) const { std::free(memory); }
};

// Aligned for any vector; every worker's share stays aligned, as sizes are whole vectors.
std::unique_ptr<double[], Free> make_scratch(std::size_t n) {
    const std::size_t bytes = (n * sizeof(double) + 63) / 64 * 64;
    auto* memory = static_cast<double*>(std::aligned_alloc(64, std::max<std::size_t>(bytes, 64)));
    if (memory == nullptr) throw std::bad_alloc();
    return std::unique_ptr<double[], Free>(memory);
}

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
        const auto rest = make_scratch(n * (doubles + counts + 2));
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
        const auto scratch = make_scratch(size * workers);
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
    const auto scratch = make_scratch(glevel::scratch_size(0, n_modalities, kernels.lanes));
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
}
