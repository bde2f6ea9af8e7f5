#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "vitrine/base/bytes.h"
#include "vitrine/base/matrix.h"
#include "vitrine/feature_store/behaviour/session.h"
#include "vitrine/feature_store/catalogue.h"
#include "vitrine/feature_store/feature.h"
#include "vitrine/nn/dense.h"
#include "vitrine/nn/embedding.h"
#include "vitrine/nn/recurrent.h"
#include "vitrine/scorers/purchase_model.h"

namespace vitrine {

NextEvent NextEventOf(EventType type);

// The columns of the network's output: two log-odds, then four logits of a softmax.
enum class PurchaseHead : std::uint8_t {
  kSession = 0,  // An order within the visit under way, or within the one that begins now.
  kShopper = 1,  // An order within the horizon.
  kNext = 2,
};
inline constexpr std::size_t kNumPurchaseHeads = 3;
inline constexpr std::size_t kNumPurchaseOutputs = 2 + kNumNextEvents;

// A place of the sequence that the LSTM reads. Each number is a row of a table of embeddings.
struct SessionStep {
  std::uint8_t kind = 0;      // An EventType, or one of the four below.
  std::uint8_t pause = 0;     // 0: none; else one more for each doubling of the seconds before it.
  std::uint8_t item = 0;      // 0: no item; 1: one that is new to the visit; 2: met before in it.
  std::uint8_t category = 0;  // 0: none; else the first category of the item, hashed to 1 .. 63.
  bool operator==(const SessionStep&) const = default;
};
inline constexpr std::uint8_t kNowStep = 0;     // The moment itself, after the pause since then.
inline constexpr std::uint8_t kVisitStep = 14;  // A visit begins: first, unless the next.
inline constexpr std::uint8_t kAwayStep = 15;   // No visit is under way: first and last.
inline constexpr std::size_t kNumStepKinds = 16;
inline constexpr std::size_t kNumPauses = 13;
inline constexpr std::size_t kNumItemKinds = 3;
inline constexpr std::size_t kNumCategoryHashes = 64;

// Of a visit's events so many, the latest, are read.
inline constexpr std::size_t kMaxSessionSteps = 32;

// What a shopper who is on no visit is taken for.
enum class Absence : std::uint8_t { kBeginsVisit = 0, kIsAway = 1 };

// The visit under way at `now` (FeatureStore::ReadSession), as the LSTM reads it: kVisitStep, the
// latest events, kNowStep; where there are no events, one step, by `absence`.
std::vector<SessionStep> StepsOf(std::span<const SessionEvent> session, const Catalogue& catalogue,
                                 Micros now, Absence absence);

// All that is known at one moment.
struct ShopperMoment {
  std::vector<float> features{};  // Of PurchaseFeatureNames or the predictor's; NaN: missing.
  std::vector<SessionStep> steps{};
};

// The features that the network reads: those of shoppers that are counts and numbers.
std::vector<std::string> PurchaseFeatureNames();
std::vector<float> ToNumbers(std::span<const Feature> features);

// Each feature x as ln(1 + |x|) with its sign, less the mean, by the deviation, within 6; 0 where
// it is missing, which a column of its own then says.
struct FeatureScale {
  std::vector<float> means{};       // [features]
  std::vector<float> deviations{};  // [features] Above 0.

  static FeatureScale Fit(std::span<const ShopperMoment> moments, std::size_t num_features);
  // `row` [2 x features]
  void Apply(std::span<const float> features, std::span<float> row) const;
};

struct SessionShape {
  std::size_t num_features = 0;
  std::size_t hidden = 32;      // Units of each layer over the features, 1 to 512; 0: not read.
  std::size_t dimensions = 32;  // Of the LSTM, 1 to 512; 0: events are not read.
  bool operator==(const SessionShape&) const = default;
};

// Steps of some moments, padded at the end to one length.
struct SessionBatch {
  explicit SessionBatch(std::span<const ShopperMoment* const> moments);

  std::size_t number = 0;
  std::size_t length = 0;
  std::array<std::vector<std::uint32_t>, 4> ids{};  // [number * length] each: kind, pause ...
  std::vector<std::uint8_t> is_real{};
  nn::Sequences sequences() const {
    return {.number = number, .length = length, .is_real = is_real};
  }
};

// The parameters:
//   outputs = A relu(W2 relu(W1 x + b1) + b2) + a  +  B h + b
//   h       = LSTM(e_kind + e_pause + e_item + e_category)
// with x the scaled features and h the state after the last step.
struct SessionNetwork {
  SessionNetwork() = default;
  SessionNetwork(const SessionShape& shape, Random& random);

  void AddParameters(nn::ParameterList& list);

  SessionShape shape{};
  nn::Dense first{};          // [2 x features -> hidden]
  nn::Dense second{};         // [hidden -> hidden]
  nn::Dense from_features{};  // [hidden -> outputs]
  std::array<nn::Embedding, 4> tables{};
  nn::Recurrent lstm{};
  nn::Dense from_events{};  // [dimensions -> outputs]
};

// What a predictor answers of one moment.
struct PurchaseOdds {
  double session = 0;  // Probabilities.
  double shopper = 0;
  std::array<double, kNumNextEvents> next{};  // By NextEvent; they sum to 1.
};

// The log-odds of one head and what made them: base + the sums of the effects, within 1e-4.
struct ExplainedOdds {
  double log_odds = 0;
  double base = 0;  // Of a shopper who is average in every feature, before the first event.
  std::vector<double> features{};  // [features] By the rescale rule of DeepLIFT.
  std::vector<double> steps{};     // [steps] What each changed when it came; 0 of the first.
};

// The probability that a shopper buys, in the visit and within some days, and what they do next:
// features of the shopper through a perceptron, plus the visit's events through an LSTM, in
// log-odds. Immutable, thread-safe.
class SessionPredictor {
 public:
  struct Parts {
    std::vector<std::string> features{};
    FeatureScale scale{};
    double horizon_days = 7;
    std::array<bool, kNumPurchaseHeads> is_live{true, true, true};  // Heads that may answer.
    SessionNetwork network{};
  };

  // Errors: INVALID_ARGUMENT shapes that do not fit together, numbers that are not finite, or a
  // horizon that is none.
  static absl::StatusOr<std::shared_ptr<const SessionPredictor>> Create(Parts parts);

  // [moments] REQUIRES: as many features each as the predictor has, and a step
  std::vector<PurchaseOdds> Predict(std::span<const ShopperMoment> moments) const;

  // REQUIRES: the same; `head` is kSession or kShopper
  ExplainedOdds Explain(const ShopperMoment& moment, PurchaseHead head) const;

  const Parts& parts() const { return parts_; }
  bool IsLive(PurchaseHead head) const { return parts_.is_live[static_cast<std::size_t>(head)]; }

 private:
  explicit SessionPredictor(Parts parts) : parts_(std::move(parts)) {}
  Parts parts_;
};

void Save(const SessionPredictor& predictor, ByteWriter& writer);

// Errors: DATA_LOSS the bytes are damaged.
absl::StatusOr<std::shared_ptr<const SessionPredictor>> LoadSessionPredictor(ByteReader& reader);

}  // namespace vitrine
