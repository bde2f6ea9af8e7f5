#include "vitrine/scorers/collaborative/most_popular.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "absl/strings/str_format.h"
#include "scorers/saved_rows.h"
#include "scorers/sparse_scores.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/feature_store/text.h"
#include "vitrine/scorers/touched_items.h"

namespace vitrine {

namespace {

constexpr float kOwnPath = 2;  // Marks, in MostPopularTable::categories, an item's own path.

bool IsPopularity(float value) {
  return value == kUnscored || (std::isfinite(value) && value >= 0);
}

// Adds `weight` to the own paths of `item`, shared out equally.
void AddOwnPaths(const CsrMatrix& categories, ItemIndex item, double weight,
                 std::map<std::uint32_t, double>& weights) {
  if (Row(item) >= categories.num_rows) return;
  const auto columns = categories.Columns(Row(item));
  const auto marks = categories.Values(Row(item));
  const auto num_own = static_cast<double>(std::count(marks.begin(), marks.end(), kOwnPath));
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (marks[i] == kOwnPath) weights[columns[i]] += weight / num_own;
  }
}

}  // namespace

absl::StatusOr<std::shared_ptr<const MostPopular>> MostPopular::Create(MostPopularTable table) {
  if (table.categories.num_rows != table.popularity.size() ||
      table.categories.num_cols != table.category_names.size()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("most_popular wants categories of %d items x %d names, got %d x %d",
                        table.popularity.size(), table.category_names.size(),
                        table.categories.num_rows, table.categories.num_cols));
  }
  if (!std::all_of(table.popularity.begin(), table.popularity.end(), IsPopularity)) {
    return absl::InvalidArgumentError("most_popular wants popularities that are finite and >= 0");
  }
  if (!(table.category_mix >= 0) || !std::isfinite(table.category_mix)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "most_popular wants a category mix that is finite and >= 0, got %g", table.category_mix));
  }
  return std::shared_ptr<const MostPopular>(new MostPopular(std::move(table)));
}

MostPopular::MostPopular(MostPopularTable table)
    : table_(std::move(table)), members_(Transpose(table_.categories)) {
  for (std::uint32_t row = 0; row < table_.popularity.size(); ++row) {
    if (table_.popularity[row] == kUnscored) continue;
    by_score_.push_back(ItemIndex{row});
    best_ = std::max(best_, table_.popularity[row]);
  }
  everywhere_ = table_.popularity;
  for (float& score : everywhere_) score = best_ == 0 ? score : score / best_;
  SortItems();
  for (std::uint32_t category = 0; category < table_.category_names.size(); ++category) {
    names_.emplace_back(table_.category_names[category], category);
    features_.push_back("category: " + table_.category_names[category]);
    float best = 0;
    for (const std::uint32_t item : members_.Columns(category)) {
      best = std::max(best, table_.popularity[item]);
    }
    best_in_category_.push_back(best);
  }
  std::sort(names_.begin(), names_.end());
}

void MostPopular::SortItems() {
  const auto popularity_of = [this](ItemIndex item) { return table_.popularity[Row(item)]; };
  const auto score_of = [this](ItemIndex item) { return everywhere_[Row(item)]; };
  std::stable_sort(by_score_.begin(), by_score_.end(),
                   [&](ItemIndex a, ItemIndex b) { return popularity_of(a) > popularity_of(b); });
  const auto untouched = std::partition_point(
      by_score_.begin(), by_score_.end(), [&](ItemIndex item) { return popularity_of(item) > 0; });
  kinds_ = ItemKinds(table_.categories, {by_score_.begin(), untouched});
  // Rounding may have made equals of some, which stand by their index.
  for (auto begin = by_score_.begin(); begin != by_score_.end();) {
    const auto end = std::find_if(
        begin, by_score_.end(), [&](ItemIndex item) { return score_of(item) != score_of(*begin); });
    std::sort(begin, end);
    begin = end;
  }
}

std::optional<std::uint32_t> MostPopular::FindCategory(const std::string& path) const {
  std::vector<std::string> prefixes = CategoryPrefixes(path);
  for (; !prefixes.empty(); prefixes.pop_back()) {
    const auto found = std::lower_bound(names_.begin(), names_.end(),
                                        std::pair(prefixes.back(), std::uint32_t{0}));
    if (found != names_.end() && found->first == prefixes.back()) return found->second;
  }
  return std::nullopt;
}

std::shared_ptr<const std::vector<MostPopular::Share>> MostPopular::Shares(
    const Query& query) const {
  return QueryMemo::Recall<std::vector<Share>>(query.memo, this,
                                               [&] { return WorkOutShares(query); });
}

std::vector<MostPopular::Share> MostPopular::WorkOutShares(const Query& query) const {
  if (names_.empty()) return {};
  std::map<std::uint32_t, double> weights;
  for (const std::string& path : query.categories) {
    if (const auto category = FindCategory(path)) weights[*category] += 1;
  }
  for (const ItemIndex item : query.context_items) {
    AddOwnPaths(table_.categories, item, 1, weights);
  }
  if (weights.empty()) {
    const Query history_only{.history = query.history};
    for (const TouchedItem& touched : TouchedItems(history_only, {}, table_.popularity.size())) {
      if (touched.weight > 0) AddOwnPaths(table_.categories, touched.item, touched.weight, weights);
    }
  }

  double sum = 0;
  for (const auto& [category, weight] : weights) sum += weight;
  std::vector<Share> shares;
  for (const auto& [category, weight] : weights) {
    const float best = best_in_category_[category];
    if (best == 0) continue;
    shares.push_back({category, table_.category_mix * weight / (sum * best)});
  }
  return shares;
}

