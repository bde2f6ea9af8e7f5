#include "vitrine/engine/diversity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <Eigen/LU>
#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "engine/diverse_choice.h"
#include "testing/fake_scorer.h"
#include "vitrine/base/random.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using ::testing::FloatNear;
using vitrine::testing::MakeFakeModel;

using Method = Diversity::Method;

ItemIndex Index(std::size_t row) { return ItemIndex{static_cast<std::uint32_t>(row)}; }

std::shared_ptr<const Item> Undescribed(ItemIndex) { return nullptr; }

// Candidates with vectors, the best first.
struct Candidates {
  explicit Candidates(Matrix of) : vectors(std::make_shared<Matrix>(std::move(of))) {
    Model model = MakeFakeModel("ials", ModelFamily::kBehaviour, {});
    model.vectors = MakeFactorVectors(model.scorer, *vectors);
    models.models.push_back(std::move(model));
  }

  std::vector<BlendedItem> Ranked() const {
    std::vector<BlendedItem> ranked;
    for (std::size_t i = 0; i < scores.size(); ++i) ranked.push_back({Index(i), scores[i]});
    return ranked;
  }

  std::vector<std::size_t> Choose(const Diversity& how, std::size_t k) const {
    ItemSimilarity similarity(models, Undescribed);
    std::vector<std::size_t> rows;
    for (const BlendedItem& each : Diversify(how, Ranked(), similarity, k)) {
      EXPECT_EQ(each.score, scores[Row(each.item)]);
      rows.push_back(Row(each.item));
    }
    return rows;
  }

  std::shared_ptr<Matrix> vectors;  // [items x d]
  std::vector<float> scores{};
  ModelSet models{};
};

Candidates RandomCandidates(std::size_t count, Eigen::Index dimensions, std::uint64_t seed) {
  Random random(seed);
  const auto uniform = [&] { return static_cast<float>(random.Below(20'001)) / 10'000 - 1; };
  Matrix vectors(static_cast<Eigen::Index>(count), dimensions);
  for (Eigen::Index i = 0; i < vectors.size(); ++i) vectors.data()[i] = uniform();
  Candidates candidates(std::move(vectors));
  for (std::size_t i = 0; i < count; ++i) candidates.scores.push_back(uniform());
  std::sort(candidates.scores.rbegin(), candidates.scores.rend());
  return candidates;
}

// The cosine by its definition; zero vectors are like themselves alone.
double SlowCosine(const Matrix& vectors, std::size_t a, std::size_t b) {
  if (a == b) return 1;
  const auto row = [&](std::size_t i) {
    return Eigen::RowVectorXd(vectors.row(static_cast<Eigen::Index>(i)).cast<double>());
  };
  const double norms = row(a).norm() * row(b).norm();
  return norms > 0 ? row(a).dot(row(b)) / norms : 0;
}

// rel, for at most 100 candidates.
double SlowRelevance(const std::vector<float>& scores, std::size_t i) {
  const auto best = static_cast<double>(scores.front());
  const auto least = static_cast<double>(scores.back());
  return (static_cast<double>(scores[i]) - least) / (best - least);
}

double SlowMmr(const Candidates& of, double lambda, const std::vector<std::size_t>& chosen,
               std::size_t i) {
  double nearest = -1;
  for (const std::size_t j : chosen) nearest = std::max(nearest, SlowCosine(*of.vectors, i, j));
  return (1 - lambda) * SlowRelevance(of.scores, i) - lambda * nearest;
}

// The determinants made anew, each of all its entries.
double SlowDpp(const Candidates& of, double lambda, const std::vector<std::size_t>& chosen,
               std::size_t i) {
  const auto determinant = [&](const std::vector<std::size_t>& rows) {
    const auto size = static_cast<Eigen::Index>(rows.size());
    Eigen::MatrixXd kernel(size, size);
    for (Eigen::Index a = 0; a < size; ++a) {
      for (Eigen::Index b = 0; b < size; ++b) {
        kernel(a, b) = (1 + SlowCosine(*of.vectors, rows[static_cast<std::size_t>(a)],
                                       rows[static_cast<std::size_t>(b)])) /
                       2;
      }
    }
    return size == 0 ? 1 : kernel.determinant();
  };
  std::vector<std::size_t> with = chosen;
  with.push_back(i);
  const double left = determinant(with) / determinant(chosen);
  return (1 - lambda) * SlowRelevance(of.scores, i) + lambda * std::log(left);
}

using SlowValue = double (*)(const Candidates&, double, const std::vector<std::size_t>&,
                             std::size_t);

std::vector<std::size_t> SlowChoice(const Candidates& of, double lambda, std::size_t k,
                                    SlowValue value) {
  std::vector<std::size_t> chosen;
  while (chosen.size() < std::min(k, of.scores.size())) {
    std::size_t best = of.scores.size();
    for (std::size_t i = 0; i < of.scores.size(); ++i) {
      if (std::find(chosen.begin(), chosen.end(), i) != chosen.end()) continue;
      if (best == of.scores.size() ||
          value(of, lambda, chosen, i) > value(of, lambda, chosen, best)) {
        best = i;
      }
    }
    chosen.push_back(best);
  }
  return chosen;
}

TEST(DiversityTest, MmrChoosesAsTheDefinitionDoes) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    const Candidates candidates = RandomCandidates(40, 5, seed);
    for (const double lambda : {0.0, 0.2, 0.5, 0.9, 1.0}) {
      EXPECT_EQ(candidates.Choose({Method::kMmr, lambda}, 20),
                SlowChoice(candidates, lambda, 20, SlowMmr))
          << seed << " " << lambda;
    }
  }
}

