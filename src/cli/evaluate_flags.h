#pragma once

#include <CLI/CLI.hpp>
#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "cli/evaluation_split.h"
#include "vitrine/evaluation/cold_items.h"

namespace vitrine::cli {

// What `vitrine evaluate` is told.
struct EvaluateFlags {
  SplitFlags split;
  std::string part = "test";
  std::string store;
  std::string config;
  std::string scorer;
  std::vector<std::string> set;
  std::string against;
  std::vector<std::string> against_set;
  std::string diversity;
  std::string exposure = "none";
  std::vector<std::size_t> at = {20};
  std::string predictions;
  std::string curves;
  std::string loss_curve;
  std::size_t num_threads = 0;
  std::size_t num_negatives = 100;
  ColdComparisonOptions cold{};
  bool is_as_paper = false;
  bool is_json = false;
};

bool IsOfClassification(const EvaluateFlags& flags);
bool IsOfColdItems(const EvaluateFlags& flags);
bool IsOfNewShoppers(const EvaluateFlags& flags);
Part PartOf(const EvaluateFlags& flags);

// Adds them to `command`; they must outlive it.
void AddEvaluateFlags(CLI::App* command, EvaluateFlags& flags);

// Errors: INVALID_ARGUMENT one is missing, or would do nothing beside the others.
absl::Status CheckEvaluateFlags(const EvaluateFlags& flags);

}  // namespace vitrine::cli
