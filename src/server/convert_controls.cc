#include "vitrine/server/convert_controls.h"

#include <algorithm>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "absl/strings/str_format.h"
#include "server/wire.h"
#include "vitrine/engine/item_filter.h"

namespace vitrine {
namespace {

constexpr CountLimits kPins = {.minimum = 0, .maximum = kMaxPins};
constexpr CountLimits kBoosts = {.minimum = 0, .maximum = kMaxBoosts};

// Reads controls, and collects what is wrong with them.
class ControlsReader {
 public:
  ControlsReader(std::string prefix, std::vector<FieldViolation>& violations)
      : prefix_(std::move(prefix)), violations_(violations) {}

  // What requests and placements share.
  template <typename Message>
  ListControls Read(const Message& message) {
    ListControls controls;
    controls.max_per_brand = Limit("max_per_brand", message.max_per_brand());
    controls.max_per_category = Limit("max_per_category", message.max_per_category());
    controls.is_strict = message.strict();
    controls.boosts = Boosts(message.boosts());
    controls.rotation = message.rotation();
    if (!(controls.rotation >= 0 && controls.rotation <= 1)) {
      Fail("rotation", absl::StrFormat("is %g; must be 0, none, to 1", controls.rotation));
    }
    if (message.has_diversity()) controls.diversity = Read(message.diversity());
    if (message.has_exposure()) controls.exposure = Read(message.exposure());
    return controls;
  }

  std::vector<Pin> Pins(const v1::RecommendItemsRequest& message) {
    CheckCount(prefix_ + "pins", message.pins_size(), kPins, violations_);
    std::unordered_set<std::string_view> items;
    std::unordered_set<std::int32_t> positions;
    std::vector<Pin> pins;
    for (int i = 0; i < std::min(message.pins_size(), static_cast<int>(kMaxPins)); ++i) {
      const v1::Pin& pin = message.pins(i);
      const auto field = [i](const char* name) { return absl::StrFormat("pins[%d].%s", i, name); };
      if (pin.item_id().empty()) Fail(field("item_id"), "is empty; must name an item");
      if (!items.insert(pin.item_id()).second) {
        Fail(field("item_id"), absl::StrFormat("\"%s\" is pinned already", pin.item_id()));
      }
      if (pin.position() < 1 || pin.position() > static_cast<std::int32_t>(kMaxListLength)) {
        Fail(field("position"),
             absl::StrFormat("is %d; must be 1 to %d", pin.position(), kMaxListLength));
      } else if (!positions.insert(pin.position()).second) {
        Fail(field("position"), absl::StrFormat("%d has a pin already", pin.position()));
      }
      pins.push_back({pin.item_id(), static_cast<std::size_t>(std::max(pin.position(), 0))});
    }
    return pins;
  }

  Exploration Explore(const v1::RecommendItemsRequest& message) {
    const double temperature = message.exploration().temperature();
    if (!(temperature > 0 && temperature <= kMaxTemperature)) {
      Fail("exploration.temperature",
           absl::StrFormat("is %g; must be above 0, the ranking, to %g, chance", temperature,
                           kMaxTemperature));
    }
    if (message.has_diversity()) {
      Fail("exploration",
           "is given with a diversity; a list is drawn or made varied, leave one of "
           "the two out");
    }
    return {.temperature = temperature, .seed = message.exploration().seed()};
  }

 private:
  std::size_t Limit(const std::string& field, std::int32_t limit) {
    if (limit < 0) Fail(field, absl::StrFormat("is %d; must be 1 or more, or 0 for none", limit));
    return limit < 0 ? 0 : static_cast<std::size_t>(limit);
  }

  Diversity Read(const v1::Diversity& message) {
    Diversity diversity{.method = Diversity::Method::kMmr, .lambda = message.lambda()};
    if (!(message.lambda() >= 0 && message.lambda() <= 1)) {
      Fail("diversity.lambda", absl::StrFormat("is %g; must be 0, relevance alone, to 1, diversity "
                                               "alone",
                                               message.lambda()));
    }
    if (message.method() == v1::Diversity::METHOD_DPP) {
      diversity.method = Diversity::Method::kDpp;
    } else if (!v1::Diversity::Method_IsValid(message.method())) {
      Fail("diversity.method", absl::StrFormat("%d is none of its values", message.method()));
    }
    return diversity;
  }

  std::vector<Boost> Boosts(const google::protobuf::RepeatedPtrField<v1::Boost>& messages) {
    CheckCount(prefix_ + "boosts", messages.size(), kBoosts, violations_);
    std::vector<Boost> boosts;
    for (int i = 0; i < std::min(messages.size(), static_cast<int>(kMaxBoosts)); ++i) {
      const v1::Boost& boost = messages[i];
      const auto field = [i](const char* name) {
        return absl::StrFormat("boosts[%d].%s", i, name);
      };
      if (boost.filter().empty()) Fail(field("filter"), "is empty; must say which items are meant");
      if (const auto parsed = ParseFilter(boost.filter()); !parsed.ok()) {
        Fail(field("filter"), std::string(parsed.status().message()));
      }
      if (!(boost.strength() >= -1 && boost.strength() <= 1) || boost.strength() == 0) {
        Fail(field("strength"), absl::StrFormat("is %g; must be above 0, to 1, to boost, or below "
                                                "0, to -1, to bury",
                                                boost.strength()));
      }
      boosts.push_back({boost.filter(), boost.strength()});
    }
    return boosts;
  }

