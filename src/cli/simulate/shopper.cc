#include "cli/simulate/shopper.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_format.h"
#include "cli/simulate/words.h"

namespace vitrine::simulate {
namespace {

constexpr double kMemberShare = 0.8;
constexpr double kSecondDeviceShare = 0.2;
constexpr double kChineseReaders = 0.15;
constexpr double kThereFromTheStart = 0.6;
constexpr double kOwnLanguage = 2;       // Log-odds of a Chinese product to one who reads Chinese,
constexpr double kForeignLanguage = -2;  // and to one who does not.

}  // namespace

std::string Shopper::UserId() const {
  return is_member ? absl::StrFormat("u%05d", number + 1) : "";
}

std::string Shopper::VisitorId(std::size_t device) const {
  return absl::StrFormat("v%05d%c", number + 1, static_cast<char>('a' + device));
}

bool Shopper::HasBoughtLately(std::size_t product) const {
  return std::find(bought.begin(), bought.end(), product + 1) != bought.end();
}

void Shopper::Remember(std::size_t product) { bought[num_bought++ % bought.size()] = product + 1; }

std::vector<Shopper> MakeShoppers(std::size_t num_shoppers, const Shop& shop, Micros span,
                                  Random random) {
  std::vector<Shopper> shoppers(num_shoppers);
  for (std::size_t i = 0; i < num_shoppers; ++i) {
    Shopper& shopper = shoppers[i];
    shopper.number = i;
    shopper.is_member = random.Uniform() < kMemberShare;
    shopper.num_devices = random.Uniform() < kSecondDeviceShare ? 2 : 1;
    shopper.reads_chinese = random.Uniform() < kChineseReaders;
    shopper.price_sensitivity = std::abs(0.8 + 0.4 * random.Normal());
    shopper.activity = std::exp(random.Normal());
    Vector taste{};
    AddScaled(taste, 0.5, RandomDirection(random));
    for (std::uint64_t n = 1 + random.Below(3); n > 0; --n) {
      AddScaled(taste, 0.3 + random.Uniform(),
                shop.CategoryVector(random.Below(Categories().size())));
    }
    shopper.taste = Normalised(taste);
    const double arrives = random.Uniform();
    if (i > 0 && arrives > kThereFromTheStart) {
      shopper.arrives += static_cast<Micros>((arrives - kThereFromTheStart) /
                                             (1 - kThereFromTheStart) * static_cast<double>(span));
    }
  }
  return shoppers;
}

double TasteFor(const Shopper& shopper, const Vector& place) {
  return kTasteStrength * Dot(shopper.taste, place);
}

double Affinity(const Shopper& shopper, const Product& product) {
  double affinity = TasteFor(shopper, product.vector);
  affinity -= shopper.price_sensitivity * product.relative_price;
  return product.is_chinese ? affinity + ChineseBonus(shopper) : affinity;
}

double ChineseBonus(const Shopper& shopper) {
  return shopper.reads_chinese ? kOwnLanguage : kForeignLanguage;
}

}  // namespace vitrine::simulate
