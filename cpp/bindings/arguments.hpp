// What Python hands over, checked: never a silent copy, never a write where none is allowed.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <string>
#include <vector>

namespace glevel::bindings {

namespace py = pybind11;

// One extent of a shape: a number, or the name of one that is free.
struct Extent {
    Extent(std::size_t n) : size(n), name(nullptr) {}
    Extent(const char* any) : size(0), name(any) {}

    std::size_t size;
    const char* name;
};
using Shape = std::initializer_list<Extent>;

template <class T>
struct Given {
    T* data;
    const Py_ssize_t* shape;

    std::size_t size(std::size_t axis) const { return static_cast<std::size_t>(shape[axis]); }
};

// Throws TypeError where `argument` is no array of this type in C order (or, where it is written to, read-only),
// ValueError where it has another shape.
const py::detail::PyArray_Proxy* check(const py::handle& argument, const char* name, const py::dtype& type, Shape shape,
                                       bool written);

template <class T>
Given<const T> input(const py::handle& argument, const char* name, Shape shape) {
    const auto* array = check(argument, name, py::dtype::of<T>(), shape, false);
    return {reinterpret_cast<const T*>(array->data), array->dimensions};
}

template <class T>
Given<T> output(const py::handle& argument, const char* name, Shape shape) {
    const auto* array = check(argument, name, py::dtype::of<T>(), shape, true);
    return {reinterpret_cast<T*>(array->data), array->dimensions};
}

// A new array of up to four axes, not set. pybind11's own way allocates memory for shape and strides, which takes as
// long as the rest.
template <class T>
py::array_t<T> make(std::initializer_list<std::size_t> shape) {
    Py_intptr_t extents[4];
    std::copy(shape.begin(), shape.end(), extents);
    const auto& api = py::detail::npy_api::get();
    const py::handle made =
        api.PyArray_NewFromDescr_(api.PyArray_Type_, py::dtype::of<T>().release().ptr(), static_cast<int>(shape.size()),
                                  extents, nullptr, nullptr, 0, nullptr);
    if (!made) throw py::error_already_set();
    return py::reinterpret_steal<py::array_t<T>>(made);
}

// A number of threads: a whole number from 1 to most_threads.
std::size_t count_threads(const py::handle& argument);

void bind_cells(py::module_& module);
void bind_scoring(py::module_& module);
void bind_sets(py::module_& module);
void bind_subsets(py::module_& module);
void bind_summaries(py::module_& module);
void bind_packed(py::module_& module);

}  // namespace glevel::bindings
