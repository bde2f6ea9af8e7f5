#include "vitrine/base/atomic_file.h"

#include <cassert>
#include <filesystem>

#include "absl/strings/str_format.h"
#include "vitrine/base/bytes.h"
#include "vitrine/base/status_macros.h"

namespace vitrine {
namespace {

constexpr std::size_t kMagicBytes = 8;
constexpr std::size_t kChecksumBytes = 8;

absl::Status WriteAndSync(FileSystem& files, const std::string& path, std::string_view bytes) {
  VITRINE_ASSIGN_OR_RETURN(const auto file, files.OpenForWrite(path, OpenMode::kTruncate));
  VITRINE_RETURN_IF_ERROR(file->Append(bytes));
  VITRINE_RETURN_IF_ERROR(file->Sync());
  return file->Close();
}

}  // namespace

absl::Status WriteFileAtomically(FileSystem& files, const std::string& path,
                                 std::string_view bytes) {
  const std::string draft = path + ".tmp";
  absl::Status written = WriteAndSync(files, draft, bytes);
  if (written.ok()) written = files.Rename(draft, path);
  if (!written.ok()) {
    (void)files.Remove(draft);  // Where the disk is full, half a file would keep it so.
    return written;
  }
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  return files.SyncFolder(folder.empty() ? "." : folder.string());
}

absl::Status WriteCheckedFile(FileSystem& files, const std::string& path, std::string_view magic,
                              std::string_view bytes) {
  assert(magic.size() == kMagicBytes);
  std::string content(magic);
  content.append(bytes);
  ByteWriter checksum;
  checksum.Fixed64(Checksum(content));
  content.append(checksum.bytes());
  return WriteFileAtomically(files, path, content);
}

absl::StatusOr<std::string> ReadCheckedFile(FileSystem& files, const std::string& path,
                                            std::string_view magic) {
  VITRINE_ASSIGN_OR_RETURN(std::string content, files.ReadFile(path));
  if (content.size() < kMagicBytes + kChecksumBytes) {
    return absl::DataLossError(
        absl::StrFormat("%s is damaged: %d bytes, too short to be whole", path, content.size()));
  }
  if (!content.starts_with(magic)) {
    return absl::DataLossError(
        absl::StrFormat("%s does not start with '%s': another kind or "
                        "version of file",
                        path, magic));
  }
  const std::size_t end = content.size() - kChecksumBytes;
  ByteReader stored(std::string_view(content).substr(end));
  if (stored.Fixed64() != Checksum(std::string_view(content).substr(0, end))) {
    return absl::DataLossError(absl::StrFormat("%s is damaged: its checksum does not match", path));
  }
  content.resize(end);
  content.erase(0, kMagicBytes);
  return content;
}

}  // namespace vitrine
