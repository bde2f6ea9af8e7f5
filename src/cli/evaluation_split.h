#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "vitrine/evaluation/ratings.h"
#include "vitrine/evaluation/split.h"

namespace vitrine::cli {

// Which files to learn from and how to ask about them: flags that commands share.
struct SplitFlags {
  std::string train;
  std::string test;
  std::string data;
  std::string format = "tsv";
  std::string protocol = "fixed";
  std::string cut;
  std::string label;
  std::vector<std::string> categories;
  std::vector<std::string> ignored;
  double share = 0.2;
  std::size_t num_folds = 5;
  std::uint64_t fold_seed = 1;
  bool is_repeats = false;
  bool is_distinct = false;
};

// Adds the flags to `command`. `flags` must live as long as it.
void AddSplitFlags(CLI::App* command, SplitFlags& flags);

// Usage errors: flags that the protocol wants and that are missing, or that do not fit together.
absl::Status CheckSplitFlags(const SplitFlags& flags, Part part);

// The time that `--cut` says. Usage error: it is none.
absl::StatusOr<Micros> ParseCut(const std::string& text);

// Whether ratings are predicted rather than items found.
bool IsOfRatings(const SplitFlags& flags);

// Ratings that a scorer is measured on.
struct RatingPart {
  Dataset dataset{};
  std::vector<HeldRating> held{};  // Of `dataset`, in folds.
};

// Reads the file of the ratings and draws folds. The validation part is what the first fold leaves,
// in folds of its own. Errors: those of ReadInteractions.
absl::StatusOr<RatingPart> ReadRatings(const SplitFlags& flags, Part part);

// Reads the files and splits what they say. Of a validation part, the test file is not opened.
// Errors: those of ReadInteractions; FAILED_PRECONDITION nothing is left to test on.
absl::StatusOr<Split> ReadSplit(const SplitFlags& flags, Part part);

}  // namespace vitrine::cli