float MostPopular::ScoreOf(std::span<const Share> shares, ItemIndex item) const {
  if (Row(item) >= everywhere_.size()) return kUnscored;
  float score = everywhere_[Row(item)];
  if (shares.empty() || score == kUnscored) return score;
  const float popularity = table_.popularity[Row(item)];
  const auto categories = table_.categories.Columns(Row(item));
  for (const Share& share : shares) {
    if (std::binary_search(categories.begin(), categories.end(), share.category)) {
      score += Part(share, popularity);
    }
  }
  return score;
}

void MostPopular::Score(std::span<const Query> queries, std::span<const ItemIndex> items,
                        Eigen::Ref<Matrix> scores) const {
  for (std::size_t q = 0; q < queries.size(); ++q) {
    const auto kept = Shares(queries[q]);
    const std::span<const Share> shares = *kept;
    const std::span<float> row = RowOf(scores, q);
    const bool are_many = items.size() > everywhere_.size() / 4;
    if (!AreAllBelow(everywhere_.size(), items) || (!are_many && !shares.empty())) {
      for (std::size_t i = 0; i < items.size(); ++i) row[i] = ScoreOf(shares, items[i]);
      continue;
    }
    std::vector<float> all = shares.empty() ? std::vector<float>() : everywhere_;
    AddShares(shares, all);
    const std::vector<float>& from = shares.empty() ? everywhere_ : all;
    for (std::size_t i = 0; i < items.size(); ++i) row[i] = from[Row(items[i])];
  }
}

float MostPopular::Sketch(const Query& query, std::span<float> scores) const {
  const std::size_t count = std::min(scores.size(), everywhere_.size());
  std::copy_n(everywhere_.begin(), count, scores.begin());
  std::fill(scores.begin() + static_cast<std::ptrdiff_t>(count), scores.end(), kUnscored);
  AddShares(*Shares(query), scores);
  return 0;
}

// The members of a few categories are looked through in less time than the categories of all items.
void MostPopular::AddShares(std::span<const Share> shares, std::span<float> scores) const {
  for (const Share& share : shares) {
    if (share.factor == 0) continue;  // Times what is kUnscored it would not be a number.
    for (const std::uint32_t item : members_.Columns(share.category)) {
      if (item < scores.size()) scores[item] += Part(share, table_.popularity[item]);
    }
  }
}

std::vector<Contribution> MostPopular::Explain(const Query& query, ItemIndex item) const {
  return ExplainOne(*Shares(query), item);
}

std::vector<std::vector<Contribution>> MostPopular::ExplainAll(
    const Query& query, std::span<const ItemIndex> items) const {
  const auto kept = Shares(query);
  const std::span<const Share> shares = *kept;
  std::vector<std::vector<Contribution>> explained;
  explained.reserve(items.size());
  for (const ItemIndex item : items) explained.push_back(ExplainOne(shares, item));
  return explained;
}

std::vector<Contribution> MostPopular::ExplainOne(std::span<const Share> shares,
                                                  ItemIndex item) const {
  const float base = ScoreOf({}, item);
  if (base == kUnscored) return {};
  std::vector<Contribution> contributions;
  contributions.push_back(
      {.source = Contribution::Source::kBase, .item = {}, .feature = {}, .value = base});
  const auto categories = table_.categories.Columns(Row(item));
  for (const Share& share : shares) {
    if (!std::binary_search(categories.begin(), categories.end(), share.category)) continue;
    contributions.push_back({.source = Contribution::Source::kFeature,
                             .item = {},
                             .feature = features_[share.category],
                             .value = Part(share, table_.popularity[Row(item)])});
  }
  return contributions;
}

void Save(const MostPopular& scorer, ByteWriter& writer) {
  const MostPopularTable& table = scorer.table();
  writer.Float(table.category_mix);
  writer.Array(table.popularity);
  writer.Unsigned(table.category_names.size());
  for (const std::string& name : table.category_names) writer.String(name);
  Write(table.categories, writer);
}

absl::StatusOr<std::shared_ptr<const MostPopular>> LoadMostPopular(
    ByteReader& reader, std::span<const ItemIndex> row_to_index, std::size_t num_items) {
  const RowMapping mapping{row_to_index, num_items};
  MostPopularTable table;
  table.category_mix = reader.Float();
  const std::vector<float> popularity = reader.Array<float>();
  const std::size_t num_names = reader.Count();
  for (std::size_t i = 0; i < num_names; ++i) table.category_names.push_back(reader.String());
  VITRINE_ASSIGN_OR_RETURN(CsrMatrix categories, ReadCsr(reader, "most_popular"));
  VITRINE_RETURN_IF_ERROR(CheckRows(popularity.size(), mapping, "most_popular"));
  VITRINE_RETURN_IF_ERROR(CheckRows(categories.num_rows, mapping, "most_popular"));

  table.categories = RemapRows(std::move(categories), mapping);
  table.popularity.assign(num_items, kUnscored);
  for (std::size_t row = 0; row < popularity.size(); ++row) {
    if (row_to_index[row] != RowMapping::kDropped) {
      table.popularity[Row(row_to_index[row])] = popularity[row];
    }
  }
  auto scorer = MostPopular::Create(std::move(table));
  if (!scorer.ok()) return absl::DataLossError(std::string(scorer.status().message()));
  return scorer;
}

}  // namespace vitrine
