#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "vitrine/engine/diversity.h"

namespace vitrine {

// The choice of one item after the other that Diversity describes. For each candidate it keeps what
// the items on the list mean to it: for MMR the largest cosine, for DPP its row of the Cholesky
// factor of S, which grows by a number with each item, and d2, what is left of its diagonal. One
// more item on the list costs O(candidates * (d + items on the list)).
class DiverseChoice {
 public:
  // `similarity` must outlive this.
  DiverseChoice(const Diversity& how, ItemSimilarity& similarity)
      : how_(how), similarity_(similarity) {}

  // Puts an item on the list, a candidate or another.
  void Place(ItemIndex item);

  // More candidates, behind those there are, and rel of each.
  void Extend(std::span<const ItemIndex> items, std::span<const double> relevance);

  // The best of the first `count` candidates that are open, the earlier of equals; nothing when
  // none is.
  std::optional<std::size_t> Best(std::size_t count,
                                  const std::function<bool(std::size_t candidate)>& is_open) const;

 private:
  // An item on the list, and its row of the Cholesky factor.
  struct Placed {
    ItemIndex item{};
    std::vector<double> row{};  // Without the diagonal.
    double diagonal = 0;
  };

  double Value(std::size_t candidate) const;
  void Tell(const Placed& placed, std::size_t first);  // The candidates from `first` on.
  // Its row against those on the list; nothing when they leave nothing of it.
  std::optional<Placed> Factorize(ItemIndex item);

  const Diversity how_;
  ItemSimilarity& similarity_;
  std::vector<Placed> placed_;
  // By candidate.
  std::vector<ItemIndex> items_;
  std::vector<double> relevance_;
  std::vector<double> nearest_;  // MMR: the largest cosine, -1 at least.
  std::vector<double> left_;     // DPP: d2.
  std::vector<std::vector<double>> rows_;
};

// rel of `scores`, best first, by those of all.
std::vector<double> Relevance(std::span<const float> scores);

}  // namespace vitrine
