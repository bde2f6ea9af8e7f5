#include "cli/stop_signal.h"

#include <gtest/gtest.h>

namespace vitrine::cli {
namespace {

TEST(StopSignalTest, TheFirstIsNotedAndEndsNothing) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    const StopSignal stop;
    EXPECT_FALSE(stop.has_come());

    raise(signal);

    EXPECT_TRUE(stop.has_come());
  }
}

TEST(StopSignalDeathTest, TheSecondOfAKindEndsTheProcess) {
  EXPECT_EXIT(
      {
        const StopSignal stop;
        raise(SIGINT);
        raise(SIGINT);
      },
      ::testing::KilledBySignal(SIGINT), "");
}

TEST(StopSignalTest, WhatWasIgnoredStaysSoAndAllIsAsBeforeAtTheEnd) {
  const auto before = std::signal(SIGHUP, SIG_IGN);
  {
    const StopSignal stop;
    raise(SIGHUP);
    EXPECT_FALSE(stop.has_come());
    raise(SIGTERM);
  }

  EXPECT_EQ(std::signal(SIGHUP, before), SIG_IGN);
  EXPECT_EQ(std::signal(SIGTERM, SIG_DFL), SIG_DFL);
}

}  // namespace
}  // namespace vitrine::cli
