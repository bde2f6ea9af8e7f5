#include "vitrine/base/fingerprint.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <set>
#include <vector>

namespace vitrine {
namespace {

constexpr std::size_t kMany = 700'000;  // Of floats: more than two pieces.

std::uint64_t Of(const std::vector<float>& values) {
  Fingerprint fingerprint;
  fingerprint.Array(values);
  return fingerprint.Take();
}

std::uint64_t Of(const Matrix& matrix) {
  Fingerprint fingerprint;
  fingerprint.Write(matrix);
  return fingerprint.Take();
}

TEST(FingerprintTest, SeesEveryPlaceOfAnArrayThatTakesSeveralPieces) {
  const std::vector<float> values(kMany, 1);
  std::set<std::uint64_t> seen = {Of(values)};
  const std::vector<std::size_t> places = {0, kMany / 2, kMany - 1};

  for (const std::size_t place : places) {
    std::vector<float> other = values;
    other[place] = 2;
    seen.insert(Of(other));
  }

  EXPECT_EQ(seen.size(), 1 + places.size());
  EXPECT_EQ(Of(values), Of(values));
}

TEST(FingerprintTest, SeesWhereOneArrayEndsAndTheNextBegins) {
  const auto of_two = [](const std::vector<float>& first, const std::vector<float>& second) {
    Fingerprint fingerprint;
    fingerprint.Array(first);
    fingerprint.Array(second);
    return fingerprint.Take();
  };

  EXPECT_NE(of_two({1, 2}, {3}), of_two({1}, {2, 3}));
  EXPECT_NE(of_two({}, {1}), of_two({1}, {}));
}

TEST(FingerprintTest, SeesTheShapeOfAMatrix) {
  EXPECT_NE(Of(Matrix::Zero(2, 3)), Of(Matrix::Zero(3, 2)));
  EXPECT_NE(Of(Matrix::Zero(0, 3)), Of(Matrix::Zero(0, 2)));
  EXPECT_EQ(Of(Matrix::Zero(2, 3)), Of(Matrix::Zero(2, 3)));
}

}  // namespace
}  // namespace vitrine
