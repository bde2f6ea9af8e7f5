#include "vitrine/feature_store/check_store.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "feature_store/checkpoint.h"
#include "feature_store/local_store.h"
#include "vitrine/base/status_macros.h"

namespace vitrine {
namespace {

// All of the views: the same bytes for the same views, and sums that are the same but for rounding.
struct ViewsToCompare {
  explicit ViewsToCompare(const LoadedStore& store)
      : sums(store.views->TakeSums()),
        bytes(store.views->BeginCheckpoint(store.state.next_offset)->Write()) {}

  bool IsAs(const ViewsToCompare& other) const {
    const auto is_near = [](const DecayedSum& a, const DecayedSum& b) {
      constexpr double kRounding = 1e-9;
      const double ratio = Scaled(a.mantissa, a.exponent - b.exponent) / b.mantissa;
      return std::abs(ratio - 1) < kRounding;
    };
    return bytes == other.bytes &&
           std::equal(sums.begin(), sums.end(), other.sums.begin(), other.sums.end(), is_near);
  }

  std::vector<DecayedSum> sums{};
  std::string bytes{};
};

// Where the log has the event of each id. An id that leads nowhere would let an event be counted
// twice, or never.
absl::Status CheckEventIds(const std::string& folder, const Storage& storage) {
  return storage.Scan(Table::kEventIds, "", "",
                      [&](std::string_view /*key*/, std::string_view value) -> absl::Status {
                        const auto entry = DecodeEventIdRow(value);
                        if (!entry.ok()) return entry.status();
                        VITRINE_ASSIGN_OR_RETURN(
                            const auto event, storage.Get(Table::kLog, OffsetKey(entry->offset)));
                        if (event.has_value()) return absl::OkStatus();
                        return absl::DataLossError(
                            absl::StrFormat("the store in %s is damaged: an event id leads to "
                                            "offset %d, where the log has nothing; "
                                            "restore a backup",
                                            folder, entry->offset));
                      });
}

}  // namespace

absl::StatusOr<StoreCheck> CheckStore(const std::string& folder, const FeatureStoreOptions& options,
                                      FileSystem& files, const Clock& clock) {
  StorePlace place{.folder = folder, .options = options, .files = &files, .clock = &clock};
  place.options.is_read_only = true;
  VITRINE_ASSIGN_OR_RETURN(LoadedStore store, LoadStore(place));
  VITRINE_RETURN_IF_ERROR(store.storage->CheckFiles());
  VITRINE_RETURN_IF_ERROR(CheckEventIds(folder, *store.storage));

  StoreCheck check{.num_events = store.state.num_events,
                   .num_users = store.views->shoppers().num_known(),
                   .num_items = store.views->catalogue().num_items(),
                   .num_disk_bytes = store.storage->num_disk_bytes() + NumCheckpointBytes(folder)};
  if (!store.has_checkpoint) {
    if (NumCheckpointBytes(folder) > 0) check.checkpoint = StoreCheck::Checkpoint::kUnused;
    return check;
  }
  const ViewsToCompare as_started(store);
  VITRINE_RETURN_IF_ERROR(RebuildViews(place, store));
  if (!ViewsToCompare(store).IsAs(as_started)) {
    return absl::DataLossError(
        absl::StrFormat("the views of the store in %s are not those that its log makes; remove "
                        "%s/views-*.checkpoint, "
                        "and the next start makes them anew",
                        folder, folder));
  }
  check.checkpoint = StoreCheck::Checkpoint::kSame;
  return check;
}

}  // namespace vitrine
