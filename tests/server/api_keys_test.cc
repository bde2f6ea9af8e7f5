#include "vitrine/server/api_keys.h"

#include <gmock/gmock.h>

#include <filesystem>

#include "server/access.h"
#include "server/methods.h"
#include "testing/status_matchers.h"
#include "testing/temporary_folder.h"
#include "vitrine/v1/event_service.pb.h"
#include "vitrine/v1/user_service.pb.h"

namespace vitrine {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOk;
using ::testing::Not;
using ::testing::SizeIs;
using testing::StatusIs;

constexpr auto kRead = static_cast<std::uint8_t>(Scope::kRead);
constexpr Micros kMadeAt = 1'767'225'600 * kMicrosPerSecond;

class KeyFileTest : public ::testing::Test {
 protected:
  std::string Make(const std::string& name, double calls_per_second = 0) {
    return *file_.Create({.name = name, .scopes = kRead, .calls_per_second = calls_per_second},
                         kMadeAt);
  }

  testing::TemporaryFolder folder_;
  KeyFile file_{LocalFileSystem(), folder_.path()};
};

TEST_F(KeyFileTest, AKeyIsKnownByWhatWasPrintedAndKeptAsAHashAlone) {
  const std::string secret = Make("storefront", 7);

  const auto ring = *KeyRing::Open(file_);
  const auto entry = ring->Find(secret);
  ASSERT_NE(entry, nullptr);
  EXPECT_EQ(entry->key.name, "storefront");
  EXPECT_EQ(entry->key.calls_per_second, 7);
  EXPECT_EQ(entry->key.created_us, kMadeAt);
  EXPECT_TRUE(entry->key.Has(Scope::kRead));
  EXPECT_FALSE(entry->key.Has(Scope::kAdmin));
  EXPECT_EQ(ring->Find(secret + "x"), nullptr);
  EXPECT_EQ(ring->Find(""), nullptr);
  EXPECT_EQ(ring->Find(entry->key.hash), nullptr);  // What is on disk opens nothing.
  const std::string bytes = *LocalFileSystem().ReadFile(folder_ / "keys");
  EXPECT_THAT(bytes, Not(HasSubstr(secret.substr(4))));
}

TEST_F(KeyFileTest, TwoKeysDiffer) { EXPECT_NE(Make("a"), Make("b")); }

TEST_F(KeyFileTest, WithoutAFileNobodyNeedsAKeyAndWithOneThatIsEmptyEverybodyDoes) {
  EXPECT_FALSE((*KeyRing::Open(file_))->is_required());

  Make("storefront");
  ASSERT_THAT(file_.Revoke("storefront"), IsOk());

  EXPECT_TRUE((*KeyRing::Open(file_))->is_required());
  EXPECT_THAT(**file_.Read(), IsEmpty());
}

TEST_F(KeyFileTest, ARefreshTakesInWhatWasMadeAndDropsWhatWasRevoked) {
  const std::string first = Make("first");
  const auto ring = *KeyRing::Open(file_);
  const std::string second = Make("second");
  ASSERT_THAT(file_.Revoke("first"), IsOk());
  EXPECT_NE(ring->Find(first), nullptr);

  ASSERT_THAT(ring->Refresh(), IsOk());

  EXPECT_EQ(ring->Find(first), nullptr);
  EXPECT_NE(ring->Find(second), nullptr);
}

TEST_F(KeyFileTest, ARefreshDoesNotFillUpWhatAKeyHasUsed) {
  const std::string secret = Make("slow", 1);
  const auto ring = *KeyRing::Open(file_);
  EXPECT_EQ(ring->Find(secret)->bucket.Take(kMadeAt), 0);
  Make("other");

  ASSERT_THAT(ring->Refresh(), IsOk());

  EXPECT_GT(ring->Find(secret)->bucket.Take(kMadeAt), 0);
}

TEST_F(KeyFileTest, WhereTheFileGoesOrIsDamagedTheKeysThatCountedStillDo) {
  const std::string secret = Make("storefront");
  const auto ring = *KeyRing::Open(file_);

  std::filesystem::remove(folder_ / "keys");
  EXPECT_THAT(ring->Refresh(), IsOk());
  EXPECT_TRUE(ring->is_required());
  EXPECT_NE(ring->Find(secret), nullptr);

  auto damaged = *LocalFileSystem().OpenForWrite(folder_ / "keys", OpenMode::kTruncate);
  ASSERT_THAT(damaged->Append("VTRkeys1 and something else"), IsOk());
  ASSERT_THAT(damaged->Close(), IsOk());
  EXPECT_THAT(ring->Refresh(), StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_NE(ring->Find(secret), nullptr);
  EXPECT_THAT(KeyRing::Open(file_).status(), StatusIs(absl::StatusCode::kDataLoss));
}

TEST_F(KeyFileTest, AKeyIsRevokedByIdTooAndANameIsTakenOnce) {
  Make("storefront");
  const std::string id = (**file_.Read())[0].id;

  EXPECT_THAT(file_.Create({.name = "storefront", .scopes = kRead}, 0).status(),
              StatusIs(absl::StatusCode::kAlreadyExists));
  EXPECT_THAT(file_.Revoke("another"), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(**file_.Read(), SizeIs(1));
  EXPECT_THAT(file_.Revoke(id), IsOk());
  EXPECT_THAT(**file_.Read(), IsEmpty());
}

TEST_F(KeyFileTest, AKeyWantsANameAndAScope) {
  const auto code = [&](ApiKey key) { return file_.Create(std::move(key), 0).status().code(); };
  EXPECT_EQ(code({.scopes = kRead}), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code({.name = std::string(65, 'x'), .scopes = kRead}),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code({.name = "none"}), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code({.name = "back", .scopes = kRead, .calls_per_second = -1}),
            absl::StatusCode::kInvalidArgument);
  EXPECT_FALSE(file_.Read()->has_value());
}

TEST(ScopesTest, AreReadAsTheyAreWritten) {
  EXPECT_EQ(ScopesText(*ParseScopes("admin,read")), "read,admin");
  EXPECT_EQ(ScopesText(*ParseScopes("write")), "write");
  EXPECT_THAT(std::string(ParseScopes("raed").status().message()), HasSubstr("read"));
  EXPECT_THAT(ParseScopes(""), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(ParseScopes("read,read"), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(TokenBucketTest, LetsThroughARateAndItsWorthAtOnceAfterAPause) {
  TokenBucket bucket(2);

  EXPECT_EQ(bucket.Take(kMadeAt), 0);
  EXPECT_EQ(bucket.Take(kMadeAt), 0);
  EXPECT_EQ(bucket.Take(kMadeAt), kMicrosPerSecond / 2);
  EXPECT_EQ(bucket.Take(kMadeAt + kMicrosPerSecond / 4), kMicrosPerSecond / 4);
  EXPECT_EQ(bucket.Take(kMadeAt + kMicrosPerSecond / 2), 0);
  EXPECT_GT(bucket.Take(kMadeAt), 0);  // A clock that was set back fills nothing.
  EXPECT_EQ(bucket.Take(kMadeAt + 60 * kMicrosPerSecond), 0);
  EXPECT_EQ(bucket.Take(kMadeAt + 60 * kMicrosPerSecond), 0);
  EXPECT_GT(bucket.Take(kMadeAt + 60 * kMicrosPerSecond), 0);
}

// One call about each.
Micros Take(ShopperLimits& limits, const std::vector<std::string>& shoppers, Micros now) {
  ShopperLimits::CallsByShopper calls;
  for (const std::string& shopper : shoppers) ShopperLimits::Count(shopper, calls);
  return limits.Take(calls, now);
}

TEST(ShopperLimitsTest, CountEachShopperApart) {
  ShopperLimits limits(1);

  EXPECT_EQ(Take(limits, {"greedy"}, kMadeAt), 0);
  EXPECT_EQ(Take(limits, {"greedy"}, kMadeAt), kMicrosPerSecond);
  EXPECT_EQ(Take(limits, {"other"}, kMadeAt), 0);
  EXPECT_EQ(Take(limits, {"greedy"}, kMadeAt + kMicrosPerSecond), 0);
  EXPECT_EQ(Take(limits, {""}, kMadeAt), 0);
  EXPECT_EQ(Take(limits, {""}, kMadeAt), 0);
}

TEST(ShopperLimitsTest, ForgetWhoseLimitIsFullRatherThanWhoseIsNot) {
  ShopperLimits limits(1);
  for (int i = 0; i < 200'000; ++i) {  // More than there is room for, a while ago.
    Take(limits, {"early-" + std::to_string(i)}, kMadeAt - 10 * kMicrosPerSecond);
  }
  Take(limits, {"greedy"}, kMadeAt);
  for (int i = 0; i < 10'000; ++i) Take(limits, {"late-" + std::to_string(i)}, kMadeAt);

  EXPECT_EQ(Take(limits, {"greedy"}, kMadeAt), kMicrosPerSecond);
}

TEST(ShopperLimitsTest, LetInABatchOnCreditThatLaterOnesOwe) {
  ShopperLimits limits(5);
  const std::vector<std::string> batch(20, "greedy");

  EXPECT_EQ(Take(limits, batch, kMadeAt), 0);
  // 15 more than there were, and one for the next call.
  EXPECT_EQ(Take(limits, {"greedy"}, kMadeAt), 16 * kMicrosPerSecond / 5);
  EXPECT_EQ(Take(limits, batch, kMadeAt + 16 * kMicrosPerSecond / 5), 0);
}

TEST(ShopperLimitsTest, TakeNothingWhereOneOfABatchHasNothingLeft) {
  ShopperLimits limits(1);
  EXPECT_EQ(Take(limits, {"greedy"}, kMadeAt), 0);

  EXPECT_EQ(Take(limits, {"modest", "greedy"}, kMadeAt), kMicrosPerSecond);
  EXPECT_EQ(Take(limits, {"modest"}, kMadeAt), 0);
}

TEST(MethodsTest, EachWantsItsScopeAndOneThatNobodyThoughtOfTheMost) {
  EXPECT_EQ(Methods::ScopeOf("vitrine.v1.RecommendationService.RecommendItems"), Scope::kRead);
  EXPECT_EQ(Methods::ScopeOf("vitrine.v1.UserService.GetUser"), Scope::kRead);
  EXPECT_EQ(Methods::ScopeOf("vitrine.v1.EventService.StreamEvents"), Scope::kWrite);
  EXPECT_EQ(Methods::ScopeOf("vitrine.v1.UserService.EraseUser"), Scope::kAdmin);
  EXPECT_EQ(Methods::ScopeOf("vitrine.v1.ModelService.TrainModels"), Scope::kAdmin);
  EXPECT_EQ(Methods::ScopeOf("vitrine.v1.ServingConfigService.PutPlacement"), Scope::kAdmin);
  EXPECT_EQ(Methods::ScopeOf("vitrine.v1.StoreService.BackUpStore"), Scope::kAdmin);
  EXPECT_EQ(Methods::ScopeOf("vitrine.v1.StoreService.ForgetOldEvents"), Scope::kAdmin);
  EXPECT_EQ(Methods::ScopeOf("vitrine.v1.SomeService.DoSomething"), Scope::kAdmin);
}

TEST(MethodsTest, AreFoundByTheirRequests) {
  Methods methods({"vitrine.v1.EventService", "vitrine.v1.NoService"});

  EXPECT_EQ(methods.Of(v1::RecordEventsRequest()).name, "RecordEvents");
  EXPECT_EQ(methods.Of(v1::RecordEventsRequest()).scope, Scope::kWrite);
  EXPECT_EQ(methods.Of(v1::GetUserRequest()).scope, Scope::kAdmin);  // Of no service given.
  EXPECT_THAT(methods.CheckLimits({{"RecordEvents", 3}}), IsOk());
  methods.SetLimits({{"RecordEvents", 3}});
  EXPECT_EQ(methods.Of(v1::RecordEventsRequest()).max_in_flight, 3);
  methods.SetLimits({});
  EXPECT_EQ(methods.Of(v1::RecordEventsRequest()).max_in_flight, 0);
  EXPECT_THAT(std::string(methods.CheckLimits({{"RecordEvent", 3}}).message()),
              HasSubstr("RecordEvents"));
  // A stream is not counted as in flight, so a limit would do nothing.
  EXPECT_THAT(methods.CheckLimits({{"StreamEvents", 3}}),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace vitrine
