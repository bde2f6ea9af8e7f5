#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "vitrine/base/file_system.h"

namespace vitrine {

// Replaces the file at `path` as a whole: after a crash at any moment it holds the old bytes or the
// new ones, complete. Writes `path`.tmp, syncs, renames, syncs the folder.
absl::Status WriteFileAtomically(FileSystem& files, const std::string& path,
                                 std::string_view bytes);

// The same with an eight-byte magic in front and a checksum of magic and bytes behind.
// REQUIRES: magic.size() == 8
absl::Status WriteCheckedFile(FileSystem& files, const std::string& path, std::string_view magic,
                              std::string_view bytes);

// The bytes between magic and checksum. Errors: those of FileSystem; DATA_LOSS naming the file when
// it is too short, has another magic or a wrong checksum.
absl::StatusOr<std::string> ReadCheckedFile(FileSystem& files, const std::string& path,
                                            std::string_view magic);

}  // namespace vitrine
