#include "training/sequential_rules_trainer.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "training/recency_settings.h"
#include "training/setting_reader.h"
#include "training/trainers.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/math/top_k.h"
#include "vitrine/models/model_kinds.h"
#include "vitrine/scorers/sequential/sequential_rules.h"

namespace vitrine {

namespace {

Settings Defaults() {
  Settings defaults = {{"rules", "500"},           {"window", "10"},
                       {"distance_power", "0.75"}, {"gap_half_life_days", "0"},
                       {"basket_weight", "1"},     {"count_power", "0.75"},
                       {"source_power", "0"},      {"popularity_power", "0"},
                       {"include_self", "false"}};
  defaults.merge(RecencyDefaults());
  return defaults;
}

constexpr std::size_t kMaxReach = 1000;  // A crawler's thousands of views in a second are no path.
constexpr std::size_t kNumShards = 64;
constexpr std::size_t kShardsPerReport = 8;

// Where an item was visited.
struct Place {
  std::uint32_t user = 0;
  std::uint32_t visit = 0;  // Within the user's journey.
};

// The places of every item, in order of user and visit.
struct PlacesByItem {
  std::vector<std::uint64_t> begin{};  // [num_items + 1]
  std::vector<Place> places{};

  std::span<const Place> operator[](std::size_t item) const {
    return std::span(places).subspan(begin[item], begin[item + 1] - begin[item]);
  }
};

PlacesByItem FindPlaces(const Journeys& journeys, std::size_t num_items) {
  PlacesByItem found;
  found.begin.assign(num_items + 1, 0);
  for (const Visit& visit : journeys.visits) ++found.begin[visit.item + 1];
  for (std::size_t item = 0; item < num_items; ++item) found.begin[item + 1] += found.begin[item];
  std::vector<std::uint64_t> next(found.begin.begin(), found.begin.end() - 1);
  found.places.resize(journeys.visits.size());
  for (std::uint32_t user = 0; user < journeys.size(); ++user) {
    const auto journey = journeys[user];
    for (std::uint32_t visit = 0; visit < journey.size(); ++visit) {
      found.places[next[journey[visit].item]++] = {user, visit};
    }
  }
  return found;
}

// Counts the rules of one item after the other; holds scratch.
class RuleCounter {
 public:
  RuleCounter(const Journeys& journeys, const PlacesByItem& places, const RuleOptions& options)
      : journeys_(journeys),
        places_(places),
        options_(options),
        counts_(places.begin.size() - 1, 0) {
    for (std::size_t distance = 0; distance <= options.window; ++distance) {
      by_distance_.push_back(
          distance == 0 ? options.basket_weight
                        : std::pow(static_cast<double>(distance), -options.distance_power));
    }
  }

  // The strongest rules that start at `item`, by index.
  std::vector<ScoredItem> Row(std::uint32_t item) {
    for (const Place& place : places_[item]) AddPlace(journeys_[place.user], place.visit);
    const double source = std::pow(NumVisits(item), -options_.source_power);
    TopK best(options_.num_rules);
    for (const std::uint32_t next : touched_) {
      const double rule = std::pow(counts_[next], options_.count_power) * source *
                          std::pow(NumVisits(next), -options_.popularity_power);
      if (next != item || options_.include_self) {
        best.Offer(ItemIndex{next}, static_cast<float>(rule));
      }
      counts_[next] = 0;
    }
    touched_.clear();
    std::vector<ScoredItem> row = best.Take();
    std::sort(row.begin(), row.end(),
              [](const ScoredItem& a, const ScoredItem& b) { return a.item < b.item; });
    return row;
  }

 private:
  double NumVisits(std::uint32_t item) const { return static_cast<double>(places_[item].size()); }

  void AddPlace(std::span<const Visit> journey, std::size_t from) {
    const Visit& source = journey[from];
    const std::size_t end = std::min(journey.size(), from + 1 + kMaxReach);
    for (std::size_t to = from + 1; to < end; ++to) {
      if (journey[to].step - source.step > options_.window) break;
      AddPair(source, journey[to]);
    }
    const std::size_t least = from - std::min(from, kMaxReach);
    for (std::size_t to = from; to > least && journey[to - 1].step == source.step; --to) {
      AddPair(source, journey[to - 1]);
    }
  }

