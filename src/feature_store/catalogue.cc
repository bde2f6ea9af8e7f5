#include "vitrine/feature_store/catalogue.h"

#include <algorithm>
#include <cassert>
#include <mutex>
#include <utility>

#include "feature_store/catalogue_state.h"
#include "feature_store/store_codec.h"
#include "vitrine/base/bytes.h"

namespace vitrine {
namespace {

// All that a model of content reads: neither price and stock nor pictures and times.
std::uint64_t ContentOf(const Item* item) {
  if (item == nullptr) return 0;
  auto content = std::make_shared<Item>();
  content->primary_item_id = item->primary_item_id;
  content->title = item->title;
  content->description = item->description;
  content->categories = item->categories;
  content->brand = item->brand;
  content->tags = item->tags;
  content->attributes = item->attributes;
  return Checksum(EncodeItemRow({.id = item->id, .item = std::move(content)}));
}

}  // namespace

Catalogue::Catalogue() : state_(std::make_unique<State>()) {}
Catalogue::~Catalogue() = default;

std::optional<ItemIndex> Catalogue::Find(std::string_view id) const {
  std::shared_lock lock(state_->mutex);
  return state_->Find(id);
}

std::vector<std::optional<ItemIndex>> Catalogue::FindEach(std::span<const std::string> ids) const {
  std::vector<std::optional<ItemIndex>> found;
  found.reserve(ids.size());
  std::shared_lock lock(state_->mutex);
  for (const std::string& id : ids) found.push_back(state_->Find(id));
  return found;
}

std::string Catalogue::Id(ItemIndex index) const {
  std::shared_lock lock(state_->mutex);
  assert(Row(index) < state_->entries.size());
  return state_->entries[Row(index)].id;
}

std::shared_ptr<const Item> Catalogue::Get(ItemIndex index) const {
  std::shared_lock lock(state_->mutex);
  return Row(index) < state_->entries.size() ? state_->entries[Row(index)].item : nullptr;
}

std::vector<Catalogue::Entry> Catalogue::GetEach(std::span<const ItemIndex> indices) const {
  std::vector<Entry> entries;
  entries.reserve(indices.size());
  std::shared_lock lock(state_->mutex);
  for (const ItemIndex index : indices) {
    assert(Row(index) < state_->entries.size());
    const State::Entry& entry = state_->entries[Row(index)];
    entries.push_back({entry.id, entry.item});
  }
  return entries;
}

std::size_t Catalogue::num_indices() const {
  std::shared_lock lock(state_->mutex);
  return state_->entries.size();
}

std::size_t Catalogue::num_items() const {
  std::shared_lock lock(state_->mutex);
  return state_->num_items;
}

std::shared_ptr<const ItemBitmap> Catalogue::Servable(Micros now) const {
  {
    std::shared_lock lock(state_->mutex);
    const auto& unpublished = state_->unpublished;
    const bool is_current =
        now >= state_->servable_at && (unpublished.empty() || now < unpublished.begin()->first);
    if (state_->servable != nullptr && is_current) return state_->servable;
  }
  std::unique_lock lock(state_->mutex);
  if (now < state_->servable_at) {  // Back in time: a question of tests and evaluation.
    ItemBitmap bits(state_->entries.size());
    for (std::size_t row = 0; row < state_->entries.size(); ++row) {
      const Item* item = state_->entries[row].item.get();
      if (item != nullptr && IsServable(*item, now)) {
        bits.Insert(ItemIndex{static_cast<std::uint32_t>(row)});
      }
    }
    return std::make_shared<const ItemBitmap>(std::move(bits));
  }
  state_->Advance(now);
  if (state_->servable == nullptr) {
    state_->servable = std::make_shared<const ItemBitmap>(state_->servable_bits);
  }
  return state_->servable;
}

ItemIndex Catalogue::Primary(ItemIndex index) const {
  std::shared_lock lock(state_->mutex);
  return Row(index) < state_->entries.size() ? state_->entries[Row(index)].primary : index;
}

std::uint32_t Catalogue::content_fingerprint() const {
  std::shared_lock lock(state_->mutex);
  const auto folded = static_cast<std::uint32_t>(state_->content ^ (state_->content >> 32));
  return std::max<std::uint32_t>(folded, 1);
}

Catalogue::Changes Catalogue::ChangesSince(std::uint64_t version) const {
  std::shared_lock lock(state_->mutex);
  const std::vector<ItemIndex>& kept = state_->changed;
  const std::uint64_t now = state_->num_forgotten_changes + kept.size();
  if (version < state_->num_forgotten_changes || version > now) return {.version = now};
  const auto begin =
      kept.begin() + static_cast<std::ptrdiff_t>(version - state_->num_forgotten_changes);
  return {.version = now, .items = std::vector<ItemIndex>(begin, kept.end())};
}

bool Catalogue::Visit(ItemIndex first, std::size_t limit,
                      const std::function<void(ItemIndex, const Item&)>& visit) const {
  std::shared_lock lock(state_->mutex);
  const std::size_t num_indices = state_->entries.size();
  const std::size_t end = std::min(Row(first) + limit, num_indices);
  for (std::size_t row = Row(first); row < end; ++row) {
    const Item* item = state_->entries[row].item.get();
    if (item != nullptr) visit(ItemIndex{static_cast<std::uint32_t>(row)}, *item);
  }
  return end < num_indices;
}

std::vector<std::shared_ptr<const Item>> Catalogue::List(ItemIndex first, std::size_t limit) const {
  std::vector<std::shared_ptr<const Item>> items;
  std::shared_lock lock(state_->mutex);
  for (std::size_t row = Row(first); row < state_->entries.size() && items.size() < limit; ++row) {
    if (state_->entries[row].item != nullptr) items.push_back(state_->entries[row].item);
  }
  return items;
}

void Catalogue::State::Apply(const CatalogueChanges& changes) {
  if (changes.new_ids.empty() && changes.items.empty()) return;
  std::vector<std::uint64_t> contents;
  contents.reserve(changes.items.size());
  for (const auto& [index, item] : changes.items) contents.push_back(ContentOf(item.get()));
  std::unique_lock lock(mutex);
  for (const std::string& id : changes.new_ids) {
    const ItemIndex index{static_cast<std::uint32_t>(entries.size())};
    entries.push_back({.id = id, .primary = index});
    index_of.emplace(id, index);
  }
  for (std::size_t i = 0; i < changes.items.size(); ++i) {
    Set(changes.items[i].first, changes.items[i].second, contents[i]);
  }
}

void Catalogue::State::Set(ItemIndex index, std::shared_ptr<const Item> item,
                           std::uint64_t item_content) {
  Entry& entry = entries[Row(index)];
  content += item_content - entry.content;
  entry.content = item_content;
  if (entry.item != nullptr) --num_items;
  if (item != nullptr) ++num_items;
  entry.item = std::move(item);
  entry.primary = index;
  if (entry.item != nullptr && !entry.item->primary_item_id.empty()) {
    const auto primary = index_of.find(entry.item->primary_item_id);
    if (primary != index_of.end()) entry.primary = primary->second;
  }
  NoteChange(index);
  SetServable(index);
}

void Catalogue::State::NoteChange(ItemIndex index) {
  if (changed.size() == 2 * kKeptChanges) {
    changed.erase(changed.begin(), changed.begin() + static_cast<std::ptrdiff_t>(kKeptChanges));
    num_forgotten_changes += kKeptChanges;
  }
  changed.push_back(index);
}

void Catalogue::State::SetServable(ItemIndex index) {
  const Item* item = entries[Row(index)].item.get();
  const bool is_servable = item != nullptr && IsServable(*item, servable_at);
  if (item != nullptr && item->publish_time_us > servable_at) {
    unpublished.emplace(item->publish_time_us, index);  // A set: no repeats.
  }
  servable.reset();
  if (is_servable) {
    servable_bits.Insert(index);
  } else if (Row(index) < servable_bits.size()) {
    servable_bits.Erase(index);
  }
}

void Catalogue::State::Advance(Micros now) {
  servable_at = std::max(servable_at, now);
  while (!unpublished.empty() && unpublished.begin()->first <= servable_at) {
    const ItemIndex index = unpublished.begin()->second;
    unpublished.erase(unpublished.begin());
    SetServable(index);  // As the item is now: it may have changed since it was noted.
  }
}

}  // namespace vitrine
