#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace vitrine {

// What an answer of one kind takes one model as a rule: a mean in which the latest answer counts an
// eighth. With every 512 times that the model is left out for it the mean is halved, so that it is
// asked again some day, however dear it was; what that answer takes is then the mean. So a slow
// moment shuts no model out for good, and one that is always slow makes one request in hundreds
// late. Thread-safe without a lock: of two answers at the same moment one may not be counted.
class UsualCost {
 public:
  static constexpr double kHalvedAfter = 512;  // Times that the model is left out.

  // 0: not known.
  std::chrono::nanoseconds Get() const;

  void NoteAnswer(std::chrono::nanoseconds took);
  void NoteLeftOut() { num_left_out_.fetch_add(1, std::memory_order_relaxed); }

 private:
  std::atomic<std::int64_t> mean_ns_ = 0;
  std::atomic<std::uint32_t> num_left_out_ = 0;  // Since the last answer.
};

// What a model is asked for: one that is large costs another than one that is small, so that each
// size of scores, within a factor of four, is a kind of its own: kScores and those after it.
enum class AnswerKind : std::uint8_t { kList, kSketch, kScores };

AnswerKind KindOfScores(std::size_t num_items);

// What the models of a set cost, by model and kind of answer. Thread-safe.
class ModelCosts {
 public:
  explicit ModelCosts(std::size_t num_models) : costs_(num_models) {}

  UsualCost& Of(std::size_t model, AnswerKind kind) {
    return costs_[model][static_cast<std::size_t>(kind)];
  }

 private:
  // An index has 32 bits, so there are 17 sizes.
  static constexpr std::size_t kNumKinds = static_cast<std::size_t>(AnswerKind::kScores) + 17;

  std::vector<std::array<UsualCost, kNumKinds>> costs_;
};

}  // namespace vitrine
