#include "cli/checkpoint_folder.h"

#include <string_view>
#include <vector>

#include "absl/strings/str_format.h"
#include "vitrine/base/bytes.h"
#include "vitrine/base/status_macros.h"

namespace vitrine::cli {
namespace {

constexpr std::string_view kEnding = ".checkpoint.safetensors";
constexpr std::string_view kDraftEnding = ".tmp";  // As WriteFileAtomically adds it.

// The checkpoint that the file `name` is, or is a draft of: one that was being written when the
// process was killed.
std::string_view WithoutDraftEnding(std::string_view name) {
  if (name.ends_with(kDraftEnding)) name.remove_suffix(kDraftEnding.size());
  return name;
}

}  // namespace

absl::StatusOr<CheckpointFolder> CheckpointFolder::Open(FileSystem& files, const std::string& path,
                                                        const std::string& version) {
  VITRINE_RETURN_IF_ERROR(files.MakeFolder(path));
  VITRINE_ASSIGN_OR_RETURN(const std::vector<std::string> names, files.ListFolder(path));
  CheckpointFolder folder(files, path, version);
  folder.found_.insert(names.begin(), names.end());
  return folder;
}

TrainingContext CheckpointFolder::Follow(TrainingContext context) {
  context.networks.on_start = [this](const std::string& network, nn::TrainingLoopOptions& loop) {
    Keep(network, loop);
  };
  return context;
}

void CheckpointFolder::Keep(const std::string& network, nn::TrainingLoopOptions& loop) {
  loop.subject += " version=" + version_;
  const std::string name =
      absl::StrFormat("%s-%016x%s", network, Checksum(network + " " + loop.subject), kEnding);
  loop.checkpoint = path_ + "/" + name;
  loop.files = files_;
  own_.insert(name);
  if (found_.contains(name)) resumed_.insert(network);
}

absl::StatusOr<std::size_t> CheckpointFolder::RemoveOwn() {
  VITRINE_ASSIGN_OR_RETURN(const std::vector<std::string> names, files_->ListFolder(path_));
  std::size_t num_left = 0;
  for (const std::string& name : names) {
    const std::string checkpoint(WithoutDraftEnding(name));
    if (own_.contains(checkpoint)) {
      VITRINE_RETURN_IF_ERROR(files_->Remove(path_ + "/" + name));
    } else if (checkpoint.ends_with(kEnding)) {
      ++num_left;
    }
  }
  return num_left;
}

}  // namespace vitrine::cli
