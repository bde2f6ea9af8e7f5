#include <gmock/gmock.h>

#include <chrono>
#include <fstream>
#include <optional>
#include <thread>

#include "e2e/marked_calls.h"
#include "e2e/shop.h"
#include "testing/certificates.h"
#include "testing/status_matchers.h"
#include "vitrine/server/api_keys.h"

namespace vitrine {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the tests' own words.
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

// The methods of the API whose calls ended so, or, with Not(code), otherwise: "GetUser".
template <typename Ended>
std::vector<std::string> MethodsThatEnded(const std::vector<MarkedCall>& calls,
                                          const Ended& ended) {
  const std::string api = "vitrine.v1.";
  std::vector<std::string> methods;
  for (const MarkedCall& call : calls) {
    if (!call.method.starts_with(api) || !::testing::Matches(ended)(call.code)) continue;
    methods.push_back(call.method.substr(call.method.rfind('.') + 1));
  }
  return methods;
}

// A server that wants keys.
class KeysTest : public ::testing::Test {
 protected:
  KeysTest() {
    Make("reader", "read");
    ring_ = *KeyRing::Open(file_);
    shop_.emplace(ServerOptions{.keys = ring_.get()});
    shop_->Serve();
  }

  std::string Make(const std::string& name, const std::string& scopes, double rate = 0) {
    const ApiKey key{.name = name, .scopes = *ParseScopes(scopes), .calls_per_second = rate};
    std::string secret = *file_.Create(key, SystemClock().Now());
    if (ring_ != nullptr) {
      EXPECT_THAT(ring_->Refresh(), IsOk());
    }
    return secret;
  }

  std::unique_ptr<Client> With(const std::string& key) { return shop_->Connect({.key = key}); }

  TemporaryFolder folder_;
  KeyFile file_{LocalFileSystem(), folder_.path()};
  std::unique_ptr<KeyRing> ring_;
  std::optional<Shop> shop_;
};

TEST_F(KeysTest, WithoutAKeyNothingIsAnsweredButTheHealth) {
  const auto client = With("");

  EXPECT_TRUE(*client->CheckHealth(""));
  // Before the request is looked at: it is not valid either.
  const absl::Status status = client->RecordEvents(v1::RecordEventsRequest()).status();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnauthenticated));
  EXPECT_EQ(ErrorReason(status), "KEY_MISSING");
  EXPECT_EQ(ErrorReason(client->RecommendItems(For("ann")).status()), "KEY_MISSING");
  EXPECT_EQ(ErrorReason(client->GetModelStatus().status()), "KEY_MISSING");
  EXPECT_EQ(ErrorReason(client->WatchTraining("t1", [](const auto&) { return true; })),
            "KEY_MISSING");
  EXPECT_EQ(ErrorReason(client->ReplaceCatalog([] { return std::vector<v1::Item>(); }).status()),
            "KEY_MISSING");
  const auto stream = client->StreamEvents();
  v1::StreamEventsResponse response;
  EXPECT_FALSE(stream->Receive(&response));
  EXPECT_EQ(ErrorReason(stream->Finish()), "KEY_MISSING");
}

// Their marks make most requests invalid, and that is not looked at.
TEST_F(KeysTest, NoMethodLooksAtARequestWithoutAKeyOrWithNobodys) {
  for (const std::string key : {"", "vtr_nobodys"}) {
    const std::vector<MarkedCall> calls = CallEveryMethod(shop_->address(), key, {});

    EXPECT_THAT(MethodsThatEnded(calls, grpc::StatusCode::UNAUTHENTICATED),
                SizeIs(::testing::Gt(40)));
    EXPECT_THAT(MethodsThatEnded(calls, Not(grpc::StatusCode::UNAUTHENTICATED)), IsEmpty());
  }
}

// Whoever adds a method says here whom it is open to.
TEST_F(KeysTest, EveryMethodIsClosedToAllKeysWithoutItsScope) {
  const auto opened = [this](const std::string& scope) {
    return MethodsThatEnded(CallEveryMethod(shop_->address(), Make("all of " + scope, scope), {}),
                            Not(grpc::StatusCode::PERMISSION_DENIED));
  };

  EXPECT_THAT(
      opened("read"),
      ElementsAre("GetItem", "ListItems", "ListFeatures", "GetUserFeatures", "GetItemFeatures",
                  "BatchGetUserFeatures", "BatchGetItemFeatures", "GetUserProfile", "ListSegments",
                  "GetFunnel", "GetPaths", "GetPlacementReport", "PredictPurchase", "GetTraining",
                  "WatchTraining", "ListTrainings", "ListModelVersions", "GetModelStatus",
                  "RecommendItems", "BatchRecommendItems", "SimilarItems", "RankItems",
                  "ExplainRecommendation", "ListPlacements", "GetPlacement", "GetUser"));
  EXPECT_THAT(opened("write"), ElementsAre("UpsertItems", "DeleteItems", "ReplaceCatalog",
                                           "SetInventory", "RecordEvents", "StreamEvents",
                                           "PutFeatures", "UpsertUsers", "MergeUsers"));
  EXPECT_THAT(opened("admin"),
              ElementsAre("TrainModels", "CancelTraining", "RollBackModels", "PromoteCandidate",
                          "PutPlacement", "DeletePlacement", "BackUpStore", "ForgetOldEvents",
                          "EraseUser", "ExportUserData"));
}

