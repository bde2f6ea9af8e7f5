#include "cli/features/transform_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "cli/features/step_keys.h"
#include "testing/status_matchers.h"

namespace vitrine::cli {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::vitrine::testing::IsOk;
using ::vitrine::testing::StatusIs;

// The only step of a config that has one.
template <typename Settings>
Settings OnlyStep(const std::string& text) {
  const auto config = ParseTransformConfig(text, "prepare.toml");
  EXPECT_THAT(config, IsOk());
  return std::get<Settings>(config->pipeline.steps.at(0));
}

TEST(TransformConfigTest, ReadsInputAndStepsInOrder) {
  const auto config = ParseTransformConfig(
      "[input]\ntarget = \"bought\"\nmissing = [\"NA\", \"-\"]\ntexts = [\"zip\"]\n"
      "[[step]]\nkind = \"deduplicate\"\nkeys = [\"id\"]\nkeep = \"last\"\n"
      "[[step]]\nkind = \"scale\"\ncolumns = \"numbers\"\nexcept = [\"id\"]\n",
      "prepare.toml");

  ASSERT_THAT(config, IsOk());
  EXPECT_EQ(config->pipeline.target, "bought");
  EXPECT_THAT(config->pipeline.missing, ElementsAre("NA", "-"));
  EXPECT_THAT(config->texts, ElementsAre("zip"));
  ASSERT_EQ(config->pipeline.steps.size(), 2u);
  const auto& deduplicate = std::get<DeduplicateSettings>(config->pipeline.steps[0]);
  EXPECT_THAT(deduplicate.keys, ElementsAre("id"));
  EXPECT_EQ(deduplicate.keep, Keep::kLast);
  const auto& scale = std::get<ScaleSettings>(config->pipeline.steps[1]);
  EXPECT_EQ(scale.columns.all, ColumnChoice::All::kNumbers);
  EXPECT_THAT(scale.columns.except, ElementsAre("id"));
}

TEST(TransformConfigTest, WhatIsNotSaidHasTheDefaultOfTheStep) {
  const auto scale =
      OnlyStep<ScaleSettings>("[[step]]\nkind = \"scale\"\ncolumns = [\"a\", \"b\"]\n");

  EXPECT_THAT(scale.columns.names, ElementsAre("a", "b"));
  EXPECT_EQ(scale.method, ScaleSettings().method);
  EXPECT_EQ(scale.upper, ScaleSettings().upper);
}

TEST(TransformConfigTest, AConstantIsANumberOrAText) {
  const std::string start =
      "[[step]]\nkind = \"impute\"\ncolumns = [\"a\"]\nmethod = \"constant\"\nvalue = ";

  EXPECT_EQ(OnlyStep<ImputeSettings>(start + "0").number, 0);
  EXPECT_EQ(OnlyStep<ImputeSettings>(start + "\"none\"").text, "none");
}

TEST(TransformConfigTest, EveryKindOfStepHasItsOwnKeys) {
  std::set<std::string_view> kinds;
  std::set<std::size_t> alternatives;
  for (const StepKeys& keys : AllStepKeys()) {
    const toml::table table = toml::parse("columns = [\"a\"]").table();
    TomlTable reader(table, "step", "x");
    const StepSettings settings = keys.read(reader);
    EXPECT_EQ(KindOf(settings), keys.kind);
    kinds.insert(keys.kind);
    alternatives.insert(settings.index());
  }
  EXPECT_EQ(kinds.size(), std::variant_size_v<StepSettings>);
  EXPECT_EQ(alternatives.size(), std::variant_size_v<StepSettings>);
}

struct Mistake {
  std::string text{};
  int line = 0;
  std::string seen{};
  std::string wanted{};
};

void PrintTo(const Mistake& mistake, std::ostream* out) { *out << mistake.text; }

class MistakenTransformTest : public ::testing::TestWithParam<Mistake> {};

TEST_P(MistakenTransformTest, IsAnErrorThatNamesFileLineAndWhatIsAllowed) {
  const Mistake& mistake = GetParam();

  const auto config = ParseTransformConfig(mistake.text, "prepare.toml");

  EXPECT_THAT(config, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(std::string(config.status().message()),
              AllOf(HasSubstr("prepare.toml:" + std::to_string(mistake.line) + ": "),
                    HasSubstr(mistake.seen), HasSubstr(mistake.wanted)));
}

const std::string kScale = "[[step]]\nkind = \"scale\"\ncolumns = [\"a\"]\n";

INSTANTIATE_TEST_SUITE_P(
    Mistakes, MistakenTransformTest,
    ::testing::Values(
        Mistake{"", 1, "no step", "[[step]]"}, Mistake{"x = = 1", 1, "not TOML", ""},
        Mistake{"[steps]\n", 1, "unknown key steps", "did you mean step?"},
        Mistake{"[step]\nkind = \"scale\"", 1, "a table", "[[step]]"},
        Mistake{"step = [1]", 1, "step is 1", "[[step]]"},
        Mistake{"input = 3\n" + kScale, 1, "input is 3", "[input]"},
        Mistake{"[input]\ntarget = 3\n" + kScale, 2, "target of input is 3", "a text"},
        Mistake{"[input]\nmissing = \"NA\"\n" + kScale, 2, "\"NA\"", "an array of texts"},
        Mistake{"[[step]]\ncolumns = [\"a\"]", 1, "step 1 has no kind", "scale"},
        Mistake{"[[step]]\nkind = \"skale\"", 2, "unknown kind skale", "did you mean scale?"},
        Mistake{"[[step]]\nkind = \"scale\"", 1, "step 1 (scale) has no columns", "\"numbers\""},
        Mistake{"[[step]]\nkind = \"scale\"\ncolumns = \"all numbers\"", 3, "all numbers",
                "\"numbers\", \"texts\", \"all\""},
        Mistake{kScale + "metod = \"robust\"", 4, "unknown key metod of step 1 (scale)",
                "did you mean method?"},
        Mistake{kScale + "method = \"minmax\"", 4, "\"minmax\"", "\"min_max\", \"standard\""},
        Mistake{kScale + "clipped = 1", 4, "clipped of step 1 (scale) is 1", "true or false"},
        Mistake{kScale + "lower = 25", 4, "25", "a number from 0 to 1"},
        Mistake{kScale + "low = nan", 4, "nan", "a number from"},
        Mistake{kScale + kScale + "lower = \"x\"", 7, "step 2 (scale)", "a number from 0 to 1"},
        Mistake{"[[step]]\nkind = \"bins\"\ncolumns = [\"a\"]\nbins = 1", 4, "1",
                "an integer from 2"},
        Mistake{"[[step]]\nkind = \"hash\"\ncolumns = [\"a\"]\nbuckets = 1.5", 4, "1.5",
                "an integer from 1 to 65536"},
        Mistake{"[[step]]\nkind = \"impute\"\ncolumns = [\"a\"]\nvalue = []", 4, "an array",
                "a number or a text"},
        Mistake{"[[step]]\nkind = \"scale\"\ncolumns = [1]", 3, "is 1", "an array of texts"}));

}  // namespace
}  // namespace vitrine::cli
