#include "cli/simulate/simulator.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "testing/fault_file_system.h"
#include "testing/status_matchers.h"
#include "testing/temporary_folder.h"

namespace vitrine::simulate {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using vitrine::testing::FaultFileSystem;
using vitrine::testing::IsOk;
using vitrine::testing::StatusIs;
using vitrine::testing::TemporaryFolder;

const std::vector<std::string> kFiles = {"events.jsonl",    "items.csv",
                                         "truth_items.csv", "truth_purchases.csv",
                                         "truth_users.csv", "users.csv"};

SimulateOptions Small(const std::string& folder) {
  SimulateOptions options;
  options.folder = folder;
  options.num_items = 300;
  options.num_users = 200;
  options.num_events = 3'000;
  options.seed = 7;
  return options;
}

std::string Read(const std::string& path) { return *LocalFileSystem().ReadFile(path); }

std::vector<std::string> Lines(const std::string& path) {
  std::istringstream text(Read(path));
  std::vector<std::string> lines;
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  return lines;
}

// The first fields of a CSV file's rows.
std::set<std::string> Keys(const std::string& path) {
  std::set<std::string> keys;
  for (const std::string& line : Lines(path)) keys.insert(line.substr(0, line.find(',')));
  return keys;
}

TEST(SimulatorTest, TheSameSeedGivesTheSameBytesAndAnotherOneOthers) {
  TemporaryFolder folder;
  SimulateOptions other = Small(folder / "other");
  other.seed = 8;

  ASSERT_THAT(Simulate(Small(folder / "a"), {}), IsOk());
  ASSERT_THAT(Simulate(Small(folder / "b"), {}), IsOk());
  ASSERT_THAT(Simulate(other, {}), IsOk());

  EXPECT_EQ(*LocalFileSystem().ListFolder(folder / "a"), kFiles);
  for (const std::string& file : kFiles) {
    EXPECT_TRUE(Read(folder / "a/" + file) == Read(folder / "b/" + file)) << file;
    EXPECT_FALSE(Read(folder / "a/" + file) == Read(folder / "other/" + file)) << file;
  }
}

TEST(SimulatorTest, TheShippedSampleIsWhatItWrites) {
  TemporaryFolder folder;
  SimulateOptions options;  // As in data/README.md.
  options.folder = folder.path();
  options.num_items = 500;
  options.num_users = 400;
  options.num_events = 4'500;
  options.seed = 2026;

  ASSERT_THAT(Simulate(options, {}), IsOk());

  for (const std::string& file : kFiles) {
    EXPECT_TRUE(Read(folder / file) ==
                Read(std::string(VITRINE_TEST_DATA) + "/sample-shop/" + file))
        << file << ": run the command in data/README.md again";
  }
}

TEST(SimulatorTest, EventsNameOnlyItemsAndUsersOfTheOtherFiles) {
  TemporaryFolder folder;
  ASSERT_THAT(Simulate(Small(folder.path()), {}), IsOk());
  const std::set<std::string> items = Keys(folder / "items.csv");
  const std::set<std::string> users = Keys(folder / "users.csv");

  const std::vector<std::string> lines = Lines(folder / "events.jsonl");
  ASSERT_EQ(lines.size(), 3'000U);
  for (const std::string& line : lines) {
    const auto event = nlohmann::json::parse(line);
    if (event.contains("user_id")) {
      ASSERT_THAT(users, Contains(event["user_id"]));
    }
    for (const auto& item : event.value("items", nlohmann::json::array())) {
      ASSERT_THAT(items, Contains(item["item_id"]));
    }
  }
}

TEST(SimulatorTest, SomeOfTheCatalogueIsInChinese) {
  TemporaryFolder folder;
  ASSERT_THAT(Simulate(Small(folder.path()), {}), IsOk());

  const std::vector<std::string> rows = Lines(folder / "items.csv");
  const auto is_chinese = [](const std::string& row) { return row.find("，适合") != row.npos; };
  const auto count = std::count_if(rows.begin(), rows.end(), is_chinese);
  EXPECT_GT(count, 20);  // 45 of 300 on average.
  EXPECT_LT(count, 80);
}

TEST(SimulatorTest, VariantsNameAProductOfTheCatalogue) {
  TemporaryFolder folder;
  ASSERT_THAT(Simulate(Small(folder.path()), {}), IsOk());
  const std::set<std::string> items = Keys(folder / "items.csv");

  int variants = 0;
  for (const std::string& row : Lines(folder / "items.csv")) {
    const std::size_t begin = row.find(',') + 1;
    const std::string primary = row.substr(begin, row.find(',', begin) - begin);
    if (primary.empty() || primary == "primary_item_id") continue;
    ++variants;
    EXPECT_THAT(items, Contains(primary));
  }
  EXPECT_GT(variants, 20);
}

TEST(SimulatorTest, WorksForTheSmallestShop) {
  TemporaryFolder folder;
  SimulateOptions options = Small(folder.path());
  options.num_items = options.num_users = options.num_events = 1;

  ASSERT_THAT(Simulate(options, {}), IsOk());

  EXPECT_EQ(Lines(folder / "events.jsonl").size(), 1U);
}

TEST(SimulatorTest, ReportsProgressUpToOne) {
  TemporaryFolder folder;
  std::vector<double> reports;
  ASSERT_THAT(Simulate(Small(folder.path()), [&](double done) { reports.push_back(done); }),
              IsOk());

  EXPECT_TRUE(std::is_sorted(reports.begin(), reports.end()));
  EXPECT_EQ(reports.back(), 1);
}

TEST(SimulatorTest, SaysWhichOptionIsOutOfRange) {
  TemporaryFolder folder;
  SimulateOptions options = Small(folder / "none");
  options.num_users = 0;

  const absl::Status status = Simulate(options, {});

  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(std::string(status.message()), HasSubstr("users is 0"));
  EXPECT_THAT(*LocalFileSystem().ListFolder(folder.path()), ElementsAre());
}

TEST(SimulatorTest, ReportsAFullDisk) {
  TemporaryFolder folder;
  FaultFileSystem files;
  files.FillDiskAfter(200'000);

  EXPECT_THAT(Simulate(Small(folder.path()), {}, files),
              StatusIs(absl::StatusCode::kResourceExhausted));
}

}  // namespace
}  // namespace vitrine::simulate
