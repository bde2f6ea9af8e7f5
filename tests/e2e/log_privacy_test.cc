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

// Sound and unsound requests of every kind, each with marks wherever a text may be.
void CallEverything(Client& client) {
  v1::Item item = MakeItem(Marked("item"));
  item.set_title(Marked("title"));
  item.set_brand(Marked("brand"));
  v1::UpsertItemsRequest items;
  *items.add_items() = item;
  client.UpsertItems(items).status().IgnoreError();
  items.add_items()->set_item_id(Marked("in\nva\x7flid"));
  client.UpsertItems(items).status().IgnoreError();

  v1::Event event = MakeEvent(v1::EVENT_TYPE_SEARCH, Marked("user"), Marked("item"));
  event.set_visitor_id(Marked("visitor"));
  event.set_session_id(Marked("session"));
  event.set_search_query(Marked("running shoes for "));
  event.set_event_id(Marked("event"));
  event.set_attribution_token(Marked("token"));
  client.RecordEvents(Batch({event, event})).status().IgnoreError();
  event.set_search_query(std::string(100'000, 'x') + kMark);
  client.RecordEvents(Batch({event})).status().IgnoreError();
  const auto stream = client.StreamEvents();
  v1::StreamEventsResponse streamed;
  stream->Send(event);
  stream->Receive(&streamed);
  stream->SendNoMore();

  v1::RecommendItemsRequest list = For(Marked("user"));
  list.set_visitor_id(Marked("visitor"));
  list.set_placement(Marked("placement"));
  client.RecommendItems(list).status().IgnoreError();
  list.set_filter(Marked("brand = \"") + "\"");
  client.RecommendItems(list).status().IgnoreError();
  list.set_filter(Marked("brand = ("));
  client.RecommendItems(list).status().IgnoreError();
  list.clear_filter();
  list.set_page_token(Marked("page"));
  client.RecommendItems(list).status().IgnoreError();

  v1::SimilarItemsRequest similar;
  similar.set_item_id(Marked("unknown"));
  client.SimilarItems(similar).status().IgnoreError();
  v1::GetUserRequest user;
  user.set_user_id(Marked("user"));
  client.GetUser(user).status().IgnoreError();
  v1::UpsertUsersRequest users;
  users.add_users()->set_user_id(Marked("user"));
  client.UpsertUsers(users).status().IgnoreError();
  v1::GetUserProfileRequest profile;
  profile.set_user_id(Marked("user"));
  client.GetUserProfile(profile).status().IgnoreError();
  v1::MergeUsersRequest merge;
  merge.set_user_id(Marked("user"));
  merge.set_visitor_id(Marked("visitor"));
  client.MergeUsers(merge).status().IgnoreError();
  v1::ExportUserDataRequest whole;
  whole.set_user_id(Marked("user"));
  client.ExportUserData(whole, [](const auto&) { return true; }).IgnoreError();
  client.DeletePlacement(Marked("placement")).status().IgnoreError();
  client.GetTraining(Marked("training")).status().IgnoreError();
  v1::EraseUserRequest erase;
  erase.set_user_id(Marked("user"));
  client.EraseUser(erase).status().IgnoreError();
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
  }

  TemporaryFolder folder_;
  KeyFile key_file_{LocalFileSystem(), folder_.path()};
  const std::string key_ =
      *key_file_.Create({.name = "all", .scopes = *ParseScopes("read,write,admin")}, 1);
  const std::unique_ptr<KeyRing> ring_ = *KeyRing::Open(key_file_);
  Shop shop_{ServerOptions{.keys = ring_.get(),
                           .request_log = {.slow_ms = 0, .slow_per_second = 0, .sample_share = 1}}};
};

TEST_P(LogPrivacyTest, NothingThatCallersSendIsInIt) {
  const std::string lines = Logged([this] {
    CallEverything(*shop_.Connect({.key = key_}));
    CallEverything(*shop_.Connect({.key = Marked("vtr_")}));  // Nobody's.
    shop_.files().FailSync(1);
    CallEverything(*shop_.Connect({.key = key_}));  // The disk fails, and no write is taken.
  });

  EXPECT_THAT(lines, HasSubstr(Field("code", "OK")));
  EXPECT_THAT(lines, HasSubstr(Field("code", "INVALID_ARGUMENT")));
  EXPECT_THAT(lines, HasSubstr(Field("code", "UNAUTHENTICATED")));
  EXPECT_THAT(lines, HasSubstr(Field("code", "UNAVAILABLE")));
  EXPECT_THAT(lines, HasSubstr(Field("method", "EraseUser")));
  ExpectNothingOfCallers(lines);
  EXPECT_THAT(lines, Not(HasSubstr("xxxx")));
}

TEST_P(LogPrivacyTest, NoTextOfAnyMethodIsInIt) {
  std::vector<std::string> methods;
  const std::string lines = Logged([&] {
    methods = CallEveryMethod(shop_.address(), key_, {});
    CallEveryMethod(shop_.address(), key_, {.is_sound = true});
    CallEveryMethod(shop_.address(), key_, {.is_sound = true, .alternative = 1});
    CallEveryMethod(shop_.address(), Marked("vtr_"), {});  // Nobody's key.
    shop_.files().FailSync(1);
    CallEveryMethod(shop_.address(), key_, {.is_sound = true, .alternative = 1});
  });

  ASSERT_THAT(methods, Not(IsEmpty()));
  for (const std::string& method : methods) {
    EXPECT_THAT(LinesWith(Field("method", method), lines), Not(IsEmpty())) << method;
  }
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
