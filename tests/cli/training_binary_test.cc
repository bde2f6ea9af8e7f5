// A training whose models wait until somebody makes them live, and one that somebody ends.

#include <gmock/gmock.h>
#include <signal.h>

#include <nlohmann/json.hpp>
#include <string>

#include "cli/binary_fixture.h"
#include "cli/server_child.h"
#include "testing/eventually.h"
#include "testing/status_matchers.h"
#include "vitrine/client/client.h"

namespace vitrine::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using vitrine::testing::Eventually;
using vitrine::testing::IsOk;
using vitrine::testing::ServerChild;
using Json = nlohmann::json;

// Models that wait as the candidate and meanwhile answer every request silently. Two, that are soon
// made where other programs leave the threads that train little.
constexpr char kManual[] =
    "[models.ials]\ndimensions = 8\nepochs = 2\n"
    "[lifecycle]\nauto_train_events = 0\npromotion = \"manual\"\nshadow_share = 1\n"
    "models = [\"most_popular\", \"ials\"]\n";

// Trains for a minute or more, in steps of milliseconds.
constexpr char kSlow[] =
    "[models.ials]\ndimensions = 256\nepochs = 1000\n"
    "[lifecycle]\nauto_train_events = 0\nmodels = [\"ials\"]\n";

class TrainingBinaryTest : public BinaryTest {
 protected:
  static void SetUpTestSuite() {
    BinaryTest::SetUpTestSuite();
    WriteText(*folder_ / "manual.toml", kManual);
    WriteText(*folder_ / "slow.toml", kSlow);
  }

  // The version of what was trained and now waits in the store. Not held against what is live.
  static std::string MakeCandidate() {
    const Outcome trained = Run("train --store STORE --config DIR/manual.toml --force --json");
    EXPECT_EQ(trained.status, 0) << trained.err;
    return Json::parse(trained.out)["version"].get<std::string>();
  }
};

TEST_F(TrainingBinaryTest, WhatWaitsInAStoreIsMadeLiveByHand) {
  const std::string before = Live();
  const std::string candidate = MakeCandidate();
  ASSERT_EQ(Live(), before);

  const Outcome promoted = Run("promote --store STORE --json");

  ASSERT_EQ(promoted.status, 0) << promoted.err;
  EXPECT_EQ(Json::parse(promoted.out)["model_version"], candidate);
  EXPECT_EQ(Json::parse(promoted.out)["previous_version"], before);
  EXPECT_EQ(Live(), candidate);
  const Outcome again = Run("promote --store STORE");
  EXPECT_EQ(again.status, 1);
  EXPECT_THAT(again.err, HasSubstr("there is no candidate"));
}

TEST_F(TrainingBinaryTest, AServerMakesItsCandidateLiveWhenItIsTold) {
  const std::string before = Live();
  ServerChild server(Filled("STORE"), Filled("DIR/manual.toml"), Filled("DIR/log"));
  const std::string target = " --target " + server.WaitForAddress();
  const Outcome trained = Run("train --force" + target);
  ASSERT_EQ(trained.status, 0) << trained.err;
  const std::string candidate =
      Json::parse(Run("status --json" + target).out)["candidate_version"].get<std::string>();

  const Outcome promoted = Run("promote" + target);

  EXPECT_EQ(trained.out, "made the candidate " + candidate + "\n");
  EXPECT_EQ(promoted.out, "live is " + candidate + ", before it was " + before + "\n");
  const Json after = Json::parse(Run("status --json" + target).out);
  EXPECT_EQ(after["model_version"], candidate);
  EXPECT_FALSE(after.contains("candidate_version"));
  const Outcome again = Run("promote" + target);
  EXPECT_EQ(again.status, 1);
  EXPECT_THAT(again.err, HasSubstr("no version that is called \"candidate\""));
  EXPECT_EQ(server.End(SIGTERM), 0);
}

TEST_F(TrainingBinaryTest, StatusTellsHowTheListsOfACandidateDiffer) {
  const std::string candidate = MakeCandidate();
  const ServerChild server(Filled("STORE"), Filled("DIR/manual.toml"), Filled("DIR/log"));
  const std::string address = server.WaitForAddress();
  const std::string status = "status --target " + address;
  const Outcome unasked = Run(status);

  ASSERT_EQ(Run("recommend --user u00001 --target " + address).status, 0);

  // Beside the answer, on a thread that everything else goes before.
  const auto client = Client::Connect(address);
  ASSERT_TRUE(Eventually([&] { return client->GetModelStatus()->has_shadow(); }));
  const Outcome asked = Run(status);
  const Json shadow = Json::parse(Run(status + " --json").out)["shadow"];
  EXPECT_THAT(unasked.out,
              AllOf(HasSubstr("candidate_version " + candidate), Not(HasSubstr("shadow"))));
  EXPECT_THAT(asked.out,
              HasSubstr("shadow            {\"candidate_version\":\"" + candidate + "\""));
  EXPECT_EQ(shadow["live_version"], Live());
  EXPECT_EQ(shadow["compared"], 1);
  EXPECT_EQ(shadow["failed"], 0);
  EXPECT_GT(shadow["mean_overlap"].get<double>(), 0) << "it learned the same of the same events";
  EXPECT_GT(shadow["mean_latency_ms"].get<double>(), 0);
}

TEST_F(TrainingBinaryTest, ATrainingIsCancelledWhileItRunsAndWhatIsLiveStays) {
  const std::string before = Live();
  const ServerChild server(Filled("STORE"), Filled("DIR/slow.toml"), Filled("DIR/log"));
  const std::string address = server.WaitForAddress();
  const auto client = Client::Connect(address);
  const auto started = client->TrainModels(/*skips_gate=*/false);
  ASSERT_THAT(started, IsOk());
  ASSERT_TRUE(Eventually([&] { return client->GetModelStatus()->training().progress() > 0; }));

  const Outcome cancelled = Run("train --cancel --target " + address);

  EXPECT_EQ(cancelled.status, 0) << cancelled.err;
  EXPECT_EQ(cancelled.out, started->training().training_id() + " was cancelled\n");
  const Json status = Json::parse(Run("status --json --target " + address).out);
  EXPECT_EQ(status["training"]["state"], "cancelled");
  EXPECT_EQ(status["model_version"], before);
}

}  // namespace
}  // namespace vitrine::cli
