#include "feature_store/copy_file.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_format.h"
#include "vitrine/base/bytes.h"
#include "vitrine/base/status_macros.h"

namespace vitrine {
namespace {

constexpr std::uint64_t kPieceBytes = 1 << 20;

// A copy that is being written.
class Copy {
 public:
  explicit Copy(std::unique_ptr<WritableFile> file) : file_(std::move(file)) {}

  absl::Status Append(std::string_view piece) {
    VITRINE_RETURN_IF_ERROR(file_->Append(piece));
    checksums_.Fixed64(Checksum(piece));
    num_bytes_ += piece.size();
    return absl::OkStatus();
  }

  absl::StatusOr<CopiedFile> Finish() {
    VITRINE_RETURN_IF_ERROR(file_->Sync());
    VITRINE_RETURN_IF_ERROR(file_->Close());
    return CopiedFile{.num_bytes = num_bytes_, .checksum = Checksum(checksums_.bytes())};
  }

 private:
  const std::unique_ptr<WritableFile> file_;
  ByteWriter checksums_;
  std::uint64_t num_bytes_ = 0;
};

}  // namespace

absl::StatusOr<CopiedFile> CopyFile(FileSystem& files, const std::string& from,
                                    const std::string& to, std::optional<std::uint64_t> num_bytes,
                                    const MayGoOn& may_go_on) {
  VITRINE_ASSIGN_OR_RETURN(const auto source, files.OpenForRead(from));
  VITRINE_ASSIGN_OR_RETURN(auto file, files.OpenForWrite(to, OpenMode::kTruncate));
  Copy copy(std::move(file));
  std::string piece;
  bool is_at_end = false;
  for (std::uint64_t at = 0; !is_at_end && (!num_bytes || at < *num_bytes); at += piece.size()) {
    VITRINE_RETURN_IF_ERROR(may_go_on());
    piece.resize(num_bytes ? std::min(kPieceBytes, *num_bytes - at) : kPieceBytes);
    VITRINE_ASSIGN_OR_RETURN(const std::size_t count, source->ReadAt(at, piece));
    is_at_end = count < piece.size();
    if (is_at_end && num_bytes) {
      return absl::DataLossError(
          absl::StrFormat("%s has %d bytes, %d were expected", from, at + count, *num_bytes));
    }
    piece.resize(count);
    VITRINE_RETURN_IF_ERROR(copy.Append(piece));
  }
  return copy.Finish();
}

absl::StatusOr<CopiedFile> WriteCopy(FileSystem& files, const std::string& to,
                                     std::string_view bytes) {
  VITRINE_ASSIGN_OR_RETURN(auto file, files.OpenForWrite(to, OpenMode::kTruncate));
  Copy copy(std::move(file));
  for (std::size_t at = 0; at < bytes.size(); at += kPieceBytes) {
    VITRINE_RETURN_IF_ERROR(copy.Append(bytes.substr(at, kPieceBytes)));
  }
  return copy.Finish();
}

}  // namespace vitrine
