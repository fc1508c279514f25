// Kept: results compiled for many subsets of the tasks; and how alike two orders of models are.
#include <memory>

#include "bindings/arguments.hpp"
#include "sets/kendall.hpp"
#include "sets/kept.hpp"

namespace glevel::bindings {
namespace {

std::unique_ptr<Kept> compile(const py::handle& points, const py::handle& won, const py::handle& group,
                              const py::handle& weight, std::size_t n_modalities, const py::handle& threads,
                              const std::string& isa) {
    const auto values = input<double>(points, "points", {"n_models", "n_tasks"});
    const std::size_t n_models = values.size(0), n_tasks = values.size(1), n_threads = count_threads(threads);
    const auto wins = input<std::uint8_t>(won, "won", {n_models, n_tasks});
    const auto groups = input<std::int32_t>(group, "group", {n_tasks});
    const auto weights = input<double>(weight, "weight", {n_tasks});
    if (n_modalities > n_tasks) throw std::invalid_argument("more modalities than tasks");
    const py::gil_scoped_release release;
    return std::make_unique<Kept>(values.data, wins.data, n_models, n_tasks, groups.data, weights.data, n_modalities,
                                  n_threads, isa);
}

void scores(const Kept& of, const py::handle& keep, const py::handle& out, const py::handle& threads) {
    const auto sets = input<std::uint8_t>(keep, "keep", {"n_sets", of.n_tasks});
    const std::size_t n = sets.size(0), n_threads = count_threads(threads);
    const auto to = output<double>(out, "out", {n, of.n_models, 4});
    const py::gil_scoped_release release;
    of.scores(sets.data, n, to.data, n_threads);
}

py::array_t<double> tau_b(const py::handle& a, const py::handle& b, const py::handle& threads) {
    const auto rows = input<double>(a, "a", {"n_sets", "n_models"});
    const std::size_t n_sets = rows.size(0), n = rows.size(1), n_threads = count_threads(threads);
    const auto other = input<double>(b, "b", {n});
    auto tau = make<double>({n_sets});
    double* to = tau.mutable_data();
    const py::gil_scoped_release release;
    kendall(rows.data, n_sets, n, other.data, to, n_threads);
    return tau;
}

}  // namespace

void bind_subsets(py::module_& module) {
    py::class_<Kept>(module, "Kept", "Results compiled for many subsets of the tasks.")
        .def(py::init(&compile), py::arg("points"), py::arg("won"), py::arg("group"), py::arg("weight"),
             py::arg("n_modalities"), py::arg("threads"), py::arg("isa") = "")
        .def("scores", &scores, py::arg("keep"), py::arg("out"), py::arg("threads"), "Scores go to out.");
    module.def("kendall", &tau_b, py::arg("a"), py::arg("b"), py::arg("threads"),
               "Kendall's tau-b of each row with b.");
}

}  // namespace glevel::bindings
