#include "vitrine/base/bytes.h"

#include <gmock/gmock.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "testing/status_matchers.h"
#include "vitrine/base/ids.h"
#include "vitrine/base/random.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using vitrine::testing::IsOk;
using vitrine::testing::StatusIs;

TEST(ByteWriterTest, WritesSmallNumbersInOneByteAndZigzagsSignedOnes) {
  ByteWriter writer;
  writer.Unsigned(127);
  writer.Unsigned(300);
  writer.Signed(-1);
  writer.Signed(1);

  EXPECT_EQ(writer.bytes(), std::string("\x7F\xAC\x02\x01\x02"));
}

TEST(ByteWriterTest, WritesFixedNumbersLittleEndian) {
  ByteWriter writer;
  writer.Fixed64(0x0102030405060708);
  writer.Float(1.0F);

  EXPECT_EQ(writer.bytes(), std::string("\x08\x07\x06\x05\x04\x03\x02\x01\0\0\x80\x3F", 12));
}

TEST(BytesTest, UnsignedNumbersComeBackAtEveryBitLength) {
  for (int bit = 0; bit < 64; ++bit) {
    for (const std::uint64_t value : {(1ULL << bit) - 1, 1ULL << bit, (1ULL << bit) + 1}) {
      ByteWriter writer;
      writer.Unsigned(value);
      ByteReader reader(writer.bytes());
      ASSERT_EQ(reader.Unsigned(), value);
      ASSERT_THAT(reader.Finish("number"), IsOk());
    }
  }
}

TEST(BytesTest, SignedNumbersComeBackAtTheLimits) {
  constexpr auto kMin = std::numeric_limits<std::int64_t>::min();
  constexpr auto kMax = std::numeric_limits<std::int64_t>::max();
  for (const std::int64_t value : {kMin, kMin + 1, std::int64_t{-1}, std::int64_t{0}, kMax}) {
    ByteWriter writer;
    writer.Signed(value);
    EXPECT_EQ(ByteReader(writer.bytes()).Signed(), value);
  }
}

TEST(BytesTest, FloatsComeBackBitForBit) {
  ByteWriter writer;
  writer.Float(-0.0F);
  writer.Double(std::numeric_limits<double>::denorm_min());
  writer.Float(std::numeric_limits<float>::quiet_NaN());

  ByteReader reader(writer.bytes());
  EXPECT_TRUE(std::signbit(reader.Float()));
  EXPECT_EQ(reader.Double(), std::numeric_limits<double>::denorm_min());
  EXPECT_TRUE(std::isnan(reader.Float()));
}

TEST(BytesTest, ArraysOfNumbersAndIdsComeBack) {
  ByteWriter writer;
  writer.Array(std::vector<double>{1.5, -2});
  writer.Array(std::vector<ItemIndex>{ItemIndex{7}, ItemIndex{0}});
  writer.Array(std::vector<float>{});

  ByteReader reader(writer.bytes());
  EXPECT_THAT(reader.Array<double>(), ElementsAre(1.5, -2));
  EXPECT_THAT(reader.Array<ItemIndex>(), ElementsAre(ItemIndex{7}, ItemIndex{0}));
  EXPECT_THAT(reader.Array<float>(), IsEmpty());
  EXPECT_THAT(reader.Finish("arrays"), IsOk());
}

TEST(BytesTest, MatricesComeBackWithTheirShape) {
  for (const auto& [rows, cols] : {std::pair{3, 2}, {0, 5}, {4, 0}, {1, 1}}) {
    Matrix matrix(rows, cols);
    for (Eigen::Index i = 0; i < matrix.size(); ++i) matrix.data()[i] = static_cast<float>(i);
    ByteWriter writer;
    writer.Write(matrix);

    ByteReader reader(writer.bytes());
    const Matrix read = reader.ReadMatrix();
    ASSERT_EQ(read.rows(), rows);
    ASSERT_EQ(read.cols(), cols);
    EXPECT_EQ(read, matrix);
    EXPECT_THAT(reader.Finish("matrix"), IsOk());
  }
}

