#include "insight/text_table.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <numeric>
#include <utility>

namespace vitrine {
namespace {

constexpr std::size_t kIndent = 2;
constexpr std::size_t kGap = 2;  // Between columns.
constexpr std::size_t kLeastText = 10;
constexpr char32_t kUnknown = '?';

struct Character {
  char32_t code = 0;
  std::size_t num_bytes = 1;
};

// The character at the start of `text`; a byte that starts none is kUnknown.
Character Decode(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return {first < 0x20 || first == 0x7F ? kUnknown : char32_t{first}, 1};
  const std::size_t count = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : first >= 0xC2 ? 2 : 0;
  if (count == 0 || first > 0xF4 || count > text.size()) return {kUnknown, 1};
  char32_t code = first & (0x7FU >> count);
  for (std::size_t i = 1; i < count; ++i) {
    if ((byte(i) & 0xC0U) != 0x80) return {kUnknown, 1};
    code = code << 6U | (byte(i) & 0x3FU);
  }
  const bool is_control = code < 0xA0;  // The second block of controls ends there.
  return {is_control ? kUnknown : code, count};
}

// Unicode's East Asian wide and full-width blocks, as far as shops write them.
constexpr std::array<std::pair<char32_t, char32_t>, 9> kWide = {{{0x1100, 0x115F},
                                                                 {0x2E80, 0x303E},
                                                                 {0x3041, 0xA4CF},
                                                                 {0xAC00, 0xD7A3},
                                                                 {0xF900, 0xFAFF},
                                                                 {0xFE30, 0xFE6F},
                                                                 {0xFF00, 0xFF60},
                                                                 {0x1F300, 0x1FAFF},
                                                                 {0x20000, 0x3FFFD}}};

std::size_t WidthOf(char32_t code) {
  const bool is_combining =
      (code >= 0x300 && code <= 0x36F) || code == 0x200D || (code >= 0xFE00 && code <= 0xFE0F);
  if (is_combining) return 0;
  const auto holds = [code](const auto& range) {
    return code >= range.first && code <= range.second;
  };
  return std::any_of(kWide.begin(), kWide.end(), holds) ? 2 : 1;
}

std::string Padded(const std::string& cell, std::size_t width, bool is_left) {
  const std::string blanks(width - std::min(width, DisplayWidth(cell)), ' ');
  return is_left ? cell + blanks : blanks + cell;
}

}  // namespace

std::size_t DisplayWidth(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) {
    const Character next = Decode(text);
    width += WidthOf(next.code);
    text.remove_prefix(next.num_bytes);
  }
  return width;
}

std::string CutToWidth(std::string_view text, std::size_t width) {
  const bool is_cut = DisplayWidth(text) > width;
  const std::size_t room = is_cut && width > 0 ? width - 1 : width;
  std::string kept;
  std::size_t used = 0;
  while (!text.empty()) {
    const Character next = Decode(text);
    if (used + WidthOf(next.code) > room) break;
    used += WidthOf(next.code);
    if (next.code == kUnknown) {
      kept += '?';
    } else {
      kept += text.substr(0, next.num_bytes);
    }
    text.remove_prefix(next.num_bytes);
  }
  return is_cut && width > 0 ? kept + "…" : kept;
}

std::string WrapWords(std::string_view text, std::size_t width, std::size_t indent) {
  const std::size_t room = width > indent ? width - indent : 1;
  std::string lines;
  std::string line;
  while (!text.empty()) {
    std::size_t end = std::min(text.find(' '), text.size());
    // "2.7 %" stays together.
    if (text.substr(end).starts_with(" %")) end = std::min(text.find(' ', end + 1), text.size());
    const std::string word = CutToWidth(text.substr(0, end), room);
    if (!line.empty() && DisplayWidth(line) + 1 + DisplayWidth(word) > room) {
      lines += std::string(indent, ' ') + line + '\n';
      line.clear();
    }
    if (!line.empty()) line += ' ';
    line += word;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  if (!line.empty()) lines += std::string(indent, ' ') + line + '\n';
  return lines;
}

std::string TextTable::Print(std::size_t width) const {
  std::vector<std::size_t> widths(rows_.front().size(), 0);
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], DisplayWidth(row[i]));
    }
  }
  const std::size_t room = width > kIndent ? width - kIndent : 1;
  const auto others = [&] {
    return std::accumulate(widths.begin() + 1, widths.end(), kGap * (widths.size() - 1));
  };
  const std::size_t least = std::min(widths.front(), kLeastText);
  while (widths.size() > 1 && least + others() > room) widths.pop_back();
  widths.front() = std::min(widths.front(), room - std::min(room, others()));
  std::string text;
  for (const auto& row : rows_) {
    std::string line(kIndent, ' ');
    line += Padded(CutToWidth(row.front(), widths.front()), widths.front(), /*is_left=*/true);
    for (std::size_t i = 1; i < widths.size(); ++i) {
      line += std::string(kGap, ' ') + Padded(row[i], widths[i], /*is_left=*/false);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + '\n';
  }
  return text;
}

}  // namespace vitrine
