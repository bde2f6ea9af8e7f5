#include "vitrine/scorers/content/content.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_format.h"
#include "scorers/saved_rows.h"
#include "scorers/sparse_scores.h"
#include "vitrine/base/status_macros.h"

namespace vitrine {

namespace {

absl::Status CheckTable(const ContentTable& table) {
  const ContentOptions& options = table.options;
  if (table.items.num_cols != table.features.size()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("content wants one name for each of %d features, got %d",
                        table.items.num_cols, table.features.size()));
  }
  const bool is_finite = std::all_of(table.items.value.begin(), table.items.value.end(),
                                     [](float value) { return std::isfinite(value); });
  if (!is_finite) return absl::InvalidArgumentError("content got a weight that is not finite");
  if (!(options.half_life_days >= 0) || !(options.rank_decay > 0) || !(options.rank_decay <= 1) ||
      !(options.context_weight >= 0) || options.profile_features == 0) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "content wants half_life_days >= 0, rank_decay in (0, 1], context_weight >= 0 and "
        "profile_features >= 1, got %g, %g, %g and %d",
        options.half_life_days, options.rank_decay, options.context_weight,
        options.profile_features));
  }
  return absl::OkStatus();
}

struct WeightedRow {
  std::size_t row = 0;
  double weight = 0;
};

// What the profile is the mean of: known items only, most recent first, page before history.
std::vector<WeightedRow> WeightedRows(const Query& query, const ContentTable& table) {
  const ContentOptions& options = table.options;
  std::vector<WeightedRow> rows;
  const auto is_described = [&table](ItemIndex item) {
    return Row(item) < table.items.num_rows && !table.items.Columns(Row(item)).empty();
  };
  for (const auto items : {query.context_items, query.cart_items}) {
    for (const ItemIndex item : items) {
      if (is_described(item)) rows.push_back({Row(item), options.context_weight});
    }
  }
  double rank_factor = 1;
  for (const Interaction& interaction : query.history) {
    if (!is_described(interaction.item)) continue;
    double weight = interaction.weight * rank_factor;
    if (options.half_life_days > 0) {
      const double age_days =
          static_cast<double>(std::max<Micros>(query.now_us - interaction.time_us, 0)) /
          static_cast<double>(kMicrosPerDay);
      weight *= std::exp2(-age_days / options.half_life_days);
    }
    rows.push_back({Row(interaction.item), weight});
    rank_factor *= options.rank_decay;
  }
  return rows;
}

// At least `size` zeros, which the caller leaves behind as zeros: the thread's own, since to make
// them anew costs more than a profile.
std::vector<double>& FeatureSums(std::size_t size) {
  thread_local std::vector<double> sums;
  if (sums.size() < size) sums.resize(size, 0);
  return sums;
}

}  // namespace

absl::StatusOr<std::shared_ptr<const Content>> Content::Create(ContentTable table) {
  VITRINE_RETURN_IF_ERROR(CheckTable(table));
  return std::shared_ptr<const Content>(new Content(std::move(table)));
}

Content::Content(ContentTable table)
    : table_(std::move(table)), postings_(Transpose(table_.items)) {}

std::vector<Content::Feature> Content::Profile(const Query& query) const {
  const std::vector<WeightedRow> rows = WeightedRows(query, table_);
  double weight_sum = 0;
  std::vector<double>& sums = FeatureSums(table_.features.size());
  std::vector<std::uint32_t> touched;
  for (const WeightedRow& weighted : rows) {
    weight_sum += std::abs(weighted.weight);
    const auto features = table_.items.Columns(weighted.row);
    const auto values = table_.items.Values(weighted.row);
    for (std::size_t i = 0; i < features.size(); ++i) {
      double& sum = sums[features[i]];
      if (sum == 0) touched.push_back(features[i]);  // Again, where parts cancelled out.
      sum += weighted.weight * static_cast<double>(values[i]);
    }
  }
  std::sort(touched.begin(), touched.end());

  std::vector<Feature> profile;
  profile.reserve(touched.size());
  for (const std::uint32_t feature : touched) {
    const double sum = std::exchange(sums[feature], 0);
    if (sum != 0) profile.push_back({feature, static_cast<float>(sum / weight_sum)});
  }
  return Strongest(std::move(profile));
}

