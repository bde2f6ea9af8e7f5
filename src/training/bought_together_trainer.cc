#include "training/bought_together_trainer.h"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "training/item_knn_trainer.h"
#include "training/neighbour_settings.h"
#include "training/setting_reader.h"
#include "training/trainers.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/models/model_kinds.h"
#include "vitrine/scorers/collaborative/item_neighbours.h"

namespace vitrine {
namespace {

constexpr std::string_view kName = "bought_together";
constexpr std::size_t kMostItemsOfAnOrder = 100;

Settings OrderDefaults() {
  return {{"events", "purchases"}, {"similarity", "cosine"}, {"neighbours", "50"},
          {"shrinkage", "3"},      {"window_minutes", "30"}, {"context_weight", "3"}};
}

// Adds the order as a row.
void AddOrder(std::vector<std::uint32_t> order, CsrMatrix& orders) {
  if (order.size() > kMostItemsOfAnOrder) {
    order.erase(order.begin(), order.end() - kMostItemsOfAnOrder);
  }
  std::sort(order.begin(), order.end());
  order.erase(std::unique(order.begin(), order.end()), order.end());
  if (order.size() < 2) return;
  orders.column.insert(orders.column.end(), order.begin(), order.end());
  orders.value.resize(orders.column.size(), 1);
  orders.row_begin.push_back(orders.column.size());
  ++orders.num_rows;
}

absl::StatusOr<Model> TrainBoughtTogether(const Dataset& dataset, const Settings& settings,
                                          const TrainingContext& context) {
  SettingReader reader(kName, OrderDefaults(), settings);
  NeighbourOptions options;
  const bool is_jaccard = reader.Choice("similarity", {"cosine", "jaccard"}) == "jaccard";
  options.similarity = is_jaccard ? Similarity::kJaccard : Similarity::kCosine;
  options.num_neighbours = reader.Count("neighbours", 1, 100'000);
  options.shrinkage = reader.Number("shrinkage", 0, 1e9);
  OrderOptions what;
  what.is_of_purchases = reader.Choice("events", {"purchases", "any"}) == "purchases";
  what.window_minutes = reader.Number("window_minutes", 0, 1e6);
  ItemNeighboursTable table{.name = std::string(kName)};
  table.touch_weights.weighting = Weighting::kBinary;
  table.touch_weights.context_weight = static_cast<float>(reader.Number("context_weight", 0, 1e6));
  VITRINE_RETURN_IF_ERROR(reader.status());

  const CsrMatrix orders = OrdersOf(dataset, what);
  VITRINE_ASSIGN_OR_RETURN(table.neighbours, SimilarItems(orders, options, context));
  VITRINE_ASSIGN_OR_RETURN(const auto scorer, ItemNeighbours::Create(std::move(table)));
  Model model = MakeModel(scorer);
  model.settings = reader.complete();
  return model;
}

}  // namespace

CsrMatrix OrdersOf(const Dataset& dataset, const OrderOptions& options) {
  const auto window = static_cast<Micros>(options.window_minutes * 60 * kMicrosPerSecond);
  const auto counts = [&](const Interaction& each) {
    return options.is_of_purchases ? each.type == EventType::kPurchaseComplete : each.weight > 0;
  };
  CsrMatrix orders;
  orders.num_cols = dataset.num_items();
  for (std::size_t user = 0; user < dataset.num_users(); ++user) {
    std::vector<std::uint32_t> order;
    Micros latest = 0;
    for (const Interaction& each : dataset.History(user)) {
      if (!counts(each)) continue;
      if (!order.empty() && each.time_us - latest > window)
        AddOrder(std::exchange(order, {}), orders);
      order.push_back(static_cast<std::uint32_t>(Row(each.item)));
      latest = each.time_us;
    }
    AddOrder(std::move(order), orders);
  }
  return orders;
}

Trainer BoughtTogetherTrainer() {
  return {.name = kName,
          .description = "items of the same orders: cosine or Jaccard",
          .defaults = OrderDefaults(),
          .ranges = {WholeBetweenLog("neighbours", 10, 1000), BetweenLog("shrinkage", 0.1, 1000),
                     OneOf("similarity", {"cosine", "jaccard"})},
          .train = &TrainBoughtTogether};
}

}  // namespace vitrine
