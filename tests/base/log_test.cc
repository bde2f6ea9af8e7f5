#include "vitrine/base/log.h"

#include <gmock/gmock.h>

#include <cstdint>
#include <initializer_list>
#include <limits>
#include <string>
#include <string_view>

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
    Log(LogLevel::kWarning, "store.opened", {{"events", 12}, {"path", "/a/b"}});
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

TEST(LogTest, NumbersAndTruthsAreWrittenAsTheyAreRead) {
  const std::string line = Logged([] {
    Log(LogLevel::kInfo, "event",
        {{"least", std::numeric_limits<std::int64_t>::min()},
         {"most", std::numeric_limits<std::uint64_t>::max()},
         {"share", 0.1},
         {"ms", LogValue::Rounded(312.4, 3)},
         {"seconds", LogValue::Rounded(2.96, 1)},
         {"is_new", true}});
  });

  EXPECT_THAT(line, EndsWith(" least=-9223372036854775808 most=18446744073709551615 share=0.1 "
                             "ms=312.400 seconds=3.0 is_new=true\n"));
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
    Log(LogLevel::kWarning, "store.opened", {{"path", "a\"b\\c\nd"}, {"events", 12}});
  });
  SetLogFormat(LogFormat::kText);
  const std::string after = Logged([] { Log(LogLevel::kInfo, "text.again", {{"a", 1}}); });

  EXPECT_THAT(lines, MatchesRegex("\\{\"time\":\"[-0-9]+T[0-9:.]+Z\",\"level\":\"warning\","
                                  "\"event\":\"store.opened\",.*\\}\n"));
  EXPECT_THAT(lines, HasSubstr(R"("path":"a\"b\\c\u000ad","events":12})"));
  EXPECT_THAT(after, EndsWith("text.again a=1\n"));
}

// A line in JSON, with the time left out.
std::string AsJson(std::initializer_list<LogField> fields) {
  SetLogFormat(LogFormat::kJson);
  const std::string line = Logged([&] { Log(LogLevel::kInfo, "event", fields); });
  SetLogFormat(LogFormat::kText);
  return line.substr(line.find("\"event\":"));
}

TEST(LogTest, AsJsonANumberIsANumberAndATruthATruth) {
  EXPECT_EQ(AsJson({{"port", 50051},
                    {"change", -1},
                    {"bytes", std::numeric_limits<std::uint64_t>::max()},
                    {"share", 0.1},
                    {"many", 1e300},
                    {"ms", LogValue::Rounded(312.4, 3)},
                    {"is_new", true},
                    {"is_old", false}}),
            "\"event\":\"event\",\"port\":50051,\"change\":-1,\"bytes\":18446744073709551615,"
            "\"share\":0.1,\"many\":1e+300,\"ms\":312.400,\"is_new\":true,\"is_old\":false}\n");
}

TEST(LogTest, AsJsonATextThatLooksLikeANumberStaysAText) {
  const std::string id = "12345";

  EXPECT_EQ(AsJson({{"id", id}, {"version", std::string_view("20261128")}, {"is", "true"}}),
            "\"event\":\"event\",\"id\":\"12345\",\"version\":\"20261128\",\"is\":\"true\"}\n");
}

TEST(LogTest, AsJsonWhatIsNoNumberThereIsAText) {
  EXPECT_EQ(AsJson({{"none", std::numeric_limits<double>::quiet_NaN()},
                    {"most", std::numeric_limits<double>::infinity()},
                    {"ms", LogValue::Rounded(-std::numeric_limits<double>::infinity(), 1)}}),
            "\"event\":\"event\",\"none\":\"nan\",\"most\":\"inf\",\"ms\":\"-inf\"}\n");
}

}  // namespace
}  // namespace vitrine
