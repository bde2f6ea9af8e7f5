#include "feature_store/backup_list.h"

#include <filesystem>
#include <utility>

#include "absl/strings/str_format.h"
#include "vitrine/base/atomic_file.h"
#include "vitrine/base/bytes.h"
#include "vitrine/base/status_macros.h"

namespace vitrine {
namespace {

constexpr std::string_view kMagic = "VTRbckup";
constexpr std::uint64_t kVersion = 1;

std::string PathOf(const std::string& folder) { return folder + "/BACKUP"; }

// No list may make a restore write outside its folder.
bool IsInside(const std::string& name) {
  const std::filesystem::path path(name);
  if (name.empty() || path.is_absolute()) return false;
  for (const auto& part : path) {
    if (part == ".." || part == ".") return false;
  }
  return true;
}

}  // namespace

BackupSummary BackupList::Summary() const {
  BackupSummary whole = summary;
  whole.num_files = files.size();
  for (const CopiedFile& file : files) whole.num_bytes += file.num_bytes;
  return whole;
}

absl::Status WriteBackupList(FileSystem& files, const std::string& folder, const BackupList& list) {
  ByteWriter writer;
  writer.Unsigned(kVersion);
  writer.Signed(list.summary.time_us);
  writer.Unsigned(list.summary.sequence);
  writer.Unsigned(list.summary.num_events);
  writer.Unsigned(list.files.size());
  for (const CopiedFile& file : list.files) {
    writer.String(file.name);
    writer.Unsigned(file.num_bytes);
    writer.Fixed64(file.checksum);
  }
  return WriteCheckedFile(files, PathOf(folder), kMagic, writer.bytes());
}

absl::StatusOr<BackupList> ReadBackupList(FileSystem& files, const std::string& folder) {
  const auto bytes = ReadCheckedFile(files, PathOf(folder), kMagic);
  if (absl::IsNotFound(bytes.status())) {
    return absl::NotFoundError(absl::StrFormat(
        "%s is no backup: it has no file BACKUP; `vitrine backup` makes one", folder));
  }
  VITRINE_RETURN_IF_ERROR(bytes.status());
  ByteReader reader(*bytes);
  BackupList list;
  const std::uint64_t version = reader.Unsigned();
  list.summary.time_us = reader.Signed();
  list.summary.sequence = reader.Unsigned();
  list.summary.num_events = reader.Unsigned();
  const std::uint64_t num_files = reader.Unsigned();
  for (std::uint64_t i = 0; i < num_files && reader.status("").ok(); ++i) {
    CopiedFile file{.name = reader.String()};
    file.num_bytes = reader.Unsigned();
    file.checksum = reader.Fixed64();
    if (!IsInside(file.name)) {
      return absl::DataLossError(
          absl::StrFormat("%s names the file '%s'", PathOf(folder), file.name));
    }
    list.files.push_back(std::move(file));
  }
  VITRINE_RETURN_IF_ERROR(reader.Finish("the list of a backup"));
  if (version == kVersion) return list;
  return absl::FailedPreconditionError(
      absl::StrFormat("the backup in %s has format %d, this binary knows %d: use the vitrine that "
                      "made it",
                      folder, version, kVersion));
}

}  // namespace vitrine
