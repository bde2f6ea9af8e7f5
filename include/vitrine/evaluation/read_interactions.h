#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "vitrine/base/file_system.h"
#include "vitrine/evaluation/split.h"

namespace vitrine {

enum class InteractionFormat {
  kPairsByUser,  // "user item item ..." a line, blanks between; where order counts, oldest first.
  kTsv,          // "user<TAB>item[<TAB>weight[<TAB>unix_seconds]]" a line.
  kRatings,      // "user<TAB>item<TAB>rating[<TAB>unix_seconds]" a line: events of type `rate`.
};

// Reads one file. Weight is 1 and the time 0 where the file does not say; empty lines are skipped.
// Items and users get indices in order of first appearance. Errors: those of
// FileSystem; INVALID_ARGUMENT naming file, line, what was seen and what is wanted.
absl::StatusOr<Dataset> ReadInteractions(FileSystem& files, const std::string& path,
                                         InteractionFormat format);

// A fixed split from two files. Items are those of both; test users without training are kept with
// an empty history.
absl::StatusOr<Split> ReadFixedSplit(FileSystem& files, const std::string& train_path,
                                     const std::string& test_path, InteractionFormat format,
                                     bool allow_repeats);

}  // namespace vitrine
