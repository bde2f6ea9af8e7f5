#include "vitrine/scorers/collaborative/item_neighbours.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "scorers/row_sums.h"
#include "scorers/saved_rows.h"
#include "vitrine/base/status_macros.h"

namespace vitrine {

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
  const auto touched_of = [this](const Query& query) { return *Touched(query); };
  ScoreByRows(table_.neighbours, touched_of, queries, items, scores);
}

float ItemNeighbours::Sketch(const Query& query, std::span<float> scores) const {
  ScoreAllByRows(table_.neighbours, *Touched(query), scores);
  return 0;
}

std::vector<std::vector<ScoredItem>> ItemNeighbours::Retrieve(std::span<const Query> queries,
                                                              const ItemBitmap* allowed,
                                                              std::size_t k) const {
  const auto touched_of = [this](const Query& query) { return *Touched(query); };
  return RetrieveByRows(table_.neighbours, touched_of, queries, allowed, k);
}

std::vector<Contribution> ItemNeighbours::Explain(const Query& query, ItemIndex item) const {
  return std::move(ExplainAll(query, {&item, 1}).front());
}

std::vector<std::vector<Contribution>> ItemNeighbours::ExplainAll(
    const Query& query, std::span<const ItemIndex> items) const {
  return ExplainByRows(table_.neighbours, *Touched(query), items);
}

std::vector<StrongestContributions> ItemNeighbours::ExplainStrongest(
    const Query& query, std::span<const ItemIndex> items) const {
  return ExplainStrongestByRows(table_.neighbours, *Touched(query), items);
}

std::shared_ptr<const std::vector<TouchedItem>> ItemNeighbours::Touched(const Query& query) const {
  return QueryMemo::Recall<std::vector<TouchedItem>>(
      query.memo, this, [&] { return TouchedItems(query, table_.touch_weights, num_items()); });
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
  VITRINE_ASSIGN_OR_RETURN(CsrMatrix saved, ReadCsr(reader, name));
  VITRINE_RETURN_IF_ERROR(CheckRows(saved.num_rows, mapping, name));
  if (saved.num_rows != saved.num_cols) {
    return absl::DataLossError(absl::StrFormat("%s holds %d x %d neighbours, not a square", name,
                                               saved.num_rows, saved.num_cols));
  }
  table.neighbours = RemapRowsAndColumns(std::move(saved), mapping);
  auto scorer = ItemNeighbours::Create(std::move(table));
  if (!scorer.ok()) return absl::DataLossError(std::string(scorer.status().message()));
  return scorer;
}

}  // namespace vitrine
