#pragma once

#include "vitrine/base/random.h"
#include "vitrine/base/thread_pool.h"

namespace vitrine::nn {

// How a network is run, forward and backward.
//
// Every layer is a plain struct with its parameters. Forward(input, cache, pass) writes what
// Backward will need and the result into the caller's cache; Backward(input, by_output, cache,
// pass), given the derivatives of the loss by the result, adds to the gradients of the parameters
// and leaves the derivatives by the input in cache.by_input. There is no tape: a network's Backward
// names its layers the other way round. A cache keeps its memory: with batches of one shape nothing
// is allocated after the first. Forward of one layer may run in many threads at once, each with a
// cache of its own, unless its comment says otherwise; Backward may not.
//
// The bits of a result depend on neither the pool nor its threads.
struct Pass {
  ThreadPool* pool = nullptr;  // null: everything on the calling thread.
  Random* random = nullptr;    // What is random in training. null: the network is served.

  bool is_training() const { return random != nullptr; }
};

}  // namespace vitrine::nn
