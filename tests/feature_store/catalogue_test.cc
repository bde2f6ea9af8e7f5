#include "vitrine/feature_store/catalogue.h"

#include <gmock/gmock.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "testing/fake_clock.h"
#include "testing/fake_feature_store.h"
#include "testing/fault_file_system.h"
#include "testing/status_matchers.h"
#include "testing/temporary_folder.h"
#include "vitrine/feature_store/feature_store.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using testing::FakeClock;
using ::testing::IsEmpty;
using testing::IsOk;
using ::testing::SizeIs;
using testing::StatusIs;
using testing::TemporaryFolder;

class CatalogueTest : public ::testing::Test {
 protected:
  CatalogueTest() {
    auto store = FeatureStore::Open(folder_.path(), {}, files_, clock_);
    EXPECT_THAT(store, IsOk());
    store_ = *std::move(store);
  }

  WriteResult Write(Mutation mutation) {
    auto result = store_->Write(std::move(mutation));
    EXPECT_THAT(result, IsOk());
    return result.ok() ? *result : WriteResult();
  }

  const Catalogue& catalogue() const { return store_->catalogue(); }
  std::shared_ptr<const Item> Get(const std::string& id) const {
    const auto index = catalogue().Find(id);
    return index.has_value() ? catalogue().Get(*index) : nullptr;
  }
  std::vector<std::string> ServableIds(Micros now) const {
    const auto servable = catalogue().Servable(now);
    std::vector<std::string> ids;
    for (std::uint32_t row = 0; row < catalogue().num_indices(); ++row) {
      if (servable->Contains(ItemIndex{row})) ids.push_back(catalogue().Id(ItemIndex{row}));
    }
    return ids;
  }

  TemporaryFolder folder_;
  FakeClock clock_;
  testing::FaultFileSystem files_;
  std::unique_ptr<FeatureStore> store_;
};

TEST_F(CatalogueTest, IndicesAreGivenInOrderAndForGood) {
  Write(UpsertItems{{Item{.id = "a"}, Item{.id = "b"}}});
  Write(DeleteItems{{"a"}});
  Write(UpsertItems{{Item{.id = "c"}, Item{.id = "a"}}});

  EXPECT_EQ(catalogue().Find("a"), ItemIndex{0});
  EXPECT_EQ(catalogue().Find("b"), ItemIndex{1});
  EXPECT_EQ(catalogue().Find("c"), ItemIndex{2});
  EXPECT_EQ(catalogue().Find("A"), std::nullopt);
}

TEST_F(CatalogueTest, SeveralAreFoundAndReadAsEachAlone) {
  Write(UpsertItems{{Item{.id = "a", .title = "A"}, Item{.id = "b"}}});
  Write(DeleteItems{{"b"}});

  EXPECT_THAT(catalogue().FindEach(std::vector<std::string>{"b", "none", "a"}),
              ElementsAre(ItemIndex{1}, std::nullopt, ItemIndex{0}));
  const auto entries = catalogue().GetEach(std::vector{ItemIndex{1}, ItemIndex{0}});
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_EQ(entries[0].id, "b");
  EXPECT_EQ(entries[0].item, nullptr);
  EXPECT_EQ(entries[1].id, "a");
  EXPECT_EQ(entries[1].item, catalogue().Get(ItemIndex{0}));
}

TEST_F(CatalogueTest, OfTwoWithOneIdTheLaterWins) {
  Write(UpsertItems{{Item{.id = "a", .title = "first"}, Item{.id = "a", .title = "second"}}});

  EXPECT_EQ(Get("a")->title, "second");
  EXPECT_EQ(catalogue().num_items(), 1);
}

TEST_F(CatalogueTest, DeletingCountsWhatWasThereAndWhatWasNot) {
  Write(UpsertItems{{Item{.id = "a"}, Item{.id = "b"}}});

  const WriteResult result = Write(DeleteItems{{"a", "x", "a"}});

  EXPECT_EQ(result.num_removed, 1);
  EXPECT_EQ(result.num_unknown, 2);
  EXPECT_EQ(Get("a"), nullptr);
  EXPECT_EQ(catalogue().num_items(), 1);
  EXPECT_EQ(catalogue().num_indices(), 2);
}

TEST_F(CatalogueTest, ReplacingRetiresWhatIsAbsent) {
  Write(UpsertItems{{Item{.id = "a"}, Item{.id = "b"}}});

  const WriteResult result = Write(ReplaceCatalogue{{Item{.id = "b"}, Item{.id = "c"}}});

  EXPECT_EQ(result.num_changed, 2);
  EXPECT_EQ(result.num_removed, 1);
  EXPECT_EQ(Get("a"), nullptr);
  EXPECT_THAT(ServableIds(clock_.Now()), ElementsAre("b", "c"));
}

