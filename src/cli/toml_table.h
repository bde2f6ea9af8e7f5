#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// How toml++ reports errors is the same in every file that includes it.
#define TOML_EXCEPTIONS 0
// It asserts of a key what it then reports as an error of the text: "[=]" would end a debug build.
#define TOML_ASSERT(expr) static_assert(true)
#include <toml++/toml.h>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace vitrine::cli {

// What `node` is, for a message: "the text "x"", "3", "an array".
std::string TypeOf(const toml::node& node);

// Errors: INVALID_ARGUMENT "name:line: not TOML: " and why.
absl::StatusOr<toml::table> ParseToml(std::string_view text, const std::string& name);

// Reads one table key by key into where its values belong; a key that is absent leaves its place as
// it is. The first thing that is wrong is remembered, and Finish returns it: INVALID_ARGUMENT
// "file:line: " with what was seen and what is allowed. Not thread-safe; all given must outlive it.
class TomlTable {
 public:
  // `what` stands for the table in messages: "step 2 (clip)".
  TomlTable(const toml::table& table, std::string what, std::string file)
      : table_(table), what_(std::move(what)), file_(std::move(file)) {}

  void Text(std::string_view key, std::string& place);
  void Texts(std::string_view key, std::vector<std::string>& place);
  void Number(std::string_view key, double least, double most, double& place);
  void Count(std::string_view key, std::uint64_t least, std::uint64_t most, std::uint64_t& place);
  void Flag(std::string_view key, bool& place);

  // A text out of `choices`, each with what it stands for.
  template <typename T>
  void Choice(std::string_view key, std::initializer_list<std::pair<std::string_view, T>> choices,
              T& place) {
    const toml::node* node = Find(key);
    if (node == nullptr) return;
    std::string allowed;
    for (const auto& [name, value] : choices) {
      if (const auto* text = node->as_string(); text != nullptr && text->get() == name) {
        place = value;
        return;
      }
      allowed += (allowed.empty() ? "\"" : ", \"") + std::string(name) + "\"";
    }
    Refuse(key, *node, "one of " + allowed);
  }

  // The value of a key, or null; for what the functions above do not read.
  const toml::node* Find(std::string_view key);
  void Refuse(std::string_view key, const toml::node& node, const std::string& wanted);
  void Refuse(const std::string& message);

  // Call last: a key that was not asked for is unknown.
  absl::Status Finish() const;

  std::uint64_t line() const { return table_.source().begin.line; }

 private:
  const toml::table& table_;
  std::string what_;
  std::string file_;
  std::vector<std::string> keys_;
  absl::Status status_;
};

}  // namespace vitrine::cli
