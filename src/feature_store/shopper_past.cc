#include "feature_store/shopper_past.h"

#include <algorithm>
#include <iterator>

namespace vitrine {
namespace {

HistoryEntry EntryOf(const LogHead& head, std::uint64_t offset, const LogHead::Touch& touch) {
  HistoryEntry entry;
  entry.time_us = head.time_us;
  entry.offset = offset & ((1ULL << 56) - 1);
  entry.type = static_cast<std::uint64_t>(head.type) & 0xFF;
  entry.item = touch.item;
  entry.value = head.Value(touch);
  return entry;
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
  for (const LogHead::Touch& touch : head.items) entries.push_back(EntryOf(head, offset, touch));
}

void AppendShown(const LogHead& head, std::uint64_t offset, std::vector<HistoryEntry>& shown) {
  if (head.type != EventType::kImpression) return;
  for (const LogHead::Touch& touch : head.items) shown.push_back(EntryOf(head, offset, touch));
}

void WriteEntries(ByteWriter& writer, std::span<const HistoryEntry> history) {
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

std::vector<HistoryEntry> ReadEntries(ByteReader& reader) {
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

std::optional<HistoryEntry> Insert(std::size_t limit, const HistoryEntry& entry,
                                   std::vector<HistoryEntry>& entries) {
  if (limit == 0) return entry;
  std::optional<HistoryEntry> out;
  if (entries.size() == limit) {
    if (IsBefore(entry, entries.front())) return entry;  // Late.
    out = entries.front();
    entries.erase(entries.begin());
  } else if (entries.size() == entries.capacity()) {
    entries.reserve(std::min(limit, 2 * entries.size() + 2));
  }
  if (entries.empty() || !IsBefore(entry, entries.back())) {  // Nearly always.
    entries.push_back(entry);
  } else {
    entries.insert(std::upper_bound(entries.begin(), entries.end(), entry, IsBefore), entry);
  }
  return out;
}

void TrimTo(std::size_t limit, std::vector<HistoryEntry>& entries) {
  if (entries.size() <= limit) return;
  entries.erase(entries.begin(), entries.end() - static_cast<std::ptrdiff_t>(limit));
}

std::vector<HistoryEntry> Joined(std::span<const HistoryEntry> a, std::span<const HistoryEntry> b) {
  std::vector<HistoryEntry> joined;
  joined.reserve(a.size() + b.size());
  std::merge(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(joined), IsBefore);
  return joined;
}

std::vector<HistoryEntry> BeforeOffset(std::uint64_t end, std::span<const HistoryEntry> entries) {
  std::vector<HistoryEntry> before;
  for (const HistoryEntry& entry : entries) {
    if (entry.offset < end) before.push_back(entry);
  }
  return before;
}

}  // namespace vitrine
