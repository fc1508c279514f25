#include "pool.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#if defined(__linux__)
#include <sched.h>
#endif
#if defined(__unix__) || defined(__APPLE__)
#include <pthread.h>
#endif

namespace glevel {
namespace {

inline void relax() {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

class Pool {
   public:
    using Work = std::function<void(std::size_t, std::size_t, std::size_t)>;

    void run(std::size_t n, std::size_t piece, std::size_t threads, const Work& work) {
        {
            const std::lock_guard lock(mutex_);
            try {
                while (workers_.size() + 1 < threads) workers_.emplace_back([this] { serve(); });
            } catch (const std::system_error&) {
                // No more threads to be had: those we have do the work.
            }
            work_ = &work;
            n_ = n;
            piece_ = piece;
            next_.store(0, std::memory_order_relaxed);
            joined_ = 0;
            places_ = threads - 1;
            generation_.fetch_add(1, std::memory_order_release);
        }
        wake_.notify_all();
        take_pieces(0, work);
        {
            const std::lock_guard lock(mutex_);
            places_ = 0;  // all pieces are taken: a worker that wakes up now finds no place, and sleeps on
        }
        for (int spins = 0; active_.load(std::memory_order_acquire) != 0; ++spins) {
            if (spins < 4096)
                relax();
            else
                std::this_thread::yield();
        }
    }

    std::mutex in_use;

   private:
    void take_pieces(std::size_t id, const Work& work) {
        for (;;) {
            const std::size_t first = next_.fetch_add(piece_, std::memory_order_relaxed);
            if (first >= n_) return;
            work(id, first, std::min(first + piece_, n_));
        }
    }

    void serve() {
        std::uint64_t seen = 0;
        for (;;) {
            // Work often comes in bursts: watch for a moment before going to sleep.
            for (int spins = 0; spins < 2000 && generation_.load(std::memory_order_acquire) == seen; ++spins) relax();
            const Work* work = nullptr;
            std::size_t worker = 0;
            {
                std::unique_lock lock(mutex_);
                wake_.wait(lock, [&] { return generation_.load(std::memory_order_relaxed) != seen; });
                seen = generation_.load(std::memory_order_relaxed);
                if (places_ == 0) continue;
                --places_;
                worker = ++joined_;
                active_.fetch_add(1, std::memory_order_relaxed);
                work = work_;
            }
            take_pieces(worker, *work);
            active_.fetch_sub(1, std::memory_order_release);
        }
    }

    std::mutex mutex_;
    std::condition_variable wake_;
    std::vector<std::thread> workers_;
    std::atomic<std::uint64_t> generation_{0};
    std::atomic<std::size_t> next_{0}, active_{0};
    const Work* work_ = nullptr;
    std::size_t n_ = 0, piece_ = 1, places_ = 0, joined_ = 0;
};

// Never destroyed: its threads may outlive static destructors. A forked child starts over, for only the
// forking thread lives on in it.
std::atomic<Pool*> pool{nullptr};

Pool& the_pool() {
    static const bool once = [] {
        pool = new Pool;
#if defined(__unix__) || defined(__APPLE__)
        pthread_atfork(nullptr, nullptr, [] { pool = new Pool; });
#endif
        return true;
    }();
    static_cast<void>(once);
    return *pool.load(std::memory_order_acquire);
}

}  // namespace

std::size_t available_threads() {
    std::size_t n = std::thread::hardware_concurrency();
#if defined(__linux__)
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0) n = static_cast<std::size_t>(CPU_COUNT(&set));
#endif
    return std::clamp<std::size_t>(n, 1, most_threads);
}

void parallel_for(std::size_t n, std::size_t piece, std::size_t threads, const Pool::Work& work) {
    threads = std::min(threads, (n + piece - 1) / piece);
    if (threads > 1) {
        Pool& shared = the_pool();
        if (const std::unique_lock alone(shared.in_use, std::try_to_lock); alone) {
            shared.run(n, piece, threads, work);
            return;
        }
    }
    if (n > 0) work(0, 0, n);
}

}  // namespace glevel
