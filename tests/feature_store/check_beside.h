#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "vitrine/feature_store/check_store.h"

namespace vitrine::testing {

// CheckStore beside a store that is open: a compaction may take a file away meanwhile, so that it
// has to look again.
inline absl::StatusOr<StoreCheck> CheckBeside(const std::string& folder,
                                              const FeatureStoreOptions& options, FileSystem& files,
                                              const Clock& clock) {
  auto check = CheckStore(folder, options, files, clock);
  while (absl::IsNotFound(check.status())) check = CheckStore(folder, options, files, clock);
  return check;
}

}  // namespace vitrine::testing
