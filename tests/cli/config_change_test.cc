#include "cli/config_change.h"

#include <gmock/gmock.h>

#include <string>

#include "cli/config_keys.h"

namespace vitrine::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Config Parse(const std::string& text) { return ParseConfig(text, "test").value(); }

TEST(ConfigChangeTest, WhatARunningServerTakesInWantsNoRestart) {
  const Config next = Parse(R"(
      [log]
      level = "error"
      slow_ms = 10
      [server]
      max_in_flight = ["SimilarItems=8"]
      max_calls_per_second_per_shopper = 5
      [lifecycle]
      models = ["ials"]
      train_at = "03:30"
      learn_blend_every = 7
      gate_least_coverage = 0.5
      [models.ials]
      dimensions = 8
      [placements.home]
      page_size = 3)");

  EXPECT_THAT(WantRestart(Config(), next), IsEmpty());
}

TEST(ConfigChangeTest, EveryOtherChangeIsNamed) {
  const Config next = Parse(R"(
      [server]
      threads = 7
      max_wait_seconds = 3
      [store]
      history_limit = 99
      [store.event_weights]
      search = 2
      [tls]
      certificate = "a.pem")");

  EXPECT_THAT(WantRestart(Config(), next),
              ElementsAre("server.threads", "tls.certificate", "store.history_limit",
                          "store.event_weights.search"));
}

TEST(ConfigChangeTest, AModelWithoutAWeightIsNotOneThatIsNotNamed) {
  EXPECT_THAT(WantRestart(Config(), Parse("[blend.weights]\nials = 0\n")),
              ElementsAre("blend.weights"));
}

TEST(ConfigChangeTest, NothingChangedWantsNothingAndEveryKeyCanBeCompared) {
  EXPECT_THAT(WantRestart(Config(), Config()), IsEmpty());
  for (const ConfigKey& key : MakeConfigKeys()) {
    EXPECT_TRUE(key.is_same != nullptr) << key.table << "." << key.name;
  }
}

}  // namespace
}  // namespace vitrine::cli
