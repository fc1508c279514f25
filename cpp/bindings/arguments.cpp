#include "bindings/arguments.hpp"

#include <algorithm>
#include <stdexcept>

#include "kernels.hpp"
#include "pool.hpp"

namespace glevel::bindings {
namespace {

std::string text(Shape shape) {
    std::string all;
    for (const Extent& extent : shape)
        all += (all.empty() ? "" : ", ") + (extent.name ? std::string(extent.name) : std::to_string(extent.size));
    return "(" + all + (shape.size() == 1 ? ",)" : ")");
}

}  // namespace

const py::detail::PyArray_Proxy* check(const py::handle& argument, const char* name, const py::dtype& type, Shape shape,
                                       bool written) {
    const auto& api = py::detail::npy_api::get();
    const auto refuse = [&](const std::string& what) { throw py::type_error(std::string(name) + " must be " + what); };
    if (!api.PyArray_Check_(argument.ptr())) refuse("a NumPy array");
    const auto* array = py::detail::array_proxy(argument.ptr());
    constexpr int layout = py::detail::npy_api::NPY_ARRAY_C_CONTIGUOUS_ | py::detail::npy_api::NPY_ARRAY_ALIGNED_;
    if ((array->flags & layout) != layout || !api.PyArray_EquivTypes_(array->descr, type.ptr()))
        refuse("C-contiguous " + std::string(py::str(type)));
    if (written && (array->flags & py::detail::npy_api::NPY_ARRAY_WRITEABLE_) == 0) refuse("writeable");
    const bool fits = static_cast<std::size_t>(array->nd) == shape.size() &&
                      std::equal(shape.begin(), shape.end(), array->dimensions, [](const Extent& wanted, auto n) {
                          return wanted.name != nullptr || wanted.size == static_cast<std::size_t>(n);
                      });
    if (!fits) throw std::invalid_argument(std::string(name) + " must have the shape " + text(shape));
    return array;
}

std::size_t count_threads(const py::handle& argument) {
    const auto index = py::reinterpret_steal<py::object>(PyNumber_Index(argument.ptr()));
    if (!index) {
        PyErr_Clear();
        throw py::type_error("threads must be a whole number");
    }
    int overflow = 0;
    const long long n = PyLong_AsLongLongAndOverflow(index.ptr(), &overflow);
    if (overflow != 0 || n < 1 || n > static_cast<long long>(most_threads))
        throw InputError("threads=" + std::string(py::str(index)) + ": from 1 to " + std::to_string(most_threads));
    return static_cast<std::size_t>(n);
}

}  // namespace glevel::bindings