std::vector<Content::Feature> Content::Strongest(std::vector<Feature> profile) const {
  const std::size_t kept = table_.options.profile_features;
  if (profile.size() <= kept) return profile;
  const auto is_stronger = [](const Feature& a, const Feature& b) {
    const float size_a = std::abs(a.weight);
    const float size_b = std::abs(b.weight);
    return size_a != size_b ? size_a > size_b : a.feature < b.feature;
  };
  std::nth_element(profile.begin(), profile.begin() + static_cast<std::ptrdiff_t>(kept),
                   profile.end(), is_stronger);
  profile.resize(kept);
  std::sort(profile.begin(), profile.end(),
            [](const Feature& a, const Feature& b) { return a.feature < b.feature; });
  return profile;
}

void Content::AddQuery(const Query& query, SparseScores& scores) const {
  const std::vector<Feature> profile = Profile(query);
  std::size_t num_values = 0;
  for (const Feature& feature : profile) num_values += postings_.Columns(feature.feature).size();
  scores.Expect(num_values);
  for (const Feature& feature : profile) {
    scores.Add(feature.weight, postings_.Columns(feature.feature),
               postings_.Values(feature.feature));
  }
}

void Content::Score(std::span<const Query> queries, std::span<const ItemIndex> items,
                    Eigen::Ref<Matrix> scores) const {
  SparseScores sums(num_items());
  for (std::size_t q = 0; q < queries.size(); ++q) {
    AddQuery(queries[q], sums);
    sums.Read(items, RowOf(scores, q));
    sums.Clear();
  }
}

std::vector<std::vector<ScoredItem>> Content::Retrieve(std::span<const Query> queries,
                                                       const ItemBitmap* allowed,
                                                       std::size_t k) const {
  std::vector<std::vector<ScoredItem>> result;
  result.reserve(queries.size());
  SparseScores sums(num_items());
  for (const Query& query : queries) {
    AddQuery(query, sums);
    result.push_back(sums.TakeBest(query, allowed, k));
  }
  return result;
}

std::vector<Contribution> Content::Explain(const Query& query, ItemIndex item) const {
  return std::move(ExplainAll(query, {&item, 1}).front());
}

std::vector<std::vector<Contribution>> Content::ExplainAll(const Query& query,
                                                           std::span<const ItemIndex> items) const {
  const std::vector<Feature> profile = Profile(query);
  std::vector<std::vector<Contribution>> explained;
  explained.reserve(items.size());
  for (const ItemIndex item : items) explained.push_back(ExplainOne(profile, item));
  return explained;
}

std::vector<Contribution> Content::ExplainOne(std::span<const Feature> profile,
                                              ItemIndex item) const {
  if (Row(item) >= num_items()) return {};
  const auto features = table_.items.Columns(Row(item));
  const auto values = table_.items.Values(Row(item));
  std::vector<Contribution> contributions;
  // Both ascend by feature; the item has few of them and the profile many.
  for (std::size_t i = 0; i < features.size(); ++i) {
    const auto found = std::lower_bound(
        profile.begin(), profile.end(), features[i],
        [](const Feature& part, std::uint32_t feature) { return part.feature < feature; });
    if (found == profile.end() || found->feature != features[i]) continue;
    contributions.push_back({.source = Contribution::Source::kFeature,
                             .item = {},
                             .feature = table_.features[features[i]],
                             .value = found->weight * values[i]});
  }
  return contributions;
}

void Save(const Content& scorer, ByteWriter& writer) {
  const ContentTable& table = scorer.table();
  writer.Double(table.options.half_life_days);
  writer.Double(table.options.rank_decay);
  writer.Float(table.options.context_weight);
  writer.Unsigned(table.options.profile_features);
  writer.Unsigned(table.features.size());
  for (const std::string& feature : table.features) writer.String(feature);
  Write(table.items, writer);
}

absl::StatusOr<std::shared_ptr<const Content>> LoadContent(ByteReader& reader,
                                                           std::span<const ItemIndex> row_to_index,
                                                           std::size_t num_items) {
  const RowMapping mapping{row_to_index, num_items};
  ContentTable table;
  table.options.half_life_days = reader.Double();
  table.options.rank_decay = reader.Double();
  table.options.context_weight = reader.Float();
  table.options.profile_features = reader.Unsigned();
  const std::size_t num_features = reader.Count();
  for (std::size_t i = 0; i < num_features; ++i) table.features.push_back(reader.String());
  VITRINE_ASSIGN_OR_RETURN(const CsrMatrix saved, ReadCsr(reader, "content"));
  VITRINE_RETURN_IF_ERROR(CheckRows(saved.num_rows, mapping, "content"));
  table.items = RemapRows(saved, mapping);
  auto scorer = Content::Create(std::move(table));
  if (!scorer.ok()) return absl::DataLossError(std::string(scorer.status().message()));
  return scorer;
}

}  // namespace vitrine
