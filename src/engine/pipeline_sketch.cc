// What a pipeline finds without scoring all there is: the models sketch their scores of everything,
// and what cannot be among the best is ruled out.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

#include "engine/asked.h"
#include "engine/least_of_best.h"
#include "engine/model_costs.h"
#include "engine/step_watch.h"
#include "engine/turns.h"
#include "vitrine/base/lanes.h"
#include "vitrine/engine/pipeline.h"

namespace vitrine {
namespace {

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

constexpr std::size_t kBlock = 32;  // Scores that are looked at together.

using LaneFlags = decltype(Lanes{} < Lanes{});  // Of each lane -1 where it holds, else 0.

// How often it held, of flags that were added up.
std::size_t NumSet(const LaneFlags& sum) {
  std::size_t num_set = 0;
  for (std::size_t lane = 0; lane < kLanes; ++lane) num_set += static_cast<std::size_t>(-sum[lane]);
  return num_set;
}

// The best and the worst that a model says.
struct Range {
  std::vector<float> best_of_block{};
  float best = kUnscored;
  float worst = -kUnscored;
  std::size_t num_known = 0;

  float largest() const {
    return best == kUnscored ? 0 : std::max(std::abs(best), std::abs(worst));
  }
};

// Hides what is not finite, and tells of the rest. `scores`: whole blocks.
Range HideUnsoundOf(std::span<float> scores) {
  const Lanes unknown = AllLanes(kUnscored);
  const Lanes largest = AllLanes(std::numeric_limits<float>::max());
  Range range;
  range.best_of_block.reserve(scores.size() / kBlock);
  Lanes worst = -unknown;
  LaneFlags known{};
  for (std::size_t begin = 0; begin < scores.size(); begin += kBlock) {
    Lanes best = unknown;
    for (std::size_t row = begin; row < begin + kBlock; row += kLanes) {
      const Lanes said = LoadLanes(&scores[row]);
      const auto is_sound = (said <= largest) & (said >= -largest);
      StoreLanes(is_sound ? said : unknown, &scores[row]);
      best = Larger(is_sound ? said : unknown, best);
      worst = Smaller(is_sound ? said : -unknown, worst);
      known += is_sound;
    }
    range.best_of_block.push_back(Largest(best));
    range.best = std::max(range.best, range.best_of_block.back());
  }
  range.worst = Smallest(worst);
  range.num_known = NumSet(known);
  return range;
}

// The items that score `least` or more, given the best of each block.
std::vector<ItemIndex> ItemsFrom(float least, std::span<const float> scores,
                                 std::span<const float> best_of_block) {
  std::vector<ItemIndex> items;
  for (std::size_t block = 0; block < best_of_block.size(); ++block) {
    if (best_of_block[block] < least) continue;
    for (std::size_t row = block * kBlock; row < (block + 1) * kBlock; ++row) {
      if (scores[row] >= least) items.push_back(ItemIndex{static_cast<std::uint32_t>(row)});
    }
  }
  return items;
}

// What sums of neighbouring items are multiplied with, by item and last for all other ones; empty:
// none counts.
struct RoughTrends {
  const std::vector<float>& likes;
  const std::vector<float>& dislikes;

