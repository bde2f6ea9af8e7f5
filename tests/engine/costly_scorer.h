#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "testing/fake_scorer.h"

namespace vitrine::testing {

// A time that passes where a costly scorer works and nowhere else, for each thread its own.
inline thread_local std::chrono::nanoseconds time_passed{};

// A scorer that takes its time, but for a few items.
class CostlyScorer final : public FakeScorer {
 public:
  using Takes = std::function<std::chrono::nanoseconds()>;
  static constexpr std::size_t kFew = 3;

  CostlyScorer(std::string name, std::vector<float> scores, Takes takes)
      : FakeScorer(std::move(name), std::move(scores)), takes_(std::move(takes)) {}

  // The scores are of the order of the items too, so that lists show it.
  void Score(std::span<const Query> queries, std::span<const ItemIndex> items,
             Eigen::Ref<Matrix> scores) const override {
    if (items.size() > kFew) time_passed += takes_();
    FakeScorer::Score(queries, items, scores);
    for (Eigen::Index i = 0; i < scores.cols(); ++i) scores.col(i).array() += Place(i);
  }

  std::vector<std::vector<ScoredItem>> Retrieve(std::span<const Query> queries,
                                                const ItemBitmap* allowed,
                                                std::size_t k) const override {
    time_passed += takes_();
    return FakeScorer::Retrieve(queries, allowed, k);
  }

 private:
  static float Place(Eigen::Index i) { return 1e-4F * static_cast<float>(i); }

  Takes takes_;
};

inline Model MakeCostlyModel(std::string name, ModelFamily family, std::vector<float> scores,
                             CostlyScorer::Takes takes) {
  Model model{.name = name, .kind = "fake", .family = family};
  model.scorer =
      std::make_shared<CostlyScorer>(std::move(name), std::move(scores), std::move(takes));
  return model;
}

// What a request asks its deadline, as of now.
struct FakeDeadline {
  explicit FakeDeadline(std::chrono::nanoseconds time) : due(time_passed + time) {}

  // Fills these functions of a request or of controls.
  template <typename Asking>
  void Bind(Asking& asking) const {
    asking.is_late = [end = due] { return time_passed >= end; };
    asking.time_left = [end = due] { return end - time_passed; };
  }

  std::chrono::nanoseconds due;
};

}  // namespace vitrine::testing
