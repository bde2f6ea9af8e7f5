#include "vitrine/base/bytes.h"

#include <xxhash.h>

#include <bit>

#include "absl/strings/str_format.h"

namespace vitrine {

static_assert(std::endian::native == std::endian::little, "the on-disk form is little endian");

std::uint64_t Checksum(std::string_view bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }

void ByteWriter::Unsigned(std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) bytes_ += static_cast<char>(value | 0x80);
  bytes_ += static_cast<char>(value);
}

void ByteWriter::Signed(std::int64_t value) {
  Unsigned((static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63));
}

void ByteWriter::Fixed64(std::uint64_t value) { Raw(&value, sizeof value); }

void ByteWriter::String(std::string_view value) {
  Unsigned(value.size());
  bytes_.append(value);
}

void ByteWriter::Write(const Matrix& matrix) {
  Unsigned(static_cast<std::uint64_t>(matrix.rows()));
  Unsigned(static_cast<std::uint64_t>(matrix.cols()));
  Raw(matrix.data(), static_cast<std::size_t>(matrix.size()) * sizeof(float));
}

std::uint64_t ByteReader::Unsigned() {
  std::uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    if (!Has(1, 1)) return 0;
    const auto byte = static_cast<unsigned char>(bytes_[position_++]);
    value |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
    if (byte < 0x80) return value;
  }
  has_failed_ = true;  // More than ten bytes: not a varint.
  return 0;
}

std::int64_t ByteReader::Signed() {
  const std::uint64_t value = Unsigned();
  return static_cast<std::int64_t>(value >> 1) ^ -static_cast<std::int64_t>(value & 1);
}

std::uint64_t ByteReader::Fixed64() {
  std::uint64_t value = 0;
  if (Has(1, sizeof value)) Raw(&value, sizeof value);
  return value;
}

float ByteReader::Float() {
  float value = 0;
  if (Has(1, sizeof value)) Raw(&value, sizeof value);
  return value;
}

double ByteReader::Double() {
  double value = 0;
  if (Has(1, sizeof value)) Raw(&value, sizeof value);
  return value;
}

std::string ByteReader::String() {
  const std::uint64_t size = Unsigned();
  if (!Has(size, 1)) return {};
  std::string value(size, '\0');
  Raw(value.data(), size);
  return value;
}

Matrix ByteReader::ReadMatrix() {
  const std::uint64_t rows = Unsigned();
  const std::uint64_t cols = Unsigned();
  if (cols != 0 && rows > remaining() / cols) has_failed_ = true;
  if (!Has(rows * cols, sizeof(float)) || rows > 0xFFFFFFFF || cols > 0xFFFFFFFF) return {};
  Matrix matrix(static_cast<Eigen::Index>(rows), static_cast<Eigen::Index>(cols));
  Raw(matrix.data(), rows * cols * sizeof(float));
  return matrix;
}

std::size_t ByteReader::Count(std::size_t min_bytes) {
  const std::uint64_t count = Unsigned();
  return Has(count, min_bytes) ? count : 0;
}

absl::Status ByteReader::status(std::string_view what) const {
  if (!has_failed_) return absl::OkStatus();
  return absl::DataLossError(absl::StrFormat(
      "%s is damaged: it stops making sense at byte %d of %d", what, position_, bytes_.size()));
}

absl::Status ByteReader::Finish(std::string_view what) const {
  if (has_failed_ || remaining() == 0) return status(what);
  return absl::DataLossError(
      absl::StrFormat("%s is damaged: %d bytes are left over after its end", what, remaining()));
}

bool ByteReader::Has(std::uint64_t count, std::size_t size) {
  if (!has_failed_ && count <= remaining() / size) return true;
  has_failed_ = true;
  return false;
}

void ByteReader::Raw(void* data, std::size_t size) {
  if (size == 0) return;  // memcpy wants valid pointers even then.
  std::memcpy(data, bytes_.data() + position_, size);
  position_ += size;
}

}  // namespace vitrine
