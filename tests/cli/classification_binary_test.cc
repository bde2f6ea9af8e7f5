// Runs `vitrine evaluate --protocol classification` as an engineer would, on a table made up here.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <algorithm>
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
using ::testing::StartsWith;
using ::vitrine::testing::TemporaryFolder;
using Json = nlohmann::json;

constexpr char kQuick[] =
    "evaluate --protocol classification --data rows.csv --label bought --folds 4 "
    "--categories shop --set members=1 --set epochs=5 --set learning_rate=0.01 ";

class ClassificationBinaryTest : public ::testing::Test {
 protected:
  // Shop 2 sells to whoever stays for more than 50 seconds, shop 1 to nobody.
  void SetUp() override {
    std::ofstream file(folder_ / "rows.csv");
    file << "seconds,shop,bought\n";
    for (int i = 0; i < 400; ++i) {
      const int seconds = i * 37 % 100;
      const int shop = 1 + i % 2;
      file << seconds << ',' << shop << ',' << (shop == 2 && seconds > 50 ? "yes" : "no") << '\n';
    }
  }

  int Run(const std::string& arguments) {
    const int status = std::system(
        ("cd " + folder_.path() + " && " VITRINE_BINARY " " + arguments + " >out 2>err").c_str());
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  std::string Text(const std::string& name) const {
    std::ifstream file(folder_ / name, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  }

  TemporaryFolder folder_;
};

TEST_F(ClassificationBinaryTest, PrintsMeasuresAndWritesCurvesAndPredictions) {
  ASSERT_EQ(Run(kQuick + std::string("--json --curves curves.csv --predictions rows_out.csv")), 0)
      << Text("err");
  const Json json = Json::parse(Text("out"));
  EXPECT_GT(json["means"]["auc"], 0.95);
  EXPECT_EQ(json["folds"].size(), 4U);
  EXPECT_EQ(json["pooled"]["rows"], 400);
  EXPECT_EQ(json["settings"]["members"], "1");
  const Json counts = json["pooled"]["at_half"];
  EXPECT_EQ(counts["true_positives"].get<int>() + counts["false_negatives"].get<int>(),
            json["pooled"]["positives"]);
  const double found = counts["true_positives"];
  EXPECT_DOUBLE_EQ(counts["precision"], found / (found + counts["false_positives"].get<double>()));
  EXPECT_DOUBLE_EQ(counts["recall"], found / json["pooled"]["positives"].get<double>());
  EXPECT_GT(json["pooled"]["best_threshold"], 0);
  EXPECT_LT(json["pooled"]["best_threshold"], 1);
  EXPECT_GE(json["pooled"]["best_f1"], counts["f1"]);
  double recalls = 0;
  for (const Json& fold : json["folds"]) recalls += fold["at_chosen"]["recall"].get<double>();
  EXPECT_NEAR(json["means"]["recall"], recalls / 4, 1e-12);
  EXPECT_TRUE(json["means"]["precision"].is_number());
  EXPECT_THAT(Text("curves.csv"),
              StartsWith("threshold,false_positive_rate,recall,precision\ninf,0,0,1\n"));
  const std::string rows = Text("rows_out.csv");
  EXPECT_THAT(rows, StartsWith("row,fold,probability\n1,"));
  EXPECT_EQ(std::count(rows.begin(), rows.end(), '\n'), 401);
}

TEST_F(ClassificationBinaryTest, PrintsATableAndDrawsAPicture) {
  ASSERT_EQ(Run(kQuick + std::string("--curves curves.svg")), 0) << Text("err");
  EXPECT_THAT(Text("out"), AllOf(HasSubstr("mean"), HasSubstr("all rows"),
                                 HasSubstr("400 rows, 100 buy"), HasSubstr("called in vain")));
  EXPECT_THAT(Text("out"),
              AllOf(HasSubstr(" threshold  precision   recall"), HasSubstr("At 0.5 precision is "),
                    HasSubstr("The best threshold for all rows would have been 0.")));
  EXPECT_THAT(Text("curves.svg"), AllOf(StartsWith("<svg"), HasSubstr("ROC, area 1.0"),
                                        HasSubstr("polyline"), HasSubstr("</svg>")));
}

TEST_F(ClassificationBinaryTest, AFileThatCannotBeWrittenCostsNoMeasures) {
  for (const char* flag : {"--curves", "--predictions"}) {
    EXPECT_EQ(Run(kQuick + std::string(flag) + " missing/file.csv"), 1);
    EXPECT_THAT(Text("err"), HasSubstr("missing/file.csv"));
    EXPECT_THAT(Text("out"), HasSubstr("all rows"));
  }
}

TEST_F(ClassificationBinaryTest, WritesTheLossCurveOfTheLatestFold) {
  ASSERT_EQ(Run(kQuick + std::string("--loss-curve loss.csv")), 0) << Text("err");

  const std::string lines = Text("loss.csv");
  EXPECT_THAT(lines, StartsWith("epoch,loss,"));
  EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), 1 + 5);
}

TEST_F(ClassificationBinaryTest, LearnsNothingFromWhatIsIgnored) {
  ASSERT_EQ(Run(kQuick + std::string("--json")), 0) << Text("err");
  const double with = Json::parse(Text("out"))["means"]["auc"];
  const std::string quick = "evaluate --protocol classification --data rows.csv --label bought ";
  ASSERT_EQ(Run(quick + "--ignore shop --set members=1 --json"), 0) << Text("err");
  EXPECT_LT(Json::parse(Text("out"))["means"]["auc"], with - 0.05);
  EXPECT_EQ(Run(quick + "--ignore shops"), 1);
  EXPECT_THAT(Text("err"), HasSubstr("shops"));
}

TEST_F(ClassificationBinaryTest, SaysWhatIsWrong) {
  const auto expect_error = [this](const std::string& arguments, int status, const char* part) {
    EXPECT_EQ(Run(arguments), status) << arguments;
    EXPECT_THAT(Text("err"), HasSubstr(part));
  };
  const std::string begin = "evaluate --protocol classification --data rows.csv ";
  expect_error(begin, 2, "--label COLUMN");
  expect_error(begin + "--label bought --part validation", 2, "has no --part");
  expect_error(begin + "--label bought --scorer ials", 2, "purchase_predictor");
  expect_error(begin + "--label sold", 1, "bought");
  expect_error(begin + "--label seconds", 1, "yes and no");
  expect_error(begin + "--label bought --set hiden=3", 1, "hidden");
  expect_error("evaluate --train rows.csv --test rows.csv --scorer ials --curves f.svg", 2,
               "--protocol classification or purchases");
}

}  // namespace
}  // namespace vitrine::cli
