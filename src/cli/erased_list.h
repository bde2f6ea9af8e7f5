#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "vitrine/feature_store/mutation.h"

namespace vitrine::cli {

// Reads a shop's own list of whom it erased: "user ID" or "visitor ID" a line, with the id that
// `vitrine user erase` was given. Empty lines are passed over.
//
// Errors: NOT_FOUND the file cannot be opened; INVALID_ARGUMENT "file:line: " and what was seen and
// is wanted; UNAVAILABLE it cannot be read on.
absl::StatusOr<std::vector<vitrine::EraseUser>> ReadErasedList(const std::string& path);

}  // namespace vitrine::cli
