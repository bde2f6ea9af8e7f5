// Runs `vitrine features` as an engineer would, on the tables that the golden files are of.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "testing/temporary_folder.h"

namespace vitrine::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::vitrine::testing::TemporaryFolder;

constexpr char kTrain[] = VITRINE_TEST_DATA "/transforms/train.csv";
constexpr char kNew[] = VITRINE_TEST_DATA "/transforms/new.csv";
constexpr char kConfig[] =
    "[input]\ntarget = \"target\"\n"
    "[[step]]\nkind = \"impute\"\ncolumns = [\"rating\"]\n"
    "[[step]]\nkind = \"target_mean\"\ncolumns = [\"country\"]\n"
    "[[step]]\nkind = \"one_hot\"\ncolumns = [\"brand\"]\nunseen = \"other\"\n"
    "[[step]]\nkind = \"scale\"\ncolumns = \"numbers\"\n";

class FeaturesBinaryTest : public ::testing::Test {
 protected:
  void SetUp() override { std::ofstream(folder_ / "prepare.toml") << kConfig; }

  // The exit status; output and errors together are in text_.
  int Run(const std::string& arguments) {
    const std::string out = folder_ / "out";
    const int status = std::system(("cd " + folder_.path() + " && " VITRINE_BINARY " features " +
                                    arguments + " >" + out + " 2>&1")
                                       .c_str());
    text_ = Text("out");
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  std::string Text(const std::string& name) const {
    std::ifstream file(folder_ / name, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  }

  TemporaryFolder folder_;
  std::string text_;
};

TEST_F(FeaturesBinaryTest, FitsAppliesAndDescribes) {
  const std::string fit =
      std::string("fit --config prepare.toml --out p.transform --data ") + kTrain;
  ASSERT_EQ(Run(fit + " --applied train.csv"), 0) << text_;
  EXPECT_THAT(text_, AllOf(HasSubstr("step 1: impute"), HasSubstr("step 4: scale"),
                           HasSubstr("missing"), HasSubstr("after all steps: 83 rows")));
  EXPECT_THAT(Text("train.csv"), HasSubstr("price,visits,rating,same,brand=Acme"));

  ASSERT_EQ(Run(std::string("apply --pipeline p.transform --out new.csv --json --data ") + kNew), 0)
      << text_;
  const auto json = nlohmann::json::parse(text_);
  EXPECT_EQ(json["rows"], 29);
  EXPECT_EQ(json["steps"].size(), 4u);
  for (const auto& column : json["columns"]) EXPECT_EQ(column["missing"], 0) << column["name"];

  ASSERT_EQ(Run("describe --pipeline p.transform"), 0) << text_;
  EXPECT_THAT(text_, AllOf(HasSubstr("4 steps on 8 columns"),
                           HasSubstr("target: numbers, the target"), HasSubstr("rating: median")));
  ASSERT_EQ(Run("describe --pipeline p.transform --json"), 0) << text_;
  EXPECT_EQ(nlohmann::json::parse(text_)["steps"].size(), 4u);
  ASSERT_EQ(Run(std::string("describe --data ") + kTrain), 0) << text_;
  EXPECT_THAT(text_, AllOf(HasSubstr("83 rows, 8 columns"), HasSubstr("Values are still missing")));
}

TEST_F(FeaturesBinaryTest, TheExampleOfTheDocumentationRuns) {
  const std::string example = VITRINE_DOCS "/transforms.example.toml";

  ASSERT_EQ(Run("fit --config " + example + " --out p --data " + kTrain), 0) << text_;
  EXPECT_THAT(text_, HasSubstr("step 10: scale"));
  EXPECT_EQ(Run(std::string("apply --pipeline p --out x.csv --data ") + kNew), 0) << text_;
}

TEST_F(FeaturesBinaryTest, PutsFeaturesAsOfThenBesideLabels) {
  const std::string shop = VITRINE_TEST_DATA "/sample-shop/";
  ASSERT_EQ(std::system((VITRINE_BINARY " import --store " + (folder_ / "store") + " --events " +
                         shop + "events.jsonl >/dev/null 2>&1")
                            .c_str()),
            0);
  std::ofstream(folder_ / "labels.csv")
      << "user_id,item_id,time,bought\nu00079,p00225,2026-02-01,1\nu00079,,2026-07-01,0\n";
  const std::string as_of = "as-of --store store --labels labels.csv --out train.csv ";

  ASSERT_EQ(Run(as_of + "--known-since event-time --features orders,item_views"), 0) << text_;
  EXPECT_THAT(text_, HasSubstr("train.csv: 2 rows, 4 columns of labels, 2 features"));
  EXPECT_THAT(Text("train.csv"),
              AllOf(HasSubstr("user_id,item_id,time,bought,orders,item_views\n"),
                    HasSubstr("u00079,p00225,2026-02-01,1,"), HasSubstr("u00079,,2026-07-01,0,")));
  ASSERT_EQ(Run(as_of + "--json"), 0) << text_;  // The import was later than both.
  const auto json = nlohmann::json::parse(text_);
  EXPECT_EQ(json["rows_known"], 0);

  EXPECT_EQ(Run(as_of + "--features order"), 1);
  EXPECT_THAT(text_, HasSubstr("vitrine features as-of: --features has \"order\""));
  EXPECT_EQ(Run(as_of + "--known-since ever"), 2);
  std::ofstream(folder_ / "labels.csv") << "user_id,time\nann,soon\n";
  EXPECT_EQ(Run(as_of), 1);
  EXPECT_THAT(text_, HasSubstr("labels.csv:2: time is \"soon\""));
  EXPECT_EQ(Run("as-of --help"), 0);
  EXPECT_THAT(text_, AllOf(HasSubstr("--known-since event-time"), HasSubstr("--before")));
}

TEST_F(FeaturesBinaryTest, MistakesAreNamed) {
  std::ofstream(folder_ / "wrong.toml") << "[[step]]\nkind = \"scale\"\ncolums = [\"price\"]\n";
  EXPECT_EQ(Run(std::string("fit --config wrong.toml --out p --data ") + kTrain), 1);
  EXPECT_THAT(text_, AllOf(HasSubstr("vitrine features fit: wrong.toml:3: unknown key colums"),
                           HasSubstr("did you mean columns?")));

  std::ofstream(folder_ / "other.csv") << "price,brands\n1,Acme\n";
  ASSERT_EQ(Run(std::string("fit --config prepare.toml --out p --data ") + kTrain), 0) << text_;
  EXPECT_EQ(Run("apply --pipeline p --data other.csv --out x.csv"), 1);
  EXPECT_THAT(text_, AllOf(HasSubstr("brands"), HasSubstr("did you mean brand?")));

  EXPECT_EQ(Run("describe"), 2);
  EXPECT_EQ(Run("apply --pipeline other.csv --data other.csv --out x.csv"), 1);
  EXPECT_THAT(text_, HasSubstr("VTTRANS1"));
}

}  // namespace
}  // namespace vitrine::cli
