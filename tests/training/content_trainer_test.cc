#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "scorers/sample_shop.h"
#include "testing/status_matchers.h"
#include "vitrine/feature_store/text.h"
#include "vitrine/scorers/content/content.h"
#include "vitrine/training/trainer.h"

namespace vitrine {
namespace {

using ::testing::Contains;
using ::testing::FloatNear;
using testing::IsOk;
using ::testing::Not;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

Dataset ShopOf(const std::vector<Item>& items) {
  Dataset shop;
  for (const Item& item : items) {
    shop.item_ids.push_back(item.id);
    shop.items.push_back(std::make_shared<const Item>(item));
  }
  return shop;
}

ContentTable Train(const Dataset& shop, const Settings& settings = {}) {
  ThreadPool pool(2);
  const auto model = FindTrainer("content")->train(shop, settings, {.pool = &pool});
  EXPECT_THAT(model, IsOk());
  return static_cast<const Content&>(*model->scorer).table();
}

std::map<std::string, float> RowOf(const ContentTable& table, std::size_t row) {
  std::map<std::string, float> named;
  for (std::size_t i = 0; i < table.items.Columns(row).size(); ++i) {
    named[table.features[table.items.Columns(row)[i]]] = table.items.Values(row)[i];
  }
  return named;
}

TEST(ContentTrainerTest, TwoItemsByHand) {
  const ContentTable table =
      Train(ShopOf({{.id = "a", .title = "red mug mug"}, {.id = "b", .title = "red"}}));

  // idf: red ln(1 + 2/2), mug ln(1 + 2/1); the mug is named twice.
  const double red = std::log(2.0);
  const double mug = (1 + std::log(2.0)) * std::log(3.0);
  const double length = std::hypot(red, mug);
  EXPECT_THAT(
      RowOf(table, 0),
      UnorderedElementsAre(Pair("word: red", FloatNear(static_cast<float>(red / length), 1e-6F)),
                           Pair("word: mug", FloatNear(static_cast<float>(mug / length), 1e-6F))));
  EXPECT_THAT(RowOf(table, 1), UnorderedElementsAre(Pair("word: red", 1)));
}

TEST(ContentTrainerTest, EveryFieldBecomesAFeatureThatPeopleCanRead) {
  const ContentTable table = Train(ShopOf({{.id = "a",
                                            .title = "Mug",
                                            .description = "陶瓷杯",
                                            .categories = {"Home > Mugs"},
                                            .brand = "Acme",
                                            .tags = {"sale"},
                                            .attributes = {{"size", 2.5}, {"colour", "red"}}}}));

  EXPECT_THAT(table.features,
              ::testing::UnorderedElementsAre(
                  "word: mug", "word: 陶瓷", "word: 瓷杯", "category: Home",
                  "category: Home > Mugs", "brand: Acme", "tag: sale", "size: 2.5", "colour: red"));
}

TEST(ContentTrainerTest, AFieldOfWeightZeroIsLeftOut) {
  const Dataset shop =
      ShopOf({{.id = "a", .title = "Mug", .description = "blue", .brand = "Acme"}});

  const ContentTable table = Train(shop, {{"brand_weight", "0"}, {"description_weight", "0"}});

  EXPECT_THAT(RowOf(table, 0), UnorderedElementsAre(Pair("word: mug", 1)));
}

TEST(ContentTrainerTest, RareFeaturesAreLeftOutWhenAsked) {
  const Dataset shop = ShopOf({{.id = "a", .title = "red mug"}, {.id = "b", .title = "red"}});

  const ContentTable table = Train(shop, {{"min_items", "2"}});

  EXPECT_THAT(RowOf(table, 0), UnorderedElementsAre(Pair("word: red", 1)));
}

TEST(ContentTrainerTest, AnItemThatIsNotDescribedHasNoFeatures) {
  const ContentTable table = Train(testing::SampleShop());

  EXPECT_TRUE(table.items.Columns(57).empty());
  EXPECT_FALSE(table.items.Columns(58).empty());
}

TEST(ContentTrainerTest, AgreesWithANaiveTfIdf) {
  const Dataset shop = testing::SampleShop();
  const Settings titles_only = {{"description_weight", "0"}, {"category_weight", "0"},
                                {"brand_weight", "0"},       {"tag_weight", "0"},
                                {"attribute_weight", "0"},   {"title_weight", "3"}};
  std::map<std::string, double> num_items_with;
  double num_described = 0;
  for (const auto& item : shop.items) {
    if (item == nullptr) continue;
    ++num_described;
    std::vector<std::string> words = Tokenize(item->title);
    std::sort(words.begin(), words.end());
    words.erase(std::unique(words.begin(), words.end()), words.end());
    for (const std::string& word : words) ++num_items_with["word: " + word];
  }

  const ContentTable table = Train(shop, titles_only);

  for (std::size_t row = 0; row < shop.num_items(); ++row) {
    if (shop.items[row] == nullptr) continue;
    std::map<std::string, double> expected;
    for (const std::string& word : Tokenize(shop.items[row]->title)) {
      expected["word: " + word] += 1;
    }
    double squares = 0;
    for (auto& [name, value] : expected) {
      value = (1 + std::log(value)) * std::log(1 + num_described / num_items_with[name]);
      squares += value * value;
    }
    const auto actual = RowOf(table, row);
    ASSERT_EQ(actual.size(), expected.size());
    for (const auto& [name, value] : expected) {
      EXPECT_NEAR(actual.at(name), value / std::sqrt(squares), 1e-6) << name;
    }
  }
}

}  // namespace
}  // namespace vitrine
