#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "vitrine/feature_store/event.h"
#include "vitrine/feature_store/feature.h"
#include "vitrine/feature_store/item.h"
#include "vitrine/feature_store/user.h"

namespace vitrine {

// Everything that can change a store. A mutation is atomic: all of it is on disk and visible, or
// none of it is. Contents have been validated (validate.h).
struct RecordEvents {
  std::vector<Event> events{};
};
struct UpsertItems {
  std::vector<Item> items{};  // Replaces each as a whole; of two with one id the later wins.
};
struct DeleteItems {
  std::vector<std::string> ids{};  // Unknown ids are counted, not errors.
};
// Makes the catalogue hold exactly these items; all others are retired.
struct ReplaceCatalogue {
  std::vector<Item> items{};
};
// Changes stock and price alone; unset fields stay as they are.
struct UpdateInventory {
  struct Change {
    std::string id{};
    std::optional<std::int64_t> stock{};
    std::optional<Money> price{};
    std::optional<Availability> availability{};
  };
  std::vector<Change> changes{};  // NOT_FOUND, and nothing changes, if an id is unknown.
};
// FAILED_PRECONDITION, and nothing changes, if a user was erased.
struct UpsertUsers {
  std::vector<User> users{};
};
// The visitor turned out to be this user: their events are the user's, now and from now on. A
// repeat changes nothing. FAILED_PRECONDITION: the visitor is another user's, or one of the two was
// erased.
struct MergeUsers {
  std::string visitor_id{};
  std::string user_id{};
};
// Forgets a shopper in memory and in every file of the store, a user with the visitors merged into
// it: every event that carries one of the ids goes. Later events that carry one are accepted and
// dropped. Exactly one id is set. Writes wait meanwhile, seconds per million events; reads do not.
struct EraseUser {
  std::string user_id{};
  std::string visitor_id{};
};

// Forgets events as an erasure does, in memory and in every file: those that happened before
// `before_us` (0: none), and the first recorded ones until at most `keep_events` are left (0:
// none). All types are alike, purchases too. A shopper of whom nothing is left, no event, no
// profile and no feature, goes with them, and may come back. Writes wait meanwhile, seconds per
// million events of the log; reads do not.
struct ForgetOldEvents {
  Micros before_us = 0;
  std::uint64_t keep_events = 0;
};

// Stores features that the shop computes itself, for users and items; they are read like those that
// the store computes (FeatureStore::ReadUserFeatures). First `definitions`, then `values`.
// FAILED_PRECONDITION, and nothing changes: a user was erased, or a reason below.
struct PutFeatures {
  struct Value {
    FeatureEntity entity{};
    std::string id{};      // Of the user or the item; comes into being where unknown.
    std::string name{};    // Of a feature that was defined, now or before, for this entity.
    FeatureType type{};    // Of the value; must be the feature's.
    FeatureValue value{};  // std::monostate: there is no value any more.
    Micros time_us = 0;    // When it was true; 0: now. One older than what is known is not taken.
    Micros ttl_us = 0;     // PRESENT so long from its time on, STALE as long again; 0: for good.
    bool operator==(const Value&) const = default;
  };
  // New features, and known ones whose unit, default, owner or description changes; entity and type
  // are for good. `window` is the store's: it says "put".
  std::vector<FeatureSpec> definitions{};
  std::vector<Value> values{};  // Of two for one feature of one user or item the later wins.
};
inline constexpr std::size_t kMaxPutFeatures = 1'000;  // That one store may define.

using Mutation =
    std::variant<RecordEvents, UpsertItems, DeleteItems, ReplaceCatalogue, UpdateInventory,
                 UpsertUsers, MergeUsers, EraseUser, PutFeatures, ForgetOldEvents>;

// A FAILED_PRECONDITION that is about one shopper or feature rather than about the store says why
// in a payload of the status of this name: one of the reasons below, as plain text.
inline constexpr char kReasonPayload[] = "vitrine.dev/reason";
inline constexpr char kReasonUserErased[] = "USER_ERASED";  // UpsertUsers, MergeUsers, PutFeatures
inline constexpr char kReasonVisitorTaken[] = "VISITOR_TAKEN";  // MergeUsers
// PutFeatures: a value names no feature of its entity; a value or a definition is of another type
// or entity than the feature is; more features than a store may define.
inline constexpr char kReasonFeatureUnknown[] = "FEATURE_NOT_DEFINED";
inline constexpr char kReasonFeatureType[] = "FEATURE_TYPE_FIXED";
inline constexpr char kReasonFeatureCount[] = "TOO_MANY_FEATURES";
inline constexpr char kReasonBackupRunning[] = "BACKUP_RUNNING";  // FeatureStore::BackUp

// A RESOURCE_EXHAUSTED that is not about the rate of writing says so in the same way.
inline constexpr char kReasonDiskFull[] = "DISK_FULL";

// What became of one event of a RecordEvents.
enum class EventOutcome : std::uint8_t {
  kRecorded,
  kDuplicate,  // Same event_id, same content: nothing happened.
  kErased,     // Its shopper asked to be forgotten: dropped.
};

// The answer to a mutation that is on disk and visible.
struct WriteResult {
  std::uint64_t sequence = 0;  // The store's state after it; what a consistency token carries.
  std::vector<EventOutcome> outcomes{};  // RecordEvents: one each, in order.
  // Items, users or feature values written; 1: a merge, unless a repeat.
  std::uint64_t num_changed = 0;
  // Items retired or deleted, events erased or forgotten, or feature values taken back.
  std::uint64_t num_removed = 0;
  std::uint64_t num_unknown = 0;   // Ids or values that were not there.
  std::uint64_t num_outdated = 0;  // Feature values not taken: a newer one is known.
};

}  // namespace vitrine
