#include "vitrine/base/log.h"

#include <gmock/gmock.h>

#include <string>

namespace vitrine {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;

// What Log wrote to standard error.
template <typename Body>
std::string Logged(Body body) {
  ::testing::internal::CaptureStderr();
  body();
  return ::testing::internal::GetCapturedStderr();
}

TEST(LogTest, WritesTimeLevelEventAndFieldsOnOneLine) {
  const std::string line = Logged([] {
    Log(LogLevel::kWarning, "store.opened", {{"events", "12"}, {"path", "/a/b"}});
  });

  EXPECT_THAT(line,
              MatchesRegex("[-0-9]+T[0-9:.]+ .*warning.* store.opened events=12 path=/a/b\n"));
}

TEST(LogTest, QuotesWhatWouldBreakTheLineIntoOtherFields) {
  const std::string line = Logged([] {
    Log(LogLevel::kError, "event",
        {{"empty", ""}, {"blank", "a b"}, {"equals", "a=b"}, {"quote", "a\"b"}, {"lines", "a\nb"}});
  });

  EXPECT_THAT(line, EndsWith("empty=\"\" blank=\"a b\" equals=\"a=b\" quote=\"a\\\"b\" "
                             "lines=\"a b\"\n"));
}

TEST(LogTest, DropsLinesBelowTheLevel) {
  SetLogLevel(LogLevel::kError);
  const std::string lines = Logged([] {
    Log(LogLevel::kInfo, "quiet");
    Log(LogLevel::kError, "loud");
  });
  SetLogLevel(LogLevel::kInfo);

  EXPECT_THAT(lines, HasSubstr("loud"));
  EXPECT_THAT(lines, Not(HasSubstr("quiet")));
}

}  // namespace
}  // namespace vitrine
