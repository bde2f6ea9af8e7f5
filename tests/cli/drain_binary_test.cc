// Tells a server to stop, as systemd and as a terminal do, while a call is open that does not end.

#include <gmock/gmock.h>
#include <signal.h>
#include <sys/wait.h>

#include <chrono>
#include <memory>
#include <string>

#include "cli/binary_fixture.h"
#include "cli/open_call.h"
#include "cli/server_child.h"
#include "testing/eventually.h"

namespace vitrine::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using vitrine::testing::Eventually;
using vitrine::testing::OpenCall;
using vitrine::testing::ServerChild;
using vitrine::testing::TemporaryFolder;

class DrainBinaryTest : public ::testing::TestWithParam<int> {
 protected:
  void Start(int drain_seconds) {
    WriteText(folder_ / "config", "[server]\ndrain_seconds = " + std::to_string(drain_seconds) +
                                      "\n[lifecycle]\nauto_train_events = 0\n");
    server_ = std::make_unique<ServerChild>(folder_ / "store", folder_ / "config", folder_ / "log");
    address_ = server_->WaitForAddress();
  }

  // Waits for the end of the server, and leaves it to be asked for. False: it goes on.
  bool AwaitEnd() {
    return Eventually([this] {
      siginfo_t end{};
      const auto id = static_cast<id_t>(server_->id());
      return waitid(P_PID, id, &end, WEXITED | WNOHANG | WNOWAIT) == 0 && end.si_pid != 0;
    });
  }

  TemporaryFolder folder_;
  std::unique_ptr<ServerChild> server_;
  std::string address_;
};

TEST_P(DrainBinaryTest, ACallThatDoesNotEndIsCutOffWhenTheTimeIsUp) {
  Start(/*drain_seconds=*/1);
  const OpenCall call(address_);
  ASSERT_TRUE(call.is_open());
  const auto start = steady_clock::now();

  server_->Send(GetParam());

  ASSERT_TRUE(AwaitEnd()) << "it waits for the call";
  const auto took = steady_clock::now() - start;
  EXPECT_GE(took, milliseconds(900)) << "the call had no time to end";
  EXPECT_LT(took, milliseconds(5'000)) << "the call, and closing an empty store, take no longer";
  EXPECT_EQ(server_->End(0), 0);
  EXPECT_THAT(ReadText(folder_ / "log"), HasSubstr("server.calls-cut-off after_seconds=1.0"));
}

TEST_P(DrainBinaryTest, WhereNoCallIsOpenItEndsAtOnce) {
  Start(/*drain_seconds=*/60);
  ASSERT_THAT(address_, HasSubstr("127.0.0.1:"));

  server_->Send(GetParam());

  ASSERT_TRUE(AwaitEnd());
  EXPECT_EQ(server_->End(0), 0);
  EXPECT_THAT(ReadText(folder_ / "log"),
              AllOf(HasSubstr("serve.draining"), Not(HasSubstr("server.calls-cut-off"))));
}

INSTANTIATE_TEST_SUITE_P(BySignal, DrainBinaryTest, ::testing::Values(SIGTERM, SIGINT),
                         [](const auto& test) {
                           return test.param == SIGTERM ? "Terminate" : "Interrupt";
                         });

}  // namespace
}  // namespace vitrine::cli