TEST_F(KeysTest, AKeyOpensWhatItsScopesSay) {
  const auto writer = With(Make("writer", "write"));
  const auto reader = With(Make("another", "read"));
  const auto admin = With(Make("operator", "admin"));

  EXPECT_THAT(writer->UpsertItems(MakeItems(3)), IsOk());
  EXPECT_THAT(reader->RecommendItems(For("ann")), IsOk());
  EXPECT_THAT(admin->TrainModels(false), IsOk());

  const absl::Status status = writer->RecommendItems(For("ann")).status();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kPermissionDenied));
  EXPECT_EQ(ErrorReason(status), "SCOPE_MISSING");
  EXPECT_THAT(std::string(status.message()), HasSubstr("RecommendItems wants read"));
  EXPECT_EQ(ErrorReason(reader->UpsertItems(MakeItems(3)).status()), "SCOPE_MISSING");
  EXPECT_EQ(ErrorReason(reader->TrainModels(false).status()), "SCOPE_MISSING");
  EXPECT_EQ(ErrorReason(admin->GetModelStatus().status()), "SCOPE_MISSING");
}

TEST_F(KeysTest, ARevokedKeyOpensNothingAnyMoreWithinAStreamEither) {
  const std::string key = Make("writer", "write");
  const auto client = With(key);
  ASSERT_THAT(client->UpsertItems(MakeItems(3)), IsOk());
  const auto stream = client->StreamEvents();
  v1::StreamEventsResponse response;
  ASSERT_TRUE(stream->Send(MakeEvent(v1::EVENT_TYPE_DETAIL_PAGE_VIEW, "ann", "item-001")));
  ASSERT_TRUE(stream->Receive(&response));
  EXPECT_TRUE(response.has_ack());

  ASSERT_THAT(file_.Revoke("writer"), IsOk());
  ASSERT_THAT(ring_->Refresh(), IsOk());

  EXPECT_EQ(ErrorReason(client->UpsertItems(MakeItems(3)).status()), "KEY_UNKNOWN");
  ASSERT_TRUE(stream->Send(MakeEvent(v1::EVENT_TYPE_DETAIL_PAGE_VIEW, "ann", "item-001")));
  ASSERT_TRUE(stream->Receive(&response));
  EXPECT_EQ(response.error().code(), static_cast<int>(absl::StatusCode::kUnauthenticated));
}

TEST_F(KeysTest, AKeyThatIsRevokedMeanwhileReplacesNoCatalogue) {
  const auto client = With(Make("writer", "write"));
  ASSERT_THAT(client->UpsertItems(MakeItems(3)), IsOk());
  int num_asked = 0;

  const auto replaced = client->ReplaceCatalog([&]() -> std::vector<v1::Item> {
    if (++num_asked > 1) {
      EXPECT_THAT(file_.Revoke("writer"), IsOk());
      EXPECT_THAT(ring_->Refresh(), IsOk());
      return {};
    }
    return {MakeItems(1).items(0)};
  });

  EXPECT_EQ(ErrorReason(replaced.status()), "KEY_UNKNOWN");
  v1::GetItemRequest kept;
  kept.set_item_id("item-001");
  EXPECT_THAT(With(Make("checker", "read"))->GetItem(kept), IsOk());
}

