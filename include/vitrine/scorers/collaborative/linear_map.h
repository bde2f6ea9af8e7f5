#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "vitrine/base/item_bitmap.h"
#include "vitrine/math/sparse.h"
#include "vitrine/scorers/scorer.h"
#include "vitrine/scorers/touched_items.h"

namespace vitrine {

// What a LinearMap is made of.
struct LinearMapParts {
  std::string name{};  // Of the model.
  // Rows of weights of touched items [queries x items] to rows of scores [queries x items]. Called
  // from any thread.
  std::function<Matrix(const CsrMatrix& weights)> map{};
  ItemBitmap known{};  // Items that have a score.
  TouchWeights touch_weights{};
  std::size_t num_items = 0;
};

// score = w B for the weights w of TouchedItems and a linear map B of all items, with nothing
// truncated: the item-to-item models as their papers have them. Computes every score of every
// query, so that it is for measuring, not for serving. Items that are not known, and all items for
// a query that touches none of the known, are kUnscored. Immutable, thread-safe.
class LinearMap final : public Scorer {
 public:
  explicit LinearMap(LinearMapParts parts) : parts_(std::move(parts)) {}

  std::string_view name() const override { return parts_.name; }

  void Score(std::span<const Query> queries, std::span<const ItemIndex> items,
             Eigen::Ref<Matrix> scores) const override;

  std::vector<std::vector<ScoredItem>> Retrieve(std::span<const Query> queries,
                                                const ItemBitmap* allowed,
                                                std::size_t k) const override;

 private:
  // [queries x items] kUnscored where it says nothing.
  Matrix AllScores(std::span<const Query> queries) const;

  LinearMapParts parts_;
};

}  // namespace vitrine
