#pragma once

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "vitrine/models/model.h"

namespace vitrine {

// Reads a trainer's settings. Ask for every setting, then look at status() once: it is the first
// thing that was wrong, INVALID_ARGUMENT, with what is allowed.
class SettingReader {
 public:
  // `given` override `defaults`, which name every setting there is.
  SettingReader(std::string_view trainer, const Settings& defaults, const Settings& given);

  // Values that are wrong read as `min`, false or the first choice.
  std::size_t Count(const std::string& name, std::size_t min, std::size_t max);
  double Number(const std::string& name, double min, double max);
  bool Flag(const std::string& name);
  std::string Choice(const std::string& name, std::initializer_list<std::string_view> choices);

  // Whether the setting is "auto", which Count and Number refuse.
  bool IsAuto(const std::string& name) const { return values_.at(name) == "auto"; }

  const absl::Status& status() const { return status_; }
  const Settings& complete() const { return values_; }

 private:
  void Fail(const std::string& name, const std::string& wanted);

  std::string trainer_;
  Settings values_;
  absl::Status status_;
};

}  // namespace vitrine
