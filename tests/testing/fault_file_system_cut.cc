// What a power cut takes away.

#include <unistd.h>

#include <filesystem>
#include <system_error>

#include "testing/fault_file_system.h"
#include "vitrine/base/random.h"

namespace vitrine::testing {
namespace {

namespace fs = std::filesystem;

std::string ReadPart(int descriptor, std::uint64_t size) {
  std::string bytes(size, '\0');
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t count =
        pread(descriptor, bytes.data() + done, bytes.size() - done, static_cast<off_t>(done));
    if (count <= 0) break;
    done += static_cast<std::size_t>(count);
  }
  bytes.resize(done);
  return bytes;
}

}  // namespace

void FaultFileSystem::Cut(std::optional<std::uint64_t> torn_tail_seed) {
  if (is_power_cut_) return;
  is_power_cut_ = true;
  UndoFolderRenames();
  DecideKept(torn_tail_seed);
  UndoNames();
  std::error_code ignored;
  for (const std::string& folder : unsynced_folders_) fs::remove_all(folder, ignored);
}

void FaultFileSystem::UndoFolderRenames() {
  std::error_code ignored;
  while (!unsynced_folder_renames_.empty()) {
    const auto [from, to] = unsynced_folder_renames_.back();
    unsynced_folder_renames_.pop_back();
    fs::rename(to, from, ignored);
    MovePaths(to, from);
  }
}

void FaultFileSystem::DecideKept(std::optional<std::uint64_t> torn_tail_seed) {
  Random random(torn_tail_seed.value_or(0));
  const auto decide = [&](Content& content) {
    const std::uint64_t unsynced = content.size - content.synced;
    content.kept = content.synced + (torn_tail_seed.has_value() ? random.Below(unsynced + 1) : 0);
  };
  for (const auto& [path, content] : contents_) decide(*content);
  for (const auto& [path, name] : unsynced_names_) {
    if (name.content != nullptr) decide(*name.content);
  }
}

void FaultFileSystem::UndoNames() {
  std::map<std::string, std::string> restored;
  for (const auto& [path, name] : unsynced_names_) {
    if (name.content == nullptr) continue;
    restored[path] = ReadPart(name.descriptor, name.content->kept);
    close(name.descriptor);
  }
  std::error_code ignored;
  for (const auto& [path, content] : contents_) fs::resize_file(path, content->kept, ignored);
  for (const auto& [path, name] : unsynced_names_) fs::remove(path, ignored);
  for (const auto& [path, bytes] : restored) {
    const auto file = LocalFileSystem().OpenForWrite(path, OpenMode::kTruncate);
    if (file.ok()) (void)(*file)->Append(bytes);
  }
  contents_.clear();
  unsynced_names_.clear();
}

}  // namespace vitrine::testing
