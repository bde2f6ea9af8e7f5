#include "server/user_export.h"

#include <chrono>
#include <utility>

#include "absl/strings/str_format.h"
#include "server/convert_feature.h"
#include "server/given_up_call.h"
#include "server/status.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/server/convert.h"

namespace vitrine {
namespace {

constexpr int kEventsPerPart = 500;
constexpr std::uint64_t kEventsBetweenLooks = 4'096;  // Whether somebody still waits.

constexpr Micros kRetryUs = 5 * kMicrosPerSecond;

absl::Status TooManyExports() {
  return WithRetry(
      WithReason(absl::ResourceExhaustedError(absl::StrFormat(
                     "%d exports are open, as many as may be; retry later", UserExport::kMostOpen)),
                 "OVERLOADED"),
      kRetryUs);
}

absl::Status CheckId(const v1::ExportUserDataRequest& request) {
  if (!request.user_id().empty() || !request.visitor_id().empty()) return absl::OkStatus();
  return BadField("user_id", "neither user_id nor visitor_id is set; give one of them");
}

// Whether an event carries the person's id, or that of a visitor who became the user.
class OwnEvents {
 public:
  OwnEvents(const FeatureStore& store, const v1::ExportUserDataRequest& request)
      : store_(store), user_id_(request.user_id()), visitor_id_(request.visitor_id()) {}

  bool Holds(const Event& event) const {
    if (!visitor_id_.empty()) return event.visitor_id == visitor_id_;
    return event.user_id == user_id_ ||
           (!event.visitor_id.empty() && store_.UserOfVisitor(event.visitor_id) == user_id_);
  }

 private:
  const FeatureStore& store_;
  const std::string user_id_;
  const std::string visitor_id_;
};

// Whether anybody was merged. Whose a visitor is is said by the user's id, without a profile too.
bool SetMerged(const FeatureStore& store, const v1::ExportUserDataRequest& request,
               v1::ExportUserDataResponse& part) {
  if (request.visitor_id().empty()) {
    for (const std::string& visitor : store.VisitorsOfUser(request.user_id())) {
      part.add_merged_visitor_ids(visitor);
    }
    return part.merged_visitor_ids_size() > 0;
  }
  const std::string user_id = store.UserOfVisitor(request.visitor_id());
  if (!user_id.empty()) part.mutable_user()->set_user_id(user_id);
  return !user_id.empty();
}

// Whether anything is known of them.
bool SetKnown(const FeatureStore& store, const v1::ExportUserDataRequest& request, Micros now,
              v1::ExportUserDataResponse& part) {
  const ShopperState state = store.ReadShopper(request.user_id(), request.visitor_id());
  if (state.profile.has_value()) *part.mutable_user() = ToProto(*state.profile);
  const auto registry = store.feature_registry();
  for (const Feature& feature :
       store.ReadUserFeatures(request.user_id(), request.visitor_id(), {}, now)) {
    const FeatureSpec* spec = registry->Find(feature.name);
    if (spec == nullptr || feature.status == FeatureStatus::kMissing) continue;
    SetFeature(feature, spec->type, *part.add_features());
  }
  return state.is_known || part.features_size() > 0;
}

}  // namespace

absl::StatusOr<std::vector<v1::ExportUserDataResponse>> ExportUserData(
    const FeatureStore& store, const v1::ExportUserDataRequest& request, Micros now,
    const std::function<bool()>& is_stopped) {
  VITRINE_RETURN_IF_ERROR(CheckId(request));
  std::vector<v1::ExportUserDataResponse> parts(1);
  const bool is_known = SetKnown(store, request, now, parts[0]);
  const OwnEvents own(store, request);
  std::uint64_t num_read = 0;
  bool is_cancelled = false;
  VITRINE_RETURN_IF_ERROR(store.ReadEvents(0, [&](std::uint64_t /*offset*/, const Event& event) {
    is_cancelled = ++num_read % kEventsBetweenLooks == 0 && is_stopped();
    if (is_cancelled) return false;
    if (!own.Holds(event)) return true;
    if (parts.size() == 1 || parts.back().events_size() == kEventsPerPart) parts.emplace_back();
    *parts.back().add_events() = ToProto(event);
    return true;
  }));
  if (is_cancelled) return absl::CancelledError("nobody waits for the export");
  // After the events: whoever is merged meanwhile may have some among them.
  const bool is_merged = SetMerged(store, request, parts[0]);
  if (is_known || is_merged || parts.size() > 1) return parts;
  const bool is_user = !request.user_id().empty();
  return WithReason(
      absl::NotFoundError(absl::StrFormat(
          "nothing is known of the %s \"%s\"; ids are case-sensitive, and erased people are gone",
          is_user ? "user" : "visitor", is_user ? request.user_id() : request.visitor_id())),
      "USER_NOT_FOUND", {{"user_id", request.user_id()}, {"visitor_id", request.visitor_id()}});
}

void UserExport::Start(const v1::ExportUserDataRequest& request, Micros now) {
  if (const absl::Status admitted = pool_.Admit(context_, request); !admitted.ok()) {
    return Finish(EndOf(admitted));
  }
  is_open_ = num_open_.fetch_add(1) < kMostOpen;
  if (!is_open_) {
    --num_open_;
    return Finish(EndOf(TooManyExports()));
  }
  const absl::Status submitted =
      reports_.Submit([this, &request, now](const std::atomic<bool>& is_stopped) {
        auto parts = ExportUserData(*pool_.backend().store, request, now, [this, &is_stopped] {
          return is_stopped.load() || context_.IsCancelled();
        });
        if (!parts.ok()) {
          return Finish(EndOf(is_stopped ? StoppedError() : parts.status()));
        }
        parts_ = *std::move(parts);
        WriteNext();
      });
  if (!submitted.ok()) Finish(EndOf(submitted));
}

void UserExport::OnWriteDone(bool is_ok) {
  if (!is_ok) return Finish(EndOf(*is_given_up_ ? Unread() : absl::CancelledError()));
  WriteNext();
}

void UserExport::OnDone() {
  if (is_open_) --num_open_;
  delete this;
}

void UserExport::WriteNext() {
  AwaitReading();
  const absl::Status still =
      pool_.CheckStill(context_, v1::ExportUserDataRequest::default_instance());
  if (!still.ok()) return Finish(EndOf(still));
  if (next_ == parts_.size()) return Finish(EndOf(absl::OkStatus()));
  StartWrite(&parts_[next_++]);
}

// The end is awaited like a message. The alarm touches nothing of the export, which may be gone: a
// reference of its own to the call is all that it needs.
void UserExport::AwaitReading() {
  alarm_.emplace();
  alarm_->Set(std::chrono::system_clock::now() + std::chrono::microseconds(max_unread_us_),
              [is_given_up = is_given_up_,
               give_up = GivingUp(context_, std::string(Unread().message()))](bool is_expired) {
                if (!is_expired) return;  // It was read, or the call is over.
                *is_given_up = true;
                give_up();
              });
}

absl::Status UserExport::Unread() const {
  return absl::ResourceExhaustedError(
      absl::StrFormat("the export was given up: a message of it was not read for %g s; read faster",
                      static_cast<double>(max_unread_us_) / kMicrosPerSecond));
}

grpc::Status UserExport::EndOf(const absl::Status& status) {
  return pool_.EndStream(context_, v1::ExportUserDataRequest::default_instance(), status);
}

}  // namespace vitrine
