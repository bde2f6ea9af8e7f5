#include "scorers/row_sums.h"

#include <algorithm>
#include <array>
#include <compare>
#include <cstdint>

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
// which one byte tells; so a row of some hundred neighbours is read through in less time than
// twenty items are looked up in it.
class Places {
 public:
  explicit Places(std::span<const ItemIndex> items) {
    for (std::uint32_t i = 0; i < items.size(); ++i) {
      const auto item = static_cast<std::uint32_t>(items[i]);
      sorted_.push_back({item, i});
      may_be_there_[item % kSize] = 1;
    }
    std::sort(sorted_.begin(), sorted_.end());
  }

  // Calls visit(j, i) for every j and i with columns[j] == items[i].
  template <typename Visit>
  void ForEach(std::span<const std::uint32_t> columns, const Visit& visit) const {
    constexpr std::size_t kAtOnce = 4;
    std::size_t j = 0;
    for (; j + kAtOnce <= columns.size(); j += kAtOnce) {
      const auto may_be = [&](std::size_t k) { return may_be_there_[columns[j + k] % kSize]; };
      if ((may_be(0) | may_be(1) | may_be(2) | may_be(3)) == 0) continue;
      for (std::size_t k = 0; k < kAtOnce; ++k) LookUp(columns, j + k, visit);
    }
    for (; j < columns.size(); ++j) LookUp(columns, j, visit);
  }

 private:
  static constexpr std::size_t kSize = 4096;

  struct Place {
    std::uint32_t item = 0;
    std::uint32_t position = 0;
    auto operator<=>(const Place&) const = default;
  };

  template <typename Visit>
  void LookUp(std::span<const std::uint32_t> columns, std::size_t j, const Visit& visit) const {
    if (may_be_there_[columns[j] % kSize] == 0) return;
    auto found = std::lower_bound(sorted_.begin(), sorted_.end(), Place{columns[j], 0});
    for (; found != sorted_.end() && found->item == columns[j]; ++found) visit(j, found->position);
  }

  std::vector<Place> sorted_;
  std::array<std::uint8_t, kSize> may_be_there_{};
};

// Calls visit(i, contribution) for each of `touched` that says something of items[i].
template <typename Visit>
void ForEachContribution(const CsrMatrix& rows, std::span<const TouchedItem> touched,
                         std::span<const ItemIndex> items, const Visit& visit) {
  const Places places(items);
  for (const TouchedItem& each : touched) {
    const auto columns = rows.Columns(Row(each.item));
    const auto values = rows.Values(Row(each.item));
    places.ForEach(columns, [&](std::size_t j, std::uint32_t i) {
      visit(i, Contribution{.source = each.source,
                            .item = each.item,
                            .feature = {},
                            .value = each.weight * values[j]});
    });
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
  ForEachContribution(rows, touched, items, [&](std::uint32_t i, const Contribution& said) {
    explained[i].push_back(said);
  });
  return explained;
}

std::vector<StrongestContributions> ExplainStrongestByRows(const CsrMatrix& rows,
                                                           std::span<const TouchedItem> touched,
                                                           std::span<const ItemIndex> items) {
  std::vector<StrongestContributions> explained(items.size());
  ForEachContribution(rows, touched, items,
                      [&](std::uint32_t i, const Contribution& said) { explained[i].Add(said); });
  return explained;
}

}  // namespace vitrine
