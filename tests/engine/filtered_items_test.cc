#include "engine/filter/filtered_items.h"

#include <gmock/gmock.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "engine/random_filter.h"
#include "testing/fake_feature_store.h"
#include "testing/status_matchers.h"
#include "vitrine/base/random.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using vitrine::testing::FakeFeatureStore;
using vitrine::testing::FilterMaker;
using vitrine::testing::IsOk;
using vitrine::testing::MadeFilter;
using vitrine::testing::StatusIs;

std::vector<std::uint32_t> RowsOf(const ItemBitmap& items) {
  std::vector<std::uint32_t> rows;
  for (const ItemIndex item : items.Items()) rows.push_back(static_cast<std::uint32_t>(Row(item)));
  return rows;
}

class FilteredItemsTest : public ::testing::Test {
 protected:
  std::vector<std::uint32_t> RowsIn(const std::vector<std::string>& categories) const {
    return RowsOf(filtered_.InCategories(categories));
  }
  std::vector<std::uint32_t> RowsMatching(const std::string& filter) const {
    const auto items = filtered_.Matching(filter);
    EXPECT_THAT(items, IsOk());
    return items.ok() ? RowsOf(**items) : std::vector<std::uint32_t>();
  }

  // What Matches says of every item as it is now.
  std::vector<std::uint32_t> BruteForce(const std::string& filter) const {
    const FilterExpression expression = *ParseFilter(filter);
    std::vector<std::uint32_t> rows;
    for (std::uint32_t row = 0; row < store_.catalogue().num_indices(); ++row) {
      const auto item = store_.catalogue().Get(ItemIndex{row});
      if (item != nullptr && Matches(expression, *item)) rows.push_back(row);
    }
    return rows;
  }

  FakeFeatureStore store_;
  FilteredItems filtered_{store_.catalogue()};
};

TEST_F(FilteredItemsTest, TakesItemsOfAnyCategoryNamed) {
  store_.Put({.id = "mug", .categories = {"Home > Mugs"}});
  store_.Put({.id = "rake", .categories = {"Garden"}});
  store_.Put({.id = "ball", .categories = {"Toys"}});

  EXPECT_THAT(RowsIn({"Home"}), ElementsAre(0));
  EXPECT_THAT(RowsIn({"Home", "Toys"}), ElementsAre(0, 2));
  EXPECT_THAT(RowsIn({" Home  >Mugs"}), ElementsAre(0));
  EXPECT_THAT(RowsIn({"home"}), IsEmpty());
  EXPECT_THAT(RowsIn({""}), IsEmpty());
  EXPECT_THAT(RowsIn({"\"", "\\"}), IsEmpty());
}

TEST_F(FilteredItemsTest, CountsWhatItFindsKept) {
  Counters counters;
  const FilteredItems filtered(store_.catalogue(), &counters);
  const auto count = [&](const std::string& name) { return counters.Get("cache." + name).value(); };
  store_.Put({.id = "mug", .brand = "Acme"});

  ASSERT_THAT(filtered.Matching("brand = \"Acme\""), IsOk());
  EXPECT_EQ(count("filters.miss"), 1U);
  EXPECT_EQ(count("filter_items.miss"), 1U);

  ASSERT_THAT(filtered.Matching("brand = \"Acme\""), IsOk());
  EXPECT_EQ(count("filters.hit"), 1U);
  EXPECT_EQ(count("filter_items.hit"), 1U);

  store_.Put({.id = "cup", .brand = "Acme"});
  ASSERT_THAT(filtered.Matching("brand = \"Acme\""), IsOk());
  EXPECT_EQ(count("filters.hit"), 2U);
  EXPECT_EQ(count("filter_items.miss"), 2U);  // The new item was read.
}

