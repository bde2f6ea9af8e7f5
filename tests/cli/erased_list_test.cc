#include "cli/erased_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "testing/status_matchers.h"
#include "testing/temporary_folder.h"

namespace vitrine::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::vitrine::testing::IsOk;
using ::vitrine::testing::StatusIs;

class ErasedListTest : public ::testing::Test {
 protected:
  absl::StatusOr<std::vector<vitrine::EraseUser>> Read(const std::string& text) {
    std::ofstream(folder_ / "list", std::ios::binary) << text;
    return ReadErasedList(folder_ / "list");
  }

  vitrine::testing::TemporaryFolder folder_;
};

TEST_F(ErasedListTest, HasAnIdALineAsItWasGiven) {
  const auto read = Read("\xEF\xBB\xBFuser 17\r\n\nvisitor a b\nuser user\nuser J\xC3\xBCrgen");

  ASSERT_THAT(read, IsOk());
  std::vector<std::string> users;
  std::vector<std::string> visitors;
  for (const vitrine::EraseUser& person : *read) {
    users.push_back(person.user_id);
    visitors.push_back(person.visitor_id);
  }
  EXPECT_THAT(users, ElementsAre("17", "", "user", "J\xC3\xBCrgen"));
  EXPECT_THAT(visitors, ElementsAre("", "a b", "", ""));
}

TEST_F(ErasedListTest, MayBeEmpty) {
  const auto read = Read("");

  ASSERT_THAT(read, IsOk());
  EXPECT_THAT(*read, IsEmpty());
}

TEST_F(ErasedListTest, ABadLineIsNamedWithWhatWasSeenAndIsWanted) {
  struct BadLine {
    std::string line{};
    std::string says{};
  };
  const std::vector<BadLine> lines = {
      {"customer 17", "wants \"user ID\" or \"visitor ID\", has \"customer 17\""},
      {"user", "has \"user\""},
      {"user\t17", "wants \"user ID\""},
      {" user 17", "wants \"user ID\""},
      {"visitor ", "the id is empty, wants 1 to 256 bytes"},
      {"user " + std::string(257, 'x'), "the id has 257 bytes, wants at most 256"},
      {"user \xFF", "the id is not UTF-8 at byte 0"},
      {"user 17 ", "the id \"17 \" begins or ends with a blank"},
      {"user  17", "the id \" 17\" begins or ends with a blank"},
  };

  for (const BadLine& bad : lines) {
    SCOPED_TRACE(bad.line);
    const auto read = Read("user 1\n\n" + bad.line + "\nuser 2\n");

    EXPECT_THAT(read, StatusIs(absl::StatusCode::kInvalidArgument));
    EXPECT_THAT(std::string(read.status().message()), HasSubstr(folder_ / "list:3: "));
    EXPECT_THAT(std::string(read.status().message()), HasSubstr(bad.says));
  }
}

TEST_F(ErasedListTest, AFileThatIsNotThereIsNotFound) {
  EXPECT_THAT(ReadErasedList(folder_ / "none"), StatusIs(absl::StatusCode::kNotFound));
}

}  // namespace
}  // namespace vitrine::cli
