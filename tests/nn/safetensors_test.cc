#include "vitrine/nn/safetensors.h"

#include <gmock/gmock.h>

#include <cstdlib>
#include <cstring>
#include <string>

#include "testing/status_matchers.h"
#include "testing/temporary_folder.h"
#include "vitrine/base/random.h"
#include "vitrine/nn/dense.h"

namespace vitrine::nn {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using vitrine::testing::IsOk;
using vitrine::testing::StatusIs;
using vitrine::testing::TemporaryFolder;

std::string WithHeader(const std::string& header, const std::string& numbers) {
  const std::uint64_t length = header.size();
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &length, 8);
  return bytes + header + numbers;
}

void ExpectSame(const TensorFile& a, const TensorFile& b) {
  ASSERT_EQ(a.tensors.size(), b.tensors.size());
  EXPECT_EQ(a.metadata, b.metadata);
  for (std::size_t i = 0; i < a.tensors.size(); ++i) {
    EXPECT_EQ(a.tensors[i].name, b.tensors[i].name);
    EXPECT_EQ(a.tensors[i].shape, b.tensors[i].shape);
    EXPECT_EQ(a.tensors[i].values, b.tensors[i].values);
  }
}

TEST(SafetensorsTest, RoundTripsWhatPyTorchWrote) {
  const auto theirs =
      ReadTensors(LocalFileSystem(), VITRINE_TEST_DATA "/nn/perceptron.safetensors");
  ASSERT_THAT(theirs, IsOk());
  EXPECT_GT(theirs->tensors.size(), 20U);
  EXPECT_EQ(theirs->metadata.at("made_by"), "data/nn/make_golden.py");
  const TemporaryFolder folder;
  const char* const kept = std::getenv("VITRINE_KEEP_TENSORS");  // For data/nn/check_ours.py.
  const std::string path = kept != nullptr ? kept : folder / "ours.safetensors";

  ASSERT_THAT(WriteTensors(LocalFileSystem(), path, *theirs), IsOk());
  const auto ours = ReadTensors(LocalFileSystem(), path);

  ASSERT_THAT(ours, IsOk());
  ExpectSame(*ours, *theirs);
}

// So that what reads theirs reads ours.
TEST(SafetensorsTest, WritesTheVeryBytesThatPyTorchWrote) {
  for (const char* const name : {"perceptron", "transformer", "recurrent", "convolution"}) {
    const std::string path = std::string(VITRINE_TEST_DATA "/nn/") + name + ".safetensors";
    const auto bytes = LocalFileSystem().ReadFile(path);
    ASSERT_THAT(bytes, IsOk());
    const auto file = DecodeTensors(*bytes, name);
    ASSERT_THAT(file, IsOk());

    EXPECT_TRUE(EncodeTensors(*file) == *bytes) << name;
  }
}

TEST(SafetensorsTest, BytesAreThoseOfTheFormat) {
  const TensorFile file{.tensors = {{.name = "a", .shape = {1, 2}, .values = {1, -2}}}};

  const std::string bytes = EncodeTensors(file);

  const std::string header = R"({"a":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]}})";
  ASSERT_EQ(bytes.size(), 8 + (header.size() + 7) / 8 * 8 + 8);
  EXPECT_EQ(bytes.substr(8, header.size()), header);
  EXPECT_EQ(bytes.substr(bytes.size() - 8), std::string("\0\0\x80\x3F\0\0\0\xC0", 8));
}

