#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "vitrine/base/clock.h"

namespace vitrine::cli {

// What the flag `flag` has: "2011-12-10" and the other forms that the importer reads, in that time
// zone where they name none; empty is 0. Errors: a UsageError that says what is wanted.
absl::StatusOr<Micros> ParseMoment(const std::string& flag, const std::string& text,
                                   const std::string& time_zone);

}  // namespace vitrine::cli