TEST(DiversityTest, DppChoosesAsDeterminantsMadeAnewDo) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    const Candidates candidates = RandomCandidates(30, 16, seed);
    for (const double lambda : {0.0, 0.2, 0.5, 0.9, 1.0}) {
      EXPECT_EQ(candidates.Choose({Method::kDpp, lambda}, 10),
                SlowChoice(candidates, lambda, 10, SlowDpp))
          << seed << " " << lambda;
    }
  }
}

class EitherMethodTest : public ::testing::TestWithParam<Method> {};

TEST_P(EitherMethodTest, LambdaZeroLeavesTheListAsItIs) {
  Candidates candidates = RandomCandidates(50, 4, 3);
  candidates.scores[6] = candidates.scores[5];  // Equals too.

  std::vector<std::size_t> in_order(30);
  std::iota(in_order.begin(), in_order.end(), 0U);
  EXPECT_EQ(candidates.Choose({GetParam(), 0}, 30), in_order);
}

// Three kinds of ten items, whose scores fall from kind to kind: the more diversity counts, the
// more of the other kinds are shown.
TEST_P(EitherMethodTest, MoreDiversityNeverMakesTheListMoreAlike) {
  Matrix vectors = Matrix::Zero(30, 33);
  for (Eigen::Index i = 0; i < 30; ++i) {
    vectors(i, i / 10) = 1;
    vectors(i, 3 + i) = 0.5F;  // What it has in common with no other.
  }
  Candidates candidates(std::move(vectors));
  for (int i = 0; i < 30; ++i) candidates.scores.push_back(1 - static_cast<float>(i) / 40);

  double before = 1;
  for (int step = 0; step <= 20; ++step) {
    std::vector<ItemIndex> list;
    for (const std::size_t row : candidates.Choose({GetParam(), step / 20.0}, 6)) {
      list.push_back(Index(row));
    }
    ItemSimilarity similarity(candidates.models, Undescribed);
    const double alike = IntraListSimilarity(list, similarity);
    EXPECT_LE(alike, before + 1e-6) << step;
    before = alike;
  }
  EXPECT_LT(before, 0.33);  // Of one kind alone it is 0.8.
}

