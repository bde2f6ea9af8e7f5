#include "feature_store/model_store.h"

#include <algorithm>
#include <cmath>

namespace vitrine::testing {
namespace {

constexpr std::uint64_t kNumShoppers = 5;
constexpr std::uint64_t kNumItems = 7;
constexpr std::uint64_t kNumEventIds = 40;

std::string Pick(Random& random, const char* prefix, std::uint64_t count) {
  return prefix + std::to_string(random.Below(count));
}

std::vector<std::string> Names(const char* prefix) {
  std::vector<std::string> names;
  for (std::uint64_t i = 0; i < kNumShoppers; ++i) names.push_back(prefix + std::to_string(i));
  return names;
}

Item RandomItem(Random& random, Micros now) {
  Item item{.id = Pick(random, "item", kNumItems), .title = Pick(random, "title", 3)};
  if (random.Below(3) == 0) item.primary_item_id = Pick(random, "product", 2);
  if (random.Below(2) == 0) item.stock = static_cast<std::int64_t>(random.Below(3));
  if (random.Below(4) == 0) item.publish_time_us = now + kMicrosPerDay;
  return item;
}

Event RandomEvent(Random& random, Micros now) {
  constexpr EventType kTypes[] = {EventType::kDetailPageView, EventType::kPurchaseComplete,
                                  EventType::kImpression, EventType::kRemoveFromCart,
                                  EventType::kRate};
  Event event{.type = kTypes[random.Below(5)]};
  const std::uint64_t who = random.Below(3);
  if (who != 0) event.user_id = Pick(random, "user", kNumShoppers);
  if (who != 1) event.visitor_id = Pick(random, "visitor", kNumShoppers);
  // Few distinct times, so that many events share one; some without; some late.
  if (random.Below(8) != 0) event.time_us = now - static_cast<Micros>(random.Below(20)) * 1'000'000;
  if (event.type == EventType::kRate) event.rating = static_cast<double>(random.Below(11)) / 2;
  const std::uint64_t num_items = event.type == EventType::kRate ? 1 : 1 + random.Below(3);
  for (std::uint64_t i = 0; i < num_items; ++i) {
    event.items.push_back({.item_id = Pick(random, "item", kNumItems),
                           .quantity = static_cast<std::uint32_t>(1 + random.Below(3))});
  }
  return event;
}

// One event id has one content nearly always.
Event RandomEventWithId(Random& random, Micros now) {
  const std::uint64_t number = random.Below(kNumEventIds);
  Random own(number);
  Event event = RandomEvent(own, now - now % (3'600 * kMicrosPerSecond));
  event.event_id = "event" + std::to_string(number);
  if (random.Below(50) == 0) event.order_id = "changed";
  return event;
}

RecordEvents RandomEvents(Random& random, Micros now) {
  RecordEvents mutation;
  const std::uint64_t count = 1 + random.Below(6);
  for (std::uint64_t i = 0; i < count; ++i) {
    mutation.events.push_back(random.Below(3) == 0 ? RandomEventWithId(random, now)
                                                   : RandomEvent(random, now));
  }
  return mutation;
}

const std::vector<FeatureSpec>& ModelFeatures() {
  static const auto& features = *new std::vector<FeatureSpec>{
      {.name = "tier",
       .entity = FeatureEntity::kUser,
       .type = FeatureType::kText,
       .missing = std::string("none")},
      {.name = "risk", .entity = FeatureEntity::kUser, .type = FeatureType::kNumber},
      {.name = "shelf", .entity = FeatureEntity::kItem, .type = FeatureType::kInteger}};
  return features;
}

PutFeatures RandomPuts(Random& random, Micros now) {
  PutFeatures mutation;
  for (const FeatureSpec& feature : ModelFeatures()) {
    if (random.Below(2) == 0) mutation.definitions.push_back(feature);
  }
  const std::uint64_t count = random.Below(4);
  for (std::uint64_t i = 0; i < count; ++i) {
    const FeatureSpec& feature = ModelFeatures()[random.Below(3)];
    const bool is_user = feature.entity == FeatureEntity::kUser;
    const auto number = static_cast<std::int64_t>(random.Below(4));
    PutFeatures::Value value{
        .entity = feature.entity,
        .id = is_user ? Pick(random, "user", kNumShoppers) : Pick(random, "item", kNumItems),
        .name = feature.name,
        .type = feature.type};
    if (feature.type == FeatureType::kText) value.value = std::to_string(number);
    if (feature.type == FeatureType::kNumber) value.value = static_cast<double>(number) / 3;
    if (feature.type == FeatureType::kInteger) value.value = number;
    if (random.Below(5) == 0) value.value = std::monostate();
    if (random.Below(2) == 0)
      value.time_us = now - static_cast<Micros>(random.Below(9)) * 1'000'000;
    if (random.Below(2) == 0) value.ttl_us = static_cast<Micros>(1 + random.Below(9)) * 1'000'000;
    mutation.values.push_back(std::move(value));
  }
  return mutation;
}

}  // namespace

std::vector<std::string> ModelUsers() { return Names("user"); }
std::vector<std::string> ModelVisitors() { return Names("visitor"); }

Mutation RandomMutation(Random& random, Micros now) {
  switch (random.Below(20)) {
    case 0: {
      if (random.Below(2) == 0) return EraseUser{.user_id = Pick(random, "user", kNumShoppers)};
      return EraseUser{.visitor_id = Pick(random, "visitor", kNumShoppers)};
    }
    case 1:
    case 2:
      return MergeUsers{.visitor_id = Pick(random, "visitor", kNumShoppers),
                        .user_id = Pick(random, "user", kNumShoppers)};
    case 3:
      return UpsertUsers{{User{.id = Pick(random, "user", kNumShoppers),
                               .attributes = {{"age", static_cast<double>(random.Below(3))}}}}};
    case 4:
    case 5:
      return UpsertItems{{RandomItem(random, now), RandomItem(random, now)}};
    case 6:
      return DeleteItems{{Pick(random, "item", kNumItems), Pick(random, "item", kNumItems + 2)}};
    case 7:
      return ReplaceCatalogue{
          {RandomItem(random, now), RandomItem(random, now), RandomItem(random, now)}};
    case 8:
      return UpdateInventory{{{.id = Pick(random, "item", kNumItems), .stock = 5},
                              {.id = Pick(random, "item", kNumItems),
                               .price = Money{static_cast<std::int64_t>(random.Below(9)), "EUR"}}}};
    case 9:
    case 10:
      return RandomPuts(random, now);
    default:
      return RandomEvents(random, now);
  }
}

absl::StatusOr<WriteResult> ModelStore::Write(const Mutation& mutation, Micros now) {
  return std::visit([&](const auto& one) { return Apply(one, now); }, mutation);
}

bool ModelStore::IsErased(const Event& event) const {
  return (!event.user_id.empty() && erased_.contains({false, event.user_id})) ||
         (!event.visitor_id.empty() && erased_.contains({true, event.visitor_id}));
}

absl::StatusOr<WriteResult> ModelStore::Apply(const RecordEvents& mutation, Micros now) {
  WriteResult result;
  std::map<std::string, Event> sent = sent_;
  for (const Event& event : mutation.events) {
    const auto known = sent.find(event.event_id);
    if (IsErased(event)) {
      result.outcomes.push_back(EventOutcome::kErased);
    } else if (event.event_id.empty() || known == sent.end()) {
      result.outcomes.push_back(EventOutcome::kRecorded);
      if (!event.event_id.empty()) sent[event.event_id] = event;
    } else if (known->second == event) {
      result.outcomes.push_back(EventOutcome::kDuplicate);
    } else {
      return absl::AlreadyExistsError("");
    }
  }
  sent_ = sent;
  for (std::size_t i = 0; i < mutation.events.size(); ++i) {
    if (result.outcomes[i] != EventOutcome::kRecorded) continue;
    Event event = mutation.events[i];
    if (event.time_us == 0) event.time_us = now;
    for (const EventItem& item : event.items) MeetItem(item.item_id);
    if (!event.user_id.empty()) users_.insert(event.user_id);
    log_.push_back(event);
  }
  return result;
}

void ModelStore::MeetItem(const std::string& id) {
  if (std::find(item_ids_.begin(), item_ids_.end(), id) == item_ids_.end()) {
    item_ids_.push_back(id);
  }
}

absl::StatusOr<WriteResult> ModelStore::Apply(const UpsertItems& mutation, Micros) {
  for (const Item& item : mutation.items) {
    if (!item.primary_item_id.empty()) MeetItem(item.primary_item_id);
    MeetItem(item.id);
    items_[item.id] = item;
  }
  return WriteResult{.num_changed = mutation.items.size()};
}

absl::StatusOr<WriteResult> ModelStore::Apply(const DeleteItems& mutation, Micros) {
  WriteResult result;
  for (const std::string& id : mutation.ids) {
    if (items_.erase(id) == 1) {
      ++result.num_removed;
    } else {
      ++result.num_unknown;
    }
  }
  return result;
}

absl::StatusOr<WriteResult> ModelStore::Apply(const ReplaceCatalogue& mutation, Micros now) {
  const std::map<std::string, Item> before = std::exchange(items_, {});
  (void)Apply(UpsertItems{mutation.items}, now);
  WriteResult result{.num_changed = items_.size()};
  for (const auto& [id, item] : before) result.num_removed += items_.contains(id) ? 0 : 1;
  return result;
}

absl::StatusOr<WriteResult> ModelStore::Apply(const UpdateInventory& mutation, Micros) {
  for (const auto& change : mutation.changes) {
    if (!items_.contains(change.id)) return absl::NotFoundError("");
  }
  for (const auto& change : mutation.changes) {
    Item& item = items_[change.id];
    if (change.stock.has_value()) item.stock = change.stock;
    if (change.price.has_value()) item.price = change.price;
  }
  return WriteResult{.num_changed = mutation.changes.size()};
}

absl::StatusOr<WriteResult> ModelStore::Apply(const UpsertUsers& mutation, Micros) {
  for (const User& user : mutation.users) {
    if (erased_.contains({false, user.id})) return absl::FailedPreconditionError("");
  }
  for (const User& user : mutation.users) {
    profiles_[user.id] = user;
    users_.insert(user.id);
  }
  return WriteResult{.num_changed = mutation.users.size()};
}

absl::StatusOr<WriteResult> ModelStore::Apply(const MergeUsers& mutation, Micros) {
  const auto merged = merged_.find(mutation.visitor_id);
  const bool is_taken = merged != merged_.end() && merged->second != mutation.user_id;
  if (is_taken || erased_.contains({false, mutation.user_id}) ||
      erased_.contains({true, mutation.visitor_id})) {
    return absl::FailedPreconditionError("");
  }
  const bool is_new = merged_.emplace(mutation.visitor_id, mutation.user_id).second;
  users_.insert(mutation.user_id);
  return WriteResult{.num_changed = is_new ? 1ULL : 0ULL};
}

absl::StatusOr<WriteResult> ModelStore::Apply(const EraseUser& mutation, Micros) {
  if (mutation.user_id.empty()) {
    erased_.insert({true, mutation.visitor_id});
    merged_.erase(mutation.visitor_id);
  } else {
    erased_.insert({false, mutation.user_id});
    for (const auto& [visitor, user] : merged_) {
      if (user == mutation.user_id) erased_.insert({true, visitor});
    }
    std::erase_if(merged_, [&](const auto& entry) { return entry.second == mutation.user_id; });
    profiles_.erase(mutation.user_id);
    std::erase_if(puts_, [&](const auto& entry) {
      return std::get<FeatureEntity>(entry.first) == FeatureEntity::kUser &&
             std::get<1>(entry.first) == mutation.user_id;
    });
    users_.erase(mutation.user_id);
  }
  WriteResult result;
  for (const Event& event : log_) {
    if (!IsErased(event)) continue;
    sent_.erase(event.event_id);
    ++result.num_removed;
  }
  std::erase_if(log_, [this](const Event& event) { return IsErased(event); });
  return result;
}

absl::StatusOr<WriteResult> ModelStore::Apply(const PutFeatures& mutation, Micros now) {
  std::vector<FeatureSpec> features = features_;
  const auto find = [&features](const std::string& name) {
    return std::find_if(features.begin(), features.end(),
                        [&](const FeatureSpec& feature) { return feature.name == name; });
  };
  for (const FeatureSpec& definition : mutation.definitions) {
    if (find(definition.name) == features.end()) features.push_back(definition);
  }
  for (const PutFeatures::Value& value : mutation.values) {
    const bool is_erased =
        value.entity == FeatureEntity::kUser && erased_.contains({false, value.id});
    if (is_erased || find(value.name) == features.end()) return absl::FailedPreconditionError("");
  }
  features_ = features;
  WriteResult result;
  for (const PutFeatures::Value& value : mutation.values) ApplyValue(value, now, result);
  return result;
}

void ModelStore::ApplyValue(const PutFeatures::Value& value, Micros now, WriteResult& result) {
  const Named name = {value.entity, value.id, value.name};
  const auto known = puts_.find(name);
  const bool is_known =
      known != puts_.end() &&
      (known->second.ttl_us == 0 || now < known->second.time_us + 2 * known->second.ttl_us);
  if (std::holds_alternative<std::monostate>(value.value)) {
    ++(is_known ? result.num_removed : result.num_unknown);
    puts_.erase(name);
    return;
  }
  if (value.entity == FeatureEntity::kUser) users_.insert(value.id);
  if (value.entity == FeatureEntity::kItem) MeetItem(value.id);
  PutFeatures::Value next = value;
  if (next.time_us == 0) next.time_us = now;
  if (is_known && next.time_us < known->second.time_us) {
    ++result.num_outdated;
    return;
  }
  ++result.num_changed;
  puts_[name] = next;
}

std::string ModelStore::UserOf(const std::string& user_id, const std::string& visitor_id) const {
  if (!user_id.empty()) return user_id;
  const auto merged = merged_.find(visitor_id);
  return merged != merged_.end() ? merged->second : "";
}

std::vector<std::string> ModelStore::FeatureNames(FeatureEntity entity) const {
  std::vector<std::string> names;
  for (const FeatureSpec& feature : features_) {
    if (feature.entity == entity) names.push_back(feature.name);
  }
  return names;
}

std::vector<Feature> ModelStore::ReadFeatures(FeatureEntity entity, const std::string& id,
                                              Micros now) const {
  std::vector<Feature> read;
  for (const FeatureSpec& feature : features_) {
    if (feature.entity != entity) continue;
    Feature& one = read.emplace_back();
    one.name = feature.name;
    one.value = feature.missing;
    const auto put = puts_.find({entity, id, feature.name});
    if (put == puts_.end()) continue;
    const Micros age = now - put->second.time_us;
    const Micros ttl = put->second.ttl_us;
    if (ttl != 0 && age >= 2 * ttl) continue;
    one.value = put->second.value;
    one.status = ttl != 0 && age >= ttl ? FeatureStatus::kStale : FeatureStatus::kPresent;
    one.time_us = put->second.time_us;
  }
  return read;
}

ModelStore::Shopper ModelStore::Resolve(const Shopper& shopper) const {
  const auto merged = shopper.first ? merged_.find(shopper.second) : merged_.end();
  return merged != merged_.end() ? Shopper(false, merged->second) : shopper;
}

ModelStore::Shopper ModelStore::OwnerOf(const Event& event) const {
  return event.user_id.empty() ? Resolve({true, event.visitor_id}) : Shopper(false, event.user_id);
}

std::vector<ModelStore::Touch> ModelStore::History(const std::string& user_id,
                                                   const std::string& visitor_id) const {
  return HistoryOf({{false, user_id}, Resolve({true, visitor_id})});
}

std::vector<Event> ModelStore::EventsOf(const std::string& user_id,
                                        const std::string& visitor_id) const {
  const std::set<Shopper> owners = {{false, user_id}, Resolve({true, visitor_id})};
  std::vector<Event> events;
  for (const Event& event : log_) {
    if (owners.contains(OwnerOf(event))) events.push_back(event);
  }
  return events;
}

std::string ModelStore::OwnerName(const Event& event) const {
  const auto [is_visitor, id] = OwnerOf(event);
  return (is_visitor ? "visitor:" : "user:") + id;
}

std::vector<ModelStore::Touch> ModelStore::HistoryOf(const std::set<Shopper>& owners) const {
  std::vector<Touch> touches;
  for (const Event& event : log_) {
    if (!owners.contains(OwnerOf(event))) continue;
    for (const EventItem& item : event.items) {
      const float value = event.rating.has_value() ? static_cast<float>(*event.rating)
                                                   : static_cast<float>(item.quantity);
      if (!options_.weights.AreInteractions(event.type)) continue;
      touches.push_back({event.time_us, item.item_id, value, event.type});
    }
  }
  std::stable_sort(touches.begin(), touches.end(),
                   [](const Touch& a, const Touch& b) { return a.time_us < b.time_us; });
  std::reverse(touches.begin(), touches.end());
  if (touches.size() > options_.history_limit) touches.resize(options_.history_limit);
  return touches;
}

bool ModelStore::IsKnown(const std::string& user_id, const std::string& visitor_id) const {
  const std::set<Shopper> owners = {{false, user_id}, Resolve({true, visitor_id})};
  for (const Shopper& owner : owners) {
    if (!owner.first && profiles_.contains(owner.second)) return true;
  }
  return std::any_of(log_.begin(), log_.end(),
                     [&](const Event& event) { return owners.contains(OwnerOf(event)); });
}

std::optional<User> ModelStore::GetUser(const std::string& user_id) const {
  if (!users_.contains(user_id)) return std::nullopt;
  const auto profile = profiles_.find(user_id);
  return profile != profiles_.end() ? profile->second : User{.id = user_id};
}

std::map<std::string, double> ModelStore::Popularity(Micros now) const {
  std::map<std::string, double> sums;
  for (const Event& event : log_) {
    const double days = static_cast<double>(event.time_us - now) / kMicrosPerDay;
    for (const EventItem& item : event.items) {
      const float value = event.rating.has_value() ? static_cast<float>(*event.rating)
                                                   : static_cast<float>(item.quantity);
      sums[item.item_id] += options_.weights.Of(event.type, value) *
                            std::exp2(days / options_.popularity_half_life_days);
    }
  }
  return sums;
}

}  // namespace vitrine::testing