// One of everything, read in order; true when all of it fitted.
std::string WriteEverything() {
  ByteWriter writer;
  writer.Unsigned(1'000'000);
  writer.Signed(-1'000'000);
  writer.Fixed64(42);
  writer.Float(1);
  writer.Double(2);
  writer.String("text");
  writer.Array(std::vector<std::uint32_t>{1, 2, 3});
  writer.Write(Matrix::Constant(2, 2, 0.5F));
  writer.Unsigned(3);
  for (int i = 0; i < 3; ++i) writer.Fixed64(1);
  return writer.Take();
}

absl::Status ReadEverything(std::string_view bytes) {
  ByteReader reader(bytes);
  reader.Unsigned();
  reader.Signed();
  reader.Fixed64();
  reader.Float();
  reader.Double();
  reader.String();
  reader.Array<std::uint32_t>();
  reader.ReadMatrix();
  const std::size_t count = reader.Count(sizeof(std::uint64_t));
  for (std::size_t i = 0; i < count; ++i) reader.Fixed64();
  return reader.Finish("sample");
}

TEST(ByteReaderTest, ReadsAWholeMessage) { EXPECT_THAT(ReadEverything(WriteEverything()), IsOk()); }

TEST(ByteReaderTest, RefusesEveryPrefix) {
  const std::string whole = WriteEverything();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const absl::Status status = ReadEverything(std::string_view(whole).substr(0, size));
    ASSERT_THAT(status, StatusIs(absl::StatusCode::kDataLoss)) << size << " bytes";
    EXPECT_THAT(std::string(status.message()), HasSubstr("sample"));
  }
}

TEST(ByteReaderTest, RefusesBytesLeftOver) {
  EXPECT_THAT(ReadEverything(WriteEverything() + "x"), StatusIs(absl::StatusCode::kDataLoss));
}

TEST(ByteReaderTest, SurvivesDamageAnywhere) {
  const std::string whole = WriteEverything();
  Random random(1);
  for (int round = 0; round < 2000; ++round) {
    std::string damaged = whole;
    for (int i = 0; i < 3; ++i)
      damaged[random.Below(damaged.size())] = static_cast<char>(random.Below(256));
    (void)ReadEverything(damaged);  // No crash, no overrun, no gigabytes: the sanitizers watch.
  }
}

TEST(ByteReaderTest, RefusesACountThatTheBytesCannotFill) {
  for (const std::uint64_t count :
       {std::uint64_t{4}, ~std::uint64_t{0}, ~std::uint64_t{0} / 8 + 2}) {
    ByteWriter writer;
    writer.Unsigned(count);
    writer.Fixed64(0);
    writer.Fixed64(0);

    EXPECT_THAT(ByteReader(writer.bytes()).Array<std::uint64_t>(), IsEmpty());
    EXPECT_EQ(ByteReader(writer.bytes()).Count(sizeof(std::uint64_t)), 0U);
    EXPECT_EQ(ByteReader(writer.bytes()).Count(17), 0U);
  }
}

TEST(ByteReaderTest, RefusesAMatrixWhoseSizeOverflows) {
  ByteWriter writer;
  writer.Unsigned(1ULL << 62);
  writer.Unsigned(4);  // rows * cols * sizeof(float) is 0 modulo 2^64.

  ByteReader reader(writer.bytes());
  EXPECT_EQ(reader.ReadMatrix().size(), 0);
  EXPECT_FALSE(reader.ok());
}

TEST(ByteReaderTest, RefusesAVarintThatNeverEnds) {
  const std::string bytes(20, '\xFF');
  ByteReader reader(bytes);

  EXPECT_EQ(reader.Unsigned(), 0U);
  EXPECT_THAT(reader.status("number"), StatusIs(absl::StatusCode::kDataLoss));
}

TEST(ByteReaderTest, ReadsNothingMoreAfterAFailure) {
  ByteWriter writer;
  writer.Unsigned(100);  // A string of 100 bytes, of which there are two.
  writer.Unsigned(7);
  writer.Unsigned(7);

  ByteReader reader(writer.bytes());
  EXPECT_EQ(reader.String(), "");
  EXPECT_EQ(reader.Unsigned(), 0U);
  EXPECT_FALSE(reader.ok());
}

TEST(ChecksumTest, IsTheOneInTheFiles) {
  EXPECT_EQ(Checksum(""), 0x2D06800538D394C2ULL);  // Published value of XXH3-64 for no bytes.
  EXPECT_NE(Checksum("a"), Checksum("b"));
}

}  // namespace
}  // namespace vitrine
