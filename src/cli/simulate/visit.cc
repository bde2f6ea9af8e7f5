#include "cli/simulate/visit.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "cli/simulate/words.h"

namespace vitrine::simulate {
namespace {

// What a visit is like. Chances, unless said otherwise.
constexpr double kStartsAtHome = 0.6;
constexpr double kLooksOn = 0.75;         // After each product.
constexpr double kChangesCategory = 0.2;  // After each product.
constexpr double kBrowses = 0.3;          // Before a product: looks at its category;
constexpr double kSearches = 0.2;         // or searches for it.
constexpr double kIsShownList = 0.12;     // Before a product: an impression,
constexpr double kClicksList = 0.3;       // of which something is clicked.
constexpr double kRemovesAgain = 0.08;
constexpr double kBuysCart = 0.6;
constexpr double kRemembersLogin = 0.85;  // Of those who logged in before.
constexpr double kLogsIn = 0.15;          // Before each product otherwise, members.
constexpr double kRates = 0.25;           // A purchase of an earlier visit;
constexpr double kReturns = 0.05;         // or gives it back.
constexpr double kDislikes = 0.02;        // Says so of a product looked at.
constexpr double kCartBase = -2.6;        // Log-odds to put an average product into the cart.
constexpr double kCartByAffinity = 0.5;   // What each unit of affinity adds.
constexpr std::size_t kNoticed = 24;      // Products of which one is looked at.
constexpr std::size_t kListLength = 6;
constexpr std::size_t kMaxLooks = 40;

double Logistic(double x) { return 1 / (1 + std::exp(-x)); }

class Visit {
 public:
  Visit(const Shop& shop, Shopper& shopper, std::string session_id, Micros start, Random& random)
      : shop_(shop),
        shopper_(shopper),
        session_id_(std::move(session_id)),
        device_(random.Below(shopper.num_devices)),
        now_(start),
        random_(random) {
    is_logged_in_ = shopper.has_logged_in && Chance(kRemembersLogin);
    was_logged_in_ = is_logged_in_;
  }

  std::vector<Event> Run() {
    std::size_t category = ChooseCategory();
    if (Chance(kStartsAtHome)) {
      Add(EventType::kHomePageView, 12);
    } else {
      BrowseCategory(category);
    }
    Review();
    for (std::size_t look = 0; look < kMaxLooks; ++look) {
      if (shopper_.is_member && !is_logged_in_ && Chance(kLogsIn)) is_logged_in_ = true;
      LookAtOne(category);
      if (!Chance(kLooksOn)) break;
      if (Chance(kChangesCategory)) category = ChooseCategory();
    }
    CheckOut();
    return std::move(events_);
  }

 private:
  bool Chance(double chance) { return random_.Uniform() < chance; }

  // An event now; then `seconds` pass, on average. The first event after a login names both the
  // visitor and the user, which is how a shop learns that they are one.
  Event& Add(EventType type, double seconds) {
    Event event;
    event.type = type;
    event.session_id = session_id_;
    event.time_us = now_;
    if (is_logged_in_) event.user_id = shopper_.UserId();
    const bool has_just_logged_in = is_logged_in_ && !was_logged_in_;
    if (!is_logged_in_ || has_just_logged_in) event.visitor_id = shopper_.VisitorId(device_);
    was_logged_in_ = is_logged_in_;
    shopper_.has_logged_in = shopper_.has_logged_in || is_logged_in_;
    now_ += (1 + static_cast<Micros>(seconds * random_.Exponential())) * kMicrosPerSecond;
    return events_.emplace_back(std::move(event));
  }

  Event& AddAbout(EventType type, std::size_t product, double seconds) {
    Event& event = Add(type, seconds);
    event.items = {EventItem{ItemId(product), 1, std::nullopt}};
    return event;
  }

  const Product& At(std::size_t product) const { return shop_.products()[product]; }
  const std::string& ItemId(std::size_t product) const { return At(product).item.id; }

  std::size_t ChooseCategory() {
    std::vector<double> weights;
    for (std::size_t c = 0; c < Categories().size(); ++c) {
      weights.push_back(
          std::exp(shop_.CategoryAppeal(c, now_) + TasteFor(shopper_, shop_.CategoryVector(c))));
    }
    return DrawWeighted(weights, random_);
  }

  // A product of the category that is published and, unless such things are bought often, not one
  // that the shopper has just bought.
  std::optional<std::size_t> ChooseProduct(std::size_t category) {
    std::vector<std::size_t> noticed;
    std::vector<double> weights;
    for (std::size_t i = 0; i < kNoticed; ++i) {
      const std::size_t product = shop_.Notice(category, random_);
      const bool is_done =
          !Categories()[category].is_bought_often && shopper_.HasBoughtLately(product);
      if (At(product).item.publish_time_us > now_ || is_done) continue;
      noticed.push_back(product);
      weights.push_back(
          std::exp(Affinity(shopper_, At(product)) + Shop::Novelty(At(product), now_)));
    }
    if (noticed.empty()) return std::nullopt;
    return noticed[DrawWeighted(weights, random_)];
  }

  void BrowseCategory(std::size_t category) {
    const Word& path = Categories()[category].path;
    Add(EventType::kCategoryPageView, 20).page_categories = {
        std::string(shopper_.reads_chinese ? path.chinese : path.english)};
  }

