// Models that learn by epochs, as an engineer meets them: their loss curves, and a training that is
// killed and goes on.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <nlohmann/json.hpp>
#include <string>

#include "cli/binary_fixture.h"

namespace vitrine::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;
using Json = nlohmann::json;

constexpr char kDeep[] =
    "[models.gan_cf]\nhidden = 8\nepochs = 100\nheld_out_share = 0\n"
    "[models.neural_cf]\nfactors = 8\nepochs = 2\npretrain_epochs = 1\n"
    "[lifecycle]\nauto_train_events = 0\nmodels = [\"gan_cf\"]\n";

class NetworksBinaryTest : public BinaryTest {
 protected:
  static void SetUpTestSuite() {
    BinaryTest::SetUpTestSuite();
    WriteText(*folder_ / "deep.toml", kDeep);
  }

  // The live bundle but for its head, which has its version and time, and the checksum of all.
  static std::string LiveModels() {
    const std::string bundle = ReadText(Filled("STORE/models/" + Live() + ".bundle"));
    constexpr std::size_t kHead = 500;
    constexpr std::size_t kChecksum = 8;
    EXPECT_GT(bundle.size(), 10'000U);
    return bundle.substr(kHead, bundle.size() - kHead - kChecksum);
  }
};

TEST_F(NetworksBinaryTest, ATrainingThatIsKilledGoesOnToTheSameModels) {
  const std::string train = "train --store STORE --config DIR/deep.toml --force --json";
  ASSERT_EQ(Run(train).status, 0);
  const std::string whole = LiveModels();
  // However late the kill comes, the training is not over: it waits to write a curve that nobody
  // reads.
  const std::string kill_at_first_checkpoint = Filled(
      "cd DIR && mkdir unfinished && mkfifo unread.csv.tmp && { " VITRINE_BINARY " " + train +
      " --checkpoints unfinished --loss-curve unread.csv >out 2>err & "
      "for i in $(seq 6000); do ls unfinished/*.safetensors >list 2>&1 && break; sleep 0.01; done; "
      "kill -9 $!; wait $!; }");
  const int status = std::system(kill_at_first_checkpoint.c_str());
  ASSERT_EQ(WEXITSTATUS(status), 128 + 9) << ReadText(Filled("DIR/err"));

  const Outcome resumed = Run(train + " --checkpoints unfinished");

  ASSERT_EQ(resumed.status, 0) << resumed.err;
  EXPECT_EQ(Json::parse(resumed.out)["resumed"], Json::array({"gan_cf"}));
  const std::string models = LiveModels();
  // From the end on, as a version may be longer than another.
  const std::size_t size = std::min(models.size(), whole.size()) - 100;
  EXPECT_TRUE(models.substr(models.size() - size) == whole.substr(whole.size() - size));
  EXPECT_TRUE(std::filesystem::is_empty(Filled("DIR/unfinished"))) << "it has succeeded";
}

TEST_F(NetworksBinaryTest, WhatIsPublishedIsToldOfWhateverBecomesOfItsCheckpoints) {
  WriteText(*folder_ / "long.toml",
            "[models.gan_cf]\nhidden = 8\nepochs = 250\nheld_out_share = 0\n"
            "[lifecycle]\nauto_train_events = 0\nmodels = [\"gan_cf\"]\n");
  // Where the curve goes holds less than all of it: until it is read the training waits there.
  const std::string draft = Filled("DIR/slow.csv.tmp");
  ASSERT_EQ(mkfifo(draft.c_str(), 0600), 0);
  const int reader = open(draft.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  ASSERT_GE(fcntl(reader, F_SETPIPE_SZ, 1), 1);
  std::future<Outcome> training = std::async(std::launch::async, [] {
    return Run(
        "train --store STORE --config DIR/long.toml --force --json --checkpoints DIR/gone "
        "--loss-curve DIR/slow.csv");
  });
  pollfd curve{.fd = reader, .events = POLLIN, .revents = 0};
  const bool is_at_its_end = poll(&curve, 1, 300'000) == 1;

  if (is_at_its_end) std::filesystem::remove_all(Filled("DIR/gone"));
  std::string read_bytes(1 << 16, '\0');
  while (training.wait_for(std::chrono::milliseconds(5)) != std::future_status::ready) {
    (void)!read(reader, read_bytes.data(), read_bytes.size());
  }
  close(reader);

  const Outcome trained = training.get();
  ASSERT_TRUE(is_at_its_end) << trained.err;
  EXPECT_EQ(trained.status, 1);
  EXPECT_THAT(trained.err, HasSubstr(Filled("DIR/gone")));
  EXPECT_EQ(Json::parse(trained.out)["version"], Live());
}

TEST_F(NetworksBinaryTest, TrainWritesTheLossCurveOfAModel) {
  const Outcome trained =
      Run("train --store STORE --config DIR/deep.toml --force --loss-curve DIR/loss.csv");

  ASSERT_EQ(trained.status, 0) << trained.err;
  const std::string lines = ReadText(Filled("DIR/loss.csv"));
  EXPECT_THAT(lines, StartsWith("epoch,loss,validation_loss,learning_rate\n1,"));
  EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), 101);
}

TEST_F(NetworksBinaryTest, EvaluateWritesThatOfEachNetwork) {
  const Outcome evaluated =
      Run("evaluate --store STORE --config DIR/deep.toml --scorer neural_cf --loss-curve "
          "DIR/loss.svg");

  ASSERT_EQ(evaluated.status, 0) << evaluated.err;
  EXPECT_THAT(evaluated.out, HasSubstr("neural_cf"));
  for (const char* network : {"factors", "network", "both"}) {
    EXPECT_THAT(ReadText(Filled("DIR/loss-neural_cf.") + network + ".svg"), StartsWith("<svg "))
        << network;
  }
}

}  // namespace
}  // namespace vitrine::cli
