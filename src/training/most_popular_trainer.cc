#include <algorithm>
#include <cmath>
#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <utility>

#include "training/setting_reader.h"
#include "training/trainers.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/feature_store/text.h"
#include "vitrine/models/model_kinds.h"
#include "vitrine/scorers/collaborative/most_popular.h"

namespace vitrine {

namespace {

Settings Defaults() {
  return {
      {"half_life_days", "7"}, {"binary", "false"}, {"category_mix", "1"}, {"min_shoppers", "1"}};
}

// Counts an interaction of age a as 2^(-a / half life).
class Decay {
 public:
  Decay(Micros now_us, double half_life_days)
      : now_us_(now_us), half_life_us_(half_life_days * static_cast<double>(kMicrosPerDay)) {}

  double Of(Micros time_us) const {
    if (half_life_us_ == 0) return 1;
    const auto age_us = static_cast<double>(std::max<Micros>(now_us_ - time_us, 0));
    return std::exp2(-age_us / half_life_us_);
  }

 private:
  Micros now_us_;
  double half_life_us_;
};

// What one shopper's interactions with one item add up to.
struct Pair {
  double weight = 0;  // Decayed.
  double latest = 0;  // Decay of the latest interaction that is not a dislike.
};

// What all shoppers' interactions with one item add up to.
struct Sum {
  double popularity = 0;
  std::size_t num_shoppers = 0;  // Who add to it.
};

// Adds what one shopper's history says, a dislike of one item not below zero.
void AddHistory(std::span<const Interaction> history, const Decay& decay, bool is_binary,
                std::vector<Sum>& sums) {
  std::map<ItemIndex, Pair> pairs;
  for (const Interaction& interaction : history) {
    const double factor = decay.Of(interaction.time_us);
    Pair& pair = pairs[interaction.item];
    pair.weight += factor * interaction.weight;
    if (interaction.weight > 0) pair.latest = std::max(pair.latest, factor);
  }
  for (const auto& [item, pair] : pairs) {
    if (pair.weight <= 0) continue;
    sums[Row(item)].popularity += is_binary ? pair.latest : pair.weight;
    ++sums[Row(item)].num_shoppers;
  }
}

// Numbers categories in order of first appearance and fills in who is in which.
class CategoryBuilder {
 public:
  explicit CategoryBuilder(MostPopularTable& table) : table_(table) {}

  // Appends the row of one item: 2 for its own paths, 1 for those above them.
  void AddItem(std::span<const std::string> paths) {
    std::map<std::uint32_t, float> marks;
    for (const std::string& path : paths) {
      const std::vector<std::string> prefixes = CategoryPrefixes(path);
      for (std::size_t i = 0; i < prefixes.size(); ++i) {
        float& mark = marks[Number(prefixes[i])];
        mark = std::max(mark, i + 1 == prefixes.size() ? 2.0F : 1.0F);
      }
    }
    for (const auto& [category, mark] : marks) {
      table_.categories.column.push_back(category);
      table_.categories.value.push_back(mark);
    }
    table_.categories.row_begin.push_back(table_.categories.column.size());
    ++table_.categories.num_rows;
    table_.categories.num_cols = table_.category_names.size();
  }

 private:
  std::uint32_t Number(const std::string& category) {
    const auto next = static_cast<std::uint32_t>(numbers_.size());
    const auto [found, is_new] = numbers_.try_emplace(category, next);
    if (is_new) table_.category_names.push_back(category);
    return found->second;
  }

  MostPopularTable& table_;
  std::map<std::string, std::uint32_t> numbers_;
};

void SetCategories(const Dataset& dataset, MostPopularTable& table) {
  CategoryBuilder builder(table);
  for (std::size_t row = 0; row < dataset.num_items(); ++row) {
    const Item* item = row < dataset.items.size() ? dataset.items[row].get() : nullptr;
    builder.AddItem(item != nullptr ? std::span(item->categories) : std::span<const std::string>());
  }
}

absl::StatusOr<Model> Train(const Dataset& dataset, const Settings& settings,
                            const TrainingContext& context) {
  SettingReader reader("most_popular", Defaults(), settings);
  const double half_life_days = reader.Number("half_life_days", 0, 36'500);
  const bool is_binary = reader.Flag("binary");
  MostPopularTable table;
  table.category_mix = static_cast<float>(reader.Number("category_mix", 0, 100));
  const std::size_t min_shoppers = reader.Count("min_shoppers", 1, 1'000'000);
  VITRINE_RETURN_IF_ERROR(reader.status());

  const Decay decay(dataset.now_us, half_life_days);
  std::vector<Sum> sums(dataset.num_items());
  for (std::size_t user = 0; user < dataset.num_users(); ++user) {
    if (user % 1024 == 0) {
      if (IsCancelled(context)) return Cancelled("most_popular");
      ReportProgress(context, static_cast<double>(user) / static_cast<double>(dataset.num_users()));
    }
    AddHistory(dataset.History(user), decay, is_binary, sums);
  }
  for (const Sum& sum : sums) {
    const bool is_enough = sum.num_shoppers >= min_shoppers;
    table.popularity.push_back(is_enough ? static_cast<float>(sum.popularity) : 0);
  }
  SetCategories(dataset, table);
  VITRINE_ASSIGN_OR_RETURN(const auto scorer, MostPopular::Create(std::move(table)));
  ReportProgress(context, 1);
  Model model = MakeModel(scorer);
  model.settings = reader.complete();
  return model;
}

}  // namespace

Trainer MostPopularTrainer() {
  return {.name = "most_popular",
          .description = "what everybody likes lately, and within the shopper's categories",
          .defaults = Defaults(),
          .ranges = {BetweenLog("half_life_days", 0.5, 365), OneOf("binary", {"false", "true"})},
          .train = &Train};
}

}  // namespace vitrine
