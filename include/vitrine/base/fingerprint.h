#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "vitrine/base/bytes.h"
#include "vitrine/base/matrix.h"

namespace vitrine {

// A checksum over any number of values in bounded memory: of the checksums of pieces of about 1 MiB
// each. The same values, written by the same calls, have the same. Not thread-safe.
class Fingerprint {
 public:
  // Where the next few values go. Good until it is asked for again.
  ByteWriter& writer() {
    if (piece_.bytes().size() >= kPieceBytes) EndPiece();
    return piece_;
  }

  // Numbers, however many.
  template <typename T>
  void Array(std::span<const T> values) {
    writer().Unsigned(values.size());
    while (!values.empty()) {
      const std::size_t count = std::min(values.size(), kPieceBytes / sizeof(T));
      writer().Array(values.first(count));
      values = values.subspan(count);
    }
  }
  template <typename T>
  void Array(const std::vector<T>& values) {
    Array(std::span<const T>(values));
  }
  void Write(const Matrix& matrix);

  // That of all so far; nothing may follow.
  std::uint64_t Take();

 private:
  static constexpr std::size_t kPieceBytes = std::size_t{1} << 20;

  void EndPiece();

  ByteWriter piece_;
  ByteWriter digests_;
};

}  // namespace vitrine
