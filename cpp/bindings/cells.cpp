// Rows of Python objects from the bytes of a worksheet.
#include "cells.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <string>
#include <utility>

#include "bindings/arguments.hpp"

namespace glevel::bindings {
namespace {

// Adds the character that a reference ("&#8734;", "&#x221E;") to something beyond ASCII stands for, as UTF-8; the bytes
// of the reference, none where it is another one.
std::size_t refer(std::string_view text, std::string& plain) {
    if (text.substr(0, 2) != "&#") return 0;
    const bool hexadecimal = text.substr(0, 3) == "&#x";
    const char *const begin = text.data() + (hexadecimal ? 3 : 2), *const end = text.data() + text.size();
    std::uint32_t code = 0;
    const auto read = std::from_chars(begin, end, code, hexadecimal ? 16 : 10);
    const bool is_surrogate = code >= 0xd800 && code < 0xe000, is_none = code == 0xfffe || code == 0xffff;
    if (read.ec != std::errc{} || read.ptr == end || *read.ptr != ';' || code < 0xa0 || code > 0x10ffff ||
        is_surrogate || is_none)
        return 0;
    const auto put = [&](std::uint32_t byte) { plain += static_cast<char>(byte); };
    if (code < 0x800) {
        put(0xc0 | code >> 6);
    } else {
        if (code < 0x10000) {
            put(0xe0 | code >> 12);
        } else {
            put(0xf0 | code >> 18);
            put(0x80 | (code >> 12 & 0x3f));
        }
        put(0x80 | (code >> 6 & 0x3f));
    }
    put(0x80 | (code & 0x3f));
    return static_cast<std::size_t>(read.ptr - text.data()) + 1;
}

// A text without the five entities that XML has, and without references; nothing where it holds another one.
bool unescape(std::string_view text, std::string& plain) {
    constexpr std::pair<std::string_view, char> entities[] = {
        {"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}};
    plain.clear();
    for (std::size_t i = 0; i < text.size();) {
        if (text[i] != '&') {
            plain += text[i++];
            continue;
        }
        if (const std::size_t length = refer(text.substr(i), plain); length > 0) {
            i += length;
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
