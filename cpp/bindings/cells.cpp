// Rows of Python objects from the bytes of a worksheet.
#include "cells.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "bindings/arguments.hpp"

namespace glevel::bindings {
namespace {

// A text without the five entities that XML has; nothing where it holds another one.
bool unescape(std::string_view text, std::string& plain) {
    constexpr std::pair<std::string_view, char> entities[] = {
        {"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}};
    plain.clear();
    for (std::size_t i = 0; i < text.size();) {
        if (text[i] != '&') {
            plain += text[i++];
            continue;
        }
        const auto* found = std::find_if(std::begin(entities), std::end(entities),
                                         [&](const auto& e) { return text.substr(i, e.first.size()) == e.first; });
        if (found == std::end(entities)) return false;
        plain += found->second;
        i += found->first.size();
    }
    return true;
}

PyObject* text_object(std::string_view text) {
    return PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), nullptr);
}

// A new reference to the cell's value; nullptr, maybe with an exception set, where it has none.
PyObject* object_of(const Cell& cell, std::string_view xml, const py::list& shared, std::string& scratch) {
    const std::string_view text = xml.substr(cell.begin, cell.end - cell.begin);
    switch (cell.content) {
        case Content::number: {
            char* end = nullptr;  // the bytes of a Python object end with a zero
            const double value = PyOS_string_to_double(text.data(), &end, nullptr);
            return end == text.data() + text.size() && std::isfinite(value) ? PyFloat_FromDouble(value) : nullptr;
        }
        case Content::text:
            return text_object(text);
        case Content::escaped_text:
            return unescape(text, scratch) ? text_object(scratch) : nullptr;
        case Content::shared_text: {
            std::size_t index = 0;
            for (const char c : text) {
                if (c < '0' || c > '9' || index > shared.size()) return nullptr;
                index = 10 * index + static_cast<std::size_t>(c - '0');
            }
            return index < shared.size() ? Py_NewRef(PyList_GET_ITEM(shared.ptr(), static_cast<Py_ssize_t>(index)))
                                         : nullptr;
        }
        case Content::boolean:
            return text == "1" || text == "0" ? PyBool_FromLong(text == "1") : nullptr;
    }
    return nullptr;
}

py::object sheet_rows(const py::bytes& xml, const py::list& shared, const py::bytes& odd_styles, std::size_t most) {
    const std::string_view bytes = xml, odd = odd_styles;
    std::vector<Cell> cells;
    bool plain = false;
    {
        const py::gil_scoped_release release;
        plain = plain_cells(bytes, odd, cells);
    }
    if (!plain) return py::none();
    std::size_t height = 0, width = 0, copies = 0;
    for (const Cell& cell : cells) {
        height = std::max<std::size_t>(height, cell.row + 1);
        width = std::max<std::size_t>(width, cell.column + 1);
        copies += cell.content == Content::shared_text;
    }
    if (height * width > most) return py::none();
    const py::str empty("");
    py::list rows(height);
    for (std::size_t i = 0; i < height; ++i) {
        py::list row(width);
        for (std::size_t j = 0; j < width; ++j) {
            PyList_SET_ITEM(row.ptr(), static_cast<Py_ssize_t>(j), Py_NewRef(empty.ptr()));
        }
        PyList_SET_ITEM(rows.ptr(), static_cast<Py_ssize_t>(i), row.release().ptr());
    }
    std::string scratch;
    for (const Cell& cell : cells) {
        PyObject* const value = object_of(cell, bytes, shared, scratch);
        if (value == nullptr) {
            PyErr_Clear();
            return py::none();
        }
        PyList_SetItem(PyList_GET_ITEM(rows.ptr(), static_cast<Py_ssize_t>(cell.row)),
                       static_cast<Py_ssize_t>(cell.column), value);
    }
    return py::make_tuple(rows, copies);
}

}  // namespace

void bind_cells(py::module_& module) {
    module.def("sheet_rows", &sheet_rows, py::arg("xml"), py::arg("shared"), py::arg("odd_styles"), py::arg("most"),
               "The rows of a worksheet that holds nothing but plain values.");
}

}  // namespace glevel::bindings
