#include "server/health.h"

#include <optional>
#include <utility>

#include "absl/strings/str_format.h"
#include "server/status.h"

namespace vitrine {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;
using grpc::health::v1::HealthListRequest;
using grpc::health::v1::HealthListResponse;

// One watch. What to do next is decided under the owner's mutex and done after its release: gRPC
// may call back from within a call to it. A decided write keeps the watch from being finished, and
// only an unfinished watch is told anything, so that no thread meets one that is gone.
class HealthService::Watcher final : public grpc::ServerWriteReactor<HealthCheckResponse> {
 public:
  Watcher(HealthService& owner, std::string service)
      : owner_(owner), service_(std::move(service)) {}

  // REQUIRES: the owner's mutex is held. True: Act must follow.
  bool Decide() {
    if (next_ != Action::kNothing || is_finished_) return false;
    const Status status = owner_.Find(service_);
    if (!is_cancelled_ && sent_ != status) {
      sent_ = status;
      response_.set_status(status);
      next_ = Action::kWrite;
    } else if (is_cancelled_ || owner_.is_shut_down_) {
      next_ = Action::kFinish;
    }
    is_finished_ = next_ == Action::kFinish;
    return next_ != Action::kNothing;
  }

  void Act() {
    if (next_ == Action::kWrite) {
      StartWrite(&response_);
    } else {
      Finish(ToGrpcStatus(
          WithReason(absl::UnavailableError("the server stops; watch another one"), "DRAINING")));
    }
  }

  void OnWriteDone(bool is_ok) override {
    {
      std::lock_guard lock(owner_.mutex_);
      next_ = Action::kNothing;
      is_cancelled_ |= !is_ok;
      if (!Decide()) return;
    }
    Act();
  }

  void OnCancel() override {
    {
      std::lock_guard lock(owner_.mutex_);
      is_cancelled_ = true;
      if (!Decide()) return;
    }
    Act();
  }

  void OnDone() override {
    {
      std::lock_guard lock(owner_.mutex_);
      owner_.watchers_.erase(this);
    }
    delete this;
  }

 private:
  enum class Action { kNothing, kWrite, kFinish };

  HealthService& owner_;
  const std::string service_;
  HealthCheckResponse response_;    // Belongs to gRPC while next_ is kWrite.
  Action next_ = Action::kNothing;  // Guarded by the owner's mutex, as all below.
  std::optional<Status> sent_;
  bool is_cancelled_ = false;
  bool is_finished_ = false;
};

HealthService::HealthService(const std::vector<std::string>& services) {
  statuses_[""] = HealthCheckResponse::NOT_SERVING;
  for (const std::string& service : services) statuses_[service] = HealthCheckResponse::NOT_SERVING;
}

bool HealthService::Set(const std::string& service, Status status) {
  return Change([&] {
    const auto found = statuses_.find(service);
    if (found == statuses_.end()) return false;
    found->second = status;
    return true;
  });
}

void HealthService::SetAll(Status status) {
  Change([&] {
    for (auto& [service, current] : statuses_) current = status;
    return true;
  });
}

void HealthService::Shutdown() {
  Change([&] {
    for (auto& [service, current] : statuses_) current = HealthCheckResponse::NOT_SERVING;
    is_shut_down_ = true;
    return true;
  });
}

bool HealthService::Change(const std::function<bool()>& change) {
  std::vector<Watcher*> to_tell;
  {
    std::lock_guard lock(mutex_);
    if (is_shut_down_ || !change()) return false;
    for (Watcher* watcher : watchers_) {
      if (watcher->Decide()) to_tell.push_back(watcher);
    }
  }
  for (Watcher* watcher : to_tell) watcher->Act();
  return true;
}

HealthService::Status HealthService::Find(const std::string& service) const {
  const auto found = statuses_.find(service);
  return found == statuses_.end() ? HealthCheckResponse::SERVICE_UNKNOWN : found->second;
}

grpc::ServerUnaryReactor* HealthService::Check(grpc::CallbackServerContext* context,
                                               const HealthCheckRequest* request,
                                               HealthCheckResponse* response) {
  {
    std::lock_guard lock(mutex_);
    response->set_status(Find(request->service()));
  }
  auto* reactor = context->DefaultReactor();
  if (response->status() == HealthCheckResponse::SERVICE_UNKNOWN) {
    reactor->Finish(ToGrpcStatus(
        WithReason(absl::NotFoundError(absl::StrFormat(
                       "no service is called \"%s\"; List names them all", request->service())),
                   "SERVICE_NOT_FOUND", {{"service", request->service()}})));
  } else {
    reactor->Finish(grpc::Status::OK);
  }
  return reactor;
}

grpc::ServerUnaryReactor* HealthService::List(grpc::CallbackServerContext* context,
                                              const HealthListRequest* /*request*/,
                                              HealthListResponse* response) {
  {
    std::lock_guard lock(mutex_);
    for (const auto& [service, status] : statuses_) {
      (*response->mutable_statuses())[service].set_status(status);
    }
  }
  auto* reactor = context->DefaultReactor();
  reactor->Finish(grpc::Status::OK);
  return reactor;
}

grpc::ServerWriteReactor<HealthCheckResponse>* HealthService::Watch(
    grpc::CallbackServerContext* /*context*/, const HealthCheckRequest* request) {
  auto* watcher = new Watcher(*this, request->service());  // Deletes itself in OnDone.
  {
    std::lock_guard lock(mutex_);
    watchers_.insert(watcher);
    watcher->Decide();  // Always a write: the status now.
  }
  watcher->Act();
  return watcher;
}

}  // namespace vitrine
