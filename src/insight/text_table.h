#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace vitrine {

// Columns of a terminal that UTF-8 text takes: two for a character of Chinese, Japanese or Korean,
// none for a combining mark.
std::size_t DisplayWidth(std::string_view text);

// The text in at most `width` columns, its last one an ellipsis where it is cut. Control characters
// and bytes that are not UTF-8 become question marks.
std::string CutToWidth(std::string_view text, std::size_t width);

// Words in lines of at most `width` columns, each after `indent` blanks and ended.
std::string WrapWords(std::string_view text, std::size_t width, std::size_t indent);

// Rows in aligned columns: the first one text, to the left, the others to the right.
class TextTable {
 public:
  explicit TextTable(std::vector<std::string> header) : rows_({std::move(header)}) {}

  // REQUIRES: as many cells as the header has
  void Add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }

  // Lines of at most `width` columns, indented by two: the first column gives way, down to ten
  // columns, then columns from the right are left out.
  std::string Print(std::size_t width) const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace vitrine
