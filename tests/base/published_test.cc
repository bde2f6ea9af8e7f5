#include "vitrine/base/published.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

namespace vitrine {
namespace {

TEST(PublishedTest, AReaderKeepsTheVersionItTook) {
  Published<int> published(std::make_shared<const int>(1));
  const std::shared_ptr<const int> taken = published.Get();

  published.Set(std::make_shared<const int>(2));

  EXPECT_EQ(*taken, 1);
  EXPECT_EQ(*published.Get(), 2);
}

TEST(PublishedTest, ReadersSeeWholeVersionsThatNeverGoBack) {
  struct Pair {
    int first = 0;
    int second = 0;
  };
  Published<Pair> published(std::make_shared<const Pair>());
  std::atomic<bool> is_done = false;
  std::atomic<int> faults = 0;
  std::vector<std::thread> readers;
  for (int t = 0; t < 3; ++t) {
    readers.emplace_back([&] {
      int last = 0;
      while (!is_done) {
        const auto pair = published.Get();
        if (pair->first != pair->second || pair->first < last) ++faults;
        last = pair->first;
      }
    });
  }

  for (int i = 1; i <= 2000; ++i) published.Set(std::make_shared<const Pair>(Pair{i, i}));
  is_done = true;
  for (auto& reader : readers) reader.join();

  EXPECT_EQ(faults, 0);
  EXPECT_EQ(published.Get()->first, 2000);
}

}  // namespace
}  // namespace vitrine
