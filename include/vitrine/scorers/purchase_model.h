#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

namespace vitrine {

class SessionPredictor;

// What a shopper does next in a visit. Whatever is neither of the other three is a view: of a page,
// a search, a rating.
enum class NextEvent : std::uint8_t { kView = 0, kCart = 1, kOrder = 2, kLeave = 3 };
inline constexpr std::size_t kNumNextEvents = 4;

// The purchase predictor of a model set, beside its scorers. A value; copies share the predictor.
struct PurchaseModel {
  std::map<std::string, std::string> settings{};        // What it was trained with, complete.
  std::shared_ptr<const SessionPredictor> predictor{};  // Null: there is none.
};

// Its name among the models of a bundle, and of its settings in a config.
inline constexpr char kPurchasePredictorName[] = "purchase_predictor";

}  // namespace vitrine
