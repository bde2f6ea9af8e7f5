#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "cli/import/row_reader.h"
#include "vitrine/feature_store/event.h"

namespace vitrine::cli {

// One comparison of a cell with a constant.
struct Condition {
  enum class Operator { kEquals, kDiffers, kStartsWith, kBelow, kAtMost, kAbove, kAtLeast };
  std::string column{};
  Operator op{};
  std::string text{};  // To compare with, as it was written.
  double number = 0;   // The same, for the four that compare numbers.

  // A column that the row has not counts as empty; a cell that is no number is neither below nor
  // above any.
  bool Matches(const Row& row) const;
};

// What happens to the rows that meet all of the conditions.
struct Rule {
  std::vector<Condition> conditions{};
  std::optional<EventType> type{};  // They are events of this type,
  std::string reject{};             // or are rejected for the reason of this name.

  bool Matches(const Row& row) const;
};

// "InvoiceNo^=C:return-complete", "Quantity<=0:reject=not-positive",
// "Country=France && Price>10:purchase-complete". Operators: = != ^= (starts with) < <= > >=.
// Errors: INVALID_ARGUMENT quoting the rule, what is wrong with it and what a rule looks like.
absl::StatusOr<Rule> ParseRule(std::string_view text);

// The first of `rules` that matches, null when none does.
const Rule* FirstMatch(const std::vector<Rule>& rules, const Row& row);

}  // namespace vitrine::cli
