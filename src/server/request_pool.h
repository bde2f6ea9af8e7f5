#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <atomic>
#include <functional>
#include <mutex>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "vitrine/base/thread_pool.h"
#include "vitrine/server/server.h"

namespace vitrine {

// Where requests are worked on: the bridge from gRPC's callbacks, which must not block, to threads
// that may compute, and from the store's commit thread back. Knows whether requests are admitted.
// Thread-safe.
class RequestPool {
 public:
  using Finish = std::function<void(const absl::Status&)>;

  RequestPool(std::size_t num_threads, std::size_t max_waiting);

  // Admits requests from now on; they are answered from `backend`.
  void Open(const Backend& backend);

  // Long streams ask Admit() and end themselves; what was admitted goes on.
  void Close();

  // OK, or UNAVAILABLE with reason NOT_READY or DRAINING.
  absl::Status Admit() const;

  // REQUIRES: Admit() was OK once.
  const Backend& backend() const { return backend_; }

  // Answers a unary call with the status that `work`, which waits for no other call, returns. Where
  // the caller has gone before, there is no work; that, and a status CANCELLED, is counted as
  // "server.abandoned".
  // Where nothing else is worked on, the thread that brought the call does it, and wakes no other.
  // gRPC has at least two such threads, so that calls are taken in meanwhile. Otherwise one of the
  // pool's.
  grpc::ServerUnaryReactor* Answer(grpc::CallbackServerContext* context,
                                   std::function<absl::Status()> work);

  // The same for work that ends later, on any thread, by calling `finish` once.
  grpc::ServerUnaryReactor* AnswerLater(grpc::CallbackServerContext* context,
                                        std::function<void(Finish finish)> work);

  // Runs a part of a request that was admitted before.
  void Submit(std::function<void()> task);

  // Writes, and runs `then` on one of the threads with the result. Its errors carry the API's
  // reasons.
  void Write(Mutation mutation, std::function<void(absl::StatusOr<WriteResult>)> then);

  // Called on a write that failed on the disk or met a store that is read-only; set before Open.
  void OnDiskFailure(std::function<void()> tell) { tell_disk_failure_ = std::move(tell); }

 private:
  enum class Phase { kStarting, kOpen, kClosed };

  void Conclude(const absl::Status& status, grpc::ServerUnaryReactor& reactor);

  const std::size_t max_waiting_;
  std::atomic<std::size_t> num_waiting_ = 0;
  std::atomic<std::size_t> num_unfinished_ = 0;  // Tasks that wait or are worked on.
  std::atomic<Phase> phase_ = Phase::kStarting;
  Backend backend_;               // Written before phase_ becomes kOpen, then constant.
  Counter* abandoned_ = nullptr;  // The same. Calls that were given up since nobody waited.
  std::function<void()> tell_disk_failure_;
  ThreadPool pool_;  // Last: its threads use the rest.
};

}  // namespace vitrine
