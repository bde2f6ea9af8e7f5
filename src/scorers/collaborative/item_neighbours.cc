#include "vitrine/scorers/collaborative/item_neighbours.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "scorers/contributions.h"
#include "scorers/saved_rows.h"
#include "scorers/sparse_scores.h"
#include "vitrine/base/status_macros.h"

namespace vitrine {

namespace {

void AddQuery(const ItemNeighboursTable& table, const Query& query, SparseScores& scores) {
  const CsrMatrix& neighbours = table.neighbours;
  const auto touched_items = TouchedItems(query, table.touch_weights, neighbours.num_rows);
  std::size_t num_values = 0;
  for (const TouchedItem& touched : touched_items) {
    num_values += neighbours.Columns(Row(touched.item)).size();
  }
  scores.Expect(num_values);
  for (const TouchedItem& touched : touched_items) {
    const std::size_t row = Row(touched.item);
    scores.Add(touched.weight, neighbours.Columns(row), neighbours.Values(row));
  }
}

}  // namespace

absl::StatusOr<std::shared_ptr<const ItemNeighbours>> ItemNeighbours::Create(
    ItemNeighboursTable table) {
  if (table.name.empty()) return absl::InvalidArgumentError("a table of neighbours wants a name");
  const CsrMatrix& neighbours = table.neighbours;
  if (neighbours.num_rows != neighbours.num_cols) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s wants as many rows as columns of neighbours, got %d x %d", table.name,
                        neighbours.num_rows, neighbours.num_cols));
  }
  const bool is_finite = std::all_of(neighbours.value.begin(), neighbours.value.end(),
                                     [](float value) { return std::isfinite(value); });
  if (!is_finite) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s got a neighbour whose weight is not finite", table.name));
  }
  if (!IsSound(table.touch_weights)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s wants context_weight >= 0 and scale > 0, got %g and %g", table.name,
                        table.touch_weights.context_weight, table.touch_weights.scale));
  }
  return std::shared_ptr<const ItemNeighbours>(new ItemNeighbours(std::move(table)));
}

void ItemNeighbours::Score(std::span<const Query> queries, std::span<const ItemIndex> items,
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

std::vector<std::vector<ScoredItem>> ItemNeighbours::Retrieve(std::span<const Query> queries,
                                                              const ItemBitmap* allowed,
                                                              std::size_t k) const {
  std::vector<std::vector<ScoredItem>> result;
  result.reserve(queries.size());
  SparseScores sums(num_items());
  for (const Query& query : queries) {
    AddQuery(table_, query, sums);
    result.push_back(sums.TakeBest(query, allowed, k));
  }
  return result;
}

std::vector<Contribution> ItemNeighbours::Explain(const Query& query, ItemIndex item) const {
  return std::move(ExplainAll(query, {&item, 1}).front());
}

std::vector<std::vector<Contribution>> ItemNeighbours::ExplainAll(
    const Query& query, std::span<const ItemIndex> items) const {
  std::vector<std::vector<Contribution>> explained(items.size());
  for (const TouchedItem& touched : TouchedItems(query, table_.touch_weights, num_items())) {
    const auto columns = table_.neighbours.Columns(Row(touched.item));
    const auto similarities = table_.neighbours.Values(Row(touched.item));
    for (std::size_t i = 0; i < items.size(); ++i) {
      const auto wanted = static_cast<std::uint32_t>(items[i]);
      const auto found = std::lower_bound(columns.begin(), columns.end(), wanted);
      if (found == columns.end() || *found != wanted) continue;
      const float similarity = similarities[static_cast<std::size_t>(found - columns.begin())];
      explained[i].push_back({.source = touched.source,
                              .item = touched.item,
                              .feature = {},
                              .value = touched.weight * similarity});
    }
  }
  for (auto& contributions : explained) contributions = InOrder(std::move(contributions));
  return explained;
}

void Save(const ItemNeighbours& scorer, ByteWriter& writer) {
  const ItemNeighboursTable& table = scorer.table();
  Write(table.touch_weights, writer);
  Write(table.neighbours, writer);
}

absl::StatusOr<std::shared_ptr<const ItemNeighbours>> LoadItemNeighbours(
    std::string_view name, ByteReader& reader, std::span<const ItemIndex> row_to_index,
    std::size_t num_items) {
  const RowMapping mapping{row_to_index, num_items};
  ItemNeighboursTable table{.name = std::string(name)};
  table.touch_weights = ReadTouchWeights(reader);
  VITRINE_ASSIGN_OR_RETURN(const CsrMatrix saved, ReadCsr(reader, name));
  VITRINE_RETURN_IF_ERROR(CheckRows(saved.num_rows, mapping, name));
  if (saved.num_rows != saved.num_cols) {
    return absl::DataLossError(absl::StrFormat("%s holds %d x %d neighbours, not a square", name,
                                               saved.num_rows, saved.num_cols));
  }
  table.neighbours = RemapRowsAndColumns(saved, mapping);
  auto scorer = ItemNeighbours::Create(std::move(table));
  if (!scorer.ok()) return absl::DataLossError(std::string(scorer.status().message()));
  return scorer;
}

}  // namespace vitrine
