#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "cli/config_keys.h"

namespace vitrine::cli {

// Where a key's value lives in a Config.
template <typename T>
using Place = std::function<T&(Config&)>;

// The keys of one table of the configuration, added one after the other.
class ConfigTable {
 public:
  ConfigTable(std::string name, std::vector<ConfigKey>& keys)
      : name_(std::move(name)), keys_(keys) {}

  template <typename T>
  void Count(std::string name, std::size_t least, std::size_t most, Place<T> place) {
    const auto set = [least, most, place](const toml::node& value, Config& config) {
      const auto* integer = value.as_integer();
      if (integer == nullptr || integer->get() < 0) return false;
      const auto count = static_cast<std::uint64_t>(integer->get());
      if (count < least || count > most) return false;
      place(config) = static_cast<T>(count);
      return true;
    };
    Add(std::move(name), absl::StrFormat("an integer from %d to %d", least, most), set,
        SameAt(place));
  }

  template <typename T>
  void Number(std::string name, double least, double most, Place<T> place) {
    const auto set = [least, most, place](const toml::node& value, Config& config) {
      const std::optional<double> number = NumberIn(value, least, most);
      if (!number.has_value()) return false;
      place(config) = static_cast<T>(*number);
      return true;
    };
    Add(std::move(name), absl::StrFormat("a number from %g to %g", least, most), set,
        SameAt(place));
  }

  void Text(std::string name, std::string allowed, Place<std::string> place) {
    const auto set = [place](const toml::node& value, Config& config) {
      const auto* text = value.as_string();
      if (text == nullptr || text->get().empty()) return false;
      place(config) = text->get();
      return true;
    };
    Add(std::move(name), std::move(allowed), set, SameAt(place));
  }

  void Flag(std::string name, Place<bool> place) {
    const auto set = [place](const toml::node& value, Config& config) {
      const auto* flag = value.as_boolean();
      if (flag == nullptr) return false;
      place(config) = flag->get();
      return true;
    };
    Add(std::move(name), "true or false", set, SameAt(place));
  }

  void Add(std::string name, std::string allowed,
           std::function<bool(const toml::node&, Config&)> set,
           std::function<bool(Config&, Config&)> is_same) {
    keys_.push_back(
        {name_, std::move(name), std::move(allowed), std::move(set), std::move(is_same)});
  }

 private:
  static std::optional<double> NumberIn(const toml::node& value, double least, double most) {
    if (!value.is_number()) return std::nullopt;
    const std::optional<double> number = value.value<double>();
    if (!number.has_value() || !(*number >= least && *number <= most)) return std::nullopt;
    return number;
  }

  template <typename T>
  static std::function<bool(Config&, Config&)> SameAt(Place<T> place) {
    return [place = std::move(place)](Config& a, Config& b) { return place(a) == place(b); };
  }

  std::string name_;
  std::vector<ConfigKey>& keys_;
};

}  // namespace vitrine::cli
