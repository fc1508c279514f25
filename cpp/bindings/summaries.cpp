// Ranks, what is kept of many sets, who is above whom, and random numbers.
#include "bindings/arguments.hpp"
#include "sets/random.hpp"
#include "sets/sets.hpp"
#include "sets/summary.hpp"

namespace glevel::bindings {
namespace {

py::array_t<std::int32_t> add_to_summary(const py::handle& scores, const py::handle& base, const py::dict& to,
                                         std::uint32_t exact, const py::handle& threads) {
    if (exact == 1 || (exact & (exact - 1)) != 0)
        throw std::invalid_argument("exact must be 0 or a power of two above 1");
    const auto values = input<double>(scores, "scores", {"n_sets", "n_models", 4});
    const std::size_t n_sets = values.size(0), n = values.size(1), n_threads = count_threads(threads);
    const auto ranks = input<std::uint32_t>(base, "base", {4, n});
    std::vector<py::object> held;  // until this returns, whatever becomes of `to` meanwhile
    const auto field = [&](const char* name) { return held.emplace_back(to[name]); };
    const Summary sums{output<std::int64_t>(field("high"), "high", {n, 4}).data,
                       output<std::int64_t>(field("low"), "low", {n, 4}).data,
                       output<double>(field("least"), "least", {n, 4}).data,
                       output<double>(field("most"), "most", {n, 4}).data,
                       output<std::int64_t>(field("levels"), "levels", {n, 5}).data,
                       output<std::uint32_t>(field("points"), "points", {n, 4, bins}).data,
                       exact > 0 ? output<std::uint32_t>(field("ranks"), "ranks",
                                                         {n, 4, place(static_cast<std::uint32_t>(n), exact) + 1})
                                       .data
                                 : nullptr,
                       exact};
    auto moved = make<std::int32_t>({n_sets});
    std::int32_t* moves = moved.mutable_data();
    const py::gil_scoped_release release;
    summarise(values.data, n_sets, n, ranks.data, sums, moves, n_threads);
    return moved;
}

py::array_t<std::uint32_t> ranks(const py::handle& scores, const py::object& base, const py::object& base_ranks) {
    const auto values = input<double>(scores, "scores", {"n_models", 4});
    const double* known = nullptr;
    const std::uint32_t* known_ranks = nullptr;
    if (!base.is_none()) {
        known = input<double>(base, "base", {values.size(0), 4}).data;
        known_ranks = input<std::uint32_t>(base_ranks, "base_ranks", {4, values.size(0)}).data;
    }
    auto out = make<std::uint32_t>({4, values.size(0)});
    std::uint32_t* to = out.mutable_data();
    const py::gil_scoped_release release;
    rank(values.data, values.size(0), to, known, known_ranks);
    return out;
}

py::array_t<std::uint64_t> draws(std::uint64_t seed, std::uint64_t first, std::size_t n_sets, std::size_t n) {
    auto out = make<std::uint64_t>({n_sets, n});
    std::uint64_t* to = out.mutable_data();
    const py::gil_scoped_release release;
    draw(seed, first, n_sets, n, to);
    return out;
}

py::array_t<std::int64_t> above(const py::handle& scores, const py::handle& threads) {
    const auto values = input<double>(scores, "scores", {"n_models", "n_sets"});
    const std::size_t n = values.size(0), n_threads = count_threads(threads);
    auto out = make<std::int64_t>({n, n});
    std::int64_t* counts = out.mutable_data();
    const py::gil_scoped_release release;
    count_above(values.data, n, values.size(1), counts, n_threads);
    return out;
}

}  // namespace

void bind_summaries(py::module_& module) {
    module.def("summarise", &add_to_summary, py::arg("scores"), py::arg("base"), py::arg("to"), py::arg("exact"),
               py::arg("threads"), "Adds scores to the arrays of `to`; returns how many models each set moves.");
    module.def("ranks", &ranks, py::arg("scores"), py::arg("base") = py::none(), py::arg("base_ranks") = py::none(),
               "Ranks on each board; 0 is none.");
    module.def("draws", &draws, py::arg("seed"), py::arg("first"), py::arg("n_sets"), py::arg("n"),
               "Random numbers by counter.");
    module.def("count_above", &above, py::arg("scores"), py::arg("threads"), "In how many sets i is above j.");
}

}  // namespace glevel::bindings
