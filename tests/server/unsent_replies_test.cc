#include "server/unsent_replies.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "vitrine/base/log.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class UnsentRepliesTest : public ::testing::Test {
 protected:
  UnsentReplies::Ticket Add(const std::string& name, std::size_t bytes) {
    return unsent_.Add(bytes, [this, name] { given_up_.push_back(name); });
  }

  UnsentReplies unsent_{100};
  std::vector<std::string> given_up_;
};

TEST_F(UnsentRepliesTest, WithinTheBoundNoneIsGivenUp) {
  Add("first", 60);
  Add("second", 40);

  EXPECT_THAT(given_up_, IsEmpty());
  EXPECT_EQ(unsent_.bytes(), 100U);
}

TEST_F(UnsentRepliesTest, TheOldestAreGivenUpAndNoMoreThanMustBe) {
  Add("first", 30);
  Add("second", 30);
  Add("third", 30);

  Add("fourth", 50);

  EXPECT_THAT(given_up_, ElementsAre("first", "second"));
  EXPECT_EQ(unsent_.bytes(), 80U);
}

TEST_F(UnsentRepliesTest, OneThatIsTakenLeavesItsRoom) {
  Add("slow", 40);
  for (int i = 0; i < 10; ++i) unsent_.Remove(Add("read", 60));

  EXPECT_THAT(given_up_, IsEmpty());
  EXPECT_EQ(unsent_.bytes(), 40U);
}

TEST_F(UnsentRepliesTest, TheNewestIsKeptHoweverLarge) {
  Add("first", 40);

  const UnsentReplies::Ticket huge = Add("huge", 1'000);

  EXPECT_THAT(given_up_, ElementsAre("first"));
  EXPECT_EQ(unsent_.bytes(), 1'000U);
  unsent_.Remove(huge);
  EXPECT_EQ(unsent_.bytes(), 0U);
}

TEST_F(UnsentRepliesTest, TheEndOfOneThatWasGivenUpChangesNothing) {
  const UnsentReplies::Ticket first = Add("first", 80);
  Add("second", 80);

  unsent_.Remove(first);

  EXPECT_THAT(given_up_, ElementsAre("first"));
  EXPECT_EQ(unsent_.bytes(), 80U);
}

// As gRPC does, where cancelling a call ends it, and takes in another, before it returns.
TEST_F(UnsentRepliesTest, GivingUpMayEndCallsAndBeginOthers) {
  UnsentReplies::Ticket first = 0;
  first = unsent_.Add(80, [&] {
    unsent_.Remove(first);
    Add("from within", 90);
  });

  Add("second", 80);

  EXPECT_THAT(given_up_, ElementsAre("second"));
  EXPECT_EQ(unsent_.bytes(), 90U);
}

TEST_F(UnsentRepliesTest, TheyAreCountedAndAFloodIsOneLine) {
  Counter counter;
  unsent_.CountIn(counter);
  SetLogLevel(LogLevel::kWarning);

  ::testing::internal::CaptureStderr();
  for (int i = 0; i < 50; ++i) Add("slow", 80);
  const std::string lines = ::testing::internal::GetCapturedStderr();

  EXPECT_EQ(counter.value(), 49U);
  EXPECT_THAT(lines, HasSubstr("warning server.slow-client given_up=1 unsent_bytes=80"));
  EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), 1);
}

TEST(UnsentRepliesWithoutBoundTest, NoneIsGivenUp) {
  UnsentReplies unsent(0);
  for (int i = 0; i < 3; ++i) unsent.Add(SIZE_MAX / 4, [] { ADD_FAILURE(); });

  EXPECT_FALSE(unsent.is_bounded());
}

TEST(UnsentRepliesThreadTest, EachIsGivenUpOnceAtMostWhateverThreadEndsIt) {
  constexpr int kThreads = 4;
  constexpr int kReplies = 2'000;
  UnsentReplies unsent(500);
  Counter counter;
  unsent.CountIn(counter);
  std::vector<std::atomic<int>> num_given_up(kThreads * kReplies);

  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      std::vector<UnsentReplies::Ticket> open;
      for (int i = 0; i < kReplies; ++i) {
        std::atomic<int>& mine = num_given_up[static_cast<std::size_t>(thread * kReplies + i)];
        open.push_back(unsent.Add(100, [&mine] { ++mine; }));
        if (i % 3 == 0) unsent.Remove(open[open.size() / 2]);
      }
      for (const UnsentReplies::Ticket ticket : open) unsent.Remove(ticket);
    });
  }
  for (std::thread& thread : threads) thread.join();

  std::uint64_t total = 0;
  for (const std::atomic<int>& count : num_given_up) {
    EXPECT_LE(count, 1);
    total += static_cast<std::uint64_t>(count);
  }
  EXPECT_EQ(counter.value(), total);
  EXPECT_EQ(unsent.bytes(), 0U);
}

}  // namespace
}  // namespace vitrine
