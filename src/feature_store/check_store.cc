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

absl::Status DamagedIdsError(const std::string& folder, const std::string& what) {
  return absl::DataLossError(
      absl::StrFormat("the store in %s is damaged: %s; restore a backup", folder, what));
}

// The log has the event of an id, where the id says.
absl::Status CheckEventId(const std::string& folder, const LoadedStore& store, std::string_view key,
                          std::string_view value) {
  VITRINE_ASSIGN_OR_RETURN(const EventIdRow entry, DecodeEventIdRow(value));
  VITRINE_ASSIGN_OR_RETURN(const auto row,
                           store.storage->Get(Table::kLog, OffsetKey(entry.offset)));
  if (!row.has_value()) {
    return DamagedIdsError(
        folder,
        absl::StrFormat("an event id leads to offset %d, where the log has nothing", entry.offset));
  }
  VITRINE_ASSIGN_OR_RETURN(const LogRecord record, DecodeLogRecord(*row));
  if (store.key->EventIdKey(record.event.event_id) == key) return absl::OkStatus();
  return DamagedIdsError(
      folder, absl::StrFormat("an event id leads to offset %d, where the log has another event",
                              entry.offset));
}

// Every id leads to its event, and every event that came with an id is known by it: else one would
// be counted twice, or never. Ids of different events are different, so if each leads to its own,
// as many of them as there are such events are all of them.
absl::Status CheckEventIds(const std::string& folder, const LoadedStore& store) {
  std::uint64_t num_ids = 0;
  VITRINE_RETURN_IF_ERROR(store.storage->Scan(Table::kEventIds, "", "",
                                              [&](std::string_view key, std::string_view value) {
                                                ++num_ids;
                                                return CheckEventId(folder, store, key, value);
                                              }));
  std::uint64_t num_events = 0;
  VITRINE_RETURN_IF_ERROR(store.storage->Scan(
      Table::kLog, "", "", [&](std::string_view /*key*/, std::string_view value) -> absl::Status {
        VITRINE_ASSIGN_OR_RETURN(const LogRecord record, DecodeLogRecord(value));
        if (!record.event.event_id.empty()) ++num_events;
        return absl::OkStatus();
      }));
  if (num_ids == num_events) return absl::OkStatus();
  return DamagedIdsError(
      folder,
      absl::StrFormat("its log has %d events with an id, %d are known by it", num_events, num_ids));
}

}  // namespace

absl::StatusOr<StoreCheck> CheckStore(const std::string& folder, const FeatureStoreOptions& options,
                                      FileSystem& files, const Clock& clock) {
  StorePlace place{.folder = folder, .options = options, .files = &files, .clock = &clock};
  place.options.is_read_only = true;
  // First: of a damaged table or log, a reader sees an older state, or none.
  VITRINE_ASSIGN_OR_RETURN(const std::size_t num_torn_bytes,
                           Storage::CheckFiles(folder + "/db", files));
  VITRINE_ASSIGN_OR_RETURN(LoadedStore store, LoadStore(place));
  VITRINE_RETURN_IF_ERROR(CheckEventIds(folder, store));

  StoreCheck check{.num_events = store.state.num_events,
                   .num_users = store.views->shoppers().num_known(),
                   .num_items = store.views->catalogue().num_items(),
                   .num_disk_bytes = store.storage->num_disk_bytes() + NumCheckpointBytes(folder),
                   .num_torn_bytes = num_torn_bytes};
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
