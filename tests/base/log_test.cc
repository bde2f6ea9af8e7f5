#include "vitrine/base/log.h"

#include <gmock/gmock.h>

#include <string>

#include "vitrine/base/log_format.h"

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
              MatchesRegex("[-0-9]+T[0-9:.]+Z .*warning.* store.opened events=12 path=/a/b\n"));
}

TEST(LogTest, QuotesWhatWouldBreakTheLineIntoOtherFields) {
  const std::string line = Logged([] {
    Log(LogLevel::kError, "event",
        {{"empty", ""}, {"blank", "a b"}, {"equals", "a=b"}, {"quote", "a\"b"}, {"lines", "a\nb"}});
  });

  EXPECT_THAT(line, EndsWith("empty=\"\" blank=\"a b\" equals=\"a=b\" quote=\"a\\\"b\" "
                             "lines=\"a b\"\n"));
}

TEST(LogTest, WhatATerminalWouldObeyBecomesABlank) {
  const std::string line = Logged([] {
    Log(LogLevel::kError, "event", {{"escape", "a\x1b[2Jb\rc\x7f"}});
  });

  EXPECT_THAT(line, EndsWith("escape=\"a [2Jb c \"\n"));
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

TEST(LogTest, AsJsonALineIsOneObjectThatQuotesWhatItMust) {
  SetLogFormat(LogFormat::kJson);
  const std::string lines = Logged([] {
    Log(LogLevel::kWarning, "store.opened", {{"path", "a\"b\\c\nd"}, {"events", "12"}});
  });
  SetLogFormat(LogFormat::kText);
  const std::string after = Logged([] { Log(LogLevel::kInfo, "text.again", {{"a", "1"}}); });

  EXPECT_THAT(lines, MatchesRegex("\\{\"time\":\"[-0-9]+T[0-9:.]+Z\",\"level\":\"warning\","
                                  "\"event\":\"store.opened\",.*\\}\n"));
  EXPECT_THAT(lines, HasSubstr(R"("path":"a\"b\\c\u000ad","events":"12"})"));
  EXPECT_THAT(after, EndsWith("text.again a=1\n"));
}

}  // namespace
}  // namespace vitrine
