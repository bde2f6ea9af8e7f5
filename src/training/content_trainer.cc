#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_format.h"
#include "training/item_meaning.h"
#include "training/setting_reader.h"
#include "training/trainers.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/feature_store/text.h"
#include "vitrine/models/model_kinds.h"
#include "vitrine/scorers/content/content.h"

namespace vitrine {

namespace {

Settings Defaults() {
  return {{"title_weight", "1"},
          {"description_weight", "0.5"},
          {"category_weight", "1"},
          {"brand_weight", "1"},
          {"tag_weight", "1"},
          {"attribute_weight", "0.5"},
          {"min_items", "1"},
          {"half_life_days", "30"},
          {"rank_decay", "0.98"},
          {"context_weight", "3"},
          {"profile_features", "256"},
          {"meaning_weight", "0.25"},
          {"meaning_source", "histories"},
          {"meaning_dimensions", "32"},
          {"meaning_neighbours", "3"}};
}

struct FieldWeights {
  double title = 0;
  double description = 0;
  double category = 0;
  double brand = 0;
  double tag = 0;
  double attribute = 0;
};

// An item's features with their weight before idf.
using ItemTerms = std::map<std::string, double>;

// Adds `weight` * (1 + ln tf) for each word of one field: sublinear, so that a word said ten times
// is not ten times as true.
void AddText(std::string_view text, double weight, ItemTerms& terms) {
  if (weight == 0) return;
  std::map<std::string, double> counts;
  for (const std::string& word : Tokenize(text)) counts[word] += 1;
  for (const auto& [word, count] : counts) {
    terms["word: " + word] += weight * (1 + std::log(count));
  }
}

void AddLabel(const std::string& label, double weight, ItemTerms& terms) {
  if (weight != 0) terms[label] = weight;
}

ItemTerms Describe(const Item& item, const FieldWeights& weights) {
  ItemTerms terms;
  AddText(item.title, weights.title, terms);
  AddText(item.description, weights.description, terms);
  for (const std::string& path : item.categories) {
    for (const std::string& prefix : CategoryPrefixes(path)) {
      AddLabel("category: " + prefix, weights.category, terms);
    }
  }
  if (!item.brand.empty()) AddLabel("brand: " + item.brand, weights.brand, terms);
  for (const std::string& tag : item.tags) AddLabel("tag: " + tag, weights.tag, terms);
  for (const auto& [name, value] : item.attributes) {
    const auto* text = std::get_if<std::string>(&value);
    const std::string shown =
        text != nullptr ? *text : absl::StrFormat("%g", std::get<double>(value));
    AddLabel(absl::StrFormat("%s: %s", name, shown), weights.attribute, terms);
  }
  return terms;
}

// Collects items one by one into a table, features numbered in order of first appearance.
class TableBuilder {
 public:
  void Add(const ItemTerms& terms) {
    std::vector<std::pair<std::uint32_t, double>> row;
    for (const auto& [name, weight] : terms) {
      const auto next = static_cast<std::uint32_t>(names_.size());
      const auto [found, is_new] = numbers_.try_emplace(name, next);
      if (is_new) {
        names_.push_back(name);
        num_items_with_.push_back(0);
      }
      ++num_items_with_[found->second];
      row.emplace_back(found->second, weight);
    }
    std::sort(row.begin(), row.end());
    if (!row.empty()) ++num_described_;
    rows_.push_back(std::move(row));
  }

  // Rows weighed by idf = ln(1 + described items / items with the feature), which stays above zero
  // however small the shop, and cut to length 1; features of fewer than `min_items` items left out.
  ContentTable Build(std::size_t min_items) const {
    ContentTable table;
    table.features = names_;
    table.items.num_rows = rows_.size();
    table.items.num_cols = names_.size();
    for (const auto& row : rows_) AppendRow(row, min_items, table.items);
    return table;
  }

 private:
  using SparseRow = std::vector<std::pair<std::uint32_t, double>>;

  void AppendRow(const SparseRow& row, std::size_t min_items, CsrMatrix& matrix) const {
    SparseRow kept;
    double sum_of_squares = 0;
    for (const auto& [feature, weight] : row) {
      const double count = num_items_with_[feature];
      if (count < static_cast<double>(min_items)) continue;
      const double value = weight * std::log1p(static_cast<double>(num_described_) / count);
      sum_of_squares += value * value;
      kept.emplace_back(feature, value);
    }
    for (const auto& [feature, value] : kept) {
      matrix.column.push_back(feature);
      matrix.value.push_back(static_cast<float>(value / std::sqrt(sum_of_squares)));
    }
    matrix.row_begin.push_back(matrix.column.size());
  }

