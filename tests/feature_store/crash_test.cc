// Kills a process that writes, with SIGKILL at a random moment, again and again on one store, and
// finds every event that was acknowledged, once, none that was not sent, and the views of a
// rebuild. VITRINE_CRASH_ROUNDS sets how often, 5 by default, VITRINE_CRASH_SEED at which moments.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "feature_store/check_beside.h"
#include "testing/environment.h"
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

// What a child may have sent: what it was told of, and of each thread the event that came next.
std::set<std::string> SentBy(const std::string& prefix,
                             const std::vector<std::string>& acknowledged) {
  constexpr int kNumThreads = 4;  // Of crash_child.cc.
  std::set<std::string> sent(acknowledged.begin(), acknowledged.end());
  for (int thread = 0; thread < kNumThreads; ++thread) {
    const std::string stem = prefix + "-" + std::to_string(thread) + "-";
    const auto is_its = [&stem](const std::string& id) { return id.starts_with(stem); };
    const auto next = std::count_if(acknowledged.begin(), acknowledged.end(), is_its);
    sent.insert(stem + std::to_string(next));  // They count from 0.
  }
  return sent;
}

class CrashTest : public ::testing::Test {
 protected:
  CrashTest() { SetLogLevel(LogLevel::kWarning); }
  ~CrashTest() override { SetLogLevel(LogLevel::kInfo); }

  void ExpectLog(const FeatureStore& store) const {
    std::map<std::string, int> found;
    EXPECT_THAT(store.ReadEvents(0,
                                 [&](std::uint64_t, const Event& event) {
                                   ++found[event.event_id];
                                   return true;
                                 }),
                IsOk());
    for (const std::string& id : acknowledged_) ASSERT_TRUE(found.contains(id)) << id;
    for (const auto& [id, count] : found) {
      ASSERT_EQ(count, 1) << id;
      ASSERT_TRUE(sent_.contains(id)) << id << " was never sent";
    }
  }

  // What the start made of the checkpoint that the child left, and of the log behind it.
  void ExpectViewsOfARebuild(FeatureStore& store) const {
    ASSERT_THAT(store.Checkpoint(), IsOk());
    const auto check = testing::CheckBeside(folder_.path(), {}, LocalFileSystem(), SystemClock());
    ASSERT_THAT(check, IsOk());
    EXPECT_EQ(check->checkpoint, StoreCheck::Checkpoint::kSame);
  }

  const testing::TemporaryFolder folder_;
  std::vector<std::string> acknowledged_;
  std::set<std::string> sent_;
};

TEST_F(CrashTest, KilledAtAnyMomentItLosesNothingAcknowledged) {
  const auto num_rounds =
      static_cast<int>(testing::NumberFromEnvironment("VITRINE_CRASH_ROUNDS", 5));
  Random random(testing::NumberFromEnvironment("VITRINE_CRASH_SEED", 1));
  int num_early = 0;  // Killed before anything was acknowledged.

  for (int round = 0; round < num_rounds && !HasFailure(); ++round) {
    SCOPED_TRACE(round);
    const std::string prefix = "round-" + std::to_string(round);
    Child child(folder_.path(), prefix);
    // Every third time while it opens the store, else while it writes.
    if (round % 3 != 2) child.WaitForOutput();
    std::this_thread::sleep_for(std::chrono::microseconds(random.Below(300'000)));
    const std::vector<std::string> told = child.Kill();
    acknowledged_.insert(acknowledged_.end(), told.begin(), told.end());
    if (told.empty()) ++num_early;
    sent_.merge(SentBy(prefix, told));

    const auto store = FeatureStore::Open(folder_.path(), {}, LocalFileSystem(), SystemClock());
    ASSERT_THAT(store, IsOk());
    ExpectLog(**store);
    ExpectViewsOfARebuild(**store);
  }

  EXPECT_GT(acknowledged_.size(), 0);
  RecordProperty("acknowledged", static_cast<int>(acknowledged_.size()));
  RecordProperty("faults", "killed " + std::to_string(num_rounds) + ", " +
                               std::to_string(num_early) + " before a first event");
}

}  // namespace
}  // namespace vitrine
