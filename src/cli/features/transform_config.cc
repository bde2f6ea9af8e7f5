#include "cli/features/transform_config.h"

#include <utility>

#include "absl/strings/str_format.h"
#include "cli/features/step_keys.h"
#include "cli/toml_table.h"
#include "vitrine/base/file_system.h"
#include "vitrine/base/nearest.h"
#include "vitrine/base/status_macros.h"

namespace vitrine::cli {
namespace {

absl::Status Wrong(const std::string& file, const toml::node& node, const std::string& what) {
  return absl::InvalidArgumentError(
      absl::StrFormat("%s:%d: %s", file, node.source().begin.line, what));
}

absl::Status ReadInput(const toml::node& node, const std::string& file, TransformConfig& config) {
  const toml::table* input = node.as_table();
  if (input == nullptr) {
    return Wrong(file, node, "input is " + TypeOf(node) + "; wants a table, as in [input]");
  }
  TomlTable table(*input, "input", file);
  table.Text("target", config.pipeline.target);
  table.Texts("missing", config.pipeline.missing);
  table.Texts("texts", config.texts);
  return table.Finish();
}

absl::StatusOr<StepSettings> ReadStep(const toml::node& node, std::size_t number,
                                      const std::string& file) {
  const toml::table* step = node.as_table();
  if (step == nullptr) {
    return Wrong(file, node, "step is " + TypeOf(node) + "; wants tables, as in [[step]]");
  }
  std::vector<std::string> kinds;
  for (const StepKeys& keys : AllStepKeys()) kinds.emplace_back(keys.kind);
  const toml::node* kind = step->get("kind");
  if (kind == nullptr || !kind->is_string()) {
    return Wrong(file, kind == nullptr ? node : *kind,
                 absl::StrFormat("step %d has no kind; %s", number, Allowed("", kinds)));
  }
  const std::string& name = kind->as_string()->get();
  for (const StepKeys& keys : AllStepKeys()) {
    if (keys.kind != name) continue;
    TomlTable table(*step, absl::StrFormat("step %d (%s)", number, name), file);
    table.Find("kind");
    StepSettings settings = keys.read(table);
    VITRINE_RETURN_IF_ERROR(table.Finish());
    return settings;
  }
  return Wrong(
      file, *kind,
      absl::StrFormat("step %d is of the unknown kind %s; %s", number, name, Allowed(name, kinds)));
}

absl::Status ReadSteps(const toml::node& node, const std::string& file, TransformConfig& config) {
  const toml::array* steps = node.as_array();
  if (steps == nullptr) {
    return Wrong(file, node, "step is " + TypeOf(node) + "; wants tables, as in [[step]]");
  }
  for (const toml::node& each : *steps) {
    VITRINE_ASSIGN_OR_RETURN(StepSettings step,
                             ReadStep(each, config.pipeline.steps.size() + 1, file));
    config.pipeline.steps.push_back(std::move(step));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<TransformConfig> ParseTransformConfig(std::string_view text,
                                                     const std::string& name) {
  VITRINE_ASSIGN_OR_RETURN(const toml::table root, ParseToml(text, name));
  TransformConfig config;
  TomlTable table(root, "the file", name);
  const toml::node* input = table.Find("input");
  const toml::node* steps = table.Find("step");
  VITRINE_RETURN_IF_ERROR(table.Finish());
  if (input != nullptr) VITRINE_RETURN_IF_ERROR(ReadInput(*input, name, config));
  if (steps != nullptr) VITRINE_RETURN_IF_ERROR(ReadSteps(*steps, name, config));
  if (config.pipeline.steps.empty()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s:1: there is no step; wants at least one, as in [[step]]", name));
  }
  return config;
}

absl::StatusOr<TransformConfig> LoadTransformConfig(const std::string& path) {
  VITRINE_ASSIGN_OR_RETURN(const std::string text, LocalFileSystem().ReadFile(path));
  return ParseTransformConfig(text, path);
}

}  // namespace vitrine::cli
