#include "feature_store/draft.h"

#include <algorithm>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/cord.h"
#include "absl/strings/str_format.h"
#include "vitrine/base/bytes.h"
#include "vitrine/base/status_macros.h"

namespace vitrine {
namespace {

std::string NameKey(ShopperKind kind, std::string_view id) {
  std::string key(1, static_cast<char>(kind));
  key.append(id);
  return key;
}

}  // namespace

absl::Status RefusedBecause(const char* reason, const std::string& message) {
  absl::Status status = absl::FailedPreconditionError(message);
  status.SetPayload(kReasonPayload, absl::Cord(reason));
  return status;
}

absl::Status ErasedError() {
  return RefusedBecause(kReasonUserErased, "the shopper was erased and may not come back");
}

absl::StatusOr<WriteResult> Draft::Stage(const Mutation& mutation, Micros now) {
  now_ = now;
  has_changed_ = false;
  auto result = std::visit([this](const auto& one) { return Decide(one); }, mutation);
  if (!result.ok()) return result;
  if (has_changed_) ++state_.sequence;
  result->sequence = state_.sequence;
  return result;
}

Batch Draft::TakeBatch() {
  if (!batch_.empty()) batch_.Put(Table::kMeta, std::string(kStateRow), EncodeStoreState(state_));
  return std::exchange(batch_, Batch());
}

absl::StatusOr<WriteResult> Draft::Decide(const RecordEvents& mutation) {
  WriteResult result;
  EventIds own_ids;
  std::vector<Decision> decisions;
  for (const Event& event : mutation.events) {
    VITRINE_ASSIGN_OR_RETURN(Decision decision, DecideEvent(event, own_ids));
    result.outcomes.push_back(decision.outcome);
    decisions.push_back(std::move(decision));
  }
  // Nothing can be refused from here on.
  for (std::size_t i = 0; i < mutation.events.size(); ++i) {
    if (result.outcomes[i] == EventOutcome::kRecorded) AddEvent(mutation.events[i], decisions[i]);
  }
  event_ids_.merge(own_ids);
  return result;
}

absl::StatusOr<Draft::Decision> Draft::DecideEvent(const Event& event, EventIds& own_ids) const {
  if (IsErased(ShopperKind::kUser, event.user_id) ||
      IsErased(ShopperKind::kVisitor, event.visitor_id)) {
    return Decision{.outcome = EventOutcome::kErased};
  }
  if (event.event_id.empty()) return Decision();
  Decision decision{.id_key = base_.key.EventIdKey(event.event_id),
                    .content_hash = Checksum(EncodeEventContent(event))};
  VITRINE_ASSIGN_OR_RETURN(const auto known, KnownContent(decision.id_key, own_ids));
  if (!known.has_value()) {
    own_ids.emplace(decision.id_key, decision.content_hash);
    return decision;
  }
  decision.outcome = EventOutcome::kDuplicate;
  if (*known == decision.content_hash) return decision;
  return absl::AlreadyExistsError(absl::StrFormat(
      "event_id '%s' is known with other content: send a corrected event under an id of its own",
      event.event_id));
}

absl::StatusOr<std::optional<std::uint64_t>> Draft::KnownContent(const std::string& id_key,
                                                                 const EventIds& own_ids) const {
  for (const EventIds* ids : {&own_ids, &event_ids_}) {
    const auto found = ids->find(id_key);
    if (found != ids->end()) return found->second;
  }
  VITRINE_ASSIGN_OR_RETURN(const auto stored, base_.storage.Get(Table::kEventIds, id_key));
  if (!stored.has_value()) return std::nullopt;
  VITRINE_ASSIGN_OR_RETURN(const EventIdRow row, DecodeEventIdRow(*stored));
  return row.content_hash;
}

Micros Draft::Arrive() {
  state_.last_arrival_us = std::max(state_.last_arrival_us, now_);
  return state_.last_arrival_us;
}

void Draft::AddEvent(const Event& event, const Decision& decision) {
  LogHead head{.type = event.type,
               .time_us = event.time_us != 0 ? event.time_us : now_,
               .arrival_us = Arrive(),
               .rating = event.rating};
  if (!event.user_id.empty()) head.user = FindOrAddShopper(ShopperKind::kUser, event.user_id);
  if (!event.visitor_id.empty()) {
    head.visitor = FindOrAddShopper(ShopperKind::kVisitor, event.visitor_id);
  }
  for (const EventItem& item : event.items) {
    head.items.push_back({.item = FindOrAddItem(item.item_id), .quantity = item.quantity});
  }
  const std::uint64_t offset = state_.next_offset++;
  ++state_.num_events;
  has_changed_ = true;
  batch_.Put(Table::kLog, OffsetKey(offset), EncodeLogRecord(head, event));
  if (!decision.id_key.empty()) {
    const EventIdRow row{.offset = offset, .content_hash = decision.content_hash};
    batch_.Put(Table::kEventIds, decision.id_key, EncodeEventIdRow(row));
  }
  const UserIndex shopper = GetShopper(head.shopper()).merged_into.value_or(head.shopper());
  EventDetails details = DetailsOf(event, head.time_us);
  changes_.steps.push_back(StoreChanges::AddEvent{.offset = offset,
                                                  .shopper = shopper,
                                                  .head = std::move(head),
                                                  .details = std::move(details)});
}

absl::StatusOr<WriteResult> Draft::Decide(const UpsertItems& mutation) {
  for (const Item& item : mutation.items) StoreItem(item);
  return WriteResult{.num_changed = mutation.items.size()};
}

absl::StatusOr<WriteResult> Draft::Decide(const DeleteItems& mutation) {
  WriteResult result;
  for (const std::string& id : mutation.ids) {
    const auto index = FindItem(id);
    if (!index.has_value() || GetItem(*index) == nullptr) {
      ++result.num_unknown;
      continue;
    }
    SetItem(*index, nullptr);
    ++result.num_removed;
  }
  return result;
}

absl::StatusOr<WriteResult> Draft::Decide(const ReplaceCatalogue& mutation) {
  WriteResult result;
  std::unordered_set<std::uint32_t> kept;
  for (const Item& item : mutation.items) {
    StoreItem(item);
    if (kept.insert(static_cast<std::uint32_t>(Row(*FindItem(item.id)))).second) {
      ++result.num_changed;
    }
  }
  for (std::uint32_t row = 0; row < state_.next_item; ++row) {
    if (kept.contains(row) || GetItem(ItemIndex{row}) == nullptr) continue;
    SetItem(ItemIndex{row}, nullptr);
    ++result.num_removed;
  }
  return result;
}

absl::StatusOr<WriteResult> Draft::Decide(const UpdateInventory& mutation) {
  for (const UpdateInventory::Change& change : mutation.changes) {
    const auto index = FindItem(change.id);
    if (!index.has_value() || GetItem(*index) == nullptr) {
      return absl::NotFoundError(absl::StrFormat("there is no item '%s'", change.id));
    }
  }
  for (const UpdateInventory::Change& change : mutation.changes) {
    Item item = *GetItem(*FindItem(change.id));
    if (change.stock.has_value()) item.stock = change.stock;
    if (change.price.has_value()) item.price = change.price;
    if (change.availability.has_value()) item.availability = *change.availability;
    StoreItem(item);
  }
  return WriteResult{.num_changed = mutation.changes.size()};
}

absl::StatusOr<WriteResult> Draft::Decide(const UpsertUsers& mutation) {
  for (const User& user : mutation.users) {
    if (IsErased(ShopperKind::kUser, user.id)) return ErasedError();
  }
  for (const User& user : mutation.users) {
    const UserIndex index = FindOrAddShopper(ShopperKind::kUser, user.id);
    ShopperRow row = GetShopper(index);
    if (row.profile != nullptr && *row.profile == user) continue;
    row.profile = std::make_shared<const User>(user);
    SetShopper(index, row);
  }
  return WriteResult{.num_changed = mutation.users.size()};
}

absl::StatusOr<WriteResult> Draft::Decide(const MergeUsers& mutation) {
  if (IsErased(ShopperKind::kUser, mutation.user_id) ||
      IsErased(ShopperKind::kVisitor, mutation.visitor_id)) {
    return ErasedError();
  }
  const auto visitor = FindShopper(ShopperKind::kVisitor, mutation.visitor_id);
  const auto user = FindShopper(ShopperKind::kUser, mutation.user_id);
  if (visitor.has_value()) {
    const auto merged_into = GetShopper(*visitor).merged_into;
    if (merged_into.has_value() && merged_into == user) return WriteResult();  // A repeat.
    if (merged_into.has_value()) {
      return RefusedBecause(kReasonVisitorTaken, "the visitor belongs to another user already");
    }
  }
  const UserIndex from = FindOrAddShopper(ShopperKind::kVisitor, mutation.visitor_id);
  const UserIndex into = FindOrAddShopper(ShopperKind::kUser, mutation.user_id);
  ShopperRow row = GetShopper(from);
  row.merged_into = into;
  row.merged_at_us = Arrive();
  WriteShopper(from, row);
  changes_.steps.push_back(StoreChanges::Merge{.from = from, .row = row});
  return WriteResult{.num_changed = 1};
}

absl::StatusOr<WriteResult> Draft::Decide(const EraseUser&) {
  return absl::InternalError("an erasure is no part of a draft");
}

absl::StatusOr<WriteResult> Draft::Decide(const ForgetOldEvents&) {
  return absl::InternalError("forgetting is no part of a draft");
}

bool Draft::IsErased(ShopperKind kind, std::string_view id) const {
  if (id.empty() || base_.tombstones.empty() || FindShopper(kind, id).has_value()) return false;
  return base_.tombstones.contains(base_.key.Tombstone(kind, id));
}

std::optional<UserIndex> Draft::FindShopper(ShopperKind kind, std::string_view id) const {
  const auto found = new_shoppers_.find(NameKey(kind, id));
  return found != new_shoppers_.end() ? found->second : base_.views.shoppers().Find(kind, id);
}

UserIndex Draft::FindOrAddShopper(ShopperKind kind, std::string_view id) {
  if (const auto found = FindShopper(kind, id)) return *found;
  const UserIndex index{state_.next_shopper++};
  new_shoppers_.emplace(NameKey(kind, id), index);
  SetShopper(index, {.kind = kind, .id = std::string(id)});
  return index;
}

ShopperRow Draft::GetShopper(UserIndex index) const {
  const auto found = shopper_rows_.find(static_cast<std::uint32_t>(Row(index)));
  if (found != shopper_rows_.end()) return found->second;
  return base_.views.shoppers().Row(index).value_or(ShopperRow());
}

void Draft::WriteShopper(UserIndex index, const ShopperRow& row) {
  const auto number = static_cast<std::uint32_t>(Row(index));
  shopper_rows_[number] = row;
  has_changed_ = true;
  batch_.Put(Table::kShoppers, IndexKey(number), EncodeShopperRow(row));
}

void Draft::SetShopper(UserIndex index, const ShopperRow& row) {
  WriteShopper(index, row);
  changes_.steps.push_back(StoreChanges::SetRow{.index = index, .row = row});
}

std::optional<ItemIndex> Draft::FindItem(const std::string& id) const {
  const auto found = new_items_.find(id);
  return found != new_items_.end() ? found->second : base_.views.catalogue().Find(id);
}

ItemIndex Draft::FindOrAddItem(const std::string& id) {
  if (const auto found = FindItem(id)) return *found;
  const std::uint32_t number = state_.next_item++;
  const ItemIndex index{number};
  new_items_.emplace(id, index);
  has_changed_ = true;
  batch_.Put(Table::kItems, IndexKey(number), EncodeItemRow({.id = id}));
  changes_.catalogue.new_ids.push_back(id);
  return index;
}

std::shared_ptr<const Item> Draft::GetItem(ItemIndex index) const {
  const auto found = items_.find(static_cast<std::uint32_t>(Row(index)));
  return found != items_.end() ? found->second : base_.views.catalogue().Get(index);
}

void Draft::SetItem(ItemIndex index, std::shared_ptr<const Item> item) {
  const auto number = static_cast<std::uint32_t>(Row(index));
  const auto current = GetItem(index);
  const std::string id = item != nullptr ? item->id : current->id;
  items_[number] = item;
  has_changed_ = true;
  batch_.Put(Table::kItems, IndexKey(number), EncodeItemRow({.id = id, .item = item}));
  changes_.catalogue.items.emplace_back(index, std::move(item));
}

void Draft::StoreItem(const Item& item) {
  // The product gets its index even if the shop never describes it: its variants share it.
  if (!item.primary_item_id.empty()) FindOrAddItem(item.primary_item_id);
  const ItemIndex index = FindOrAddItem(item.id);
  const auto current = GetItem(index);
  if (current != nullptr && *current == item) return;
  SetItem(index, std::make_shared<const Item>(item));
}

}  // namespace vitrine
