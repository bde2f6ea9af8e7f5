#include "vitrine/scorers/collaborative/item_kinds.h"

#include <numeric>
#include <string_view>
#include <unordered_map>

namespace vitrine {

ItemKinds::ItemKinds(const CsrMatrix& categories, std::span<const ItemIndex> by_popularity) {
  std::unordered_map<std::string_view, std::uint32_t> kind_of_row;  // By its bytes.
  std::vector<std::uint32_t> kinds;                                 // [by_popularity]
  kinds.reserve(by_popularity.size());
  CsrMatrix rows;  // [kinds x categories]
  for (const ItemIndex item : by_popularity) {
    const auto row = categories.Columns(Row(item));
    const std::string_view bytes(reinterpret_cast<const char*>(row.data()), row.size_bytes());
    const auto next = static_cast<std::uint32_t>(rows.num_rows);
    const auto [found, is_new] = kind_of_row.try_emplace(bytes, next);
    kinds.push_back(found->second);
    if (!is_new) continue;
    rows.column.insert(rows.column.end(), row.begin(), row.end());
    rows.row_begin.push_back(rows.column.size());
    ++rows.num_rows;
  }
  rows.num_cols = categories.num_cols;
  rows.value.resize(rows.column.size());
  of_category_ = Transpose(rows);

  begin_.assign(rows.num_rows + 1, 0);
  for (const std::uint32_t kind : kinds) ++begin_[kind + 1];
  std::partial_sum(begin_.begin(), begin_.end(), begin_.begin());
  std::vector<std::uint64_t> next(begin_.begin(), begin_.end() - 1);
  items_.resize(by_popularity.size());
  for (std::size_t i = 0; i < kinds.size(); ++i) items_[next[kinds[i]]++] = by_popularity[i];
}

}  // namespace vitrine
