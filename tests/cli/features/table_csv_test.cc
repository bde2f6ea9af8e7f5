#include "cli/features/table_csv.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "testing/status_matchers.h"
#include "testing/temporary_folder.h"
#include "vitrine/base/file_system.h"

namespace vitrine::cli {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsNan;
using ::vitrine::testing::IsOk;
using ::vitrine::testing::StatusIs;
using ::vitrine::testing::TemporaryFolder;

class TableCsvTest : public ::testing::Test {
 protected:
  absl::StatusOr<FeatureTable> Read(const std::string& text, const TableCsvOptions& options = {}) {
    std::ofstream(path_, std::ios::binary) << text;
    return ReadTableCsv(path_, options);
  }

  TemporaryFolder folder_;
  std::string path_ = folder_ / "rows.csv";
};

TEST_F(TableCsvTest, AColumnIsNumbersWhereEveryCellIsOne) {
  const auto table = Read("price,brand,code,rate\n1.5,Acme,007,1e3\n,\"B, \"\"x\"\"\",8,nan\n");

  ASSERT_THAT(table, IsOk());
  EXPECT_THAT(*table->GetNumbers("price").value(), ElementsAre(1.5, IsNan()));
  EXPECT_THAT(*table->GetTexts("brand").value(), ElementsAre("Acme", "B, \"x\""));
  EXPECT_THAT(*table->GetTexts("code").value(), ElementsAre("007", "8"));
  EXPECT_THAT(*table->GetNumbers("rate").value(), ElementsAre(1000, IsNan()));
}

TEST_F(TableCsvTest, InfinityCountsAsMissing) {
  const auto table = Read("x\n1\ninf\n-Infinity\n");

  ASSERT_THAT(table, IsOk());
  EXPECT_THAT(*table->GetNumbers("x").value(), ElementsAre(1, IsNan(), IsNan()));
  EXPECT_EQ(table->Find("x")->num_infinite, 2u);
}

TEST_F(TableCsvTest, CellsMayBeSaidToBeMissingAndColumnsToBeTexts) {
  const auto table =
      Read("a;b\n1;2\nNA;3\n", {.delimiter = ';', .missing = {"NA"}, .texts = {"b"}});

  ASSERT_THAT(table, IsOk());
  EXPECT_THAT(*table->GetNumbers("a").value(), ElementsAre(1, IsNan()));
  EXPECT_THAT(*table->GetTexts("b").value(), ElementsAre("2", "3"));
}

TEST_F(TableCsvTest, AKnownKindDecidesAndACellThatDoesNotFitIsNamedWithItsLine) {
  const TableCsvOptions options{
      .columns = {{"a", ColumnKind::kTexts}, {"b", ColumnKind::kNumbers}}};

  const auto table = Read("a,b\n1,2\n", options);
  const auto refused = Read("a,b\n1,2\n1,two\n", options);

  EXPECT_THAT(*table.value().GetTexts("a").value(), ElementsAre("1"));
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(std::string(refused.status().message()),
              AllOf(HasSubstr("rows.csv:3: "), HasSubstr("two")));
}

TEST_F(TableCsvTest, RowsThatAreWrongAndFilesThatAreNotThereAreErrors) {
  EXPECT_THAT(std::string(Read("a,b\n1\n").status().message()), HasSubstr("rows.csv:2: "));
  EXPECT_THAT(Read(""), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(Read("a\n1\n", {.texts = {"aa"}}), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(ReadTableCsv(folder_ / "none.csv", {}), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(TableCsvTest, ABlankLineIsAMissingCellOfOneColumnAndNoRowOfMore) {
  const auto one = Read("\nx\n1\n\n \n\"\"\n2\n");
  const auto ends_open = Read("x\r\n1\r\n\r\n2");
  const auto two = Read("x,y\n1,2\n\n3,4\n\n");

  EXPECT_THAT(*one.value().GetNumbers("x").value(), ElementsAre(1, IsNan(), IsNan(), IsNan(), 2));
  EXPECT_THAT(*ends_open.value().GetNumbers("x").value(), ElementsAre(1, IsNan(), 2));
  EXPECT_THAT(*two.value().GetNumbers("x").value(), ElementsAre(1, 3));
}

TEST_F(TableCsvTest, ALineOfTabsIsARowWhereTheyAreTheDelimiter) {
  const auto table = Read("x\ty\n1\t2\n\t\n3\t4\n", {.delimiter = '\t'});

  EXPECT_THAT(*table.value().GetNumbers("x").value(), ElementsAre(1, IsNan(), 3));
}

TEST_F(TableCsvTest, OneColumnWithMissingCellsReadsBackTheSame) {
  const std::string text = "x\n\"\"\n1\n\"\"\n";
  const auto table = Read(text);
  ASSERT_THAT(table, IsOk());

  ASSERT_THAT(WriteTableCsv(*table, folder_ / "out.csv", ','), IsOk());

  EXPECT_EQ(LocalFileSystem().ReadFile(folder_ / "out.csv").value(), text);
  EXPECT_EQ(ReadTableCsv(folder_ / "out.csv", {}).value().num_rows(), 3u);
}

TEST_F(TableCsvTest, WhatIsWrittenReadsBackTheSame) {
  const std::string text = "a,\"b,c\"\n0.1,\"x \"\"y\"\"\"\n,\"two\nlines\"\n1e+300,\n";
  const auto table = Read(text);
  ASSERT_THAT(table, IsOk());

  ASSERT_THAT(WriteTableCsv(*table, folder_ / "out.csv", ','), IsOk());

  EXPECT_EQ(LocalFileSystem().ReadFile(folder_ / "out.csv").value(), text);
}

}  // namespace
}  // namespace vitrine::cli
