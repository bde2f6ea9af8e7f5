#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "vitrine/scorers/scorer.h"

namespace vitrine {

// The candidates of one query, and what the blend and the scorers say of them. Views.
struct RankerCandidates {
  const Query& query;
  std::span<const ItemIndex> items{};      // Distinct, the blend's best first.
  std::span<const float> blended{};        // [items] The blend's score of each, falling.
  std::span<const std::string> scorers{};  // By row of `scores`.
  const Matrix& scores;  // [scorers x items] As Score gives them, kUnscored where nothing is known.
};

// What a ranker's log-odds of some candidates are made of: those of row r are base, the sum of
// effects.row(r), and residuals[r], within 1e-4 of their size. Views are valid while the ranker is.
struct ExplainedRanking {
  double base = 0;                             // Of a candidate that is average in everything.
  std::span<const std::string> features{};     // By column; empty: it leaves the blend's order.
  std::vector<std::string_view> of_scorers{};  // By column: whose score it reads; empty: nobody's.
  Matrix effects{};                            // [rows x features] What each adds to the base.
  std::vector<double> residuals{};             // [rows] What the method leaves unexplained.
};

// The last word on the best candidates: it sees what all scorers say. Immutable and thread-safe.
class Ranker {
 public:
  virtual ~Ranker() = default;

  // The scorers that it learned to listen to. One that is missing from the candidates is as if it
  // had nothing to say.
  virtual std::span<const std::string> listens_to() const = 0;

  // Sets `probabilities` [items] to how likely the shopper is to want each item, calibrated on what
  // shoppers of the training wanted; in (0, 1). Asks `is_late` now and then, and gives up with
  // false once it is.
  virtual bool Rank(const RankerCandidates& candidates, const std::function<bool()>& is_late,
                    std::span<float> probabilities) const = 0;

  // Why Rank says what it says of items[row], for each of `rows`. Takes its time.
  virtual ExplainedRanking ExplainRanking(const RankerCandidates& candidates,
                                          std::span<const std::size_t> rows) const = 0;

  // What came of the learning, for people.
  virtual std::string learned() const = 0;

  virtual double deadline_ms() const = 0;          // What it may take of an answer; 0: nothing.
  virtual std::size_t num_candidates() const = 0;  // How many of the best it wants to see.
};

}  // namespace vitrine
