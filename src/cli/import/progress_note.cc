#include "cli/import/progress_note.h"

#include <utility>

#include "absl/strings/str_format.h"
#include "vitrine/base/atomic_file.h"
#include "vitrine/base/bytes.h"
#include "vitrine/base/status_macros.h"

namespace vitrine::cli {
namespace {

constexpr std::string_view kMagic = "VTRNIMP1";

}  // namespace

ProgressNote::ProgressNote(FileSystem& files, std::string folder, const std::string& source)
    : files_(files),
      folder_(std::move(folder)),
      path_(absl::StrFormat("%s/%016x.note", folder_, Checksum(source))) {}

std::optional<Progress> ProgressNote::Read() const {
  const absl::StatusOr<std::string> bytes = ReadCheckedFile(files_, path_, kMagic);
  if (!bytes.ok()) return std::nullopt;
  ByteReader reader(*bytes);
  Progress progress;
  progress.rows = reader.Unsigned();
  progress.fingerprint = reader.Fixed64();
  if (!reader.Finish(path_).ok()) return std::nullopt;
  return progress;
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