TEST_P(EitherMethodTest, EveryCandidateIsChosenOnceInTheEnd) {
  // More items than dimensions, twins and items without a vector among them.
  Candidates candidates = RandomCandidates(60, 4, 8);
  for (Eigen::Index i = 0; i < 60; i += 3) candidates.vectors->row(i) = candidates.vectors->row(0);
  for (Eigen::Index i = 1; i < 60; i += 5) candidates.vectors->row(i).setZero();

  for (const double lambda : {0.3, 1.0}) {
    std::vector<std::size_t> rows = candidates.Choose({GetParam(), lambda}, 80);
    std::sort(rows.begin(), rows.end());
    std::vector<std::size_t> all(60);
    std::iota(all.begin(), all.end(), 0U);
    EXPECT_EQ(rows, all);
  }
}

TEST_P(EitherMethodTest, ATwinOfWhatIsShownComesLast) {
  Matrix vectors = Matrix::Identity(4, 4);
  vectors.row(1) = vectors.row(0);
  Candidates candidates(std::move(vectors));
  candidates.scores = {4, 3.9F, 3, 2.9F};

  EXPECT_THAT(candidates.Choose({GetParam(), 0.9}, 4), ElementsAre(0, 2, 3, 1));
}

TEST_P(EitherMethodTest, ChoosesTheSameEveryTime) {
  const Candidates candidates = RandomCandidates(100, 8, 4);

  EXPECT_EQ(candidates.Choose({GetParam(), 0.6}, 40), candidates.Choose({GetParam(), 0.6}, 40));
}

// What is chosen for a longer list begins with what is chosen for a shorter one, also where the
// longer one has more candidates.
TEST_P(EitherMethodTest, AShortListBeginsALongOne) {
  const Candidates candidates = RandomCandidates(400, 12, 6);

  const std::vector<std::size_t> longer = candidates.Choose({GetParam(), 0.7}, 90);
  for (const std::size_t k : {1U, 20U, 26U, 50U}) {
    const std::vector<std::size_t> shorter = candidates.Choose({GetParam(), 0.7}, k);
    EXPECT_TRUE(std::equal(shorter.begin(), shorter.end(), longer.begin())) << k;
    EXPECT_EQ(shorter.size(), k);
  }
}

// Candidates that come when others are on the list already count as if they had always been there.
TEST_P(EitherMethodTest, CandidatesMayComeLater) {
  const Candidates candidates = RandomCandidates(30, 6, 7);
  ItemSimilarity similarity(candidates.models, Undescribed);
  std::vector<ItemIndex> items;
  for (std::size_t i = 0; i < 30; ++i) items.push_back(Index(i));
  const std::vector<double> relevance = Relevance(candidates.scores);
  DiverseChoice at_once({GetParam(), 0.5}, similarity);
  DiverseChoice in_parts({GetParam(), 0.5}, similarity);

  at_once.Extend(items, relevance);
  in_parts.Extend(std::span(items).first(10), std::span(relevance).first(10));
  for (const std::size_t placed : {3U, 8U, 25U}) {  // The last one is no candidate of in_parts yet.
    at_once.Place(Index(placed));
    in_parts.Place(Index(placed));
  }
  in_parts.Extend(std::span(items).subspan(10), std::span(relevance).subspan(10));

  for (std::size_t skipped = 0; skipped < 30; ++skipped) {
    const auto is_open = [&](std::size_t i) { return i >= skipped; };
    EXPECT_EQ(at_once.Best(30, is_open), in_parts.Best(30, is_open));
  }
}

INSTANTIATE_TEST_SUITE_P(All, EitherMethodTest, ::testing::Values(Method::kMmr, Method::kDpp),
                         [](const auto& test) {
                           return test.param == Method::kMmr ? "Mmr" : "Dpp";
                         });

TEST(DiversityTest, TheNumberOfCandidatesGrowsWithTheList) {
  EXPECT_EQ(NumDiversityCandidates(1), 100U);
  EXPECT_EQ(NumDiversityCandidates(25), 100U);
  EXPECT_EQ(NumDiversityCandidates(50), 200U);
  EXPECT_EQ(NumDiversityCandidates(200), 800U);
  EXPECT_EQ(NumDiversityCandidates(1000), 1600U);
}

