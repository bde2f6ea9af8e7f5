#include "cli/trained_store.h"

#include <filesystem>
#include <system_error>

#include "absl/strings/str_format.h"
#include "vitrine/base/file_system.h"

namespace vitrine::cli {

absl::StatusOr<BundleFolder> OpenModels(const std::string& store) {
  const std::string folder = store + "/models";
  std::error_code error;
  const auto kind = std::filesystem::status(folder, error).type();
  // What cannot be looked at is refused with the reason where it is opened.
  if (kind != std::filesystem::file_type::not_found) {
    return BundleFolder::Open(LocalFileSystem(), folder);
  }
  return absl::FailedPreconditionError(absl::StrFormat(
      "there are no models in %s: is it the store? `vitrine train --store %s` makes some", store,
      store));
}

}  // namespace vitrine::cli
