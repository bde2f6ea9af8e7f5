#include "engine/model_costs.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdlib>

namespace vitrine {

std::chrono::nanoseconds UsualCost::Get() const {
  const std::int64_t usual_ns = usual_ns_.load(std::memory_order_relaxed);
  const std::uint32_t num_left_out = num_left_out_.load(std::memory_order_relaxed);
  if (num_left_out == 0) return std::chrono::nanoseconds(usual_ns);
  const double halvings = static_cast<double>(num_left_out) / kHalvedAfter;
  return std::chrono::nanoseconds(
      static_cast<std::int64_t>(static_cast<double>(usual_ns) * std::exp2(-halvings)));
}

void UsualCost::NoteTime(std::chrono::nanoseconds usual, std::chrono::nanoseconds took) {
  const std::int64_t took_ns = std::max<std::int64_t>(took.count(), 1);  // 0 says: not known.
  const std::int64_t usual_ns = Get().count();
  std::int64_t next_ns = took_ns;
  if (usual_ns > 0 && took_ns > usual_ns) {
    const std::int64_t before_ns = usual.count() > 0 ? usual.count() : usual_ns;
    next_ns = std::max(usual_ns, std::min(took_ns, 2 * before_ns));
  } else if (usual_ns > 0) {
    next_ns = usual_ns + (took_ns - usual_ns) / 8;
  }
  const bool was_left_out = num_left_out_.load(std::memory_order_relaxed) > 0;
  if (!was_left_out && std::abs(next_ns - usual_ns) <= usual_ns / 100) return;
  usual_ns_.store(next_ns, std::memory_order_relaxed);
  if (was_left_out) num_left_out_.store(0, std::memory_order_relaxed);
}

AnswerKind KindOfScores(std::size_t num_items) {
  const auto size = static_cast<std::size_t>(std::bit_width(num_items)) / 2;
  return static_cast<AnswerKind>(static_cast<std::size_t>(AnswerKind::kScores) +
                                 std::min<std::size_t>(size, 16));
}

}  // namespace vitrine
