#include "training/item_knn_trainer.h"

#include <cstdint>
#include <utility>
#include <vector>

#include "training/neighbour_settings.h"
#include "training/pair_weights.h"
#include "training/product_rows.h"
#include "training/setting_reader.h"
#include "training/trainers.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/models/model_kinds.h"
#include "vitrine/scorers/collaborative/item_neighbours.h"

namespace vitrine {

namespace {

Settings Defaults() {
  Settings defaults = NeighbourDefaults();
  defaults.merge(Settings{{"neighbours", "50"},
                          {"shrinkage", "50"},
                          {"include_self", "false"},
                          {"weighting", "binary"},
                          {"context_weight", "3"}});
  return defaults;
}

// The items [items x users] as what is compared.
CsrMatrix Profiles(const CsrMatrix& weights, const NeighbourOptions& options,
                   const TermWeights& term_weights) {
  CsrMatrix profiles = Transpose(Weighed(weights, term_weights));
  if (options.similarity == Similarity::kPearson) CentreRows(profiles);
  return profiles;
}

// Multiplies every row by its entry of `factors`.
void ScaleRows(const std::vector<float>& factors, CsrMatrix& matrix) {
  for (std::size_t row = 0; row < matrix.num_rows; ++row) {
    for (std::size_t i = matrix.row_begin[row]; i < matrix.row_begin[row + 1]; ++i) {
      matrix.value[i] *= factors[row];
    }
  }
}

absl::StatusOr<Model> Train(const Dataset& dataset, const Settings& settings,
                            const TrainingContext& context) {
  SettingReader reader("item_knn", Defaults(), settings);
  NeighbourOptions options;
  options.similarity = ReadSimilarity(reader);
  options.term_weights = ReadTermWeights(reader);
  options.num_neighbours = reader.Count("neighbours", 1, 100'000);
  options.shrinkage = reader.Number("shrinkage", 0, 1e9);
  options.include_self = reader.Flag("include_self");
  ItemNeighboursTable table{.name = "item_knn"};
  table.touch_weights = ReadTouchWeights(reader, dataset);
  VITRINE_RETURN_IF_ERROR(reader.status());

  const CsrMatrix weights = LikedPairWeights(dataset, table.touch_weights);
  VITRINE_RETURN_IF_ERROR(CheckComparable(weights, options.similarity, options.term_weights));
  VITRINE_ASSIGN_OR_RETURN(table.neighbours, SimilarItems(weights, options, context));
  VITRINE_ASSIGN_OR_RETURN(const auto scorer, ItemNeighbours::Create(std::move(table)));
  Model model = MakeModel(scorer);
  model.settings = reader.complete();
  return model;
}

}  // namespace

absl::StatusOr<CsrMatrix> SimilarItems(const CsrMatrix& weights, const NeighbourOptions& options,
                                       const TrainingContext& context) {
  const TermWeights term_weights = LearnTermWeights(weights, options.term_weights);
  const CsrMatrix profiles = Profiles(weights, options, term_weights);
  const CsrMatrix by_user = Transpose(profiles);
  const std::vector<double> norms = RowNorms(profiles);
  const auto new_maker = [&]() -> RowMaker {
    return [&, rows = ProductRows(profiles, by_user)](std::size_t item,
                                                      std::vector<ScoredItem>& entries) mutable {
      rows.ForEach(item, [&](std::uint32_t other, float product) {
        if (product <= 0) return;
        const double divisor = SimilarityDivisor(options.similarity, product, norms[item],
                                                 norms[other], options.shrinkage);
        entries.push_back({ItemIndex{other}, static_cast<float>(product / divisor)});
      });
      KeepNeighbours(item, options.num_neighbours, options.include_self, entries);
    };
  };
  VITRINE_ASSIGN_OR_RETURN(const CsrMatrix by_target,
                           MakeRows(profiles.num_rows, new_maker, "item_knn", context));
  // By target so far; a query starts from its own items. Truncating by source instead lets popular
  // items hear from too many: ndcg@20 falls from 0.109 to 0.086 on a real shop (Online Retail).
  CsrMatrix similar = Transpose(by_target);
  if (!term_weights.rarity.empty()) ScaleRows(term_weights.rarity, similar);
  return similar;
}

Trainer ItemKnnTrainer() {
  return {.name = "item_knn",
          .description = "items bought or viewed by the same shoppers: cosine, Jaccard or Pearson",
          .defaults = Defaults(),
          .ranges = {WholeBetweenLog("neighbours", 10, 1000), BetweenLog("shrinkage", 0.1, 5000),
                     OneOf("term_weighting", {"none", "tfidf", "bm25"}),
                     OneOf("weighting", {"linear", "log", "binary"})},
          .train = &Train};
}

}  // namespace vitrine
