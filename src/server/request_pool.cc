#include "server/request_pool.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/str_format.h"
#include "server/held_reply.h"
#include "server/status.h"

namespace vitrine {
namespace {

constexpr Micros kRetryDelay = 100'000;

constexpr Micros kRoomDelay = 5 * kMicrosPerSecond;  // A person, or a job, has to make room.

bool IsDiskFull(const absl::Status& status) {
  return absl::IsResourceExhausted(status) && status.GetPayload(kReasonPayload).has_value();
}

bool IsDiskFailure(const absl::Status& status) {
  return absl::IsUnavailable(status) || IsDiskFull(status) ||
         (absl::IsFailedPrecondition(status) && StoreReason(status) == kReasonReadOnly);
}

// The store knows codes; the API's reasons are this module's.
absl::Status WithStoreReason(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kAlreadyExists:
      return WithReason(status, "EVENT_ID_REUSED");
    case absl::StatusCode::kNotFound:
      return WithReason(status, "ITEM_NOT_FOUND");
    case absl::StatusCode::kUnavailable:
      return WithReason(status, kReasonDiskFailed);
    case absl::StatusCode::kFailedPrecondition:
      return WithReason(status, StoreReason(status));
    case absl::StatusCode::kResourceExhausted:
      if (!IsDiskFull(status)) return WithRetry(status, kRetryDelay);
      return WithRetry(WithReason(status, kReasonDiskFull), kRoomDelay);
    default:
      return status;
  }
}

absl::Status Overloaded(const std::string& what, Micros retry_us) {
  return WithRetry(WithReason(absl::ResourceExhaustedError(what + "; retry later"), "OVERLOADED"),
                   std::max(retry_us, kRetryDelay));
}

// What is left of the caller's time; all there is where no deadline was given.
Micros TimeLeft(const grpc::CallbackServerContext& context) {
  using SystemTime = std::chrono::system_clock;
  const SystemTime::time_point deadline = context.deadline();
  if (deadline == SystemTime::time_point::max()) return std::numeric_limits<Micros>::max();
  return std::chrono::duration_cast<std::chrono::microseconds>(deadline - SystemTime::now())
      .count();
}

// Of a caller that has gone, or is past its deadline.
absl::Status NobodyWaits() { return absl::CancelledError("nobody waits for the answer"); }

}  // namespace

RequestPool::RequestPool(const Options& options)
    : options_(options),
      num_threads_(std::max<std::size_t>(1, options.num_threads)),
      max_waiting_(options.max_waiting),
      max_wait_us_(options.max_wait_us),
      log_(options.log),
      unsent_(options.max_unsent_bytes),
      pool_(options.num_threads) {}

void RequestPool::Change(const Options& options) {
  max_waiting_ = options.max_waiting;
  max_wait_us_ = options.max_wait_us;
  log_.Set(options.log);
}

void RequestPool::Open(const Backend& backend) {
  backend_ = backend;
  if (backend.counters != nullptr) {
    abandoned_ = &backend.counters->Get("server.abandoned");
    unsent_.CountIn(backend.counters->Get("server.unread_replies"));
    log_.CountIn(backend.counters->Get("server.slow_lines_left_out"));
  }
  phase_ = Phase::kOpen;
}

void RequestPool::Close() { phase_ = Phase::kClosed; }

absl::Status RequestPool::Admit() const {
  switch (phase_.load()) {
    case Phase::kOpen:
      return absl::OkStatus();
    case Phase::kStarting:
      return WithRetry(
          WithReason(absl::UnavailableError("the server is starting: it replays the event log and "
                                            "loads its models; wait for SERVING"),
                     "NOT_READY"),
          kRetryDelay);
    case Phase::kClosed:
      break;
  }
  return WithReason(absl::UnavailableError("the server is draining; use another one"), "DRAINING");
}

