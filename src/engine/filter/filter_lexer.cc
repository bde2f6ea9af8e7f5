#include "engine/filter/filter_lexer.h"

#include <algorithm>

#include "absl/strings/str_format.h"

namespace vitrine {

namespace {

constexpr std::size_t kMaxSeenBytes = 40;
constexpr std::string_view kBlanks = " \t\r\n";
constexpr std::string_view kSigns = "(),:=!<>";
constexpr std::string_view kWordEnds = " \t\r\n\"'(),:=!<>";

bool IsInsideCharacter(char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U; }

}  // namespace

std::string FilterToken::Describe() const {
  if (kind == Kind::kEnd) return "the filter ends";
  if (text.size() <= kMaxSeenBytes) return absl::StrFormat("\"%s\"", text);
  std::size_t end = kMaxSeenBytes;
  while (end > 0 && IsInsideCharacter(text[end])) --end;
  return absl::StrFormat("\"%s...\"", text.substr(0, end));
}

absl::StatusOr<FilterToken> FilterLexer::Next() {
  const std::size_t begin = NextBegin();
  if (begin == text_.size()) {
    at_ = begin;
    return FilterToken{.position = begin};
  }
  const char first = text_[begin];
  if (first == '"' || first == '\'') return Quoted(begin);
  FilterToken token{.kind = FilterToken::Kind::kWord, .position = begin};
  if (kSigns.find(first) != std::string_view::npos) {
    token.kind = FilterToken::Kind::kSymbol;
    const bool may_be_two = first == '!' || first == '<' || first == '>';
    const bool is_two = may_be_two && text_.substr(begin + 1).starts_with('=');
    if (first == '!' && !is_two) return ErrorAt(begin, "\"!\"", "!= or NOT");
    token.size = is_two ? 2 : 1;
  } else {
    token.size = std::min(text_.find_first_of(kWordEnds, begin), text_.size()) - begin;
  }
  token.text = text_.substr(begin, token.size);
  at_ = begin + token.size;
  return token;
}

bool FilterLexer::IsNext(char c) const {
  const std::size_t begin = NextBegin();
  return begin < text_.size() && text_[begin] == c;
}

std::size_t FilterLexer::NextBegin() const {
  return std::min(text_.find_first_not_of(kBlanks, at_), text_.size());
}

absl::StatusOr<FilterToken> FilterLexer::Quoted(std::size_t begin) {
  const char quote = text_[begin];
  FilterToken token{.kind = FilterToken::Kind::kText, .position = begin};
  for (std::size_t i = begin + 1; i < text_.size(); ++i) {
    if (text_[i] == quote) {
      at_ = i + 1;
      token.size = at_ - begin;
      return token;
    }
    if (text_[i] == '\\') {
      ++i;
      const bool is_escape =
          i < text_.size() && std::string_view("\\\"'").find(text_[i]) != std::string_view::npos;
      if (!is_escape) return ErrorAt(i - 1, "a backslash", "\\\\, \\\" or \\' in a text");
    }
    token.text += text_[i];
  }
  return ErrorAt(begin, "a text begins and does not end", absl::StrFormat("a closing %c", quote));
}

absl::Status FilterLexer::ErrorAt(std::size_t position, std::string_view seen,
                                  std::string_view expected) const {
  const std::string_view before = text_.substr(0, position);
  const auto column = 1 + std::count_if(before.begin(), before.end(),
                                        [](char byte) { return !IsInsideCharacter(byte); });
  return absl::InvalidArgumentError(
      absl::StrFormat("column %d: %s; expected %s", column, seen, expected));
}

}  // namespace vitrine
