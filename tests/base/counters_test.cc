#include "vitrine/base/counters.h"

#include <gmock/gmock.h>

#include <thread>
#include <vector>

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

TEST(CountersTest, ReadsEveryCounterByNameInOrder) {
  Counters counters;
  counters.Get("b").Add();
  counters.Get("a");
  counters.Get("b").Add(4);

  EXPECT_THAT(counters.Read(), ElementsAre(Pair("a", 0), Pair("b", 5)));
}

TEST(CountersTest, ACounterStaysWhereItIs) {
  Counters counters;
  Counter& first = counters.Get("0");
  for (int i = 1; i < 1000; ++i) counters.Get(std::to_string(i));

  EXPECT_EQ(&first, &counters.Get("0"));
}

TEST(CountersTest, CountsEveryAddOfManyThreads) {
  Counters counters;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i) counters.Get("shared").Add();
    });
  }
  for (auto& thread : threads) thread.join();

  EXPECT_EQ(counters.Get("shared").value(), 4000U);
}

}  // namespace
}  // namespace vitrine
