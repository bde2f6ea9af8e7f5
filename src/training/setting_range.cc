#include "vitrine/training/setting_range.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"

namespace vitrine {
namespace {

using Scale = SettingRange::Scale;

}  // namespace

SettingRange Between(std::string setting, double low, double high) {
  return {.setting = std::move(setting), .low = low, .high = high};
}

SettingRange BetweenLog(std::string setting, double low, double high) {
  return {.setting = std::move(setting), .low = low, .high = high, .scale = Scale::kLogarithmic};
}

SettingRange WholeBetween(std::string setting, std::uint32_t low, std::uint32_t high) {
  return {.setting = std::move(setting),
          .low = static_cast<double>(low),
          .high = static_cast<double>(high),
          .is_whole = true};
}

SettingRange WholeBetweenLog(std::string setting, std::uint32_t low, std::uint32_t high) {
  SettingRange range = WholeBetween(std::move(setting), low, high);
  range.scale = Scale::kLogarithmic;
  return range;
}

SettingRange OneOf(std::string setting, std::vector<std::string> choices) {
  return {.setting = std::move(setting), .choices = std::move(choices)};
}

std::string ValueAt(const SettingRange& range, double unit) {
  if (!range.choices.empty()) {
    const auto choice = static_cast<std::size_t>(unit * static_cast<double>(range.choices.size()));
    return range.choices[std::min(choice, range.choices.size() - 1)];
  }
  const double value = range.scale == Scale::kLinear
                           ? range.low + unit * (range.high - range.low)
                           : range.low * std::pow(range.high / range.low, unit);
  if (range.is_whole) return absl::StrFormat("%.0f", std::clamp(value, range.low, range.high));
  return absl::StrFormat("%.4g", value);
}

std::optional<double> UnitOf(const SettingRange& range, const std::string& value) {
  if (!range.choices.empty()) {
    const auto found = std::find(range.choices.begin(), range.choices.end(), value);
    if (found == range.choices.end()) return std::nullopt;
    return (static_cast<double>(found - range.choices.begin()) + 0.5) /
           static_cast<double>(range.choices.size());
  }
  double number = 0;
  if (!absl::SimpleAtod(value, &number)) return std::nullopt;
  number = std::clamp(number, range.low, range.high);
  return range.scale == Scale::kLinear
             ? (number - range.low) / (range.high - range.low)
             : std::log(number / range.low) / std::log(range.high / range.low);
}

}  // namespace vitrine