  void AddPair(const Visit& source, const Visit& target) {
    double weight = by_distance_[target.step - source.step];
    if (options_.gap_half_life_days > 0) {
      const auto gap_us = static_cast<double>(target.time_us - source.time_us);
      weight *=
          std::exp2(-gap_us / (options_.gap_half_life_days * static_cast<double>(kMicrosPerDay)));
    }
    // What is too small to be told from nothing would be forgotten in touched_.
    if (!(weight > 0)) return;
    double& count = counts_[target.item];
    if (count == 0) touched_.push_back(target.item);
    count += weight;
  }

  const Journeys& journeys_;
  const PlacesByItem& places_;
  const RuleOptions& options_;
  std::vector<double> by_distance_;     // [window + 1]
  std::vector<double> counts_;          // [items] c(j, i) of the present j
  std::vector<std::uint32_t> touched_;  // Items with a count.
};

CsrMatrix Assembled(const std::vector<std::vector<ScoredItem>>& rows) {
  CsrMatrix matrix;
  matrix.num_rows = rows.size();
  matrix.num_cols = rows.size();
  for (const auto& row : rows) {
    for (const ScoredItem& entry : row) {
      matrix.column.push_back(static_cast<std::uint32_t>(entry.item));
      matrix.value.push_back(entry.score);
    }
    matrix.row_begin.push_back(matrix.column.size());
  }
  return matrix;
}

absl::StatusOr<Model> Train(const Dataset& dataset, const Settings& settings,
                            const TrainingContext& context) {
  SettingReader reader("sequential_rules", Defaults(), settings);
  RuleOptions options;
  options.num_rules = reader.Count("rules", 1, 100'000);
  options.window = reader.Count("window", 1, 1000);
  options.distance_power = reader.Number("distance_power", 0, 10);
  options.gap_half_life_days = reader.Number("gap_half_life_days", 0, 36'500);
  options.basket_weight = reader.Number("basket_weight", 0, 100);
  options.count_power = reader.Number("count_power", 0.01, 1);
  options.source_power = reader.Number("source_power", 0, 2);
  options.popularity_power = reader.Number("popularity_power", 0, 2);
  options.include_self = reader.Flag("include_self");
  SequentialRulesTable table;
  table.recency = ReadRecency(reader);
  VITRINE_RETURN_IF_ERROR(reader.status());

  const Journeys journeys = JourneysOf(dataset);
  VITRINE_ASSIGN_OR_RETURN(table.rules,
                           SequentialRuleRows(journeys, dataset.num_items(), options, context));
  VITRINE_ASSIGN_OR_RETURN(const auto scorer, SequentialRules::Create(std::move(table)));
  Model model = MakeModel(scorer);
  model.settings = reader.complete();
  return model;
}

}  // namespace

absl::StatusOr<CsrMatrix> SequentialRuleRows(const Journeys& journeys, std::size_t num_items,
                                             const RuleOptions& options,
                                             const TrainingContext& context) {
  const PlacesByItem places = FindPlaces(journeys, num_items);
  std::vector<std::vector<ScoredItem>> rows(num_items);
  for (std::size_t first = 0; first < kNumShards; first += kShardsPerReport) {
    if (IsCancelled(context)) return Cancelled("sequential_rules");
    ReportProgress(context, static_cast<double>(first) / kNumShards);
    context.pool->ParallelFor(kShardsPerReport, [&](std::size_t shard) {
      RuleCounter counter(journeys, places, options);
      // Every 64th: neighbouring indices came into the shop together, and are alike in size.
      for (std::size_t item = first + shard; item < num_items; item += kNumShards) {
        rows[item] = counter.Row(static_cast<std::uint32_t>(item));
      }
    });
  }
  ReportProgress(context, 1);
  return Assembled(rows);
}

Trainer SequentialRulesTrainer() {
  return {.name = "sequential_rules",
          .description = "what shoppers touched next: counts of ordered pairs of items",
          .defaults = Defaults(),
          .ranges = {WholeBetween("window", 1, 20), Between("distance_power", 0, 2),
                     Between("count_power", 0.3, 1), Between("popularity_power", 0, 1),
                     Between("step_decay", 0.1, 1)},
          .train = &Train};
}

}  // namespace vitrine
