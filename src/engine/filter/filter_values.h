#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "engine/filter/item_fields.h"
#include "vitrine/engine/item_filter.h"

// The values of a filter, by the kind of their field.
namespace vitrine {

// Micros of a price, pieces, or Micros of time; a number of an attribute.
using FilterNumber = std::variant<std::int64_t, double>;
using FilterValue = std::variant<std::string, FilterNumber>;

// One end of a range.
struct FilterBound {
  FilterNumber value{};
  bool is_in = false;
};

// Whether < and its like make sense: for all but texts. An attribute may be a number.
bool HasOrder(FieldKind kind);

// What a value of the field looks like, for messages: "a decimal such as 19.99".
std::string ValueWanted(const FieldSpec& spec);

// Nothing where the text is no value of the field. Numbers are not quoted: "42" is a text.
std::optional<FilterValue> ReadFilterValue(const FieldSpec& spec, const std::string& text,
                                           bool is_quoted);

// From one bound to the other, nothing: open. REQUIRES: both are of the kind.
decltype(FilterClause::test) RangeOf(FieldKind kind, const std::optional<FilterBound>& lower,
                                     const std::optional<FilterBound>& upper);

// Any of the texts; of categories, or below it.
IsOneOf OneOf(ItemField field, std::vector<std::string> texts);

}  // namespace vitrine
