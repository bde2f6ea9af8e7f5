#include "cli/import/importer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "absl/strings/str_format.h"
#include "cli/fake_shop_writer.h"
#include "testing/status_matchers.h"
#include "testing/temporary_folder.h"

namespace vitrine::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::vitrine::testing::IsOk;
using ::vitrine::testing::StatusIs;
using ::vitrine::testing::TemporaryFolder;

// A reader over text that it owns.
class TextRows final : public RowReader {
 public:
  explicit TextRows(const std::string& text) : input_(text), rows_(*ReadCsv(input_, ',')) {}
  absl::StatusOr<bool> Next(Row& row) override { return rows_->Next(row); }
  const std::vector<std::string>& columns() const override { return rows_->columns(); }
  std::uint64_t bytes_read() const override { return rows_->bytes_read(); }

 private:
  std::istringstream input_;
  std::unique_ptr<RowReader> rows_;
};

RowConverter MakeConverter(RowKind kind) {
  ConvertOptions options;
  options.kind = kind;
  options.event_type = EventType::kDetailPageView;
  options.source = "shop.csv";
  return RowConverter(options, *TimeFormat::Create("auto", "UTC"));
}

// Views of items i0, i1 ... by users u0, u1, u2; every tenth row has no user.
std::string Views(int count) {
  std::string text = "user_id,item_id,event_time\n";
  for (int i = 0; i < count; ++i) {
    text += absl::StrFormat("%s,i%d,%d\n", i % 10 == 9 ? "" : absl::StrFormat("u%d", i % 3), i,
                            1'000'000'000 + i);
  }
  return text;
}

class ImporterTest : public ::testing::Test {
 protected:
  absl::StatusOr<ImportCounts> Run(RowKind kind, const std::string& text,
                                   const ProgressNote* note = nullptr,
                                   const std::string& fingerprint = "map") {
    const RowConverter converter = MakeConverter(kind);
    rejects_text_.str("");
    RejectLog rejects(&rejects_text_);
    ImportJob job;
    job.kind = kind;
    job.open = [&text]() -> absl::StatusOr<std::unique_ptr<RowReader>> {
      return std::make_unique<TextRows>(text);
    };
    job.converter = &converter;
    job.fingerprint = fingerprint;
    job.note = note;
    job.rejects = &rejects;
    job.batch_rows = 10;
    return Import(job, shop_, SystemClock());
  }

  ProgressNote Note() const { return {LocalFileSystem(), folder_ / "imports", "shop.csv"}; }

  TemporaryFolder folder_;
  FakeShopWriter shop_;
  std::ostringstream rejects_text_;
};

TEST_F(ImporterTest, EveryRowIsWrittenOrRejected) {
  const auto counts = Run(RowKind::kEvents, Views(95));

  ASSERT_THAT(counts, IsOk());
  EXPECT_EQ(counts->rows, 95U);
  EXPECT_EQ(counts->written, 86U);
  EXPECT_EQ(counts->num_rejected(), 9U);
  EXPECT_THAT(shop_.events, SizeIs(86));
  EXPECT_EQ(shop_.num_batches, 9U);
}

TEST_F(ImporterTest, RejectedRowsAreCountedSampledAndWrittenDown) {
  const auto counts = Run(RowKind::kEvents, Views(95));

  ASSERT_THAT(counts, IsOk());
  const RejectedRows& rejected = counts->rejected.at("no-customer");
  EXPECT_EQ(rejected.count, 9U);
  ASSERT_THAT(rejected.samples, SizeIs(RejectLog::kSamples));
  EXPECT_EQ(rejected.samples[0].line, 11U);
  std::istringstream file(rejects_text_.str());
  std::string line;
  std::getline(file, line);
  EXPECT_EQ(line, "line,reason,detail,row");
  std::getline(file, line);
  EXPECT_EQ(line, "11,\"no-customer\",\"\",\",i9,1000000009\"");
}

TEST_F(ImporterTest, RowsThatAreAlikeStayDistinct) {
  const auto counts = Run(RowKind::kEvents, "user_id,item_id,event_time\nu,i,5\nu,i,5\n");

  ASSERT_THAT(counts, IsOk());
  EXPECT_EQ(counts->written, 2U);
  EXPECT_THAT(shop_.events, SizeIs(2));
}

TEST_F(ImporterTest, ASecondImportAddsNothing) {
  ASSERT_THAT(Run(RowKind::kEvents, Views(95)), IsOk());

  const auto again = Run(RowKind::kEvents, Views(95));

  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->written, 0U);
  EXPECT_EQ(again->duplicates, 86U);
  EXPECT_THAT(shop_.events, SizeIs(86));
}

TEST_F(ImporterTest, AnEventIdWithOtherContentRejectsItsRowAlone) {
  ASSERT_THAT(Run(RowKind::kEvents, Views(20)), IsOk());
  std::string changed = Views(20);
  changed.replace(changed.find("u1,i4"), 5, "u1,x4");

  const auto counts = Run(RowKind::kEvents, changed);

  ASSERT_THAT(counts, IsOk());
  EXPECT_EQ(counts->duplicates, 17U);
  EXPECT_EQ(counts->rejected.at("event-id-reused").count, 1U);
  EXPECT_EQ(counts->rejected.at("event-id-reused").samples[0].line, 6U);
  EXPECT_THAT(rejects_text_.str(), HasSubstr("x4"));
}

TEST_F(ImporterTest, OfAnItemDescribedTwiceTheLatestWins) {
  std::string text = "id,title\n";
  for (int i = 0; i < 100; ++i) text += absl::StrFormat("i%d,title %d\n", i % 7, i);

  const auto counts = Run(RowKind::kItems, text);

  ASSERT_THAT(counts, IsOk());
  EXPECT_THAT(shop_.items, SizeIs(7));
  EXPECT_EQ(shop_.items.at("i1").title, "title 99");
  EXPECT_EQ(shop_.items.at("i2").title, "title 93");
  EXPECT_EQ(counts->written + counts->superseded, 100U);
}

