#include <gmock/gmock.h>

#include <atomic>
#include <set>
#include <thread>

#include "e2e/shop.h"
#include "testing/status_matchers.h"

namespace vitrine {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the tests' own words.
using ::testing::Contains;
using ::testing::Each;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

class RecommendationTest : public ::testing::Test {
 protected:
  RecommendationTest() {
    shop_.Serve();
    EXPECT_THAT(client_->UpsertItems(MakeItems(5)), IsOk());
  }

  void Record(v1::EventType type, const std::string& user_id, const std::string& item_id) {
    EXPECT_THAT(client_->RecordEvents(Batch({MakeEvent(type, user_id, item_id)})), IsOk());
  }

  Shop shop_;
  std::unique_ptr<Client> client_ = shop_.Connect();
};

TEST_F(RecommendationTest, NothingIsRequired) {
  const auto response = client_->RecommendItems(v1::RecommendItemsRequest());

  ASSERT_THAT(response, IsOk());
  EXPECT_THAT(response->items(), SizeIs(5));
  EXPECT_EQ(response->model_version(), "");
  EXPECT_THAT(response->fallbacks(), Not(IsEmpty()));
  EXPECT_NE(response->consistency_token(), "");
  for (const auto& item : response->items()) EXPECT_THAT(item.reasons(), Not(IsEmpty()));
}

TEST_F(RecommendationTest, AnEmptyShopHasAnEmptyAnswer) {
  Shop empty;
  empty.Serve();

  EXPECT_THAT(ItemIds(empty.Connect()->RecommendItems(For("ann"))), IsEmpty());
}

TEST_F(RecommendationTest, UnknownUsersAndContextItemsAreNormal) {
  v1::RecommendItemsRequest request = For("nobody");
  request.set_visitor_id("nowhere");
  request.add_context_item_ids("nothing");
  request.add_cart_item_ids("nothing");

  EXPECT_THAT(ItemIds(client_->RecommendItems(request)), SizeIs(5));
}

TEST_F(RecommendationTest, APurchaseIsGoneFromTheVeryNextAnswer) {
  EXPECT_THAT(ItemIds(client_->RecommendItems(For("ann"))), Contains("item-003"));

  Record(v1::EVENT_TYPE_PURCHASE_COMPLETE, "ann", "item-003");

  EXPECT_THAT(ItemIds(client_->RecommendItems(For("ann"))), Not(Contains("item-003")));
  EXPECT_THAT(ItemIds(client_->RecommendItems(For("bob"))), Contains("item-003"));
}

TEST_F(RecommendationTest, ExcludedItemsAndTheCartStayOut) {
  v1::RecommendItemsRequest request = For("ann");
  request.add_exclude_item_ids("item-000");
  request.add_cart_item_ids("item-001");

  EXPECT_THAT(ItemIds(client_->RecommendItems(request)),
              UnorderedElementsAre("item-002", "item-003", "item-004"));
}

TEST_F(RecommendationTest, TheSeenItemsPolicyDecidesWhatOfThePastIsShown) {
  Record(v1::EVENT_TYPE_DETAIL_PAGE_VIEW, "ann", "item-000");
  Record(v1::EVENT_TYPE_PURCHASE_COMPLETE, "ann", "item-001");
  v1::RecommendItemsRequest request = For("ann");
  EXPECT_THAT(ItemIds(client_->RecommendItems(request)), SizeIs(4));

  request.set_seen_items_policy(v1::SEEN_ITEMS_POLICY_EXCLUDE_SEEN);
  EXPECT_THAT(ItemIds(client_->RecommendItems(request)), SizeIs(3));

  request.set_seen_items_policy(v1::SEEN_ITEMS_POLICY_INCLUDE);
  EXPECT_THAT(ItemIds(client_->RecommendItems(request)), SizeIs(5));
}

TEST_F(RecommendationTest, TheFullViewSavesASecondLookUp) {
  v1::RecommendItemsRequest request = For("ann", 1);
  EXPECT_FALSE(client_->RecommendItems(request)->items(0).has_item());

  request.set_view(v1::ITEM_VIEW_FULL);

  const auto response = client_->RecommendItems(request);
  ASSERT_THAT(ItemIds(response), SizeIs(1));
  EXPECT_EQ(response->items(0).item().title(), "The " + response->items(0).item_id());
  EXPECT_EQ(response->items(0).item().price().micros(), 9'990'000);
}

TEST_F(RecommendationTest, StockAndPriceTakeEffectOnTheNextAnswer) {
  v1::SetInventoryRequest change;
  v1::Inventory& gone = *change.add_inventories();
  gone.set_item_id("item-002");
  gone.set_stock(0);
  v1::Inventory& cheap = *change.add_inventories();
  cheap.set_item_id("item-001");
  cheap.mutable_price()->set_currency_code("EUR");
  cheap.mutable_price()->set_micros(1);

  ASSERT_THAT(client_->SetInventory(change), IsOk());

  v1::RecommendItemsRequest request = For("ann");
  request.set_view(v1::ITEM_VIEW_FULL);
  const auto response = client_->RecommendItems(request);
  EXPECT_THAT(ItemIds(response), Not(Contains("item-002")));
  for (const auto& item : response->items()) {
    EXPECT_EQ(item.item().price().micros(), item.item_id() == "item-001" ? 1 : 9'990'000);
  }
}

TEST_F(RecommendationTest, AFilterFollowsThePriceAtOnce) {
  v1::RecommendItemsRequest request = For("ann");
  request.set_filter("price < 5 AND category: \"Home\"");
  EXPECT_THAT(ItemIds(client_->RecommendItems(request)), IsEmpty());

  v1::SetInventoryRequest change;
  v1::Inventory& cheap = *change.add_inventories();
  cheap.set_item_id("item-001");
  cheap.mutable_price()->set_currency_code("EUR");
  cheap.mutable_price()->set_micros(4'999'999);
  ASSERT_THAT(client_->SetInventory(change), IsOk());

  EXPECT_THAT(ItemIds(client_->RecommendItems(request)), UnorderedElementsAre("item-001"));
  v1::SimilarItemsRequest similar;
  similar.set_item_id("item-002");
  similar.set_filter("price < 5");
  EXPECT_THAT(ItemIds(client_->SimilarItems(similar)), UnorderedElementsAre("item-001"));
}

TEST_F(RecommendationTest, AFilterThatCannotBeReadIsAFieldViolation) {
  v1::RecommendItemsRequest request = For("ann");
  request.set_filter("(brand = \"Acme\" AND price < 20");

  const auto response = client_->RecommendItems(request);

  EXPECT_THAT(response, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_EQ(ErrorReason(response.status()), "INVALID_FIELD");
  EXPECT_THAT(
      std::string(response.status().message()),
      ::testing::HasSubstr("filter: column 31: the filter ends; expected AND, OR or \")\""));
}

TEST_F(RecommendationTest, WhyAnItemIsNotThereFollowsTheEventAtOnce) {
  v1::ExplainRecommendationRequest question;
  *question.mutable_request() = For("ann");
  question.set_item_id("item-003");
  const auto before = client_->ExplainRecommendation(question);
  Record(v1::EVENT_TYPE_PURCHASE_COMPLETE, "ann", "item-003");
  const auto after = client_->ExplainRecommendation(question);
  question.mutable_request()->set_page_token("made up");
  const auto refused = client_->ExplainRecommendation(question);

  ASSERT_THAT(before, IsOk());
  EXPECT_EQ(before->outcome(), v1::ExplainRecommendationResponse::OUTCOME_SHOWN);
  EXPECT_GT(before->rank(), 0);
  ASSERT_THAT(after, IsOk());
  EXPECT_EQ(after->outcome(), v1::ExplainRecommendationResponse::OUTCOME_EXCLUDED);
  EXPECT_THAT(after->detail(), ::testing::HasSubstr("bought"));
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(RecommendationTest, TheRowsOfAPageShareNoItem) {
  v1::BatchRecommendItemsRequest page;
  for (int row = 0; row < 2; ++row) {
    *page.add_rows() = For("ann");
    page.mutable_rows(row)->set_page_size(3);
  }
  const auto response = client_->BatchRecommendItems(page);

  ASSERT_THAT(response, IsOk());
  ASSERT_EQ(response->rows_size(), 2);
  std::set<std::string> ids;
  for (const auto& row : response->rows()) {
    for (const auto& item : row.items()) ids.insert(item.item_id());
  }
  EXPECT_THAT(response->rows(0).items(), SizeIs(3));
  EXPECT_THAT(ids, SizeIs(5));
}

TEST_F(RecommendationTest, RankItemsReturnsEveryItemUnknownOnesLast) {
  v1::RankItemsRequest request;
  for (const char* id : {"nothing", "item-004", "nil", "item-001"}) request.add_item_ids(id);

  const auto response = client_->RankItems(request);

  ASSERT_THAT(ItemIds(response), SizeIs(4));
  EXPECT_TRUE(response->items(0).known());
  EXPECT_TRUE(response->items(1).known());
  EXPECT_EQ(response->items(2).item_id(), "nothing");
  EXPECT_FALSE(response->items(2).known());
  EXPECT_EQ(response->items(3).item_id(), "nil");
}

TEST_F(RecommendationTest, SimilarItemsLeavesTheItemItselfOut) {
  v1::SimilarItemsRequest request;
  request.set_item_id("item-002");

  EXPECT_THAT(ItemIds(client_->SimilarItems(request)), Not(Contains("item-002")));
}

TEST_F(RecommendationTest, SimilarItemsOfAnUnknownItemIsWhatSells) {
  v1::SimilarItemsRequest request;
  request.set_item_id("nothing");

  const auto response = client_->SimilarItems(request);

  EXPECT_THAT(ItemIds(response), Not(IsEmpty()));
  EXPECT_THAT(response->fallbacks(), Contains("unknown-item"));
}

TEST_F(RecommendationTest, ATokenOfAnAcknowledgementIsAlwaysReached) {
  const auto recorded = client_->RecordEvents(
      Batch({MakeEvent(v1::EVENT_TYPE_PURCHASE_COMPLETE, "ann", "item-000")}));
  v1::RecommendItemsRequest request = For("ann");
  request.set_min_consistency_token(recorded->consistency_token());

  const auto response = client_->RecommendItems(request);

  ASSERT_THAT(response, IsOk());
  EXPECT_EQ(response->consistency_token(), recorded->consistency_token());
}

TEST_F(RecommendationTest, ATokenOfAnotherStoreIsRefused) {
  v1::RecommendItemsRequest request = For("ann");
  request.set_min_consistency_token("cffffff");

  const auto response = client_->RecommendItems(request);

  EXPECT_THAT(response, StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_EQ(ErrorReason(response.status()), "STATE_NOT_REACHED");
}

TEST_F(RecommendationTest, EveryFieldOverItsLimitIsNamed) {
  v1::RecommendItemsRequest request = For("ann", 201);
  request.set_min_consistency_token("not ours");

  const auto response = client_->RecommendItems(request);

  EXPECT_THAT(response, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_EQ(ErrorReason(response.status()), "INVALID_FIELD");
  const std::string message(response.status().message());
  EXPECT_THAT(message, ::testing::HasSubstr("\n  page_size: is 201"));
  EXPECT_THAT(message, ::testing::HasSubstr("\n  min_consistency_token: "));
}

// Four shoppers buy one item after the other over one connection and ask over another; whatever
// the server does at the same time, no answer may hold an item whose purchase was acknowledged.
TEST_F(RecommendationTest, NoAnswerFromAnyConnectionIgnoresAnAcknowledgedEvent) {
  constexpr int kItems = 60;
  ASSERT_THAT(client_->UpsertItems(MakeItems(kItems)), IsOk());
  std::atomic<int> num_stale = 0;
  std::vector<std::thread> shoppers;
  for (int s = 0; s < 4; ++s) {
    shoppers.emplace_back([&, user = absl::StrFormat("shopper-%d", s)] {
      const auto writer = shop_.Connect();
      const auto reader = shop_.Connect();
      for (int i = 0; i < kItems; ++i) {
        const std::string item = absl::StrFormat("item-%03d", i);
        const auto recorded =
            writer->RecordEvents(Batch({MakeEvent(v1::EVENT_TYPE_PURCHASE_COMPLETE, user, item)}));
        const auto answer = reader->RecommendItems(For(user));
        const bool is_right =
            recorded.ok() && answer.ok() && answer->items_size() == kItems - i - 1;
        if (!is_right) ++num_stale;
      }
    });
  }
  for (std::thread& shopper : shoppers) shopper.join();

  EXPECT_EQ(num_stale.load(), 0);
}

TEST_F(RecommendationTest, PagesRepeatNothingAlsoAfterARestart) {
  EXPECT_THAT(client_->UpsertItems(MakeItems(50)), IsOk());
  v1::RecommendItemsRequest request = For("ann", 20);
  std::set<std::string> shown;
  for (int page = 0; page < 3; ++page) {
    const auto response = client_->RecommendItems(request);
    ASSERT_THAT(response, IsOk());
    EXPECT_EQ(response->next_page_token().empty(), page == 2);
    for (const auto& item : response->items()) shown.insert(item.item_id());
    request.set_page_token(response->next_page_token());
    if (page == 0) {
      shop_.Restart();
      client_ = shop_.Connect();
    }
  }

  EXPECT_THAT(shown, SizeIs(50));
}

TEST_F(RecommendationTest, APageTokenThatIsDamagedOrOfAnotherRequestIsRefused) {
  const std::string token = client_->RecommendItems(For("ann", 2))->next_page_token();
  const auto answer = [&](const std::string& user_id, const std::string& page_token) {
    v1::RecommendItemsRequest request = For(user_id, 2);
    request.set_page_token(page_token);
    return client_->RecommendItems(request).status();
  };
  const auto message = [&](const std::string& user_id, const std::string& page_token) {
    return std::string(answer(user_id, page_token).message());
  };

  EXPECT_THAT(answer("ann", token), IsOk());
  EXPECT_THAT(answer("ann", token + "A"), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(answer("bob", token), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(message("ann", token + "A"), ::testing::HasSubstr("page_token"));
  EXPECT_THAT(message("bob", token), ::testing::HasSubstr("of another request"));
}

TEST_F(RecommendationTest, ControlsShapeTheList) {
  v1::UpsertItemsRequest items = MakeItems(5);
  for (v1::Item& item : *items.mutable_items()) item.set_brand("Acme");
  items.mutable_items(3)->set_brand("Best");
  EXPECT_THAT(client_->UpsertItems(items), IsOk());
  v1::RecommendItemsRequest request = For("ann");
  request.mutable_diversity()->set_lambda(0.5);
  request.set_max_per_brand(1);
  v1::Pin& pin = *request.add_pins();
  pin.set_item_id("item-002");
  pin.set_position(2);
  request.add_pins()->set_item_id("gone");
  request.mutable_pins(1)->set_position(1);

  const auto response = client_->RecommendItems(request);

  EXPECT_THAT(ItemIds(response), ::testing::ElementsAre("item-003", "item-002"));
  EXPECT_EQ(response->items(1).reasons(0).kind(), v1::Reason::KIND_PROMOTED);
  EXPECT_THAT(response->fallbacks(), Contains("pin-not-servable"));
}

}  // namespace
}  // namespace vitrine
