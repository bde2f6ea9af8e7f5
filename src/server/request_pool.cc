#include "server/request_pool.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/str_format.h"
#include "server/status.h"
#include "vitrine/base/log.h"

namespace vitrine {
namespace {

constexpr Micros kRetryDelay = 100'000;

constexpr char kReadOnly[] = "STORE_READ_ONLY";

// Why the store refused: for what the request says, or since it takes no writes at all.
std::string ReasonOfRefusal(const absl::Status& status) {
  const auto payload = status.GetPayload(kReasonPayload);
  return payload ? std::string(*payload) : kReadOnly;
}

bool IsDiskFailure(const absl::Status& status) {
  return absl::IsUnavailable(status) ||
         (absl::IsFailedPrecondition(status) && ReasonOfRefusal(status) == kReadOnly);
}

// The store knows codes; the API's reasons are this module's.
absl::Status WithStoreReason(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kAlreadyExists:
      return WithReason(status, "EVENT_ID_REUSED");
    case absl::StatusCode::kNotFound:
      return WithReason(status, "ITEM_NOT_FOUND");
    case absl::StatusCode::kUnavailable:
      return WithReason(status, "DISK_FAILED");
    case absl::StatusCode::kFailedPrecondition:
      return WithReason(status, ReasonOfRefusal(status));
    case absl::StatusCode::kResourceExhausted:
      return WithRetry(status, kRetryDelay);
    default:
      return status;
  }
}

// Of a caller that has gone, or is past its deadline.
absl::Status NobodyWaits() { return absl::CancelledError("nobody waits for the answer"); }

// What somebody has to look into must be in the log, not only in the caller's hands.
void LogGrave(const absl::Status& status) {
  if (status.code() != absl::StatusCode::kInternal && status.code() != absl::StatusCode::kUnknown &&
      status.code() != absl::StatusCode::kDataLoss) {
    return;
  }
  Log(LogLevel::kError, "server.request_failed", {{"status", status.ToString()}});
}

}  // namespace

RequestPool::RequestPool(std::size_t num_threads, std::size_t max_waiting)
    : max_waiting_(max_waiting), pool_(num_threads) {}

void RequestPool::Open(const Backend& backend) {
  backend_ = backend;
  if (backend.counters != nullptr) abandoned_ = &backend.counters->Get("server.abandoned");
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

grpc::ServerUnaryReactor* RequestPool::Answer(grpc::CallbackServerContext* context,
                                              std::function<absl::Status()> work) {
  std::size_t idle = 0;
  if (!Admit().ok() || !num_unfinished_.compare_exchange_strong(idle, 1)) {
    return AnswerLater(context, [work = std::move(work)](const Finish& finish) { finish(work()); });
  }
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const absl::Status status = context->IsCancelled() ? NobodyWaits() : work();
  --num_unfinished_;
  Conclude(status, *reactor);
  return reactor;
}

void RequestPool::Conclude(const absl::Status& status, grpc::ServerUnaryReactor& reactor) {
  LogGrave(status);
  if (absl::IsCancelled(status) && abandoned_ != nullptr) abandoned_->Add();
  reactor.Finish(ToGrpcStatus(status));
}

void RequestPool::Submit(std::function<void()> task) {
  ++num_unfinished_;
  pool_.Submit([this, task = std::move(task)] {
    task();
    --num_unfinished_;
  });
}

grpc::ServerUnaryReactor* RequestPool::AnswerLater(grpc::CallbackServerContext* context,
                                                   std::function<void(Finish finish)> work) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  if (const absl::Status admitted = Admit(); !admitted.ok()) {
    reactor->Finish(ToGrpcStatus(admitted));
    return reactor;
  }
  if (num_waiting_.fetch_add(1) >= max_waiting_) {
    --num_waiting_;
    reactor->Finish(ToGrpcStatus(
        WithRetry(WithReason(absl::ResourceExhaustedError(absl::StrFormat(
                                 "%d requests wait already; retry later", max_waiting_)),
                             "OVERLOADED"),
                  kRetryDelay)));
    return reactor;
  }
  Submit([this, context, reactor, work = std::move(work)] {
    --num_waiting_;
    if (context->IsCancelled()) {
      Conclude(NobodyWaits(), *reactor);
      return;
    }
    work([this, reactor](const absl::Status& status) { Conclude(status, *reactor); });
  });
  return reactor;
}

void RequestPool::Write(Mutation mutation, std::function<void(absl::StatusOr<WriteResult>)> then) {
  // The commit thread only hands over: finishing a call may cost a system call.
  backend_.store->Write(std::move(mutation),
                        [this, then = std::move(then)](absl::StatusOr<WriteResult> result) mutable {
                          Submit([this, then = std::move(then), result = std::move(result)] {
                            if (result.ok()) {
                              then(result);
                              return;
                            }
                            if (IsDiskFailure(result.status()) && tell_disk_failure_)
                              tell_disk_failure_();
                            then(WithStoreReason(result.status()));
                          });
                        });
}

}  // namespace vitrine
