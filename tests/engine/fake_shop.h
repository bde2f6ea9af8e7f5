#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "testing/fake_clock.h"
#include "testing/fake_feature_store.h"
#include "testing/fake_scorer.h"
#include "testing/status_matchers.h"
#include "vitrine/engine/engine.h"

namespace vitrine::testing {

// An engine over a store of five items on sale, "a" to "e" with indices 0 to 4, and no model yet.
class FakeShop : public ::testing::Test {
 protected:
  FakeShop() {
    for (const char* id : {"a", "b", "c", "d", "e"}) store_.Put({.id = id});
  }

  void Publish(std::vector<Model> models) {
    auto set = std::make_shared<ModelSet>();
    set->version = "v1";
    set->models = std::move(models);
    models_.Set(std::move(set));
  }

  // "a" is liked best, "e" least.
  static Model Popular() {
    return MakeFakeModel("most_popular", ModelFamily::kPopularity, {5, 4, 3, 2, 1});
  }

  RecommendReply Recommend(const RecommendRequest& request) const {
    auto reply = engine_.Recommend(request);
    EXPECT_THAT(reply, IsOk());
    return reply.ok() ? *std::move(reply) : RecommendReply();
  }

  RecommendReply Similar(const SimilarRequest& request) const {
    auto reply = engine_.Similar(request);
    EXPECT_THAT(reply, IsOk());
    return reply.ok() ? *std::move(reply) : RecommendReply();
  }

  RecommendReply Rank(const RankRequest& request) const {
    auto reply = engine_.Rank(request);
    EXPECT_THAT(reply, IsOk());
    return reply.ok() ? *std::move(reply) : RecommendReply();
  }

  static std::vector<std::string> Ids(const RecommendReply& reply) {
    std::vector<std::string> ids;
    for (const RecommendedItem& item : reply.items) ids.push_back(item.item_id);
    return ids;
  }

  std::vector<std::string> RecommendedIds(const RecommendRequest& request) const {
    return Ids(Recommend(request));
  }

  // Weights that make hand arithmetic easy: every model 1, known shoppers known at once.
  static Engine::Options Options() {
    return {.blend = {.weights = {{"most_popular", 1}, {"content", 1}, {"item_knn", 1}},
                      .cold_start_events = 0}};
  }

  FakeClock clock_;
  FakeFeatureStore store_;
  Published<ModelSet> models_{nullptr};
  Counters counters_;
  Engine engine_{store_, models_, counters_, clock_, Options()};
};

}  // namespace vitrine::testing
