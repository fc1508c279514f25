// A persistent pool of threads: starting and joining threads would cost a fifth of scoring a whole board.
#pragma once

#include <cstddef>
#include <functional>

namespace glevel {

// More are refused: nobody has so many CPUs, and a slip must not start a million threads.
constexpr std::size_t most_threads = 4096;

// CPUs this process may use; at most most_threads.
std::size_t available_threads();

// Calls work(worker, first, last) over [0, n) in pieces of at most `piece`, on up to `threads` threads, the
// caller's included; `worker` < threads tells them apart. Returns when all is done. When another thread of
// the process is using the pool, the caller does all its work itself. `work` must not throw.
void parallel_for(std::size_t n, std::size_t piece, std::size_t threads,
                  const std::function<void(std::size_t worker, std::size_t first, std::size_t last)>& work);

}  // namespace glevel
