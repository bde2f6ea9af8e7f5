#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace vitrine {

// What one kind of work takes as a rule. The first time it is done says so; then a time that is
// longer counts in full, but at most doubles the cost, so that one interruption is no rule, and one
// that is shorter counts an eighth. With every 512 times that the work is left out for its cost,
// that is halved, so that it is tried again some day, however dear it was: a slow moment shuts
// nothing out for good, and what is always too slow makes one request in hundreds late. Thread-safe
// without a lock: of two times at the same moment one may not be counted.
class UsualCost {
 public:
  static constexpr double kHalvedAfter = 512;  // Times that it is left out.

  // 0: not known.
  std::chrono::nanoseconds Get() const;

  // `usual` is what Get said when the work began: calls that are interrupted together double it
  // once. A change of less than a hundredth is not worth telling the other threads.
  void NoteTime(std::chrono::nanoseconds usual, std::chrono::nanoseconds took);
  void NoteLeftOut() { num_left_out_.fetch_add(1, std::memory_order_relaxed); }

 private:
  std::atomic<std::int64_t> usual_ns_ = 0;
  std::atomic<std::uint32_t> num_left_out_ = 0;  // Since it was done last.
};

// What a model is asked for: one that is large costs another than one that is small, so that each
// size of scores, within a factor of four, is a kind of its own: kScores and those after it. A list
// of a part of what may be shown is kPart.
enum class AnswerKind : std::uint8_t { kList, kPart, kSketch, kScores };

AnswerKind KindOfScores(std::size_t num_items);

// What the models of a set cost, by model and kind of answer, and the reasons that are drawn from
// them. Thread-safe.
class ModelCosts {
 public:
  explicit ModelCosts(std::size_t num_models) : costs_(num_models + 1) {}

  UsualCost& Of(std::size_t model, AnswerKind kind) {
    return costs_[model][static_cast<std::size_t>(kind)];
  }

  // Of a list of so many items, within a factor of four.
  UsualCost& OfReasons(std::size_t num_items) {
    return Of(costs_.size() - 1, KindOfScores(num_items));
  }

 private:
  // An index has 32 bits, so there are 17 sizes.
  static constexpr std::size_t kNumKinds = static_cast<std::size_t>(AnswerKind::kScores) + 17;

  std::vector<std::array<UsualCost, kNumKinds>> costs_;  // The last row is of reasons.
};

}  // namespace vitrine
