#include "cli/import/in_flight.h"

#include <utility>

#include "vitrine/base/status_macros.h"

namespace vitrine::cli {
namespace {

template <typename T>
std::vector<T> HalfOf(const std::vector<T>& values, bool is_first) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  return is_first ? std::vector<T>(values.begin(), middle) : std::vector<T>(middle, values.end());
}

bool IsOfErasedUser(const absl::Status& status) {
  const auto reason = status.GetPayload(kReasonPayload);
  return reason.has_value() && *reason == kReasonUserErased;
}

}  // namespace

// What the writer's threads fill in. Shared with them: the oldest batch is counted by number, so
// that results may come in any order.
struct InFlight::Results {
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<std::optional<absl::StatusOr<WriteResult>>> waiting;  // Guarded by mutex.
  std::uint64_t first = 0;                                         // Number of waiting.front().

  void Put(std::uint64_t number, absl::StatusOr<WriteResult> result) {
    const std::lock_guard lock(mutex);
    waiting[number - first] = std::move(result);
    changed.notify_all();
  }

  std::uint64_t Reserve() {
    const std::lock_guard lock(mutex);
    waiting.emplace_back();
    return first + waiting.size() - 1;
  }

  absl::StatusOr<WriteResult> TakeFirst() {
    std::unique_lock lock(mutex);
    changed.wait(lock, [this] { return waiting.front().has_value(); });
    absl::StatusOr<WriteResult> result = *std::move(waiting.front());
    waiting.pop_front();
    ++first;
    return result;
  }
};

InFlight::InFlight(ShopWriter& writer, RejectLog& rejects, ImportCounts& counts)
    : writer_(writer), rejects_(rejects), counts_(counts), results_(std::make_shared<Results>()) {}

InFlight::~InFlight() {
  for (std::size_t i = 0; i < batches_.size(); ++i) (void)results_->TakeFirst();
}

absl::Status InFlight::Start(Batch batch) {
  while (batches_.size() >= writer_.max_in_flight()) VITRINE_RETURN_IF_ERROR(WaitForOldest());
  const std::uint64_t number = results_->Reserve();
  Mutation mutation = batch.mutation;  // A copy: a batch that is refused is looked into.
  batches_.push_back(std::move(batch));
  writer_.Write(std::move(mutation),
                [results = results_, number](absl::StatusOr<WriteResult> result) {
                  results->Put(number, std::move(result));
                });
  return absl::OkStatus();
}

absl::Status InFlight::Finish() {
  while (!batches_.empty()) VITRINE_RETURN_IF_ERROR(WaitForOldest());
  return absl::OkStatus();
}

absl::Status InFlight::WaitForOldest() {
  absl::StatusOr<WriteResult> result = results_->TakeFirst();
  const Batch batch = std::move(batches_.front());
  batches_.pop_front();
  VITRINE_RETURN_IF_ERROR(Count(batch, std::move(result)));
  progress_ = batch.progress;
  return absl::OkStatus();
}

absl::Status InFlight::Count(const Batch& batch, absl::StatusOr<WriteResult> result) {
  const auto* events = std::get_if<RecordEvents>(&batch.mutation);
  if (events != nullptr && absl::IsAlreadyExists(result.status())) {
    if (events->events.size() > 1) return WriteHalves<RecordEvents>(events->events, batch.sources);
    rejects_.Add(batch.sources.front().line, batch.sources.front().raw,
                 {"event-id-reused",
                  "the shop has the event " + events->events.front().event_id +
                      " with other content; was the file or its mapping changed? Another --source "
                      "gives other ids"},
                 counts_);
    return absl::OkStatus();
  }
  const auto* users = std::get_if<UpsertUsers>(&batch.mutation);
  if (users != nullptr && IsOfErasedUser(result.status())) {
    if (users->users.size() > 1) return WriteHalves<UpsertUsers>(users->users, batch.sources);
    ++counts_.dropped;
    return absl::OkStatus();
  }
  VITRINE_RETURN_IF_ERROR(result.status());
  if (events == nullptr) counts_.written += result->num_changed;
  for (const EventOutcome outcome : result->outcomes) {
    counts_.written += outcome == EventOutcome::kRecorded ? 1 : 0;
    counts_.duplicates += outcome == EventOutcome::kDuplicate ? 1 : 0;
    counts_.dropped += outcome == EventOutcome::kErased ? 1 : 0;
  }
  return absl::OkStatus();
}

// A batch is refused as a whole for the sake of some of its rows: finds these by halving.
template <typename Kind, typename Row>
absl::Status InFlight::WriteHalves(const std::vector<Row>& rows,
                                   const std::vector<RowSource>& sources) {
  for (const bool is_first : {true, false}) {
    Batch half;
    half.mutation = Kind{HalfOf(rows, is_first)};
    half.sources = HalfOf(sources, is_first);
    VITRINE_RETURN_IF_ERROR(Count(half, WriteAndWait(writer_, half.mutation)));
  }
  return absl::OkStatus();
}

}  // namespace vitrine::cli
