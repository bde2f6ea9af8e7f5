#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>

#include <map>
#include <optional>

#include "e2e/shop.h"
#include "testing/status_matchers.h"
#include "vitrine/server/api_keys.h"
#include "vitrine/v1/event_service.grpc.pb.h"
#include "vitrine/v1/recommendation_service.grpc.pb.h"
#include "vitrine/v1/user_service.grpc.pb.h"

namespace vitrine {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the tests' own words.
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;

// Every call has a line.
ServerOptions Talkative(double slow_ms = 0) {
  return {.request_log = {.slow_ms = slow_ms, .slow_per_second = 0, .sample_share = 1}};
}

std::string IdIn(const grpc::ClientContext& context) {
  const auto& metadata = context.GetServerTrailingMetadata();
  const auto found = metadata.find("x-request-id");
  return found == metadata.end() ? "" : std::string(found->second.data(), found->second.size());
}

// Asks for a list with `given` as the id, or none where it is empty; returns the id that came back.
std::string IdOfCall(const Shop& shop, const std::string& given) {
  const auto stub = v1::RecommendationService::NewStub(
      grpc::CreateChannel(shop.address(), grpc::InsecureChannelCredentials()));
  grpc::ClientContext context;
  if (!given.empty()) context.AddMetadata("x-request-id", given);
  v1::RecommendItemsResponse response;
  const grpc::Status status = stub->RecommendItems(&context, For("ann"), &response);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return IdIn(context);
}

TEST(LogTest, AStreamHasAnIdWhateverBecomesOfIt) {
  Shop shop;
  shop.Serve();
  const auto stub = v1::EventService::NewStub(
      grpc::CreateChannel(shop.address(), grpc::InsecureChannelCredentials()));
  grpc::ClientContext given;
  given.AddMetadata("x-request-id", "nightly-1");
  const auto stream = stub->StreamEvents(&given);
  stream->WritesDone();
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_EQ(IdIn(given), "nightly-1");

  const auto users = v1::UserService::NewStub(
      grpc::CreateChannel(shop.address(), grpc::InsecureChannelCredentials()));
  grpc::ClientContext refused;
  v1::ExportUserDataResponse part;
  const auto no_id = users->ExportUserData(&refused, v1::ExportUserDataRequest());
  EXPECT_FALSE(no_id->Read(&part));
  EXPECT_FALSE(no_id->Finish().ok());
  EXPECT_THAT(IdIn(refused), MatchesRegex("[0-9a-f]{15}"));
}

TEST(LogTest, AnIdThatIsGivenComesBackAndNamesTheLine) {
  Shop shop(Talkative());
  shop.Serve();
  SetLogLevel(LogLevel::kInfo);

  ::testing::internal::CaptureStderr();
  const std::string id = IdOfCall(shop, "checkout-7.f_3");
  const std::string lines = ::testing::internal::GetCapturedStderr();

  EXPECT_EQ(id, "checkout-7.f_3");
  EXPECT_THAT(lines, HasSubstr("request.sampled id=checkout-7.f_3 method=RecommendItems code=OK"));
}

TEST(LogTest, WithoutAnIdOrWithOneThatIsNoneTheServerMakesIt) {
  Shop shop;
  shop.Serve();

  const std::string made = IdOfCall(shop, "");
  const std::string instead = IdOfCall(shop, "ann@example.com");

  EXPECT_THAT(made, MatchesRegex("[0-9a-f]{15}"));
  EXPECT_THAT(instead, MatchesRegex("[0-9a-f]{15}"));
  EXPECT_NE(made, instead);
}

TEST(LogTest, ASlowListSaysWhatItSpentItsTimeOn) {
  Shop shop(Talkative(1e-3));  // Every call is slow.
  shop.Serve();

  ::testing::internal::CaptureStderr();
  IdOfCall(shop, "first");   // Traced for the metrics.
  IdOfCall(shop, "second");  // Traced since the first was slow.
  const std::string lines = ::testing::internal::GetCapturedStderr();

  for (const std::string id : {"first", "second"}) {
    const std::size_t at = lines.find("request.slow id=" + id);
    ASSERT_NE(at, std::string::npos) << lines;
    EXPECT_THAT(lines.substr(at, lines.find('\n', at) - at),
                AllOf(HasSubstr("placement=recommended-for-you"), HasSubstr("stages=\"query 0 ")));
  }
}

// Whatever comes from a caller, with a mark in it.
constexpr char kMark[] = "MaRk";
std::string Marked(const std::string& what) { return what + kMark; }

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

TEST(LogTest, NothingThatCallersSendIsInIt) {
  TemporaryFolder folder;
  KeyFile file(LocalFileSystem(), folder.path());
  const auto ring_of = [&] { return *KeyRing::Open(file); };
  const std::string key =
      *file.Create({.name = "all", .scopes = *ParseScopes("read,write,admin")}, 1);
  const auto ring = ring_of();
  ServerOptions options = Talkative();
  options.keys = ring.get();
  Shop shop(options);
  shop.Serve();
  SetLogLevel(LogLevel::kInfo);

  ::testing::internal::CaptureStderr();
  CallEverything(*shop.Connect({.key = key}));
  CallEverything(*shop.Connect({.key = Marked("vtr_")}));  // Nobody's.
  shop.files().FailSync(1);
  CallEverything(*shop.Connect({.key = key}));  // The disk fails, and no write is taken.
  const std::string lines = ::testing::internal::GetCapturedStderr();

  EXPECT_THAT(lines, HasSubstr("code=OK"));
  EXPECT_THAT(lines, HasSubstr("code=INVALID_ARGUMENT"));
  EXPECT_THAT(lines, HasSubstr("code=UNAUTHENTICATED"));
  EXPECT_THAT(lines, HasSubstr("code=UNAVAILABLE"));
  EXPECT_THAT(lines, HasSubstr("method=EraseUser"));
  EXPECT_THAT(lines, Not(HasSubstr(kMark)));
  EXPECT_THAT(lines, Not(HasSubstr(key)));
  EXPECT_THAT(lines, Not(HasSubstr("xxxx")));
}

}  // namespace
}  // namespace vitrine
