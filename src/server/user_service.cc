#include "server/user_service.h"

#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "server/status.h"
#include "server/user_export.h"
#include "server/wire.h"
#include "server/write_and_finish.h"
#include "vitrine/base/status_macros.h"
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

// What is known of the person now, as it will be gone; whether anything is.
bool SetRemoved(const FeatureStore& store, const EraseUser& mutation, Micros now,
                v1::ErasureReceipt& receipt) {
  const ShopperState state = store.ReadShopper(mutation.user_id, mutation.visitor_id);
  receipt.set_profile_erased(state.profile.has_value());
  std::int64_t num_features = 0;
  for (const Feature& feature :
       store.ReadUserFeatures(mutation.user_id, mutation.visitor_id, {}, now)) {
    if (feature.status != FeatureStatus::kMissing) ++num_features;
  }
  receipt.set_erased_feature_count(num_features);
  return state.is_known || num_features > 0;
}

// All bundles there are: each was trained on a log that may have held events of the person, those
// too that were forgotten for their age since.
void SetTraces(const Backend& backend, v1::ErasureReceipt& receipt) {
  if (backend.models == nullptr) return;
  const auto versions = backend.models->ListVersions();
  if (!versions.ok()) return;
  for (const BundleSummary& bundle : versions->bundles) {
    receipt.add_model_versions_with_traces(bundle.version);
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
        auto mutation = FromProto(*request);
        if (!mutation.ok()) return finish(mutation.status());
        const bool was_known = SetRemoved(*pool_.backend().store, *mutation, clock_.Now(),
                                          *response->mutable_receipt());
        pool_.Write(*std::move(mutation),
                    [this, response, finish, was_known](const absl::StatusOr<WriteResult>& result) {
                      if (result.ok()) SetErased(*result, was_known, *response);
                      finish(result.status());
                    });
      });
}

void UserService::SetErased(const WriteResult& result, bool was_known,
                            v1::EraseUserResponse& response) {
  reports_.Forget();
  v1::ErasureReceipt& receipt = *response.mutable_receipt();
  // The place of the erasure in the store's log: unique, and it can be checked there.
  receipt.set_receipt_id(absl::StrFormat("erasure-%016x", result.sequence));
  *receipt.mutable_erase_time() = ToTimestamp(clock_.Now());
  receipt.set_erased_event_count(static_cast<std::int64_t>(result.num_removed));
  if (was_known || result.num_removed > 0) SetTraces(pool_.backend(), receipt);
  response.set_consistency_token(ConsistencyToken(result.sequence));
}

grpc::ServerWriteReactor<v1::ExportUserDataResponse>* UserService::ExportUserData(
    grpc::CallbackServerContext* context, const v1::ExportUserDataRequest* request) {
  auto* exported = new UserExport(pool_, reports_, *context);  // Deletes itself.
  exported->Start(*request, clock_.Now());
  return exported;
}

}  // namespace vitrine
