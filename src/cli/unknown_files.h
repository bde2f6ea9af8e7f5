#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "vitrine/base/file_system.h"

namespace vitrine::cli {

// What lies in the folder of a store and is no part of it, by its path there; a folder, with a '/'
// behind, stands for all that is in it. What the store holds: docs/formats/store.md. Errors: those
// of FileSystem.
absl::StatusOr<std::vector<std::string>> ListUnknownFiles(FileSystem& files,
                                                          const std::string& store);

}  // namespace vitrine::cli