absl::Status RequestPool::Admit(const grpc::CallbackServerContext& context,
                                const google::protobuf::Message& request) {
  const absl::Status access = CheckAccess(context, request);
  return access.ok() ? Admit() : access;
}

absl::Status RequestPool::CheckAccess(const grpc::CallbackServerContext& context,
                                      const google::protobuf::Message& request) {
  if (options_.access == nullptr) return absl::OkStatus();
  return options_.access->Admit(context, MethodOf(request), request);
}

absl::Status RequestPool::CheckStill(const grpc::CallbackServerContext& context,
                                     const google::protobuf::Message& request) {
  if (options_.access == nullptr) return absl::OkStatus();
  return options_.access->CheckStill(context, MethodOf(request));
}

Method& RequestPool::MethodOf(const google::protobuf::Message& request) {
  return options_.methods == nullptr ? any_ : options_.methods->Of(request);
}

absl::Status RequestPool::Enter(Method& method) {
  const std::int64_t before = method.in_flight.fetch_add(1);
  const std::int64_t most = method.max_in_flight.load(std::memory_order_relaxed);
  if (most == 0 || before < most) return absl::OkStatus();
  --method.in_flight;
  return Overloaded(
      absl::StrFormat("%d calls of %s are in flight, as many as may be", before, method.name),
      method.cost_us);
}

absl::Status RequestPool::Queue(const grpc::CallbackServerContext& context, Micros cost_us) {
  const auto num_threads = static_cast<Micros>(num_threads_);
  const Micros wait_us = waiting_us_.load() / num_threads;
  const Micros max_wait_us = max_wait_us_;
  if (max_wait_us > 0 && wait_us > max_wait_us) {
    return Overloaded(absl::StrFormat("a request would wait %d ms, more than %d", wait_us / 1000,
                                      max_wait_us / 1000),
                      wait_us);
  }
  // Half of its time is kept back: the estimate is one, and work that comes too late is lost.
  if (wait_us > 0 && wait_us + cost_us > TimeLeft(context) / 2) {
    return Overloaded(
        absl::StrFormat("a request would wait %d ms, too long for its deadline", wait_us / 1000),
        wait_us);
  }
  if (const std::size_t most = max_waiting_; num_waiting_.fetch_add(1) >= most) {
    --num_waiting_;
    return Overloaded(absl::StrFormat("%d requests wait already", most), wait_us);
  }
  waiting_us_ += cost_us;
  return absl::OkStatus();
}

grpc::ServerUnaryReactor* RequestPool::Answer(grpc::CallbackServerContext* context,
                                              const google::protobuf::Message& request,
                                              std::function<absl::Status(CallNote& note)> work) {
  std::size_t idle = 0;
  if (!num_unfinished_.compare_exchange_strong(idle, 1)) {
    return Later(context, request, [this, work = std::move(work)](const Call& call) {
      CallNote note;
      const absl::Status status = work(note);
      Conclude(status, call, &note);
    });
  }
  const Micros started_us = MonotonicNow();
  const Call call{MethodOf(request), *context, *context->DefaultReactor(), started_us};
  absl::Status status = Admit(*context, request);
  if (status.ok()) status = Enter(call.method);
  if (!status.ok()) {
    --num_unfinished_;
    End(status, call);
    return &call.reactor;
  }
  CallNote note;
  status = context->IsCancelled() ? NobodyWaits() : work(note);
  call.method.AddCost(MonotonicNow() - started_us);
  --num_unfinished_;
  Conclude(status, call, &note);
  return &call.reactor;
}

void RequestPool::Conclude(const absl::Status& status, const Call& call, const CallNote* note) {
  if (absl::IsCancelled(status) && abandoned_ != nullptr) abandoned_->Add();
  --call.method.in_flight;
  End(status, call, note);
}

