#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "grpc/health/v1/health.grpc.pb.h"

namespace vitrine {

// grpc.health.v1.Health: answers from memory. Written by us since the one inside gRPC has no List
// and stays invisible to reflection. Thread-safe.
class HealthService final : public grpc::health::v1::Health::CallbackService {
 public:
  using Status = grpc::health::v1::HealthCheckResponse::ServingStatus;

  // Every service starts as NOT_SERVING. `services` holds full names; "" is added.
  explicit HealthService(const std::vector<std::string>& services);

  // False: no such service.
  bool Set(const std::string& service, Status status);

  // Sets all of them.
  void SetAll(Status status);

  // Sets all to NOT_SERVING for good, tells every watch, and ends it. Later ones end after their
  // first answer; later changes have no effect.
  void Shutdown();

  grpc::ServerUnaryReactor* Check(grpc::CallbackServerContext* context,
                                  const grpc::health::v1::HealthCheckRequest* request,
                                  grpc::health::v1::HealthCheckResponse* response) override;
  grpc::ServerUnaryReactor* List(grpc::CallbackServerContext* context,
                                 const grpc::health::v1::HealthListRequest* request,
                                 grpc::health::v1::HealthListResponse* response) override;
  grpc::ServerWriteReactor<grpc::health::v1::HealthCheckResponse>* Watch(
      grpc::CallbackServerContext* context,
      const grpc::health::v1::HealthCheckRequest* request) override;

 private:
  class Watcher;

  // SERVICE_UNKNOWN where it is none. REQUIRES: mutex_ is held.
  Status Find(const std::string& service) const;

  // Runs `change` under the mutex; where it returns true, tells the watches.
  bool Change(const std::function<bool()>& change);

  mutable std::mutex mutex_;
  std::map<std::string, Status> statuses_;  // Guarded by mutex_.
  std::set<Watcher*> watchers_;             // Guarded by mutex_.
  bool is_shut_down_ = false;               // Guarded by mutex_.
};

}  // namespace vitrine
