#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "vitrine/feature_store/item.h"

// Which items a list may show, as the caller writes it:
//
//   brand = "Acme" AND price < 20 AND NOT tags: "fragile"
//
// The language is AIP-160 (google.aip.dev/160), with the functions ANY and IN of the Google Retail
// API's filters; docs/filters.md describes it in full. Here are its meaning and its form in memory.
namespace vitrine {

enum class ItemField : std::uint8_t {
  kId,
  kCategory,  // A path holds what lies below it.
  kBrand,
  kPrice,  // In micros of the item's currency.
  kCurrency,
  kAvailability,  // By its name in the API, as the shop said, whatever the stock.
  kStock,
  kTags,
  kAttribute,
  kPublishTime,  // In Micros.
  kDiscount,     // 1 - price / attributes.original_price, in millionths; not set where not above 0.
};

// What a comparison asks of its field. A field with several values, and a category, meets it when
// one value does; a field that is not set never does, but that a text not set is "".
struct IsSet {
  bool operator==(const IsSet&) const = default;
};
struct IsOneOf {
  std::vector<std::string> values{};  // Ascending, distinct. Categories as CategoryPrefixes.
  bool operator==(const IsOneOf&) const = default;
};
struct IntegerRange {  // Both ends are in it; empty where least > greatest.
  std::int64_t least = 0;
  std::int64_t greatest = 0;
  bool operator==(const IntegerRange&) const = default;
};
struct NumberRange {  // The same, of attributes.
  double least = 0;
  double greatest = 0;
  bool operator==(const NumberRange&) const = default;
};

struct FilterClause {
  ItemField field{};
  std::string attribute{};  // Its name, where the field is one.
  std::variant<IsSet, IsOneOf, IntegerRange, NumberRange> test{};
  bool operator==(const FilterClause&) const = default;
};

// Their parts have no initialiser: clang 14 wants the type to be complete for one.
struct FilterExpression;
struct AllOf {  // Of none: true.
  std::vector<FilterExpression> parts;
  bool operator==(const AllOf&) const;
};
struct AnyOf {  // Of none: false.
  std::vector<FilterExpression> parts;
  bool operator==(const AnyOf&) const;
};
struct NoneOf {
  std::vector<FilterExpression> parts;
  bool operator==(const NoneOf&) const;
};
struct FilterExpression {
  std::variant<FilterClause, AllOf, AnyOf, NoneOf> is{};
  bool operator==(const FilterExpression&) const = default;
};

inline constexpr std::size_t kMaxFilterBytes = 5'000;
inline constexpr std::size_t kMaxFilterClauses = 100;  // Comparisons.
inline constexpr std::size_t kMaxFilterDepth = 20;     // Parentheses within parentheses.

// Blank text holds for every item. Errors: INVALID_ARGUMENT it cannot be read, names no field of
// an item, compares with a value of another type, or is over a limit: "column 9: ..." with what
// stands there and what was expected. Columns count characters from 1.
absl::StatusOr<FilterExpression> ParseFilter(std::string_view text);

// The filter as ParseFilter reads it, parentheses where they may be needed.
std::string Describe(const FilterExpression& filter);

// The first of the parts that are joined by AND which does not hold for the item; null where all
// do.
const FilterExpression* FirstThatFails(const FilterExpression& filter, const Item& item);

// Of `path` and what lies below it; of nothing where the path has no names.
FilterClause InCategory(std::string_view path);

// Whether the item may be shown as far as the filter goes. The definition of a filter's meaning:
// all that is faster is tested against it.
bool Matches(const FilterExpression& filter, const Item& item);

}  // namespace vitrine
