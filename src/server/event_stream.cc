#include "server/event_stream.h"

#include <utility>

#include "server/status.h"
#include "server/wire.h"
#include "vitrine/server/convert.h"

namespace vitrine {

void SetAck(const v1::Event& event, EventOutcome outcome, v1::EventAck& ack) {
  ack.set_event_id(event.event_id());
  ack.set_duplicate(outcome == EventOutcome::kDuplicate);
  ack.set_dropped(outcome == EventOutcome::kErased);
}

EventStream::EventStream(RequestPool& pool, grpc::CallbackServerContext& context,
                         const Clock& clock, Options options)
    : pool_(pool), context_(context), clock_(clock), options_(std::move(options)) {}

void EventStream::Start(const absl::Status& room) {
  absl::Status status = pool_.Admit(context_, request_);
  if (status.ok()) status = room;
  Update([this, &status] { refusal_ = status; });
}

void EventStream::End() {
  Update([this] {
    refusal_ =
        WithReason(absl::UnavailableError("the server drains; what has no answer was not recorded"),
                   "DRAINING");
  });
}

void EventStream::OnReadDone(bool is_ok) {
  if (is_ok) {
    Take();
  } else {
    Update([this] { is_reading_ = false, has_read_all_ = true; });
  }
}

void EventStream::OnWriteDone(bool is_ok) {
  Update([this, is_ok] {
    answers_.pop_front();
    is_writing_ = false;
    is_broken_ |= !is_ok;
  });
}

void EventStream::OnCancel() {
  Update([this] { is_broken_ = true; });
}

void EventStream::OnDone() {
  const auto when_done = options_.when_done;  // A copy: the call may destroy this stream.
  when_done(this);
}

void EventStream::Take() {
  Answer* answer = nullptr;  // Stays where it is: a deque moves nothing at its ends.
  {
    std::lock_guard lock(mutex_);
    if (is_finished_) return;  // Too late for an answer, so it must not be recorded either.
    answer = &answers_.emplace_back();
    answer->response.set_sequence(next_sequence_++);
  }
  const absl::Status access = pool_.CheckAccess(context_, request_);
  std::vector<FieldViolation> violations;
  if (!request_.has_event()) violations.push_back({.field = "event", .description = "is unset"});
  Converted<Event> event = FromProto(request_.event(), clock_.Now());
  if (violations.empty()) AppendPrefixed("event.", event.violations, violations);
  if (!access.ok()) {
    Complete(*answer, access);
  } else if (!violations.empty()) {
    Complete(*answer, BadRequestStatus(violations));
  } else {
    SetAck(request_.event(), EventOutcome::kRecorded, *answer->response.mutable_ack());
    RecordEvents one;
    one.events.push_back(std::move(event.value));
    pool_.Write(std::move(one), [this, answer](const absl::StatusOr<WriteResult>& result) {
      if (result.ok()) {
        v1::EventAck& ack = *answer->response.mutable_ack();
        ack.set_duplicate(result->outcomes[0] == EventOutcome::kDuplicate);
        ack.set_dropped(result->outcomes[0] == EventOutcome::kErased);
        answer->response.set_consistency_token(ConsistencyToken(result->sequence));
      }
      Complete(*answer, result.status());
    });
  }
  Update([this] { is_reading_ = false; });  // Only now: the next event comes after this one.
}

void EventStream::Complete(Answer& answer, const absl::Status& error) {
  if (!error.ok()) *answer.response.mutable_error() = ToRpcStatus(error);
  Update([&answer] { answer.is_ready = true; });
}

// gRPC may call back from within a call to it, so none is made under the mutex: what to do is
// decided under it and done after. num_acting_ keeps the stream from being finished, and so from
// being destroyed, while any thread is between the two.
void EventStream::Update(const std::function<void()>& change) {
  {
    std::lock_guard lock(mutex_);
    change();
    ++num_acting_;
  }
  Advance();
}

void EventStream::Advance() {
  while (true) {
    Action action = Action::kNothing;
    const v1::StreamEventsResponse* response = nullptr;
    absl::Status status;
    {
      std::lock_guard lock(mutex_);
      --num_acting_;
      action = Decide();
      if (action == Action::kNothing) return;
      ++num_acting_;
      if (action == Action::kWrite) response = &answers_.front().response;
      status = is_broken_ ? absl::CancelledError() : refusal_;
    }
    if (action == Action::kRead) StartRead(&request_);
    if (action == Action::kWrite) StartWrite(response);
    if (action == Action::kFinish) {
      return Finish(pool_.EndStream(context_, v1::StreamEventsRequest::default_instance(),
                                    status));  // The stream may be gone now.
    }
  }
}

EventStream::Action EventStream::Decide() {
  if (is_finished_) return Action::kNothing;
  while (is_broken_ && !is_writing_ && !answers_.empty() && answers_.front().is_ready) {
    answers_.pop_front();  // Nobody reads it.
  }
  if (!is_writing_ && !answers_.empty() && answers_.front().is_ready) {
    is_writing_ = true;
    return Action::kWrite;
  }
  const bool is_over = has_read_all_ || is_broken_ || !refusal_.ok();
  if (!is_over && !is_reading_ && answers_.size() < options_.max_unacknowledged) {
    is_reading_ = true;
    return Action::kRead;
  }
  if (is_over && answers_.empty() && num_acting_ == 0) {
    is_finished_ = true;
    return Action::kFinish;
  }
  return Action::kNothing;
}

}  // namespace vitrine
