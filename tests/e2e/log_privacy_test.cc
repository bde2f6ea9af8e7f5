// Nothing that callers send is in the log: of every text of every method, in both forms of a line,
// on a disk that is well, one that fails, and one whose files are damaged.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "e2e/marked_calls.h"
#include "e2e/shop.h"
#include "testing/status_matchers.h"
#include "vitrine/base/log_format.h"
#include "vitrine/server/api_keys.h"

namespace vitrine {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the tests' own words.
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

std::vector<std::string> LinesWith(std::string_view part, const std::string& lines) {
  std::vector<std::string> found;
  std::istringstream in(lines);
  for (std::string line; std::getline(in, line);) {
    if (line.find(part) != std::string::npos) found.push_back(line);
  }
  return found;
}

// Flips a bit in the first rows of each table below `folder`, whose checksum is wrong then.
void DamageTables(const std::string& folder) {
  constexpr std::streamoff kInFirstRow = 10;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.path().extension() != ".sst") continue;
    std::fstream table(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
    table.seekg(kInFirstRow);
    const int byte = table.get();
    table.seekp(kInFirstRow);
    table.put(static_cast<char>(byte ^ 0x10));
  }
}

// What is wrong in ways of its own, where CallEveryMethod has one text in each place.
void CallWithOddTexts(Client& client) {
  v1::UpsertItemsRequest items;
  *items.add_items() = MakeItem(Marked("in\nva\x7flid"));
  client.UpsertItems(items).status().IgnoreError();

  v1::Event event = MakeEvent(v1::EVENT_TYPE_SEARCH, Marked("user"), Marked("item"));
  event.set_search_query(std::string(100'000, 'x') + kMark);
  client.RecordEvents(Batch({event, event})).status().IgnoreError();

  v1::RecommendItemsRequest list = For(Marked("user"));
  for (const char* filter : {"brand = (%s", "%s = 1", "price < \"%s\"", "brand = \"%s"}) {
    list.set_filter(absl::StrReplaceAll(filter, {{"%s", Marked("x")}}));
    client.RecommendItems(list).status().IgnoreError();
  }
}

// Every call has a line, and wants a key.
class LogPrivacyTest : public ::testing::TestWithParam<LogFormat> {
 protected:
  LogPrivacyTest() { shop_.Serve(); }

  static std::string Logged(const std::function<void()>& body) {
    SetLogLevel(LogLevel::kInfo);
    SetLogFormat(GetParam());
    ::testing::internal::CaptureStderr();
    body();
    const std::string lines = ::testing::internal::GetCapturedStderr();
    SetLogFormat(LogFormat::kText);
    return lines;
  }

  // A field of a line that is not its last, to its end: GetUser is not GetUserProfile.
  static std::string Field(const std::string& name, const std::string& value) {
    if (GetParam() == LogFormat::kText) return absl::StrFormat("%s=%s ", name, value);
    return absl::StrFormat("\"%s\":\"%s\",", name, value);
  }

  void ExpectNothingOfCallers(const std::string& lines) const {
    EXPECT_THAT(LinesWith(kMark, lines), IsEmpty());
    EXPECT_THAT(LinesWith(key_, lines), IsEmpty());
    EXPECT_THAT(LinesWith(kCallersAddress, lines), IsEmpty());
  }

  TemporaryFolder folder_;
  KeyFile key_file_{LocalFileSystem(), folder_.path()};
  const std::string key_ =
      *key_file_.Create({.name = "all", .scopes = *ParseScopes("read,write,admin")}, 1);
  const std::unique_ptr<KeyRing> ring_ = *KeyRing::Open(key_file_);
  Shop shop_{ServerOptions{.keys = ring_.get(),
                           .request_log = {.slow_ms = 0, .slow_per_second = 0, .sample_share = 1}}};
};

TEST_P(LogPrivacyTest, NoOddTextIsInIt) {
  const std::string lines = Logged([this] { CallWithOddTexts(*shop_.Connect({.key = key_})); });

  for (const char* method : {"UpsertItems", "RecordEvents", "RecommendItems"}) {
    EXPECT_THAT(LinesWith(Field("method", method), lines),
                Contains(HasSubstr(Field("code", "INVALID_ARGUMENT"))));
  }
  ExpectNothingOfCallers(lines);
  EXPECT_THAT(lines, Not(HasSubstr("xxxx")));
}

TEST_P(LogPrivacyTest, NoTextOfAnyMethodIsInIt) {
  std::vector<MarkedCall> calls;
  const std::string lines = Logged([&] {
    calls = CallEveryMethod(shop_.address(), key_, {});
    CallEveryMethod(shop_.address(), key_, {.is_sound = true});
    CallEveryMethod(shop_.address(), key_, {.is_sound = true, .alternative = 1});
    CallEveryMethod(shop_.address(), Marked("vtr_"), {});  // Nobody's key.
    shop_.files().FailSync(1);
    CallEveryMethod(shop_.address(), key_, {.is_sound = true, .alternative = 1});
  });

  int num_sampled = 0;
  for (const MarkedCall& call : calls) {
    if (!call.may_be_sampled) continue;
    ++num_sampled;
    const std::string method = call.method.substr(call.method.rfind('.') + 1);
    EXPECT_THAT(LinesWith(Field("method", method), lines), Not(IsEmpty())) << method;
  }
  EXPECT_GT(num_sampled, 0);
  for (const char* code :
       {"OK", "INVALID_ARGUMENT", "NOT_FOUND", "UNAUTHENTICATED", "UNAVAILABLE"}) {
    EXPECT_THAT(LinesWith(Field("code", code), lines), Not(IsEmpty())) << code;
  }
  ExpectNothingOfCallers(lines);
}

TEST_P(LogPrivacyTest, AGraveFailureHasALineWithoutWhatWasAskedFor) {
  const v1::Event event =
      MakeEvent(v1::EVENT_TYPE_DETAIL_PAGE_VIEW, Marked("user_id"), Marked("item_id"));
  ASSERT_THAT(shop_.Connect({.key = key_})->RecordEvents(Batch({event})), IsOk());
  shop_.Restart();  // The event is in a table now.
  DamageTables(shop_.store_folder());

  const std::string lines =
      Logged([this] { CallEveryMethod(shop_.address(), key_, {.is_sound = true}); });

  const std::vector<std::string> failed = LinesWith("server.request_failed", lines);
  EXPECT_THAT(failed, Contains(AllOf(HasSubstr(Field("method", "EraseUser")),
                                     HasSubstr(Field("code", "DATA_LOSS")))));
  EXPECT_THAT(failed, Contains(HasSubstr(Field("method", "ExportUserData"))));  // A stream.
  ExpectNothingOfCallers(lines);
}

INSTANTIATE_TEST_SUITE_P(Forms, LogPrivacyTest,
                         ::testing::Values(LogFormat::kText, LogFormat::kJson),
                         [](const auto& test) -> std::string {
                           return test.param == LogFormat::kText ? "Text" : "Json";
                         });

}  // namespace
}  // namespace vitrine
