#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace vitrine {

// What is worth trying for one setting of a trainer when a search looks for the best. Narrower than
// what the trainer accepts: a search spends its trials where good values have been seen.
struct SettingRange {
  enum class Scale { kLinear, kLogarithmic };

  std::string setting{};
  double low = 0;  // Both included. Above 0 on a logarithmic scale.
  double high = 0;
  Scale scale = Scale::kLinear;
  bool is_whole = false;               // Whole numbers only.
  std::vector<std::string> choices{};  // Instead of numbers, where not empty.
};

SettingRange Between(std::string setting, double low, double high);
SettingRange BetweenLog(std::string setting, double low, double high);
SettingRange WholeBetween(std::string setting, std::uint32_t low, std::uint32_t high);
SettingRange WholeBetweenLog(std::string setting, std::uint32_t low, std::uint32_t high);
SettingRange OneOf(std::string setting, std::vector<std::string> choices);

// The value at `unit` of the way from the range's low to its high, 0 to 1, as a setting is written:
// four significant digits.
std::string ValueAt(const SettingRange& range, double unit);

// The other way round, of the nearest value in the range; none for a text that is no value of its
// kind, such as "auto" for a number.
std::optional<double> UnitOf(const SettingRange& range, const std::string& value);

}  // namespace vitrine
