#include "cli/toml_table.h"

#include <algorithm>
#include <optional>

#include "absl/strings/str_format.h"
#include "vitrine/base/nearest.h"

namespace vitrine::cli {

std::string TypeOf(const toml::node& node) {
  if (node.is_table()) return "a table";
  if (node.is_array()) return "an array";
  if (const auto* text = node.as_string()) return absl::StrFormat("the text \"%s\"", text->get());
  if (const auto* number = node.as_integer()) return absl::StrFormat("%d", number->get());
  if (const auto* number = node.as_floating_point()) return absl::StrFormat("%g", number->get());
  if (const auto* flag = node.as_boolean()) return flag->get() ? "true" : "false";
  return "a date or time";
}

absl::StatusOr<toml::table> ParseToml(std::string_view text, const std::string& name) {
  toml::parse_result parsed = toml::parse(text, name);
  if (parsed) return std::move(parsed).table();
  const toml::parse_error& error = parsed.error();
  return absl::InvalidArgumentError(absl::StrFormat(
      "%s:%d: not TOML: %s", name, error.source().begin.line, std::string(error.description())));
}

const toml::node* TomlTable::Find(std::string_view key) {
  keys_.emplace_back(key);
  return table_.get(key);
}

void TomlTable::Refuse(std::string_view key, const toml::node& node, const std::string& wanted) {
  if (!status_.ok()) return;
  status_ = absl::InvalidArgumentError(absl::StrFormat("%s:%d: %s of %s is %s; wants %s", file_,
                                                       node.source().begin.line, key, what_,
                                                       TypeOf(node), wanted));
}

void TomlTable::Refuse(const std::string& message) {
  if (!status_.ok()) return;
  status_ =
      absl::InvalidArgumentError(absl::StrFormat("%s:%d: %s %s", file_, line(), what_, message));
}

void TomlTable::Text(std::string_view key, std::string& place) {
  const toml::node* node = Find(key);
  if (node == nullptr) return;
  const auto* text = node->as_string();
  if (text == nullptr || text->get().empty()) return Refuse(key, *node, "a text");
  place = text->get();
}

void TomlTable::Texts(std::string_view key, std::vector<std::string>& place) {
  const toml::node* node = Find(key);
  if (node == nullptr) return;
  const toml::array* array = node->as_array();
  if (array == nullptr) return Refuse(key, *node, "an array of texts");
  place.clear();
  for (const toml::node& entry : *array) {
    const auto* text = entry.as_string();
    if (text == nullptr) return Refuse(key, entry, "an array of texts");
    place.push_back(text->get());
  }
}

void TomlTable::Number(std::string_view key, double least, double most, double& place) {
  const toml::node* node = Find(key);
  if (node == nullptr) return;
  const std::optional<double> number =
      node->is_number() ? node->value<double>() : std::optional<double>();
  if (!number.has_value() || !(*number >= least && *number <= most)) {
    return Refuse(key, *node, absl::StrFormat("a number from %g to %g", least, most));
  }
  place = *number;
}

void TomlTable::Count(std::string_view key, std::uint64_t least, std::uint64_t most,
                      std::uint64_t& place) {
  const toml::node* node = Find(key);
  if (node == nullptr) return;
  const auto* integer = node->as_integer();
  const bool is_count = integer != nullptr && integer->get() >= 0 &&
                        static_cast<std::uint64_t>(integer->get()) >= least &&
                        static_cast<std::uint64_t>(integer->get()) <= most;
  if (!is_count) {
    return Refuse(key, *node, absl::StrFormat("an integer from %d to %d", least, most));
  }
  place = static_cast<std::uint64_t>(integer->get());
}

void TomlTable::Flag(std::string_view key, bool& place) {
  const toml::node* node = Find(key);
  if (node == nullptr) return;
  const auto* flag = node->as_boolean();
  if (flag == nullptr) return Refuse(key, *node, "true or false");
  place = flag->get();
}

absl::Status TomlTable::Finish() const {
  // A key that does not exist explains more than what is missing for its sake.
  for (const auto& [key, value] : table_) {
    if (std::find(keys_.begin(), keys_.end(), key.str()) != keys_.end()) continue;
    return absl::InvalidArgumentError(
        absl::StrFormat("%s:%d: unknown key %s of %s; %s", file_, key.source().begin.line,
                        std::string(key.str()), what_, Allowed(key.str(), keys_)));
  }
  return status_;
}

}  // namespace vitrine::cli
