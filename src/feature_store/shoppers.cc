#include "feature_store/shoppers.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <utility>

#include "vitrine/base/status_macros.h"

namespace vitrine {
namespace {

void WriteHistory(ByteWriter& writer, std::span<const HistoryEntry> history) {
  writer.Unsigned(history.size());
  HistoryEntry before;
  for (const HistoryEntry& entry : history) {
    writer.Signed(entry.time_us - before.time_us);
    writer.Signed(static_cast<std::int64_t>(entry.offset) -
                  static_cast<std::int64_t>(before.offset));
    writer.Unsigned(entry.type);
    writer.Unsigned(Row(entry.item));
    writer.Float(entry.value);
    before = entry;
  }
}

std::vector<HistoryEntry> ReadHistory(ByteReader& reader) {
  std::vector<HistoryEntry> history(reader.Count(8));
  HistoryEntry before;
  for (HistoryEntry& entry : history) {
    entry.time_us = before.time_us + reader.Signed();
    entry.offset =
        static_cast<std::uint64_t>(static_cast<std::int64_t>(before.offset) + reader.Signed()) &
        ((1ULL << 56) - 1);
    entry.type = reader.Unsigned() & 0xFF;
    entry.item = ItemIndex{static_cast<std::uint32_t>(reader.Unsigned())};
    entry.value = reader.Float();
    before = entry;
  }
  return history;
}

}  // namespace

bool IsBefore(const HistoryEntry& a, const HistoryEntry& b) {
  if (a.time_us != b.time_us) return a.time_us < b.time_us;
  return a.offset < b.offset;
}

std::vector<HistoryEntry> ToEntries(const LogHead& head, std::uint64_t offset,
                                    const EventWeights& weights) {
  std::vector<HistoryEntry> entries;
  AppendEntries(head, offset, weights, entries);
  return entries;
}

void AppendEntries(const LogHead& head, std::uint64_t offset, const EventWeights& weights,
                   std::vector<HistoryEntry>& entries) {
  if (!weights.AreInteractions(head.type)) return;
  for (const LogHead::Touch& touch : head.items) {
    HistoryEntry& entry = entries.emplace_back();
    entry.time_us = head.time_us;
    entry.offset = offset & ((1ULL << 56) - 1);
    entry.type = static_cast<std::uint64_t>(head.type) & 0xFF;
    entry.item = touch.item;
    entry.value = head.Value(touch);
  }
}

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
  return {
      .history = shopper.history, .profile = shopper.row.profile, .is_known = shopper.IsKnown()};
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
  std::vector<HistoryEntry> joined;
  joined.reserve(view.history.size() + other.history.size());
  std::merge(view.history.begin(), view.history.end(), other.history.begin(), other.history.end(),
             std::back_inserter(joined), IsBefore);
  view.history = std::move(joined);
  view.is_known = view.is_known || other.is_known;
  if (view.profile == nullptr) view.profile = other.profile;
  return view;
}

std::vector<ItemIndex> Shoppers::ItemsOf(UserIndex index, EventType type) const {
  std::vector<ItemIndex> items;
  {
    const Shard& shard = ShardOf(index);
    const std::size_t slot = vitrine::Row(index) / kNumShards;
    std::lock_guard lock(shard.mutex);
    if (slot >= shard.shoppers.size()) return items;
    for (const HistoryEntry& entry : shard.shoppers[slot].history) {
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

void Shoppers::AddEvent(UserIndex index, std::span<const HistoryEntry> entries) {
  Edit shopper(*this, index);
  shopper->has_events = true;
  for (const HistoryEntry& entry : entries) Insert(shopper->history, entry);
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
  const auto& history = shoppers[slot].history;
  __builtin_prefetch(history.data() + history.size(), 1);
}

void Shoppers::Merge(UserIndex from, UserIndex into) {
  std::vector<HistoryEntry> moved;
  bool has_events = false;
  {
    Edit source(*this, from);
    moved = std::exchange(source->history, {});
    has_events = std::exchange(source->has_events, false);
  }
  Edit target(*this, into);
  target->has_events = target->has_events || has_events;
  std::vector<HistoryEntry> merged;
  merged.reserve(moved.size() + target->history.size());
  std::merge(moved.begin(), moved.end(), target->history.begin(), target->history.end(),
             std::back_inserter(merged), IsBefore);
  Trim(merged);
  target->history = std::move(merged);
}

void Shoppers::Erase(UserIndex index) {
  std::string key;
  {
    Edit shopper(*this, index);
    key = NameKey(shopper->row.kind, shopper->row.id);
    *shopper = Shopper();
  }
  Names& names = NamesOf(key);
  std::lock_guard lock(names.mutex);
  names.index_of.erase(key);
}

void Shoppers::SetHistory(UserIndex index, std::vector<HistoryEntry> history, bool has_events) {
  std::stable_sort(history.begin(), history.end(), IsBefore);
  Trim(history);
  Edit shopper(*this, index);
  shopper->history = std::move(history);
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
  std::vector<HistoryEntry> before_end;
  for (std::size_t slot = 0; slot < shoppers.size(); ++slot) {
    if (!has_something(shoppers[slot])) continue;
    before_end.clear();
    for (const HistoryEntry& entry : shoppers[slot].history) {
      if (entry.offset < end) before_end.push_back(entry);
    }
    writer.Unsigned(slot * kNumShards + shard);
    WriteHistory(writer, before_end);
  }
}

absl::Status Shoppers::ReadShard(ByteReader& reader) {
  const std::size_t count = reader.Count(2);
  for (std::size_t i = 0; i < count; ++i) {
    const UserIndex index{static_cast<std::uint32_t>(reader.Unsigned())};
    std::vector<HistoryEntry> history = ReadHistory(reader);
    VITRINE_RETURN_IF_ERROR(reader.status("a checkpoint"));
    if (!Row(index).has_value()) continue;
    SetHistory(index, std::move(history), /*has_events=*/true);
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

void Shoppers::Insert(std::vector<HistoryEntry>& history, const HistoryEntry& entry) const {
  if (history_limit_ == 0) return;
  if (history.size() == history_limit_) {
    if (IsBefore(entry, history.front())) return;  // Late, and older than all that is kept.
    history.erase(history.begin());
  } else if (history.size() == history.capacity()) {
    history.reserve(std::min(history_limit_, 2 * history.size() + 2));
  }
  if (history.empty() || !IsBefore(entry, history.back())) {  // Nearly always.
    history.push_back(entry);
    return;
  }
  history.insert(std::upper_bound(history.begin(), history.end(), entry, IsBefore), entry);
}

void Shoppers::Trim(std::vector<HistoryEntry>& history) const {
  if (history.size() <= history_limit_) return;
  history.erase(history.begin(), history.end() - static_cast<std::ptrdiff_t>(history_limit_));
}

}  // namespace vitrine
