// Pairs and Resampling: results compiled for many specialist sets, and for resampling their tasks.
#include <memory>

#include "bindings/arguments.hpp"
#include "sets/ablation.hpp"

namespace glevel::bindings {
namespace {

// What lasts as long as the compiled results that it was made of.
struct Resamples {
    const SetKernels& kernels;
    std::unique_ptr<const Resampling> resampling;
};

std::unique_ptr<Ablation> compile(const Engine& engine, const py::handle& raw, const py::handle& threads) {
    const auto values = input<double>(raw, "raw", {"n_models", engine.plan().n_tasks});
    const std::size_t n = values.size(0), n_threads = count_threads(threads);
    const py::gil_scoped_release release;
    return std::make_unique<Ablation>(engine, values.data, n, n_threads);
}

// Zeros, unless the wins are to be counted.
py::array_t<std::int64_t> wins_of(const Ablation& of) {
    auto wins = make<std::int64_t>({of.pairs().plan.n_tasks});
    std::fill_n(wins.mutable_data(), wins.size(), 0);
    return wins;
}

py::array_t<std::int64_t> ablate(const Ablation& of, const py::handle& sota, bool strict, const py::handle& out,
                                 bool decided, const py::handle& threads) {
    const auto sets = input<double>(sota, "sota", {"n_sets", of.pairs().plan.n_tasks});
    const std::size_t n = sets.size(0), n_threads = count_threads(threads);
    const auto to = output<double>(out, "out", {n, of.pairs().n_models, 4});
    auto wins = wins_of(of);
    std::int64_t* counts = decided ? wins.mutable_data() : nullptr;
    const py::gil_scoped_release release;
    of.dense(sets.data, n, strict, to.data, counts, n_threads);
    return wins;
}

py::array_t<std::int64_t> change(const Ablation& of, const py::handle& begin, const py::handle& tasks,
                                 const py::handle& sota, const py::handle& out, bool decided,
                                 const py::handle& threads) {
    const auto from = input<std::int64_t>(begin, "begin", {"n_sets + 1"});
    if (from.size(0) == 0) throw std::invalid_argument("begin must not be empty");
    const auto task = input<std::int64_t>(tasks, "tasks", {"n"});
    const auto value = input<double>(sota, "sota", {task.size(0)});
    const std::size_t n_sets = from.size(0) - 1, n_threads = count_threads(threads);
    const auto to = output<double>(out, "out", {n_sets, of.pairs().n_models, 4});
    auto wins = wins_of(of);
    std::int64_t* counts = decided ? wins.mutable_data() : nullptr;
    const py::gil_scoped_release release;
    of.change({of.pairs(), from.data, n_sets, task.data, value.data, task.size(0)}, to.data, counts, n_threads);
    return wins;
}

py::array_t<std::int8_t> gains(const Ablation& of, const py::handle& tasks, const py::handle& sota) {
    const auto task = input<std::int64_t>(tasks, "tasks", {"n"});
    const std::size_t n = task.size(0);
    const auto value = input<double>(sota, "sota", {n});
    auto gained = make<std::int8_t>({of.pairs().n_models, n});
    std::int8_t* to = gained.mutable_data();
    const py::gil_scoped_release release;
    of.gains(task.data, value.data, n, to, 1);
    return gained;
}

std::unique_ptr<Resamples> compile_units(const Ablation& of, const py::handle& unit, const py::handle& unit_group) {
    const auto of_task = input<std::int32_t>(unit, "unit", {of.pairs().plan.n_tasks});
    const auto group = input<std::int32_t>(unit_group, "unit_group", {"n_units"});
    const py::gil_scoped_release release;
    return std::make_unique<Resamples>(
        of.kernels(), std::make_unique<Resampling>(of.pairs(), of_task.data, group.data, group.size(0)));
}

void scores(const Resamples& of, std::uint64_t seed, std::uint64_t start, const py::handle& out,
            const py::handle& threads) {
    const auto to = output<double>(out, "out", {"n", of.resampling->n_models, 4});
    const std::size_t n = to.size(0), n_threads = count_threads(threads);
    const py::gil_scoped_release release;
    resample(*of.resampling, of.kernels, seed, start, n, to.data, n_threads);
}

}  // namespace

void bind_sets(py::module_& module) {
    py::class_<Ablation>(module, "Pairs", "Results compiled for many specialist sets.")
        .def(py::init(&compile), py::arg("engine"), py::arg("raw"), py::arg("threads"), py::keep_alive<1, 2>())
        .def("ablate", &ablate, py::arg("sota"), py::arg("strict"), py::arg("out"), py::arg("decided"),
             py::arg("threads"), "Scores go to out; returns the wins decided by task.")
        .def("change", &change, py::arg("begin"), py::arg("tasks"), py::arg("sota"), py::arg("out"), py::arg("decided"),
             py::arg("threads"), "Scores go to out; returns the wins decided by task.")
        .def("gains", &gains, py::arg("tasks"), py::arg("sota"), "Which wins come and go.")
        .def_property_readonly("has_tiny", [](const Ablation& of) { return !of.pairs().tiny.empty(); });
    py::class_<Resamples>(module, "Resampling", "Results compiled for resampling their tasks.")
        .def(py::init(&compile_units), py::arg("pairs"), py::arg("unit"), py::arg("unit_group"), py::keep_alive<1, 2>())
        .def("scores", &scores, py::arg("seed"), py::arg("start"), py::arg("out"), py::arg("threads"),
             "Scores of resamples from `start` on go to out.");
}

}  // namespace glevel::bindings