TEST_F(KeysTest, AKeyThatIsUsedTooOftenIsToldWhenToRetry) {
  const auto client = With(Make("slow", "read", 0.01));

  EXPECT_THAT(client->RecommendItems(For("ann")), IsOk());
  const absl::Status status = client->RecommendItems(For("ann")).status();

  EXPECT_THAT(status, StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_EQ(ErrorReason(status), "RATE_LIMITED");
  EXPECT_TRUE(status.GetPayload("type.googleapis.com/google.rpc.RetryInfo").has_value());
}

TEST(ShopperLimitTest, OneShopperCannotTakeTheServerFromTheOthers) {
  Shop shop({.max_calls_per_second_per_shopper = 0.01});
  shop.Serve();
  const auto client = shop.Connect();

  EXPECT_THAT(client->RecommendItems(For("greedy")), IsOk());
  EXPECT_EQ(ErrorReason(client->RecommendItems(For("greedy")).status()), "RATE_LIMITED");
  v1::BatchRecommendItemsRequest page;
  *page.add_rows() = For("greedy");
  EXPECT_EQ(ErrorReason(client->BatchRecommendItems(page).status()), "RATE_LIMITED");
  EXPECT_EQ(ErrorReason(client
                            ->RecordEvents(Batch(
                                {MakeEvent(v1::EVENT_TYPE_DETAIL_PAGE_VIEW, "greedy", "item-001")}))
                            .status()),
            "RATE_LIMITED");
  EXPECT_THAT(client->RecommendItems(For("ann")), IsOk());
}

// Whoever adds a method that names shoppers adds it here. StreamEvents answers in its stream.
TEST(ShopperLimitTest, EveryMethodThatNamesAShopperCounts) {
  Shop shop({.max_calls_per_second_per_shopper = 0.0001});
  shop.Serve();
  const auto client = shop.Connect();
  v1::RecommendItemsRequest spent = For(Marked("user_id"));
  spent.set_visitor_id(Marked("visitor_id"));
  ASSERT_THAT(client->RecommendItems(spent), IsOk());

  EXPECT_THAT(
      MethodsThatEnded(CallEveryMethod(shop.address(), "", {}),
                       grpc::StatusCode::RESOURCE_EXHAUSTED),
      ElementsAre("RecordEvents", "GetUserFeatures", "BatchGetUserFeatures", "PutFeatures",
                  "GetUserProfile", "PredictPurchase", "RecommendItems", "BatchRecommendItems",
                  "SimilarItems", "RankItems", "ExplainRecommendation", "UpsertUsers", "GetUser",
                  "MergeUsers", "EraseUser", "ExportUserData"));
  const auto stream = client->StreamEvents();
  v1::StreamEventsResponse response;
  ASSERT_TRUE(stream->Send(
      MakeEvent(v1::EVENT_TYPE_DETAIL_PAGE_VIEW, Marked("user_id"), Marked("item_id"))));
  ASSERT_TRUE(stream->Receive(&response));
  EXPECT_EQ(response.error().code(), static_cast<int>(absl::StatusCode::kResourceExhausted));
}

TEST(ShopperLimitTest, AVisitorGetsNoMoreAsEverOtherUsersNorAUserAsEverOtherVisitors) {
  Shop shop({.max_calls_per_second_per_shopper = 0.01});
  shop.Serve();
  const auto client = shop.Connect();
  const auto as = [](const std::string& user_id, const std::string& visitor_id) {
    v1::RecommendItemsRequest request = For(user_id);
    request.set_visitor_id(visitor_id);
    return request;
  };

  EXPECT_THAT(client->RecommendItems(as("ann", "phone")), IsOk());
  EXPECT_EQ(ErrorReason(client->RecommendItems(as("ben", "phone")).status()), "RATE_LIMITED");
  EXPECT_EQ(ErrorReason(client->RecommendItems(as("ann", "tablet")).status()), "RATE_LIMITED");
  v1::BatchRecommendItemsRequest page;
  *page.add_rows() = as("ben", "phone");
  EXPECT_EQ(ErrorReason(client->BatchRecommendItems(page).status()), "RATE_LIMITED");

  // What was refused for the one has cost the other nothing.
  EXPECT_THAT(client->RecommendItems(as("ben", "tablet")), IsOk());
}

// A server with TLS, whose certificate the test may change.
class TlsTest : public ::testing::Test {
 protected:
  void Put(const Identity& server) {
    std::ofstream(folder_ / "server.pem") << server.certificate();
    std::ofstream(folder_ / "server.key") << server.private_key();
  }

  ServerTls Files() const {
    return {.certificate = folder_ / "server.pem",
            .private_key = folder_ / "server.key",
            .reload_seconds = 1};
  }

  // The same, and callers must show a certificate of `clients`.
  ServerTls FilesFor(const Identity& clients) const {
    std::ofstream(folder_ / "clients.pem") << clients.certificate();
    ServerTls files = Files();
    files.client_ca = folder_ / "clients.pem";
    return files;
  }

  static ClientOptions Trusting(const Identity& root, const Identity* shown = nullptr) {
    ClientOptions options{.timeout = 5 * kMicrosPerSecond};
    options.tls = {.is_on = true, .root_certificates = root.certificate()};
    if (shown != nullptr) {
      options.tls.certificate = shown->certificate();
      options.tls.private_key = shown->private_key();
    }
    return options;
  }

  // Whether who connects with these is answered within 10 seconds: what was renewed takes two.
  static bool IsSoonAnswered(const Shop& shop, const ClientOptions& options) {
    for (int tries = 0; tries < 100; ++tries) {
      if (shop.Connect(options)->CheckHealth("").ok()) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    return false;
  }

  TemporaryFolder folder_;
  const Identity root_{"root", nullptr};
  const Identity other_root_{"other", nullptr};
};

TEST_F(TlsTest, WhoTrustsTheRootIsAnsweredAndNobodyElse) {
  Put(Identity("server", &root_));
  Shop shop({.tls = Files()});
  shop.Serve();

  EXPECT_TRUE(*shop.Connect(Trusting(root_))->CheckHealth(""));
  EXPECT_FALSE(shop.Connect(Trusting(other_root_))->CheckHealth("").ok());
  EXPECT_FALSE(shop.Connect()->CheckHealth("").ok());
}

TEST_F(TlsTest, WithAClientRootCallersMustShowACertificateOfIt) {
  Put(Identity("server", &root_));
  Shop shop({.tls = FilesFor(root_)});
  shop.Serve();
  const Identity known("storefront", &root_);
  const Identity stranger("stranger", &other_root_);

  EXPECT_TRUE(*shop.Connect(Trusting(root_, &known))->CheckHealth(""));
  EXPECT_FALSE(shop.Connect(Trusting(root_, &stranger))->CheckHealth("").ok());
  EXPECT_FALSE(shop.Connect(Trusting(root_))->CheckHealth("").ok());
}

TEST_F(TlsTest, ANewCertificateCountsWithoutARestartAndAHalfOfOneDoesNot) {
  Put(Identity("server", &root_));
  Shop shop({.tls = Files()});
  shop.Serve();
  const auto before = shop.Connect(Trusting(root_));
  ASSERT_TRUE(*before->CheckHealth(""));

  Put(Identity("server", &other_root_));
  EXPECT_TRUE(IsSoonAnswered(shop, Trusting(other_root_)));
  EXPECT_TRUE(*before->CheckHealth(""));  // A connection that stands goes on.

  // A renewal that has come to the key and not yet to the certificate.
  std::ofstream(folder_ / "server.key") << Identity("server", &root_).private_key();
  std::this_thread::sleep_for(std::chrono::milliseconds(2500));
  EXPECT_THAT(shop.Connect(Trusting(other_root_))->CheckHealth("").status(), IsOk());
}

TEST_F(TlsTest, ANewClientRootCountsWithoutARestartAndTheOneBeforeNoMore) {
  Put(Identity("server", &root_));
  Shop shop({.tls = FilesFor(root_)});
  shop.Serve();
  const Identity known("storefront", &root_);
  const Identity newcomer("newcomer", &other_root_);
  ASSERT_TRUE(*shop.Connect(Trusting(root_, &known))->CheckHealth(""));
  ASSERT_FALSE(shop.Connect(Trusting(root_, &newcomer))->CheckHealth("").ok());

  std::ofstream(folder_ / "clients.pem") << other_root_.certificate();

  EXPECT_TRUE(IsSoonAnswered(shop, Trusting(root_, &newcomer)));
  EXPECT_FALSE(shop.Connect(Trusting(root_, &known))->CheckHealth("").ok());
}

TEST_F(TlsTest, ABrokenFileIsNamedWhenTheServerIsToldToLookAndWhatItHeldGoesOn) {
  Put(Identity("server", &root_));
  const ServerTls files = FilesFor(root_);
  Shop shop({.tls = files});
  shop.Serve();
  const Identity known("storefront", &root_);
  const Identity stranger("stranger", &other_root_);
  std::ofstream(folder_ / "clients.pem") << "hello";

  const absl::Status told = shop.server().CheckChange({.tls = files});

  EXPECT_THAT(told, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(std::string(told.message()), HasSubstr("clients.pem holds no certificate"));
  EXPECT_TRUE(*shop.Connect(Trusting(root_, &known))->CheckHealth(""));
  EXPECT_FALSE(shop.Connect(Trusting(root_, &stranger))->CheckHealth("").ok());
}

TEST_F(TlsTest, FilesThatAreNotWhatTheyShouldBeAreNamed) {
  const auto error = [](const ServerTls& tls) {
    return Server::Create({.address = "127.0.0.1:0", .tls = tls}, SystemClock()).status();
  };
  EXPECT_THAT(error(Files()), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(std::string(error({.certificate = folder_ / "server.pem"}).message()),
              HasSubstr("both a certificate and its private key"));

  Put(Identity("server", &root_));
  std::ofstream(folder_ / "server.key") << Identity("another", &root_).private_key();
  EXPECT_THAT(std::string(error(Files()).message()), HasSubstr("is not that of the first"));

  std::ofstream(folder_ / "server.pem") << "hello";
  EXPECT_THAT(std::string(error(Files()).message()), HasSubstr("holds no certificate"));
}

}  // namespace
}  // namespace vitrine
