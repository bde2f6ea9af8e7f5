#include "cli/import/rules.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "cli/import/values.h"
#include "vitrine/base/nearest.h"
#include "vitrine/base/status_macros.h"

namespace vitrine::cli {
namespace {

using Operator = Condition::Operator;

// Two characters before one, so that <= is not read as <.
constexpr std::array<std::pair<std::string_view, Operator>, 7> kOperators = {{
    {"!=", Operator::kDiffers},
    {"^=", Operator::kStartsWith},
    {"<=", Operator::kAtMost},
    {">=", Operator::kAtLeast},
    {"=", Operator::kEquals},
    {"<", Operator::kBelow},
    {">", Operator::kAbove},
}};
constexpr std::string_view kReject = "reject=";
constexpr std::string_view kAnd = "&&";

bool ComparesNumbers(Operator op) {
  return op == Operator::kBelow || op == Operator::kAtMost || op == Operator::kAbove ||
         op == Operator::kAtLeast;
}

absl::Status Wrong(std::string_view rule, const std::string& what) {
  return absl::InvalidArgumentError(absl::StrFormat(
      "the rule '%s' %s; a rule is CONDITION:EVENT-TYPE or CONDITION:reject=NAME, such as "
      "'InvoiceNo^=C:return-complete' or 'Quantity<=0:reject=no-quantity'",
      rule, what));
}

std::string Strip(std::string_view text) {
  return std::string(absl::StripAsciiWhitespace(absl::string_view(text.data(), text.size())));
}

absl::StatusOr<Condition> ParseCondition(std::string_view text, std::string_view rule) {
  const std::size_t at = text.find_first_of("!^<>=");
  if (at == std::string_view::npos) return Wrong(rule, "has a condition without an operator");
  for (const auto& [symbol, op] : kOperators) {
    if (text.substr(at, symbol.size()) != symbol) continue;
    Condition condition{Strip(text.substr(0, at)), op, Strip(text.substr(at + symbol.size())), 0};
    if (condition.column.empty()) return Wrong(rule, "names no column");
    if (ComparesNumbers(op)) {
      const std::optional<double> number = ParseNumber(condition.text);
      if (!number.has_value()) {
        return Wrong(rule,
                     absl::StrFormat("compares with \"%s\", which is no number", condition.text));
      }
      condition.number = *number;
    }
    return condition;
  }
  return Wrong(rule, absl::StrFormat("has no operator at \"%s\"; there are = != ^= < <= > >=",
                                     text.substr(at)));
}

absl::Status ParseOutcome(std::string_view text, std::string_view rule_text, Rule& rule) {
  if (text.starts_with(kReject)) {
    rule.reject = std::string(text.substr(kReject.size()));
    return rule.reject.empty() ? Wrong(rule_text, "rejects without naming a reason")
                               : absl::OkStatus();
  }
  rule.type = ParseEventType(text);
  if (rule.type.has_value()) return absl::OkStatus();
  return Wrong(rule_text, absl::StrFormat("leads to \"%s\", which is no event type: %s", text,
                                          Allowed(text, EventTypeNames())));
}

}  // namespace

bool Condition::Matches(const Row& row) const {
  const Cell* cell = row.Find(column);
  const std::string_view value = cell == nullptr ? std::string_view() : cell->text;
  if (op == Operator::kEquals) return value == text;
  if (op == Operator::kDiffers) return value != text;
  if (op == Operator::kStartsWith) return value.starts_with(text);
  const std::optional<double> seen = ParseNumber(value);
  if (!seen.has_value()) return false;
  if (op == Operator::kBelow) return *seen < number;
  if (op == Operator::kAtMost) return *seen <= number;
  if (op == Operator::kAbove) return *seen > number;
  return *seen >= number;
}

bool Rule::Matches(const Row& row) const {
  return std::all_of(conditions.begin(), conditions.end(),
                     [&row](const Condition& condition) { return condition.Matches(row); });
}

absl::StatusOr<Rule> ParseRule(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return Wrong(text, "has no ':' before what it leads to");
  Rule rule;
  VITRINE_RETURN_IF_ERROR(ParseOutcome(Strip(text.substr(colon + 1)), text, rule));
  std::string_view rest = text.substr(0, colon);
  while (true) {
    const std::size_t end = rest.find(kAnd);
    VITRINE_ASSIGN_OR_RETURN(Condition condition, ParseCondition(rest.substr(0, end), text));
    rule.conditions.push_back(std::move(condition));
    if (end == std::string_view::npos) return rule;
    rest.remove_prefix(end + kAnd.size());
  }
}

const Rule* FirstMatch(const std::vector<Rule>& rules, const Row& row) {
  const auto found = std::find_if(rules.begin(), rules.end(),
                                  [&row](const Rule& rule) { return rule.Matches(row); });
  return found == rules.end() ? nullptr : &*found;
}

}  // namespace vitrine::cli
