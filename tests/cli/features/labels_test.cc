#include "cli/features/labels.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <string>

#include "testing/fake_clock.h"
#include "testing/status_matchers.h"
#include "testing/temporary_folder.h"

namespace vitrine::cli {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using ::vitrine::testing::FakeClock;
using ::vitrine::testing::IsOk;
using ::vitrine::testing::StatusIs;
using ::vitrine::testing::TemporaryFolder;

class LabelsTest : public ::testing::Test {
 protected:
  absl::StatusOr<Labels> Read(const std::string& text, const LabelsFormat& format = {}) {
    std::ofstream(path_, std::ios::binary) << text;
    return ReadLabels(path_, format);
  }

  // What is said after the file's name of text that cannot be taken.
  std::string Complaint(const std::string& text) {
    const auto labels = Read(text);
    EXPECT_EQ(labels.status().code(), absl::StatusCode::kInvalidArgument);
    const std::string message(labels.status().message());
    EXPECT_THAT(message, StartsWith(path_));
    return message.substr(std::min(message.size(), path_.size()));
  }

  TemporaryFolder folder_;
  std::string path_ = folder_ / "labels.csv";
};

TEST_F(LabelsTest, EachRowAsksForItsShopperAndItemAtItsTimeAndKeepsAllItsCells) {
  const auto labels =
      Read("bought,user_id,item_id,time\n1,007,mug,2026-01-01\n0,ann,,1767225601\n");

  ASSERT_THAT(labels, IsOk());
  EXPECT_THAT(labels->columns, ElementsAre("bought", "user_id", "item_id", "time"));
  EXPECT_THAT(labels->rows, ElementsAre(ElementsAre("1", "007", "mug", "2026-01-01"),
                                        ElementsAre("0", "ann", "", "1767225601")));
  EXPECT_THAT(
      labels->questions,
      ElementsAre(
          FeatureQuestion{.user_id = "007", .item_id = "mug", .time_us = FakeClock::kStart},
          FeatureQuestion{.user_id = "ann", .time_us = FakeClock::kStart + kMicrosPerSecond}));
  EXPECT_TRUE(labels->has_shoppers);
  EXPECT_TRUE(labels->has_items);
}

TEST_F(LabelsTest, TimesWithoutAnOffsetAreOfTheZoneAndTheDelimiterIsChosen) {
  const auto labels = Read("visitor_id;time\nv1;2026-01-01 01:00:00\n",
                           {.delimiter = ';', .time_zone = "Europe/Berlin"});

  ASSERT_THAT(labels, IsOk());
  EXPECT_THAT(labels->questions,
              ElementsAre(FeatureQuestion{.visitor_id = "v1", .time_us = FakeClock::kStart}));
  EXPECT_FALSE(labels->has_items);
}

TEST_F(LabelsTest, AMistakeIsNamedWithItsLineWhatWasSeenAndWhatIsWanted) {
  EXPECT_EQ(Complaint("user_id,time\nann,2026-01-01\nbob,yesterday\n"),
            ":3: time is \"yesterday\"; wants a time after 1970 such as 2026-01-31, "
            "2026-01-31T08:26:00Z or seconds since 1970");
  EXPECT_THAT(Complaint("user_id,time\nann,\n"), StartsWith(":2: time is \"\"; wants a time"));
  EXPECT_EQ(Complaint("user_id,item_id,time\n,,2026-01-01\n"),
            ":2: names no user, visitor or item; wants at least one");
  EXPECT_THAT(Complaint("user_id,time\nann\n"), StartsWith(":2: the row "));
  EXPECT_EQ(Complaint("user_id,tim\nann,1\n"),
            ":1: there is no column time among user_id, tim; wants the moment that each row is as "
            "of: rename tim");
  EXPECT_EQ(Complaint("shopper,time\nann,1\n"),
            ":1: there is no column user_id, visitor_id or item_id among shopper, time; wants at "
            "least one");
  EXPECT_EQ(Complaint("user_id,time\n"), ": has a header and no row; wants a label a line");
  EXPECT_THAT(Complaint(""), HasSubstr("the file is empty"));
}

TEST_F(LabelsTest, AFileOrATimeZoneThatIsNotThereIsSaid) {
  const absl::Status no_file = ReadLabels(folder_ / "none.csv", {}).status();
  const absl::Status no_zone =
      Read("user_id,time\nann,1\n", {.time_zone = "Mars/Olympus"}).status();

  EXPECT_THAT(no_file, StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(std::string(no_file.message()), EndsWith("none.csv cannot be opened"));
  EXPECT_THAT(no_zone, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(std::string(no_zone.message()),
              AllOf(HasSubstr("Mars/Olympus"), HasSubstr("Europe/London")));
}

}  // namespace
}  // namespace vitrine::cli
