#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "vitrine/base/bytes.h"
#include "vitrine/base/clock.h"
#include "vitrine/base/ids.h"
#include "vitrine/feature_store/event.h"
#include "vitrine/feature_store/item.h"
#include "vitrine/feature_store/user.h"

namespace vitrine {

// The values that the store keeps on disk, byte for byte as docs/formats/store.md has them. Every
// value starts with its version. Decoding does not trust the bytes: DATA_LOSS when they make no
// sense.

enum class ShopperKind : std::uint8_t { kUser = 1, kVisitor = 2 };

// What the views need of one event: who, what, when. The first part of a record of the log.
struct LogHead {
  struct Touch {
    ItemIndex item{};
    std::uint32_t quantity = 1;
  };
  EventType type{};
  std::optional<UserIndex> user{};
  std::optional<UserIndex> visitor{};
  Micros time_us = 0;
  Micros arrival_us = 0;  // When the store took it; never before that of an earlier offset.
  std::optional<double> rating{};
  std::vector<Touch> items{};

  // Whose event it is, before merges: the user's where there is one.
  UserIndex shopper() const { return user.has_value() ? *user : *visitor; }

  // What Interaction::value says of one item of the event.
  float Value(const Touch& touch) const {
    return rating.has_value() ? static_cast<float>(*rating) : static_cast<float>(touch.quantity);
  }
};

// As they stand in the rows of items and shoppers.
void WriteAttributes(ByteWriter& writer, const std::map<std::string, AttributeValue>& attributes);

// The details (everything that is neither an id of `head` nor in it) come from `event`. Records of
// version 1 have no arrival: it is the event's time, whatever the order of these.
std::string EncodeLogRecord(const LogHead& head, const Event& event);
absl::StatusOr<LogHead> DecodeLogHead(std::string_view bytes);
absl::Status DecodeLogHead(std::string_view bytes, LogHead& head);  // Reuses the memory of `head`.

// The event but for user_id, visitor_id and the items' ids, which `head` has as indices.
struct LogRecord {
  LogHead head{};
  Event event{};
};
absl::StatusOr<LogRecord> DecodeLogRecord(std::string_view bytes);

// The event as the caller sent it, in one canonical form: equal bytes, equal events.
std::string EncodeEventContent(const Event& event);

// An id of the item dictionary and, where the catalogue has it, the item.
struct ItemRow {
  std::string id{};
  std::shared_ptr<const Item> item{};
};
std::string EncodeItemRow(const ItemRow& row);
absl::StatusOr<ItemRow> DecodeItemRow(std::string_view bytes);

// An id of the shopper dictionary, what is known about a user, and where a visitor went.
struct ShopperRow {
  ShopperKind kind = ShopperKind::kUser;
  std::string id{};
  std::optional<UserIndex> merged_into{};
  Micros merged_at_us = 0;  // On the clock of arrivals; 0 without a merge, and of version 1.
  std::shared_ptr<const User> profile{};
};
std::string EncodeShopperRow(const ShopperRow& row);
absl::StatusOr<ShopperRow> DecodeShopperRow(std::string_view bytes);

// Where an event with a client's id is in the log, and a hash of what it said.
struct EventIdRow {
  std::uint64_t offset = 0;
  std::uint64_t content_hash = 0;
  bool operator==(const EventIdRow&) const = default;
};
std::string EncodeEventIdRow(const EventIdRow& row);
absl::StatusOr<EventIdRow> DecodeEventIdRow(std::string_view bytes);

// The counters that grow with every mutation.
struct StoreState {
  std::uint64_t sequence = 0;     // Mutations so far.
  std::uint64_t next_offset = 0;  // Of the log.
  std::uint64_t num_events = 0;   // In the log; below next_offset after an erasure.
  std::uint32_t next_item = 0;
  std::uint32_t next_shopper = 0;
  Micros last_arrival_us = 0;  // Of an event or a merge; version 1 had none.
  bool operator==(const StoreState&) const = default;
};
std::string EncodeStoreState(const StoreState& state);
absl::StatusOr<StoreState> DecodeStoreState(std::string_view bytes);

// The format of the store as a whole; the upgrade rule: docs/formats/store.md.
inline constexpr std::uint64_t kFirstFormat = 1;
inline constexpr std::uint64_t kPutFormat = 2;  // Has features that the shop put.
std::string EncodeStoreFormat(std::uint64_t format);

// Keys sort as their numbers do: big endian.
std::string OffsetKey(std::uint64_t offset);
std::string IndexKey(std::uint32_t index);
std::uint64_t ParseOffsetKey(std::string_view key);
std::uint32_t ParseIndexKey(std::string_view key);

}  // namespace vitrine
