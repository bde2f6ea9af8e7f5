// Kills a process that writes, with SIGKILL at a random moment, again and again on one store, and
// finds every event that was acknowledged, once. VITRINE_CRASH_ROUNDS sets how often; 5 by default.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <map>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "testing/status_matchers.h"
#include "testing/temporary_folder.h"
#include "vitrine/base/log.h"
#include "vitrine/base/random.h"
#include "vitrine/feature_store/feature_store.h"

namespace vitrine {
namespace {

using testing::IsOk;

// A writing process; what it prints is kept.
class Child {
 public:
  Child(const std::string& folder, const std::string& prefix) {
    int ends[2];
    EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    std::string program = VITRINE_CRASH_CHILD;
    std::string store = folder;
    std::string name = prefix;
    char* const arguments[] = {program.data(), store.data(), name.data(), nullptr};
    EXPECT_EQ(posix_spawn(&id_, program.c_str(), &actions, nullptr, arguments, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    reader_ = std::thread([this, end = ends[0]] {
      char buffer[4096];
      for (ssize_t count = 1; count > 0;) {
        count = read(end, buffer, sizeof buffer);
        if (count > 0) output_.append(buffer, static_cast<std::size_t>(count));
        if (count > 0) has_output_ = true;
      }
      close(end);
    });
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  void WaitForOutput() const {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (!has_output_ && std::chrono::steady_clock::now() < end) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }

  // The ids that it acknowledged. Kills it if it still lives.
  std::vector<std::string> Kill() {
    kill(id_, SIGKILL);
    int status = 0;
    waitpid(id_, &status, 0);
    reader_.join();
    EXPECT_TRUE(WIFSIGNALED(status)) << "it ended by itself: " << status;
    std::vector<std::string> ids;
    std::istringstream lines(output_);
    for (std::string id; std::getline(lines, id);) ids.push_back(id);
    return ids;
  }

 private:
  pid_t id_ = 0;
  std::thread reader_;
  std::string output_;  // The reader's until it is joined.
  std::atomic<bool> has_output_ = false;
};

TEST(CrashTest, KilledAtAnyMomentItLosesNothingAcknowledged) {
  const char* rounds = std::getenv("VITRINE_CRASH_ROUNDS");
  const int num_rounds = rounds != nullptr ? std::atoi(rounds) : 5;
  const testing::TemporaryFolder folder;
  Random random(static_cast<std::uint64_t>(num_rounds));
  std::vector<std::string> acknowledged;
  SetLogLevel(LogLevel::kWarning);

  for (int round = 0; round < num_rounds && !::testing::Test::HasFailure(); ++round) {
    SCOPED_TRACE(round);
    Child child(folder.path(), "round-" + std::to_string(round));
    // Every third time while it opens the store, else while it writes.
    if (round % 3 != 2) child.WaitForOutput();
    std::this_thread::sleep_for(std::chrono::microseconds(random.Below(300'000)));
    for (const std::string& id : child.Kill()) acknowledged.push_back(id);

    const auto store = FeatureStore::Open(folder.path(), {}, LocalFileSystem(), SystemClock());
    ASSERT_THAT(store, IsOk());
    std::map<std::string, int> found;
    EXPECT_THAT((*store)->ReadEvents(0,
                                     [&](std::uint64_t, const Event& event) {
                                       ++found[event.event_id];
                                       return true;
                                     }),
                IsOk());
    for (const std::string& id : acknowledged) ASSERT_EQ(found[id], 1) << id;
    for (const auto& [id, count] : found) ASSERT_EQ(count, 1) << id;
  }

  EXPECT_GT(acknowledged.size(), 0);
  RecordProperty("acknowledged", static_cast<int>(acknowledged.size()));
  SetLogLevel(LogLevel::kInfo);
}

}  // namespace
}  // namespace vitrine
