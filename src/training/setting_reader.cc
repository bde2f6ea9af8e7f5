#include "training/setting_reader.h"

#include <charconv>
#include <system_error>

#include "absl/strings/str_format.h"

namespace vitrine {

namespace {

// Whether all of `text` is a number of type T.
template <typename T>
bool Parse(const std::string& text, T& value) {
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  return error == std::errc() && stop == end;
}

std::string Joined(const std::string& list, std::string_view name) {
  return list.empty() ? std::string(name) : list + ", " + std::string(name);
}

}  // namespace

SettingReader::SettingReader(std::string_view trainer, const Settings& defaults,
                             const Settings& given)
    : trainer_(trainer), values_(defaults) {
  for (const auto& [name, value] : given) {
    const auto found = values_.find(name);
    if (found != values_.end()) {
      found->second = value;
      continue;
    }
    std::string known;
    for (const auto& [known_name, unused] : defaults) known = Joined(known, known_name);
    status_ = absl::InvalidArgumentError(
        absl::StrFormat("%s has no setting \"%s\"; it has %s", trainer, name, known));
    return;
  }
}

std::size_t SettingReader::Count(const std::string& name, std::size_t min, std::size_t max) {
  std::size_t value = 0;
  if (Parse(values_.at(name), value) && value >= min && value <= max) return value;
  Fail(name, absl::StrFormat("a whole number from %d to %d", min, max));
  return min;
}

double SettingReader::Number(const std::string& name, double min, double max) {
  double value = 0;
  if (Parse(values_.at(name), value) && value >= min && value <= max) return value;
  Fail(name, absl::StrFormat("a number from %g to %g", min, max));
  return min;
}

bool SettingReader::Flag(const std::string& name) {
  return Choice(name, {"false", "true"}) == "true";
}

std::string SettingReader::Choice(const std::string& name,
                                  std::initializer_list<std::string_view> choices) {
  std::string allowed;
  for (const std::string_view choice : choices) {
    if (values_.at(name) == choice) return std::string(choice);
    allowed = Joined(allowed, choice);
  }
  Fail(name, "one of " + allowed);
  return std::string(*choices.begin());
}

void SettingReader::Fail(const std::string& name, const std::string& wanted) {
  if (!status_.ok()) return;
  status_ = absl::InvalidArgumentError(absl::StrFormat("%s wants %s to be %s, got \"%s\"", trainer_,
                                                       name, wanted, values_.at(name)));
}

}  // namespace vitrine