TEST_F(ImporterTest, UsersAreWritten) {
  const auto counts = Run(RowKind::kUsers, "id,attributes.country\nu1,France\nu2,Peru\n");

  ASSERT_THAT(counts, IsOk());
  EXPECT_EQ(counts->written, 2U);
  EXPECT_EQ(shop_.users.at("u2").attributes.at("country"), AttributeValue(std::string("Peru")));
}

TEST_F(ImporterTest, UsersWhoWereErasedStayAwayAndKeepNobodyElseOut) {
  shop_.erased = {"u3", "u17"};
  std::string text = "id,attributes.city\n";
  for (int i = 0; i < 25; ++i) text += absl::StrFormat("u%d,Ulm\n", i);

  const auto counts = Run(RowKind::kUsers, text);

  ASSERT_THAT(counts, IsOk());
  EXPECT_EQ(counts->written, 23U);
  EXPECT_EQ(counts->dropped, 2U);
  EXPECT_THAT(shop_.users, SizeIs(23));
  EXPECT_FALSE(shop_.users.contains("u17"));
}

TEST_F(ImporterTest, AnImportThatBrokeOffGoesOnWhereItWas) {
  const ProgressNote note = Note();
  shop_.fails_after = 4;
  ASSERT_THAT(Run(RowKind::kEvents, Views(95), &note), StatusIs(absl::StatusCode::kUnavailable));
  ASSERT_TRUE(note.Read().has_value());
  EXPECT_THAT(shop_.events, SizeIs(40));
  shop_.fails_after.reset();
  shop_.num_batches = 0;

  const auto counts = Run(RowKind::kEvents, Views(95), &note);

  ASSERT_THAT(counts, IsOk());
  EXPECT_EQ(counts->rows, 95U);
  EXPECT_EQ(counts->resumed, 40U);
  EXPECT_EQ(counts->written, 46U);
  EXPECT_EQ(counts->num_rejected(), 9U);
  EXPECT_EQ(shop_.num_batches, 5U);
  EXPECT_THAT(shop_.events, SizeIs(86));
  EXPECT_FALSE(note.Read().has_value());
}

TEST_F(ImporterTest, ANoteOfAnotherFileOrMappingIsOfNoUse) {
  const ProgressNote note = Note();
  shop_.fails_after = 4;
  ASSERT_THAT(Run(RowKind::kEvents, Views(95), &note), StatusIs(absl::StatusCode::kUnavailable));
  shop_.fails_after.reset();
  const Progress noted = *note.Read();

  std::string changed = Views(95);
  changed.replace(changed.find("u1,i4"), 5, "u1,x4");
  const auto other_file = Run(RowKind::kEvents, changed, &note);
  ASSERT_THAT(note.Write(noted), IsOk());
  const auto other_mapping = Run(RowKind::kEvents, Views(95), &note, "another map");
  ASSERT_THAT(note.Write(noted), IsOk());
  const auto shorter = Run(RowKind::kEvents, Views(5), &note);

  ASSERT_THAT(other_file, IsOk());
  EXPECT_EQ(other_file->resumed, 0U);
  ASSERT_THAT(other_mapping, IsOk());
  EXPECT_EQ(other_mapping->resumed, 0U);
  ASSERT_THAT(shorter, IsOk());
  EXPECT_EQ(shorter->resumed, 0U);
}

TEST_F(ImporterTest, AFileThatGrewGoesOnToo) {
  const ProgressNote note = Note();
  shop_.fails_after = 4;
  ASSERT_THAT(Run(RowKind::kEvents, Views(95), &note), StatusIs(absl::StatusCode::kUnavailable));
  shop_.fails_after.reset();

  const auto counts = Run(RowKind::kEvents, Views(120), &note);

  ASSERT_THAT(counts, IsOk());
  EXPECT_EQ(counts->resumed, 40U);
  EXPECT_THAT(shop_.events, SizeIs(108));
}

TEST_F(ImporterTest, TheReportForScriptsAccountsForEveryRow) {
  const auto counts = Run(RowKind::kEvents, Views(95));
  ASSERT_THAT(counts, IsOk());

  const auto json = nlohmann::json::parse(ImportJson(RowKind::kEvents, *counts, 1.5));

  EXPECT_EQ(json["kind"], "events");
  EXPECT_EQ(json["rows"], 95);
  EXPECT_EQ(json["written"], 86);
  EXPECT_EQ(json["rejected_rows"], 9);
  EXPECT_EQ(json["rejected"]["no-customer"]["count"], 9);
  EXPECT_EQ(json["rejected"]["no-customer"]["samples"][0]["line"], 11);
  EXPECT_THAT(DescribeImport(RowKind::kEvents, *counts, 1.5), HasSubstr("no-customer"));
}

TEST(TsvWriterTest, WritesInteractionsWithTheirWeights) {
  std::ostringstream output;
  EventWeights weights;
  const auto writer = MakeTsvWriter(output, weights);
  Event bought;
  bought.type = EventType::kPurchaseComplete;
  bought.user_id = "u";
  bought.time_us = 7 * kMicrosPerSecond;
  bought.items = {{"a", 1, {}}, {"b", 2, {}}};
  Event searched = bought;
  searched.type = EventType::kSearch;

  const auto result = WriteAndWait(*writer, RecordEvents{{bought, searched}});

  ASSERT_THAT(result, IsOk());
  EXPECT_EQ(output.str(), "u\ta\t5\t7\nu\tb\t5\t7\n");
}

}  // namespace
}  // namespace vitrine::cli
