#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "vitrine/base/file_system.h"

namespace vitrine {

// A file of a backup. `checksum` is that of the checksums of its pieces, 1 MiB each, so that it is
// made in bounded memory.
struct CopiedFile {
  std::string name{};  // Its path in the backup's folder, with '/'.
  std::uint64_t num_bytes = 0;
  std::uint64_t checksum = 0;
};

// Asked before each piece: an error ends the copy and is its answer.
using MayGoOn = std::function<absl::Status()>;

// Copies the first `num_bytes` of the file `from`, or all that it holds when it is opened, to the
// new file `to`, and syncs it. Errors: DATA_LOSS it is shorter; those of `may_go_on` and
// FileSystem.
absl::StatusOr<CopiedFile> CopyFile(FileSystem& files, const std::string& from,
                                    const std::string& to, std::optional<std::uint64_t> num_bytes,
                                    const MayGoOn& may_go_on);

// The same for a file that holds `bytes`.
absl::StatusOr<CopiedFile> WriteCopy(FileSystem& files, const std::string& to,
                                     std::string_view bytes);

}  // namespace vitrine
