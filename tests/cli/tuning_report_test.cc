#include "cli/tuning_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "cli/config.h"
#include "testing/status_matchers.h"

namespace vitrine::cli {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;
using ::vitrine::testing::IsOk;

// Three trials of ials; the second is the best and the third failed.
Tuning MakeTuning() {
  const Trainer& ials = *FindTrainer("ials");
  Tuning tuning;
  tuning.trials.push_back({.settings = ials.defaults, .value = 0.1});
  Settings better = ials.defaults;
  better["lambda"] = "3.5e-05";
  better["nu"] = "0.25";
  better["unobserved_weight"] = "auto";
  tuning.trials.push_back({.settings = better, .value = 0.2, .train_seconds = 3});
  tuning.trials.push_back(
      {.settings = ials.defaults, .status = absl::InternalError("no \"luck\"")});
  tuning.best = 1;
  return tuning;
}

TEST(TuningReportTest, TheSnippetIsAConfigWithTheBestSettings) {
  const Tuning tuning = MakeTuning();

  const auto config =
      ParseConfig(ConfigSnippet(tuning, "ials", "vitrine tune --scorer ials"), "snippet.toml");

  ASSERT_THAT(config, IsOk());
  const Settings& read = config->lifecycle.settings.at("ials");
  EXPECT_EQ(read.at("lambda"), "3.5e-05");
  EXPECT_EQ(read.at("nu"), "0.25");
  EXPECT_EQ(read.at("unobserved_weight"), "auto");
  EXPECT_EQ(read.size(), tuning.trials[1].settings.size());
  EXPECT_EQ(config->lifecycle.models, Config().lifecycle.models);
}

TEST(TuningReportTest, AModelThatIsNotTrainedByDefaultIsAddedToThoseThatAre) {
  for (const Trainer& trainer : Trainers()) {
    Tuning tuning;
    tuning.trials.push_back({.settings = trainer.defaults, .value = 0.1});

    const std::string name(trainer.name);
    const auto config = ParseConfig(ConfigSnippet(tuning, name, "tuned"), "snippet.toml");

    ASSERT_THAT(config, IsOk());
    EXPECT_THAT(config->lifecycle.models, Contains(name));
  }
}

TEST(TuningReportTest, AModelWithALabelStandsBesideTheOneWithout) {
  const Tuning tuning = MakeTuning();

  const auto config = ParseConfig(ConfigSnippet(tuning, "ials@tuned", "tuned"), "snippet.toml");

  ASSERT_THAT(config, IsOk());
  EXPECT_THAT(config->lifecycle.models, Contains("ials"));
  EXPECT_THAT(config->lifecycle.models, Contains("ials@tuned"));
  EXPECT_EQ(config->lifecycle.settings.at("ials@tuned").at("nu"), "0.25");
  EXPECT_FALSE(config->lifecycle.settings.contains("ials"));
}

TEST(TuningReportTest, ALineTellsOfTheTrialAndTheBestSoFar) {
  Tuning tuning = MakeTuning();
  const Trainer& ials = *FindTrainer("ials");

  EXPECT_THAT(TrialLine(tuning, ials, 40), HasSubstr("trial 3 of 40: failed (no \"luck\")"));
  EXPECT_THAT(TrialLine(tuning, ials, 40), HasSubstr("best 0.20000 (trial 2)"));

  tuning.trials.pop_back();
  EXPECT_THAT(TrialLine(tuning, ials, 40), HasSubstr("lambda=3.5e-05 nu=0.25"));
  EXPECT_THAT(TrialLine(tuning, ials, 40), Not(HasSubstr("dimensions")));
}

TEST(TuningReportTest, ObjectsHaveTheKeysThatScriptsRead) {
  const Tuning tuning = MakeTuning();

  const auto trial = nlohmann::json::parse(TrialJson(tuning));
  const auto end = nlohmann::json::parse(TuningJson(tuning, "ials@tuned"));

  EXPECT_EQ(trial["trial"], 3);
  EXPECT_EQ(trial["error"], "no \"luck\"");
  EXPECT_EQ(trial["best_trial"], 2);
  EXPECT_EQ(trial["best_value"], 0.2);
  EXPECT_EQ(end["scorer"], "ials@tuned");
  EXPECT_EQ(end["settings"]["nu"], "0.25");
  EXPECT_EQ(end["value"], 0.2);
  EXPECT_EQ(end["default_value"], 0.1);
  EXPECT_EQ(end["trial"], 2);
  EXPECT_EQ(end["trials"], 3);
}

}  // namespace
}  // namespace vitrine::cli
