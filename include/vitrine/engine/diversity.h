#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "vitrine/engine/pipeline.h"
#include "vitrine/models/model.h"

namespace vitrine {

// How a list is made varied: the items are chosen one after the other, each time the one with the
// largest
//
//   MMR  (1 - lambda) rel(i) - lambda max over the chosen j of cos(i, j)
//   DPP  (1 - lambda) rel(i) + lambda log d2(i),  d2(i) = det S[chosen + i] / det S[chosen]
//
// where rel is the score scaled so that the best candidate has 1 and the 100th 0, and
// S(i, j) = (1 + cos(i, j)) / 2. Maximal marginal relevance: Carbonell and Goldstein, SIGIR 1998;
// their lambda is 1 less ours. Determinantal point process: Chen, Zhang, Zhou, "Fast greedy MAP
// inference for determinantal point process to improve recommendation diversity", NeurIPS 2018,
// equation 12 with theta = 1 - lambda.
struct Diversity {
  enum class Method { kNone, kMmr, kDpp };
  Method method = Method::kNone;
  double lambda = 0;  // 0: relevance alone, the list as it is; to 1: diversity alone.
  bool operator==(const Diversity&) const = default;
};

// How many of the best candidates the item at `position`, from 1, is chosen of: four times as many
// as the list then has, at least 100, at most 600 more than it has. Not a matter of the page, so
// that two pages show what one of twice the size does.
std::size_t NumDiversityCandidates(std::size_t position);

// Cosines of items by the vectors of one model: the first of those that learn from behaviour, else
// the first that has any. Items that it does not know are compared with each other by brand and
// categories, one 0-or-1 feature for each and for each category above; with those that it knows
// they have nothing in common. An item of which neither is known is like itself alone. These are
// inner products of unit vectors: a matrix of them is positive semidefinite.
//
// Remembers what it read of items: for one request, not thread-safe.
class ItemSimilarity {
 public:
  // The item as the catalogue has it; null where it is not described.
  using Describe = std::function<std::shared_ptr<const Item>(ItemIndex)>;

  // `models` must outlive this.
  ItemSimilarity(const ModelSet& models, Describe describe);

  // Sets cosines[i] to that of `item` and others[i]; 1 where they are the same. REQUIRES:
  // cosines.size() == others.size()
  void Cosines(ItemIndex item, std::span<const ItemIndex> others, std::span<float> cosines);

 private:
  using Labels = std::vector<std::uint64_t>;  // Hashes of brand and categories, ascending.

  const Labels& LabelsOf(ItemIndex item);

  const ItemVectors* vectors_ = nullptr;  // Null: no model has any.
  Describe describe_;
  std::unordered_map<ItemIndex, Labels> labels_;
};

// The first `k` of `ranked`, best first, as `how` chooses them. Scores stay with their items.
// REQUIRES: `ranked` holds NumDiversityCandidates(k) items, or all there are.
std::vector<BlendedItem> Diversify(const Diversity& how, std::vector<BlendedItem> ranked,
                                   ItemSimilarity& similarity, std::size_t k);

// The mean cosine over the pairs of a list: its intra-list similarity (Ziegler et al., WWW 2005,
// who sum instead). 0 for fewer than two items.
double IntraListSimilarity(std::span<const ItemIndex> list, ItemSimilarity& similarity);

}  // namespace vitrine
