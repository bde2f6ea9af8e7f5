#include <optional>
#include <span>
#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "engine/filter/filter_lexer.h"
#include "engine/filter/filter_values.h"
#include "engine/filter/item_fields.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/engine/item_filter.h"

namespace vitrine {

namespace {

bool IsKeyword(const FilterToken& token) {
  return token.kind == FilterToken::Kind::kWord &&
         (token.text == "AND" || token.text == "OR" || token.text == "NOT");
}

bool IsSymbol(const FilterToken& token, std::string_view symbol) {
  return token.kind == FilterToken::Kind::kSymbol && token.text == symbol;
}

bool IsWord(const FilterToken& token, std::string_view word) {
  return token.kind == FilterToken::Kind::kWord && token.text == word;
}

// One part alone stands for itself.
template <typename Form>
FilterExpression Join(std::vector<FilterExpression> parts) {
  if (parts.size() == 1) return std::move(parts.front());
  return {.is = Form{std::move(parts)}};
}

FilterExpression Negated(FilterExpression expression) {
  NoneOf none;
  none.parts.push_back(std::move(expression));
  return {.is = std::move(none)};
}

std::string FieldNames() {
  std::string names;
  for (const FieldSpec& each : FilterFields()) names += std::string(each.name) + ", ";
  return names + std::string(kAttributePrefix) + "NAME";
}

// What stands left of an operator.
struct Subject {
  FieldSpec spec{};
  std::string attribute{};
};

// By recursive descent: a function per rule of the grammar, each from the current token on.
class FilterParser {
 public:
  explicit FilterParser(std::string_view text) : lexer_(text) {}

  absl::StatusOr<FilterExpression> Parse() {
    VITRINE_RETURN_IF_ERROR(Advance());
    if (token_.kind == FilterToken::Kind::kEnd) return FilterExpression{.is = AllOf{}};
    VITRINE_ASSIGN_OR_RETURN(FilterExpression expression, Expression());
    if (token_.kind != FilterToken::Kind::kEnd) return Fail("AND, OR or the end");
    return expression;
  }

 private:
  // expression = sequence { AND sequence }, where sequence = factor { factor } means the same.
  absl::StatusOr<FilterExpression> Expression() {
    std::vector<FilterExpression> parts;
    do {
      if (IsWord(token_, "AND") && !parts.empty()) VITRINE_RETURN_IF_ERROR(Advance());
      VITRINE_ASSIGN_OR_RETURN(FilterExpression part, Factor());
      parts.push_back(std::move(part));
    } while (token_.kind != FilterToken::Kind::kEnd && !IsSymbol(token_, ")"));
    return Join<AllOf>(std::move(parts));
  }

  // factor = term { OR term }
  absl::StatusOr<FilterExpression> Factor() {
    std::vector<FilterExpression> parts;
    do {
      if (!parts.empty()) VITRINE_RETURN_IF_ERROR(Advance());
      VITRINE_ASSIGN_OR_RETURN(FilterExpression part, Term());
      parts.push_back(std::move(part));
    } while (IsWord(token_, "OR"));
    return Join<AnyOf>(std::move(parts));
  }

  // term = [ NOT | "-" ] ( comparison | "(" expression ")" )
  absl::StatusOr<FilterExpression> Term() {
    const bool has_minus = token_.kind == FilterToken::Kind::kWord && token_.text.starts_with('-');
    const bool is_negated = has_minus || IsWord(token_, "NOT");
    if (has_minus && token_.text.size() > 1) {
      token_.text.erase(0, 1);
      ++token_.position;
      --token_.size;
    } else if (is_negated) {
      VITRINE_RETURN_IF_ERROR(Advance());
    }
    VITRINE_ASSIGN_OR_RETURN(FilterExpression inner,
                             IsSymbol(token_, "(") ? Parenthesised() : Comparison());
    return is_negated ? Negated(std::move(inner)) : std::move(inner);
  }

  absl::StatusOr<FilterExpression> Parenthesised() {
    if (depth_ == kMaxFilterDepth) {
      return Fail(absl::StrFormat("parentheses nested at most %d deep", kMaxFilterDepth));
    }
    ++depth_;
    VITRINE_RETURN_IF_ERROR(Advance());
    VITRINE_ASSIGN_OR_RETURN(FilterExpression inner, Expression());
    VITRINE_RETURN_IF_ERROR(Take(")", "AND, OR or \")\""));
    --depth_;
    return inner;
  }

