#include "feature_store/shoppers.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <utility>

#include "vitrine/base/status_macros.h"
#include "vitrine/feature_store/feature_store.h"

namespace vitrine {

class Shoppers::Edit {
 public:
  Edit(Shoppers& shoppers, UserIndex index)
      : shoppers_(shoppers),
        shard_(shoppers.shards_[vitrine::Row(index) % kNumShards]),
        lock_(shard_.mutex) {
    const std::size_t slot = vitrine::Row(index) / kNumShards;
    if (slot >= shard_.shoppers.size()) shard_.shoppers.resize(slot + 1);
    shopper_ = &shard_.shoppers[slot];
    was_known_ = shopper_->IsKnown();
  }
  ~Edit() {
    const bool is_known = shopper_->IsKnown();
    if (is_known && !was_known_) shoppers_.num_known_.fetch_add(1, std::memory_order_relaxed);
    if (!is_known && was_known_) shoppers_.num_known_.fetch_sub(1, std::memory_order_relaxed);
  }
  Edit(const Edit&) = delete;
  Edit& operator=(const Edit&) = delete;

  Shopper* operator->() { return shopper_; }
  Shopper& operator*() { return *shopper_; }

 private:
  Shoppers& shoppers_;
  Shard& shard_;
  const std::lock_guard<std::mutex> lock_;
  Shopper* shopper_ = nullptr;
  bool was_known_ = false;
};

std::string Shoppers::NameKey(ShopperKind kind, std::string_view id) {
  std::string key(1, static_cast<char>(kind));
  key.append(id);
  return key;
}

const Shoppers::Names& Shoppers::NamesOf(const std::string& key) const {
  return names_[std::hash<std::string>()(key) % kNumShards];
}

Shoppers::Names& Shoppers::NamesOf(const std::string& key) {
  return names_[std::hash<std::string>()(key) % kNumShards];
}

const Shoppers::Shard& Shoppers::ShardOf(UserIndex index) const {
  return shards_[vitrine::Row(index) % kNumShards];
}

std::optional<UserIndex> Shoppers::Find(ShopperKind kind, std::string_view id) const {
  const std::string key = NameKey(kind, id);
  const Names& names = NamesOf(key);
  std::lock_guard lock(names.mutex);
  const auto found = names.index_of.find(key);
  if (found == names.index_of.end()) return std::nullopt;
  return found->second;
}

std::optional<ShopperRow> Shoppers::Row(UserIndex index) const {
  const Shard& shard = ShardOf(index);
  const std::size_t slot = vitrine::Row(index) / kNumShards;
  std::lock_guard lock(shard.mutex);
  if (slot >= shard.shoppers.size() || !shard.shoppers[slot].exists) return std::nullopt;
  return shard.shoppers[slot].row;
}

std::optional<UserIndex> Shoppers::Resolve(UserIndex index) const {
  const Shard& shard = ShardOf(index);
  const std::size_t slot = vitrine::Row(index) / kNumShards;
  std::lock_guard lock(shard.mutex);
  if (slot >= shard.shoppers.size() || !shard.shoppers[slot].exists) return std::nullopt;
  return shard.shoppers[slot].row.merged_into.value_or(index);
}

Shoppers::View Shoppers::Read(UserIndex index) const {
  const Shard& shard = ShardOf(index);
  const std::size_t slot = vitrine::Row(index) / kNumShards;
  std::lock_guard lock(shard.mutex);
  if (slot >= shard.shoppers.size()) return {};
  const Shopper& shopper = shard.shoppers[slot];
  return {.history = shopper.past.history,
          .profile = shopper.row.profile,
          .is_known = shopper.IsKnown()};
}

Shoppers::Parts Shoppers::FindParts(const std::string& user_id,
                                    const std::string& visitor_id) const {
  const auto resolve = [this](ShopperKind kind, const std::string& id) -> std::optional<UserIndex> {
    const auto found = id.empty() ? std::nullopt : Find(kind, id);
    return found.has_value() ? Resolve(*found) : std::nullopt;
  };
  Parts parts{.user = resolve(ShopperKind::kUser, user_id),
              .visitor = resolve(ShopperKind::kVisitor, visitor_id)};
  if (parts.visitor == parts.user) parts.visitor.reset();
  return parts;
}

Shoppers::View Shoppers::Read(const Parts& parts) const {
  View view = parts.user.has_value() ? Read(*parts.user) : View();
  if (!parts.visitor.has_value()) return view;
  View other = Read(*parts.visitor);
  view.history = Joined(view.history, other.history);
  view.is_known = view.is_known || other.is_known;
  if (view.profile == nullptr) view.profile = other.profile;
  return view;
}

std::vector<HistoryEntry> Shoppers::ReadShown(UserIndex index) const {
  const Shard& shard = ShardOf(index);
  const std::size_t slot = vitrine::Row(index) / kNumShards;
  std::lock_guard lock(shard.mutex);
  if (slot >= shard.shoppers.size()) return {};
  return shard.shoppers[slot].past.shown;
}

std::vector<HistoryEntry> Shoppers::ReadShown(const Parts& parts) const {
  std::vector<HistoryEntry> shown;
  if (parts.user.has_value()) shown = ReadShown(*parts.user);
  if (parts.visitor.has_value()) shown = Joined(shown, ReadShown(*parts.visitor));
  return shown;
}

std::vector<ItemIndex> Shoppers::ItemsOf(UserIndex index, EventType type) const {
  std::vector<ItemIndex> items;
  {
    const Shard& shard = ShardOf(index);
    const std::size_t slot = vitrine::Row(index) / kNumShards;
    std::lock_guard lock(shard.mutex);
    if (slot >= shard.shoppers.size()) return items;
    for (const HistoryEntry& entry : shard.shoppers[slot].past.history) {
      if (static_cast<EventType>(entry.type) == type) items.push_back(entry.item);
    }
  }
  std::sort(items.begin(), items.end());
  items.erase(std::unique(items.begin(), items.end()), items.end());
  return items;
}

std::vector<UserIndex> Shoppers::VisitorsOf(UserIndex user) const {
  std::vector<UserIndex> visitors;
  for (std::size_t shard = 0; shard < kNumShards; ++shard) {
    std::lock_guard lock(shards_[shard].mutex);
    const auto& shoppers = shards_[shard].shoppers;
    for (std::size_t slot = 0; slot < shoppers.size(); ++slot) {
      if (!shoppers[slot].exists || shoppers[slot].row.merged_into != user) continue;
      visitors.push_back(UserIndex{static_cast<std::uint32_t>(slot * kNumShards + shard)});
    }
  }
  return visitors;
}

std::vector<std::pair<UserIndex, ShopperRow>> Shoppers::MergedRows() const {
  std::vector<std::pair<UserIndex, ShopperRow>> rows;
  for (std::size_t shard = 0; shard < kNumShards; ++shard) {
    std::lock_guard lock(shards_[shard].mutex);
    const auto& shoppers = shards_[shard].shoppers;
    for (std::size_t slot = 0; slot < shoppers.size(); ++slot) {
      const Shopper& shopper = shoppers[slot];
      if (!shopper.exists || !shopper.row.merged_into.has_value()) continue;
      rows.emplace_back(UserIndex{static_cast<std::uint32_t>(slot * kNumShards + shard)},
                        shopper.row);
    }
  }
  return rows;
}

void Shoppers::SetRow(UserIndex index, const ShopperRow& row) {
  {
    Edit shopper(*this, index);
    shopper->row = row;
    shopper->exists = true;
  }
  // Named only once it is there, so that whoever finds the name finds the row.
  const std::string key = NameKey(row.kind, row.id);
  Names& names = NamesOf(key);
  std::lock_guard lock(names.mutex);
  names.index_of[key] = index;
}

void Shoppers::AddEvent(UserIndex index, std::span<const HistoryEntry> entries,
                        std::span<const HistoryEntry> shown) {
  Edit shopper(*this, index);
  shopper->has_events = true;
  std::vector<HistoryEntry>& history = shopper->past.history;
  for (const HistoryEntry& entry : entries) {
    const std::optional<HistoryEntry> out = Insert(history_limit_, entry, history);
    if (items_ != nullptr) items_->NoteInsert(entry, out, history);
  }
  for (const HistoryEntry& entry : shown) Insert(kMaxShownItems, entry, shopper->past.shown);
}

void Shoppers::Prefetch(UserIndex index) const {
  const auto& shoppers = ShardOf(index).shoppers;
  const std::size_t slot = vitrine::Row(index) / kNumShards;
  if (slot >= shoppers.size()) return;
  constexpr std::size_t kLineBytes = 64;
  for (std::size_t byte = 0; byte < sizeof(Shopper); byte += kLineBytes) {
    __builtin_prefetch(reinterpret_cast<const char*>(&shoppers[slot]) + byte, 1);
  }
}

void Shoppers::PrefetchHistory(UserIndex index) const {
  const auto& shoppers = ShardOf(index).shoppers;
  const std::size_t slot = vitrine::Row(index) / kNumShards;
  if (slot >= shoppers.size()) return;
  const auto& history = shoppers[slot].past.history;
  __builtin_prefetch(history.data() + history.size(), 1);
}

void Shoppers::Merge(UserIndex from, UserIndex into) {
  ShopperPast moved;
  bool has_events = false;
  {
    Edit source(*this, from);
    moved = std::exchange(source->past, {});
    has_events = std::exchange(source->has_events, false);
  }
  CountItems(moved.history, {});
  Edit target(*this, into);
  target->has_events = target->has_events || has_events;
  ShopperPast joined = {.history = Joined(moved.history, target->past.history),
                        .shown = Joined(moved.shown, target->past.shown)};
  SortAndTrim(joined);
  CountItems(target->past.history, joined.history);
  target->past = std::move(joined);
}

void Shoppers::Erase(UserIndex index) {
  std::string key;
  {
    Edit shopper(*this, index);
    key = NameKey(shopper->row.kind, shopper->row.id);
    CountItems(shopper->past.history, {});
    *shopper = Shopper();
  }
  Names& names = NamesOf(key);
  std::lock_guard lock(names.mutex);
  names.index_of.erase(key);
}

void Shoppers::AddToPast(const LogHead& head, std::uint64_t offset, const EventWeights& weights,
                         ShopperPast& past) const {
  std::vector<HistoryEntry> entries;
  AppendEntries(head, offset, weights, entries);
  for (const HistoryEntry& entry : entries) Insert(history_limit_, entry, past.history);
  entries.clear();
  AppendShown(head, offset, entries);
  for (const HistoryEntry& entry : entries) Insert(kMaxShownItems, entry, past.shown);
}

void Shoppers::SetPast(UserIndex index, ShopperPast past, bool has_events) {
  SortAndTrim(past);
  Edit shopper(*this, index);
  CountItems(shopper->past.history, past.history);
  shopper->past = std::move(past);
  shopper->has_events = has_events;
}

void Shoppers::WriteShard(std::size_t shard, std::uint64_t end, ByteWriter& writer) const {
  std::lock_guard lock(shards_[shard].mutex);
  const auto& shoppers = shards_[shard].shoppers;
  const auto has_something = [](const Shopper& shopper) {
    return shopper.exists && shopper.has_events;
  };
  writer.Unsigned(
      static_cast<std::uint64_t>(std::count_if(shoppers.begin(), shoppers.end(), has_something)));
  for (std::size_t slot = 0; slot < shoppers.size(); ++slot) {
    if (!has_something(shoppers[slot])) continue;
    writer.Unsigned(slot * kNumShards + shard);
    WriteEntries(writer, BeforeOffset(end, shoppers[slot].past.history));
    WriteEntries(writer, BeforeOffset(end, shoppers[slot].past.shown));
  }
}

absl::Status Shoppers::ReadShard(ByteReader& reader) {
  const std::size_t count = reader.Count(3);
  for (std::size_t i = 0; i < count; ++i) {
    const UserIndex index{static_cast<std::uint32_t>(reader.Unsigned())};
    ShopperPast past;
    past.history = ReadEntries(reader);
    past.shown = ReadEntries(reader);
    VITRINE_RETURN_IF_ERROR(reader.status("a checkpoint"));
    if (!Row(index).has_value()) continue;
    SetPast(index, std::move(past), /*has_events=*/true);
  }
  return absl::OkStatus();
}

void Shoppers::MoveMerged() {
  std::vector<std::pair<UserIndex, UserIndex>> moves;
  for (std::size_t shard = 0; shard < kNumShards; ++shard) {
    std::lock_guard lock(shards_[shard].mutex);
    const auto& shoppers = shards_[shard].shoppers;
    for (std::size_t slot = 0; slot < shoppers.size(); ++slot) {
      if (!shoppers[slot].has_events || !shoppers[slot].row.merged_into.has_value()) continue;
      moves.emplace_back(UserIndex{static_cast<std::uint32_t>(slot * kNumShards + shard)},
                         *shoppers[slot].row.merged_into);
    }
  }
  for (const auto& [from, into] : moves) Merge(from, into);
}

void Shoppers::SortAndTrim(ShopperPast& past) const {
  std::stable_sort(past.history.begin(), past.history.end(), IsBefore);
  std::stable_sort(past.shown.begin(), past.shown.end(), IsBefore);
  TrimTo(history_limit_, past.history);
  TrimTo(kMaxShownItems, past.shown);
}

void Shoppers::CountItems(std::span<const HistoryEntry> before,
                          std::span<const HistoryEntry> after) {
  if (items_ != nullptr) items_->Replace(before, after);
}

}  // namespace vitrine
