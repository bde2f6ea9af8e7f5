#include "vitrine/scorers/item_vectors.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace vitrine {
namespace {

// Rounding can carry a cosine beyond 1.
float WithinOne(float cosine) { return std::clamp(cosine, -1.0F, 1.0F); }

float PerLength(double length) {
  const auto inverse = static_cast<float>(1 / length);
  return length > 0 && std::isfinite(inverse) ? inverse : 0;
}

class FactorVectors final : public ItemVectors {
 public:
  FactorVectors(std::shared_ptr<const Scorer> owner, const Matrix& factors)
      : owner_(std::move(owner)), factors_(factors), per_length_(factors.rows()) {
    for (Eigen::Index row = 0; row < factors_.rows(); ++row) {
      per_length_[row] = PerLength(static_cast<double>(factors_.row(row).stableNorm()));
    }
  }

  bool Knows(ItemIndex item) const override { return PerLengthOf(item) > 0; }

  void Cosines(ItemIndex item, std::span<const ItemIndex> others,
               std::span<float> cosines) const override {
    assert(cosines.size() == others.size());
    std::fill(cosines.begin(), cosines.end(), 0.0F);
    if (!Knows(item)) return;
    const Eigen::RowVectorXf unit = PerLengthOf(item) * factors_.row(RowOf(item));
    for (std::size_t i = 0; i < others.size(); ++i) {
      const float per_length = PerLengthOf(others[i]);
      if (per_length == 0) continue;
      cosines[i] = WithinOne(per_length * unit.dot(factors_.row(RowOf(others[i]))));
    }
  }

 private:
  static Eigen::Index RowOf(ItemIndex item) { return static_cast<Eigen::Index>(Row(item)); }
  float PerLengthOf(ItemIndex item) const {
    return RowOf(item) < factors_.rows() ? per_length_[RowOf(item)] : 0;
  }

  const std::shared_ptr<const Scorer> owner_;
  const Matrix& factors_;       // [num_items x d] Of owner_.
  Eigen::VectorXf per_length_;  // [num_items] 0: not known.
};

class SparseVectors final : public ItemVectors {
 public:
  SparseVectors(std::shared_ptr<const Scorer> owner, const CsrMatrix& rows)
      : owner_(std::move(owner)), rows_(rows) {
    per_length_.reserve(rows.num_rows);
    for (std::size_t row = 0; row < rows.num_rows; ++row) {
      double sum = 0;
      for (const float value : rows.Values(row)) {
        sum += static_cast<double>(value) * static_cast<double>(value);
      }
      per_length_.push_back(PerLength(std::sqrt(sum)));
    }
  }

  bool Knows(ItemIndex item) const override { return PerLengthOf(item) > 0; }

  void Cosines(ItemIndex item, std::span<const ItemIndex> others,
               std::span<float> cosines) const override {
    assert(cosines.size() == others.size());
    const float per_length = PerLengthOf(item);
    for (std::size_t i = 0; i < others.size(); ++i) {
      const float factor = per_length * PerLengthOf(others[i]);
      cosines[i] = factor > 0 ? WithinOne(factor * Product(item, others[i])) : 0;
    }
  }

 private:
  float PerLengthOf(ItemIndex item) const {
    return Row(item) < per_length_.size() ? per_length_[Row(item)] : 0;
  }

  // REQUIRES: both have rows.
  float Product(ItemIndex item, ItemIndex other) const {
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
    return static_cast<float>(product);
  }

  const std::shared_ptr<const Scorer> owner_;
  const CsrMatrix& rows_;          // [num_items x features] Of owner_.
  std::vector<float> per_length_;  // [num_items] 0: not known.
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
