#include <string>

#include "training/rating_factors.h"
#include "training/setting_reader.h"
#include "training/trainers.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/models/model_kinds.h"

namespace vitrine {

namespace {

Settings Defaults() {
  return {{"dimensions", "8"}, {"rater_features", "20"}, {"epochs", "40"}, {"seed", "1"}};
}

// What a shop without events gets: it knows no item.
RatingMfParts KnowingNothing(std::size_t num_items) {
  const auto rows = static_cast<Eigen::Index>(num_items);
  return {.item_vectors = Matrix::Zero(rows, 1),
          .item_variances = Matrix::Zero(rows, 1),
          .user_penalties = Eigen::VectorXf::Ones(1)};
}

absl::StatusOr<RatingMfParts> Learn(const Dataset& dataset, const RatingTraining& training,
                                    const TrainingContext& context) {
  const CsrMatrix ratings = RatingMatrix(dataset);
  if (ratings.num_entries() > 0) return TrainRatingFactors(ratings, training, context);
  if (dataset.interactions.empty()) return KnowingNothing(dataset.num_items());
  return absl::InvalidArgumentError(
      "rating_mf learns from ratings, and there are none: record events of type \"rate\", and keep "
      "their weight in store.event_weights other than 0, or do without rating_mf");
}

absl::StatusOr<Model> Train(const Dataset& dataset, const Settings& settings,
                            const TrainingContext& context) {
  SettingReader reader("rating_mf", Defaults(), settings);
  VITRINE_RETURN_IF_ERROR(reader.status());
  RatingTraining training;
  training.dimensions = reader.Count("dimensions", 0, 64);
  training.rater_features = reader.Count("rater_features", 0, 512);
  training.epochs = reader.Count("epochs", 1, 10'000);
  training.seed = reader.Count("seed", 0, ~std::size_t{0});
  VITRINE_RETURN_IF_ERROR(reader.status());
  VITRINE_ASSIGN_OR_RETURN(RatingMfParts parts, Learn(dataset, training, context));
  VITRINE_ASSIGN_OR_RETURN(const auto scorer, RatingMf::Create(std::move(parts)));
  Model model = MakeModel(scorer);
  model.settings = reader.complete();
  ReportProgress(context, 1);
  return model;
}

}  // namespace

Trainer RatingMfTrainer() {
  return {.name = "rating_mf",
          .description = "matrix factorisation of ratings, shoppers folded in live",
          .defaults = Defaults(),
          .ranges = {WholeBetween("dimensions", 2, 24), WholeBetween("rater_features", 0, 60),
                     WholeBetween("epochs", 10, 80)},
          .train = &Train};
}

}  // namespace vitrine
