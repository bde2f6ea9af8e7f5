#include <algorithm>
#include <limits>
#include <numeric>
#include <optional>
#include <span>
#include <unordered_map>
#include <utility>

#include "feature_store/local_store.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/feature_store/dataset.h"
#include "vitrine/feature_store/shopper_key.h"

namespace vitrine {
namespace {

constexpr std::uint64_t kRowsPerRead = 10'000;

// One interaction on its way into a data set.
struct Collected {
  UserIndex shopper{};  // As the event says; merges are followed at the end.
  std::optional<UserIndex> visitor{};
  Interaction interaction{};
};

std::uint64_t KeyOf(const ShopperRow& row) {
  return row.kind == ShopperKind::kUser ? UserKey(row.id) : VisitorKey(row.id);
}

// Sorts by shopper, in the order of their first event in the log, and by time. Returns whose the
// rows are.
std::vector<UserIndex> FillInteractions(const std::vector<Collected>& collected,
                                        const Shoppers& shoppers, Dataset& dataset) {
  constexpr std::uint32_t kDropped = std::numeric_limits<std::uint32_t>::max();
  std::vector<UserIndex> owners;
  std::unordered_map<std::uint32_t, std::uint32_t> user_of;  // By the shopper's index.
  std::vector<std::uint32_t> users(collected.size(), kDropped);
  for (std::size_t i = 0; i < collected.size(); ++i) {
    const auto owner = shoppers.Resolve(collected[i].shopper);
    const auto& visitor = collected[i].visitor;
    const bool is_erased =
        !owner.has_value() || (visitor.has_value() && !shoppers.Row(*visitor).has_value());
    if (is_erased) continue;  // While we were reading.
    const auto next = static_cast<std::uint32_t>(user_of.size());
    const auto [at, is_new] = user_of.emplace(static_cast<std::uint32_t>(Row(*owner)), next);
    if (is_new) owners.push_back(*owner);
    users[i] = at->second;
  }
  std::vector<std::uint64_t>& begin = dataset.user_begin;
  begin.assign(user_of.size() + 1, 0);
  for (const std::uint32_t user : users) {
    if (user != kDropped) ++begin[user + 1];
  }
  std::partial_sum(begin.begin(), begin.end(), begin.begin());
  std::vector<std::uint64_t> next(begin.begin(), begin.end() - 1);
  dataset.interactions.resize(begin.back());
  for (std::size_t i = 0; i < collected.size(); ++i) {
    if (users[i] != kDropped) {
      dataset.interactions[next[users[i]]++] = collected[i].interaction;
    }
  }
  for (std::size_t user = 0; user + 1 < begin.size(); ++user) {
    std::stable_sort(
        dataset.interactions.begin() + static_cast<std::ptrdiff_t>(begin[user]),
        dataset.interactions.begin() + static_cast<std::ptrdiff_t>(begin[user + 1]),
        [](const Interaction& a, const Interaction& b) { return a.time_us < b.time_us; });
  }
  return owners;
}

// `owners` by row. Shares what the views hold.
void DescribeUsers(std::span<const UserIndex> owners, const Shoppers& shoppers, Dataset& dataset) {
  dataset.shopper_keys.assign(owners.size(), 0);
  for (std::size_t user = 0; user < owners.size(); ++user) {
    const std::optional<ShopperRow> row = shoppers.Row(owners[user]);
    if (!row.has_value()) continue;  // Erased while we were reading.
    dataset.shopper_keys[user] = KeyOf(*row);
    const std::shared_ptr<const User>& profile = row->profile;
    if (profile == nullptr || profile->attributes.empty()) continue;
    dataset.profiles.push_back(
        {static_cast<std::uint32_t>(user),
         std::shared_ptr<const ProfileAttributes>(profile, &profile->attributes)});
  }
}

}  // namespace

absl::StatusOr<std::vector<LocalStore::LogRow>> LocalStore::ReadLog(std::uint64_t from,
                                                                    std::uint64_t to) const {
  std::vector<LogRow> rows;
  VITRINE_RETURN_IF_ERROR(
      storage_->Scan(Table::kLog, OffsetKey(from), OffsetKey(to),
                     [&](std::string_view key, std::string_view value) {
                       rows.push_back({ParseOffsetKey(key), std::string(value)});
                       return absl::OkStatus();
                     }));
  return rows;
}

absl::StatusOr<Event> LocalStore::ToEvent(const std::string& value, bool& is_erased) const {
  VITRINE_ASSIGN_OR_RETURN(LogRecord record, DecodeLogRecord(value));
  const LogHead& head = record.head;
  const auto id_of = [&](const std::optional<UserIndex>& shopper) -> std::string {
    if (!shopper.has_value()) return "";
    auto row = views_->shoppers().Row(*shopper);
    is_erased = is_erased || !row.has_value();  // Meanwhile.
    return row.has_value() ? std::move(row->id) : "";
  };
  record.event.user_id = id_of(head.user);
  record.event.visitor_id = id_of(head.visitor);
  for (std::size_t i = 0; i < head.items.size(); ++i) {
    record.event.items[i].item_id = views_->catalogue().Id(head.items[i].item);
  }
  return std::move(record.event);
}

absl::Status LocalStore::ReadEvents(
    std::uint64_t offset,
    const std::function<bool(std::uint64_t offset, const Event&)>& visit) const {
  std::uint64_t end = 0;
  {
    std::lock_guard lock(commit_mutex_);
    end = state_.next_offset;
  }
  for (std::uint64_t from = offset; from < end; from += kRowsPerRead) {
    VITRINE_ASSIGN_OR_RETURN(const auto rows, ReadLog(from, std::min(end, from + kRowsPerRead)));
    for (const LogRow& row : rows) {
      bool is_erased = false;
      VITRINE_ASSIGN_OR_RETURN(const Event event, ToEvent(row.value, is_erased));
      if (!is_erased && !visit(row.offset, event)) return absl::OkStatus();
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<Dataset> LocalStore::Snapshot(Micros until_us) const {
  std::uint64_t end = 0;
  {
    std::lock_guard lock(commit_mutex_);
    end = state_.next_offset;
  }
  std::vector<Collected> collected;
  for (std::uint64_t from = 0; from < end; from += kRowsPerRead) {
    VITRINE_ASSIGN_OR_RETURN(const auto rows, ReadLog(from, std::min(end, from + kRowsPerRead)));
    for (const LogRow& row : rows) {
      VITRINE_ASSIGN_OR_RETURN(const LogHead head, DecodeLogHead(row.value));
      if (until_us != 0 && head.time_us > until_us) continue;
      for (const HistoryEntry& entry : ToEntries(head, row.offset, views_->weights())) {
        const auto type = static_cast<EventType>(entry.type);
        collected.push_back({.shopper = head.shopper(),
                             .visitor = head.visitor,
                             .interaction = {.time_us = entry.time_us,
                                             .item = entry.item,
                                             .weight = views_->weights().Of(type, entry.value),
                                             .value = entry.value,
                                             .type = type}});
      }
    }
  }
  Dataset dataset;
  DescribeUsers(FillInteractions(collected, views_->shoppers(), dataset), views_->shoppers(),
                dataset);
  const Catalogue& items = catalogue();
  const std::size_t num_items = items.num_indices();  // After the log: every index in it is there.
  for (std::size_t row = 0; row < num_items; ++row) {
    const ItemIndex index{static_cast<std::uint32_t>(row)};
    dataset.item_ids.push_back(items.Id(index));
    dataset.items.push_back(items.Get(index));
  }
  dataset.now_us = until_us != 0 ? until_us : place_.clock->Now();
  SetFingerprint(dataset);
  return dataset;
}

}  // namespace vitrine
