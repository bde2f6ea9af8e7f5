#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/simulate/latent.h"
#include "cli/simulate/shop.h"
#include "vitrine/base/clock.h"
#include "vitrine/base/random.h"

namespace vitrine::simulate {

// Someone who shops, and what the shop does not know about them.
struct Shopper {
  std::size_t number = 0;
  bool is_member = false;       // Logs in some day; the others stay visitors.
  std::size_t num_devices = 1;  // Each is a visitor of its own until they log in.
  bool reads_chinese = false;
  Vector taste{};                // Length 1.
  double price_sensitivity = 0;  // Log-odds lost per unit of a product's relative price.
  double activity = 0;           // Chance to come, up to a constant.
  Micros arrives = kStart;

  // What happened so far. Bounded, so that memory does not grow with the number of events.
  bool has_logged_in = false;
  std::array<std::size_t, 8> bought{};  // Their latest purchases: product numbers plus one.
  std::size_t num_bought = 0;
  std::optional<std::size_t> to_review{};  // A purchase that they may rate or return next time.

  std::string UserId() const;  // Empty for those who never log in.
  std::string VisitorId(std::size_t device) const;
  bool HasBoughtLately(std::size_t product) const;
  void Remember(std::size_t product);
};

// REQUIRES: num_shoppers >= 1. The first one is there from the start.
std::vector<Shopper> MakeShoppers(std::size_t num_shoppers, const Shop& shop, Micros span,
                                  Random random);

// Log-odds, up to a constant of the shopper, that this shopper picks the product because of who
// they are: taste, price, language. With Shop::Appeal added it ranks all products.
double Affinity(const Shopper& shopper, const Product& product);

// Log-odds of a product in Chinese to this shopper.
double ChineseBonus(const Shopper& shopper);

// What a taste says about a place: log-odds.
inline constexpr double kTasteStrength = 5;
double TasteFor(const Shopper& shopper, const Vector& place);

}  // namespace vitrine::simulate
