#include "cli/import/progress_note.h"

#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_format.h"
#include "vitrine/base/atomic_file.h"
#include "vitrine/base/bytes.h"
#include "vitrine/base/status_macros.h"

namespace vitrine::cli {
namespace {

constexpr std::string_view kMagic = "VTRNIMP1";
constexpr std::string_view kNoteSuffix = ".note";

absl::StatusOr<Progress> ReadNote(FileSystem& files, const std::string& path) {
  VITRINE_ASSIGN_OR_RETURN(const std::string bytes, ReadCheckedFile(files, path, kMagic));
  ByteReader reader(bytes);
  Progress progress;
  progress.rows = reader.Unsigned();
  progress.fingerprint = reader.Fixed64();
  VITRINE_RETURN_IF_ERROR(reader.Finish(path));
  return progress;
}

}  // namespace

ProgressNote::ProgressNote(FileSystem& files, std::string folder, const std::string& source)
    : files_(files),
      folder_(std::move(folder)),
      path_(absl::StrFormat("%s/%016x%s", folder_, Checksum(source), kNoteSuffix)) {}

absl::Status ProgressNote::CheckAll(FileSystem& files, const std::string& folder) {
  const auto names = files.ListFolder(folder);
  if (absl::IsNotFound(names.status())) return absl::OkStatus();
  VITRINE_RETURN_IF_ERROR(names.status());
  for (const std::string& name : *names) {
    if (!name.ends_with(kNoteSuffix)) continue;
    const absl::Status read = ReadNote(files, folder + "/" + name).status();
    if (!read.ok() && !absl::IsNotFound(read)) return read;  // Not there: its import has ended.
  }
  return absl::OkStatus();
}

std::optional<Progress> ProgressNote::Read() const {
  const absl::StatusOr<Progress> progress = ReadNote(files_, path_);
  return progress.ok() ? std::optional(*progress) : std::nullopt;
}

absl::Status ProgressNote::Write(const Progress& progress) const {
  VITRINE_RETURN_IF_ERROR(files_.MakeFolder(folder_));
  ByteWriter writer;
  writer.Unsigned(progress.rows);
  writer.Fixed64(progress.fingerprint);
  return WriteCheckedFile(files_, path_, kMagic, writer.bytes());
}

absl::Status ProgressNote::Remove() const {
  absl::Status status = files_.Remove(path_);
  return absl::IsNotFound(status) ? absl::OkStatus() : status;
}

}  // namespace vitrine::cli
