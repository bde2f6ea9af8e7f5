#include "training/item_meaning.h"

#include <gmock/gmock.h>

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "scorers/sample_shop.h"
#include "testing/status_matchers.h"
#include "vitrine/scorers/content/content.h"

namespace vitrine {
namespace {

using testing::IsOk;
using testing::ItemNumber;
using testing::SampleShop;

// The same by the definition, in all dimensions there are.
Eigen::MatrixXd SlowCompanyVectors(const CsrMatrix& weights) {
  const auto num_items = static_cast<Eigen::Index>(weights.num_cols);
  Eigen::MatrixXd counts = Eigen::MatrixXd::Zero(num_items, num_items);
  for (std::size_t user = 0; user < weights.num_rows; ++user) {
    for (const std::uint32_t a : weights.Columns(user)) {
      for (const std::uint32_t b : weights.Columns(user)) {
        if (a != b) counts(a, b) += 1;
      }
    }
  }
  const Eigen::VectorXd sums = counts.rowwise().sum();
  Eigen::MatrixXd information = Eigen::MatrixXd::Zero(num_items, num_items);
  for (Eigen::Index a = 0; a < num_items; ++a) {
    for (Eigen::Index b = 0; b < num_items; ++b) {
      if (counts(a, b) == 0) continue;
      information(a, b) = std::max(0.0, std::log(counts(a, b) * sums.sum() / (sums[a] * sums[b])));
    }
  }
  // Of a symmetric matrix the singular vectors are the eigenvectors, and the values their sizes.
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> eigen(information);
  Eigen::MatrixXd vectors =
      eigen.eigenvectors() * eigen.eigenvalues().cwiseAbs().cwiseSqrt().asDiagonal();
  for (Eigen::Index row = 0; row < vectors.rows(); ++row) {
    if (information.row(row).any()) {
      vectors.row(row).normalize();
    } else {
      vectors.row(row).setZero();
    }
  }
  return vectors;
}

TEST(CompanyVectorsTest, AgreeWithTheDefinition) {
  ThreadPool pool(2);
  const CsrMatrix weights = UserItemWeights(SampleShop());

  // All there are: among close values the search finds a mixture of fewer.
  const Matrix vectors = CompanyVectors(weights, 60, &pool);

  const Eigen::MatrixXd expected = SlowCompanyVectors(weights);
  // Directions have no sign of their own; the cosines do.
  const Eigen::MatrixXd cosines =
      vectors.cast<double>() * vectors.cast<double>().transpose().eval();
  EXPECT_LT((cosines - expected * expected.transpose()).cwiseAbs().maxCoeff(), 2e-3);
}

TEST(CompanyVectorsTest, AnItemThatNobodyTouchedWithAnotherIsARowOfZeros) {
  ThreadPool pool(2);

  const Matrix vectors = CompanyVectors(UserItemWeights(SampleShop()), 8, &pool);

  EXPECT_FALSE(vectors.row(58).any());
  EXPECT_NEAR(vectors.row(0).norm(), 1, 1e-5);
}

TEST(CompanyVectorsTest, OfNoInteractionsThereAreNone) {
  ThreadPool pool(1);
  CsrMatrix nothing;
  nothing.num_cols = 5;

  const Matrix vectors = CompanyVectors(nothing, 8, &pool);

  EXPECT_EQ(vectors.rows(), 5);
  EXPECT_FALSE(vectors.array().isNaN().any());
  EXPECT_TRUE(vectors.size() == 0 || !vectors.any());
}

TEST(FillFromTextsTest, AnItemMeansWhatTheClosestTextsMean) {
  ThreadPool pool(1);
  CsrMatrix texts;  // Item 0 has both features, 1 the first, 2 the second, 3 one of its own.
  texts.num_rows = 4;
  texts.num_cols = 3;
  texts.row_begin = {0, 2, 3, 4, 5};
  texts.column = {0, 1, 0, 1, 2};
  texts.value = {0.8F, 0.6F, 1, 1, 1};
  Matrix vectors(4, 2);
  vectors << 0, 0, 1, 0, 0, 1, 0, 0;

  FillFromTexts(texts, 5, vectors, &pool);

  const Eigen::RowVector2f expected = Eigen::RowVector2f(0.64F, 0.36F).normalized();
  EXPECT_NEAR((vectors.row(0) - expected).norm(), 0, 1e-6);
  EXPECT_EQ(vectors.row(1), Eigen::RowVector2f(1, 0));
  EXPECT_FALSE(vectors.row(3).any());
  vectors.row(0).setZero();
  FillFromTexts(texts, 1, vectors, &pool);
  EXPECT_NEAR((vectors.row(0) - Eigen::RowVector2f(1, 0)).norm(), 0, 1e-6);
}

// Mugs and cups are bought together, lamps and bulbs too, three of four by each shopper; the last
// cup and bulb are new. No word is in two kinds of title.
Dataset ShopOfMugsAndLamps() {
  const std::vector<std::string> titles = {"mug alpha", "mug beta", "cup gamma",  "cup delta",
                                           "lamp one",  "lamp two", "bulb three", "bulb four",
                                           "cup new",   "bulb new"};
  Dataset shop;
  for (const std::string& title : titles) {
    shop.item_ids.push_back(title);
    shop.items.push_back(std::make_shared<const Item>(Item{.id = title, .title = title}));
  }
  for (std::size_t user = 0; user < 8; ++user) {
    const std::size_t first = user % 2 == 0 ? 0 : 4;
    for (std::size_t offset = 0; offset < 4; ++offset) {
      if (offset != user / 2) shop.interactions.push_back({1, ItemNumber(first + offset), 1});
    }
    shop.user_begin.push_back(shop.interactions.size());
  }
  return shop;
}

TEST(ItemMeaningTest, ContentFindsANewCupForAMug) {
  ThreadPool pool(2);
  const Dataset shop = ShopOfMugsAndLamps();
  const std::vector<Interaction> history = {{1, ItemNumber(0), 1}};
  const Query query{.history = history, .now_us = 1};
  const std::vector<ItemIndex> fresh = {ItemNumber(8), ItemNumber(9)};
  const auto scores = [&](const Settings& settings) {
    const auto model = FindTrainer("content")->train(shop, settings, {.pool = &pool});
    EXPECT_THAT(model, IsOk());
    Matrix row(1, 2);
    model->scorer->Score({&query, 1}, fresh, row);
    return row;
  };

  EXPECT_EQ(scores({{"meaning_weight", "0"}})(0, 0), kUnscored);
  const Matrix meant = scores({{"meaning_weight", "1"}, {"meaning_dimensions", "2"}});
  EXPECT_GT(meant(0, 0), 0.5);
  EXPECT_LT(meant(0, 1), 0.2);
}

TEST(ItemMeaningTest, ANewItemGetsAMeaningWhileTheShoppersAreLeftOut) {
  ThreadPool pool(2);
  const Settings settings = {{"meaning_weight", "1"}, {"meaning_dimensions", "2"}};
  Dataset shop = ShopOfMugsAndLamps();
  const auto before = FindTrainer("content")->train(shop, settings, {.pool = &pool});
  ASSERT_THAT(before, IsOk());
  ModelSet live;
  live.models = {*before};
  // The catalogue alone, with another bulb.
  shop.interactions.clear();
  shop.user_begin = {0};
  shop.item_ids.push_back("bulb five");
  shop.items.push_back(std::make_shared<const Item>(Item{.id = "bulb five", .title = "bulb five"}));

  const auto after = FindTrainer("content")->train(shop, settings, {.pool = &pool, .live = &live});

  ASSERT_THAT(after, IsOk());
  const Matrix& old_meaning = static_cast<const Content&>(*before->scorer).table().meaning;
  const Matrix& new_meaning = static_cast<const Content&>(*after->scorer).table().meaning;
  EXPECT_EQ(new_meaning.topRows(10), old_meaning);
  EXPECT_GT(new_meaning.row(10).dot(new_meaning.row(7)), 0.9);
  EXPECT_LT(new_meaning.row(10).dot(new_meaning.row(2)), 0.2);
}

TEST(ItemMeaningTest, ThreadsDoNotChangeABit) {
  const Settings settings = {{"meaning_weight", "1"}, {"meaning_dimensions", "5"}};
  ThreadPool one(1);
  ThreadPool four(4);
  const auto meaning = [&](ThreadPool& pool) {
    const auto model = FindTrainer("content")->train(SampleShop(), settings, {.pool = &pool});
    EXPECT_THAT(model, IsOk());
    return static_cast<const Content&>(*model->scorer).table().meaning;
  };

  EXPECT_EQ(meaning(one), meaning(four));
}

}  // namespace
}  // namespace vitrine