TEST_F(CatalogueTest, TellsWhichItemsChangedSinceAMoment) {
  Write(UpsertItems{{Item{.id = "a"}, Item{.id = "b"}}});
  const Catalogue::Changes first = catalogue().ChangesSince(0);
  EXPECT_THAT(*first.items, ElementsAre(ItemIndex{0}, ItemIndex{1}));
  EXPECT_THAT(*catalogue().ChangesSince(first.version).items, IsEmpty());

  Write(UpdateInventory{{{.id = "b", .price = Money{2, "EUR"}}}});
  Write(DeleteItems{{"a"}});
  Write(UpdateInventory{{{.id = "b", .stock = 0}}});

  const Catalogue::Changes then = catalogue().ChangesSince(first.version);
  EXPECT_THAT(*then.items, ElementsAre(ItemIndex{1}, ItemIndex{0}, ItemIndex{1}));
  EXPECT_THAT(*catalogue().ChangesSince(then.version - 1).items, ElementsAre(ItemIndex{1}));
  EXPECT_EQ(catalogue().ChangesSince(then.version + 1).items, std::nullopt);
}

TEST_F(CatalogueTest, ForgetsTheOldestOfManyChanges) {
  testing::FakeFeatureStore store;
  const std::size_t num_changes = 2 * Catalogue::kKeptChanges + 2;
  for (std::size_t i = 0; i < num_changes; ++i) store.Put({.id = i % 2 == 0 ? "even" : "odd"});

  const std::uint64_t now = store.catalogue().ChangesSince(0).version;
  EXPECT_EQ(now, num_changes);
  EXPECT_EQ(store.catalogue().ChangesSince(0).items, std::nullopt);
  const auto kept = store.catalogue().ChangesSince(now - Catalogue::kKeptChanges).items;
  ASSERT_TRUE(kept.has_value());
  EXPECT_EQ(kept->size(), Catalogue::kKeptChanges);
  EXPECT_EQ(kept->back(), ItemIndex{1});
}

TEST_F(CatalogueTest, VisitsDescribedItemsInOrderAPieceAtATime) {
  Write(UpsertItems{{Item{.id = "a"}, Item{.id = "b"}, Item{.id = "c"}, Item{.id = "d"}}});
  Write(DeleteItems{{"b"}});
  std::vector<std::string> visited;
  const auto visit = [&visited](ItemIndex /*index*/, const Item& item) {
    visited.push_back(item.id);
  };

  EXPECT_TRUE(catalogue().Visit(ItemIndex{0}, 3, visit));
  EXPECT_THAT(visited, ElementsAre("a", "c"));
  EXPECT_FALSE(catalogue().Visit(ItemIndex{3}, 3, visit));
  EXPECT_THAT(visited, ElementsAre("a", "c", "d"));
  EXPECT_FALSE(catalogue().Visit(ItemIndex{9}, 3, visit));
}

TEST_F(CatalogueTest, InventoryChangesStockAndPriceAlone) {
  Write(UpsertItems{{Item{.id = "a", .title = "A", .price = Money{1, "EUR"}}}});
  const std::uint32_t content = catalogue().content_fingerprint();

  Write(UpdateInventory{{{.id = "a", .stock = 0}}});
  EXPECT_THAT(ServableIds(clock_.Now()), IsEmpty());
  Write(UpdateInventory{{{.id = "a", .stock = 3, .price = Money{2, "EUR"}}}});

  EXPECT_EQ(*Get("a"), (Item{.id = "a", .title = "A", .price = Money{2, "EUR"}, .stock = 3}));
  EXPECT_THAT(ServableIds(clock_.Now()), ElementsAre("a"));
  EXPECT_EQ(catalogue().content_fingerprint(), content);
}

TEST_F(CatalogueTest, InventoryOfAnUnknownItemChangesNothing) {
  Write(UpsertItems{{Item{.id = "a", .stock = 1}}});

  EXPECT_THAT(store_->Write(UpdateInventory{{{.id = "a", .stock = 0}, {.id = "x", .stock = 1}}}),
              StatusIs(absl::StatusCode::kNotFound));

  EXPECT_EQ(Get("a")->stock, 1);
}

TEST_F(CatalogueTest, AnItemBecomesServableWhenItIsPublished) {
  const Micros noon = clock_.Now();
  Write(UpsertItems{{Item{.id = "now"}, Item{.id = "later", .publish_time_us = noon + 10}}});

  EXPECT_THAT(ServableIds(noon), ElementsAre("now"));
  EXPECT_THAT(ServableIds(noon + 10), ElementsAre("now", "later"));
  EXPECT_THAT(ServableIds(noon), ElementsAre("now"));  // Also back in time.
}

TEST_F(CatalogueTest, AnItemRetiredBeforeItsPublicationStaysOut) {
  const Micros noon = clock_.Now();
  Write(UpsertItems{{Item{.id = "later", .publish_time_us = noon + 10}}});
  EXPECT_THAT(ServableIds(noon), IsEmpty());
  Write(DeleteItems{{"later"}});

  EXPECT_THAT(ServableIds(noon + 10), IsEmpty());
}

