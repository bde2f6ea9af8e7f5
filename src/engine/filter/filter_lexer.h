#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace vitrine {

struct FilterToken {
  enum class Kind {
    kWord,    // Anything up to a blank, a quote, a bracket, a comma or a sign of comparison.
    kText,    // In quotes, single or double; `text` is what they hold.
    kSymbol,  // ( ) , : = != < <= > >=
    kEnd,
  };
  Kind kind = Kind::kEnd;
  std::string text{};
  std::size_t position = 0;  // Of its first byte in the filter.
  std::size_t size = 0;      // Bytes in the filter.

  // For messages: cut where it is long.
  std::string Describe() const;
};

// Cuts a filter into tokens. `text` must outlive it.
class FilterLexer {
 public:
  explicit FilterLexer(std::string_view text) : text_(text) {}

  // Errors: INVALID_ARGUMENT a quote is not closed, a backslash stands before something that it
  // cannot stand before, or a "!" alone.
  absl::StatusOr<FilterToken> Next();

  // Whether the token after the latest one begins so.
  bool IsNext(char c) const;

  // "column 9: SEEN; expected EXPECTED". Columns count characters, from 1.
  absl::Status ErrorAt(std::size_t position, std::string_view seen,
                       std::string_view expected) const;

 private:
  std::size_t NextBegin() const;
  absl::StatusOr<FilterToken> Quoted(std::size_t begin);

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace vitrine
