// From a made-up shop to what `vitrine predict` says of its shoppers.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <string>

#include "cli/binary_fixture.h"
#include "cli/server_child.h"

namespace vitrine::cli {
namespace {

using ::testing::HasSubstr;
using Json = nlohmann::json;

constexpr char kForecasting[] =
    "[models.purchase_predictor]\nhidden = 8\ndimensions = 8\nepochs = 15\nbatch = 64\n"
    "learning_rate = 0.01\n"
    "[lifecycle]\nmodels = [\"most_popular\"]\npurchase_predictor = true\nauto_train_events = 0\n";

// The parts of a forecast, where there is one, sum to its log-odds.
void ExpectParts(const Json& forecast) {
  if (forecast.is_null()) return;
  const double p = forecast["probability"];
  double sum = forecast["base_log_odds"].get<double>() + forecast["other_log_odds"].get<double>();
  EXPECT_LE(forecast["reasons"].size(), 3U);
  for (const Json& reason : forecast["reasons"]) sum += reason["log_odds"].get<double>();
  EXPECT_NEAR(1 / (1 + std::exp(-sum)), p, 1e-4);
}

TEST_F(BinaryTest, AServerForecastsWhatShoppersDoNext) {
  WriteText(*folder_ / "forecasting.toml", kForecasting);
  const Outcome imported =
      Run("import --store DIR/forecasting --items SHOP/items.csv --users SHOP/users.csv "
          "--events SHOP/events.jsonl");
  ASSERT_EQ(imported.status, 0) << imported.err;
  const Outcome trained = Run("train --store DIR/forecasting --config DIR/forecasting.toml --json");
  ASSERT_EQ(trained.status, 0) << trained.err;
  vitrine::testing::ServerChild server(*folder_ / "forecasting", *folder_ / "forecasting.toml",
                                       *folder_ / "forecasting.log");
  const std::string target = " --target " + server.WaitForAddress();

  const Outcome known = Run("predict --user u00001 --reasons 3 --json" + target);
  const Outcome unknown = Run("predict --visitor nobody --reasons 3 --json" + target);
  const Outcome text = Run("predict --user u00001" + target);

  for (const Outcome* outcome : {&known, &unknown}) {
    ASSERT_EQ(outcome->status, 0) << outcome->err << trained.err;
    const Json json = Json::parse(outcome->out);
    EXPECT_EQ(json["model_version"], Json::parse(trained.out)["version"]);
    EXPECT_EQ(json["session_events"], 0);
    EXPECT_GT(json["horizon_days"], 0);
    ExpectParts(json["session"]);
    ExpectParts(json["shopper"]);
    // What comes next is what a shop's log says best: a visit begins with a view.
    ASSERT_EQ(json["next_events"].size(), 4U) << trained.err;
    double sum = 0;
    for (const Json& next : json["next_events"]) sum += next["probability"].get<double>();
    EXPECT_NEAR(sum, 1, 1e-4);
    EXPECT_EQ(json["next_events"][0]["event"], "view");
    EXPECT_GT(json["next_events"][0]["probability"], 0.5);
  }
  EXPECT_EQ(text.status, 0) << text.err;
  EXPECT_THAT(text.out, HasSubstr("0 events in this visit"));
  EXPECT_EQ(server.End(SIGTERM), 0);
}

}  // namespace
}  // namespace vitrine::cli
