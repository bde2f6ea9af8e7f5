#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "vitrine/base/matrix.h"
#include "vitrine/base/thread_pool.h"
#include "vitrine/feature_store/dataset.h"
#include "vitrine/math/sparse.h"

namespace vitrine {

// Places in a history before which time moves on, so that no basket is torn.
std::vector<std::size_t> Moments(std::span<const Interaction> history);

// Where the last fifth of a history begins: at the moment nearest before that, where there is one.
std::size_t LastPartOf(std::span<const Interaction> history);

struct HoldOutOptions {
  double share = 0.1;       // Of the shoppers with three liked items or more; 0: of nobody.
  std::size_t most = 2000;  // Shoppers.
  std::uint64_t seed = 1;   // Decides who they are.
};

// What some shoppers liked last, kept from a training so that it can tell its best epoch.
struct HeldOutLikes {
  CsrMatrix weights{};                   // [users x items] What is left to learn from.
  std::vector<std::uint32_t> users{};    // Who something is held out of, ascending.
  std::vector<std::size_t> begin = {0};  // [users + 1] Into `targets`.
  std::vector<std::uint32_t> targets{};  // Items held out, ascending for each of the users.
  std::vector<std::uint32_t> unliked{};  // Items that nobody likes, ascending.

  std::span<const std::uint32_t> Targets(std::size_t user) const {
    return std::span(targets).subspan(begin[user], begin[user + 1] - begin[user]);
  }
};

// Parts `weights` [users x items] > 0, the liked pairs of `dataset`. Of who is chosen those items
// are held out that the last fifth of the history is the first to have; where it is all of one
// moment, a fifth drawn at random. What nobody else likes stays, or nobody could be shown it. Where
// fewer than 20 shoppers would be held out, none is: the best epoch would be chance.
HeldOutLikes HoldOutLast(const Dataset& dataset, CsrMatrix weights, const HoldOutOptions& options);

// The ndcg@20 of a list of all items by `scores`, of which `targets` are right. Items of equal
// scores come before them.
double NdcgOf(std::span<const float> scores, std::span<const std::uint32_t> targets);

// Sets `scores` [users x items] to what a model says to these rows of the weights, by what is left
// there.
using ScoreAllItems = std::function<void(std::span<const std::uint32_t> users, Matrix& scores)>;

// Less the mean ndcg@20 of what is held out, among the items that somebody likes and the shopper
// is not known to: the lower the better. The same bits at any number of threads, where the scores
// are. REQUIRES: somebody is held out
double ValidationLoss(const HeldOutLikes& held_out, const ScoreAllItems& score, ThreadPool& pool);

}  // namespace vitrine