std::vector<float> CosinesOf(ItemSimilarity& similarity, std::size_t item, std::size_t count) {
  std::vector<ItemIndex> others;
  for (std::size_t i = 0; i < count; ++i) others.push_back(Index(i));
  std::vector<float> cosines(count, 9);
  similarity.Cosines(Index(item), others, cosines);
  return cosines;
}

TEST(ItemSimilarityTest, WithoutVectorsBrandAndCategoriesCount) {
  const std::vector<Item> items = {{.categories = {"Home > Mugs"}, .brand = "Acme"},
                                   {.categories = {"Home>Mugs"}, .brand = "Acme"},
                                   {.categories = {"Home > Cups"}, .brand = "Best"},
                                   {.brand = "Acme"},
                                   {}};
  const ModelSet none;
  ItemSimilarity similarity(none, [&](ItemIndex item) -> std::shared_ptr<const Item> {
    return Row(item) < items.size() ? std::make_shared<const Item>(items[Row(item)]) : nullptr;
  });

  // Of "brand Acme", "Home", "Home > Mugs": the first three share 3, 1 and 1 with 3, 3 and 1
  // others.
  EXPECT_THAT(
      CosinesOf(similarity, 0, 6),
      ElementsAre(1, 1, FloatNear(1.0F / 3, 1e-6F), FloatNear(1 / std::sqrt(3.0F), 1e-6F), 0, 0));
  EXPECT_THAT(CosinesOf(similarity, 4, 6), ElementsAre(0, 0, 0, 0, 1, 0));
  EXPECT_THAT(CosinesOf(similarity, 5, 6), ElementsAre(0, 0, 0, 0, 0, 1));
}

TEST(ItemSimilarityTest, TheModelOfBehaviourIsAskedFirst) {
  Matrix alike = Matrix::Ones(2, 2);
  Matrix unlike = Matrix::Identity(2, 2);
  ModelSet models;
  models.models = {MakeFakeModel("most_popular", ModelFamily::kPopularity, {}),
                   MakeFakeModel("content", ModelFamily::kContent, {})};
  models.models[1].vectors = MakeFactorVectors(nullptr, alike);
  ItemSimilarity of_content(models, Undescribed);
  EXPECT_THAT(CosinesOf(of_content, 0, 2), ElementsAre(1, FloatNear(1, 1e-6F)));

  models.models.push_back(MakeFakeModel("ials", ModelFamily::kBehaviour, {}));
  models.models[2].vectors = MakeFactorVectors(nullptr, unlike);
  ItemSimilarity of_behaviour(models, Undescribed);
  EXPECT_THAT(CosinesOf(of_behaviour, 0, 2), ElementsAre(1, 0));
}

TEST(ItemSimilarityTest, WhatTheModelDoesNotKnowIsComparedByItsLabelsAlone) {
  Matrix vectors = Matrix::Ones(4, 2);
  vectors.bottomRows(2).setZero();
  ModelSet models;
  models.models = {MakeFakeModel("ials", ModelFamily::kBehaviour, {})};
  models.models[0].vectors = MakeFactorVectors(nullptr, vectors);
  ItemSimilarity similarity(
      models, [](ItemIndex) { return std::make_shared<const Item>(Item{.brand = "Acme"}); });

  EXPECT_THAT(CosinesOf(similarity, 0, 4), ElementsAre(1, FloatNear(1, 1e-6F), 0, 0));
  EXPECT_THAT(CosinesOf(similarity, 2, 4), ElementsAre(0, 0, 1, 1));
}

TEST(ItemSimilarityTest, IntraListSimilarityIsTheMeanOverPairs) {
  Matrix vectors(3, 2);
  vectors << 1, 0,  //
      1, 0,         //
      0, 1;
  const Candidates candidates(std::move(vectors));
  ItemSimilarity similarity(candidates.models, Undescribed);
  const std::vector<ItemIndex> list = {Index(0), Index(1), Index(2)};

  EXPECT_NEAR(IntraListSimilarity(list, similarity), 1.0 / 3, 1e-6);
  EXPECT_EQ(IntraListSimilarity(std::span(list).first(1), similarity), 0);
  EXPECT_EQ(IntraListSimilarity({}, similarity), 0);
}

}  // namespace
}  // namespace vitrine
