#pragma once

#include <cstddef>
#include <set>
#include <string>

#include "absl/status/statusor.h"
#include "vitrine/base/file_system.h"
#include "vitrine/training/trainer.h"

namespace vitrine::cli {

// A folder with the checkpoints of a training, a file for each network and all that it learns from:
// data, settings and the binary's version. Started again with the same, the training goes on from
// them; with others it finds no file of its own and begins anew. Not thread-safe.
class CheckpointFolder {
 public:
  // Makes the folder where it is not there. Errors: those of FileSystem.
  static absl::StatusOr<CheckpointFolder> Open(FileSystem& files, const std::string& path,
                                               const std::string& version);

  // `context`, whose networks keep their checkpoints here. This must outlive it, and stay where it
  // is.
  TrainingContext Follow(TrainingContext context);

  // The networks that went on from what was here, by name.
  const std::set<std::string>& resumed() const { return resumed_; }

  // Removes what this training kept, drafts too: it has succeeded. Returns how many checkpoints of
  // others are left, their drafts among them. Errors: those of FileSystem.
  absl::StatusOr<std::size_t> RemoveOwn();

 private:
  CheckpointFolder(FileSystem& files, const std::string& path, const std::string& version)
      : files_(&files), path_(path), version_(version) {}

  void Keep(const std::string& network, nn::TrainingLoopOptions& loop);

  FileSystem* files_;
  std::string path_;
  std::string version_;
  std::set<std::string> found_;    // Names of files, when it was opened.
  std::set<std::string> own_;      // The same, of this training.
  std::set<std::string> resumed_;  // Networks.
};

}  // namespace vitrine::cli