  Exposure Read(const v1::Exposure& message) {
    if (!v1::Exposure::Group_IsValid(message.group()) ||
        message.group() == v1::Exposure::GROUP_UNSPECIFIED) {
      Fail("exposure.group",
           absl::StrFormat("is %d; must be GROUP_NEW, GROUP_LONG_TAIL or GROUP_FILTER",
                           message.group()));
    }
    if (!(message.share() > 0 && message.share() <= 1)) {
      Fail("exposure.share", absl::StrFormat("is %g; must be above 0, to 1", message.share()));
    }
    const bool wants_filter = message.group() == v1::Exposure::GROUP_FILTER;
    if (wants_filter && message.filter().empty()) {
      Fail("exposure.filter", "is empty; must say which items are meant");
    } else if (!wants_filter && !message.filter().empty()) {
      Fail("exposure.filter", "is given, but the group is another; leave one of the two out");
    }
    if (const auto parsed = ParseFilter(message.filter()); !parsed.ok()) {
      Fail("exposure.filter", std::string(parsed.status().message()));
    }
    return {
        .group = GroupOf(message.group()), .share = message.share(), .filter = message.filter()};
  }

  static Exposure::Group GroupOf(v1::Exposure::Group group) {
    switch (group) {
      case v1::Exposure::GROUP_NEW:
        return Exposure::Group::kNew;
      case v1::Exposure::GROUP_FILTER:
        return Exposure::Group::kFilter;
      default:
        return Exposure::Group::kLongTail;
    }
  }

  void Fail(const std::string& field, const std::string& description) {
    violations_.push_back({.field = prefix_ + field, .description = description});
  }

  const std::string prefix_;
  std::vector<FieldViolation>& violations_;
};

v1::Exposure::Group GroupOf(Exposure::Group group) {
  switch (group) {
    case Exposure::Group::kNone:
      break;
    case Exposure::Group::kNew:
      return v1::Exposure::GROUP_NEW;
    case Exposure::Group::kLongTail:
      return v1::Exposure::GROUP_LONG_TAIL;
    case Exposure::Group::kFilter:
      return v1::Exposure::GROUP_FILTER;
  }
  return v1::Exposure::GROUP_UNSPECIFIED;
}

template <typename Message>
void SetShared(const ListControls& controls, Message& message) {
  if (controls.diversity.method != Diversity::Method::kNone) {
    const bool is_dpp = controls.diversity.method == Diversity::Method::kDpp;
    v1::Diversity& diversity = *message.mutable_diversity();
    diversity.set_method(is_dpp ? v1::Diversity::METHOD_DPP : v1::Diversity::METHOD_MMR);
    diversity.set_lambda(controls.diversity.lambda);
  }
  message.set_max_per_brand(static_cast<int>(controls.max_per_brand));
  message.set_max_per_category(static_cast<int>(controls.max_per_category));
  for (const Boost& boost : controls.boosts) {
    v1::Boost& added = *message.add_boosts();
    added.set_filter(boost.filter);
    added.set_strength(boost.strength);
  }
  message.set_rotation(controls.rotation);
  if (controls.exposure.group != Exposure::Group::kNone) {
    v1::Exposure& exposure = *message.mutable_exposure();
    exposure.set_group(GroupOf(controls.exposure.group));
    exposure.set_share(controls.exposure.share);
    exposure.set_filter(controls.exposure.filter);
  }
  message.set_strict(controls.is_strict);
}

}  // namespace

ListControls ReadControls(const v1::RecommendItemsRequest& message, const std::string& prefix,
                          std::vector<FieldViolation>& violations) {
  ControlsReader reader(prefix, violations);
  ListControls controls = reader.Read(message);
  controls.pins = reader.Pins(message);
  if (message.has_exploration()) controls.exploration = reader.Explore(message);
  return controls;
}

ListControls ReadControls(const v1::Placement& message, const std::string& prefix,
                          std::vector<FieldViolation>& violations) {
  return ControlsReader(prefix, violations).Read(message);
}

void SetControls(const ListControls& controls, v1::RecommendItemsRequest& message) {
  SetShared(controls, message);
  for (const Pin& pin : controls.pins) {
    v1::Pin& added = *message.add_pins();
    added.set_item_id(pin.item_id);
    added.set_position(static_cast<int>(pin.position));
  }
  if (controls.exploration.temperature != 0) {
    message.mutable_exploration()->set_temperature(controls.exploration.temperature);
    message.mutable_exploration()->set_seed(controls.exploration.seed);
  }
}

void SetControls(const ListControls& controls, v1::Placement& message) {
  SetShared(controls, message);
}

std::optional<SeenPolicy> ReadSeenPolicy(v1::SeenItemsPolicy message, const std::string& prefix,
                                         std::vector<FieldViolation>& violations) {
  switch (message) {
    case v1::SEEN_ITEMS_POLICY_UNSPECIFIED:
      return std::nullopt;
    case v1::SEEN_ITEMS_POLICY_INCLUDE:
      return SeenPolicy::kAllowAll;
    case v1::SEEN_ITEMS_POLICY_EXCLUDE_SEEN:
      return SeenPolicy::kExcludeSeen;
    case v1::SEEN_ITEMS_POLICY_EXCLUDE_PURCHASED:
      return SeenPolicy::kExcludePurchased;
    default:
      violations.push_back({.field = prefix + "seen_items_policy",
                            .description = absl::StrFormat("%d is none of its values", message)});
      return std::nullopt;
  }
}

v1::SeenItemsPolicy ToProto(SeenPolicy policy) {
  switch (policy) {
    case SeenPolicy::kAllowAll:
      return v1::SEEN_ITEMS_POLICY_INCLUDE;
    case SeenPolicy::kExcludeSeen:
      return v1::SEEN_ITEMS_POLICY_EXCLUDE_SEEN;
    case SeenPolicy::kExcludePurchased:
      break;
  }
  return v1::SEEN_ITEMS_POLICY_EXCLUDE_PURCHASED;
}

}  // namespace vitrine
