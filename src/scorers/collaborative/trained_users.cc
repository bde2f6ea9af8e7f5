#include "vitrine/scorers/collaborative/trained_users.h"

#include <string>
#include <utility>

#include "scorers/factor_scan.h"

namespace vitrine {
namespace {

class TrainedUsers final : public Scorer {
 public:
  TrainedUsers(std::string_view name, Matrix user_factors, Matrix item_factors)
      : name_(name),
        user_factors_(std::move(user_factors)),
        item_factors_(std::move(item_factors)),
        known_items_(KnownRows(item_factors_)) {}

  std::string_view name() const override { return name_; }

  void Score(std::span<const Query> queries, std::span<const ItemIndex> items,
             Eigen::Ref<Matrix> scores) const override {
    ScoreByFactors({&item_factors_, &known_items_, nullptr}, UserVectors(queries), items, scores);
  }

  std::vector<std::vector<ScoredItem>> Retrieve(std::span<const Query> queries,
                                                const ItemBitmap* allowed,
                                                std::size_t k) const override {
    return RetrieveByFactors({&item_factors_, &known_items_, nullptr}, UserVectors(queries),
                             queries, allowed, k);
  }

 private:
  Matrix UserVectors(std::span<const Query> queries) const {
    Matrix vectors = Matrix::Zero(static_cast<Eigen::Index>(queries.size()), user_factors_.cols());
    for (std::size_t q = 0; q < queries.size(); ++q) {
      const auto user = static_cast<Eigen::Index>(queries[q].training_user);
      if (user >= user_factors_.rows()) continue;
      vectors.row(static_cast<Eigen::Index>(q)) = user_factors_.row(user);
    }
    return vectors;
  }

  std::string name_;
  Matrix user_factors_;     // [users x d]
  Matrix item_factors_;     // [num_items x d]
  ItemBitmap known_items_;  // Rows that are not zero.
};

}  // namespace

std::shared_ptr<const Scorer> MakeTrainedUsers(std::string_view name, Matrix user_factors,
                                               Matrix item_factors) {
  return std::make_shared<TrainedUsers>(name, std::move(user_factors), std::move(item_factors));
}

}  // namespace vitrine
