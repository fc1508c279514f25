#!/usr/bin/env bash
# Checks that need the C++ built in other ways, each in a folder of its own below build/. Called by make, with the
# virtual environment's python, cmake and ninja first on PATH.
#
#   tests/native.sh sanitize       kernels under ASan + UBSan, TSan and valgrind; parity tests under ASan + UBSan
#   tests/native.sh determinism    the recorded hashes, from gcc's module and from clang's
#   tests/native.sh coverage       line coverage of the kernels by the whole test suite
#   tests/native.sh kernels N SEED N random plans through the kernels under ASan + UBSan
set -euo pipefail
cd "$(dirname "$0")/.."

build() { # build NAME CMAKE_ARGUMENTS...
    local folder=build/$1 log
    shift
    if ! log=$(cmake -S . -B "$folder" -GNinja "$@" 2>&1 && ninja -C "$folder" 2>&1); then
        echo "$log"
        return 1
    fi
}

module() { # module NAME CMAKE_ARGUMENTS...: the package with that module in build/NAME/package
    local folder=build/$1
    build "$@" -Dpybind11_DIR="$(python -m pybind11 --cmakedir)" -DPython_EXECUTABLE="$(command -v python)"
    rm -rf "$folder/package"
    mkdir -p "$folder/package"
    cp -r python/glevel_fast "$folder/package/"
    rm -f "$folder"/package/glevel_fast/_core*.so
    cp "$folder"/_core*.so "$folder/package/glevel_fast/"
}

python_with() { # python_with NAME ARGUMENTS...: fails unless it is that build that is tested
    local package
    package=$PWD/build/$1/package
    shift
    PYTHONPATH=$package python -c \
        'import sys, glevel_fast._core as c; sys.exit(0 if c.__file__.startswith(sys.argv[1]) else c.__file__)' "$package"
    PYTHONPATH=$package python "$@"
}

address="-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer"

case $1 in
kernels)
    build asan -DGLEVEL_TESTS=ON -DCMAKE_BUILD_TYPE=RelWithDebInfo -DCMAKE_CXX_FLAGS="$address"
    build/asan/test_kernels "${@:2}"
    ;;
sanitize)
    echo "== ASan + UBSan, kernels"
    build asan -DGLEVEL_TESTS=ON -DCMAKE_BUILD_TYPE=RelWithDebInfo -DCMAKE_CXX_FLAGS="$address"
    ctest --test-dir build/asan --output-on-failure --no-tests=error
    echo "== TSan, kernels and pool"
    build tsan -DGLEVEL_TESTS=ON -DCMAKE_BUILD_TYPE=RelWithDebInfo -DCMAKE_CXX_FLAGS="-fsanitize=thread"
    build/tsan/test_kernels 150  # it slows down sixfold, and what it sees is in every case
    if command -v valgrind >/dev/null; then
        echo "== valgrind, kernels"
        build plain -DGLEVEL_TESTS=ON -DCMAKE_BUILD_TYPE=RelWithDebInfo
        valgrind -q --error-exitcode=9 build/plain/test_kernels 40
    fi
    if command -v clang++ >/dev/null; then
        echo "== ASan + UBSan of clang, kernels"
        build asan-clang -DGLEVEL_TESTS=ON -DCMAKE_BUILD_TYPE=RelWithDebInfo -DCMAKE_CXX_COMPILER=clang++ \
            -DCMAKE_CXX_FLAGS="$address"
        ctest --test-dir build/asan-clang --output-on-failure --no-tests=error
    fi
    echo "== ASan + UBSan, parity tests"
    # Python itself is not built for them: the runtimes are loaded first, and its own leaks are not ours.
    module python-asan -DCMAKE_BUILD_TYPE=RelWithDebInfo -DCMAKE_CXX_COMPILER=g++ -DCMAKE_CXX_FLAGS="$address"
    LD_PRELOAD="$(g++ -print-file-name=libasan.so) $(g++ -print-file-name=libubsan.so) $(g++ -print-file-name=libstdc++.so)" \
        ASAN_OPTIONS=detect_leaks=0 \
        python_with python-asan -m pytest -q tests/core/test_{parity,mapping,determinism}.py tests/uncertainty/test_{ablation,bootstrap}.py \
        tests/io/test_plain.py
    ;;
determinism)
    for compiler in g++ clang++; do
        if ! command -v $compiler >/dev/null; then
            echo "$compiler is not installed: skipped"
            continue
        fi
        module "python-$compiler" -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_COMPILER=$compiler
        for isa in $(python_with "python-$compiler" -c 'import glevel_fast as g; print(*g.build_info()["instruction_sets"])'); do
            GLEVEL_FAST_ISA=$isa python_with "python-$compiler" tests/fixed.py
        done
    done
    ;;
coverage)
    module coverage -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_COMPILER=g++ \
        -DCMAKE_CXX_FLAGS="--coverage -O1 -fprofile-update=atomic"
    find build/coverage -name '*.gcda' -delete
    python_with coverage -m pytest -q --cov "${@:2}"
    python -m gcovr --root . --filter cpp/ --merge-lines build/coverage
    ;;
*)
    sed -n 2,9p "$0"
    exit 2
    ;;
esac