// The caller has the answer once this returns, so what is measured is there as well.
void RequestPool::End(const absl::Status& status, const Call& call, const CallNote* note) {
  const Micros took_us = MonotonicNow() - call.arrived_us;
  if (options_.metrics != nullptr) options_.metrics->Called(call.method, status.code(), took_us);
  log_.Note(call.context, {.method = call.method,
                           .status = status,
                           .took_us = took_us,
                           .waited_us = call.waited_us,
                           .note = note});
  if (status.ok()) AwaitReading(call.context, unsent_);
  call.reactor.Finish(ToGrpcStatus(status));
}

grpc::Status RequestPool::EndStream(grpc::CallbackServerContext& context,
                                    const google::protobuf::Message& request,
                                    const absl::Status& status) {
  const Method& method = MethodOf(request);
  if (options_.metrics != nullptr) options_.metrics->StreamEnded(method, status.code());
  log_.NoteStream(context, method, status);
  return ToGrpcStatus(status);
}

void RequestPool::Submit(std::function<void()> task) {
  ++num_unfinished_;
  pool_.Submit([this, task = std::move(task)] {
    task();
    --num_unfinished_;
  });
}

grpc::ServerUnaryReactor* RequestPool::AnswerLater(grpc::CallbackServerContext* context,
                                                   const google::protobuf::Message& request,
                                                   std::function<void(Finish finish)> work) {
  return Later(context, request, [this, work = std::move(work)](const Call& call) {
    work([this, call](const absl::Status& result) { Conclude(result, call); });
  });
}

grpc::ServerUnaryReactor* RequestPool::Later(grpc::CallbackServerContext* context,
                                             const google::protobuf::Message& request,
                                             std::function<void(const Call& call)> work) {
  Call call{MethodOf(request), *context, *context->DefaultReactor(), MonotonicNow()};
  absl::Status status = Admit(*context, request);
  const Micros cost_us = call.method.cost_us.load(std::memory_order_relaxed);
  if (status.ok()) status = Queue(*context, cost_us);
  if (status.ok()) {
    status = Enter(call.method);
    if (!status.ok()) --num_waiting_, waiting_us_ -= cost_us;
  }
  if (!status.ok()) {
    End(status, call);
    return &call.reactor;
  }
  Submit([this, call, cost_us, work = std::move(work)]() mutable {
    --num_waiting_;
    waiting_us_ -= cost_us;
    const Micros started_us = MonotonicNow();
    call.waited_us = started_us - call.arrived_us;
    if (call.context.IsCancelled()) {
      Conclude(NobodyWaits(), call);
      return;
    }
    Method& method = call.method;  // The call may be gone once it is answered; its method is not.
    work(call);
    method.AddCost(MonotonicNow() - started_us);
  });
  return &call.reactor;
}

void RequestPool::Write(Mutation mutation, std::function<void(absl::StatusOr<WriteResult>)> then) {
  const auto* record = std::get_if<RecordEvents>(&mutation);
  const std::size_t num_events = record == nullptr ? 0 : record->events.size();
  const Micros asked_us = MonotonicNow();
  // The commit thread only hands over: finishing a call may cost a system call.
  backend_.store->Write(std::move(mutation), [this, num_events, asked_us, then = std::move(then)](
                                                 absl::StatusOr<WriteResult> result) mutable {
    if (result.ok() && options_.metrics != nullptr) {
      options_.metrics->TookEffect(MonotonicNow() - asked_us);
      if (num_events > 0) options_.metrics->Recorded(num_events);
    }
    Submit([this, then = std::move(then), result = std::move(result)] {
      TellDisk(result.status());
      if (result.ok()) {
        then(result);
      } else {
        then(WithStoreReason(result.status()));
      }
    });
  });
}

void RequestPool::TellDisk(const absl::Status& written) {
  const bool has_failed = IsDiskFailure(written);
  if (!has_failed && !(written.ok() && has_disk_failed_)) return;
  has_disk_failed_ = has_failed;
  if (tell_disk_) tell_disk_(!has_failed);
}

}  // namespace vitrine
