#include "feature_store/wal_tail.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <optional>

#include "absl/strings/str_format.h"
#include "vitrine/base/atomic_file.h"
#include "vitrine/base/log.h"
#include "vitrine/base/status_macros.h"

namespace vitrine {
namespace {

constexpr std::size_t kBlockBytes = 32'768;
constexpr std::size_t kHeaderBytes = 7;  // Checksum 4, length 2, type 1.

enum RecordType : unsigned char { kFull = 1, kFirst = 2, kMiddle = 3, kLast = 4 };

// CRC-32C (Castagnoli), the reflected polynomial 0x82F63B78, a byte at a time.
constexpr std::array<std::uint32_t, 256> MakeCrcTable() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t value = byte;
    for (int bit = 0; bit < 8; ++bit) value = value >> 1 ^ ((value & 1) != 0 ? 0x82F63B78U : 0);
    table[byte] = value;
  }
  return table;
}
constexpr std::array<std::uint32_t, 256> kCrcTable = MakeCrcTable();

std::uint32_t Crc32c(std::string_view bytes) {
  std::uint32_t crc = ~0U;
  for (const char byte : bytes) {
    crc = crc >> 8 ^ kCrcTable[(crc ^ static_cast<unsigned char>(byte)) & 0xFF];
  }
  return ~crc;
}

// Stored checksums are rotated and shifted, so that a checksum of checksums is not degenerate.
std::uint32_t Masked(std::uint32_t crc) { return (crc >> 15 | crc << 17) + 0xA282EAD8U; }

struct Record {
  RecordType type{};
  std::size_t end = 0;  // Of its bytes in the file.
};

// Where the record at `at` ends by what it says. REQUIRES: its header is there.
std::size_t EndOf(std::string_view bytes, std::size_t at) {
  const auto low = static_cast<unsigned char>(bytes[at + 4]);
  const auto high = static_cast<unsigned char>(bytes[at + 5]);
  return at + kHeaderBytes + (low | static_cast<std::size_t>(high) << 8);
}

// Whether the checksum of the record at `at`, of all but its length, fits what is up to `end`.
bool IsChecked(std::string_view bytes, std::size_t at, std::size_t end) {
  std::uint32_t stored = 0;
  std::memcpy(&stored, bytes.data() + at, sizeof stored);
  const std::size_t begin = at + kHeaderBytes - 1;
  return Masked(Crc32c(bytes.substr(begin, end - begin))) == stored;
}

RecordType TypeAt(std::string_view bytes, std::size_t at) {
  return static_cast<RecordType>(static_cast<unsigned char>(bytes[at + kHeaderBytes - 1]));
}
bool IsKnown(RecordType type) { return type >= kFull && type <= kLast; }
bool IsStart(RecordType type) { return type == kFull || type == kFirst; }

std::size_t BlockEnd(std::size_t at) { return (at / kBlockBytes + 1) * kBlockBytes; }

// The whole, undamaged record at `at`, if there is one.
std::optional<Record> ReadRecord(std::string_view bytes, std::size_t at) {
  const std::size_t block_end = std::min(bytes.size(), BlockEnd(at));
  if (at + kHeaderBytes > block_end) return std::nullopt;
  const RecordType type = TypeAt(bytes, at);
  const std::size_t end = EndOf(bytes, at);
  if (!IsKnown(type) || end > block_end || !IsChecked(bytes, at, end)) return std::nullopt;
  return Record{type, end};
}

// Whether a record at `at` would be whole if it ended with the bytes: its length alone is damaged.
bool FillsTheRest(std::string_view bytes, std::size_t at) {
  return at + kHeaderBytes <= bytes.size() && bytes.size() <= BlockEnd(at) &&
         IsKnown(TypeAt(bytes, at)) && IsChecked(bytes, at, bytes.size());
}

bool IsCutOff(std::string_view bytes, std::size_t at) {
  if (at + kHeaderBytes > bytes.size() || EndOf(bytes, at) > bytes.size()) return true;
  return bytes.find_first_not_of('\0', at) == std::string_view::npos;
}

// A block's last bytes are unused where a header does not fit.
std::size_t SkipBlockTrailer(std::size_t at) {
  const std::size_t left = kBlockBytes - at % kBlockBytes;
  return left < kHeaderBytes ? at + left : at;
}

bool HasBatchBeginning(std::string_view bytes, std::size_t from) {
  // The damaged length may point anywhere: try every byte. A match by chance: 2^-32 each.
  for (std::size_t at = from; at + kHeaderBytes <= bytes.size(); ++at) {
    if (IsStart(TypeAt(bytes, at)) && ReadRecord(bytes, at).has_value()) return true;
  }
  return false;
}

absl::Status DamagedWalError(const std::string& path, std::size_t intact, std::size_t size) {
  return absl::DataLossError(absl::StrFormat(
      "%s is damaged behind byte %d of %d, before its end: acknowledged events are lost; restore "
      "a backup of the store",
      path, intact, size));
}

