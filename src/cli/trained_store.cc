#include "cli/trained_store.h"

#include <filesystem>

#include "absl/strings/str_format.h"
#include "vitrine/base/file_system.h"

namespace vitrine::cli {

absl::StatusOr<BundleFolder> OpenModels(const std::string& store) {
  const std::string folder = store + "/models";
  if (std::filesystem::is_directory(folder)) return BundleFolder::Open(LocalFileSystem(), folder);
  return absl::FailedPreconditionError(absl::StrFormat(
      "there are no models in %s: is it the store? `vitrine train --store %s` makes some", store,
      store));
}

}  // namespace vitrine::cli
