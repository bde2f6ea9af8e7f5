#include <algorithm>
#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/str_format.h"
#include "feature_store/checkpoint.h"
#include "feature_store/erasure_plan.h"
#include "feature_store/local_store.h"
#include "feature_store/put_codec.h"
#include "vitrine/base/log.h"
#include "vitrine/base/status_macros.h"

namespace vitrine {

namespace {

bool Contains(const std::vector<UserIndex>& shoppers, const std::optional<UserIndex>& shopper) {
  return shopper.has_value() &&
         std::find(shoppers.begin(), shoppers.end(), *shopper) != shoppers.end();
}

}  // namespace

std::vector<UserIndex> LocalStore::ShoppersToErase(const EraseUser& mutation) const {
  const Shoppers& shoppers = views_->shoppers();
  const bool is_user = !mutation.user_id.empty();
  const auto index = is_user ? shoppers.Find(ShopperKind::kUser, mutation.user_id)
                             : shoppers.Find(ShopperKind::kVisitor, mutation.visitor_id);
  if (!index.has_value()) return {};
  std::vector<UserIndex> erased = {*index};
  if (is_user) {
    const std::vector<UserIndex> visitors = shoppers.VisitorsOf(*index);
    erased.insert(erased.end(), visitors.begin(), visitors.end());
  }
  return erased;
}

absl::StatusOr<WriteResult> LocalStore::Erase(const EraseUser& mutation) {
  if (mutation.user_id.empty() == mutation.visitor_id.empty()) {
    return absl::InvalidArgumentError("an erasure wants either user_id or visitor_id");
  }
  VITRINE_RETURN_IF_ERROR(WhyNotWritable());
  const std::vector<UserIndex> erased = ShoppersToErase(mutation);
  ErasurePlan plan(place_.options.popularity_half_life_days,
                   [&erased](std::uint64_t, const LogHead& head) {
                     return Contains(erased, head.user) || Contains(erased, head.visitor);
                   });
  plan.views.shoppers = erased;
  std::vector<std::string> tombstones = {
      mutation.user_id.empty() ? key_->Tombstone(ShopperKind::kVisitor, mutation.visitor_id)
                               : key_->Tombstone(ShopperKind::kUser, mutation.user_id)};
  for (const UserIndex index : plan.views.shoppers) {
    const auto row = views_->shoppers().Row(index);
    tombstones.push_back(key_->Tombstone(row->kind, row->id));
    plan.batch.Delete(Table::kShoppers, IndexKey(static_cast<std::uint32_t>(Row(index))));
  }
  VITRINE_RETURN_IF_ERROR(PlanPutValues(plan));
  for (const std::string& tombstone : tombstones) plan.batch.Put(Table::kErased, tombstone, "");
  const bool was_known = !plan.views.shoppers.empty();
  if (was_known) VITRINE_RETURN_IF_ERROR(PlanErasure(plan));
  for (auto& [number, other] : plan.others) plan.views.others.push_back(std::move(other));

  StoreState next = state_;
  ++next.sequence;
  next.num_events -= plan.num_events;
  plan.batch.Put(Table::kMeta, std::string(kStateRow), EncodeStoreState(next));
  if (was_known) plan.batch.Put(Table::kMeta, std::string(kErasureRow), "");
  ++num_erasures_;
  VITRINE_RETURN_IF_ERROR(Commit(plan.batch));

  tombstones_.insert(tombstones.begin(), tombstones.end());
  {
    std::lock_guard lock(commit_mutex_);
    if (was_known) views_->Apply(std::move(plan.views));
    state_ = next;
    PublishState();
  }
  if (was_known) VITRINE_RETURN_IF_ERROR(FinishErasure());
  return WriteResult{.sequence = next.sequence, .num_removed = plan.num_events};
}

// By the rows on disk: those of values that are long over are in no view.
absl::Status LocalStore::PlanPutValues(ErasurePlan& plan) const {
  for (const UserIndex index : plan.views.shoppers) {
    const RowRange rows =
        PutValueRows(FeatureEntity::kUser, static_cast<std::uint32_t>(Row(index)));
    VITRINE_RETURN_IF_ERROR(storage_->Scan(Table::kMeta, rows.from, rows.to,
                                           [&](std::string_view row, std::string_view) {
                                             plan.batch.Delete(Table::kMeta, std::string(row));
                                             return absl::OkStatus();
                                           }));
  }
  return absl::OkStatus();
}

absl::Status LocalStore::PlanErasure(ErasurePlan& plan) const {
  VITRINE_RETURN_IF_ERROR(storage_->Scan(
      Table::kLog, "", "", [&](std::string_view key, std::string_view value) -> absl::Status {
        VITRINE_ASSIGN_OR_RETURN(const LogHead head, DecodeLogHead(value));
        const bool goes = plan.goes(ParseOffsetKey(key), head);
        plan.look(goes, head);
        if (!goes) {
          views_->AddDemand(plan.views.demand, head);
          Behaviour::AddToItems(ParseOffsetKey(key), head, *plan.views.items);
          return absl::OkStatus();
        }
        if (plan.deletes_events) {
          const absl::Status deleted = DeleteEvent(*key_, key, value, plan.batch);
          if (!deleted.ok()) return deleted;
        }
        ++plan.num_events;
        const auto owner = views_->shoppers().Resolve(head.shopper());
        if (!Contains(plan.views.shoppers, owner)) {
          plan.others[static_cast<std::uint32_t>(Row(*owner))].index = *owner;
        }
        return absl::OkStatus();
      }));
  return plan.others.empty() ? absl::OkStatus() : PlanOthers(plan);
}

absl::Status LocalStore::PlanOthers(ErasurePlan& plan) const {
  VITRINE_RETURN_IF_ERROR(storage_->Scan(
      Table::kLog, "", "", [&](std::string_view key, std::string_view value) -> absl::Status {
        VITRINE_ASSIGN_OR_RETURN(const LogHead head, DecodeLogHead(value));
        if (plan.goes(ParseOffsetKey(key), head)) return absl::OkStatus();
        const auto owner = views_->shoppers().Resolve(head.shopper());
        const auto other = plan.others.find(static_cast<std::uint32_t>(Row(*owner)));
        if (other == plan.others.end()) return absl::OkStatus();
        VITRINE_ASSIGN_OR_RETURN(const EventDetails details, DetailsOf(head, value));
        other->second.activity.Add(ParseOffsetKey(key), head, details);
        views_->AddToPast(head, ParseOffsetKey(key), other->second.past);
        other->second.has_events = true;
        return absl::OkStatus();
      }));
  return absl::OkStatus();
}

absl::Status DeleteEvent(const StoreKey& store_key, std::string_view key, std::string_view value,
                         Batch& batch) {
  VITRINE_ASSIGN_OR_RETURN(const LogRecord record, DecodeLogRecord(value));
  batch.Delete(Table::kLog, std::string(key));
  if (!record.event.event_id.empty()) {
    batch.Delete(Table::kEventIds, store_key.EventIdKey(record.event.event_id));
  }
  return absl::OkStatus();
}

// Everything that held the shopper is rewritten without. Interrupted, it is done again at the next
// start: the row kErasureRow went to disk together with the deletions.
absl::Status LocalStore::FinishErasure() {
  const auto rewrite = [this]() -> absl::Status {
    {
      std::lock_guard lock(checkpoint_mutex_);
      VITRINE_RETURN_IF_ERROR(RemoveCheckpoints(*place_.files, place_.folder));
      checkpoint_sequence_ = 0;
    }
    ++num_erasures_;  // A backup that has copied tables since the commit holds what goes now.
    VITRINE_RETURN_IF_ERROR(storage_->Forget());
    return Checkpoint();
  };
  const absl::Status status = rewrite();
  if (!status.ok()) {
    BecomeReadOnly(status);
    const bool is_full = absl::IsResourceExhausted(status);
    absl::Status unfinished(
        status.code(),
        absl::StrFormat("the shopper is forgotten, but files may still hold them until %s: %s",
                        is_full ? "the disk has room" : "the store is opened again",
                        std::string(status.message())));
    if (is_full) unfinished.SetPayload(kReasonPayload, absl::Cord(kReasonDiskFull));
    return unfinished;
  }
  Batch done;
  done.Delete(Table::kMeta, std::string(kErasureRow));
  return Commit(done);
}

}  // namespace vitrine
