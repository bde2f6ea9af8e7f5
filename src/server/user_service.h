#pragma once

#include <atomic>
#include <cstddef>

#include "server/insight_reports.h"
#include "server/request_pool.h"
#include "vitrine/server/erasure_receipt.h"
#include "vitrine/v1/user_service.grpc.pb.h"

namespace vitrine {

// Users over the store. Thread-safe.
class UserService final : public v1::UserService::CallbackService {
 public:
  // An erasure makes `reports` forget what they hold, and reads the log on their thread.
  // `max_unread_us`: of an export's message, until the export is given up.
  UserService(RequestPool& pool, InsightReports& reports, const Clock& clock, Micros max_unread_us)
      : pool_(pool), reports_(reports), clock_(clock), max_unread_us_(max_unread_us) {}

  grpc::ServerUnaryReactor* UpsertUsers(grpc::CallbackServerContext* context,
                                        const v1::UpsertUsersRequest* request,
                                        v1::UpsertUsersResponse* response) override;
  grpc::ServerUnaryReactor* GetUser(grpc::CallbackServerContext* context,
                                    const v1::GetUserRequest* request,
                                    v1::GetUserResponse* response) override;
  grpc::ServerUnaryReactor* MergeUsers(grpc::CallbackServerContext* context,
                                       const v1::MergeUsersRequest* request,
                                       v1::MergeUsersResponse* response) override;
  grpc::ServerUnaryReactor* EraseUser(grpc::CallbackServerContext* context,
                                      const v1::EraseUserRequest* request,
                                      v1::EraseUserResponse* response) override;
  grpc::ServerWriteReactor<v1::ExportUserDataResponse>* ExportUserData(
      grpc::CallbackServerContext* context, const v1::ExportUserDataRequest* request) override;

 private:
  void SetErased(const WriteResult& result, const ErasedPast& past,
                 v1::EraseUserResponse& response);

  RequestPool& pool_;
  InsightReports& reports_;
  const Clock& clock_;
  const Micros max_unread_us_;
  std::atomic<std::size_t> num_exports_ = 0;  // That are open.
};

}  // namespace vitrine