TEST_F(CatalogueTest, AVersionThatWasTakenDoesNotChange) {
  Write(UpsertItems{{Item{.id = "a"}}});
  const auto before = catalogue().Servable(clock_.Now());

  Write(DeleteItems{{"a"}});

  EXPECT_TRUE(before->Contains(ItemIndex{0}));
  EXPECT_FALSE(catalogue().Servable(clock_.Now())->Contains(ItemIndex{0}));
}

TEST_F(CatalogueTest, VariantsShareThePrimaryEvenIfItIsNoItem) {
  Write(UpsertItems{{Item{.id = "s", .primary_item_id = "shirt"},
                     Item{.id = "m", .primary_item_id = "shirt"}, Item{.id = "alone"}}});

  const ItemIndex s = *catalogue().Find("s");
  const ItemIndex m = *catalogue().Find("m");
  const ItemIndex alone = *catalogue().Find("alone");
  EXPECT_EQ(catalogue().Primary(s), catalogue().Primary(m));
  EXPECT_EQ(catalogue().Id(catalogue().Primary(s)), "shirt");
  EXPECT_EQ(catalogue().Primary(alone), alone);
}

TEST_F(CatalogueTest, TheContentIsThatOfTheTextsAndSuch) {
  const Item described{.id = "a",
                       .primary_item_id = "p",
                       .title = "A",
                       .description = "D",
                       .categories = {"C"},
                       .brand = "B",
                       .tags = {"T"},
                       .attributes = {{"colour", "red"}, {"size", 3.0}}};
  Write(UpsertItems{{described}});
  const std::uint32_t content = catalogue().content_fingerprint();
  std::set<std::uint32_t> others;
  std::size_t num_others = 0;
  const auto expect_other = [&](auto&& change) {
    Item changed = described;
    change(changed);
    Write(UpsertItems{{changed}});
    others.insert(catalogue().content_fingerprint());
    ++num_others;
  };

  expect_other([](Item& item) { item.primary_item_id = "q"; });
  expect_other([](Item& item) { item.title = "B"; });
  expect_other([](Item& item) { item.description = ""; });
  expect_other([](Item& item) { item.categories = {"C", "C > D"}; });
  expect_other([](Item& item) { item.brand = ""; });
  expect_other([](Item& item) { item.tags = {}; });
  expect_other([](Item& item) { item.attributes["size"] = 4.0; });
  expect_other([](Item& item) { item.attributes["size"] = "3"; });
  EXPECT_THAT(others, SizeIs(num_others));
  EXPECT_FALSE(others.contains(content));

  Write(UpsertItems{{described}});
  EXPECT_EQ(catalogue().content_fingerprint(), content);
  Write(UpsertItems{{Item{.id = "b"}}});
  EXPECT_NE(catalogue().content_fingerprint(), content);
  Write(DeleteItems{{"b"}});
  EXPECT_EQ(catalogue().content_fingerprint(), content);
}

TEST_F(CatalogueTest, TheContentIsTheSameInWhateverOrderItemsCame) {
  const Item a{.id = "a", .title = "A"};
  const Item b{.id = "b", .title = "B"};
  Write(UpsertItems{{a, b}});
  const TemporaryFolder other_folder;
  const auto other = FeatureStore::Open(other_folder.path(), {}, files_, clock_);
  ASSERT_THAT(other, IsOk());
  ASSERT_THAT((*other)->Write(UpsertItems{{b}}), IsOk());
  EXPECT_NE((*other)->catalogue().content_fingerprint(), catalogue().content_fingerprint());
  ASSERT_THAT((*other)->Write(UpsertItems{{a}}), IsOk());

  EXPECT_EQ((*other)->catalogue().content_fingerprint(), catalogue().content_fingerprint());
}

TEST_F(CatalogueTest, AnEventOfAnUnknownItemGivesItAnIndexAndNoItem) {
  Write(RecordEvents{{Event{
      .type = EventType::kDetailPageView, .user_id = "ann", .items = {{.item_id = "ghost"}}}}});

  EXPECT_EQ(catalogue().Find("ghost"), ItemIndex{0});
  EXPECT_EQ(Get("ghost"), nullptr);
  EXPECT_THAT(ServableIds(clock_.Now()), IsEmpty());
}

TEST_F(CatalogueTest, ListsFromAnIndexOnUpToALimit) {
  Write(UpsertItems{{Item{.id = "a"}, Item{.id = "b"}, Item{.id = "c"}, Item{.id = "d"}}});
  Write(DeleteItems{{"c"}});

  const auto page = catalogue().List(ItemIndex{1}, 2);

  ASSERT_EQ(page.size(), 2);
  EXPECT_EQ(page[0]->id, "b");
  EXPECT_EQ(page[1]->id, "d");
}

}  // namespace
}  // namespace vitrine
