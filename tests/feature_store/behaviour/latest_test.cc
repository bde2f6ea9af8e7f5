#include "feature_store/behaviour/latest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "vitrine/base/random.h"

namespace vitrine {
namespace {

using ::testing::ElementsAreArray;

struct Entry {
  std::int64_t time_us = 0;
  std::uint64_t offset = 0;
  bool operator==(const Entry&) const = default;
};

constexpr std::size_t kLimit = 8;

// All entries there ever were, sorted; of these the last kLimit.
std::vector<Entry> LastOf(std::vector<Entry> all) {
  std::sort(all.begin(), all.end(), IsEarlier<Entry>);
  if (all.size() > kLimit) all.erase(all.begin(), all.end() - kLimit);
  return all;
}

std::vector<Entry> MadeUp(std::size_t count, std::uint64_t seed) {
  Random random(seed);
  std::vector<Entry> entries;
  for (std::size_t i = 0; i < count; ++i) {
    // Mostly in order, some late, many of one moment.
    const std::int64_t late =
        random.Below(4) == 0 ? static_cast<std::int64_t>(random.Below(20)) : 0;
    entries.push_back({static_cast<std::int64_t>(i / 2) - late, seed * 1'000 + i});
  }
  return entries;
}

TEST(LatestTest, KeepsTheLatestAfterEveryEntry) {
  Latest<Entry, kLimit> latest;
  std::vector<Entry> all;
  for (const Entry& entry : MadeUp(200, 1)) {
    latest.Add(entry);
    all.push_back(entry);
    ASSERT_THAT(latest.entries(), ElementsAreArray(LastOf(all)));
  }
}

TEST(LatestTest, TheOrderOfEntriesDoesNotMatter) {
  std::vector<Entry> all = MadeUp(100, 2);
  Latest<Entry, kLimit> in_order;
  for (const Entry& entry : all) in_order.Add(entry);
  Random random(3);
  for (int round = 0; round < 20; ++round) {
    for (std::size_t left = all.size(); left > 1; --left) {
      std::swap(all[left - 1], all[random.Below(left)]);
    }
    Latest<Entry, kLimit> shuffled;
    for (const Entry& entry : all) shuffled.Add(entry);
    EXPECT_EQ(shuffled, in_order);
  }
}

TEST(LatestTest, MergedItIsAsIfAllHadComeToOne) {
  for (const std::size_t count : {0, 3, 8, 9, 10, 11, 40}) {
    const std::vector<Entry> first = MadeUp(count, 4);
    const std::vector<Entry> second = MadeUp(25, 5);
    Latest<Entry, kLimit> merged;
    Latest<Entry, kLimit> other;
    for (const Entry& entry : first) merged.Add(entry);
    for (const Entry& entry : second) other.Add(entry);
    merged.Merge(other);
    std::vector<Entry> all = first;
    all.insert(all.end(), second.begin(), second.end());
    EXPECT_THAT(merged.entries(), ElementsAreArray(LastOf(all))) << count;
  }
}

TEST(LatestTest, WhatIsTooOldButStillKeptIsNoDifference) {
  Latest<Entry, kLimit> some;
  for (std::uint64_t i = 0; i < kLimit + 1; ++i) some.Add({static_cast<std::int64_t>(i), i});
  const auto kept = some.entries();
  const Latest<Entry, kLimit> same(std::vector<Entry>(kept.begin(), kept.end()));
  EXPECT_EQ(same, some);
}

}  // namespace
}  // namespace vitrine
