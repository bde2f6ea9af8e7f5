#include "feature_store/store_codec.h"

#include "vitrine/base/bytes.h"
#include "vitrine/base/status_macros.h"

namespace vitrine {
namespace {

constexpr std::uint64_t kEventVersion = 2;  // Of the value; 1 had no arrival.
constexpr std::uint64_t kItemVersion = 1;
constexpr std::uint64_t kShopperVersion = 2;  // 1 had no time of a merge.
constexpr std::uint64_t kEventIdVersion = 1;
constexpr std::uint64_t kStateVersion = 2;  // 1 had no last arrival.

// Which optional parts an event's details have.
enum DetailBits : std::uint64_t {
  kHasEventId = 1 << 0,
  kHasSession = 1 << 1,
  kHasQuery = 1 << 2,
  kHasCategories = 1 << 3,
  kHasOrder = 1 << 4,
  kHasRevenue = 1 << 5,
  kHasPlacement = 1 << 6,
  kHasToken = 1 << 7,
  kHasPrices = 1 << 8,
};

// The version that the value has, at most `newest`.
absl::StatusOr<std::uint64_t> ReadVersion(ByteReader& reader, std::string_view what,
                                          std::uint64_t newest) {
  const std::uint64_t version = reader.Unsigned();
  VITRINE_RETURN_IF_ERROR(reader.status(what));
  if (version >= 1 && version <= newest) return version;
  return absl::DataLossError(std::string(what) +
                             " is damaged or of a newer version: " + std::to_string(version) +
                             ", this binary knows " + std::to_string(newest));
}

void Write(ByteWriter& writer, const Money& money) {
  writer.Signed(money.micros);
  writer.String(money.currency);
}

Money ReadMoney(ByteReader& reader) {
  const std::int64_t micros = reader.Signed();
  return {.micros = micros, .currency = reader.String()};
}

void Write(ByteWriter& writer, const std::optional<Money>& money) {
  writer.Unsigned(money.has_value() ? 1 : 0);
  if (money.has_value()) Write(writer, *money);
}

std::optional<Money> ReadOptionalMoney(ByteReader& reader) {
  if (reader.Unsigned() == 0) return std::nullopt;
  return ReadMoney(reader);
}

void Write(ByteWriter& writer, const std::vector<std::string>& texts) {
  writer.Unsigned(texts.size());
  for (const std::string& text : texts) writer.String(text);
}

std::vector<std::string> ReadTexts(ByteReader& reader) {
  std::vector<std::string> texts(reader.Count());
  for (std::string& text : texts) text = reader.String();
  return texts;
}

std::map<std::string, AttributeValue> ReadAttributes(ByteReader& reader) {
  std::map<std::string, AttributeValue> attributes;
  const std::size_t count = reader.Count(3);
  for (std::size_t i = 0; i < count; ++i) {
    std::string name = reader.String();
    if (reader.Unsigned() == 0) {
      attributes.emplace(std::move(name), reader.String());
    } else {
      attributes.emplace(std::move(name), reader.Double());
    }
  }
  return attributes;
}

void WriteIndex(ByteWriter& writer, const std::optional<UserIndex>& index) {
  writer.Unsigned(index.has_value() ? Row(*index) + 1 : 0);
}

std::optional<UserIndex> ReadIndex(ByteReader& reader) {
  const std::uint64_t stored = reader.Unsigned();
  if (stored == 0) return std::nullopt;
  return UserIndex{static_cast<std::uint32_t>(stored - 1)};
}

void WriteHead(ByteWriter& writer, const LogHead& head) {
  writer.Unsigned(kEventVersion);
  writer.Unsigned(static_cast<std::uint64_t>(head.type));
  WriteIndex(writer, head.user);
  WriteIndex(writer, head.visitor);
  writer.Signed(head.time_us);
  writer.Signed(head.arrival_us - head.time_us);
  writer.Unsigned(head.rating.has_value() ? 1 : 0);
  if (head.rating.has_value()) writer.Double(*head.rating);
  writer.Unsigned(head.items.size());
  for (const LogHead::Touch& touch : head.items) {
    writer.Unsigned(Row(touch.item));
    writer.Unsigned(touch.quantity);
  }
}

absl::Status ReadHead(ByteReader& reader, LogHead& head) {
  VITRINE_ASSIGN_OR_RETURN(const std::uint64_t version,
                           ReadVersion(reader, "an event", kEventVersion));
  head.type = static_cast<EventType>(reader.Unsigned());
  head.user = ReadIndex(reader);
  head.visitor = ReadIndex(reader);
  head.time_us = reader.Signed();
  head.arrival_us = head.time_us + (version >= 2 ? reader.Signed() : 0);
  head.rating.reset();
  if (reader.Unsigned() != 0) head.rating = reader.Double();
  head.items.resize(reader.Count(2));
  for (LogHead::Touch& touch : head.items) {
    touch.item = ItemIndex{static_cast<std::uint32_t>(reader.Unsigned())};
    touch.quantity = static_cast<std::uint32_t>(reader.Unsigned());
  }
  VITRINE_RETURN_IF_ERROR(reader.status("an event"));
  if (!head.user.has_value() && !head.visitor.has_value()) {
    return absl::DataLossError("an event is damaged: it belongs to nobody");
  }
  return absl::OkStatus();
}

bool HasPrices(const Event& event) {
  for (const EventItem& item : event.items) {
    if (item.unit_price.has_value()) return true;
  }
  return false;
}

std::uint64_t DetailBitsOf(const Event& event) {
  std::uint64_t bits = 0;
  if (!event.event_id.empty()) bits |= kHasEventId;
  if (!event.session_id.empty()) bits |= kHasSession;
  if (!event.search_query.empty()) bits |= kHasQuery;
  if (!event.page_categories.empty()) bits |= kHasCategories;
  if (!event.order_id.empty()) bits |= kHasOrder;
  if (event.revenue.has_value()) bits |= kHasRevenue;
  if (!event.placement.empty()) bits |= kHasPlacement;
  if (!event.attribution_token.empty()) bits |= kHasToken;
  if (HasPrices(event)) bits |= kHasPrices;
  return bits;
}

void WriteDetails(ByteWriter& writer, const Event& event) {
  const std::uint64_t bits = DetailBitsOf(event);
  writer.Unsigned(bits);
  if ((bits & kHasEventId) != 0) writer.String(event.event_id);
  if ((bits & kHasSession) != 0) writer.String(event.session_id);
  if ((bits & kHasQuery) != 0) writer.String(event.search_query);
  if ((bits & kHasCategories) != 0) Write(writer, event.page_categories);
  if ((bits & kHasOrder) != 0) writer.String(event.order_id);
  if ((bits & kHasRevenue) != 0) Write(writer, *event.revenue);
  if ((bits & kHasPlacement) != 0) writer.String(event.placement);
  if ((bits & kHasToken) != 0) writer.String(event.attribution_token);
  if ((bits & kHasPrices) == 0) return;
  for (const EventItem& item : event.items) Write(writer, item.unit_price);
}

// REQUIRES: event.items has its final size
void ReadDetails(ByteReader& reader, Event& event) {
  const std::uint64_t bits = reader.Unsigned();
  if ((bits & kHasEventId) != 0) event.event_id = reader.String();
  if ((bits & kHasSession) != 0) event.session_id = reader.String();
  if ((bits & kHasQuery) != 0) event.search_query = reader.String();
  if ((bits & kHasCategories) != 0) event.page_categories = ReadTexts(reader);
  if ((bits & kHasOrder) != 0) event.order_id = reader.String();
  if ((bits & kHasRevenue) != 0) event.revenue = ReadMoney(reader);
  if ((bits & kHasPlacement) != 0) event.placement = reader.String();
  if ((bits & kHasToken) != 0) event.attribution_token = reader.String();
  if ((bits & kHasPrices) == 0) return;
  for (EventItem& item : event.items) item.unit_price = ReadOptionalMoney(reader);
}

void WriteItem(ByteWriter& writer, const Item& item) {
  writer.String(item.primary_item_id);
  writer.String(item.title);
  writer.String(item.description);
  Write(writer, item.categories);
  writer.String(item.brand);
  Write(writer, item.price);
  writer.Unsigned(static_cast<std::uint64_t>(item.availability));
  writer.Unsigned(item.stock.has_value() ? 1 : 0);
  if (item.stock.has_value()) writer.Signed(*item.stock);
  Write(writer, item.tags);
  Write(writer, item.image_uris);
  WriteAttributes(writer, item.attributes);
  writer.Signed(item.publish_time_us);
}

Item ReadItem(ByteReader& reader, const std::string& id) {
  Item item;
  item.id = id;
  item.primary_item_id = reader.String();
  item.title = reader.String();
  item.description = reader.String();
  item.categories = ReadTexts(reader);
  item.brand = reader.String();
  item.price = ReadOptionalMoney(reader);
  item.availability = static_cast<Availability>(reader.Unsigned());
  if (reader.Unsigned() != 0) item.stock = reader.Signed();
  item.tags = ReadTexts(reader);
  item.image_uris = ReadTexts(reader);
  item.attributes = ReadAttributes(reader);
  item.publish_time_us = reader.Signed();
  return item;
}

template <typename T>
std::string BigEndian(T number) {
  std::string key(sizeof number, '\0');
  for (std::size_t i = sizeof number; i-- > 0; number = static_cast<T>(number >> 8)) {
    key[i] = static_cast<char>(number & 0xFF);
  }
  return key;
}

std::uint64_t ParseBigEndian(std::string_view key) {
  std::uint64_t number = 0;
  for (const char byte : key) number = number << 8 | static_cast<unsigned char>(byte);
  return number;
}

}  // namespace

void WriteAttributes(ByteWriter& writer, const std::map<std::string, AttributeValue>& attributes) {
  writer.Unsigned(attributes.size());
  for (const auto& [name, value] : attributes) {
    writer.String(name);
    writer.Unsigned(value.index());
    if (const auto* text = std::get_if<std::string>(&value)) {
      writer.String(*text);
    } else {
      writer.Double(std::get<double>(value));
    }
  }
}

std::string EncodeLogRecord(const LogHead& head, const Event& event) {
  ByteWriter writer;
  WriteHead(writer, head);
  WriteDetails(writer, event);
  return writer.Take();
}

absl::StatusOr<LogHead> DecodeLogHead(std::string_view bytes) {
  LogHead head;
  VITRINE_RETURN_IF_ERROR(DecodeLogHead(bytes, head));
  return head;
}

absl::Status DecodeLogHead(std::string_view bytes, LogHead& head) {
  ByteReader reader(bytes);
  return ReadHead(reader, head);
}

absl::StatusOr<LogRecord> DecodeLogRecord(std::string_view bytes) {
  ByteReader reader(bytes);
  LogHead head;
  VITRINE_RETURN_IF_ERROR(ReadHead(reader, head));
  Event event{.type = head.type, .time_us = head.time_us, .rating = head.rating};
  event.items.resize(head.items.size());
  for (std::size_t i = 0; i < head.items.size(); ++i) {
    event.items[i].quantity = head.items[i].quantity;
  }
  ReadDetails(reader, event);
  VITRINE_RETURN_IF_ERROR(reader.Finish("an event"));
  return LogRecord{.head = std::move(head), .event = std::move(event)};
}

std::string EncodeEventContent(const Event& event) {
  ByteWriter writer;
  writer.Unsigned(static_cast<std::uint64_t>(event.type));
  writer.String(event.user_id);
  writer.String(event.visitor_id);
  writer.Signed(event.time_us);
  writer.Unsigned(event.rating.has_value() ? 1 : 0);
  if (event.rating.has_value()) writer.Double(*event.rating);
  writer.Unsigned(event.items.size());
  for (const EventItem& item : event.items) {
    writer.String(item.item_id);
    writer.Unsigned(item.quantity);
  }
  WriteDetails(writer, event);
  return writer.Take();
}

std::string EncodeItemRow(const ItemRow& row) {
  ByteWriter writer;
  writer.Unsigned(kItemVersion);
  writer.String(row.id);
  writer.Unsigned(row.item != nullptr ? 1 : 0);
  if (row.item != nullptr) WriteItem(writer, *row.item);
  return writer.Take();
}

absl::StatusOr<ItemRow> DecodeItemRow(std::string_view bytes) {
  ByteReader reader(bytes);
  VITRINE_RETURN_IF_ERROR(ReadVersion(reader, "an item", kItemVersion).status());
  ItemRow row{.id = reader.String()};
  if (reader.Unsigned() != 0) row.item = std::make_shared<const Item>(ReadItem(reader, row.id));
  VITRINE_RETURN_IF_ERROR(reader.Finish("an item"));
  return row;
}

std::string EncodeShopperRow(const ShopperRow& row) {
  ByteWriter writer;
  writer.Unsigned(kShopperVersion);
  writer.Unsigned(static_cast<std::uint64_t>(row.kind));
  writer.String(row.id);
  WriteIndex(writer, row.merged_into);
  if (row.merged_into.has_value()) writer.Signed(row.merged_at_us);
  writer.Unsigned(row.profile != nullptr ? 1 : 0);
  if (row.profile != nullptr) WriteAttributes(writer, row.profile->attributes);
  return writer.Take();
}

absl::StatusOr<ShopperRow> DecodeShopperRow(std::string_view bytes) {
  ByteReader reader(bytes);
  VITRINE_ASSIGN_OR_RETURN(const std::uint64_t version,
                           ReadVersion(reader, "a shopper", kShopperVersion));
  ShopperRow row;
  row.kind = static_cast<ShopperKind>(reader.Unsigned());
  row.id = reader.String();
  row.merged_into = ReadIndex(reader);
  if (version >= 2 && row.merged_into.has_value()) row.merged_at_us = reader.Signed();
  if (reader.Unsigned() != 0) {
    row.profile = std::make_shared<const User>(User{row.id, ReadAttributes(reader)});
  }
  VITRINE_RETURN_IF_ERROR(reader.Finish("a shopper"));
  return row;
}

std::string EncodeEventIdRow(const EventIdRow& row) {
  ByteWriter writer;
  writer.Unsigned(kEventIdVersion);
  writer.Unsigned(row.offset);
  writer.Fixed64(row.content_hash);
  return writer.Take();
}

absl::StatusOr<EventIdRow> DecodeEventIdRow(std::string_view bytes) {
  ByteReader reader(bytes);
  VITRINE_RETURN_IF_ERROR(ReadVersion(reader, "an event id", kEventIdVersion).status());
  EventIdRow row;
  row.offset = reader.Unsigned();
  row.content_hash = reader.Fixed64();
  VITRINE_RETURN_IF_ERROR(reader.Finish("an event id"));
  return row;
}

std::string EncodeStoreState(const StoreState& state) {
  ByteWriter writer;
  writer.Unsigned(kStateVersion);
  writer.Unsigned(state.sequence);
  writer.Unsigned(state.next_offset);
  writer.Unsigned(state.num_events);
  writer.Unsigned(state.next_item);
  writer.Unsigned(state.next_shopper);
  writer.Signed(state.last_arrival_us);
  return writer.Take();
}

absl::StatusOr<StoreState> DecodeStoreState(std::string_view bytes) {
  ByteReader reader(bytes);
  VITRINE_ASSIGN_OR_RETURN(const std::uint64_t version,
                           ReadVersion(reader, "the store's state", kStateVersion));
  StoreState state;
  state.sequence = reader.Unsigned();
  state.next_offset = reader.Unsigned();
  state.num_events = reader.Unsigned();
  state.next_item = static_cast<std::uint32_t>(reader.Unsigned());
  state.next_shopper = static_cast<std::uint32_t>(reader.Unsigned());
  if (version >= 2) state.last_arrival_us = reader.Signed();
  VITRINE_RETURN_IF_ERROR(reader.Finish("the store's state"));
  return state;
}

std::string EncodeStoreFormat(std::uint64_t format) {
  ByteWriter writer;
  writer.Unsigned(format);
  return writer.Take();
}

std::string OffsetKey(std::uint64_t offset) { return BigEndian(offset); }
std::string IndexKey(std::uint32_t index) { return BigEndian(index); }
std::uint64_t ParseOffsetKey(std::string_view key) { return ParseBigEndian(key); }
std::uint32_t ParseIndexKey(std::string_view key) {
  return static_cast<std::uint32_t>(ParseBigEndian(key));
}

}  // namespace vitrine
