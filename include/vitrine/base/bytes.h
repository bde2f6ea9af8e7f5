#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "absl/status/status.h"
#include "vitrine/base/matrix.h"

namespace vitrine {

// XXH3, 64 bits: detects damage, keeps no secret.
std::uint64_t Checksum(std::string_view bytes);

// Appends values to a string in the one binary form used on disk: integers as LEB128 varints
// (signed ones zigzag), floats and doubles little endian, strings and arrays after their length.
class ByteWriter {
 public:
  void Unsigned(std::uint64_t value);
  void Signed(std::int64_t value);
  void Fixed64(std::uint64_t value);
  void Float(float value) { Raw(&value, sizeof value); }
  void Double(double value) { Raw(&value, sizeof value); }
  void String(std::string_view value);

  // An array of numbers, raw little endian, after its length.
  template <typename T>
  void Array(std::span<const T> values) {
    static_assert(std::is_arithmetic_v<T> || std::is_enum_v<T>);
    Unsigned(values.size());
    Raw(values.data(), values.size_bytes());
  }
  template <typename T>
  void Array(const std::vector<T>& values) {
    Array(std::span<const T>(values));
  }
  void Write(const Matrix& matrix);

  const std::string& bytes() const { return bytes_; }
  std::string Take() { return std::move(bytes_); }

 private:
  void Raw(const void* data, std::size_t size) {
    bytes_.append(static_cast<const char*>(data), size);
  }

  std::string bytes_;
};

// Reads what ByteWriter wrote, in the same order. Outside bytes are not trusted: after the first
// read that does not fit, every read returns zero or empty and status() says where it stopped, so
// read everything and then check once.
class ByteReader {
 public:
  // Views `bytes`; the caller keeps them.
  explicit ByteReader(std::string_view bytes) : bytes_(bytes) {}

  std::uint64_t Unsigned();
  std::int64_t Signed();
  std::uint64_t Fixed64();
  float Float();
  double Double();
  std::string String();
  template <typename T>
  std::vector<T> Array() {
    static_assert(std::is_arithmetic_v<T> || std::is_enum_v<T>);
    const std::uint64_t count = Unsigned();
    if (!Has(count, sizeof(T))) return {};
    std::vector<T> values(count);
    Raw(values.data(), count * sizeof(T));
    return values;
  }
  Matrix ReadMatrix();

  // A count of things that take at least `min_bytes` each; fails rather than let a damaged count
  // ask for more memory than the bytes left could fill.
  std::size_t Count(std::size_t min_bytes = 1);

  std::size_t position() const { return position_; }
  std::size_t remaining() const { return bytes_.size() - position_; }
  bool ok() const { return !has_failed_; }

  // DATA_LOSS naming `what` and the position unless all reads fitted; `Finish` also wants every
  // byte used.
  absl::Status status(std::string_view what) const;
  absl::Status Finish(std::string_view what) const;

 private:
  bool Has(std::uint64_t count, std::size_t size);
  void Raw(void* data, std::size_t size);

  std::string_view bytes_;
  std::size_t position_ = 0;
  bool has_failed_ = false;
};

}  // namespace vitrine
