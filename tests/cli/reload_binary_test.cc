#include <gmock/gmock.h>

#include <chrono>
#include <string>
#include <thread>

#include "cli/binary_fixture.h"
#include "cli/server_child.h"

namespace vitrine::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using vitrine::testing::ServerChild;

// A server whose configuration changes while it runs.
class ReloadTest : public BinaryTest {
 protected:
  ReloadTest() : log_(*folder_ / "reload.log"), config_(*folder_ / "reload.toml") {
    WriteText(log_, "");
    WriteText(config_, kStart);
    server_ = std::make_unique<ServerChild>(*folder_ / "store", config_, log_);
    target_ = " --target " + server_->WaitForAddress();
  }

  // Changes the file, tells the server, and returns what it then logged up to what came of it.
  std::string Reload(const std::string& config) {
    const std::size_t before = ReadText(log_).size();
    WriteText(config_, config);
    server_->Send(SIGHUP);
    std::string lines;
    for (int tries = 0; tries < 4000; ++tries) {
      lines = ReadText(log_).substr(before);
      if (lines.find("serve.reload") != std::string::npos && lines.ends_with("\n")) break;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return lines;
  }

  // What the log got of one request.
  std::string LoggedOfOne() {
    const std::size_t before = ReadText(log_).size();
    EXPECT_EQ(Run("recommend --user u1 --json" + target_).status, 0);
    return ReadText(log_).substr(before);
  }

  static constexpr char kStart[] = "[lifecycle]\nauto_train_events = 0\n";
  const std::string log_;
  const std::string config_;
  std::unique_ptr<ServerChild> server_;
  std::string target_;
};

TEST_F(ReloadTest, WhatCanChangeCountsForTheNextRequest) {
  EXPECT_THAT(LoggedOfOne(), Not(HasSubstr("request.")));

  const std::string said = Reload(std::string(kStart) +
                                  "[log]\nformat = \"json\"\nsample_share = 1\n"
                                  "[placements.teaser]\npage_size = 2\n"
                                  "[server]\nmax_calls_per_second_per_shopper = 0.001\n");

  EXPECT_THAT(said, HasSubstr("serve.reloaded"));
  EXPECT_THAT(LoggedOfOne(), HasSubstr("\"event\":\"request.sampled\",\"id\":"));
  EXPECT_THAT(Run("placements" + target_).out, HasSubstr("teaser"));
  const Outcome limited = Run("recommend --user u1 --json" + target_);
  EXPECT_THAT(limited.err, HasSubstr("calls a second are about one shopper"));
  EXPECT_EQ(WEXITSTATUS(server_->End(SIGTERM)), 0);
}

TEST_F(ReloadTest, AKeyThatWantsARestartIsNamedAndNothingElseIsTakenIn) {
  const std::string said = Reload(std::string(kStart) +
                                  "[log]\nsample_share = 1\n[store]\nhistory_limit = 9\n"
                                  "[server]\nthreads = 3\n[placements.teaser]\npage_size = 2\n");

  EXPECT_THAT(said, AllOf(HasSubstr("error"), HasSubstr("serve.reload-refused"),
                          HasSubstr("server.threads, store.history_limit cannot change")));
  EXPECT_THAT(LoggedOfOne(), Not(HasSubstr("request.")));
  EXPECT_THAT(Run("placements" + target_).out, Not(HasSubstr("teaser")));
}

TEST_F(ReloadTest, AFaultAnywhereLeavesAllAsItWas) {
  EXPECT_THAT(Reload("[log]\nsample_share = 1\n[server]\nlisen = 3\n"),
              HasSubstr("reload.toml:4: unknown key"));
  EXPECT_THAT(Reload("[log]\nsample_share = 1\n[server]\nmax_in_flight = [\"SimilarItem=8\"]\n"),
              HasSubstr("SimilarItems"));
  EXPECT_THAT(Reload("[log]\nsample_share = 1\n[placements.teaser]\nfallbacks = [\"nowhere\"]\n"),
              HasSubstr("nowhere"));

  EXPECT_THAT(LoggedOfOne(), Not(HasSubstr("request.")));
  EXPECT_THAT(Reload(kStart), HasSubstr("serve.reloaded"));
  EXPECT_EQ(WEXITSTATUS(server_->End(SIGTERM)), 0);
}

}  // namespace
}  // namespace vitrine::cli
