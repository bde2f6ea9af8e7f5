#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "feature_store/store_codec.h"
#include "vitrine/base/bytes.h"
#include "vitrine/base/clock.h"
#include "vitrine/base/ids.h"
#include "vitrine/feature_store/event.h"

namespace vitrine {

// One interaction as a history keeps it, or one item that was shown: 24 bytes. Ordered by time,
// those of one moment by their place in the log.
struct HistoryEntry {
  Micros time_us = 0;
  std::uint64_t offset : 56 = 0;  // Of its event.
  std::uint64_t type : 8 = 0;     // EventType.
  ItemIndex item{};
  float value = 0;
  bool operator==(const HistoryEntry&) const = default;
};
static_assert(sizeof(HistoryEntry) == 24);

bool IsBefore(const HistoryEntry& a, const HistoryEntry& b);

// The interactions of one event, in its order; none of a type that is no interaction.
std::vector<HistoryEntry> ToEntries(const LogHead& head, std::uint64_t offset,
                                    const EventWeights& weights);
void AppendEntries(const LogHead& head, std::uint64_t offset, const EventWeights& weights,
                   std::vector<HistoryEntry>& entries);

// What one event, where it is an impression, showed: entries of that type.
void AppendShown(const LogHead& head, std::uint64_t offset, std::vector<HistoryEntry>& shown);

// The latest of a shopper's past, oldest first.
struct ShopperPast {
  std::vector<HistoryEntry> history{};  // Interactions.
  std::vector<HistoryEntry> shown{};    // What impressions showed.
};

// Puts the entry in its place. Where there are `limit` already the oldest goes, and is returned:
// the entry itself, where all that is kept is later.
std::optional<HistoryEntry> Insert(std::size_t limit, const HistoryEntry& entry,
                                   std::vector<HistoryEntry>& entries);

// Keeps the latest.
void TrimTo(std::size_t limit, std::vector<HistoryEntry>& entries);

std::vector<HistoryEntry> Joined(std::span<const HistoryEntry> a, std::span<const HistoryEntry> b);

// What events before offset `end` made.
std::vector<HistoryEntry> BeforeOffset(std::uint64_t end, std::span<const HistoryEntry> entries);

void WriteEntries(ByteWriter& writer, std::span<const HistoryEntry> entries);
std::vector<HistoryEntry> ReadEntries(ByteReader& reader);

}  // namespace vitrine
