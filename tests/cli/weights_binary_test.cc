// Weights that leave a store for PyTorch, and come back as a candidate.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>

#include "cli/binary_fixture.h"
#include "cli/server_child.h"
#include "testing/eventually.h"
#include "testing/status_matchers.h"
#include "vitrine/models/bundle.h"
#include "vitrine/nn/safetensors.h"

namespace vitrine::cli {
namespace {

using ::testing::HasSubstr;
using vitrine::testing::Eventually;
using vitrine::testing::IsOk;
using vitrine::testing::ServerChild;
using Json = nlohmann::json;

class WeightsBinaryTest : public BinaryTest {
 protected:
  static void SetUpTestSuite() {
    BinaryTest::SetUpTestSuite();
    WriteText(*folder_ / "shadow.toml", "[lifecycle]\nauto_train_events = 0\nshadow_share = 1\n");
  }

  static Micros TrainedAt(const std::string& version) {
    const auto summary =
        ReadBundleSummary(LocalFileSystem(), Filled("STORE/models/" + version + ".bundle"));
    EXPECT_THAT(summary, IsOk());
    return summary.ok() ? summary->trained_us : 0;
  }

  static std::size_t NumBundles() {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(Filled("STORE/models"))) {
      if (entry.path().extension() == ".bundle") ++count;
    }
    return count;
  }

  // Writes the weights of ials to `name`, each times `factor`.
  static void ExportTimes(float factor, const std::string& name) {
    const Outcome exported = Run("weights --store STORE --model ials --out DIR/" + name);
    ASSERT_EQ(exported.status, 0) << exported.err;
    auto file = nn::ReadTensors(LocalFileSystem(), *folder_ / name);
    ASSERT_THAT(file, IsOk());
    for (nn::Tensor& tensor : file->tensors) {
      for (float& value : tensor.values) value *= factor;
    }
    ASSERT_THAT(nn::WriteTensors(LocalFileSystem(), *folder_ / name, *file), IsOk());
  }
};

TEST_F(WeightsBinaryTest, GoOutAndComeInAsACandidateThatIsMadeLiveByHand) {
  const std::string before = Live();

  const Outcome out = Run("weights --store STORE --model ials --out DIR/w.safetensors --json");
  ASSERT_EQ(out.status, 0) << out.err;
  const Outcome in = Run("weights --store STORE --model ials --from DIR/w.safetensors --json");
  ASSERT_EQ(in.status, 0) << in.err;

  const Json exported = Json::parse(out.out);
  EXPECT_EQ(exported["model_version"], before);
  EXPECT_EQ(exported["kind"], "ials");
  EXPECT_EQ(exported["tensors"], 1);
  EXPECT_EQ(exported["numbers"], 200 * 8);
  const Json imported = Json::parse(in.out);
  EXPECT_EQ(imported["model_version"], before);
  const auto candidate = imported["candidate_version"].get<std::string>();
  EXPECT_EQ(ReadText(Filled("STORE/models/CANDIDATE")), candidate + "\n");
  EXPECT_GT(TrainedAt(candidate), TrainedAt(before)) << "nobody knows what the weights have seen";
  EXPECT_EQ(Live(), before);
  const Outcome promoted = Run("promote --store STORE");
  EXPECT_EQ(promoted.status, 0) << promoted.err;
  EXPECT_EQ(Live(), candidate);
  const Outcome older =
      Run("weights --store STORE --model ials --out DIR/older.safetensors --version " + before);
  EXPECT_EQ(older.status, 0) << older.err;
  EXPECT_THAT(older.out, HasSubstr("ials in " + before));
}

TEST_F(WeightsBinaryTest, AServerAnswersWithACandidateInTheShadowAndMakesItLiveWhenTold) {
  const std::string before = Live();
  ServerChild server(Filled("STORE"), Filled("DIR/shadow.toml"), Filled("DIR/log"));
  const std::string target = " --target " + server.WaitForAddress();
  ASSERT_NO_FATAL_FAILURE(ExportTimes(1.5F, "half_more.safetensors"));

  const Outcome in = Run("weights --store STORE --model ials --from DIR/half_more.safetensors");

  ASSERT_EQ(in.status, 0) << in.err;
  EXPECT_THAT(in.out, HasSubstr("made the candidate "));
  const auto status = [&] { return Json::parse(Run("status --json" + target).out); };
  const auto candidate = status()["candidate_version"].get<std::string>();
  EXPECT_THAT(in.out, HasSubstr(candidate));
  EXPECT_EQ(status()["model_version"], before);
  EXPECT_TRUE(Eventually([&] {
    EXPECT_EQ(Run("recommend --user u00001" + target).status, 0);
    return status().contains("shadow");
  }));
  EXPECT_EQ(Run("promote" + target).status, 0);
  EXPECT_EQ(status()["model_version"], candidate);
  EXPECT_EQ(server.End(SIGTERM), 0);
}

TEST_F(WeightsBinaryTest, WhatDoesNotFitIsRefusedAndLeavesNothing) {
  std::filesystem::remove(Filled("STORE/models/CANDIDATE"));
  const std::string before = Live();
  const std::size_t num_bundles = NumBundles();
  ASSERT_NO_FATAL_FAILURE(ExportTimes(std::numeric_limits<float>::infinity(), "inf.safetensors"));
  WriteText(*folder_ / "no.safetensors", "no such thing");
  const std::string into = "weights --store STORE --model ";

  const Outcome wrong = Run(into + "ials --from DIR/inf.safetensors");
  const Outcome other = Run(into + "most_popular --from DIR/inf.safetensors");
  const Outcome no_file = Run(into + "ials --from DIR/no.safetensors");
  const Outcome no_model = Run(into + "als --out DIR/als.safetensors");
  const Outcome no_version = Run(into + "ials --out DIR/als.safetensors --version 1999");

  EXPECT_EQ(wrong.status, 1);
  EXPECT_THAT(wrong.err, HasSubstr("finite ones are wanted"));
  EXPECT_EQ(other.status, 1);
  EXPECT_THAT(other.err, HasSubstr("have such: ials"));
  EXPECT_EQ(no_file.status, 1);
  EXPECT_THAT(no_file.err, HasSubstr("no safetensors file"));
  EXPECT_EQ(no_model.status, 1);
  EXPECT_THAT(no_model.err, HasSubstr("did you mean ials"));
  EXPECT_EQ(no_version.status, 1);
  EXPECT_THAT(no_version.err, HasSubstr("1999"));
  EXPECT_FALSE(std::filesystem::exists(Filled("DIR/als.safetensors")));
  EXPECT_FALSE(std::filesystem::exists(Filled("STORE/models/CANDIDATE")));
  EXPECT_EQ(NumBundles(), num_bundles);
  EXPECT_EQ(Live(), before);
}

TEST_F(WeightsBinaryTest, AStoreThatWasNeverTrainedHasNone) {
  std::filesystem::create_directory(Filled("DIR/untrained"));

  WriteText(*folder_ / "some.safetensors", "some");

  for (const char* command :
       {"weights --model ials --out DIR/x.safetensors",
        "weights --model ials --from DIR/some.safetensors", "rollback", "promote"}) {
    const Outcome outcome = Run(std::string(command) + " --store DIR/untrained");
    EXPECT_EQ(outcome.status, 1) << command;
    EXPECT_THAT(outcome.err, HasSubstr("vitrine train --store")) << command;
    EXPECT_TRUE(std::filesystem::is_empty(Filled("DIR/untrained"))) << command;
  }
}

}  // namespace
}  // namespace vitrine::cli
