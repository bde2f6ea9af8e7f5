#include "vitrine/scorers/sequential/sequential_rules.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "scorers/contributions.h"
#include "scorers/saved_rows.h"
#include "scorers/sequential/saved_recency.h"
#include "scorers/sparse_scores.h"
#include "vitrine/base/status_macros.h"

namespace vitrine {

namespace {

void AddQuery(const SequentialRulesTable& table, const Query& query, SparseScores& scores) {
  const CsrMatrix& rules = table.rules;
  for (const TouchedItem& recent : RecentItems(query, table.recency, rules.num_rows)) {
    const std::size_t row = Row(recent.item);
    scores.Add(recent.weight, rules.Columns(row), rules.Values(row));
  }
}

}  // namespace

absl::StatusOr<std::shared_ptr<const SequentialRules>> SequentialRules::Create(
    SequentialRulesTable table) {
  const CsrMatrix& rules = table.rules;
  if (rules.num_rows != rules.num_cols) {
    return absl::InvalidArgumentError(
        absl::StrFormat("sequential_rules wants as many rows as columns of rules, got %d x %d",
                        rules.num_rows, rules.num_cols));
  }
  const bool is_finite = std::all_of(rules.value.begin(), rules.value.end(),
                                     [](float value) { return std::isfinite(value); });
  if (!is_finite) {
    return absl::InvalidArgumentError("sequential_rules got a weight of a rule that is not finite");
  }
  VITRINE_RETURN_IF_ERROR(CheckRecency(table.recency, "sequential_rules"));
  return std::shared_ptr<const SequentialRules>(new SequentialRules(std::move(table)));
}

void SequentialRules::Score(std::span<const Query> queries, std::span<const ItemIndex> items,
                            Eigen::Ref<Matrix> scores) const {
  SparseScores sums(num_items());
  for (std::size_t q = 0; q < queries.size(); ++q) {
    AddQuery(table_, queries[q], sums);
    for (std::size_t i = 0; i < items.size(); ++i) {
      scores(static_cast<Eigen::Index>(q), static_cast<Eigen::Index>(i)) = sums.Of(items[i]);
    }
    sums.Clear();
  }
}

std::vector<std::vector<ScoredItem>> SequentialRules::Retrieve(std::span<const Query> queries,
                                                               const ItemBitmap* allowed,
                                                               std::size_t k) const {
  std::vector<std::vector<ScoredItem>> result;
  result.reserve(queries.size());
  SparseScores sums(num_items());
  for (const Query& query : queries) {
    AddQuery(table_, query, sums);
    result.push_back(sums.TakeBest(query, allowed, k));
    sums.Clear();
  }
  return result;
}

std::vector<Contribution> SequentialRules::Explain(const Query& query, ItemIndex item) const {
  return std::move(ExplainAll(query, {&item, 1}).front());
}

std::vector<std::vector<Contribution>> SequentialRules::ExplainAll(
    const Query& query, std::span<const ItemIndex> items) const {
  std::vector<std::vector<Contribution>> explained(items.size());
  for (const TouchedItem& recent : RecentItems(query, table_.recency, num_items())) {
    const auto columns = table_.rules.Columns(Row(recent.item));
    const auto weights = table_.rules.Values(Row(recent.item));
    for (std::size_t i = 0; i < items.size(); ++i) {
      const auto wanted = static_cast<std::uint32_t>(items[i]);
      const auto found = std::lower_bound(columns.begin(), columns.end(), wanted);
      if (found == columns.end() || *found != wanted) continue;
      const float weight = weights[static_cast<std::size_t>(found - columns.begin())];
      explained[i].push_back({.source = recent.source,
                              .item = recent.item,
                              .feature = {},
                              .value = recent.weight * weight});
    }
  }
  for (auto& contributions : explained) contributions = InOrder(std::move(contributions));
  return explained;
}

void Save(const SequentialRules& scorer, ByteWriter& writer) {
  Write(scorer.table().recency, writer);
  Write(scorer.table().rules, writer);
}

absl::StatusOr<std::shared_ptr<const SequentialRules>> LoadSequentialRules(
    ByteReader& reader, std::span<const ItemIndex> row_to_index, std::size_t num_items) {
  const RowMapping mapping{row_to_index, num_items};
  SequentialRulesTable table;
  table.recency = ReadRecency(reader);
  VITRINE_ASSIGN_OR_RETURN(const CsrMatrix saved, ReadCsr(reader, "sequential_rules"));
  VITRINE_RETURN_IF_ERROR(CheckRows(saved.num_rows, mapping, "sequential_rules"));
  if (saved.num_rows != saved.num_cols) {
    return absl::DataLossError(absl::StrFormat("sequential_rules holds %d x %d rules, not a square",
                                               saved.num_rows, saved.num_cols));
  }
  table.rules = RemapRowsAndColumns(saved, mapping);
  auto scorer = SequentialRules::Create(std::move(table));
  if (!scorer.ok()) return absl::DataLossError(std::string(scorer.status().message()));
  return scorer;
}

}  // namespace vitrine