TEST(SafetensorsTest, ReadsHalvesAndDoublesAndEmptyShapes) {
  const std::string numbers = std::string("\x00\x3C\x01\x00\x00\xFC", 6) +
                              std::string("\xC0\x3F", 2) + std::string("\0\0\0\0\0\0\xF8\x3F", 8);
  const auto file =
      DecodeTensors(WithHeader(R"({"h":{"dtype":"F16","shape":[3],"data_offsets":[0,6]},)"
                               R"("b":{"dtype":"BF16","shape":[1],"data_offsets":[6,8]},)"
                               R"("d":{"dtype":"F64","shape":[],"data_offsets":[8,16]},)"
                               R"("e":{"dtype":"F32","shape":[0,3],"data_offsets":[16,16]}})",
                               numbers),
                    "test");

  ASSERT_THAT(file, IsOk());
  EXPECT_THAT(file->tensors[0].values, ElementsAre(1.5F));
  EXPECT_THAT(file->tensors[1].values, ElementsAre(1.5F));
  EXPECT_TRUE(file->tensors[2].values.empty());
  EXPECT_THAT(file->tensors[3].values,
              ElementsAre(1, 0x1p-24F, -std::numeric_limits<float>::infinity()));
}

class DamagedTensorsTest : public ::testing::TestWithParam<std::string> {};

TEST_P(DamagedTensorsTest, AreRefused) {
  EXPECT_THAT(DecodeTensors(GetParam(), "test"), StatusIs(absl::StatusCode::kDataLoss));
}

INSTANTIATE_TEST_SUITE_P(
    Bytes, DamagedTensorsTest,
    ::testing::Values(
        "", "1234567", std::string("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF{}", 10), WithHeader("{", ""),
        WithHeader("[]", ""), WithHeader(R"({"a":1})", ""),
        WithHeader(R"({"a":{"dtype":"F32","shape":[1]}})", "1234"),
        WithHeader(R"({"a":{"dtype":"I64","shape":[1],"data_offsets":[0,8]}})", "12345678"),
        WithHeader(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,8]}})", "12345678"),
        WithHeader(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", "1234"),
        WithHeader(R"({"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}})", "1234"),
        WithHeader(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}})", "1234"),
        WithHeader(R"({"a":{"dtype":"F32","shape":[4611686018427387905],"data_offsets":[0,4]}})",
                   "1234"),
        WithHeader(R"({"__metadata__":{"a":1}})", "")));

TEST(TensorDamageTest, AnyDamageIsReadOrRefusedButNeverCrashes) {
  const auto whole = LocalFileSystem().ReadFile(VITRINE_TEST_DATA "/nn/perceptron.safetensors");
  ASSERT_THAT(whole, IsOk());
  Random random(1);

  std::size_t num_refused = 0;
  for (int round = 0; round < 3000; ++round) {
    std::string bytes = *whole;
    for (std::uint64_t left = 1 + random.Below(4); left > 0; --left) {
      bytes[random.Below(2600)] = static_cast<char>(random.Below(256));  // Its header, as a rule.
    }
    if (random.Below(4) == 0) bytes.resize(random.Below(bytes.size()));
    const auto file = DecodeTensors(bytes, "test");
    if (file.ok()) continue;
    ++num_refused;
    EXPECT_THAT(file, StatusIs(absl::StatusCode::kDataLoss));
  }

  EXPECT_GT(num_refused, 1000U);
}

TEST(WeightsTest, SaveAndLoadANetwork) {
  Random random(1);
  Dense one(3, 2, random);
  Dense two(3, 2, random);
  ParameterList of_one;
  one.AddParameters("dense", of_one);
  ParameterList of_two;
  two.AddParameters("dense", of_two);

  ASSERT_THAT(SetFromTensors(TensorsOf(of_one), of_two), IsOk());

  EXPECT_EQ(one.weight.value, two.weight.value);
}

TEST(WeightsTest, OfAnotherNetworkAreRefusedAndChangeNothing) {
  Random random(1);
  Dense one(3, 2, random);
  Dense two(2, 3, random);
  const Matrix before = two.weight.value;
  ParameterList of_one;
  one.AddParameters("dense", of_one);
  ParameterList of_two;
  two.AddParameters("dense", of_two);

  const absl::Status shape = SetFromTensors(TensorsOf(of_one), of_two);
  const absl::Status name = SetFromTensors({}, of_two);

  EXPECT_THAT(shape, StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(std::string(shape.message()), HasSubstr("[2, 3]"));
  EXPECT_THAT(name, StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_EQ(two.weight.value, before);
}

}  // namespace
}  // namespace vitrine::nn
