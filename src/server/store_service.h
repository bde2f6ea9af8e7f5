#pragma once

#include <atomic>
#include <functional>
#include <memory>

#include "server/request_pool.h"
#include "vitrine/base/thread_pool.h"
#include "vitrine/v1/store_service.grpc.pb.h"

namespace vitrine {

// The store as a whole, for operators. Thread-safe.
class StoreService final : public v1::StoreService::CallbackService {
 public:
  explicit StoreService(RequestPool& pool)
      : pool_(pool), copier_(std::make_unique<ThreadPool>(1, ThreadPriority::kBackground)) {}

  // Gives up a backup that is being made. From then on none begins.
  void Stop() { is_stopped_ = true; }
  void Wait() { copier_.reset(); }  // After Stop, and once no call comes any more.

  grpc::ServerUnaryReactor* BackUpStore(grpc::CallbackServerContext* context,
                                        const v1::BackUpStoreRequest* request,
                                        v1::BackUpStoreResponse* response) override;
  grpc::ServerUnaryReactor* ForgetOldEvents(grpc::CallbackServerContext* context,
                                            const v1::ForgetOldEventsRequest* request,
                                            v1::ForgetOldEventsResponse* response) override;

 private:
  absl::Status BackUp(const v1::BackUpStoreRequest& request, const std::function<bool()>& is_over,
                      v1::BackUpStoreResponse& response);

  RequestPool& pool_;
  std::atomic<bool> is_stopped_ = false;
  std::atomic<bool> is_copying_ = false;
  std::unique_ptr<ThreadPool> copier_;  // Copying takes minutes: no thread of requests does it.
};

}  // namespace vitrine
