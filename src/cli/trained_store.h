#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "vitrine/models/bundle.h"

namespace vitrine::cli {

// The models of the store in the folder `store`. FAILED_PRECONDITION where it was never trained, or
// is no store at all; no folder is made for them there.
absl::StatusOr<BundleFolder> OpenModels(const std::string& store);

}  // namespace vitrine::cli
