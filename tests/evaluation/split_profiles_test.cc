// What splits and questions keep of what a shop says of its shoppers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "evaluation/item_scorer.h"
#include "evaluation/made_dataset.h"
#include "vitrine/evaluation/cold_items.h"
#include "vitrine/evaluation/protocol.h"

namespace vitrine {
namespace {

using ::testing::IsEmpty;
using ::testing::IsNull;
using testing::MakeDataset;
using testing::Touch;

constexpr std::size_t kUsers = 12;
constexpr std::size_t kItems = 12;

// Shoppers of six days, two items each; of every third one the shop says the name.
Dataset NamedShop() {
  std::vector<std::vector<Touch>> users(kUsers);
  for (std::size_t user = 0; user < kUsers; ++user) {
    for (std::size_t i = 0; i < 6; ++i) {
      users[user].push_back({static_cast<std::uint32_t>((user + 2 * i) % kItems),
                             static_cast<Micros>(user + i) * kMicrosPerDay});
    }
  }
  Dataset shop = MakeDataset(kItems, users);
  for (std::size_t row = 0; row < kItems; ++row) {
    shop.items[row] = std::make_shared<const Item>(Item{.id = shop.item_ids[row], .title = "x"});
  }
  for (std::uint32_t user = 0; user < kUsers; user += 3) {
    shop.profiles.push_back({user, std::make_shared<const ProfileAttributes>(
                                       ProfileAttributes{{"name", shop.user_ids[user]}})});
  }
  return shop;
}

std::string NameIn(const std::shared_ptr<const ProfileAttributes>& profile) {
  return profile == nullptr ? "" : std::get<std::string>(profile->at("name"));
}

// The name that the shop says of the user of that id.
std::string NameOf(const Dataset& shop, const std::string& id) {
  for (const DescribedUser& each : shop.profiles) {
    if (shop.user_ids[each.user] == id) return id;
  }
  return "";
}

struct SplitCase {
  std::string name{};
  std::function<Split(const Dataset&)> split{};
};

class SplitProfilesTest : public ::testing::TestWithParam<SplitCase> {};

TEST_P(SplitProfilesTest, UsersAndTheirQuestionsKeepTheirProfiles) {
  const Dataset shop = NamedShop();

  const Split split = GetParam().split(shop);

  ASSERT_FALSE(split.cases.empty());
  ASSERT_FALSE(split.train.profiles.empty());
  for (std::size_t user = 0; user < split.train.num_users(); ++user) {
    EXPECT_EQ(NameIn(split.train.ProfileOf(user)), NameOf(shop, split.train.user_ids[user]));
  }
  for (const TestCase& test : split.cases) {
    if (test.training_user == kNoTrainingUser) continue;
    EXPECT_EQ(test.profile, split.train.ProfileOf(test.training_user));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Splits, SplitProfilesTest,
    ::testing::Values(
        SplitCase{"ByTime",
                  [](const Dataset& shop) { return SplitByTime(shop, 8 * kMicrosPerDay, false); }},
        SplitCase{
            "Validation",
            [](const Dataset& shop) { return ValidationBefore(shop, 12 * kMicrosPerDay, 0.3); }},
        SplitCase{"HoldOutItems",
                  [](const Dataset& shop) { return HoldOutItems(shop, 0.4, 1, false); }},
        SplitCase{"LeaveLastOut",
                  [](const Dataset& shop) { return LeaveLastOut(shop, Part::kTest, false); }},
        SplitCase{"NextBasket",
                  [](const Dataset& shop) { return NextBasket(shop, Part::kValidation); }},
        SplitCase{
            "SessionPrefixes",
            [](const Dataset& shop) { return SessionPrefixes(shop, Part::kValidation, 0.3); }},
        SplitCase{"DistinctPairs",
                  [](const Dataset& shop) {
                    return DistinctPairs(SplitByTime(shop, 8 * kMicrosPerDay, false));
                  }},
        SplitCase{
            "ColdItems",
            [](const Dataset& shop) { return HoldOutColdItems(shop, {.share = 0.3}).split; }}),
    [](const ::testing::TestParamInfo<SplitCase>& test) { return test.param.name; });

TEST(SplitProfilesTest, ASessionThatNobodyLearnsFromIsAskedWithItsProfile) {
  const Dataset shop = NamedShop();

  const Split split = SessionPrefixes(shop, Part::kTest, 0.3);

  ASSERT_EQ(split.train.num_users(), 8U);  // The last four begin latest.
  ASSERT_EQ(split.num_groups(), 4U);
  for (const TestCase& test : split.cases) {
    EXPECT_EQ(NameIn(test.profile), test.group == 1 ? "user-9" : "");
  }
}

TEST(NewShoppersTest, AreAskedWithTheirProfilesAndNoHistory) {
  const Dataset shop = NamedShop();

  const Split split = NewShoppers(shop, 8 * kMicrosPerDay);

  EXPECT_EQ(split.train.num_users(), 8U);
  ASSERT_EQ(split.cases.size(), 1U);  // Of the four who come later, one is described.
  const TestCase& test = split.cases.front();
  EXPECT_EQ(NameIn(test.profile), "user-9");
  EXPECT_THAT(split.History(test), IsEmpty());
  EXPECT_EQ(test.now_us, 9 * kMicrosPerDay);
  EXPECT_EQ(test.training_user, kNoTrainingUser);
  EXPECT_EQ(test.relevant.size(), 6U);  // All that they ever like.
  EXPECT_EQ(split.train.now_us, 8 * kMicrosPerDay);
}

TEST(NewShoppersTest, OnlyWhatTheTrainPartHasCanBeRight) {
  const Dataset shop = NamedShop();

  const Split split = NewShoppers(shop, 3 * kMicrosPerDay);

  ASSERT_EQ(split.num_groups(), 3U);  // Users 3, 6 and 9.
  EXPECT_LT(split.candidates.Count(), kItems);
  for (const TestCase& test : split.cases) {
    for (const ItemIndex item : test.relevant) EXPECT_TRUE(split.candidates.Contains(item));
  }
}

TEST(SplitProfilesTest, DataWithoutProfilesHasNone) {
  Dataset shop = NamedShop();
  shop.profiles.clear();

  const Split split = LeaveLastOut(shop, Part::kTest, false);

  EXPECT_THAT(split.train.profiles, IsEmpty());
  for (const TestCase& test : split.cases) EXPECT_THAT(test.profile, IsNull());
}

// Knows of a shopper what the profile says is the next item.
class ClairvoyantScorer final : public testing::ItemScorer {
 public:
  using ItemScorer::ItemScorer;
  std::string_view name() const override { return "clairvoyant"; }

 private:
  float ScoreOne(const Query& query, ItemIndex item) const override {
    if (query.profile == nullptr) return kUnscored;
    return std::get<double>(query.profile->at("next")) == static_cast<double>(Row(item)) ? 1 : 0;
  }
};

TEST(SplitProfilesTest, QueriesOfAnEvaluationShowTheProfile) {
  Dataset shop = NamedShop();
  for (DescribedUser& each : shop.profiles) {
    const auto last = static_cast<double>(Row(shop.History(each.user).back().item));
    each.attributes = std::make_shared<const ProfileAttributes>(ProfileAttributes{{"next", last}});
  }
  const Split split = LeaveLastOut(shop, Part::kTest, false);
  const Model model = {.name = "clairvoyant",
                       .kind = "clairvoyant",
                       .scorer = std::make_shared<ClairvoyantScorer>(kItems)};
  ThreadPool pool(2);

  const Evaluation evaluation = EvaluateModel(model, split, {.cutoffs = {1}}, pool);

  ASSERT_EQ(split.cases.size(), kUsers);
  for (std::size_t i = 0; i < kUsers; ++i) {
    EXPECT_EQ(evaluation.by_case.at(1)[i].recall, i % 3 == 0 ? 1 : 0) << "user " << i;
  }
}

}  // namespace
}  // namespace vitrine
