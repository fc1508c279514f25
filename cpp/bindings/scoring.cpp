// Engine: a benchmark compiled for the kernels. And the last step of scoring alone.
#include <initializer_list>
#include <memory>
#include <string>

#include "bindings/arguments.hpp"
#include "engine.hpp"

namespace glevel::bindings {
namespace {

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

    Scores pointers() {
        return {overall.mutable_data(), modality.mutable_data(), means.mutable_data(),  supported.mutable_data(),
                wins.mutable_data(),    level.mutable_data(),    suspect.mutable_data()};
    }
};

auto models(const Engine& engine, const py::handle& argument, const char* name) {
    return input<double>(argument, name, {"n_models", engine.plan().n_tasks});
}

py::tuple score(const Engine& engine, const py::handle& raw, const py::handle& threads) {
    const auto values = models(engine, raw, "raw");
    const std::size_t n = values.size(0), n_threads = count_threads(threads);
    Outputs out(n, engine.plan());
    const Scores to = out.pointers();
    {
        const py::gil_scoped_release release;
        engine.score(values.data, n, n_threads, to);
    }
    return py::make_tuple(out.overall, out.modality, out.means, out.supported, out.wins, out.level, out.suspect);
}

py::object overall(const Engine& engine, const py::handle& raw, const py::handle& threads) {
    const auto values = models(engine, raw, "raw");
    const std::size_t n = values.size(0), n_threads = count_threads(threads);
    auto out = make<double>({n, 4});
    double* to = out.mutable_data();
    bool good = false;
    {
        const py::gil_scoped_release release;
        good = engine.overall(values.data, n, n_threads, to);
    }
    return good ? py::object(out) : py::none();
}

py::array_t<double> map(const Engine& engine, const py::handle& raw, const py::handle& threads) {
    const auto values = models(engine, raw, "raw");
    const std::size_t n = values.size(0), n_threads = count_threads(threads);
    auto points = make<double>({n, engine.plan().n_tasks});
    double* to = points.mutable_data();
    const py::gil_scoped_release release;
    engine.map(values.data, n, n_threads, to);
    return points;
}

py::tuple reduce(const Engine& engine, const py::handle& raw, const py::handle& points, const py::handle& threads) {
    const auto values = models(engine, raw, "raw");
    const std::size_t n = values.size(0), n_threads = count_threads(threads);
    const auto mapped = input<double>(points, "points", {n, engine.plan().n_tasks});
    Outputs out(n, engine.plan());
    const Scores to = out.pointers();
    {
        const py::gil_scoped_release release;
        engine.reduce(values.data, mapped.data, n, n_threads, to);
    }
    return py::make_tuple(out.means, out.supported, out.wins);
}

template <class T>
using Column = py::array_t<T, py::array::c_style>;

std::unique_ptr<Engine> make_engine(std::size_t n_modalities, const Column<std::int32_t>& group,
                                    const Column<std::int8_t>& kind, const Column<double>& constant,
                                    const Column<double>& worst, const Column<double>& slope, const Column<double>& low,
                                    const Column<double>& high, const Column<double>& scale, const Column<double>& sota,
                                    const Column<double>& weight, bool zero_scores, const std::string& isa) {
    for (const py::array& column :
         std::initializer_list<py::array>{kind, constant, worst, slope, low, high, scale, sota, weight})
        if (column.size() != group.size())
            throw std::invalid_argument("the columns of a plan must have the same length");
    const TaskTable tasks{static_cast<std::size_t>(group.size()),
                          n_modalities,
                          group.data(),
                          reinterpret_cast<const Kind*>(kind.data()),
                          constant.data(),
                          worst.data(),
                          slope.data(),
                          low.data(),
                          high.data(),
                          scale.data(),
                          sota.data(),
                          weight.data(),
                          zero_scores};
    return std::make_unique<Engine>(tasks, isa);
}

py::tuple levels(const py::handle& means, std::size_t n_modalities) {
    const auto values = input<double>(means, "means", {"n_models", 2 * (2 * n_modalities + 1)});
    const std::size_t n = values.size(0);
    auto overall = make<double>({n, 4});
    auto modality = make<double>({n, n_modalities, 3});
    auto level = make<std::int8_t>({n});
    Scores to{};
    to.overall = overall.mutable_data();
    to.modality = modality.mutable_data();
    to.level = level.mutable_data();
    {
        const py::gil_scoped_release release;
        aggregate(n_modalities, values.data, n, to);
    }
    return py::make_tuple(overall, modality, level);
}

}  // namespace

void bind_scoring(py::module_& module) {
    py::class_<Engine>(module, "Engine", "A benchmark compiled for the kernels, which are its methods.")
        .def(py::init(&make_engine), py::kw_only(), py::arg("n_modalities"), py::arg("group"), py::arg("kind"),
             py::arg("constant"), py::arg("worst"), py::arg("slope"), py::arg("low"), py::arg("high"), py::arg("scale"),
             py::arg("sota"), py::arg("weight"), py::arg("zero_scores"), py::arg("isa") = "")
        .def("score", &score, py::arg("raw"), py::arg("threads"),
             "overall, modality, means, supported, wins, level, suspect")
        .def("overall", &overall, py::arg("raw"), py::arg("threads"), "overall, or None where a row is suspect")
        .def("map", &map, py::arg("raw"), py::arg("threads"), "Points; NaN where not supported.")
        .def("reduce", &reduce, py::arg("raw"), py::arg("points"), py::arg("threads"), "means, supported, wins")
        .def_property_readonly("isa", [](const Engine& engine) { return engine.kernels().name; });
    module.def("levels", &levels, py::arg("means"), py::arg("n_modalities"), "overall, modality, level");
}

}  // namespace glevel::bindings