  Lanes Of(const std::vector<float>& trends, std::size_t row) const {
    const std::size_t num_known = trends.size() - 1;
    if (row + kLanes <= num_known) return LoadLanes(&trends[row]);
    Lanes of_rows;
    for (std::size_t i = 0; i < kLanes; ++i) of_rows[i] = trends[std::min(row + i, num_known)];
    return of_rows;
  }
  Lanes Apply(const Lanes& sums, std::size_t row) const {
    if (likes.empty()) return sums;
    return sums * (sums < Lanes{} ? Of(dislikes, row) : Of(likes, row));
  }
};

// The exact scale of a model: by the exact scores of what can be its best. Where its best may not
// be above zero its worst counts, and all of `sketch` is made exact.
float ScaleBy(const Scorer& scorer, const Query& query, std::span<float> sketch, Range& range,
              float& error) {
  if (range.best == kUnscored) return 1;
  if (error == 0) return ScaleOf(range.best, range.worst);
  if (range.best > error) {
    const Matrix near_best =
        ScoresOfSome(scorer, query, ItemsFrom(range.best - 2 * error, sketch, range.best_of_block));
    const float exact = near_best.maxCoeff();
    if (exact > 0) return ScaleOf(exact, exact);
  }
  const std::vector<ItemIndex> known =
      ItemsFrom(std::numeric_limits<float>::lowest(), sketch, range.best_of_block);
  const Matrix exact = ScoresOfSome(scorer, query, known);
  for (std::size_t i = 0; i < known.size(); ++i) sketch[Row(known[i])] = Scores(exact)[i];
  error = 0;
  range = HideUnsoundOf(sketch);
  return ScaleOf(range.best, range.worst);
}

}  // namespace

// What blended scores can be, by item of padded rows of sketches.
struct Pipeline::Bounds {
  std::vector<float> most{};  // kUnscored: no model knows the item.
  // By block of items, the best of what those in it can be at least, and at most.
  std::vector<float> best_least_of_block{};
  std::vector<float> best_most_of_block{};
  std::size_t num_known = 0;
};

Pipeline::Sketched Pipeline::Sketch(const Query& query, const ItemBitmap& allowed,
                                    const PipelineControls& controls) const {
  const std::size_t num_models = weights_.size();
  Sketched sketched{.factors = Weights(query),
                    .num_items = allowed.size(),
                    .errors = std::vector<float>(num_models, 0),
                    .largest = std::vector<float>(num_models, 0)};
  const std::size_t num_padded = (allowed.size() + kBlock - 1) / kBlock * kBlock;
  sketched.scores.resize(static_cast<Eigen::Index>(num_models),
                         static_cast<Eigen::Index>(num_padded));
  ItemBitmap showable = allowed;
  for (const ItemIndex item : query.excluded) showable.Erase(item);
  Turns turns(*models_, *costs_, AnswerKind::kSketch, controls);
  for (std::size_t turn = 0; turn < num_models; ++turn) {
    const std::size_t m = turns[turn];
    if (sketched.factors[m] == 0) continue;
    if (!turns.HasTimeFor(m)) {
      sketched.factors[m] = 0;
      continue;
    }
    const StepWatch watch(controls);
    const Model& model = models_->models[m];
    const std::span<float> scores = sketched.PaddedScoresOf(m);
    sketched.errors[m] = model.scorer->Sketch(query, scores.first(sketched.num_items));
    showable.FillAbsent(kUnscored, scores);
    Range range = HideUnsoundOf(scores);
    sketched.factors[m] /=
        static_cast<double>(ScaleBy(*model.scorer, query, scores, range, sketched.errors[m]));
    sketched.largest[m] = range.largest();
    turns.NoteAnswer(m);
    watch.Tell("score", model.name, [&] { return range.num_known; });
  }
  return sketched;
}

Pipeline::Bounds Pipeline::BoundsOf(const Sketched& sketched) const {
  struct Voice {
    float factor = 0;
    const float* scores = nullptr;
  };
  std::vector<Voice> voices;
  double error = 0;  // Of a sum: what the sketches may be off,
  for (std::size_t m = 0; m < sketched.factors.size(); ++m) {
    if (sketched.factors[m] == 0) continue;
    voices.push_back({static_cast<float>(sketched.factors[m]), sketched.ScoresOf(m).data()});
    const double factor = std::abs(sketched.factors[m]);
    error += factor * static_cast<double>(sketched.errors[m]);
    // and that sums and trends in floats are not those in doubles.
    error += 1e-6 * factor * static_cast<double>(sketched.largest[m]);
  }
  const RoughTrends trends{rough_trends_of_likes_, rough_trends_of_dislikes_};
  const Lanes off = AllLanes(static_cast<float>(error));
  const Lanes unknown = AllLanes(kUnscored);
  const auto num_padded = static_cast<std::size_t>(sketched.scores.cols());
  Bounds bounds{.most = std::vector<float>(num_padded)};
  bounds.best_least_of_block.reserve(num_padded / kBlock);
  bounds.best_most_of_block.reserve(num_padded / kBlock);
  LaneFlags known{};
  for (std::size_t begin = 0; begin < num_padded; begin += kBlock) {
    Lanes best_least = unknown;
    Lanes best_most = unknown;
    for (std::size_t row = begin; row < begin + kBlock; row += kLanes) {
      Lanes best = unknown;
      Lanes sum{};
      for (const Voice& voice : voices) {
        const Lanes said = LoadLanes(voice.scores + row);
        best = Larger(said, best);
        sum += voice.factor * (said == unknown ? Lanes{} : said);
      }
      const auto is_known = best != unknown;
      known += is_known;
      const Lanes most = is_known ? trends.Apply(sum + off, row) : unknown;
      const Lanes least = is_known ? trends.Apply(sum - off, row) : unknown;
      StoreLanes(most, &bounds.most[row]);
      best_most = Larger(most, best_most);
      best_least = Larger(least, best_least);
    }
    bounds.best_least_of_block.push_back(Largest(best_least));
    bounds.best_most_of_block.push_back(Largest(best_most));
  }
  bounds.num_known = NumSet(known);
  return bounds;
}

Pipeline::Asked Pipeline::Shortlist(const Query& query, const Sketched& sketched,
                                    std::size_t k) const {
  Bounds bounds = BoundsOf(sketched);
  const float least = LeastOfBlocks(std::move(bounds.best_least_of_block), k);
  Asked asked{.items = ItemsFrom(least, bounds.most, bounds.best_most_of_block),
              .factors = sketched.factors};
  asked.num_ruled_out = bounds.num_known - asked.items.size();
  ScoreSketched(query, sketched, asked);
  return asked;
}

void Pipeline::ScoreSketched(const Query& query, const Sketched& sketched, Asked& asked) const {
  const std::size_t num_models = sketched.factors.size();
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
}

}  // namespace vitrine
