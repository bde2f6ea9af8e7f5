#include "feature_store/model_store.h"

#include <algorithm>
#include <cmath>

namespace vitrine::testing {

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

void ModelStore::MentionShoppers(const Event& event, std::set<Shopper>& mentioned) const {
  const std::set<Shopper> both = {{false, event.user_id}, {true, event.visitor_id}};
  for (const Shopper& shopper : both) {
    if (shopper.second.empty()) continue;
    mentioned.insert(shopper);
    mentioned.insert(Resolve(shopper));
  }
}

bool ModelStore::HasMoreThanEvents(const Shopper& shopper, Micros now) const {
  if (shopper.first) return false;
  if (profiles_.contains(shopper.second)) return true;
  return std::any_of(puts_.begin(), puts_.end(), [&](const auto& entry) {
    const auto& [entity, id, name] = entry.first;
    const PutFeatures::Value& put = entry.second;
    const bool is_over = put.ttl_us != 0 && now >= put.time_us + 2 * put.ttl_us;
    return entity == FeatureEntity::kUser && id == shopper.second && !is_over;
  });
}

absl::StatusOr<WriteResult> ModelStore::Apply(const ForgetOldEvents& mutation, Micros now) {
  const auto is_young = [&](const Event& event) { return event.time_us >= mutation.before_us; };
  auto num_young = static_cast<std::uint64_t>(std::count_if(log_.begin(), log_.end(), is_young));
  std::vector<Event> kept;
  std::set<Shopper> of_old;
  std::set<Shopper> of_kept;
  WriteResult result;
  for (const Event& event : log_) {
    const bool is_kept =
        is_young(event) && (mutation.keep_events == 0 || num_young-- <= mutation.keep_events);
    MentionShoppers(event, is_kept ? of_kept : of_old);
    if (is_kept) {
      kept.push_back(event);
    } else {
      sent_.erase(event.event_id);
      ++result.num_removed;
    }
  }
  log_ = kept;
  for (const Shopper& shopper : of_old) {
    if (Resolve(shopper) != shopper || of_kept.contains(shopper)) continue;
    if (HasMoreThanEvents(shopper, now) || shopper.first) continue;
    users_.erase(shopper.second);
    std::erase_if(merged_, [&](const auto& entry) { return entry.second == shopper.second; });
    std::erase_if(puts_, [&](const auto& entry) {
      return std::get<FeatureEntity>(entry.first) == FeatureEntity::kUser &&
             std::get<1>(entry.first) == shopper.second;
    });
  }
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

std::vector<ModelStore::Touch> ModelStore::Shown(const std::string& user_id,
                                                 const std::string& visitor_id) const {
  std::vector<Touch> shown;
  for (const Event& event : EventsOf(user_id, visitor_id)) {
    if (event.type != EventType::kImpression) continue;
    for (const EventItem& item : event.items) {
      shown.push_back({event.time_us, item.item_id, 0, event.type});
    }
  }
  std::stable_sort(shown.begin(), shown.end(),
                   [](const Touch& a, const Touch& b) { return a.time_us < b.time_us; });
  std::reverse(shown.begin(), shown.end());
  return shown;
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
      const auto value = static_cast<float>(event.rating.value_or(item.quantity));
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
  return Demand(now, options_.popularity_half_life_days);
}

std::map<std::string, double> ModelStore::Trends(Micros now) const {
  std::map<std::string, double> recent = Demand(now, options_.popularity_half_life_days / 7);
  std::map<std::string, double> lasting = Popularity(now);
  double all_recent = 0;
  double all_lasting = 0;
  double num_items = 0;
  for (auto& [item, sum] : recent) all_recent += sum = std::max(sum, 0.0);
  for (auto& [item, sum] : lasting) {
    all_lasting += sum = std::max(sum, 0.0);
    num_items += sum > 1e-9 ? 1 : 0;
  }
  std::map<std::string, double> trends;
  for (const auto& [item, sum] : lasting) {
    const double grown =
        (recent[item] / all_recent + 1 / num_items) / (sum / all_lasting + 1 / num_items);
    trends[item] = all_recent > 0 && all_lasting > 0 ? grown : 1;
  }
  return trends;
}

std::map<std::string, double> ModelStore::Demand(Micros now, double half_life_days) const {
  std::map<std::string, double> sums;
  for (const Event& event : log_) {
    const double days = static_cast<double>(event.time_us - now) / kMicrosPerDay;
    for (const EventItem& item : event.items) {
      const auto value = static_cast<float>(event.rating.value_or(item.quantity));
      sums[item.item_id] +=
          options_.weights.Of(event.type, value) * std::exp2(days / half_life_days);
    }
  }
  if (options_.min_group <= 1) return sums;
  std::map<std::string, std::set<Shopper>> shoppers = ShoppersOfItems();
  for (auto& [item, sum] : sums) sum = shoppers[item].size() < options_.min_group ? 0 : sum;
  return sums;
}

std::map<std::string, std::set<ModelStore::Shopper>> ModelStore::ShoppersOfItems() const {
  std::set<Shopper> all;
  for (const Event& event : log_) all.insert(OwnerOf(event));
  std::map<std::string, std::set<Shopper>> shoppers;
  for (const Shopper& shopper : all) {
    for (const Touch& touch : HistoryOf({shopper})) {
      if (options_.weights.Of(touch.type, touch.value) > 0) shoppers[touch.item].insert(shopper);
    }
  }
  return shoppers;
}

}  // namespace vitrine::testing
