#include "feature_store/retention.h"

#include <algorithm>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "feature_store/erasure_plan.h"
#include "feature_store/local_store.h"
#include "feature_store/put_codec.h"
#include "vitrine/base/bytes.h"
#include "vitrine/base/log.h"
#include "vitrine/base/status_macros.h"

namespace vitrine {
namespace {

constexpr std::uint64_t kFormOfOldEvents = 1;
constexpr std::uint64_t kOffsetsPerCommit = 20'000;  // Keeps a batch of deletions small.

// Who is mentioned by events that go, and who by events that stay, by index.
class Mentions {
 public:
  explicit Mentions(const Shoppers& shoppers, std::size_t num_shoppers)
      : shoppers_(shoppers), old_(num_shoppers), kept_(num_shoppers) {}

  void Add(bool is_old, const LogHead& head) {
    std::vector<bool>& mentioned = is_old ? old_ : kept_;
    for (const std::optional<UserIndex>& shopper : {head.user, head.visitor}) {
      if (!shopper.has_value()) continue;
      mentioned[Row(*shopper)] = true;
      // Whoever a visitor became is needed as long as the visitor is.
      if (const auto owner = shoppers_.Resolve(*shopper)) mentioned[Row(*owner)] = true;
    }
  }

  // Shoppers, but visitors who became users, whom no event mentions any more.
  std::vector<UserIndex> Gone() const {
    std::vector<UserIndex> gone;
    for (std::size_t row = 0; row < old_.size(); ++row) {
      const UserIndex shopper{static_cast<std::uint32_t>(row)};
      if (old_[row] && !kept_[row] && shoppers_.Resolve(shopper) == shopper)
        gone.push_back(shopper);
    }
    return gone;
  }

 private:
  const Shoppers& shoppers_;
  std::vector<bool> old_;
  std::vector<bool> kept_;
};

// The first offset that is kept is where as many events that are not too old are left as may be.
absl::StatusOr<OldEvents> FindOldEvents(const Storage& storage, std::uint64_t num_events,
                                        const ForgetOldEvents& mutation) {
  OldEvents old{.before_us = mutation.before_us};
  if (mutation.keep_events == 0 || num_events <= mutation.keep_events) return old;
  std::vector<std::uint64_t> young;
  young.reserve(num_events);
  VITRINE_RETURN_IF_ERROR(storage.Scan(
      Table::kLog, "", "", [&](std::string_view key, std::string_view value) -> absl::Status {
        VITRINE_ASSIGN_OR_RETURN(const LogHead head, DecodeLogHead(value));
        const std::uint64_t offset = ParseOffsetKey(key);
        if (!old.Has(offset, head)) young.push_back(offset);
        return absl::OkStatus();
      }));
  if (young.size() > mutation.keep_events) {
    old.first_offset = young[young.size() - mutation.keep_events];
  }
  return old;
}

// Rows of what the shop put for users.
struct PutRows {
  std::unordered_multimap<std::uint32_t, std::string> rows{};  // By the user's number.
  std::unordered_set<std::uint32_t> has_value{};               // Users: one that is not over.
};

absl::StatusOr<PutRows> ReadPutRows(const Storage& storage, Micros now) {
  PutRows puts;
  const RowRange range = PutValueRows(FeatureEntity::kUser);
  VITRINE_RETURN_IF_ERROR(
      storage.Scan(Table::kMeta, range.from, range.to,
                   [&](std::string_view row, std::string_view bytes) -> absl::Status {
                     const auto key = ParsePutValueRow(FeatureEntity::kUser, row);
                     if (!key.has_value()) return absl::OkStatus();
                     VITRINE_ASSIGN_OR_RETURN(const PutValue value, DecodePutValue(bytes));
                     puts.rows.emplace(key->row, row);
                     if (value.StatusAt(now) != FeatureStatus::kMissing)
                       puts.has_value.insert(key->row);
                     return absl::OkStatus();
                   }));
  return puts;
}

}  // namespace

bool HasRetention(const FeatureStoreOptions& options) {
  return options.keep_events_days > 0 || options.keep_events > 0 || options.keep_megabytes > 0;
}

std::string EncodeOldEvents(const OldEvents& old) {
  ByteWriter writer;
  writer.Unsigned(kFormOfOldEvents);
  writer.Signed(old.before_us);
  writer.Unsigned(old.first_offset);
  return writer.Take();
}

absl::StatusOr<OldEvents> DecodeOldEvents(std::string_view bytes) {
  ByteReader reader(bytes);
  const std::uint64_t form = reader.Unsigned();
  OldEvents old{.before_us = reader.Signed()};
  old.first_offset = reader.Unsigned();
  VITRINE_RETURN_IF_ERROR(reader.Finish("the bounds of old events"));
  if (form == kFormOfOldEvents) return old;
  return absl::DataLossError("the bounds of old events have another form");
}

// By number, and by what the log takes on the disk; 0: all.
std::uint64_t LocalStore::MostEvents() const {
  const std::uint64_t by_number = place_.options.keep_events;
  if (place_.options.keep_megabytes == 0) return by_number;
  const double room = static_cast<double>(place_.options.keep_megabytes) * 1e6;
  const auto taken = static_cast<double>(storage_->NumBytesOf(Table::kLog));
  if (taken <= room) return by_number;
  const double fitting = static_cast<double>(state_.num_events) * room / taken;
  const auto by_size = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(fitting));
  return by_number == 0 ? by_size : std::min(by_number, by_size);
}

