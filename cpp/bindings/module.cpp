// glevel_fast._core. The files beside this one declare its classes and functions: they check arguments, release the GIL
// and call the engine. Nothing else knows Python.
#include <exception>
#include <utility>

#include "bindings/arguments.hpp"
#include "kernels.hpp"
#include "pool.hpp"

namespace py = pybind11;

namespace {

py::dict build_info() {
    py::list paths;
    for (const glevel::Kernels* k : glevel::available_kernels()) paths.append(k->name);
    py::dict info;
    info["compiler"] = GLEVEL_COMPILER;
    info["instruction_sets"] = py::tuple(paths);
    info["instruction_set"] = glevel::choose_kernels().name;
    info["threads"] = glevel::available_threads();
    return info;
}

// What a user asked for and cannot have is a GLevelError, as everywhere in the package.
void translate(std::exception_ptr thrown) {
    try {
        if (thrown) std::rethrow_exception(std::move(thrown));
    } catch (const glevel::InputError& error) {
        py::set_error(py::module_::import("glevel_fast.errors").attr("GLevelError"), error.what());
    }
}

}  // namespace

PYBIND11_MODULE(_core, module, py::mod_gil_not_used()) {
    module.doc() = "The C++ engine of glevel_fast; use glevel_fast.Scorer.";
    py::register_local_exception_translator(&translate);
    module.def("build_info", &build_info, "How the module was built and what it runs on.");
    module.def("available_threads", &glevel::available_threads, "CPUs this process may use.");
    glevel::bindings::bind_cells(module);
    glevel::bindings::bind_scoring(module);
    glevel::bindings::bind_sets(module);
    glevel::bindings::bind_subsets(module);
    glevel::bindings::bind_summaries(module);
    glevel::bindings::bind_packed(module);
}
