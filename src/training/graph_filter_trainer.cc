#include "training/graph_filter_trainer.h"

#include <cmath>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "training/co_occurrence.h"
#include "training/item_shards.h"
#include "training/neighbour_table.h"
#include "training/pair_weights.h"
#include "training/setting_reader.h"
#include "training/trainers.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/models/model_kinds.h"
#include "vitrine/scorers/collaborative/item_neighbours.h"
#include "vitrine/scorers/collaborative/linear_map.h"

namespace vitrine {

namespace {

Settings Defaults() {
  return {{"filter", "sharpened"},    {"neighbours", "500"},
          {"include_self", "false"},  {"user_exponent", "0.6"},
          {"power", "0.7"},           {"dimensions", "448"},
          {"low_pass_weight", "0.2"}, {"sharpening_time", "2.5"},
          {"svd_iterations", "6"},    {"seed", "1"},
          {"weighting", "binary"},    {"context_weight", "3"},
          {"as_paper", "false"}};
}

// What the decomposition is of the whole work, as progress is told.
constexpr double kDecomposed = 0.3;

// Everything that the settings say.
struct FilterSettings {
  std::string filter{};
  FilterCut cut{};
  LinearFilterOptions linear{};
  GraphFilterOptions spectral{};
  bool is_as_paper = false;
};

FilterSettings Read(SettingReader& reader) {
  FilterSettings settings;
  settings.filter = reader.Choice("filter", {"linear", "low_pass", "sharpened"});
  settings.cut.mean_neighbours = reader.Count("neighbours", 1, 1'000'000);
  settings.cut.include_self = reader.Flag("include_self");
  settings.linear.user_exponent = reader.Number("user_exponent", 0, 1);
  settings.linear.power = reader.Number("power", 0.01, 10);
  settings.spectral.svd.rank = reader.Count("dimensions", 1, 8192);
  settings.spectral.svd.iterations = reader.Count("svd_iterations", 1, 100);
  settings.spectral.svd.seed = reader.Count("seed", 0, SIZE_MAX);
  settings.spectral.low_pass_weight = reader.Number("low_pass_weight", 0, 1000);
  settings.spectral.sharpening_time = reader.Number("sharpening_time", 0, 100);
  if (settings.filter == "low_pass") settings.spectral.sharpening_time = 0;
  settings.is_as_paper = reader.Flag("as_paper");
  return settings;
}

// Scores with the whole matrix of `filter`.
std::shared_ptr<const Scorer> Untruncated(const std::shared_ptr<const GraphFilter>& filter,
                                          const CsrMatrix& interactions,
                                          const TouchWeights& touch_weights) {
  LinearMapParts parts{.name = "graph_filter", .known = ItemBitmap(interactions.num_cols)};
  for (const std::uint32_t item : interactions.column) parts.known.Insert(ItemIndex{item});
  parts.touch_weights = touch_weights;
  parts.num_items = interactions.num_cols;
  parts.map = [filter](const CsrMatrix& weights) -> Matrix {
    Matrix panel = Matrix::Zero(static_cast<Eigen::Index>(weights.num_cols),
                                static_cast<Eigen::Index>(weights.num_rows));
    for (std::size_t query = 0; query < weights.num_rows; ++query) {
      const auto items = weights.Columns(query);
      for (std::size_t i = 0; i < items.size(); ++i) {
        panel(items[i], static_cast<Eigen::Index>(query)) = weights.Values(query)[i];
      }
    }
    return filter->Scores(panel).transpose();
  };
  return std::make_shared<const LinearMap>(std::move(parts));
}

absl::StatusOr<Model> Train(const Dataset& dataset, const Settings& settings,
                            const TrainingContext& context) {
  SettingReader reader("graph_filter", Defaults(), settings);
  const FilterSettings wanted = Read(reader);
  ItemNeighboursTable table{.name = "graph_filter"};
  table.touch_weights = ReadTouchWeights(reader, dataset);
  VITRINE_RETURN_IF_ERROR(reader.status());

  const CsrMatrix interactions = LikedPairWeights(dataset, table.touch_weights);
  const TouchWeights touch_weights = table.touch_weights;
  std::shared_ptr<const Scorer> as_paper;
  if (wanted.filter == "linear") {
    VITRINE_ASSIGN_OR_RETURN(
        table.neighbours, LinearFilterNeighbours(interactions, wanted.linear, wanted.cut, context));
    if (wanted.is_as_paper) {
      ItemNeighboursTable whole{.name = table.name, .touch_weights = touch_weights};
      const FilterCut none{.mean_neighbours = interactions.num_cols, .include_self = true};
      VITRINE_ASSIGN_OR_RETURN(whole.neighbours,
                               LinearFilterNeighbours(interactions, wanted.linear, none, context));
      VITRINE_ASSIGN_OR_RETURN(as_paper, ItemNeighbours::Create(std::move(whole)));
    }
  } else {
    if (IsCancelled(context)) return Cancelled("graph_filter");
    ReportProgress(context, 0);
    const auto filter =
        std::make_shared<const GraphFilter>(interactions, wanted.spectral, context.pool);
    VITRINE_ASSIGN_OR_RETURN(table.neighbours, FilterNeighbours(*filter, wanted.cut, context));
    if (wanted.is_as_paper) as_paper = Untruncated(filter, interactions, touch_weights);
  }
  VITRINE_ASSIGN_OR_RETURN(const auto scorer, ItemNeighbours::Create(std::move(table)));
  Model model = MakeModel(scorer);
  model.as_paper = as_paper;
  model.settings = reader.complete();
  return model;
}

}  // namespace

absl::StatusOr<CsrMatrix> LinearFilterNeighbours(const CsrMatrix& interactions,
                                                 const LinearFilterOptions& options,
                                                 const FilterCut& cut,
                                                 const TrainingContext& context) {
  const CsrMatrix by_user =
      NormaliseInteractions(interactions, options.user_exponent, 1 - options.user_exponent);
  const CsrMatrix by_item = Transpose(by_user);
  const auto sources = [&](std::size_t begin, std::size_t end) {
    CoOccurrence shared(by_user, by_item);
    std::vector<std::vector<ScoredItem>> found(end - begin);
    for (std::size_t item = begin; item < end; ++item) {
      const auto target = static_cast<std::uint32_t>(item);
      shared.Compute(target);
      found[item - begin].reserve(shared.items().size());
      for (const std::uint32_t other : shared.items()) {
        if (other == target && !cut.include_self) continue;
        const float weight = std::pow(shared.With(other), static_cast<float>(options.power));
        found[item - begin].push_back({ItemIndex{other}, weight});
      }
    }
    return found;
  };
  return CutNeighbourTable({.trainer = "graph_filter", .num_items = by_item.num_rows},
                           cut.mean_neighbours, context, sources);
}

absl::StatusOr<CsrMatrix> FilterNeighbours(const GraphFilter& filter, const FilterCut& cut,
                                           const TrainingContext& context) {
  const auto sources = [&](std::size_t begin, std::size_t end) {
    const Matrix columns = filter.Columns(begin, end - begin);
    std::vector<std::vector<ScoredItem>> found(end - begin);
    for (std::size_t source = 0; source < filter.num_items(); ++source) {
      for (std::size_t target = begin; target < end; ++target) {
        const float weight =
            columns(static_cast<Eigen::Index>(source), static_cast<Eigen::Index>(target - begin));
        if (weight == 0 || (source == target && !cut.include_self)) continue;
        found[target - begin].push_back({ItemIndex{static_cast<std::uint32_t>(source)}, weight});
      }
    }
    return found;
  };
  return CutNeighbourTable(
      {.trainer = "graph_filter", .num_items = filter.num_items(), .from = kDecomposed},
      cut.mean_neighbours, context, sources);
}

Trainer GraphFilterTrainer() {
  return {.name = "graph_filter",
          .description = "closed-form filters on the graph of items that share shoppers",
          .defaults = Defaults(),
          .ranges = {OneOf("filter", {"linear", "low_pass", "sharpened"}),
                     Between("user_exponent", 0, 1), Between("power", 0.3, 1.5),
                     WholeBetweenLog("dimensions", 16, 512), Between("low_pass_weight", 0, 1),
                     Between("sharpening_time", 0, 4)},
          .train = &Train};
}

}  // namespace vitrine