  absl::StatusOr<FilterExpression> Comparison() {
    if (num_clauses_ == kMaxFilterClauses) {
      return Fail(absl::StrFormat("the end, after %d comparisons", kMaxFilterClauses));
    }
    ++num_clauses_;
    VITRINE_ASSIGN_OR_RETURN(const Subject subject, Member());
    const FilterToken comparator = token_;
    const bool is_order = IsOrder(comparator);
    if (!is_order && !IsSymbol(comparator, "=") && !IsSymbol(comparator, "!=") &&
        !IsSymbol(comparator, ":")) {
      return Fail("one of = != < <= > >= :");
    }
    if (is_order && !HasOrder(subject.spec.kind)) {
      return Fail(absl::StrFormat("= or != or :, for %s is a text", subject.spec.name));
    }
    VITRINE_RETURN_IF_ERROR(Advance());
    FilterClause clause{.field = subject.spec.field, .attribute = subject.attribute};
    if (is_order) {
      VITRINE_ASSIGN_OR_RETURN(clause.test, Order(subject.spec, comparator.text));
      return FilterExpression{.is = std::move(clause)};
    }
    if (IsSymbol(comparator, ":") && IsWord(token_, "*")) {
      VITRINE_RETURN_IF_ERROR(Advance());
      clause.test = IsSet{};
      return FilterExpression{.is = std::move(clause)};
    }
    VITRINE_ASSIGN_OR_RETURN(clause.test, Equality(subject.spec));
    FilterExpression expression{.is = std::move(clause)};
    return IsSymbol(comparator, "!=") ? Negated(std::move(expression)) : std::move(expression);
  }

  absl::StatusOr<Subject> Member() {
    if (token_.kind != FilterToken::Kind::kWord || IsKeyword(token_)) {
      return Fail("a field such as brand, or \"(\"");
    }
    const std::string name = token_.text;
    if (name.starts_with(kAttributePrefix)) return Attribute(name.substr(kAttributePrefix.size()));
    for (const FieldSpec& spec : FilterFields()) {
      if (spec.name != name) continue;
      VITRINE_RETURN_IF_ERROR(Advance());
      return Subject{.spec = spec};
    }
    if (name == "and" || name == "or" || name == "not") {
      return Fail("a field; AND, OR and NOT are written in capitals");
    }
    return Fail("a field: " + FieldNames());
  }

  // attributes.NAME, or attributes."NAME" where NAME has blanks or signs.
  absl::StatusOr<Subject> Attribute(std::string name) {
    const std::size_t end = token_.position + token_.size;
    VITRINE_RETURN_IF_ERROR(Advance());
    if (name.empty()) {
      const bool is_name = token_.kind == FilterToken::Kind::kText && token_.position == end;
      if (!is_name || token_.text.empty()) return Fail("the attribute's name");
      name = token_.text;
      VITRINE_RETURN_IF_ERROR(Advance());
    }
    return Subject{.spec = {"an attribute", ItemField::kAttribute, FieldKind::kAttribute},
                   .attribute = std::move(name)};
  }

  using Test = decltype(FilterClause::test);

  // What follows < and its like.
  absl::StatusOr<Test> Order(const FieldSpec& spec, std::string_view comparator) {
    VITRINE_ASSIGN_OR_RETURN(const FilterValue value, Value(spec));
    const auto* number = std::get_if<FilterNumber>(&value);
    if (number == nullptr) {
      return FailAt(value_position_, "a text", "a number: texts have no order");
    }
    const FilterBound bound{.value = *number, .is_in = comparator.ends_with('=')};
    return comparator.starts_with('<') ? RangeOf(spec.kind, {}, bound)
                                       : RangeOf(spec.kind, bound, {});
  }

  // What follows = and its like: a value or a function.
  absl::StatusOr<Test> Equality(const FieldSpec& spec) {
    if (IsWord(token_, "ANY") && lexer_.IsNext('(')) return Any(spec);
    if (IsWord(token_, "IN") && lexer_.IsNext('(')) return In(spec);
    VITRINE_ASSIGN_OR_RETURN(FilterValue value, Value(spec));
    if (auto* text = std::get_if<std::string>(&value)) {
      std::vector<std::string> texts;
      texts.push_back(std::move(*text));
      return OneOf(spec.field, std::move(texts));
    }
    const FilterBound bound{.value = std::get<FilterNumber>(value), .is_in = true};
    return RangeOf(spec.kind, bound, bound);
  }

  // ANY(value, ...)
  absl::StatusOr<Test> Any(const FieldSpec& spec) {
    const bool is_text = spec.kind == FieldKind::kText || spec.kind == FieldKind::kAvailability ||
                         spec.kind == FieldKind::kAttribute;
    if (!is_text) return Fail(absl::StrFormat("a value or IN(...), for %s is no text", spec.name));
    VITRINE_RETURN_IF_ERROR(Advance());
    std::vector<std::string> texts;
    do {
      VITRINE_RETURN_IF_ERROR(Advance());  // Past "(" or ",".
      VITRINE_ASSIGN_OR_RETURN(FilterValue value, Value(spec));
      auto* text = std::get_if<std::string>(&value);
      if (text == nullptr) return FailAt(value_position_, "a number", "a text, in quotes");
      texts.push_back(std::move(*text));
    } while (IsSymbol(token_, ","));
    VITRINE_RETURN_IF_ERROR(Take(")", "\",\" or \")\""));
    return OneOf(spec.field, std::move(texts));
  }

