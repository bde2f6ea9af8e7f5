#include "scorers/row_sums.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "scorers/sparse_scores.h"

namespace vitrine {

namespace {

// Asks the memory for values that are needed soon; rows lie far from each other.
template <typename T>
void Prefetch(std::span<const T> values) {
  constexpr std::size_t kLine = 64 / sizeof(T);
  constexpr std::size_t kMostLines = 32;  // The processor itself asks for what follows.
  for (std::size_t i = 0; i < std::min(values.size(), kMostLines * kLine); i += kLine) {
    __builtin_prefetch(&values[i]);
  }
}

void AddRows(const CsrMatrix& rows, std::span<const TouchedItem> touched, SparseScores& sums) {
  std::size_t num_values = 0;
  for (const TouchedItem& each : touched) num_values += rows.Columns(Row(each.item)).size();
  sums.Expect(num_values);
  for (std::size_t i = 0; i < touched.size(); ++i) {
    if (i + 1 < touched.size()) {
      Prefetch(rows.Columns(Row(touched[i + 1].item)));
      Prefetch(rows.Values(Row(touched[i + 1].item)));
    }
    const std::size_t row = Row(touched[i].item);
    sums.Add(touched[i].weight, rows.Columns(row), rows.Values(row));
  }
}

// Where each of a few items stands in a list. Most of what it is asked for is not in the list,
// which one look tells; so a row of some hundred neighbours is read through in less time than
// twenty items are looked up in it.
class Places {
 public:
  explicit Places(std::span<const ItemIndex> items) : items_(items), next_(items.size()) {
    for (std::uint32_t i = 0; i < items.size(); ++i) {
      next_[i] = std::exchange(first_[Row(items[i]) % kSize], i + 1);
    }
  }

  // Calls visit(j, i) for every j and i with columns[j] == items[i].
  template <typename Visit>
  void ForEach(std::span<const std::uint32_t> columns, const Visit& visit) const {
    constexpr std::size_t kAtOnce = 4;
    std::size_t j = 0;
    for (; j + kAtOnce <= columns.size(); j += kAtOnce) {
      const auto first = [&](std::size_t k) { return first_[columns[j + k] % kSize]; };
      if ((first(0) | first(1) | first(2) | first(3)) == 0) continue;
      for (std::size_t k = 0; k < kAtOnce; ++k) LookUp(columns, j + k, visit);
    }
    for (; j < columns.size(); ++j) LookUp(columns, j, visit);
  }

 private:
  static constexpr std::size_t kSize = 2048;

  template <typename Visit>
  void LookUp(std::span<const std::uint32_t> columns, std::size_t j, const Visit& visit) const {
    for (std::size_t place = first_[columns[j] % kSize]; place != 0; place = next_[place - 1]) {
      if (Row(items_[place - 1]) == columns[j]) visit(j, place - 1);
    }
  }

  std::span<const ItemIndex> items_;
  // One more than the position of an item in the list, 0: none.
  std::array<std::uint32_t, kSize> first_{};  // By remainder.
  std::vector<std::uint32_t> next_;           // By position: with the same remainder.
};

// Calls visit(i, t, value) for each touched[t] that says something of items[i].
template <typename Visit>
void ForEachPart(const CsrMatrix& rows, std::span<const TouchedItem> touched,
                 std::span<const ItemIndex> items, const Visit& visit) {
  const Places places(items);
  for (std::size_t t = 0; t < touched.size(); ++t) {
    const auto columns = rows.Columns(Row(touched[t].item));
    const auto values = rows.Values(Row(touched[t].item));
    places.ForEach(
        columns, [&](std::size_t j, std::size_t i) { visit(i, t, touched[t].weight * values[j]); });
  }
}

}  // namespace

void ScoreByRows(const CsrMatrix& rows, const TouchedOf& touched_of, std::span<const Query> queries,
                 std::span<const ItemIndex> items, Eigen::Ref<Matrix> scores) {
  SparseScores sums(rows.num_cols);
  for (std::size_t q = 0; q < queries.size(); ++q) {
    AddRows(rows, touched_of(queries[q]), sums);
    sums.Read(items, RowOf(scores, q));
    sums.Clear();
  }
}

void ScoreAllByRows(const CsrMatrix& rows, std::span<const TouchedItem> touched,
                    std::span<float> scores) {
  SparseScores sums(rows.num_cols);
  AddRows(rows, touched, sums);
  sums.ReadAll(scores);
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
  for (auto& contributions : explained) contributions.reserve(touched.size());
  ForEachPart(rows, touched, items, [&](std::size_t i, std::size_t t, float value) {
    const TouchedItem& by = touched[t];
    explained[i].push_back({.source = by.source, .item = by.item, .feature = {}, .value = value});
  });
  return explained;
}

std::vector<StrongestContributions> ExplainStrongestByRows(const CsrMatrix& rows,
                                                           std::span<const TouchedItem> touched,
                                                           std::span<const ItemIndex> items) {
  std::vector<float> adds(items.size() * touched.size());
  ForEachPart(rows, touched, items, [&](std::size_t i, std::size_t t, float value) {
    adds[i * touched.size() + t] += value;
  });
  std::vector<StrongestContributions> explained;
  explained.reserve(items.size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    explained.push_back(
        StrongestOf(touched, std::span(adds).subspan(i * touched.size(), touched.size())));
  }
  return explained;
}

}  // namespace vitrine
