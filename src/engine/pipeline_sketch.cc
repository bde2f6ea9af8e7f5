// What a pipeline finds without scoring all there is: the models sketch their scores of everything,
// and what cannot be among the best is ruled out.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

#include "engine/asked.h"
#include "engine/least_of_best.h"
#include "engine/step_watch.h"
#include "vitrine/engine/pipeline.h"

namespace vitrine {
namespace {

Eigen::Index Size(std::span<const float> scores) {
  return static_cast<Eigen::Index>(scores.size());
}

std::span<const float> Scores(const Matrix& row) {
  return {row.data(), static_cast<std::size_t>(row.size())};
}

// The sound scores of some items by one model.
Matrix ScoresOfSome(const Scorer& scorer, const Query& query, std::span<const ItemIndex> items) {
  Matrix scores(1, static_cast<Eigen::Index>(items.size()));
  scorer.Score({&query, 1}, items, scores);
  HideUnsound({scores.data(), items.size()});
  return scores;
}

std::vector<ItemIndex> ItemsFrom(float least, std::span<const float> scores) {
  std::vector<ItemIndex> items;
  ForEachFrom(least, scores, [&](std::size_t row) {
    items.push_back(ItemIndex{static_cast<std::uint32_t>(row)});
  });
  return items;
}

// The exact scale of a model: by the exact scores of what can be its best. Where its best may not
// be above zero its worst counts, and all of `sketch` is made exact.
float ScaleBy(const Scorer& scorer, const Query& query, std::span<float> sketch, float& error) {
  const std::span<const float> scores = sketch;
  if (error == 0 || scores.empty()) return ScaleOfAll(scores);
  const float best = Eigen::Map<const Eigen::ArrayXf>(scores.data(), Size(scores)).maxCoeff();
  if (best == kUnscored) return 1;
  if (best > error) {
    const Matrix near_best = ScoresOfSome(scorer, query, ItemsFrom(best - 2 * error, scores));
    const float exact = near_best.maxCoeff();
    if (exact > 0) return ScaleOf(exact, exact);
  }
  const std::vector<ItemIndex> known = ItemsFrom(std::numeric_limits<float>::lowest(), scores);
  const Matrix exact = ScoresOfSome(scorer, query, known);
  for (std::size_t i = 0; i < known.size(); ++i) sketch[Row(known[i])] = Scores(exact)[i];
  error = 0;
  return ScaleOfAll(scores);
}

// Plain loops over numbers of one kind: the compiler makes vector code of these.
constexpr std::size_t kBlock = 128;  // Whose numbers stay in the first-level cache.

// Scores of some items as they are added up.
struct Block {
  std::array<float, kBlock> sums{};
  std::array<float, kBlock> sizes{};  // Sums of the sizes of what was added.
  std::array<float, kBlock> best{};   // kUnscored: no model knows the item.

  Block() { best.fill(kUnscored); }

