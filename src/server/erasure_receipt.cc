#include "vitrine/server/erasure_receipt.h"

#include <algorithm>
#include <limits>
#include <string>
#include <variant>

#include "absl/strings/str_format.h"
#include "server/wire.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/feature_store/validate.h"

namespace vitrine {
namespace {

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

// Whether the version was made before there was anything of the person to learn from.
bool IsOlder(const BundleSummary& bundle, Micros earliest_us) {
  return bundle.trained_us > 0 && bundle.trained_us < earliest_us;
}

}  // namespace

ErasedPast SetRemoved(const FeatureStore& store, const EraseUser& person, Micros now,
                      v1::ErasureReceipt& receipt) {
  const ShopperState state = store.ReadShopper(person.user_id, person.visitor_id);
  receipt.set_profile_erased(state.profile.has_value());
  std::int64_t num_features = 0;
  for (const Feature& feature :
       store.ReadUserFeatures(person.user_id, person.visitor_id, {}, now)) {
    if (feature.status != FeatureStatus::kMissing) ++num_features;
  }
  receipt.set_erased_feature_count(num_features);
  return {.is_known = state.is_known || num_features > 0};
}

bool MaySpareVersion(const FeatureStore& store, const EraseUser& person, Micros now,
                     const std::vector<BundleSummary>& versions) {
  const Micros earliest_us = FirstSeen(store, person, now) - kMaxFutureUs;
  return std::any_of(versions.begin(), versions.end(), [earliest_us](const BundleSummary& bundle) {
    return IsOlder(bundle, earliest_us);
  });
}

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

bool SetErased(const WriteResult& result, const ErasedPast& past, Micros now,
               v1::ErasureReceipt& receipt) {
  // The place of the erasure in the store's log: unique, and it can be checked there.
  receipt.set_receipt_id(absl::StrFormat("erasure-%016x", result.sequence));
  *receipt.mutable_erase_time() = ToTimestamp(now);
  receipt.set_erased_event_count(static_cast<std::int64_t>(result.num_removed));
  return past.is_known || result.num_removed > 0;
}

void SetTraces(const WriteResult& result, const ErasedPast& past,
               const std::vector<BundleSummary>& versions, v1::ErasureReceipt& receipt) {
  // Not where others went than were read: somebody was merged into the person since, say.
  const Micros earliest_us = past.num_events == result.num_removed ? past.earliest_us : 0;
  for (const BundleSummary& bundle : versions) {
    if (!IsOlder(bundle, earliest_us)) receipt.add_model_versions_with_traces(bundle.version);
  }
}

absl::StatusOr<v1::ErasureReceipt> EraseWithReceipt(FeatureStore& store, const EraseUser& person,
                                                    const std::vector<BundleSummary>& versions,
                                                    const Clock& clock) {
  v1::ErasureReceipt receipt;
  const Micros now = clock.Now();
  ErasedPast past = SetRemoved(store, person, now, receipt);
  if (MaySpareVersion(store, person, now, versions)) {
    past = ReadPast(store, person, past, /*is_stopped=*/false);
  }
  VITRINE_ASSIGN_OR_RETURN(const WriteResult result, store.Write(person));
  if (SetErased(result, past, clock.Now(), receipt)) SetTraces(result, past, versions, receipt);
  return receipt;
}

}  // namespace vitrine
