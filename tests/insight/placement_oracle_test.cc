#include <map>
#include <set>

#include "insight/placement_shop.h"
#include "vitrine/base/random.h"

namespace vitrine {
namespace {

using testing::Did;
using testing::kDay;
using testing::kHour;
using testing::WithToken;

// What the report says, by comparing every event with every other.
class Quadratic {
 public:
  Quadratic(const FeatureStore& store, const std::vector<Event>& events, Micros window_us)
      : store_(store), events_(events), window_us_(window_us) {}

  using Key = std::pair<std::string, std::string>;
  struct Figures {
    std::uint64_t shown = 0;
    std::uint64_t clicks = 0;
    std::uint64_t positions = 0;
    std::uint64_t carts = 0;
    std::uint64_t purchases = 0;
    std::map<std::string, std::int64_t> revenue{};
    bool operator==(const Figures&) const = default;
  };

  std::map<Key, Figures> Report() const {
    std::map<Key, Figures> report;
    for (std::size_t i = 0; i < events_.size(); ++i) {
      const EventType type = events_[i].type;
      std::set<std::string> counted;
      for (const EventItem& line : events_[i].items) {
        const std::size_t own = PositionOn(events_[i], line.item_id);
        const bool is_first = counted.insert(line.item_id).second;
        if (type == EventType::kImpression && own > 0 && is_first) {
          ++report[KeyOf(events_[i])].shown;
        }
        if (IsClick(type) && own > 0 && is_first) {
          ++report[KeyOf(events_[i])].clicks;
          report[KeyOf(events_[i])].positions += own;
        }
        if (type != EventType::kAddToCart && type != EventType::kPurchaseComplete) continue;
        const Event* cause = own > 0 ? &events_[i] : LastClick(i, line.item_id);
        if (cause == nullptr) continue;
        Figures& figures = report[KeyOf(*cause)];
        if (is_first) ++(type == EventType::kAddToCart ? figures.carts : figures.purchases);
        if (type == EventType::kPurchaseComplete && line.unit_price.has_value()) {
          figures.revenue[line.unit_price->currency] += line.unit_price->micros * line.quantity;
        }
      }
    }
    return report;
  }

 private:
  static bool IsClick(EventType type) {
    return type == EventType::kDetailPageView || type == EventType::kRecommendationClick;
  }
  // From 1; 0: the event has no token, or its list not the item.
  std::size_t PositionOn(const Event& event, const std::string& item_id) const {
    const auto list = ReadAttribution(store_, event.attribution_token);
    if (!list.ok()) return 0;
    return list->PositionOf(*store_.catalogue().Find(item_id)).value_or(0);
  }
  Key KeyOf(const Event& event) const {
    const auto list = ReadAttribution(store_, event.attribution_token);
    return {list->placement, list->model_version};
  }
  const Event* LastClick(std::size_t before, const std::string& item_id) const {
    const Event* last = nullptr;
    const Event& event = events_[before];
    for (std::size_t i = 0; i < before; ++i) {
      const Event& click = events_[i];
      if (!IsClick(click.type) || click.user_id != event.user_id) continue;
      if (click.items[0].item_id != item_id || PositionOn(click, item_id) == 0) continue;
      if (click.time_us > event.time_us || event.time_us - click.time_us > window_us_) continue;
      if (last == nullptr || click.time_us >= last->time_us) last = &click;
    }
    return last;
  }

  const FeatureStore& store_;
  const std::vector<Event>& events_;
  const Micros window_us_;
};

class PlacementOracleTest : public testing::PlacementShop {};

TEST_F(PlacementOracleTest, OnePassSaysWhatComparingAllWithAllSays) {
  const std::vector<EventType> types = {EventType::kImpression,     EventType::kRecommendationClick,
                                        EventType::kDetailPageView, EventType::kDetailPageView,
                                        EventType::kAddToCart,      EventType::kPurchaseComplete,
                                        EventType::kSearch};
  std::uint64_t num_purchases = 0;
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    Random random(seed);
    std::vector<std::string> tokens = {"", "", "foreign"};
    for (int i = 0; i < 8; ++i) {
      std::vector<std::string> items;
      for (std::uint64_t n = 1 + random.Below(5); n > 0; --n) {
        items.push_back(absl::StrFormat("i%d", random.Below(10)));
      }
      tokens.push_back(Token(absl::StrFormat("p%d", random.Below(3)), items,
                             absl::StrFormat("v%d", random.Below(2)), 1 + random.Below(30)));
    }
    std::vector<Event> events;
    for (int i = 0; i < 400; ++i) {
      // Up to six days late.
      const Micros after = i * kHour + static_cast<Micros>(random.Below(6 * 24)) * -kHour;
      Event event = Did(types[random.Below(types.size())], absl::StrFormat("u%d", random.Below(3)),
                        after, "");
      const bool is_order = event.type == EventType::kPurchaseComplete;
      for (std::uint64_t n = is_order ? 1 + random.Below(3) : 1; n > 0; --n) {
        event.items.push_back({.item_id = absl::StrFormat("i%d", random.Below(10)),
                               .quantity = static_cast<std::uint32_t>(1 + random.Below(3))});
        if (is_order && random.Below(4) > 0) {
          event.items.back().unit_price =
              Money{static_cast<std::int64_t>(random.Below(1'000'000'007)),
                    random.Below(3) == 0 ? "USD" : "EUR"};
        }
      }
      events.push_back(WithToken(std::move(event), tokens[random.Below(tokens.size())]));
    }
    constexpr double kWindowDays = 2;

    std::map<Quadratic::Key, Quadratic::Figures> made;
    for (const PlacementFigures& row : Tally(events, kWindowDays).figures) {
      const Quadratic::Figures figures{row.num_shown_items,    row.num_clicks,
                                       row.click_position_sum, row.num_carts,
                                       row.num_purchases,      row.revenue};
      num_purchases += row.num_purchases;
      if (figures != Quadratic::Figures()) made[{row.placement, row.model_version}] = figures;
    }

    const Quadratic slow(store_, events, static_cast<Micros>(kWindowDays * kDay));
    EXPECT_TRUE(made == slow.Report()) << seed;
  }
  EXPECT_GT(num_purchases, 500U);
}

}  // namespace
}  // namespace vitrine
