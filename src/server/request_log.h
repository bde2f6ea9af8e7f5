#pragma once

#include <grpcpp/server_context.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "server/methods.h"
#include "vitrine/base/clock.h"
#include "vitrine/base/counters.h"
#include "vitrine/engine/engine.h"
#include "vitrine/server/api_keys.h"
#include "vitrine/server/server.h"

namespace vitrine {

// What a call is called in the log and in its trailing metadata `x-request-id`: what the caller
// sent under that name, if it is 1 to 64 letters, digits, '.', '_' or '-'; else 15 hexadecimal
// digits of `number`, which fit into a std::string that asks for no memory.
class RequestId {
 public:
  static constexpr char kMetadata[] = "x-request-id";
  static constexpr std::size_t kMaxBytes = 64;

  RequestId(const grpc::CallbackServerContext& context, std::uint64_t number);
  explicit RequestId(std::uint64_t number);

  static bool IsSane(std::string_view given);
  std::string_view text() const { return {text_.data(), size_}; }

 private:
  std::array<char, kMaxBytes> text_{};
  std::size_t size_ = 0;
};

// What the work on a call may leave for its line in the log.
struct CallNote {
  std::string placement{};  // The one that answered, so one that there is.
  std::size_t num_items = 0;
  // Of each of its lists; where it failed, those before. Empty: nobody timed them, or it makes
  // none.
  std::vector<std::vector<Trace::Stage>> stages{};
};

// Gives every call its id, and writes the lines of those that were slow, failed gravely, or are in
// the sample: docs/ops/logs.md. Nothing of a request or an answer but counts is in a line, and a
// call without a line asks for no memory here but for its metadata. Thread-safe.
class RequestLog {
 public:
  explicit RequestLog(const RequestLogOptions& options = {});

  // For all calls that end from now on.
  void Set(const RequestLogOptions& options);

  struct Ended {
    const Method& method;
    const absl::Status& status;
    Micros took_us = 0;    // From its arrival.
    Micros waited_us = 0;  // Of that, for a thread.
    const CallNote* note = nullptr;
  };
  // Call before the call is finished.
  void Note(grpc::CallbackServerContext& context, const Ended& call);
  // The same for a stream, which is open for as long as its caller likes: never slow, no sample.
  void NoteStream(grpc::CallbackServerContext& context, const Method& method,
                  const absl::Status& status);

  // Whether any call may come to have a line: then the stages of all are worth their times, since
  // nobody knows beforehand which of them will.
  bool HasLines() const;

  // Counts the slow lines that are left out; `left_out` must outlive this.
  void CountIn(Counter& left_out);

 private:
  // A draw without a lock: every number once, in an order that looks like none.
  std::uint64_t NextNumber();
  bool IsSampled(std::uint64_t number) const;
  // Nothing: the line is one too many. Else how many were left out since the last one.
  std::optional<std::uint64_t> TakeSlowLine();

  std::atomic<Micros> slow_us_ = 0;  // 0: none is slow.
  std::atomic<std::uint64_t> sample_below_ = 0;
  std::atomic<std::uint64_t> next_;
  std::mutex mutex_;
  double slow_per_second_ = 0;  // Guarded by mutex_, as all below.
  Tokens slow_lines_;
  std::uint64_t num_left_out_ = 0;  // Since the last line.
  Counter* left_out_ = nullptr;     // Null: nobody counts.
};

}  // namespace vitrine
