#include "engine/category_filter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "testing/fake_feature_store.h"
#include "vitrine/base/random.h"
#include "vitrine/feature_store/text.h"

namespace vitrine {
namespace {

using vitrine::testing::FakeFeatureStore;

TEST(LiesInTest, AgreesWithCategoryPrefixesHoweverThePathIsWritten) {
  Random random(3);
  const std::vector<std::string> pieces = {"Home", "Mugs", "Ho", " ",  "  ",
                                           ">",    " > ",  "\t", "\n", "家"};
  std::size_t num_inside = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string path;
    for (std::uint64_t n = random.Below(8); n > 0; --n) path += pieces[random.Below(pieces.size())];
    const std::vector<std::string> prefixes = CategoryPrefixes(path);
    for (const char* category : {"Home", "Home > Mugs", "家", "Home > Mugs > Ho"}) {
      const bool expected = std::find(prefixes.begin(), prefixes.end(), category) != prefixes.end();
      ASSERT_EQ(LiesIn(path, category), expected) << "\"" << path << "\" in " << category;
      num_inside += expected ? 1U : 0U;
    }
  }
  EXPECT_GT(num_inside, 1000U);  // The paths are not all nonsense.
}

class CategoryFilterTest : public ::testing::Test {
 protected:
  std::vector<std::uint32_t> RowsIn(const std::vector<std::string>& categories) const {
    const ItemBitmap items = filter_.ItemsIn(categories);
    std::vector<std::uint32_t> rows;
    for (std::uint32_t row = 0; row < items.size(); ++row) {
      if (items.Contains(ItemIndex{row})) rows.push_back(row);
    }
    return rows;
  }

  FakeFeatureStore store_;
  CategoryFilter filter_{store_.catalogue()};
};

TEST_F(CategoryFilterTest, TakesItemsOfAnyCategoryNamed) {
  store_.Put({.id = "mug", .categories = {"Home > Mugs"}});
  store_.Put({.id = "rake", .categories = {"Garden"}});
  store_.Put({.id = "ball", .categories = {"Toys"}});

  EXPECT_EQ(RowsIn({"Home"}), std::vector<std::uint32_t>({0}));
  EXPECT_EQ(RowsIn({"Home", "Toys"}), std::vector<std::uint32_t>({0, 2}));
  EXPECT_EQ(RowsIn({" Home  >Mugs"}), std::vector<std::uint32_t>({0}));
  EXPECT_TRUE(RowsIn({"home"}).empty());
  EXPECT_TRUE(RowsIn({""}).empty());
}

TEST_F(CategoryFilterTest, SeesEveryChangeOfATextOrOfTheSetOfItems) {
  store_.Put({.id = "mug", .categories = {"Home"}});
  EXPECT_EQ(RowsIn({"Home"}), std::vector<std::uint32_t>({0}));

  store_.Put({.id = "cup", .categories = {"Home"}});
  EXPECT_EQ(RowsIn({"Home"}), std::vector<std::uint32_t>({0, 1}));

  store_.Retire("mug");
  EXPECT_EQ(RowsIn({"Home"}), std::vector<std::uint32_t>({1}));
}

TEST_F(CategoryFilterTest, StaysRightBeyondWhatItRemembers) {
  store_.Put({.id = "mug", .categories = {"Home"}});
  for (std::size_t i = 0; i < 2 * CategoryFilter::kMaxRemembered; ++i) {
    EXPECT_TRUE(RowsIn({"Nothing " + std::to_string(i)}).empty());
  }

  EXPECT_EQ(RowsIn({"Home"}), std::vector<std::uint32_t>({0}));
}

}  // namespace
}  // namespace vitrine
