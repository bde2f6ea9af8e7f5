#include "server/user_service.h"

#include <algorithm>
#include <atomic>
#include <limits>
#include <string>
#include <utility>
#include <variant>
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

// What is known of the person now, as it will be gone.
ErasedPast SetRemoved(const FeatureStore& store, const EraseUser& mutation, Micros now,
                      v1::ErasureReceipt& receipt) {
  const ShopperState state = store.ReadShopper(mutation.user_id, mutation.visitor_id);
  receipt.set_profile_erased(state.profile.has_value());
  std::int64_t num_features = 0;
  for (const Feature& feature :
       store.ReadUserFeatures(mutation.user_id, mutation.visitor_id, {}, now)) {
    if (feature.status != FeatureStatus::kMissing) ++num_features;
  }
  receipt.set_erased_feature_count(num_features);
  return {.is_known = state.is_known || num_features > 0};
}

// When the shopper's first event happened, as far as memory knows; 0: of none.
Micros FirstSeen(const FeatureStore& store, const EraseUser& person, Micros now) {
  const std::string name = "first_seen";
  for (const Feature& feature :
       store.ReadUserFeatures(person.user_id, person.visitor_id, {&name, 1}, now)) {
    if (const auto* time_us = std::get_if<std::int64_t>(&feature.value)) return *time_us;
  }
  return 0;
}

// Whether the event goes with the person, as FeatureStore has it.
bool IsOf(const FeatureStore& store, const EraseUser& person, const Event& event) {
  if (!person.visitor_id.empty()) return event.visitor_id == person.visitor_id;
  return event.user_id == person.user_id ||
         (!event.visitor_id.empty() && store.UserOfVisitor(event.visitor_id) == person.user_id);
}

// Whether a log that is read from its beginning on has forgotten events for their age or their
// number. These are the oldest or the first recorded ones, so where the very first is still there,
// and nothing older, all that is missing was erased.
class Forgetfulness {
 public:
  void Look(std::uint64_t offset, Micros time_us) {
    if (offset == 0) begin_us_ = time_us;
    misses_some_ = misses_some_ || offset != num_seen_;
    has_older_ = has_older_ || time_us < begin_us_;
    ++num_seen_;
  }
  bool IsPossible() const { return misses_some_ && has_older_; }

 private:
  std::uint64_t num_seen_ = 0;
  Micros begin_us_ = std::numeric_limits<Micros>::max();  // Until the very first is seen.
  bool misses_some_ = false;
  bool has_older_ = false;
};

// Adds what the log says of the person. It does not where it has forgotten events, which may have
// been theirs, and where it is not read to its end.
ErasedPast ReadPast(const FeatureStore& store, const EraseUser& person, const ErasedPast& past,
                    const std::atomic<bool>& is_stopped) {
  ErasedPast whole = past;
  Forgetfulness forgetfulness;
  const auto may_go_on = [&] { return !forgetfulness.IsPossible() && !is_stopped; };
  const absl::Status read = store.ReadEvents(0, [&](std::uint64_t offset, const Event& event) {
    forgetfulness.Look(offset, event.time_us);
    if (IsOf(store, person, event) && whole.num_events++ == 0) {
      // What is recorded later was not there before either, whenever it happened.
      whole.earliest_us = event.time_us - kMaxFutureUs;
    }
    return may_go_on();
  });
  return read.ok() && may_go_on() ? whole : past;
}

// Whether the version was made before there was anything of the person to learn from.
bool IsOlder(const BundleSummary& bundle, Micros earliest_us) {
  return bundle.trained_us > 0 && bundle.trained_us < earliest_us;
}

bool HasOlderVersion(const Backend& backend, Micros earliest_us) {
  if (backend.models == nullptr || earliest_us <= 0) return false;
  const auto versions = backend.models->ListVersions();
  return versions.ok() && std::any_of(versions->bundles.begin(), versions->bundles.end(),
                                      [earliest_us](const BundleSummary& bundle) {
                                        return IsOlder(bundle, earliest_us);
                                      });
}

// What may have learned from the person, who is gone by now.
void SetTraces(const Backend& backend, Micros earliest_us, v1::ErasureReceipt& receipt) {
  if (backend.models == nullptr) return;
  // Before the versions: a training that ends in between is then in both rather than in neither.
  for (const TrainingProgress& run : backend.models->ListTrainings()) {
    if (run.state == TrainingProgress::State::kRunning) receipt.add_training_ids(run.id);
  }
  const auto versions = backend.models->ListVersions();
  if (!versions.ok()) return;
  for (const BundleSummary& bundle : versions->bundles) {
    if (!IsOlder(bundle, earliest_us)) receipt.add_model_versions_with_traces(bundle.version);
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
        // The log is read, in seconds per million events, only where that can spare a version.
        if (!HasOlderVersion(pool_.backend(), FirstSeen(store, *person, now) - kMaxFutureUs)) {
          return erase(past);
        }
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
  // The place of the erasure in the store's log: unique, and it can be checked there.
  receipt.set_receipt_id(absl::StrFormat("erasure-%016x", result.sequence));
  *receipt.mutable_erase_time() = ToTimestamp(clock_.Now());
  receipt.set_erased_event_count(static_cast<std::int64_t>(result.num_removed));
  if (past.is_known || result.num_removed > 0) {
    // Not where others went than were read: somebody was merged into the person since, say.
    const bool is_all_known = past.num_events == result.num_removed;
    SetTraces(pool_.backend(), is_all_known ? past.earliest_us : 0, receipt);
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