  void SearchFor(const Product& product) {
    const Word& name = Categories()[product.category].nouns[product.noun].name;
    Add(EventType::kSearch, 15).search_query =
        shopper_.reads_chinese ? std::string(name.chinese)
                               : absl::AsciiStrToLower(std::string(name.english));
  }

  // A list beside the page; returns the product clicked on.
  std::optional<std::size_t> SeeList(std::size_t category) {
    std::vector<std::size_t> shown;
    for (std::size_t i = 0; i < kListLength; ++i) {
      const auto product = ChooseProduct(category);
      const bool is_new = product && std::find(shown.begin(), shown.end(), *product) == shown.end();
      if (is_new) shown.push_back(*product);
    }
    if (shown.empty()) return std::nullopt;
    Event& impression = Add(EventType::kImpression, 8);
    impression.placement = "category-page";
    for (const std::size_t product : shown) {
      impression.items.push_back({ItemId(product), 1, std::nullopt});
    }
    if (!Chance(kClicksList)) return std::nullopt;
    std::vector<double> weights;
    weights.reserve(shown.size());
    for (const std::size_t product : shown) {
      weights.push_back(std::exp(Affinity(shopper_, At(product))));
    }
    const std::size_t clicked = shown[DrawWeighted(weights, random_)];
    AddAbout(EventType::kRecommendationClick, clicked, 2).placement = "category-page";
    return clicked;
  }

  void LookAtOne(std::size_t category) {
    std::optional<std::size_t> product;
    if (Chance(kIsShownList)) product = SeeList(category);
    const bool was_clicked = product.has_value();
    if (!was_clicked) product = ChooseProduct(category);
    if (!product.has_value()) return;
    if (!was_clicked) Find(*product);
    AddAbout(EventType::kDetailPageView, *product, 45);
    const double affinity = Affinity(shopper_, At(*product));
    if (Chance(Logistic(kCartBase + kCartByAffinity * affinity))) {
      PutIntoCart(*product);
    } else if (affinity < 0 && Chance(kDislikes)) {
      AddAbout(EventType::kNotInterested, *product, 5);
    }
  }

  void Find(std::size_t product) {
    const double way = random_.Uniform();
    if (way < kBrowses) {
      BrowseCategory(At(product).category);
    } else if (way < kBrowses + kSearches) {
      SearchFor(At(product));
    }
  }

  void PutIntoCart(std::size_t product) {
    if (At(product).item.availability == Availability::kOutOfStock) return;
    if (std::find(cart_.begin(), cart_.end(), product) != cart_.end()) return;
    AddAbout(EventType::kAddToCart, product, 10);
    if (Chance(kRemovesAgain)) {
      AddAbout(EventType::kRemoveFromCart, product, 10);
    } else {
      cart_.push_back(product);
    }
  }

  void FillFromCart(Event& event) const {
    for (const std::size_t product : cart_) {
      event.items.push_back({ItemId(product), 1, std::nullopt});
    }
  }

  void CheckOut() {
    if (cart_.empty()) return;
    FillFromCart(Add(EventType::kShoppingCartPageView, 40));
    if (!Chance(kBuysCart)) return;
    if (shopper_.is_member) is_logged_in_ = true;  // Members log in to buy.
    Event& purchase = Add(EventType::kPurchaseComplete, 5);
    FillFromCart(purchase);
    purchase.order_id = absl::StrFormat("o%s", session_id_.substr(1));
    purchase.revenue = Money{0, At(cart_.front()).item.price->currency};
    for (std::size_t i = 0; i < cart_.size(); ++i) {
      const std::uint64_t luck = random_.Below(20);
      purchase.items[i].quantity = luck == 0 ? 3 : luck < 3 ? 2 : 1;
      purchase.revenue->micros += At(cart_[i]).item.price->micros * purchase.items[i].quantity;
      shopper_.Remember(cart_[i]);
    }
    shopper_.to_review = cart_[random_.Below(cart_.size())];
  }

  void Review() {
    if (!shopper_.to_review.has_value()) return;
    const std::size_t product = *std::exchange(shopper_.to_review, std::nullopt);
    const double liking = Affinity(shopper_, At(product)) / 2 + random_.Normal();
    const double choice = random_.Uniform();
    if (choice < kRates) {
      AddAbout(EventType::kRate, product, 30).rating = std::clamp(std::round(3 + liking), 1.0, 5.0);
    } else if (choice < kRates + kReturns) {
      AddAbout(EventType::kReturnComplete, product, 30);
    }
  }

  const Shop& shop_;
  Shopper& shopper_;
  const std::string session_id_;
  const std::size_t device_;
  Micros now_;
  Random& random_;
  bool is_logged_in_ = false;
  bool was_logged_in_ = false;  // When the last event was added.
  std::vector<std::size_t> cart_;
  std::vector<Event> events_;
};

}  // namespace

std::vector<Event> MakeVisit(const Shop& shop, Shopper& shopper, std::string session_id,
                             Micros start, Random& random) {
  return Visit(shop, shopper, std::move(session_id), start, random).Run();
}

}  // namespace vitrine::simulate
