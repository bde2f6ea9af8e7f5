#include "cli/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "testing/status_matchers.h"
#include "vitrine/training/trainer.h"

namespace vitrine {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::vitrine::testing::IsOk;
using ::vitrine::testing::StatusIs;

std::string ErrorOf(std::string_view text) {
  const auto config = ParseConfig(text, "shop.toml");
  EXPECT_THAT(config, StatusIs(absl::StatusCode::kInvalidArgument));
  return std::string(config.status().message());
}

// The shipped example with every key switched on.
std::string ExampleText() {
  std::ifstream file(VITRINE_TEST_DATA "/../docs/vitrine.example.toml");
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(ConfigTest, NothingGivesTheDefaultsOfTheModules) {
  const auto config = ParseConfig("", "shop.toml");
  ASSERT_THAT(config, IsOk());
  EXPECT_EQ(config->server.address, ServerOptions().address);
  EXPECT_EQ(config->store.history_limit, FeatureStoreOptions().history_limit);
  EXPECT_EQ(config->training.models, LifecycleOptions().models);
  EXPECT_EQ(config->engine.new_arrival_days, Engine::Options().new_arrival_days);
}

TEST(ConfigTest, ValuesArriveWhereTheyBelong) {
  const auto config = ParseConfig(R"(
[server]
listen = "127.0.0.1:7"
[store]
history_limit = 50
[event_weights]
add-to-cart = 2
[blend.weights]
ials = 0.75
[training]
models = ["most_popular", "ials"]
[training.settings.ials]
dimensions = 32
)",
                                  "shop.toml");
  ASSERT_THAT(config, IsOk());
  EXPECT_EQ(config->server.address, "127.0.0.1:7");
  EXPECT_EQ(config->store.history_limit, 50);
  EXPECT_EQ(config->store.weights.Of(EventType::kAddToCart, 1), 2);
  EXPECT_EQ(config->engine.blend.weights.at("ials"), 0.75);
  EXPECT_THAT(config->training.models, ::testing::ElementsAre("most_popular", "ials"));
  EXPECT_EQ(config->training.settings.at("ials").at("dimensions"), "32");
}

TEST(ConfigTest, AnUnknownKeyNamesFileLineAndTheKeysThereAre) {
  EXPECT_THAT(ErrorOf("[store]\nhistroy_limit = 5\n"),
              AllOf(HasSubstr("shop.toml:2"), HasSubstr("'histroy_limit'"),
                    HasSubstr("[store] has"), HasSubstr("history_limit")));
}

TEST(ConfigTest, AnUnknownSectionNamesTheSectionsThereAre) {
  EXPECT_THAT(ErrorOf("[sotre]\n"), AllOf(HasSubstr("shop.toml:1"), HasSubstr("the file has"),
                                          HasSubstr("store"), HasSubstr("training")));
}

TEST(ConfigTest, AWrongTypeSaysWhatWasSeenAndWhatIsWanted) {
  EXPECT_THAT(ErrorOf("[store]\nhistory_limit = \"many\"\n"),
              AllOf(HasSubstr("shop.toml:2"), HasSubstr("store.history_limit"), HasSubstr("many"),
                    HasSubstr("an integer from 1 to 100000")));
}

TEST(ConfigTest, ABadRangeSaysWhatIsAllowed) {
  EXPECT_THAT(ErrorOf("[training]\ntest_fraction = 0.9\n"),
              AllOf(HasSubstr("shop.toml:2"), HasSubstr("0.9"), HasSubstr("from 0.01 to 0.5")));
}

TEST(ConfigTest, AFractionWhereAnIntegerBelongsIsRefused) {
  EXPECT_THAT(ErrorOf("[store]\nhistory_limit = 5.5\n"), HasSubstr("an integer"));
}

TEST(ConfigTest, AModelThatNobodyTrainsIsRefused) {
  EXPECT_THAT(ErrorOf("[training]\nmodels = [\"oracle\"]\n"),
              AllOf(HasSubstr("oracle"), HasSubstr("item_knn")));
}

TEST(ConfigTest, AValueWhereASectionBelongsIsRefused) {
  EXPECT_THAT(ErrorOf("store = 5\n"), HasSubstr("want [store]"));
}

TEST(ConfigTest, ASectionWhereAValueBelongsIsRefused) {
  EXPECT_THAT(ErrorOf("[store.history_limit]\n"), HasSubstr("a section; want an integer"));
}

TEST(ConfigTest, TextThatIsNoTomlNamesTheLine) {
  EXPECT_THAT(ErrorOf("[store]\nhistory_limit =\n"), HasSubstr("shop.toml:2"));
}

TEST(ConfigTest, TheExampleIsAcceptedAndIsTheDefaults) {
  const auto config = ParseConfig(ExampleText(), "example");
  ASSERT_THAT(config, IsOk());
  const auto defaults = ParseConfig("", "none");
  EXPECT_EQ(config->server.address, defaults->server.address);
  EXPECT_EQ(config->server.max_message_bytes, defaults->server.max_message_bytes);
  EXPECT_EQ(config->store.weights.by_type, defaults->store.weights.by_type);
  EXPECT_EQ(config->store.checkpoint_events, defaults->store.checkpoint_events);
  EXPECT_EQ(config->training.models, defaults->training.models);
  EXPECT_EQ(config->engine.blend.weights, defaults->engine.blend.weights);
  EXPECT_EQ(config->engine.blend.cold_start_events, defaults->engine.blend.cold_start_events);
  for (const Trainer& trainer : Trainers()) {
    EXPECT_EQ(config->training.settings.at(std::string(trainer.name)), trainer.defaults)
        << trainer.name;
  }
}

TEST(ConfigTest, TheExampleNamesEveryKey) {
  const std::string text = ExampleText();
  for (const std::string& key : ConfigKeys()) {
    const std::size_t dot = key.rfind('.');
    EXPECT_THAT(text, HasSubstr("\n[" + key.substr(0, dot) + "]")) << key;
    EXPECT_THAT(text, HasSubstr("\n" + key.substr(dot + 1) + " = ")) << key;
  }
}

}  // namespace
}  // namespace vitrine
