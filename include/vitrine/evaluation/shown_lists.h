#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "vitrine/base/clock.h"
#include "vitrine/feature_store/dataset.h"
#include "vitrine/feature_store/feature_store.h"
#include "vitrine/feature_store/user.h"

namespace vitrine {

// A list that a shopper was shown, and what of it the shopper then touched.
struct ShownList {
  std::uint64_t history_begin = 0;  // [begin, end) of ShownLists::past: what was known of the
  std::uint64_t history_end = 0;    // shopper before it.
  Micros time_us = 0;               // When its first item came into view.
  std::uint32_t shopper = 0;
  std::vector<ItemIndex> items{};         // That were shown: ascending, distinct, two at least.
  std::vector<std::uint8_t> is_wanted{};  // [items] 1: clicked, viewed, put in the cart or bought.
  // What the shop says of the shopper, which may be newer than the list; null: nothing.
  std::shared_ptr<const ProfileAttributes> profile{};
};

struct ShownLists {
  std::vector<Interaction> past{};  // What the lists' histories consist of, oldest first.
  std::vector<ShownList> lists{};   // Those of a shopper side by side, by time; shoppers from 0 on.
};

// From `from_us` on, before `until_us`.
struct TimeSpan {
  Micros from_us = 0;
  Micros until_us = 0;
};

inline constexpr std::size_t kMostShownLists = 10'000;
inline constexpr std::size_t kMostListsOfShopper = 20;
inline constexpr std::size_t kMostWaitingLists = 20'000;

// What impressions showed to whom within `span`, and what came of it within `span`, as the log of
// `store` has it. Impressions and outcomes with a token of this store are joined by it, as
// docs/attribution.md has it: those of one token and one shopper are one list. It shows what its
// impressions name and its recommendation clicks prove; what else came of it only tells what of
// that was wanted, whichever of them came to the log first. An impression without a token is a list
// of its own, with the shopper's others of the same moment; an outcome without one belongs to the
// latest of these that showed the shopper the item, up to 7 days before. Whatever has a foreign
// token is left out, and so are outcomes that came to the log before their impression, where no
// token joins them.
//
// What shows fewer than two items, or has no impression, is no list and takes no list's place. It
// waits for what may come, until the shopper has kMostListsOfShopper later ones that wait, or
// kMostWaitingLists were begun after it.
//
// Of a shopper the latest kMostListsOfShopper count, so that one who looks at thousands, such as a
// robot, teaches no more than others; where lists are more than kMostShownLists whole shoppers are
// left out by a hash, lists without outcome as those with one. Past and profile are those of
// `dataset`, a snapshot of `store`; a shopper who is not in it has neither. The same log: the same
// lists.
//
// Reads the log once, seconds per million events. Errors: those of FeatureStore::ReadEvents;
// CANCELLED once `is_cancelled`, which may be null, is set.
absl::StatusOr<ShownLists> ReadShownLists(const FeatureStore& store, const Dataset& dataset,
                                          TimeSpan span, const std::atomic<bool>* is_cancelled);

// How many shoppers touched something of a list and left something of it: of these an order is
// learned.
std::size_t NumChoosers(const ShownLists& shown);

}  // namespace vitrine
