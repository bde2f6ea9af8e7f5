#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "training/neighbour_settings.h"
#include "training/pair_weights.h"
#include "training/setting_reader.h"
#include "training/trainers.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/models/model_kinds.h"
#include "vitrine/scorers/collaborative/user_knn.h"

namespace vitrine {

namespace {

Settings Defaults() {
  Settings defaults = {{"neighbours", "200"},   {"shrinkage", "10"},
                       {"votes", "weighed"},    {"term_weighting", "tfidf"},
                       {"weighting", "binary"}, {"context_weight", "3"}};
  defaults.merge(NeighbourDefaults());
  return defaults;
}

absl::StatusOr<Model> Train(const Dataset& dataset, const Settings& settings,
                            const TrainingContext& context) {
  SettingReader reader("user_knn", Defaults(), settings);
  UserKnnTable table;
  table.similarity = ReadSimilarity(reader);
  table.term_weights = ReadTermWeights(reader);
  table.num_neighbours = static_cast<std::uint32_t>(reader.Count("neighbours", 1, 100'000));
  table.shrinkage = reader.Number("shrinkage", 0, 1e9);
  const std::string votes = reader.Choice("votes", {"plain", "weighed"});
  table.touch_weights = ReadTouchWeights(reader, dataset);
  VITRINE_RETURN_IF_ERROR(reader.status());
  if (IsCancelled(context)) return Cancelled("user_knn");

  table.votes = LikedPairWeights(dataset, table.touch_weights);
  VITRINE_RETURN_IF_ERROR(CheckComparable(table.votes, table.similarity, table.term_weights));
  table.term_weights = LearnTermWeights(table.votes, table.term_weights);
  CsrMatrix profiles = Weighed(table.votes, table.term_weights);
  if (votes == "weighed") table.votes = profiles;
  if (table.similarity == Similarity::kPearson) CentreRows(profiles);
  for (const double norm : RowNorms(profiles)) table.norms.push_back(static_cast<float>(norm));
  table.profiles = Transpose(profiles);
  VITRINE_ASSIGN_OR_RETURN(const auto scorer, UserKnn::Create(std::move(table)));
  ReportProgress(context, 1);
  Model model = MakeModel(scorer);
  model.settings = reader.complete();
  return model;
}

}  // namespace

Trainer UserKnnTrainer() {
  return {.name = "user_knn",
          .description = "what shoppers with a like history touched, looked up at request time",
          .defaults = Defaults(),
          .ranges = {WholeBetweenLog("neighbours", 20, 1000), BetweenLog("shrinkage", 0.1, 1000),
                     OneOf("votes", {"plain", "weighed"}),
                     OneOf("term_weighting", {"none", "tfidf", "bm25"})},
          .train = &Train};
}

}  // namespace vitrine
