// Compares transforms with what scikit-learn, pandas and numpy make of the same tables:
// data/transforms/make_golden.py wrote them.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "feature_store/transform/tables.h"
#include "testing/status_matchers.h"
#include "vitrine/feature_store/parse_cell.h"
#include "vitrine/feature_store/transform/pipeline.h"

namespace vitrine {
namespace {

using testing::IsOk;
using testing::kNaN;
using testing::Named;
using testing::NumbersColumn;
using testing::TextsColumn;

constexpr double kTolerance = 1e-11;

std::vector<std::string> Split(const std::string& line, char separator) {
  std::vector<std::string> fields(1);
  for (const char c : line) {
    if (c == separator) {
      fields.emplace_back();
    } else {
      fields.back() += c;
    }
  }
  return fields;
}

std::vector<std::string> ReadLines(const std::string& name) {
  std::ifstream file(VITRINE_TEST_DATA "/transforms/" + name);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

// Cells as numbers where all of them are, else as texts; empty ones are missing.
Column ColumnOf(const std::string& name, const std::vector<std::string>& cells) {
  Numbers numbers;
  Texts texts;
  bool are_numbers = true;
  for (const std::string& cell : cells) {
    const std::optional<double> number = ParseNumber(cell);
    are_numbers = are_numbers && (cell.empty() || number.has_value());
    numbers.push_back(number.value_or(kNaN));
    texts.push_back(cell.empty() ? std::nullopt : std::optional(cell));
  }
  return are_numbers ? NumbersColumn(name, numbers) : TextsColumn(name, texts);
}

FeatureTable ReadTable(const std::string& file) {
  const std::vector<std::string> lines = ReadLines(file);
  const std::vector<std::string> names = Split(lines.at(0), ',');
  std::vector<Column> columns;
  for (std::size_t i = 0; i < names.size(); ++i) {
    std::vector<std::string> cells;
    for (std::size_t row = 1; row < lines.size(); ++row) {
      cells.push_back(Split(lines[row], ',').at(i));
    }
    columns.push_back(ColumnOf(names[i], cells));
  }
  return testing::TableOf(std::move(columns));
}

// By case and table ("train" or "new"): the columns.
std::map<std::pair<std::string, std::string>, std::vector<Column>> ReadExpected() {
  std::map<std::pair<std::string, std::string>, std::vector<Column>> expected;
  for (const std::string& line : ReadLines("expected.tsv")) {
    std::vector<std::string> fields = Split(line, '\t');
    const std::vector<std::string> cells(fields.begin() + 3, fields.end());
    expected[{fields[0], fields[1]}].push_back(ColumnOf(fields[2], cells));
  }
  return expected;
}

void ExpectSameColumn(const Column& actual, const Column& expected) {
  ASSERT_EQ(actual.size(), expected.size()) << expected.name;
  ASSERT_EQ(actual.kind(), expected.kind()) << expected.name;
  if (expected.kind() == ColumnKind::kTexts) {
    EXPECT_EQ(actual.cells, expected.cells) << expected.name;
    return;
  }
  const auto& got = std::get<Numbers>(actual.cells);
  const auto& wanted = std::get<Numbers>(expected.cells);
  for (std::size_t row = 0; row < wanted.size(); ++row) {
    ASSERT_EQ(std::isnan(got[row]), std::isnan(wanted[row])) << expected.name << " row " << row;
    if (std::isnan(wanted[row])) continue;
    ASSERT_NEAR(got[row], wanted[row], kTolerance * std::max(1.0, std::abs(wanted[row])))
        << expected.name << " row " << row;
  }
}

struct Case {
  std::string name{};
  StepSettings step{};
};

void PrintTo(const Case& one, std::ostream* out) { *out << one.name; }

class TransformGoldenTest : public ::testing::TestWithParam<Case> {};

TEST_P(TransformGoldenTest, AgreesWithAnIndependentProgram) {
  const Case& test = GetParam();
  const auto expected = ReadExpected();

  const auto fitted =
      TransformPipeline::Fit(ReadTable("train.csv"), {.steps = {test.step}, .target = "target"});
  ASSERT_THAT(fitted, IsOk());
  const auto applied = fitted->pipeline.Apply(ReadTable("new.csv"));
  ASSERT_THAT(applied, IsOk());

  std::size_t num_compared = 0;
  for (const auto& [which, table] :
       {std::pair("train", &fitted->table), std::pair("new", &*applied)}) {
    const auto columns = expected.find({test.name, which});
    if (columns == expected.end()) continue;
    for (const Column& column : columns->second) {
      const Column* actual = table->Find(column.name);
      ASSERT_NE(actual, nullptr) << column.name;
      ExpectSameColumn(*actual, column);
      ++num_compared;
    }
  }
  EXPECT_GE(num_compared, 1u);
}

const std::vector<std::string> kNumbers = {"price", "visits", "rating", "same"};

INSTANTIATE_TEST_SUITE_P(
    Scaling, TransformGoldenTest,
    ::testing::Values(
        Case{"min_max", ScaleSettings{.columns = Named(kNumbers), .method = ScaleMethod::kMinMax}},
        Case{"min_max_clipped", ScaleSettings{.columns = Named(kNumbers),
                                              .method = ScaleMethod::kMinMax,
                                              .low = -1,
                                              .high = 1,
                                              .is_clipped = true}},
        Case{"standard", ScaleSettings{.columns = Named(kNumbers)}},
        Case{"robust", ScaleSettings{.columns = Named(kNumbers), .method = ScaleMethod::kRobust}},
        Case{"robust_10_90", ScaleSettings{.columns = Named(kNumbers),
                                           .method = ScaleMethod::kRobust,
                                           .lower = 0.1,
                                           .upper = 0.9}},
        Case{"log1p", LogSettings{.columns = Named(kNumbers)}},
        Case{"bins", BinSettings{.columns = Named({"price", "visits", "same"}), .num_bins = 5}},
        Case{"cyclical_UTC", CyclicalSettings{.columns = Named({"seen"})}},
        Case{"cyclical_America/New_York",
             CyclicalSettings{.columns = Named({"seen"}), .time_zone = "America/New_York"}}));

INSTANTIATE_TEST_SUITE_P(
    Encoding, TransformGoldenTest,
    ::testing::Values(
        Case{"one_hot", OneHotSettings{.columns = Named({"brand"})}},
        Case{"ordinal", OrdinalSettings{.columns = Named({"brand"})}},
        Case{"hash",
             HashSettings{.columns = Named({"brand", "country"}), .num_buckets = 8, .seed = 42}},
        Case{"target_mean_0",
             TargetMeanSettings{
                 .columns = Named({"brand", "country"}), .smoothing = 0, .is_shuffled = false}},
        Case{"target_mean_10",
             TargetMeanSettings{
                 .columns = Named({"brand", "country"}), .smoothing = 10, .is_shuffled = false}}));

INSTANTIATE_TEST_SUITE_P(
    Cleaning, TransformGoldenTest,
    ::testing::Values(
        Case{"impute_mean",
             ImputeSettings{.columns = Named({"rating", "visits"}), .method = ImputeMethod::kMean}},
        Case{"impute_median", ImputeSettings{.columns = Named({"rating", "visits"})}},
        Case{"impute_most_frequent",
             ImputeSettings{.columns = Named({"rating", "visits"}), .method = ImputeMethod::kMode}},
        Case{"impute_constant", ImputeSettings{.columns = Named({"rating", "visits"}),
                                               .method = ImputeMethod::kConstant,
                                               .number = -1}},
        Case{"impute_most_frequent_text",
             ImputeSettings{.columns = Named({"country"}), .method = ImputeMethod::kMode}},
        Case{"impute_marked", ImputeSettings{.columns = Named({"rating"}), .is_marked = true}},
        Case{"impute_last",
             ImputeSettings{.columns = Named({"rating"}), .method = ImputeMethod::kLast}},
        Case{"clip_quantile",
             ClipSettings{.columns = Named({"price"}), .lower = 0.05, .upper = 0.95}},
        Case{"clip_z_score",
             ClipSettings{
                 .columns = Named({"price"}), .method = ClipMethod::kZScore, .deviations = 1.5}},
        Case{"deduplicate_first", DeduplicateSettings{.keys = {"brand", "country"}}},
        Case{"deduplicate_last",
             DeduplicateSettings{.keys = {"brand", "country"}, .keep = Keep::kLast}}));

// Every case of the file is a case above.
TEST(TransformGoldenFileTest, HoldsNoCaseThatIsNotCompared) {
  std::size_t num_cases = 0;
  std::string last;
  for (const auto& [key, columns] : ReadExpected()) {
    if (key.first != last) ++num_cases;
    last = key.first;
  }
  EXPECT_EQ(num_cases, 25u);
}

}  // namespace
}  // namespace vitrine
