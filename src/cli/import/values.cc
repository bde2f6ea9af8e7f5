#include "cli/import/values.h"

#include <charconv>
#include <limits>

#include "vitrine/feature_store/event.h"

namespace vitrine::cli {
namespace {

constexpr std::int64_t kMicrosPerUnit = 1'000'000;
constexpr int kMicrosDigits = 6;

std::string_view Strip(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") + 1 - begin);
}

bool IsDigits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::optional<std::int64_t> ParseInteger(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

std::optional<std::int64_t> ParseMicros(std::string_view text) {
  text = Strip(text);
  const bool is_negative = text.starts_with('-');
  if (is_negative) text.remove_prefix(1);
  const std::size_t point = text.find('.');
  const std::string_view units = text.substr(0, point);
  std::string_view digits =
      point == std::string_view::npos ? std::string_view() : text.substr(point + 1);
  // What a float column appends, such as 2.5500000, says nothing.
  while (digits.size() > kMicrosDigits && digits.back() == '0') digits.remove_suffix(1);
  if (!IsDigits(units) || digits.size() > kMicrosDigits) return std::nullopt;
  if (point != std::string_view::npos && !IsDigits(digits)) return std::nullopt;

  const std::optional<std::int64_t> whole = ParseInteger(units);
  if (!whole.has_value()) return std::nullopt;
  if (*whole >= std::numeric_limits<std::int64_t>::max() / kMicrosPerUnit) return std::nullopt;
  std::int64_t micros = *whole * kMicrosPerUnit;
  std::int64_t unit = kMicrosPerUnit / 10;
  for (const char digit : digits) {
    micros += (digit - '0') * unit;
    unit /= 10;
  }
  return is_negative ? -micros : micros;
}

std::string WithoutFraction(std::string_view text) {
  const std::size_t point = text.find('.');
  if (point == std::string_view::npos || !IsDigits(text.substr(0, point))) return std::string(text);
  const bool is_whole = text.find_first_not_of('0', point + 1) == std::string_view::npos;
  return std::string(is_whole ? text.substr(0, point) : text);
}

std::vector<std::string> EventTypeNames() {
  std::vector<std::string> names;
  for (std::size_t type = 1; type < kNumEventTypes; ++type) {
    names.emplace_back(Name(static_cast<EventType>(type)));
  }
  return names;
}

}  // namespace vitrine::cli