  std::vector<std::string> names_;
  std::unordered_map<std::string, std::uint32_t> numbers_;
  std::vector<std::uint32_t> num_items_with_;  // [features]
  std::vector<SparseRow> rows_;                // [items] by feature
  std::size_t num_described_ = 0;              // Items that have any feature.
};

FieldWeights ReadFieldWeights(SettingReader& reader) {
  return {.title = reader.Number("title_weight", 0, 1000),
          .description = reader.Number("description_weight", 0, 1000),
          .category = reader.Number("category_weight", 0, 1000),
          .brand = reader.Number("brand_weight", 0, 1000),
          .tag = reader.Number("tag_weight", 0, 1000),
          .attribute = reader.Number("attribute_weight", 0, 1000)};
}

ContentOptions ReadOptions(SettingReader& reader) {
  return {.half_life_days = reader.Number("half_life_days", 0, 36'500),
          .rank_decay = reader.Number("rank_decay", 1e-3, 1),
          .context_weight = static_cast<float>(reader.Number("context_weight", 0, 1e6)),
          .profile_features = reader.Count("profile_features", 1, 1'000'000),
          .meaning_weight = static_cast<float>(reader.Number("meaning_weight", 0, 1000))};
}

MeaningOptions ReadMeaningOptions(SettingReader& reader) {
  const std::string source = reader.Choice("meaning_source", {"histories", "texts"});
  return {.source = source == "texts" ? MeaningSource::kTexts : MeaningSource::kHistories,
          .dimensions = reader.Count("meaning_dimensions", 1, 4096),
          .neighbours = reader.Count("meaning_neighbours", 1, 10'000)};
}

// Features of the items from `first` on, as many as `piece` has room for; none where an item is not
// described.
void DescribePiece(const Dataset& dataset, std::size_t first, const FieldWeights& weights,
                   std::span<ItemTerms> piece) {
  for (std::size_t i = 0; i < piece.size(); ++i) {
    const std::size_t row = first + i;
    const Item* item = row < dataset.items.size() ? dataset.items[row].get() : nullptr;
    if (item != nullptr) piece[i] = Describe(*item, weights);
  }
}

// Describes items on the pool in bounded pieces, and collects them in order.
absl::StatusOr<ContentTable> BuildTable(const Dataset& dataset, const FieldWeights& weights,
                                        std::size_t min_items, const TrainingContext& context) {
  constexpr std::size_t kPieceItems = 4096;
  constexpr std::size_t kShardItems = 64;
  TableBuilder builder;
  const std::size_t num_items = dataset.num_items();
  for (std::size_t first = 0; first < num_items; first += kPieceItems) {
    if (IsCancelled(context)) return Cancelled("content");
    ReportProgress(context, static_cast<double>(first) / static_cast<double>(num_items));
    std::vector<ItemTerms> piece(std::min(kPieceItems, num_items - first));
    const std::size_t num_shards = (piece.size() + kShardItems - 1) / kShardItems;
    context.pool->ParallelFor(num_shards, [&](std::size_t shard) {
      const std::size_t begin = shard * kShardItems;
      DescribePiece(dataset, first + begin, weights,
                    std::span(piece).subspan(begin, std::min(kShardItems, piece.size() - begin)));
    });
    for (const ItemTerms& terms : piece) builder.Add(terms);
  }
  return builder.Build(min_items);
}

absl::StatusOr<Model> Train(const Dataset& dataset, const Settings& settings,
                            const TrainingContext& context) {
  SettingReader reader("content", Defaults(), settings);
  const FieldWeights weights = ReadFieldWeights(reader);
  const ContentOptions options = ReadOptions(reader);
  const std::size_t min_items = reader.Count("min_items", 1, 1'000'000);
  const MeaningOptions meaning = ReadMeaningOptions(reader);
  VITRINE_RETURN_IF_ERROR(reader.status());
  if (IsCancelled(context)) return Cancelled("content");

  VITRINE_ASSIGN_OR_RETURN(ContentTable table, BuildTable(dataset, weights, min_items, context));
  table.options = options;
  if (options.meaning_weight > 0) {
    VITRINE_ASSIGN_OR_RETURN(table.meaning, ItemMeaning(dataset, table.items, meaning, context));
  }
  VITRINE_ASSIGN_OR_RETURN(const auto scorer, Content::Create(std::move(table)));
  ReportProgress(context, 1);
  Model model = MakeModel(scorer);
  model.settings = reader.complete();
  return model;
}

}  // namespace

Trainer ContentTrainer() {
  return {.name = "content",
          .description =
              "items described like those the shopper touched: TF-IDF of their texts, and meaning",
          .defaults = Defaults(),
          .ranges = {Between("title_weight", 0, 2), Between("description_weight", 0, 2),
                     Between("category_weight", 0, 2), Between("brand_weight", 0, 2),
                     Between("tag_weight", 0, 2), Between("attribute_weight", 0, 2),
                     BetweenLog("half_life_days", 1, 365), Between("rank_decay", 0.8, 1),
                     Between("meaning_weight", 0, 1)},
          .train = &Train};
}

}  // namespace vitrine
