#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>

#include "server/request_pool.h"
#include "vitrine/v1/event_service.grpc.pb.h"

namespace vitrine {

// Fills in what became of one event.
void SetAck(const v1::Event& event, EventOutcome outcome, v1::EventAck& ack);

// One StreamEvents call: reads events, writes each to the store as it comes, so that the order of
// the stream is the order of the log, and answers in that order once they are on disk. Stops
// reading while too many wait for the disk, which holds the client back. Thread-safe.
class EventStream final
    : public grpc::ServerBidiReactor<v1::StreamEventsRequest, v1::StreamEventsResponse> {
 public:
  struct Options {
    std::size_t max_unacknowledged = 0;
    std::function<void(EventStream*)> when_done{};  // Called once, last; may destroy the stream.
  };

  EventStream(RequestPool& pool, grpc::CallbackServerContext& context, const Clock& clock,
              Options options);

  // With an error of whoever made the stream it ends at once; the caller's own come first.
  void Start(const absl::Status& room = absl::OkStatus());

  // Reads no more, and finishes with UNAVAILABLE once what was read is answered.
  void End();

  void OnReadDone(bool is_ok) override;
  void OnWriteDone(bool is_ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  enum class Action { kNothing, kRead, kWrite, kFinish };
  struct Answer {
    v1::StreamEventsResponse response{};
    bool is_ready = false;
  };

  void Take();
  void Complete(Answer& answer, const absl::Status& error);
  void Update(const std::function<void()>& change);
  Action Decide();
  void Advance();

  RequestPool& pool_;
  grpc::CallbackServerContext& context_;
  const Clock& clock_;
  const Options options_;
  v1::StreamEventsRequest request_;  // Belongs to gRPC while is_reading_.

  std::mutex mutex_;
  std::deque<Answer> answers_;  // Guarded by mutex_, as all below; in the order of the stream.
  absl::Status refusal_;        // Not OK: ends the stream with it.
  std::int64_t next_sequence_ = 0;
  int num_acting_ = 0;  // Threads between a change and the end of what follows from it.
  bool is_reading_ = false;
  bool is_writing_ = false;  // The first of answers_.
  bool has_read_all_ = false;
  bool is_broken_ = false;  // The client has gone.
  bool is_finished_ = false;
};

}  // namespace vitrine
