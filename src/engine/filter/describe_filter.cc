#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>

#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "engine/filter/item_fields.h"
#include "vitrine/engine/item_filter.h"

namespace vitrine {

namespace {

std::string NameOf(const FilterClause& clause) {
  if (clause.field == ItemField::kAttribute) {
    return std::string(kAttributePrefix) + Quoted(clause.attribute);
  }
  const auto fields = FilterFields();
  return std::string(std::find_if(fields.begin(), fields.end(), [&](const FieldSpec& spec) {
                       return spec.field == clause.field;
                     })->name);
}

std::string Number(ItemField field, std::int64_t value) {
  if (field == ItemField::kPublishTime) {
    // As absl::RFC3339_full, but a year before 1000 keeps its four digits: it is not read
    // otherwise.
    return Quoted(absl::FormatTime("%E4Y-%m-%dT%H:%M:%E*S%Ez", absl::FromUnixMicros(value),
                                   absl::UTCTimeZone()));
  }
  if (field != ItemField::kPrice && field != ItemField::kDiscount)
    return absl::StrFormat("%d", value);
  const std::int64_t micros = value % 1'000'000;
  return absl::StrFormat("%s%d.%06d", value < 0 ? "-" : "", std::abs(value / 1'000'000),
                         std::abs(micros));
}

std::string Number(ItemField /*field*/, double value) { return absl::StrFormat("%.17g", value); }

// Both ends are in the range.
template <typename T>
std::string Between(const FilterClause& clause, T least, T greatest) {
  using Limits = std::numeric_limits<T>;
  // As ParseFilter makes an open end.
  const T lowest = Limits::lowest();
  const T highest = Limits::max();
  if (least == greatest) {
    return absl::StrFormat("%s = %s", NameOf(clause), Number(clause.field, least));
  }
  const std::string from = least <= lowest ? "*" : Number(clause.field, least) + "i";
  const std::string to = greatest >= highest ? "*" : Number(clause.field, greatest) + "i";
  return absl::StrFormat("%s: IN(%s, %s)", NameOf(clause), from, to);
}

std::string Describe(const FilterClause& clause, const IsSet& /*test*/) {
  return NameOf(clause) + ":*";
}

std::string Describe(const FilterClause& clause, const IsOneOf& test) {
  if (test.values.size() == 1) {
    return absl::StrFormat("%s = %s", NameOf(clause), Quoted(test.values.front()));
  }
  std::string values;
  for (const std::string& value : test.values) {
    if (!values.empty()) values += ", ";
    values += Quoted(value);
  }
  return absl::StrFormat("%s: ANY(%s)", NameOf(clause), values);
}

std::string Describe(const FilterClause& clause, const IntegerRange& test) {
  return Between(clause, test.least, test.greatest);
}

std::string Describe(const FilterClause& clause, const NumberRange& test) {
  return Between(clause, test.least, test.greatest);
}

std::string Joined(const std::vector<FilterExpression>& parts, std::string_view word) {
  std::string joined;
  for (const FilterExpression& part : parts) {
    if (!joined.empty()) joined += word;
    const bool is_clause = std::holds_alternative<FilterClause>(part.is);
    joined += is_clause ? Describe(part) : "(" + Describe(part) + ")";
  }
  return joined;
}

}  // namespace

std::string Quoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "\"";
}

std::string Describe(const FilterExpression& filter) {
  return std::visit(
      [](const auto& is) -> std::string {
        using Is = std::decay_t<decltype(is)>;
        if constexpr (std::is_same_v<Is, FilterClause>) {
          return std::visit([&is](const auto& test) { return Describe(is, test); }, is.test);
        } else if constexpr (std::is_same_v<Is, NoneOf>) {
          return "NOT (" + Joined(is.parts, " OR ") + ")";
        } else {
          return Joined(is.parts, std::is_same_v<Is, AllOf> ? " AND " : " OR ");
        }
      },
      filter.is);
}

const FilterExpression* FirstThatFails(const FilterExpression& filter, const Item& item) {
  if (const auto* all = std::get_if<AllOf>(&filter.is); all != nullptr) {
    const auto fails = std::find_if(all->parts.begin(), all->parts.end(),
                                    [&](const auto& part) { return !Matches(part, item); });
    return fails == all->parts.end() ? nullptr : &*fails;
  }
  return Matches(filter, item) ? nullptr : &filter;
}

}  // namespace vitrine