// Names are numbers of equal width until they grow by a digit.
bool IsNewer(const std::string& wal, const std::string& than) {
  return wal.size() == than.size() ? wal > than : wal.size() > than.size();
}

// The names of the write-ahead logs in `folder`, the newest last.
absl::StatusOr<std::vector<std::string>> ListWals(FileSystem& files, const std::string& folder) {
  VITRINE_ASSIGN_OR_RETURN(std::vector<std::string> names, files.ListFolder(folder));
  std::erase_if(names, [](const std::string& name) { return !name.ends_with(kWalSuffix); });
  std::sort(names.begin(), names.end(),
            [](const std::string& a, const std::string& b) { return IsNewer(b, a); });
  return names;
}

absl::Status CutTo(FileSystem& files, const std::string& path, std::size_t size) {
  VITRINE_ASSIGN_OR_RETURN(const std::string bytes, files.ReadFile(path));
  if (bytes.size() == size) return absl::OkStatus();
  if (bytes.size() < size) {
    return absl::DataLossError(
        absl::StrFormat("%s has %d bytes, %d were synced", path, bytes.size(), size));
  }
  return WriteFileAtomically(files, path, std::string_view(bytes).substr(0, size));
}

}  // namespace

WalTail InspectWal(std::string_view bytes) {
  WalTail tail;
  std::size_t at = 0;
  bool is_inside_batch = false;
  while (at < bytes.size()) {
    at = SkipBlockTrailer(at);
    const auto record = ReadRecord(bytes, at);
    const bool wants_start = !is_inside_batch;
    if (!record.has_value() || wants_start != IsStart(record->type)) break;
    at = record->end;
    is_inside_batch = record->type == kFirst || record->type == kMiddle;
    if (!is_inside_batch) tail.intact_bytes = at;
  }
  if (at < bytes.size()) {
    // A batch may begin right here, in the middle of the one before.
    tail.is_damaged = FillsTheRest(bytes, at) || HasBatchBeginning(bytes, at);
  }
  tail.is_cut_off = tail.intact_bytes < bytes.size() && IsCutOff(bytes, at);
  return tail;
}

absl::StatusOr<std::size_t> CheckWals(FileSystem& files, const std::string& folder) {
  VITRINE_ASSIGN_OR_RETURN(const std::vector<std::string> wals, ListWals(files, folder));
  std::size_t torn_bytes = 0;
  bool is_newest = true;
  for (auto wal = wals.rbegin(); wal != wals.rend(); ++wal) {
    const std::string path = folder + "/" + *wal;
    const absl::StatusOr<std::string> bytes = files.ReadFile(path);
    if (absl::IsNotFound(bytes.status())) continue;
    VITRINE_RETURN_IF_ERROR(bytes.status());
    // One that was begun when the commit before it had failed is empty.
    if (bytes->empty()) continue;
    const WalTail tail = InspectWal(*bytes);
    const std::size_t behind = bytes->size() - tail.intact_bytes;
    if (tail.is_damaged || (behind > 0 && !is_newest)) {
      return DamagedWalError(path, tail.intact_bytes, bytes->size());
    }
    torn_bytes += behind;
    is_newest = false;
  }
  return torn_bytes;
}

absl::StatusOr<std::size_t> CutTornTail(FileSystem& files, const std::string& folder) {
  VITRINE_ASSIGN_OR_RETURN(std::vector<std::string> wals, ListWals(files, folder));
  std::string path;
  std::string bytes;
  // One that was begun when the commit before it had failed is empty.
  for (; !wals.empty() && bytes.empty(); wals.pop_back()) {
    path = folder + "/" + wals.back();
    VITRINE_ASSIGN_OR_RETURN(bytes, files.ReadFile(path));
  }
  if (bytes.empty()) return 0;
  const WalTail tail = InspectWal(bytes);
  if (tail.intact_bytes == bytes.size()) return 0;
  if (tail.is_damaged) return DamagedWalError(path, tail.intact_bytes, bytes.size());
  const std::size_t cut = bytes.size() - tail.intact_bytes;
  VITRINE_RETURN_IF_ERROR(
      WriteFileAtomically(files, path, std::string_view(bytes).substr(0, tail.intact_bytes)));
  Log(LogLevel::kWarning, "store.torn-tail-cut",
      {{"file", path}, {"bytes", cut}, {"kept", tail.intact_bytes}});
  return cut;
}

absl::Status CutBehind(FileSystem& files, const std::string& folder, const std::string& path,
                       std::size_t size) {
  const std::string last = std::filesystem::path(path).filename();
  VITRINE_ASSIGN_OR_RETURN(const std::vector<std::string> wals, ListWals(files, folder));
  for (const std::string& wal : wals) {
    if (IsNewer(last, wal)) continue;
    VITRINE_RETURN_IF_ERROR(CutTo(files, folder + "/" + wal, wal == last ? size : 0));
  }
  return absl::OkStatus();
}

}  // namespace vitrine
