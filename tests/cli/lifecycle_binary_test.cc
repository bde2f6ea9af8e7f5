#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <nlohmann/json.hpp>
#include <string>

#include "cli/binary_fixture.h"
#include "cli/server_child.h"

namespace vitrine::cli {
namespace {

using ::testing::HasSubstr;
using Json = nlohmann::json;

// What shows everybody the same, of which it knows nothing, and the usual models beside it as the
// live ones.
constexpr char kBad[] =
    "[models.most_popular]\ncategory_mix = 0\nmin_shoppers = 1000\n[lifecycle]\nmodels = "
    "[\"most_popular\"]\n"
    "auto_train_events = 0\n";

class LifecycleBinaryTest : public BinaryTest {
 protected:
  static void SetUpTestSuite() {
    BinaryTest::SetUpTestSuite();
    WriteText(*folder_ / "bad.toml", kBad);
  }

  static std::string Version(const Outcome& outcome) {
    return Json::parse(outcome.out)["version"].get<std::string>();
  }
};

TEST_F(LifecycleBinaryTest, AWorseModelIsRefusedUnlessItIsForcedAndCanBeRolledBack) {
  const std::string first = Version(trained_);

  const Outcome refused = Run("train --store STORE --config DIR/bad.toml --json");

  EXPECT_EQ(refused.status, 1);
  EXPECT_THAT(refused.err, HasSubstr("PROMOTION_GATE_FAILED"));
  EXPECT_THAT(refused.err, HasSubstr("live version " + first));
  const Outcome forced = Run("train --store STORE --config DIR/bad.toml --json --force");
  ASSERT_EQ(forced.status, 0) << forced.err;
  const Outcome back = Run("rollback --store STORE --json");
  ASSERT_EQ(back.status, 0) << back.err;
  EXPECT_EQ(Json::parse(back.out)["model_version"], first);
  EXPECT_EQ(Json::parse(back.out)["previous_version"], Version(forced));
  EXPECT_EQ(Run("rollback --store STORE --to no-such-version").status, 1);
}

TEST_F(LifecycleBinaryTest, AServerRefusesRemembersAndRollsBack) {
  const std::string first = Version(trained_);
  const Outcome forced = Run("train --store STORE --config SMALL --json --force");
  ASSERT_EQ(forced.status, 0) << forced.err;
  vitrine::testing::ServerChild server(*folder_ / "store", *folder_ / "bad.toml",
                                       *folder_ / "server.log");
  const std::string target = " --target " + server.WaitForAddress();

  const Outcome none = Run("status --trainings" + target);
  const Outcome refused = Run("train" + target);
  const Json status = Json::parse(Run("status --json" + target).out);
  const Outcome listed = Run("status --trainings" + target);
  const Outcome nothing = Run("train --cancel" + target);
  const Outcome back = Run("rollback --json" + target + " --to " + first);
  const Json after = Json::parse(Run("status --json" + target).out);

  EXPECT_THAT(none.out, HasSubstr("has trained nothing yet"));
  EXPECT_EQ(refused.status, 1);
  EXPECT_THAT(refused.err, HasSubstr("PROMOTION_GATE_FAILED"));
  EXPECT_EQ(status["model_version"], Version(forced));
  EXPECT_EQ(status["training"]["state"], "refused");
  EXPECT_LT(status["training"]["gate"]["highest_difference"].get<double>(), 0);
  EXPECT_THAT(listed.out, HasSubstr("training-1"));
  EXPECT_THAT(listed.out, HasSubstr("refused"));
  EXPECT_EQ(nothing.status, 1);
  EXPECT_THAT(nothing.err, HasSubstr("no training runs"));
  EXPECT_EQ(Json::parse(back.out)["model_version"], first);
  EXPECT_EQ(after["model_version"], first);
  EXPECT_EQ(after["last_rollback"]["to"], first);
  EXPECT_EQ(after["last_rollback"]["cause"], "request");
  EXPECT_EQ(after["last_rollback"]["reason"], "by hand");
  EXPECT_EQ(server.End(SIGTERM), 0);
}

}  // namespace
}  // namespace vitrine::cli
