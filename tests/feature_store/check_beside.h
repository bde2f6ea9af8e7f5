#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "testing/eventually.h"
#include "vitrine/feature_store/check_store.h"

namespace vitrine::testing {

// CheckStore beside a store that is open: a compaction may take a file away meanwhile, so that it
// has to look again.
inline absl::StatusOr<StoreCheck> CheckBeside(const std::string& folder,
                                              const FeatureStoreOptions& options, FileSystem& files,
                                              const Clock& clock) {
  absl::StatusOr<StoreCheck> check;
  (void)Eventually([&] {
    check = CheckStore(folder, options, files, clock);
    return !absl::IsNotFound(check.status());
  });
  return check;
}

}  // namespace vitrine::testing
