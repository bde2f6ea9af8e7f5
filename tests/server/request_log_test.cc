#include "server/request_log.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <functional>
#include <set>
#include <string>

#include "vitrine/base/log.h"
#include "vitrine/base/log_format.h"

namespace vitrine {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::Not;

std::string Logged(const std::function<void()>& body) {
  SetLogLevel(LogLevel::kInfo);
  ::testing::internal::CaptureStderr();
  body();
  return ::testing::internal::GetCapturedStderr();
}

// Notes one call of RecommendItems.
void NoteOne(RequestLog& log, Micros took_us, const absl::Status& status = absl::OkStatus(),
             const CallNote* note = nullptr) {
  Method method;
  method.name = "RecommendItems";
  grpc::CallbackServerContext context;
  log.Note(
      context,
      {.method = method, .status = status, .took_us = took_us, .waited_us = 1'500, .note = note});
}

TEST(RequestIdTest, IsSaneWhereItCanBreakNoLineAndNoHeader) {
  EXPECT_TRUE(RequestId::IsSane("7f3a"));
  EXPECT_TRUE(RequestId::IsSane("Checkout-7_f.3"));
  EXPECT_TRUE(RequestId::IsSane(std::string(64, 'x')));

  EXPECT_FALSE(RequestId::IsSane(""));
  EXPECT_FALSE(RequestId::IsSane(std::string(65, 'x')));
  EXPECT_FALSE(RequestId::IsSane("ann@example.com"));
  EXPECT_FALSE(RequestId::IsSane("a b"));
  EXPECT_FALSE(RequestId::IsSane("a\nb"));
}

TEST(RequestIdTest, AMadeOneIsFifteenHexadecimalDigits) {
  EXPECT_EQ(RequestId(0x123).text(), "321000000000000");
  EXPECT_LE(RequestId(1).text().size(), std::string().capacity());  // Asks for no memory.
}

TEST(RequestLogTest, ASlowCallHasALineWithItsStages) {
  RequestLog log({.slow_ms = 250});
  const CallNote note{.placement = "home",
                      .num_items = 20,
                      .stages = {{{.name = "query", .count = 3, .micros = 12},
                                  {.name = "retrieve:ials", .count = 100, .micros = 300'000}}}};

  const std::string line = Logged([&] { NoteOne(log, 312'400, absl::OkStatus(), &note); });

  EXPECT_THAT(line, MatchesRegex(".*warning.* request.slow id=[0-9a-f]+ method=RecommendItems "
                                 "code=OK ms=312.400 waited_ms=1.500 placement=home items=20 "
                                 "stages=\"query 3 12us, retrieve:ials 100 300000us\" "
                                 "left_out=0\n"));
}

TEST(RequestLogTest, OfAPageEachStageIsThereOnceWithWhatItTookOfAllRows) {
  RequestLog log({.slow_ms = 1});
  CallNote note{.stages = {{{.name = "query", .count = 3, .micros = 12},
                            {.name = "select", .count = 20, .micros = 5}},
                           {{.name = "query", .count = 3, .micros = 10},
                            {.name = "backfill", .count = 1, .micros = 7}}}};

  const std::string line = Logged([&] { NoteOne(log, 2'000, absl::OkStatus(), &note); });
  note.stages = {{}, {}};  // Of rows that nobody waited for.
  const std::string before_any = Logged([&] { NoteOne(log, 2'000, absl::OkStatus(), &note); });

  EXPECT_THAT(line, HasSubstr("stages=\"query 6 22us, select 20 5us, backfill 1 7us\""));
  EXPECT_THAT(before_any, HasSubstr("stages=not-traced"));
}

TEST(RequestLogTest, AsJsonItsCountsAndTimesAreNumbers) {
  RequestLog log({.slow_ms = 250});

  SetLogFormat(LogFormat::kJson);
  const std::string line = Logged([&] { NoteOne(log, 312'400); });
  SetLogFormat(LogFormat::kText);

  EXPECT_THAT(line, HasSubstr(R"("method":"RecommendItems","code":"OK","ms":312.400,)"
                              R"("waited_ms":1.500,"placement":"","items":0,)"
                              R"("stages":"not-traced","left_out":0})"));
}

TEST(RequestLogTest, AFastCallHasNoLineNorHasASlowOneWhereNoneIsSlow) {
  RequestLog log({.slow_ms = 250});
  EXPECT_THAT(Logged([&] { NoteOne(log, 250'000); }), IsEmpty());

  log.Set({.slow_ms = 0});
  EXPECT_THAT(Logged([&] { NoteOne(log, 10'000'000); }), IsEmpty());
}

TEST(RequestLogTest, SlowLinesBeyondTheBoundAreCountedInTheNextOneAndAtOnce) {
  RequestLog log({.slow_ms = 1, .slow_per_second = 1e-6});
  Counter left_out;
  log.CountIn(left_out);

  const std::string lines = Logged([&] {
    for (int i = 0; i < 5; ++i) NoteOne(log, 2'000);
    log.Set({.slow_ms = 1, .slow_per_second = 0});
    NoteOne(log, 2'000);
    NoteOne(log, 2'000);
  });

  EXPECT_THAT(lines, MatchesRegex(".*left_out=0\n.*left_out=4\n.*left_out=0\n"));
  EXPECT_EQ(left_out.value(), 4U);
}

TEST(RequestLogTest, HasLinesWhereACallMayBeSlowOrInTheSample) {
  RequestLog log({.slow_ms = 1});
  EXPECT_TRUE(log.HasLines());

  log.Set({.slow_ms = 0, .sample_share = 0.01});
  EXPECT_TRUE(log.HasLines());

  log.Set({.slow_ms = 0});
  EXPECT_FALSE(log.HasLines());
}

TEST(RequestLogTest, TheSampleHasItsShareOfCalls) {
  const auto num_lines = [](double share) {
    RequestLog log({.slow_ms = 0, .sample_share = share});
    const std::string lines = Logged([&] {
      for (int i = 0; i < 1'000; ++i) NoteOne(log, 100);
    });
    return std::count(lines.begin(), lines.end(), '\n');
  };

  EXPECT_EQ(num_lines(0), 0);
  EXPECT_EQ(num_lines(1), 1'000);
  // Seeded by chance: 10 standard deviations.
  EXPECT_NEAR(static_cast<double>(num_lines(0.1)), 100, 95);
}

TEST(RequestLogTest, AGraveErrorHasALineWhateverElseHas) {
  RequestLog log({.slow_ms = 0});

  const std::string lines = Logged([&] {
    NoteOne(log, 10, absl::DataLossError("a block is damaged"));
    NoteOne(log, 10, absl::InvalidArgumentError("what the caller sent"));
  });

  EXPECT_THAT(lines, MatchesRegex(".*error.* server.request_failed id=[0-9a-f]+ "
                                  "method=RecommendItems code=DATA_LOSS "
                                  "message=\"a block is damaged\"\n"));
  EXPECT_THAT(lines, Not(HasSubstr("caller")));
}

TEST(RequestLogTest, MadeIdsDiffer) {
  RequestLog log({.slow_ms = 0, .sample_share = 1});

  const std::string lines = Logged([&] {
    for (int i = 0; i < 100; ++i) NoteOne(log, 10);
  });

  std::set<std::string> ids;
  for (std::size_t at = 0; (at = lines.find(" id=", at)) != std::string::npos; at += 4) {
    ids.insert(lines.substr(at + 4, 15));
  }
  EXPECT_EQ(ids.size(), 100U);
}

}  // namespace
}  // namespace vitrine
