// Counts in few bits, and sums of them.
#include "sets/packed.hpp"

#include <algorithm>

#include "bindings/arguments.hpp"

namespace glevel::bindings {
namespace {

// Stretches of `given` that lie inside its rows.
template <class Count>
Rows<Count> with_stretches(const Given<Count>& given, const py::handle& first, const py::handle& last) {
    const std::size_t n = given.size(0), width = given.size(1);
    const std::int64_t* begin = input<std::int64_t>(first, "first", {n}).data;
    const std::int64_t* end = input<std::int64_t>(last, "last", {n}).data;
    for (std::size_t row = 0; row < n; ++row)
        if (begin[row] < 0 || begin[row] > end[row] || end[row] > static_cast<std::int64_t>(width))
            throw py::value_error("a stretch is not inside its row");
    return {given.data, n, width, begin, end};
}

py::tuple stretches(const py::handle& rows) {
    const auto counts = input<std::uint32_t>(rows, "rows", {"n_rows", "width"});
    auto first = make<std::int64_t>({counts.size(0)}), last = make<std::int64_t>({counts.size(0)});
    std::int64_t *begin = first.mutable_data(), *end = last.mutable_data();
    {
        const py::gil_scoped_release release;
        find_stretches(counts.data, counts.size(0), counts.size(1), begin, end);
    }
    return py::make_tuple(first, last);
}

py::array_t<std::uint8_t> pack_counts(const py::handle& rows, const py::handle& first, const py::handle& last) {
    const auto given = with_stretches(input<std::uint32_t>(rows, "rows", {"n_rows", "width"}), first, last);
    std::vector<std::uint8_t> packed;
    {
        const py::gil_scoped_release release;
        packed = pack(given);
    }
    auto out = make<std::uint8_t>({packed.size()});
    std::copy(packed.begin(), packed.end(), out.mutable_data());
    return out;
}

void unpack_counts(const py::handle& to, const py::handle& first, const py::handle& last, const py::handle& packed) {
    const auto rows = with_stretches(output<std::uint32_t>(to, "to", {"n_rows", "width"}), first, last);
    const auto bytes = input<std::uint8_t>(packed, "packed", {"n_bytes"});
    bool whole = false;
    {
        const py::gil_scoped_release release;
        whole = add_packed(rows, bytes.data, bytes.size(0));
    }
    if (!whole) throw py::value_error("packed is not of rows with these stretches");
}

void add_counts(const py::handle& to, const py::handle& rows, const py::handle& first, const py::handle& last) {
    const auto sums = output<std::uint32_t>(to, "to", {"n_rows", "width"});
    const auto* counts = input<std::uint32_t>(rows, "rows", {sums.size(0), sums.size(1)}).data;
    const auto where = with_stretches(sums, first, last);
    const py::gil_scoped_release release;
    add_rows(where, counts);
}

}  // namespace

void bind_packed(py::module_& module) {
    module.def("stretches", &stretches, py::arg("rows"), "Where each row is not all zeros.");
    module.def("pack_counts", &pack_counts, py::arg("rows"), py::arg("first"), py::arg("last"), "Counts in few bits.");
    module.def("add_packed", &unpack_counts, py::arg("to"), py::arg("first"), py::arg("last"), py::arg("packed"),
               "Adds what pack_counts() gave.");
    module.def("add_counts", &add_counts, py::arg("to"), py::arg("rows"), py::arg("first"), py::arg("last"),
               "Adds rows in their stretches.");
}

}  // namespace glevel::bindings
