#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "vitrine/base/file_system.h"

namespace vitrine::cli {

// How far an import has come: its first `rows` rows are in the store. `fingerprint` is of what
// these rows were and how they were read, so that another file or another mapping does not match.
struct Progress {
  std::uint64_t rows = 0;
  std::uint64_t fingerprint = 0;
  bool operator==(const Progress&) const = default;
};

// A small file that says how far an import has come, kept while it runs and removed at its end. It
// only saves time: without it an import that goes on finds its events in the store already.
class ProgressNote {
 public:
  // One note for each source, in `folder`, which is made with the first note.
  ProgressNote(FileSystem& files, std::string folder, const std::string& source);

  // Nothing when no import of this source broke off, or its note is damaged.
  std::optional<Progress> Read() const;

  // Whether every note in `folder` is whole; so it is where there is none. Errors: DATA_LOSS one is
  // damaged, the first is named: an import that goes on passes over it; those of FileSystem.
  static absl::Status CheckAll(FileSystem& files, const std::string& folder);

  absl::Status Write(const Progress& progress) const;
  absl::Status Remove() const;

 private:
  FileSystem& files_;
  std::string folder_;
  std::string path_;
};

}  // namespace vitrine::cli
