#include "vitrine/base/fingerprint.h"

namespace vitrine {

void Fingerprint::Write(const Matrix& matrix) {
  writer().Unsigned(static_cast<std::uint64_t>(matrix.rows()));
  writer().Unsigned(static_cast<std::uint64_t>(matrix.cols()));
  Array(std::span<const float>(matrix.data(), static_cast<std::size_t>(matrix.size())));
}

std::uint64_t Fingerprint::Take() {
  EndPiece();
  return Checksum(digests_.bytes());
}

void Fingerprint::EndPiece() {
  digests_.Fixed64(Checksum(piece_.Take()));
  piece_ = {};
}

}  // namespace vitrine
