#include "vitrine/scorers/item_vectors.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace vitrine {
namespace {

// Rounding can carry a cosine beyond 1.
float Cosine(double product, double norm, double other_norm) {
  if (!(norm > 0) || !(other_norm > 0)) return 0;
  return static_cast<float>(std::clamp(product / (norm * other_norm), -1.0, 1.0));
}

class FactorVectors final : public ItemVectors {
 public:
  FactorVectors(std::shared_ptr<const Scorer> owner, const Matrix& factors)
      : owner_(std::move(owner)), factors_(factors) {}

  bool Knows(ItemIndex item) const override {
    return HasRow(item) && !factors_.row(RowOf(item)).isZero(0);
  }

  void Cosines(ItemIndex item, std::span<const ItemIndex> others,
               std::span<float> cosines) const override {
    assert(cosines.size() == others.size());
    std::fill(cosines.begin(), cosines.end(), 0.0F);
    if (!HasRow(item)) return;
    const auto vector = factors_.row(RowOf(item));
    const auto norm = static_cast<double>(vector.stableNorm());
    for (std::size_t i = 0; i < others.size(); ++i) {
      if (!HasRow(others[i])) continue;
      const auto other = factors_.row(RowOf(others[i]));
      cosines[i] = Cosine(static_cast<double>(vector.dot(other)), norm,
                          static_cast<double>(other.stableNorm()));
    }
  }

 private:
  static Eigen::Index RowOf(ItemIndex item) { return static_cast<Eigen::Index>(Row(item)); }
  bool HasRow(ItemIndex item) const { return RowOf(item) < factors_.rows(); }

  const std::shared_ptr<const Scorer> owner_;
  const Matrix& factors_;  // [num_items x d] Of owner_.
};

class SparseVectors final : public ItemVectors {
 public:
  SparseVectors(std::shared_ptr<const Scorer> owner, const CsrMatrix& rows)
      : owner_(std::move(owner)), rows_(rows) {}

  bool Knows(ItemIndex item) const override { return NormOf(item) > 0; }

  void Cosines(ItemIndex item, std::span<const ItemIndex> others,
               std::span<float> cosines) const override {
    assert(cosines.size() == others.size());
    const double norm = NormOf(item);
    for (std::size_t i = 0; i < others.size(); ++i) {
      const double other_norm = NormOf(others[i]);
      const bool are_known = norm > 0 && other_norm > 0;
      cosines[i] = are_known ? Cosine(Product(item, others[i]), norm, other_norm) : 0;
    }
  }

 private:
  double NormOf(ItemIndex item) const {
    if (Row(item) >= rows_.num_rows) return 0;
    double sum = 0;
    for (const float value : rows_.Values(Row(item))) {
      sum += static_cast<double>(value) * static_cast<double>(value);
    }
    return std::sqrt(sum);
  }

  // REQUIRES: both have rows.
  double Product(ItemIndex item, ItemIndex other) const {
    const auto columns = rows_.Columns(Row(item));
    const auto other_columns = rows_.Columns(Row(other));
    const auto values = rows_.Values(Row(item));
    const auto other_values = rows_.Values(Row(other));
    double product = 0;
    for (std::size_t i = 0, j = 0; i < columns.size() && j < other_columns.size();) {
      if (columns[i] == other_columns[j]) {
        product += static_cast<double>(values[i++]) * static_cast<double>(other_values[j++]);
      } else if (columns[i] < other_columns[j]) {
        ++i;
      } else {
        ++j;
      }
    }
    return product;
  }

  const std::shared_ptr<const Scorer> owner_;
  const CsrMatrix& rows_;  // [num_items x features] Of owner_.
};

}  // namespace

std::shared_ptr<const ItemVectors> MakeFactorVectors(std::shared_ptr<const Scorer> owner,
                                                     const Matrix& factors) {
  return std::make_shared<FactorVectors>(std::move(owner), factors);
}

std::shared_ptr<const ItemVectors> MakeSparseVectors(std::shared_ptr<const Scorer> owner,
                                                     const CsrMatrix& rows) {
  return std::make_shared<SparseVectors>(std::move(owner), rows);
}

}  // namespace vitrine