  // IN(lower, upper)
  absl::StatusOr<Test> In(const FieldSpec& spec) {
    if (!HasOrder(spec.kind)) {
      return Fail(absl::StrFormat("a value or ANY(...), for %s is a text", spec.name));
    }
    VITRINE_RETURN_IF_ERROR(Advance());
    VITRINE_RETURN_IF_ERROR(Advance());  // Past "(".
    VITRINE_ASSIGN_OR_RETURN(const std::optional<FilterBound> lower, Bound(spec, true));
    VITRINE_RETURN_IF_ERROR(Take(",", "\",\" and the upper bound"));
    VITRINE_ASSIGN_OR_RETURN(const std::optional<FilterBound> upper, Bound(spec, false));
    VITRINE_RETURN_IF_ERROR(Take(")", "\")\""));
    return RangeOf(spec.kind, lower, upper);
  }

  // value [ "i" | "e" ], or "*" for none; `is_in`: unless it says otherwise.
  absl::StatusOr<std::optional<FilterBound>> Bound(const FieldSpec& spec, bool is_in) {
    if (IsWord(token_, "*")) {
      VITRINE_RETURN_IF_ERROR(Advance());
      return std::nullopt;
    }
    char suffix = '\0';
    const bool is_suffixed = token_.kind == FilterToken::Kind::kWord && token_.text.size() > 1 &&
                             (token_.text.back() == 'i' || token_.text.back() == 'e');
    if (is_suffixed) {
      suffix = token_.text.back();
      token_.text.pop_back();
    }
    VITRINE_ASSIGN_OR_RETURN(const FilterValue value, Value(spec));
    const auto* number = std::get_if<FilterNumber>(&value);
    if (number == nullptr) {
      return FailAt(value_position_, "a text", "a number such as 10, 10i or 10e, or *");
    }
    if (!is_suffixed && (IsWord(token_, "i") || IsWord(token_, "e"))) {  // After a quoted time.
      suffix = token_.text.front();
      VITRINE_RETURN_IF_ERROR(Advance());
    }
    if (suffix != '\0') is_in = suffix == 'i';
    return FilterBound{.value = *number, .is_in = is_in};
  }

  // One value of the field's kind.
  absl::StatusOr<FilterValue> Value(const FieldSpec& spec) {
    const bool is_quoted = token_.kind == FilterToken::Kind::kText;
    const bool is_bare = token_.kind == FilterToken::Kind::kWord && !IsKeyword(token_);
    const std::string wanted = ValueWanted(spec);
    if (!is_quoted && !is_bare) return Fail(wanted);
    if (is_bare && token_.text.find('*') != std::string::npos) {
      return Fail(wanted + "; * is no wildcard, a text with one wants quotes");
    }
    std::optional<FilterValue> value = ReadFilterValue(spec, token_.text, is_quoted);
    if (!value) return Fail(wanted);
    value_position_ = token_.position;
    VITRINE_RETURN_IF_ERROR(Advance());
    return *std::move(value);
  }

  absl::Status Advance() {
    VITRINE_ASSIGN_OR_RETURN(token_, lexer_.Next());
    return absl::OkStatus();
  }

  absl::Status Take(std::string_view symbol, std::string_view expected) {
    if (!IsSymbol(token_, symbol)) return Fail(expected);
    return Advance();
  }

  absl::Status Fail(std::string_view expected) const {
    return FailAt(token_.position, token_.Describe(), expected);
  }
  absl::Status FailAt(std::size_t position, std::string_view seen,
                      std::string_view expected) const {
    return lexer_.ErrorAt(position, seen, expected);
  }

  static bool IsOrder(const FilterToken& token) {
    return IsSymbol(token, "<") || IsSymbol(token, "<=") || IsSymbol(token, ">") ||
           IsSymbol(token, ">=");
  }

  FilterLexer lexer_;
  FilterToken token_{};
  std::size_t value_position_ = 0;  // Of the latest value.
  std::size_t depth_ = 0;
  std::size_t num_clauses_ = 0;
};

}  // namespace

absl::StatusOr<FilterExpression> ParseFilter(std::string_view text) {
  if (text.size() > kMaxFilterBytes) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "the filter has %d bytes; expected at most %d", text.size(), kMaxFilterBytes));
  }
  return FilterParser(text).Parse();
}

}  // namespace vitrine
