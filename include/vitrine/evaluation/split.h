#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "vitrine/base/clock.h"
#include "vitrine/base/item_bitmap.h"
#include "vitrine/feature_store/dataset.h"
#include "vitrine/scorers/scorer.h"

namespace vitrine {

// One question of a test part, and its right answers.
struct TestCase {
  std::uint64_t history_begin = 0;  // [begin, end) of Split::past: what the query shows.
  std::uint64_t history_end = 0;
  Micros now_us = 0;                              // When it is asked.
  std::vector<ItemIndex> relevant{};              // Ascending, distinct, not empty.
  std::uint32_t group = 0;                        // The user or session that it is a case of.
  std::uint32_t training_user = kNoTrainingUser;  // The same one's row of the train part.
  // What the shop says of the user, which may be newer than what is asked; null: nothing.
  std::shared_ptr<const ProfileAttributes> profile{};
};

// What to learn from, and what to be asked then. Definitions: docs/evaluation.md.
struct Split {
  Dataset train{};
  std::vector<Interaction> past{};  // What the cases' histories consist of, oldest first.
  std::vector<TestCase> cases{};    // Those of a group side by side; groups ascend from 0.
  ItemBitmap candidates{};          // What may be recommended.
  bool allow_repeats = false;       // false: what a case's history has is masked, and not relevant.

  // Oldest first. Valid while the split is.
  std::span<const Interaction> History(const TestCase& test) const {
    return std::span(past).subspan(test.history_begin, test.history_end - test.history_begin);
  }
  std::size_t num_groups() const { return cases.empty() ? 0 : cases.back().group + 1; }
};

// Which part is held back. Settings are chosen on the validation part, which is cut from what the
// test part leaves to train on, in the same way; a train part has neither.
enum class Part { kTest, kValidation };

// Interactions before `cut_us` train, the others test: a case for each user with both. Relevant is
// what the user's test interactions speak for on the whole (weights sum to more than 0). Users and
// items that the train part does not know are left out; indices of items stay as they are.
Split SplitByTime(const Dataset& dataset, Micros cut_us, bool allow_repeats);

// The cut with at least `test_share` of the interactions at or behind it, as few as possible, and
// one at least before it. When all happened at once, none is behind it. 0 without interactions.
Micros TemporalCut(const Dataset& dataset, double test_share);

// What a test part behind `cut_us` leaves, cut once more, with the latest `share` of it to validate
// on.
Split ValidationBefore(const Dataset& dataset, Micros cut_us, double share,
                       bool allow_repeats = false);

// `dataset` before `cut_us`, which it then speaks of, without the users who came later.
Dataset Before(const Dataset& dataset, Micros cut_us);

// Interactions before `cut_us` train. A case for each user who came at the cut or later and of whom
// the shop says something, asked at the user's first interaction: it shows the profile and no
// history; relevant is what all of the user's interactions speak for. Candidates are what the train
// part has.
Split NewShoppers(const Dataset& dataset, Micros cut_us);

// A random `share` of every user's distinct items, rounded, is relevant; the rest trains, one item
// at least. For files that tell no times. The same split for the same seed.
Split HoldOutItems(const Dataset& dataset, double share, std::uint64_t seed, bool allow_repeats);

// Each user's last liked interaction is the test case's answer and the one before it the validation
// case's; what is before both trains, and a query shows all before its answer. Users with fewer
// than three liked interactions only train. Every item is a candidate.
Split LeaveLastOut(const Dataset& dataset, Part part, bool allow_repeats);

// What a user did at one moment is a basket, if anything of it was liked. The last basket of each
// user with two or more is the answer, what is before it the query's history, and trains. Users
// with a single basket only train. Repeats count; every item is a candidate.
Split NextBasket(const Dataset& dataset, Part part);

// Each user is a session. Those that began on the latest days (UTC), at least `test_share` of all
// and as few as possible, are asked for every liked interaction but the first, given what was
// before it in the session. The other sessions train. Repeats count; every item is a candidate.
Split SessionPrefixes(const Dataset& dataset, Part part, double test_share);

// `dataset` with one interaction of weight 1 for each pair of user and item that has a positive
// one, the latest: the binary user x item matrix of most papers.
Dataset DistinctPairs(const Dataset& dataset);

// The same for what a split trains on and for what its queries show.
Split DistinctPairs(const Split& split);

}  // namespace vitrine
