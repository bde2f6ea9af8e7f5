#include "cli/import/row_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

#include "testing/status_matchers.h"

namespace vitrine::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::vitrine::testing::IsOk;
using ::vitrine::testing::StatusIs;

std::vector<Row> ReadAll(RowReader& reader) {
  std::vector<Row> rows;
  Row row;
  while (reader.Next(row).value()) rows.push_back(row);
  return rows;
}

std::vector<Row> Csv(const std::string& text, char delimiter = ',') {
  std::istringstream input(text);
  const auto reader = ReadCsv(input, delimiter);
  EXPECT_THAT(reader, IsOk());
  return ReadAll(**reader);
}

std::vector<Row> Json(const std::string& text) {
  std::istringstream input(text);
  return ReadAll(*ReadJsonLines(input));
}

std::vector<std::string> Texts(const Row& row) {
  std::vector<std::string> texts;
  for (const Cell& cell : row.cells) texts.push_back(cell.text);
  return texts;
}

TEST(CsvTest, ReadsQuotedCommasDoubledQuotesAndLineBreaks) {
  const auto rows =
      Csv("id,title\n1,\"AIRLINE LOUNGE,METAL SIGN\"\n2,\"7\"\" RECORD\"\n3,\"a\nb\"\n");

  ASSERT_EQ(rows.size(), 3U);
  EXPECT_THAT(Texts(rows[0]), ElementsAre("1", "AIRLINE LOUNGE,METAL SIGN"));
  EXPECT_THAT(Texts(rows[1]), ElementsAre("2", "7\" RECORD"));
  EXPECT_THAT(Texts(rows[2]), ElementsAre("3", "a\nb"));
}

TEST(CsvTest, CountsRowsAndTheLinesTheyStartIn) {
  const auto rows = Csv("id,title\r\n\r\n1,\"a\r\nb\"\r\n2,c");

  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].number, 1U);
  EXPECT_EQ(rows[0].line, 3U);
  EXPECT_EQ(rows[1].number, 2U);
  EXPECT_EQ(rows[1].line, 5U);
  EXPECT_EQ(rows[1].raw, "2,c");
}

TEST(CsvTest, SkipsAByteOrderMarkAndTakesAnyDelimiter) {
  const auto rows = Csv("\xEF\xBB\xBFid;title\n1;a, b\n", ';');

  ASSERT_EQ(rows.size(), 1U);
  ASSERT_NE(rows[0].Find("id"), nullptr);
  EXPECT_EQ(rows[0].Find("id")->text, "1");
  EXPECT_EQ(rows[0].Find("title")->text, "a, b");
  EXPECT_EQ(rows[0].Find("brand"), nullptr);
}

TEST(CsvTest, ATabKeepsEmptyFieldsApart) {
  const auto rows = Csv("a\tb\tc\n1\t\t3\n", '\t');

  ASSERT_EQ(rows.size(), 1U);
  EXPECT_THAT(Texts(rows[0]), ElementsAre("1", "", "3"));
}

TEST(CsvTest, BlankLinesAreSkippedUnlessTheyMayBeRows) {
  const std::string text = "id\n1\n\n2\n";
  std::istringstream input(text);

  const auto rows = ReadAll(**ReadCsv(input, ',', BlankLines::kRows));

  EXPECT_EQ(Csv(text).size(), 2U);
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_THAT(Texts(rows[1]), ElementsAre(""));
  EXPECT_EQ(rows[1].line, 3U);
  EXPECT_EQ(rows[2].line, 4U);
}

TEST(CsvTest, ARowWithAnotherNumberOfFieldsSaysSo) {
  const auto rows = Csv("a,b\n1\n1,2,3\n1,2\n");

  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(rows[0].error, "has 1 fields, the header has 2");
  EXPECT_EQ(rows[1].error, "has 3 fields, the header has 2");
  EXPECT_THAT(rows[2].error, IsEmpty());
}

TEST(CsvTest, AQuoteInTheMiddleSpoilsItsOwnRowAlone) {
  const auto rows = Csv("a,b\n1,24\" monitor\n2,\"x\"y\n3,z\n");

  ASSERT_EQ(rows.size(), 3U);
  EXPECT_THAT(rows[0].error, HasSubstr("quote in the middle"));
  EXPECT_THAT(rows[1].error, HasSubstr("quote in the middle"));
  EXPECT_THAT(Texts(rows[2]), ElementsAre("3", "z"));
}

