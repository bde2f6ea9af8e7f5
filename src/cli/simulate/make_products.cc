#include "cli/simulate/make_products.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <string>
#include <string_view>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "cli/simulate/words.h"

namespace vitrine::simulate {
namespace {

constexpr double kChineseShare = 0.15;
constexpr double kVariantShare = 0.15;
constexpr double kArrivingShare = 0.3;  // Published while the shop is watched, or soon after.
constexpr double kZipfExponent = 0.8;
constexpr double kZipfOffset = 3;  // Flattens the very top, as in real shops.
constexpr double kOutOfStockShare = 0.03;
constexpr double kPreorderShare = 0.02;
constexpr double kMaxAgeDays = 700;
constexpr const char* kCurrency = "EUR";

// The words that one product is made of.
struct Choice {
  const CategoryWords* category = nullptr;
  const Noun* noun = nullptr;
  Word style{};
  Word use{};
  Word feature{};
  Word collection{};
  std::string_view brand{};
};

template <typename Values>
const auto& Pick(const Values& values, Random& random) {
  return values[random.Below(values.size())];
}

class ProductMaker {
 public:
  ProductMaker(Micros span, Random random) : span_(span), random_(random) {}

  // The next product, a variant of `base` if there is one.
  Product Make(std::size_t number, const Product* base) {
    Product product = base != nullptr ? MakeVariant(*base) : MakeOriginal();
    product.item.id = absl::StrFormat("p%05d", number + 1);
    product.item.image_uris = {"https://shop.example/images/" + product.item.id + ".jpg"};
    const double luck = random_.Uniform();
    if (luck < kOutOfStockShare) {
      product.item.availability = Availability::kOutOfStock;
    } else if (luck < kOutOfStockShare + kPreorderShare) {
      product.item.availability = Availability::kPreorder;
    }
    return product;
  }

  bool IsNextVariant() { return random_.Uniform() < kVariantShare; }

 private:
  Product MakeOriginal() {
    Product product;
    product.category = random_.Below(Categories().size());
    const CategoryWords& words = Categories()[product.category];
    product.noun = random_.Below(words.nouns.size());
    product.is_chinese = random_.Uniform() < kChineseShare;
    const Choice choice = {&words,
                           &words.nouns[product.noun],
                           Pick(words.styles, random_),
                           Pick(words.uses, random_),
                           Pick(words.features, random_),
                           Pick(Collections(), random_),
                           Pick(words.brands, random_)};
    Describe(choice, product);
    SetPrice(choice.noun->price * std::exp(0.35 * random_.Normal()), product);
    product.item.publish_time_us = PublishTime();
    product.vector = Place(choice);
    return product;
  }

  Product MakeVariant(const Product& base) {
    Product product = base;
    const Word colour = Pick(Colours(), random_);
    product.item.primary_item_id = base.item.id;
    product.item.title += base.is_chinese ? absl::StrFormat(" %s", colour.chinese)
                                          : absl::StrFormat(", %s", colour.english);
    AddScaled(product.vector, 0.15, RandomDirection(random_));
    return product;
  }

  void Describe(const Choice& choice, Product& product) {
    Item& item = product.item;
    item.brand = choice.brand;
    item.categories = {std::string(choice.category->path.english)};
    if (product.is_chinese) {
      item.categories.emplace_back(choice.category->path.chinese);
      item.title = absl::StrFormat("%s %s%s%s", choice.brand, choice.collection.chinese,
                                   choice.style.chinese, choice.noun->name.chinese);
      item.description =
          absl::StrFormat("%s%s%s，适合%s。%s。", choice.brand, choice.style.chinese,
                          choice.noun->name.chinese, choice.use.chinese, choice.feature.chinese);
      item.tags = {std::string(choice.style.chinese), std::string(choice.use.chinese)};
      return;
    }
    const std::string noun = absl::AsciiStrToLower(std::string(choice.noun->name.english));
    item.title = absl::StrFormat("%s %s %s %s", choice.brand, choice.collection.english,
                                 choice.style.english, choice.noun->name.english);
    item.description = absl::StrFormat("%s %s by %s for %s. %s.", choice.style.english, noun,
                                       choice.brand, choice.use.english, choice.feature.english);
    item.tags = {absl::AsciiStrToLower(std::string(choice.style.english)),
                 std::string(choice.use.english)};
  }

  static void SetPrice(double price, Product& product) {
    const auto units = static_cast<std::int64_t>(price);
    product.item.price = Money{units * 1'000'000 + 990'000, kCurrency};
  }

  Micros PublishTime() {
    const auto days = [](double count) {
      return static_cast<Micros>(count * 24) * 3600 * kMicrosPerSecond;
    };
    const double span_days = static_cast<double>(span_) / static_cast<double>(kMicrosPerDay);
    if (random_.Uniform() < kArrivingShare)
      return kStart + days(1.1 * span_days * random_.Uniform());
    return kStart - days(kMaxAgeDays * random_.Uniform());
  }

  Vector Place(const Choice& choice) {
    const std::string path(choice.category->path.english);
    const auto within = [&path](std::string_view word) { return path + std::string(word); };
    Vector vector{};
    AddScaled(vector, 0.35, PlaceOf(path.substr(0, path.find(" > "))));
    AddScaled(vector, 0.55, PlaceOf(path));
    AddScaled(vector, 0.45, PlaceOf(within(choice.noun->name.english)));
    AddScaled(vector, 0.3, PlaceOf(within(choice.style.english)));
    AddScaled(vector, 0.25, PlaceOf(std::string(choice.brand)));
    AddScaled(vector, 0.4, RandomDirection(random_));
    return vector;
  }

  // The direction that a word stands for, drawn when the word is first met.
  const Vector& PlaceOf(const std::string& word) {
    const auto found = places_.find(word);
    if (found != places_.end()) return found->second;
    return places_.emplace(word, RandomDirection(random_)).first->second;
  }

  const Micros span_;
  Random random_;
  std::map<std::string, Vector> places_;
};

void SetPopularity(std::vector<Product>& products, Random random) {
  std::vector<std::size_t> ranks(products.size());
  std::iota(ranks.begin(), ranks.end(), 0);
  random.Shuffle(ranks);
  for (std::size_t i = 0; i < products.size(); ++i) {
    products[i].log_popularity =
        -kZipfExponent * std::log(static_cast<double>(ranks[i]) + 1 + kZipfOffset);
  }
}

void SetRelativePrices(std::vector<Product>& products) {
  std::vector<double> sums(Categories().size());
  std::vector<double> counts(Categories().size());
  for (Product& product : products) {
    product.relative_price = std::log(static_cast<double>(product.item.price->micros) / 1e6);
    sums[product.category] += product.relative_price;
    counts[product.category] += 1;
  }
  for (Product& product : products) {
    product.relative_price -= sums[product.category] / counts[product.category];
  }
}

}  // namespace

std::vector<Product> MakeProducts(std::size_t num_items, Micros span, Random random) {
  ProductMaker maker(span, random);
  std::vector<Product> products;
  products.reserve(num_items);
  std::size_t base = 0;
  for (std::size_t i = 0; i < num_items; ++i) {
    const bool is_variant = i > 0 && maker.IsNextVariant();
    if (!is_variant) base = i;
    products.push_back(maker.Make(i, is_variant ? &products[base] : nullptr));
  }
  SetPopularity(products, Random(random.NextBits()));
  SetRelativePrices(products);
  return products;
}

}  // namespace vitrine::simulate
