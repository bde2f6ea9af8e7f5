#include "vitrine/scorers/collaborative/factor_similarity.h"

#include <utility>

#include "scorers/factor_scan.h"

namespace vitrine {
namespace {

class FactorSimilarity final : public Scorer {
 public:
  FactorSimilarity(std::shared_ptr<const Scorer> owner, const Matrix& factors,
                   const ItemBitmap& known)
      : owner_(std::move(owner)), factors_(factors), known_(known) {
    const Eigen::VectorXf lengths = factors_.rowwise().norm();
    inverse_lengths_ = (lengths.array() > 0).select(lengths.cwiseInverse(), 0.0F);
    // Few have no index, and are spared the product.
    if (static_cast<std::size_t>(factors_.rows()) < CoarseIndex::kFewestInBlocks) return;
    index_ = IndexOfMany(inverse_lengths_.asDiagonal() * factors_);
  }

  std::string_view name() const override { return owner_->name(); }

  void Score(std::span<const Query> queries, std::span<const ItemIndex> items,
             Eigen::Ref<Matrix> scores) const override {
    ScoreByFactors(Table(), Directions(queries), items, scores);
  }

  std::vector<std::vector<ScoredItem>> Retrieve(std::span<const Query> queries,
                                                const ItemBitmap* allowed,
                                                std::size_t k) const override {
    return RetrieveByFactors(Table(), Directions(queries), queries, allowed, k);
  }

 private:
  FactorTable Table() const { return {&factors_, &known_, &inverse_lengths_, index_.get()}; }

  // The mean unit vector of each query's known context items [queries.size() x d].
  Matrix Directions(std::span<const Query> queries) const {
    Matrix directions = Matrix::Zero(static_cast<Eigen::Index>(queries.size()), factors_.cols());
    for (std::size_t q = 0; q < queries.size(); ++q) {
      auto direction = directions.row(static_cast<Eigen::Index>(q));
      float num_known = 0;
      for (const ItemIndex item : queries[q].context_items) {
        if (!known_.Contains(item)) continue;
        const auto row = static_cast<Eigen::Index>(Row(item));
        direction += inverse_lengths_[row] * factors_.row(row);
        ++num_known;
      }
      if (num_known > 0) direction /= num_known;
    }
    return directions;
  }

  const std::shared_ptr<const Scorer> owner_;
  const Matrix& factors_;  // [num_items x d] Of owner_, as is known_.
  const ItemBitmap& known_;
  Eigen::VectorXf inverse_lengths_;             // [num_items] 0 for unknown items.
  std::shared_ptr<const CoarseIndex> index_{};  // Of unit vectors; null where items are few.
};

}  // namespace

std::shared_ptr<const Scorer> MakeFactorSimilarity(std::shared_ptr<const Scorer> owner,
                                                   const Matrix& factors, const ItemBitmap& known) {
  return std::make_shared<FactorSimilarity>(std::move(owner), factors, known);
}

}  // namespace vitrine
