#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "testing/fake_scorer.h"

namespace vitrine::testing {

// Does something before it scores.
class SlowScorer final : public FakeScorer {
 public:
  SlowScorer(std::string name, std::vector<float> scores, std::function<void()> before)
      : FakeScorer(std::move(name), std::move(scores)), before_(std::move(before)) {}
  void Score(std::span<const Query> queries, std::span<const ItemIndex> items,
             Eigen::Ref<Matrix> scores) const override {
    before_();
    FakeScorer::Score(queries, items, scores);
  }

 private:
  std::function<void()> before_;
};

inline Model SlowModel(const std::string& name, std::vector<float> scores,
                       std::function<void()> before) {
  Model model{.name = name, .kind = "fake", .family = ModelFamily::kPopularity};
  model.scorer = std::make_shared<SlowScorer>(name, std::move(scores), std::move(before));
  return model;
}

}  // namespace vitrine::testing
