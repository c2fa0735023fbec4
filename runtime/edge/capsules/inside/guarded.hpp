// The boundary to the job's code: no exception gets past it.
#pragma once

#include <exception>
#include <new>
#include <type_traits>
#include <utility>

#include "base/result.hpp"

namespace godwit::inside {

// Calls `function`, which runs the job's code; an exception becomes a Failure with its message.
template <class F>
auto guarded(F&& function)
    -> std::conditional_t<std::is_void_v<std::invoke_result_t<F>>, Status, Result<std::invoke_result_t<F>>> {
  try {
    if constexpr (std::is_void_v<std::invoke_result_t<F>>) {
      std::forward<F>(function)();
      return Done{};
    } else {
      return std::forward<F>(function)();
    }
  } catch (std::bad_alloc const&) {
    return reject("job_failed",
                  "out of memory: the job asked for more than its memory limit or the host has");
  } catch (std::exception const& error) {
    return reject("job_failed", error.what());
  } catch (...) {
    return reject("job_failed", "an exception that isn't a std::exception");
  }
}

}  // namespace godwit::inside
