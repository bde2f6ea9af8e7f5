#include "scorers/row_sums.h"

#include <algorithm>
#include <cstdint>

#include "scorers/sparse_scores.h"

namespace vitrine {

namespace {

void AddRows(const CsrMatrix& rows, std::span<const TouchedItem> touched, SparseScores& sums) {
  std::size_t num_values = 0;
  for (const TouchedItem& each : touched) num_values += rows.Columns(Row(each.item)).size();
  sums.Expect(num_values);
  for (const TouchedItem& each : touched) {
    sums.Add(each.weight, rows.Columns(Row(each.item)), rows.Values(Row(each.item)));
  }
}

}  // namespace

void ScoreByRows(const CsrMatrix& rows, const TouchedOf& touched_of, std::span<const Query> queries,
                 std::span<const ItemIndex> items, Eigen::Ref<Matrix> scores) {
  SparseScores sums(rows.num_cols);
  for (std::size_t q = 0; q < queries.size(); ++q) {
    AddRows(rows, touched_of(queries[q]), sums);
    for (std::size_t i = 0; i < items.size(); ++i) {
      scores(static_cast<Eigen::Index>(q), static_cast<Eigen::Index>(i)) = sums.Of(items[i]);
    }
    sums.Clear();
  }
}

std::vector<std::vector<ScoredItem>> RetrieveByRows(const CsrMatrix& rows,
                                                    const TouchedOf& touched_of,
                                                    std::span<const Query> queries,
                                                    const ItemBitmap* allowed, std::size_t k) {
  std::vector<std::vector<ScoredItem>> result;
  result.reserve(queries.size());
  SparseScores sums(rows.num_cols);
  for (const Query& query : queries) {
    AddRows(rows, touched_of(query), sums);
    result.push_back(sums.TakeBest(query, allowed, k));
  }
  return result;
}

std::vector<std::vector<Contribution>> ExplainByRows(const CsrMatrix& rows,
                                                     std::span<const TouchedItem> touched,
                                                     std::span<const ItemIndex> items) {
  std::vector<std::vector<Contribution>> explained(items.size());
  for (const TouchedItem& each : touched) {
    const auto columns = rows.Columns(Row(each.item));
    const auto values = rows.Values(Row(each.item));
    for (std::size_t i = 0; i < items.size(); ++i) {
      const auto wanted = static_cast<std::uint32_t>(items[i]);
      const auto found = std::lower_bound(columns.begin(), columns.end(), wanted);
      if (found == columns.end() || *found != wanted) continue;
      const float value = values[static_cast<std::size_t>(found - columns.begin())];
      explained[i].push_back(
          {.source = each.source, .item = each.item, .feature = {}, .value = each.weight * value});
    }
  }
  return explained;
}

}  // namespace vitrine
