#include <algorithm>
#include <chrono>
#include <future>
#include <utility>
#include <variant>

#include "absl/strings/str_format.h"
#include "feature_store/checkpoint.h"
#include "feature_store/local_store.h"
#include "vitrine/base/log.h"
#include "vitrine/base/status_macros.h"

namespace vitrine {
namespace {

// Events (items, users) of one commit, at most, unless one mutation alone has more: what a commit
// takes then stays around 10 ms, and its memory small.
constexpr std::size_t kMaxGroup = 8'192;
constexpr auto kRetentionPause = std::chrono::minutes(1);  // Between looks at the clock.
constexpr std::size_t kMaxQueued = 65'536;  // More than this waits: the caller is told to wait.

struct CountEntries {
  std::size_t operator()(const RecordEvents& one) const { return one.events.size(); }
  std::size_t operator()(const UpsertItems& one) const { return one.items.size(); }
  std::size_t operator()(const DeleteItems& one) const { return one.ids.size(); }
  std::size_t operator()(const ReplaceCatalogue& one) const { return one.items.size(); }
  std::size_t operator()(const UpdateInventory& one) const { return one.changes.size(); }
  std::size_t operator()(const UpsertUsers& one) const { return one.users.size(); }
  std::size_t operator()(const MergeUsers&) const { return 1; }
  std::size_t operator()(const EraseUser&) const { return 1; }
  std::size_t operator()(const ForgetOldEvents&) const { return 1; }
  std::size_t operator()(const PutFeatures& one) const {
    return one.definitions.size() + one.values.size();
  }
};

// What rewrites the store is no part of a group.
bool IsAlone(const Mutation& mutation) {
  return std::holds_alternative<EraseUser>(mutation) ||
         std::holds_alternative<ForgetOldEvents>(mutation);
}

std::size_t NumEntries(const Mutation& mutation) {
  return std::max<std::size_t>(1, std::visit(CountEntries(), mutation));
}

}  // namespace

absl::StatusOr<WriteResult> FeatureStore::Write(Mutation mutation) {
  std::promise<absl::StatusOr<WriteResult>> promise;
  auto answer = promise.get_future();
  Write(std::move(mutation),
        [&promise](absl::StatusOr<WriteResult> result) { promise.set_value(std::move(result)); });
  return answer.get();
}

LocalStore::LocalStore(StorePlace place, LoadedStore loaded)
    : place_(std::move(place)),
      storage_(std::move(loaded.storage)),
      key_(std::move(loaded.key)),
      views_(std::move(loaded.views)),
      replayed_events_(loaded.replayed_events),
      has_unfinished_erasure_(loaded.has_unfinished_erasure),
      forgotten_(std::move(loaded.forgotten)),
      tombstones_(std::move(loaded.tombstones)),
      sequence_(loaded.state.sequence),
      state_(loaded.state),
      checkpoint_due_(loaded.state.next_offset - loaded.replayed_events +
                      place_.options.checkpoint_events) {
  if (replayed_events_ == 0) checkpoint_sequence_ = state_.sequence;
  if (place_.options.is_read_only) {
    writable_ = absl::FailedPreconditionError(
        "this process reads the store beside its owner: write through the owner, --target ADDR");
  }
}

LocalStore::~LocalStore() {
  {
    std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  wake_.notify_one();
  if (commit_thread_.joinable()) commit_thread_.join();
  if (!WhyNotWritable().ok()) return;
  absl::Status status = Checkpoint();
  if (status.ok()) status = storage_->Flush();
  if (status.ok()) return;
  // Nothing is lost: the next start takes longer.
  Log(LogLevel::kWarning, "store.checkpoint-failed", {{"reason", std::string(status.message())}});
}

absl::Status LocalStore::Start() {
  VITRINE_RETURN_IF_ERROR(Commit(forgotten_));
  VITRINE_RETURN_IF_ERROR(FinishForgetting());
  if (has_unfinished_erasure_) VITRINE_RETURN_IF_ERROR(FinishErasure());
  commit_thread_ = std::thread([this] { Run(); });
  return absl::OkStatus();
}

void LocalStore::Write(Mutation mutation, Done done) {
  Pending pending{std::move(mutation), std::move(done)};
  const absl::Status queued = Enqueue(pending);
  if (queued.ok()) {
    wake_.notify_one();
  } else {
    pending.done(queued);
  }
}

absl::Status LocalStore::Enqueue(Pending& pending) {
  const std::size_t num_entries = NumEntries(pending.mutation);
  std::lock_guard lock(mutex_);
  VITRINE_RETURN_IF_ERROR(writable_);
  if (!queue_.empty() && num_queued_ + num_entries > kMaxQueued) {
    return absl::ResourceExhaustedError(
        absl::StrFormat("%d changes wait for the disk; send slower", num_queued_));
  }
  queue_.push_back(std::move(pending));
  num_queued_ += num_entries;
  return absl::OkStatus();
}

void LocalStore::Run() {
  for (std::vector<Pending> group = TakeGroup(); !group.empty(); group = TakeGroup()) {
    if (IsAlone(group.front().mutation)) {
      AnswerAlone(group.front());
    } else {
      CommitGroup(std::move(group));
    }
    CheckpointWhenDue();
  }
}

void LocalStore::WaitForWork(std::unique_lock<std::mutex>& lock) {
  const auto has_work = [this] { return is_stopping_ || !queue_.empty(); };
  while (is_disk_full_) {
    const std::chrono::milliseconds pause(full_disk_pause_ms_);
    if (wake_.wait_for(lock, pause, has_work)) return;
    lock.unlock();
    LookForRoom();
    lock.lock();
  }
  QueueRetentionWhenDue();
  if (!HasRetention(place_.options)) {
    wake_.wait(lock, has_work);
    return;
  }
  while (!wake_.wait_for(lock, kRetentionPause, has_work)) QueueRetentionWhenDue();
}

std::vector<LocalStore::Pending> LocalStore::TakeGroup() {
  std::unique_lock lock(mutex_);
  WaitForWork(lock);
  std::vector<Pending> group;
  std::size_t num_entries = 0;
  while (!queue_.empty()) {
    const bool is_alone = IsAlone(queue_.front().mutation);
    const std::size_t next = NumEntries(queue_.front().mutation);
    if (!group.empty() && (is_alone || num_entries + next > kMaxGroup)) break;
    num_entries += next;
    group.push_back(std::move(queue_.front()));
    queue_.pop_front();
    if (is_alone) break;
  }
  num_queued_ -= num_entries;
  return group;
}

void LocalStore::CommitGroup(std::vector<Pending> group) {
  const DraftBase base{.storage = *storage_,
                       .views = *views_,
                       .key = *key_,
                       .tombstones = tombstones_,
                       .state = state_};
  Draft draft(base);
  std::vector<absl::StatusOr<WriteResult>> answers;
  answers.reserve(group.size());
  for (const Pending& pending : group) {
    answers.push_back(draft.Stage(pending.mutation, place_.clock->Now()));
  }
  const absl::Status status = Commit(draft.TakeBatch());
  if (status.ok()) {
    std::lock_guard lock(commit_mutex_);
    views_->Apply(draft.changes());
    state_ = draft.state();
    PublishState();
  }
  for (std::size_t i = 0; i < group.size(); ++i) {
    // A duplicate is no success either when what it repeats has just failed.
    group[i].done(status.ok() || !answers[i].ok() ? std::move(answers[i]) : status);
  }
}

void LocalStore::AnswerAlone(const Pending& pending) {
  const auto* erasure = std::get_if<EraseUser>(&pending.mutation);
  auto answer =
      erasure != nullptr ? Erase(*erasure) : Forget(std::get<ForgetOldEvents>(pending.mutation));
  pending.done(std::move(answer));
}

absl::Status LocalStore::Commit(const Batch& batch) {
  VITRINE_RETURN_IF_ERROR(WhyNotWritable());
  if (batch.empty()) return absl::OkStatus();
  absl::Status status = storage_->Commit(batch);
  if (status.ok()) return status;
  BecomeReadOnly(status);
  // Of a full disk the caller hears at once what is wanted.
  return absl::IsResourceExhausted(status) ? WhyNotWritable() : status;
}

absl::Status LocalStore::WhyNotWritable() const {
  std::lock_guard lock(mutex_);
  return writable_;
}

void LocalStore::PublishState() { sequence_.store(state_.sequence, std::memory_order_release); }

void LocalStore::CheckpointWhenDue() {
  if (state_.next_offset < checkpoint_due_ || !WhyNotWritable().ok()) return;
  checkpoint_due_ = state_.next_offset + place_.options.checkpoint_events;
  background_.Submit([this] {
    const absl::Status status = Checkpoint();
    if (status.ok()) return;
    Log(LogLevel::kWarning, "store.checkpoint-failed", {{"reason", std::string(status.message())}});
  });
}

absl::Status LocalStore::Checkpoint() {
  std::lock_guard checkpoint_lock(checkpoint_mutex_);
  vitrine::Checkpoint checkpoint{.store = key_->Fingerprint(),
                                 .signature = SettingsSignature(place_.options)};
  if (place_.options.is_read_only) return WhyNotWritable();
  std::unique_ptr<StoreViews::Cut> cut;
  {
    std::lock_guard lock(commit_mutex_);
    checkpoint.state = state_;
    if (state_.sequence == checkpoint_sequence_) return absl::OkStatus();  // It is there.
    cut = views_->BeginCheckpoint(state_.next_offset);
  }
  checkpoint.views = cut->Write();
  cut.reset();
  VITRINE_RETURN_IF_ERROR(WriteCheckpoint(*place_.files, place_.folder, checkpoint));
  checkpoint_sequence_ = checkpoint.state.sequence;
  return absl::OkStatus();
}

ShopperState LocalStore::ReadShopper(const std::string& user_id,
                                     const std::string& visitor_id) const {
  ShopperState state{.sequence = sequence()};  // Before the views: they reflect at least this.
  const Shoppers::View view = views_->ReadShopper(user_id, visitor_id);
  state.is_known = view.is_known;
  if (view.profile != nullptr) state.profile = *view.profile;
  const std::size_t count = std::min(view.history.size(), place_.options.history_limit);
  state.history.reserve(count);
  for (auto entry = view.history.rbegin(); state.history.size() < count; ++entry) {
    const auto type = static_cast<EventType>(entry->type);
    state.history.push_back({.time_us = entry->time_us,
                             .item = entry->item,
                             .weight = views_->weights().Of(type, entry->value),
                             .value = entry->value,
                             .type = type});
  }
  return state;
}

std::optional<User> LocalStore::GetUser(const std::string& user_id) const {
  const auto index = views_->shoppers().Find(ShopperKind::kUser, user_id);
  if (!index.has_value()) return std::nullopt;
  const Shoppers::View view = views_->shoppers().Read(*index);
  if (view.profile != nullptr) return *view.profile;
  return User{.id = user_id};
}

std::vector<Feature> LocalStore::ReadUserFeatures(const std::string& user_id,
                                                  const std::string& visitor_id,
                                                  std::span<const std::string> names,
                                                  Micros now) const {
  return views_->ReadUserFeatures(user_id, visitor_id, names, now);
}

std::vector<SessionEvent> LocalStore::ReadSession(const std::string& user_id,
                                                  const std::string& visitor_id, Micros now) const {
  return views_->ReadSession(user_id, visitor_id, now);
}

std::vector<Feature> LocalStore::ReadItemFeatures(const std::string& item_id,
                                                  std::span<const std::string> names,
                                                  Micros now) const {
  return views_->ReadItemFeatures(item_id, names, now);
}

std::string LocalStore::UserOfVisitor(const std::string& visitor_id) const {
  const Shoppers& shoppers = views_->shoppers();
  const auto visitor = shoppers.Find(ShopperKind::kVisitor, visitor_id);
  const auto row = visitor.has_value() ? shoppers.Row(*visitor) : std::nullopt;
  if (!row.has_value() || !row->merged_into.has_value()) return "";
  const auto user = shoppers.Row(*row->merged_into);
  return user.has_value() ? user->id : "";
}

std::vector<std::string> LocalStore::VisitorsOfUser(const std::string& user_id) const {
  const Shoppers& shoppers = views_->shoppers();
  const auto user = shoppers.Find(ShopperKind::kUser, user_id);
  if (!user.has_value()) return {};
  std::vector<std::string> visitors;
  for (const UserIndex visitor : shoppers.VisitorsOf(*user)) {
    // One that is erased meanwhile has no row.
    if (auto row = shoppers.Row(visitor)) visitors.push_back(std::move(row->id));
  }
  std::sort(visitors.begin(), visitors.end());
  return visitors;
}

std::shared_ptr<const RankedValues> LocalStore::LivePopularity() const {
  return views_->LivePopularity();
}

std::shared_ptr<const RankedValues> LocalStore::LiveTrends() const { return views_->LiveTrends(); }

std::vector<ShownItem> LocalStore::ReadShownItems(const std::string& user_id,
                                                  const std::string& visitor_id) const {
  const std::vector<HistoryEntry> entries = views_->ReadShown(user_id, visitor_id);
  std::vector<ShownItem> shown;
  shown.reserve(entries.size());
  for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry) {
    shown.push_back({.item = entry->item, .time_us = entry->time_us});
  }
  return shown;
}

StoreStatus LocalStore::status() const {
  StoreStatus status{
      .num_users = views_->shoppers().num_known(),
      .num_items = views_->catalogue().num_items(),
      .replayed_events = replayed_events_,
      .cut_bytes = storage_->cut_bytes(),
      .num_disk_bytes = storage_->num_disk_bytes() + NumCheckpointBytes(place_.folder),
      .writable = WhyNotWritable()};
  {
    std::lock_guard lock(mutex_);
    status.num_queued = num_queued_;
  }
  std::lock_guard lock(commit_mutex_);
  status.num_events = state_.num_events;
  status.sequence = state_.sequence;
  return status;
}

}  // namespace vitrine