void LocalStore::QueueRetentionWhenDue() {
  const FeatureStoreOptions& options = place_.options;
  const Micros now = place_.clock->Now();
  if (!HasRetention(options) || now < retention_due_us_) return;
  retention_due_us_ = now + kMicrosPerDay;
  ForgetOldEvents mutation{.keep_events = MostEvents()};
  if (options.keep_events_days > 0) {
    const double age_us = options.keep_events_days * static_cast<double>(kMicrosPerDay);
    mutation.before_us = std::max<Micros>(1, now - static_cast<Micros>(age_us));
  }
  Pending& pending = queue_.emplace_back();
  pending.mutation.emplace<ForgetOldEvents>(mutation);
  pending.done = [](const absl::StatusOr<WriteResult>& result) {
    if (result.ok()) return;
    Log(LogLevel::kError, "store.retention-failed",
        {{"reason", std::string(result.status().message())}});
  };
  ++num_queued_;
}

absl::StatusOr<WriteResult> LocalStore::Forget(const ForgetOldEvents& mutation) {
  VITRINE_RETURN_IF_ERROR(WhyNotWritable());
  VITRINE_ASSIGN_OR_RETURN(const OldEvents old,
                           FindOldEvents(*storage_, state_.num_events, mutation));
  ErasurePlan plan(
      place_.options.popularity_half_life_days,
      [&old](std::uint64_t offset, const LogHead& head) { return old.Has(offset, head); });
  plan.deletes_events = false;
  Mentions mentions(views_->shoppers(), state_.next_shopper);
  plan.look = [&mentions](bool is_old, const LogHead& head) { mentions.Add(is_old, head); };
  VITRINE_RETURN_IF_ERROR(PlanErasure(plan));
  if (plan.num_events == 0) return WriteResult{.sequence = state_.sequence};
  VITRINE_RETURN_IF_ERROR(PlanShoppers(mentions.Gone(), plan));

  StoreState next = state_;
  ++next.sequence;
  next.num_events -= plan.num_events;
  plan.batch.Put(Table::kMeta, std::string(kStateRow), EncodeStoreState(next));
  plan.batch.Put(Table::kMeta, std::string(kForgettingRow), EncodeOldEvents(old));
  ++num_erasures_;
  VITRINE_RETURN_IF_ERROR(Commit(plan.batch));
  {
    std::lock_guard lock(commit_mutex_);
    views_->Apply(std::move(plan.views));
    state_ = next;
    PublishState();
  }
  VITRINE_RETURN_IF_ERROR(FinishForgetting());
  Log(LogLevel::kInfo, "store.events-forgotten", {{"events", plan.num_events}});
  return WriteResult{.sequence = next.sequence, .num_removed = plan.num_events};
}

// Who stays gets what their events left; who has nothing left goes, with the visitors they were.
absl::Status LocalStore::PlanShoppers(const std::vector<UserIndex>& unmentioned,
                                      ErasurePlan& plan) const {
  VITRINE_ASSIGN_OR_RETURN(const PutRows puts, ReadPutRows(*storage_, place_.clock->Now()));
  std::unordered_set<std::uint32_t> gone;
  for (const UserIndex shopper : unmentioned) {
    const auto number = static_cast<std::uint32_t>(Row(shopper));
    const auto row = views_->shoppers().Row(shopper);
    if (!row.has_value() || row->profile != nullptr || puts.has_value.contains(number)) continue;
    gone.insert(number);
    const auto [begin, end] = puts.rows.equal_range(number);
    for (auto one = begin; one != end; ++one) plan.batch.Delete(Table::kMeta, one->second);
  }
  for (const auto& [visitor, row] : views_->shoppers().MergedRows()) {
    const auto into = static_cast<std::uint32_t>(Row(*row.merged_into));
    if (gone.contains(into)) plan.views.shoppers.push_back(visitor);
  }
  for (const std::uint32_t number : gone) plan.views.shoppers.push_back(UserIndex{number});
  for (const UserIndex shopper : plan.views.shoppers) {
    plan.batch.Delete(Table::kShoppers, IndexKey(static_cast<std::uint32_t>(Row(shopper))));
  }
  for (auto& [number, other] : plan.others) {
    if (!gone.contains(number)) plan.views.others.push_back(std::move(other));
  }
  return absl::OkStatus();
}

// Deletes the events that the row kForgettingRow calls old, a few at a time, and rewrites the
// files. Interrupted, it goes on at the next start; until then no view counts them.
absl::Status LocalStore::FinishForgetting() {
  const absl::Status status = DeleteOldEvents();
  // The views do without what is still in the log: nothing may be counted from it now.
  if (!status.ok() && WhyNotWritable().ok()) BecomeReadOnly(status);
  return status;
}

absl::Status LocalStore::DeleteOldEvents() {
  VITRINE_ASSIGN_OR_RETURN(const auto row, storage_->Get(Table::kMeta, kForgettingRow));
  if (!row.has_value()) return absl::OkStatus();
  VITRINE_ASSIGN_OR_RETURN(const OldEvents old, DecodeOldEvents(*row));
  for (std::uint64_t from = 0; from < state_.next_offset; from += kOffsetsPerCommit) {
    Batch batch;
    VITRINE_RETURN_IF_ERROR(
        storage_->Scan(Table::kLog, OffsetKey(from), OffsetKey(from + kOffsetsPerCommit),
                       [&](std::string_view key, std::string_view value) -> absl::Status {
                         VITRINE_ASSIGN_OR_RETURN(const LogHead head, DecodeLogHead(value));
                         if (!old.Has(ParseOffsetKey(key), head)) return absl::OkStatus();
                         return DeleteEvent(*key_, key, value, batch);
                       }));
    VITRINE_RETURN_IF_ERROR(Commit(batch));
  }
  Batch done;
  done.Delete(Table::kMeta, std::string(kForgettingRow));
  done.Put(Table::kMeta, std::string(kErasureRow), "");
  VITRINE_RETURN_IF_ERROR(Commit(done));
  return FinishErasure();
}

}  // namespace vitrine
