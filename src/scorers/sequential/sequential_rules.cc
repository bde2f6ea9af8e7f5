#include "vitrine/scorers/sequential/sequential_rules.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "scorers/row_sums.h"
#include "scorers/saved_rows.h"
#include "scorers/sequential/saved_recency.h"
#include "vitrine/base/status_macros.h"

namespace vitrine {

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
  const auto recent_of = [this](const Query& query) { return Recent(query); };
  ScoreByRows(table_.rules, recent_of, queries, items, scores);
}

std::vector<std::vector<ScoredItem>> SequentialRules::Retrieve(std::span<const Query> queries,
                                                               const ItemBitmap* allowed,
                                                               std::size_t k) const {
  const auto recent_of = [this](const Query& query) { return Recent(query); };
  return RetrieveByRows(table_.rules, recent_of, queries, allowed, k);
}

std::vector<Contribution> SequentialRules::Explain(const Query& query, ItemIndex item) const {
  return std::move(ExplainAll(query, {&item, 1}).front());
}

std::vector<std::vector<Contribution>> SequentialRules::ExplainAll(
    const Query& query, std::span<const ItemIndex> items) const {
  return ExplainByRows(table_.rules, Recent(query), items);
}

std::vector<StrongestContributions> SequentialRules::ExplainStrongest(
    const Query& query, std::span<const ItemIndex> items) const {
  std::vector<TouchedItem> recent = Recent(query);
  std::sort(recent.begin(), recent.end(),
            [](const TouchedItem& a, const TouchedItem& b) { return a.item < b.item; });
  return ExplainStrongestByRows(table_.rules, recent, items);
}

std::vector<TouchedItem> SequentialRules::Recent(const Query& query) const {
  return RecentItems(query, table_.recency, num_items());
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
  VITRINE_ASSIGN_OR_RETURN(CsrMatrix saved, ReadCsr(reader, "sequential_rules"));
  VITRINE_RETURN_IF_ERROR(CheckRows(saved.num_rows, mapping, "sequential_rules"));
  if (saved.num_rows != saved.num_cols) {
    return absl::DataLossError(absl::StrFormat("sequential_rules holds %d x %d rules, not a square",
                                               saved.num_rows, saved.num_cols));
  }
  table.rules = RemapRowsAndColumns(std::move(saved), mapping);
  auto scorer = SequentialRules::Create(std::move(table));
  if (!scorer.ok()) return absl::DataLossError(std::string(scorer.status().message()));
  return scorer;
}

}  // namespace vitrine