TEST_F(FilteredItemsTest, SeesEveryChange) {
  store_.Put({.id = "mug", .categories = {"Home"}, .price = Money{5'000'000, "EUR"}});
  EXPECT_THAT(RowsIn({"Home"}), ElementsAre(0));
  EXPECT_THAT(RowsMatching("price < 10"), ElementsAre(0));

  store_.Put({.id = "cup", .categories = {"Home"}, .price = Money{6'000'000, "EUR"}});
  EXPECT_THAT(RowsIn({"Home"}), ElementsAre(0, 1));
  EXPECT_THAT(RowsMatching("price < 10"), ElementsAre(0, 1));

  store_.Put({.id = "mug", .categories = {"Home"}, .price = Money{10'000'000, "EUR"}});
  EXPECT_THAT(RowsMatching("price < 10"), ElementsAre(1));

  store_.Retire("cup");
  EXPECT_THAT(RowsIn({"Home"}), ElementsAre(0));
  EXPECT_THAT(RowsMatching("price < 10"), IsEmpty());
}

TEST_F(FilteredItemsTest, StaysRightBeyondWhatItRemembers) {
  store_.Put({.id = "mug", .categories = {"Home"}});
  for (std::size_t i = 0; i < 2 * FilteredItems::kMaxRemembered; ++i) {
    EXPECT_THAT(RowsIn({"Nothing " + std::to_string(i)}), IsEmpty());
    EXPECT_THAT(RowsMatching("stock > " + std::to_string(i)), IsEmpty());
  }

  EXPECT_THAT(RowsIn({"Home"}), ElementsAre(0));
}

TEST_F(FilteredItemsTest, StaysRightBeyondTheChangesThatAreKept) {
  store_.Put({.id = "mug", .stock = 1});
  store_.Put({.id = "cup", .stock = 1});
  EXPECT_THAT(RowsMatching("stock = 1"), ElementsAre(0, 1));

  store_.Put({.id = "mug", .stock = 2});
  for (std::size_t i = 0; i <= 2 * Catalogue::kKeptChanges; ++i) store_.Put({.id = "cup"});

  EXPECT_THAT(RowsMatching("stock = 1"), IsEmpty());
  EXPECT_THAT(RowsMatching("stock = 2"), ElementsAre(0));
}

TEST_F(FilteredItemsTest, WhatCannotBeReadNamesTheFilter) {
  const auto items = filtered_.Matching("brand =");

  EXPECT_THAT(items, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(std::string(items.status().message()), HasSubstr("filter: column 8: "));
}

TEST_F(FilteredItemsTest, RandomFiltersOverRandomChangesEqualBruteForce) {
  FilterMaker maker(11);
  Random random(11);
  const auto change = [&] {
    const std::string id = "item-" + std::to_string(random.Below(300));
    if (random.Below(8) == 0) return store_.Retire(id);
    store_.Put(maker.MakeItem(id));
  };
  for (int i = 0; i < 400; ++i) change();
  std::vector<MadeFilter> filters;
  for (int i = 0; i < 300; ++i) filters.push_back(maker.MakeExpression(i % 3));

  for (int round = 0; round < 4; ++round) {
    for (const MadeFilter& made : filters) {  // More than it remembers.
      ASSERT_EQ(RowsMatching(made.text), BruteForce(made.text)) << made.text;
      change();
      ASSERT_EQ(RowsMatching(made.text), BruteForce(made.text)) << made.text;
    }
  }
}

TEST_F(FilteredItemsTest, AChangeCountsForWhoAsksAfterItWhoeverElseAsks) {
  for (int i = 0; i < 500; ++i) store_.Put({.id = "item-" + std::to_string(i), .stock = 5});
  std::atomic<bool> is_done = false;
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      while (!is_done) {
        for (const char* filter : {"stock = 5", "stock < 5", "stock > 5"}) {
          EXPECT_THAT(filtered_.Matching(filter), IsOk());
        }
      }
    });
  }

  for (std::uint32_t i = 0; i < 500; ++i) {
    store_.Put({.id = "item-" + std::to_string(i), .stock = i % 10});
    for (const char* filter : {"stock = 5", "stock < 5", "stock > 5"}) {
      ASSERT_EQ(RowsMatching(filter), BruteForce(filter)) << filter << " after " << i;
    }
  }

  is_done = true;
  for (std::thread& reader : readers) reader.join();
}

}  // namespace
}  // namespace vitrine