TEST(CsvTest, AQuoteThatIsNeverClosedSpoilsItsOwnLineAlone) {
  const auto rows = Csv("a,b\n1,\"open\n2,x\n3,y\n");

  ASSERT_EQ(rows.size(), 3U);
  EXPECT_THAT(rows[0].error, HasSubstr("never closed"));
  EXPECT_EQ(rows[0].raw, "1,\"open");
  EXPECT_EQ(rows[0].line, 2U);
  EXPECT_THAT(Texts(rows[1]), ElementsAre("2", "x"));
  EXPECT_EQ(rows[2].line, 4U);
}

TEST(CsvTest, ALineBeyondTheLimitIsCutAndSpoiled) {
  const auto rows = Csv("a,b\n1," + std::string(kMaxRowBytes, 'x') + "\n2,y\n");

  ASSERT_EQ(rows.size(), 2U);
  EXPECT_THAT(rows[0].error, HasSubstr("longer than 1048576 bytes"));
  EXPECT_LE(rows[0].raw.size(), kMaxRowBytes);
  EXPECT_THAT(Texts(rows[1]), ElementsAre("2", "y"));
}

TEST(CsvTest, WithoutAHeaderOrWithAColumnTwiceThereIsNoReader) {
  std::istringstream empty("");
  EXPECT_THAT(ReadCsv(empty, ','), StatusIs(absl::StatusCode::kInvalidArgument));

  std::istringstream twice("id,id\n1,2\n");
  const auto reader = ReadCsv(twice, ',');
  EXPECT_THAT(reader, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(std::string(reader.status().message()), HasSubstr("\"id\" twice"));
}

TEST(JsonLinesTest, NamesCellsByTheirPath) {
  const auto rows = Json(R"({"id":"1","items":[{"item_id":"a","quantity":2}],"tags":["x","y"]})");

  ASSERT_EQ(rows.size(), 1U);
  EXPECT_THAT(*rows[0].names,
              ElementsAre("id", "items[0].item_id", "items[0].quantity", "tags[0]", "tags[1]"));
  EXPECT_THAT(Texts(rows[0]), ElementsAre("1", "a", "2", "x", "y"));
}

TEST(JsonLinesTest, KeepsNumbersAsTheyAreWritten) {
  const auto rows = Json(R"({"price":2.10,"big":9007199254740993,"flag":true,"none":null})");

  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].Find("price")->text, "2.10");
  EXPECT_TRUE(rows[0].Find("price")->is_number);
  EXPECT_EQ(rows[0].Find("big")->text, "9007199254740993");
  EXPECT_EQ(rows[0].Find("flag")->text, "true");
  EXPECT_EQ(rows[0].Find("none"), nullptr);
}

TEST(JsonLinesTest, ALineThatIsNoObjectSaysSoAndTheNextIsRead) {
  const auto rows = Json("{\"id\":\n\n[1]\n3\n{\"id\":\"\xFF\"}\n{\"id\":\"5\"}\n");

  ASSERT_EQ(rows.size(), 5U);
  EXPECT_THAT(rows[0].error, HasSubstr("is not JSON at byte"));
  EXPECT_THAT(rows[1].error, HasSubstr("one JSON object a line"));
  EXPECT_THAT(rows[2].error, HasSubstr("one JSON object a line"));
  EXPECT_THAT(rows[3].error, HasSubstr("is not JSON"));
  EXPECT_EQ(rows[1].line, 3U);
  EXPECT_EQ(rows[4].Find("id")->text, "5");
  EXPECT_THAT(rows[4].error, IsEmpty());
}

TEST(JsonLinesTest, RefusesWhatIsNestedTooDeep) {
  const std::string deep = "{\"a\":" + std::string(100, '[') + std::string(100, ']') + "}";

  const auto rows = Json(deep);

  ASSERT_EQ(rows.size(), 1U);
  EXPECT_THAT(rows[0].error, HasSubstr("nested deeper"));
}

}  // namespace
}  // namespace vitrine::cli
