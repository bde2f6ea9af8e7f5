#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <atomic>
#include <functional>
#include <mutex>
#include <type_traits>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/access.h"
#include "server/methods.h"
#include "server/metrics.h"
#include "server/request_log.h"
#include "server/unsent_replies.h"
#include "vitrine/base/thread_pool.h"
#include "vitrine/server/server.h"

namespace vitrine {

// Where requests are worked on: the bridge from gRPC's callbacks, which must not block, to threads
// that may compute, and from the store's commit thread back. Knows whether requests are admitted.
// Thread-safe.
class RequestPool {
 public:
  using Finish = std::function<void(const absl::Status&)>;

  struct Options {
    std::size_t num_threads = 0;
    std::size_t max_waiting = 0;      // Requests that wait for a thread.
    Micros max_wait_us = 0;           // A request that would wait longer is refused; 0: no limit.
    Methods* methods = nullptr;       // Null: all are alike.
    AccessControl* access = nullptr;  // Null: everybody may call everything.
    Metrics* metrics = nullptr;       // Null: nothing is measured.
    RequestLogOptions log{};
    std::size_t max_unsent_bytes = 0;  // Of UnsentReplies; 0: no limit. Else MeasuredMessages only.
  };

  // What the options point to must outlive the pool.
  explicit RequestPool(const Options& options);
  // How many may wait, how long, and what the log says of them, from now on; the rest stays.
  void Change(const Options& options);

  RequestPool(std::size_t num_threads, std::size_t max_waiting)
      : RequestPool(Options{.num_threads = num_threads, .max_waiting = max_waiting}) {}

  // Admits requests from now on; they are answered from `backend`.
  void Open(const Backend& backend);

  // Long streams ask Admit() and end themselves; what was admitted goes on.
  void Close();

  // OK, or UNAVAILABLE with reason NOT_READY or DRAINING.
  absl::Status Admit() const;

  // The same after AccessControl::Admit, whose errors come first: who has no key learns nothing
  // else. Streams ask again for each message, so that a key that is revoked ends its use:
  // CheckAccess where each message is as a call, CheckStill where they are parts of one.
  absl::Status Admit(const grpc::CallbackServerContext& context,
                     const google::protobuf::Message& request);
  absl::Status CheckAccess(const grpc::CallbackServerContext& context,
                           const google::protobuf::Message& request);
  absl::Status CheckStill(const grpc::CallbackServerContext& context,
                          const google::protobuf::Message& request);

  // REQUIRES: Admit() was OK once.
  const Backend& backend() const { return backend_; }

  // Every call gets an id, which is in its trailing metadata and in its line of the log, if it has
  // one (RequestLog).

  // Answers a unary call with the status that `work`, which waits for no other call, returns. Where
  // the caller has gone before, there is no work; that, and a status CANCELLED, is counted as
  // "server.abandoned". A reply that the caller does not read may be given up for those of others,
  // which is counted as "server.unread_replies".
  // Where nothing else is worked on, the thread that brought the call does it, and wakes no other.
  // gRPC has at least two such threads, so that calls are taken in meanwhile. Otherwise one of the
  // pool's.
  //
  // Refused with RESOURCE_EXHAUSTED, reason OVERLOADED and when to retry: a call that finds too
  // many waiting or in flight of its method, or that would wait too long, by what the calls before
  // it cost; with what it costs itself, longer than half of its own time, too.
  grpc::ServerUnaryReactor* Answer(grpc::CallbackServerContext* context,
                                   const google::protobuf::Message& request,
                                   std::function<absl::Status(CallNote& note)> work);

  // The same for work that leaves no note for the log.
  template <typename Work>
  requires std::is_invocable_r_v<absl::Status, Work&> grpc::ServerUnaryReactor* Answer(
      grpc::CallbackServerContext* context, const google::protobuf::Message& request, Work work) {
    return Answer(context, request,
                  std::function<absl::Status(CallNote & note)>(
                      [work = std::move(work)](CallNote& /*note*/) { return work(); }));
  }

  // The same for work that ends later, on any thread, by calling `finish` once.
  grpc::ServerUnaryReactor* AnswerLater(grpc::CallbackServerContext* context,
                                        const google::protobuf::Message& request,
                                        std::function<void(Finish finish)> work);

  // What a stream of requests like `request` is finished with, at once: call it once for each.
  grpc::Status EndStream(grpc::CallbackServerContext& context,
                         const google::protobuf::Message& request, const absl::Status& status);

  // Runs a part of a request that was admitted before.
  void Submit(std::function<void()> task);

  // Writes, and runs `then` on one of the threads with the result. Its errors carry the API's
  // reasons.
  void Write(Mutation mutation, std::function<void(absl::StatusOr<WriteResult>)> then);

  // What waits for a thread now: requests, and how long the last of them will.
  struct Load {
    std::size_t num_waiting = 0;
    Micros wait_us = 0;
  };
  Load load() const {
    return {.num_waiting = num_waiting_.load(),
            .wait_us = waiting_us_.load() / static_cast<Micros>(num_threads_)};
  }
  Metrics* metrics() const { return options_.metrics; }
  RequestLog& log() { return log_; }
  const UnsentReplies& unsent() const { return unsent_; }

  // Called with false on a write that failed on the disk or met a store that takes none, and with
  // true on the first that takes effect after it; set before Open.
  void OnDiskChange(std::function<void(bool is_writable)> tell) { tell_disk_ = std::move(tell); }

 private:
  enum class Phase { kStarting, kOpen, kClosed };

  Method& MethodOf(const google::protobuf::Message& request);

  // OK: the call is in flight, and Conclude must follow.
  absl::Status Enter(Method& method);
  // OK: the call waits, for as long as `cost_us` is part of waiting_us_.
  absl::Status Queue(const grpc::CallbackServerContext& context, Micros cost_us);
  // A call as it goes: what it is of, since when, whom it answers.
  struct Call {
    Method& method;
    grpc::CallbackServerContext& context;
    grpc::ServerUnaryReactor& reactor;
    Micros arrived_us = 0;
    Micros waited_us = 0;
  };
  void TellDisk(const absl::Status& written);
  // Has a thread of the pool do the work, which must Conclude the call.
  grpc::ServerUnaryReactor* Later(grpc::CallbackServerContext* context,
                                  const google::protobuf::Message& request,
                                  std::function<void(const Call& call)> work);
  void Conclude(const absl::Status& status, const Call& call, const CallNote* note = nullptr);
  void End(const absl::Status& status, const Call& call, const CallNote* note = nullptr);

  const Options options_;
  const std::size_t num_threads_;
  std::atomic<std::size_t> max_waiting_;
  std::atomic<Micros> max_wait_us_;
  RequestLog log_;
  UnsentReplies unsent_;
  Method any_;  // Stands for all where no methods are given.
  std::atomic<std::size_t> num_waiting_ = 0;
  std::atomic<Micros> waiting_us_ = 0;           // What those that wait will cost.
  std::atomic<std::size_t> num_unfinished_ = 0;  // Tasks that wait or are worked on.
  std::atomic<Phase> phase_ = Phase::kStarting;
  Backend backend_;               // Written before phase_ becomes kOpen, then constant.
  Counter* abandoned_ = nullptr;  // The same. Calls that were given up since nobody waited.
  std::function<void(bool)> tell_disk_;
  std::atomic<bool> has_disk_failed_ = false;  // At the last write.
  ThreadPool pool_;                            // Last: its threads use the rest.
};

}  // namespace vitrine
