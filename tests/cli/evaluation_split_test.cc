#include "cli/evaluation_split.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "testing/status_matchers.h"
#include "testing/temporary_folder.h"
#include "vitrine/base/atomic_file.h"

namespace vitrine::cli {
namespace {

using ::vitrine::testing::IsOk;
using ::vitrine::testing::StatusIs;

class ReadSplitTest : public ::testing::Test {
 protected:
  std::string Write(const std::string& name, const std::string& content) {
    EXPECT_THAT(WriteFileAtomically(LocalFileSystem(), folder_ / name, content), IsOk());
    return folder_ / name;
  }

  vitrine::testing::TemporaryFolder folder_;
};

// Thirty users over ten days; each comes on several days and touches two items on each. One more
// had every item on the first day, so that items keep their numbers whatever the others touch.
std::string Visits() {
  std::string text;
  for (int item = 0; item < 20; ++item) text += absl::StrFormat("all\ti%d\t1\t100\n", item);
  for (int user = 0; user < 30; ++user) {
    for (int day = user % 5; day < 10; day += 1 + user % 3) {
      for (int i = 0; i < 2; ++i) {
        text += absl::StrFormat("u%d\ti%d\t1\t%d\n", user, (user + 3 * day + i) % 20,
                                day * 86'400 + 100);
      }
    }
  }
  return text;
}

// The same file with another item wherever a user's case in `split` was asked or later.
std::string WithOtherAnswers(const std::string& text, const Split& split) {
  std::map<std::string, Micros> asked_us;
  for (const TestCase& test : split.cases) {
    asked_us[split.train.user_ids[test.training_user]] = test.now_us;
  }
  std::string changed;
  for (const auto line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
    const std::vector<std::string> fields = absl::StrSplit(line, '\t');
    const auto asked = asked_us.find(fields[0]);
    const bool is_answer =
        asked != asked_us.end() && std::stoll(fields[3]) * kMicrosPerSecond >= asked->second;
    changed += fields[0] + "\t" + (is_answer ? "i0" : fields[1]) + "\t1\t" + fields[3] + "\n";
  }
  return changed;
}

class ValidationPartTest : public ReadSplitTest,
                           public ::testing::WithParamInterface<const char*> {};

TEST_P(ValidationPartTest, DoesNotDependOnTheTestPart) {
  SplitFlags flags;
  flags.protocol = GetParam();
  flags.cut = "1970-01-08";
  flags.data = Write("data.tsv", Visits());
  const auto test = ReadSplit(flags, Part::kTest);
  const auto validation = ReadSplit(flags, Part::kValidation);
  ASSERT_THAT(test, IsOk());
  ASSERT_THAT(validation, IsOk());
  const std::string other = WithOtherAnswers(Visits(), *test);
  ASSERT_NE(other, Visits());

  flags.data = Write("other.tsv", other);
  const auto again = ReadSplit(flags, Part::kValidation);

  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->train.interactions, validation->train.interactions);
  EXPECT_EQ(again->past, validation->past);
  ASSERT_EQ(again->cases.size(), validation->cases.size());
  for (std::size_t i = 0; i < again->cases.size(); ++i) {
    EXPECT_EQ(again->cases[i].relevant, validation->cases[i].relevant);
  }
}

INSTANTIATE_TEST_SUITE_P(Protocols, ValidationPartTest,
                         ::testing::Values("temporal", "next-basket"));

TEST_F(ReadSplitTest, AValidationPartOfAFixedSplitNeedsNoTestFile) {
  SplitFlags flags;
  flags.format = "pairs-by-user";
  flags.train = Write("train.txt", "1 a b c d e f g h\n2 a c e g i k\n");
  flags.test = folder_ / "nowhere.txt";
  ASSERT_THAT(CheckSplitFlags(flags, Part::kValidation), IsOk());

  const auto validation = ReadSplit(flags, Part::kValidation);
  const auto test = ReadSplit(flags, Part::kTest);

  ASSERT_THAT(validation, IsOk());
  EXPECT_EQ(validation->cases.size(), 2u);
  EXPECT_THAT(test, StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(ReadSplitTest, AFileWithNothingToFindIsRefused) {
  SplitFlags flags;
  flags.protocol = "next-basket";
  flags.data = Write("data.tsv", "ann\tmug\t1\t5\nann\tcup\t1\t5\n");

  EXPECT_THAT(ReadSplit(flags, Part::kTest), StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST_F(ReadSplitTest, ACutThatIsNoTimeIsRefused) {
  SplitFlags flags;
  flags.protocol = "temporal";
  flags.cut = "yesterday";
  flags.data = Write("data.tsv", Visits());

  EXPECT_THAT(ReadSplit(flags, Part::kTest), StatusIs(absl::StatusCode::kInvalidArgument));
}

struct FlagCase {
  const char* protocol;
  const char* format;
  const char* data;
  const char* cut;
};

class WrongSplitFlagsTest : public ::testing::TestWithParam<FlagCase> {};

TEST_P(WrongSplitFlagsTest, AreAnsweredWithWhatIsWanted) {
  SplitFlags flags;
  flags.protocol = GetParam().protocol;
  flags.format = GetParam().format;
  flags.data = GetParam().data;
  flags.cut = GetParam().cut;

  const absl::Status status = CheckSplitFlags(flags, Part::kTest);

  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument));
}

INSTANTIATE_TEST_SUITE_P(Flags, WrongSplitFlagsTest,
                         ::testing::Values(FlagCase{"fixed", "tsv", "", ""},
                                           FlagCase{"temporal", "tsv", "f", ""},
                                           FlagCase{"temporal", "sequences", "f", "2020-01-01"},
                                           FlagCase{"leave-last-out", "tsv", "", ""},
                                           FlagCase{"leave-last-out", "pairs-by-user", "f", ""},
                                           FlagCase{"next-basket", "sequences", "f", ""},
                                           FlagCase{"session-prefix", "pairs-by-user", "f", ""}));

TEST_F(ReadSplitTest, TheValidationPartOfRatingsHoldsNothingOfTheFirstFold) {
  std::string text;
  for (int user = 0; user < 10; ++user) {
    for (int item = 0; item < 10; ++item) {
      text += absl::StrFormat("u%d\ti%d\t%d\n", user, item, 1 + (user + item) % 5);
    }
  }
  SplitFlags flags;
  flags.protocol = "ratings";
  flags.data = Write("ratings.tsv", text);

  const auto test = ReadRatings(flags, Part::kTest);
  const auto validation = ReadRatings(flags, Part::kValidation);

  ASSERT_THAT(test, IsOk());
  ASSERT_THAT(validation, IsOk());
  EXPECT_EQ(test->held.size(), 100U);
  EXPECT_EQ(validation->held.size(), 80U);
  for (const HeldRating& held : test->held) {
    if (held.fold != 0) continue;
    for (const Interaction& each : validation->dataset.History(held.user)) {
      EXPECT_NE(each.item, held.item);
    }
  }
}

}  // namespace
}  // namespace vitrine::cli