  void Add(float factor, std::span<const float> scores) {
    std::array<float, kBlock> known;
    for (std::size_t i = 0; i < scores.size(); ++i) {
      best[i] = scores[i] > best[i] ? scores[i] : best[i];
      known[i] = IsKnown(scores[i]) ? scores[i] : 0.0F;
    }
    for (std::size_t i = 0; i < scores.size(); ++i) {
      sums[i] += factor * known[i];
      sizes[i] += std::abs(factor * known[i]);
    }
  }
};

}  // namespace

Pipeline::Sketched Pipeline::Sketch(const Query& query, const ItemBitmap& allowed,
                                    const PipelineControls& controls) const {
  Sketched sketched{.factors = Weights(query), .errors = std::vector<float>(weights_.size(), 0)};
  sketched.scores.resize(static_cast<Eigen::Index>(weights_.size()),
                         static_cast<Eigen::Index>(allowed.size()));
  ItemBitmap showable = allowed;
  for (const ItemIndex item : query.excluded) showable.Erase(item);
  for (std::size_t m = 0; m < weights_.size(); ++m) {
    if (sketched.factors[m] == 0) continue;
    if (IsLate(controls)) {
      std::fill(sketched.factors.begin() + static_cast<std::ptrdiff_t>(m), sketched.factors.end(),
                0.0);
      break;
    }
    const StepWatch watch(controls);
    const Model& model = models_->models[m];
    const std::span<float> scores = sketched.ScoresOf(m);
    sketched.errors[m] = model.scorer->Sketch(query, scores);
    HideUnsound(scores);
    showable.FillAbsent(kUnscored, scores);
    sketched.factors[m] /=
        static_cast<double>(ScaleBy(*model.scorer, query, scores, sketched.errors[m]));
    watch.Tell("score", model.name,
               [&] { return std::count_if(scores.begin(), scores.end(), IsKnown); });
  }
  return sketched;
}

void Pipeline::ApplyTrends(std::span<float> blended) const {
  if (trends_of_likes_.empty()) return;
  const std::size_t count = std::min(blended.size(), trends_of_likes_.size() - 1);
  const float* const likes = rough_trends_of_likes_.data();
  const float* const dislikes = rough_trends_of_dislikes_.data();
  for (std::size_t i = 0; i < count; ++i) {
    const float factor = blended[i] < 0 ? dislikes[i] : likes[i];
    blended[i] *= factor;
  }
  for (std::size_t i = count; i < blended.size(); ++i) {
    const auto sum = static_cast<double>(blended[i]);
    blended[i] = static_cast<float>(sum * TrendOf(ItemIndex{static_cast<std::uint32_t>(i)}, sum));
  }
}

Pipeline::Asked Pipeline::Shortlist(const Query& query, const Sketched& sketched,
                                    std::size_t k) const {
  const auto num_items = static_cast<std::size_t>(sketched.scores.cols());
  const std::size_t num_models = sketched.factors.size();
  double error = 0;  // Of a sum, for what the sketches may be off.
  for (std::size_t m = 0; m < num_models; ++m) {
    error += std::abs(sketched.factors[m]) * static_cast<double>(sketched.errors[m]);
  }
  std::vector<float> least(num_items);  // That the blended scores can be,
  std::vector<float> most(num_items);   // and the most.
  for (std::size_t begin = 0; begin < num_items; begin += kBlock) {
    const std::size_t count = std::min(kBlock, num_items - begin);
    Block block;
    for (std::size_t m = 0; m < num_models; ++m) {
      const auto factor = static_cast<float>(sketched.factors[m]);
      if (factor != 0) block.Add(factor, sketched.ScoresOf(m).subspan(begin, count));
    }
    for (std::size_t i = 0; i < count; ++i) {
      // What is added: that sums and trends in floats are not those in doubles.
      const float off = static_cast<float>(error) + 1e-6F * block.sizes[i];
      least[begin + i] = IsKnown(block.best[i]) ? block.sums[i] - off : kUnscored;
      most[begin + i] = IsKnown(block.best[i]) ? block.sums[i] + off : kUnscored;
    }
  }
  ApplyTrends(least);
  ApplyTrends(most);
  Asked asked{.items = ItemsFrom(LeastOfBest<float>(least, k), most), .factors = sketched.factors};
  asked.num_ruled_out = num_items - asked.items.size() -
                        static_cast<std::size_t>(std::count(most.begin(), most.end(), kUnscored));
  asked.scores.setConstant(static_cast<Eigen::Index>(num_models),
                           static_cast<Eigen::Index>(asked.items.size()), kUnscored);
  for (std::size_t m = 0; m < num_models && !asked.items.empty(); ++m) {
    if (sketched.factors[m] == 0) continue;
    auto row = asked.scores.row(static_cast<Eigen::Index>(m));
    if (sketched.errors[m] > 0) {
      row = ScoresOfSome(*models_->models[m].scorer, query, asked.items);
      continue;
    }
    const std::span<const float> scores = sketched.ScoresOf(m);
    for (std::size_t i = 0; i < asked.items.size(); ++i) {
      row[static_cast<Eigen::Index>(i)] = scores[Row(asked.items[i])];
    }
  }
  return asked;
}

}  // namespace vitrine
