#include <gmock/gmock.h>

#include "e2e/shop.h"
#include "testing/status_matchers.h"

namespace vitrine {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the tests' own words.
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class CatalogTest : public ::testing::Test {
 protected:
  CatalogTest() { shop_.Serve(); }

  absl::StatusOr<v1::GetItemResponse> Get(const std::string& item_id) {
    v1::GetItemRequest request;
    request.set_item_id(item_id);
    return client_->GetItem(request);
  }

  std::vector<std::string> ListAll(int page_size) {
    std::vector<std::string> ids;
    v1::ListItemsRequest request;
    request.set_page_size(page_size);
    do {
      const auto page = client_->ListItems(request);
      if (!page.ok()) return {page.status().ToString()};
      EXPECT_LE(page->items_size(), page_size);
      for (const auto& item : page->items()) ids.push_back(item.item_id());
      request.set_page_token(page->next_page_token());
    } while (!request.page_token().empty());
    return ids;
  }

  Shop shop_;
  std::unique_ptr<Client> client_ = shop_.Connect();
};

TEST_F(CatalogTest, AnItemComesBackAsItWasStored) {
  v1::UpsertItemsRequest request;
  v1::Item& item = *request.add_items() = MakeItem("mug-red");
  item.set_primary_item_id("mug");
  item.set_description("茶杯");
  item.set_availability(v1::AVAILABILITY_PREORDER);
  (*item.mutable_attributes())["volume"].set_number(0.3);
  item.mutable_publish_time()->set_seconds(1'700'000'000);

  ASSERT_THAT(client_->UpsertItems(request), IsOk());

  EXPECT_EQ(Get("mug-red")->item().SerializeAsString(), item.SerializeAsString());
}

TEST_F(CatalogTest, AnUnknownItemIsNotFoundAndCaseMatters) {
  ASSERT_THAT(client_->UpsertItems(MakeItems(1)), IsOk());

  EXPECT_THAT(Get("item-000"), IsOk());
  EXPECT_THAT(Get("ITEM-000"), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_EQ(ErrorReason(Get("ITEM-000").status()), "ITEM_NOT_FOUND");
  EXPECT_THAT(Get(""), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(CatalogTest, PagesHoldEveryItemOnce) {
  ASSERT_THAT(client_->UpsertItems(MakeItems(10)), IsOk());

  EXPECT_THAT(ListAll(3), SizeIs(10));
  EXPECT_EQ(ListAll(3), ListAll(10));
  EXPECT_EQ(ListAll(3), ListAll(1'000));
}

TEST_F(CatalogTest, ABadPageIsRefused) {
  v1::ListItemsRequest request;
  request.set_page_size(1'001);
  request.set_page_token("c1");

  const auto response = client_->ListItems(request);

  EXPECT_THAT(response, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(std::string(response.status().message()), HasSubstr("\n  page_size: is 1001"));
  EXPECT_THAT(std::string(response.status().message()), HasSubstr("\n  page_token: "));
}

TEST_F(CatalogTest, ADeletedItemIsGoneAndUnknownIdsDoNotMatter) {
  ASSERT_THAT(client_->UpsertItems(MakeItems(3)), IsOk());
  v1::DeleteItemsRequest request;
  request.add_item_ids("item-001");
  request.add_item_ids("nothing");

  EXPECT_EQ(client_->DeleteItems(request)->retired_count(), 1);
  EXPECT_EQ(client_->DeleteItems(request)->retired_count(), 0);

  EXPECT_THAT(Get("item-001"), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(ItemIds(client_->RecommendItems(For("ann"))),
              ::testing::UnorderedElementsAre("item-000", "item-002"));
  request.set_item_ids(0, "");
  EXPECT_THAT(client_->DeleteItems(request), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(CatalogTest, ABadItemIsNamedAndNothingIsStored) {
  v1::UpsertItemsRequest request = MakeItems(2);
  request.mutable_items(1)->mutable_price()->set_currency_code("euro");

  const auto response = client_->UpsertItems(request);

  EXPECT_THAT(response, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(std::string(response.status().message()), HasSubstr("items[1].price.currency_code"));
  EXPECT_THAT(Get("item-000"), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(CatalogTest, SettingTheStockOfAnUnknownItemChangesNothing) {
  ASSERT_THAT(client_->UpsertItems(MakeItems(1)), IsOk());
  v1::SetInventoryRequest request;
  for (const char* id : {"item-000", "nothing"}) {
    v1::Inventory& inventory = *request.add_inventories();
    inventory.set_item_id(id);
    inventory.set_stock(7);
  }

  const auto response = client_->SetInventory(request);

  EXPECT_THAT(response, StatusIs(absl::StatusCode::kNotFound));
  EXPECT_EQ(ErrorReason(response.status()), "ITEM_NOT_FOUND");
  EXPECT_THAT(std::string(response.status().message()), HasSubstr("nothing"));
  EXPECT_FALSE(Get("item-000")->item().has_stock());
}

// More than one message may hold: the server's limit is a tenth of the catalogue.
TEST_F(CatalogTest, AWholeCatalogueIsReplacedWhateverItsSize) {
  Shop shop({.max_message_bytes = 100'000});
  shop.Serve();
  client_ = shop.Connect();
  ASSERT_THAT(client_->UpsertItems(MakeItems(3)), IsOk());
  int sent = 0;

  const auto response = client_->ReplaceCatalog([&sent] {
    std::vector<v1::Item> items;
    for (; items.size() < 500 && sent < 20'000; ++sent) {
      items.push_back(MakeItem(absl::StrFormat("new-%05d", sent)));
    }
    return items;
  });

  ASSERT_THAT(response, IsOk());
  EXPECT_EQ(response->item_count(), 20'000);
  EXPECT_EQ(response->retired_count(), 3);
  EXPECT_THAT(Get("item-000"), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(ListAll(1'000), SizeIs(20'000));
}

TEST_F(CatalogTest, AnEmptyCatalogueIsNoReplacement) {
  ASSERT_THAT(client_->UpsertItems(MakeItems(3)), IsOk());

  const auto response = client_->ReplaceCatalog([] { return std::vector<v1::Item>(); });

  EXPECT_THAT(response, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(ListAll(10), ElementsAre("item-000", "item-001", "item-002"));
}

}  // namespace
}  // namespace vitrine
