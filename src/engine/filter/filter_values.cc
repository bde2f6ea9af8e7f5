#include "engine/filter/filter_values.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "vitrine/feature_store/parse_cell.h"
#include "vitrine/feature_store/text.h"

namespace vitrine {

namespace {

constexpr std::size_t kMoneyPlaces = 6;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// -12.50 as an exact number of 10^-places. Nothing where it is no such decimal, has more places, or
// does not fit.
std::optional<std::int64_t> ReadDecimal(std::string_view text, std::size_t places) {
  const std::size_t point = std::min(text.find('.'), text.size());
  std::string digits(text.substr(0, point));
  if (point < text.size()) {
    const std::string_view fraction = text.substr(point + 1);
    if (fraction.empty() || fraction.size() > places) return std::nullopt;
    digits += fraction;
    places -= fraction.size();
  }
  if (point == 0 || !IsDigit(text[point - 1])) return std::nullopt;
  digits.append(places, '0');
  std::int64_t value = 0;
  const char* const end = digits.data() + digits.size();
  const auto [read, error] = std::from_chars(digits.data(), end, value);
  if (error != std::errc() || read != end) return std::nullopt;
  return value;
}

// RFC 3339, or a date: its first moment in UTC.
std::optional<std::int64_t> ReadTime(const std::string& text) {
  const bool begins_as_date = text.size() >= 10 && IsDigit(text[0]) && IsDigit(text[3]) &&
                              text[4] == '-' && text[7] == '-' && IsDigit(text[9]);
  if (!begins_as_date) return std::nullopt;
  absl::Time time;
  std::string error;
  const char* const format = text.size() == 10 ? "%Y-%m-%d" : absl::RFC3339_full;
  if (!absl::ParseTime(format, text, absl::UTCTimeZone(), &time, &error)) return std::nullopt;
  const std::int64_t micros = absl::ToUnixMicros(time);
  // Finer than any publish time: it could not be compared exactly.
  if (absl::FromUnixMicros(micros) != time) return std::nullopt;
  return micros;
}

template <typename Range, typename T, typename Step>
Range Between(const std::optional<FilterBound>& lower, const std::optional<FilterBound>& upper,
              T lowest, T highest, const Step& step) {
  Range range{.least = lowest, .greatest = highest};
  const Range none{.least = 1, .greatest = 0};
  if (lower) {
    range.least = std::get<T>(lower->value);
    if (!lower->is_in && range.least == highest) return none;
    if (!lower->is_in) range.least = step(range.least, highest);
  }
  if (upper) {
    range.greatest = std::get<T>(upper->value);
    if (!upper->is_in && range.greatest == lowest) return none;
    if (!upper->is_in) range.greatest = step(range.greatest, lowest);
  }
  return range;
}

}  // namespace

bool HasOrder(FieldKind kind) {
  return kind != FieldKind::kText && kind != FieldKind::kAvailability;
}

std::string ValueWanted(const FieldSpec& spec) {
  switch (spec.kind) {
    case FieldKind::kText:
      return "a text such as \"Acme\"";
    case FieldKind::kAvailability:
      return "one of " + AvailabilityNames();
    case FieldKind::kDecimal:
      return absl::StrFormat("a decimal such as 19.99, of at most %d places, without quotes",
                             kMoneyPlaces);
    case FieldKind::kInteger:
      return "a whole number such as 3, without quotes";
    case FieldKind::kTime:
      return "a time such as \"2026-01-31T08:00:00Z\", in microseconds at the finest, or a date";
    case FieldKind::kAttribute:
      break;
  }
  return "a text such as \"red\" or a number such as 42";
}

std::optional<FilterValue> ReadFilterValue(const FieldSpec& spec, const std::string& text,
                                           bool is_quoted) {
  switch (spec.kind) {
    case FieldKind::kText: {
      const bool is_path = spec.field != ItemField::kCategory || !CategoryPrefixes(text).empty();
      return is_path ? std::optional<FilterValue>(text) : std::nullopt;
    }
    case FieldKind::kAvailability: {
      return IsAvailability(text) ? std::optional<FilterValue>(text) : std::nullopt;
    }
    case FieldKind::kDecimal:
    case FieldKind::kInteger: {
      if (is_quoted) return std::nullopt;
      const auto value = ReadDecimal(text, spec.kind == FieldKind::kDecimal ? kMoneyPlaces : 0);
      return value ? std::optional<FilterValue>(FilterNumber(*value)) : std::nullopt;
    }
    case FieldKind::kTime: {
      const auto value = ReadTime(text);
      return value ? std::optional<FilterValue>(FilterNumber(*value)) : std::nullopt;
    }
    case FieldKind::kAttribute:
      break;
  }
  const std::optional<double> number = is_quoted ? std::nullopt : ParseNumber(text);
  return number ? FilterValue(FilterNumber(*number)) : FilterValue(text);
}

decltype(FilterClause::test) RangeOf(FieldKind kind, const std::optional<FilterBound>& lower,
                                     const std::optional<FilterBound>& upper) {
  if (kind == FieldKind::kAttribute) {
    constexpr double kHighest = std::numeric_limits<double>::max();
    return Between<NumberRange>(lower, upper, -kHighest, kHighest,
                                [](double from, double to) { return std::nextafter(from, to); });
  }
  using Limits = std::numeric_limits<std::int64_t>;
  return Between<IntegerRange>(
      lower, upper, Limits::min(), Limits::max(),
      [](std::int64_t from, std::int64_t to) { return to > from ? from + 1 : from - 1; });
}

IsOneOf OneOf(ItemField field, std::vector<std::string> texts) {
  if (field == ItemField::kCategory) {
    for (std::string& path : texts) path = CategoryPrefixes(path).back();
  }
  std::sort(texts.begin(), texts.end());
  texts.erase(std::unique(texts.begin(), texts.end()), texts.end());
  return {.values = std::move(texts)};
}

}  // namespace vitrine
