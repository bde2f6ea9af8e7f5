#include "server/user_service.h"

#include <atomic>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "server/status.h"
#include "server/user_export.h"
#include "server/wire.h"
#include "server/write_and_finish.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/feature_store/validate.h"
#include "vitrine/server/convert.h"

namespace vitrine {
namespace {

constexpr CountLimits kBatch = {.minimum = 1, .maximum = 1'000};

void CheckId(const std::string& field, const std::string& id,
             std::vector<FieldViolation>& violations) {
  for (const FieldViolation& violation : Validate(User{.id = id})) {
    violations.push_back({.field = field, .description = violation.description});
  }
}

absl::StatusOr<UpsertUsers> FromProto(const v1::UpsertUsersRequest& request) {
  UpsertUsers batch;
  std::vector<FieldViolation> violations;
  CheckCount("users", request.users_size(), kBatch, violations);
  VITRINE_RETURN_IF_ERROR(BadRequestStatus(violations));
  for (int i = 0; i < request.users_size(); ++i) {
    Converted<User> user = vitrine::FromProto(request.users(i));
    AppendPrefixed(absl::StrFormat("users[%d].", i), user.violations, violations);
    batch.users.push_back(std::move(user.value));
  }
  VITRINE_RETURN_IF_ERROR(BadRequestStatus(violations));
  return batch;
}

absl::StatusOr<MergeUsers> FromProto(const v1::MergeUsersRequest& request) {
  std::vector<FieldViolation> violations;
  CheckId("visitor_id", request.visitor_id(), violations);
  CheckId("user_id", request.user_id(), violations);
  VITRINE_RETURN_IF_ERROR(BadRequestStatus(violations));
  return MergeUsers{.visitor_id = request.visitor_id(), .user_id = request.user_id()};
}

absl::StatusOr<EraseUser> FromProto(const v1::EraseUserRequest& request) {
  std::vector<FieldViolation> violations;
  switch (request.id_case()) {
    case v1::EraseUserRequest::kUserId:
      CheckId("user_id", request.user_id(), violations);
      break;
    case v1::EraseUserRequest::kVisitorId:
      CheckId("visitor_id", request.visitor_id(), violations);
      break;
    case v1::EraseUserRequest::ID_NOT_SET:
      violations.push_back(
          {.field = "user_id", .description = "neither user_id nor visitor_id is set"});
      break;
  }
  VITRINE_RETURN_IF_ERROR(BadRequestStatus(violations));
  return EraseUser{.user_id = request.user_id(), .visitor_id = request.visitor_id()};
}

absl::Status GetUser(const FeatureStore& store, const v1::GetUserRequest& request,
                     v1::GetUserResponse& response) {
  if (request.user_id().empty()) return BadField("user_id", "is empty; must name a user");
  const ShopperState state = store.ReadShopper(request.user_id(), "");
  if (!state.is_known) {
    return WithReason(
        absl::NotFoundError(absl::StrFormat(
            "nothing is known of a user \"%s\"; ids are case-sensitive", request.user_id())),
        "USER_NOT_FOUND", {{"user_id", request.user_id()}});
  }
  v1::User& user = *response.mutable_user();
  if (state.profile) user = ToProto(*state.profile);
  user.set_user_id(request.user_id());
  user.set_interaction_count(static_cast<std::int64_t>(state.history.size()));
  if (!state.history.empty()) {
    *user.mutable_last_interaction_time() = ToTimestamp(state.history[0].time_us);
  }
  return absl::OkStatus();
}

std::vector<BundleSummary> VersionsOnDisk(const Backend& backend) {
  if (backend.models == nullptr) return {};
  auto versions = backend.models->ListVersions();
  return versions.ok() ? std::move(versions->bundles) : std::vector<BundleSummary>();
}

void SetTrainings(const Backend& backend, v1::ErasureReceipt& receipt) {
  if (backend.models == nullptr) return;
  for (const TrainingProgress& run : backend.models->ListTrainings()) {
    if (run.state == TrainingProgress::State::kRunning) receipt.add_training_ids(run.id);
  }
}

}  // namespace

grpc::ServerUnaryReactor* UserService::UpsertUsers(grpc::CallbackServerContext* context,
                                                   const v1::UpsertUsersRequest* request,
                                                   v1::UpsertUsersResponse* response) {
  return pool_.AnswerLater(context, *request,
                           [this, request, response](const RequestPool::Finish& finish) {
                             WriteAndFinish(pool_, FromProto(*request), response, finish);
                           });
}

grpc::ServerUnaryReactor* UserService::GetUser(grpc::CallbackServerContext* context,
                                               const v1::GetUserRequest* request,
                                               v1::GetUserResponse* response) {
  return pool_.Answer(context, *request, [this, request, response] {
    return vitrine::GetUser(*pool_.backend().store, *request, *response);
  });
}

grpc::ServerUnaryReactor* UserService::MergeUsers(grpc::CallbackServerContext* context,
                                                  const v1::MergeUsersRequest* request,
                                                  v1::MergeUsersResponse* response) {
  return pool_.AnswerLater(context, *request,
                           [this, request, response](const RequestPool::Finish& finish) {
                             WriteAndFinish(pool_, FromProto(*request), response, finish);
                           });
}

grpc::ServerUnaryReactor* UserService::EraseUser(grpc::CallbackServerContext* context,
                                                 const v1::EraseUserRequest* request,
                                                 v1::EraseUserResponse* response) {
  return pool_.AnswerLater(
      context, *request, [this, request, response](const RequestPool::Finish& finish) {
        const auto person = FromProto(*request);
        if (!person.ok()) return finish(person.status());
        const FeatureStore& store = *pool_.backend().store;
        const Micros now = clock_.Now();
        const ErasedPast past = SetRemoved(store, *person, now, *response->mutable_receipt());
        const auto erase = [this, response, finish, person = *person](const ErasedPast& known) {
          pool_.Write(person,
                      [this, response, finish, known](const absl::StatusOr<WriteResult>& result) {
                        if (result.ok()) SetErased(*result, known, *response);
                        finish(result.status());
                      });
        };
        const bool reads_past =
            past.is_known && MaySpareVersion(store, *person, now, VersionsOnDisk(pool_.backend()));
        if (!reads_past) return erase(past);
        const absl::Status submitted = reports_.Submit(
            [&store, erase, past, person = *person](const std::atomic<bool>& is_stopped) {
              erase(ReadPast(store, person, past, is_stopped));
            });
        if (!submitted.ok()) erase(past);
      });
}

void UserService::SetErased(const WriteResult& result, const ErasedPast& past,
                            v1::EraseUserResponse& response) {
  reports_.Forget();
  v1::ErasureReceipt& receipt = *response.mutable_receipt();
  if (vitrine::SetErased(result, past, clock_.Now(), receipt)) {
    // Before the versions: a training that ends in between is then in both rather than in neither.
    SetTrainings(pool_.backend(), receipt);
    SetTraces(result, past, VersionsOnDisk(pool_.backend()), receipt);
  }
  response.set_consistency_token(ConsistencyToken(result.sequence));
}

grpc::ServerWriteReactor<v1::ExportUserDataResponse>* UserService::ExportUserData(
    grpc::CallbackServerContext* context, const v1::ExportUserDataRequest* request) {
  auto* exported =  // Deletes itself.
      new UserExport(pool_, reports_, *context,
                     {.num_open = num_exports_, .max_unread_us = max_unread_us_});
  exported->Start(*request, clock_.Now());
  return exported;
}

}  // namespace vitrine
