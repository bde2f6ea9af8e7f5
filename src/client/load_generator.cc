#include "vitrine/client/load_generator.h"

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

#include "absl/strings/str_format.h"
#include "client/latency_histogram.h"
#include "client/load_requests.h"
#include "vitrine/base/status_macros.h"

namespace vitrine {
namespace {

using SteadyClock = std::chrono::steady_clock;
using Time = SteadyClock::time_point;

constexpr auto kConnectLimit = std::chrono::seconds(5);
constexpr auto kCallLimit = std::chrono::seconds(30);
constexpr double kMaxSeconds = 3600;
constexpr std::size_t kMaxConcurrency = 10'000;
constexpr double kMaxRate = 1'000'000;

double MicrosBetween(Time begin, Time end) {
  return std::chrono::duration<double, std::micro>(end - begin).count();
}

SteadyClock::duration Seconds(double seconds) {
  return std::chrono::duration_cast<SteadyClock::duration>(std::chrono::duration<double>(seconds));
}

absl::Status Check(const LoadOptions& options) {
  if (options.concurrency < 1 || options.concurrency > kMaxConcurrency) {
    return absl::InvalidArgumentError(
        absl::StrFormat("concurrency is %d, wants 1 to %d", options.concurrency, kMaxConcurrency));
  }
  if (!(options.seconds > 0 && options.seconds <= kMaxSeconds)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "the duration is %g s, wants more than 0 and at most %g", options.seconds, kMaxSeconds));
  }
  if (!(options.rate >= 0 && options.rate <= kMaxRate)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "the rate is %g calls a second, wants at most %g, or 0", options.rate, kMaxRate));
  }
  if (options.call == LoadCall::kRecordEvents && options.item_ids.empty()) {
    return absl::InvalidArgumentError("there are no items to record events of");
  }
  return absl::OkStatus();
}

std::string CodeName(grpc::StatusCode code) {
  return absl::StatusCodeToString(static_cast<absl::StatusCode>(code));
}

// One call on its way.
struct Flight {
  grpc::ClientContext context;
  grpc::ByteBuffer response;
  grpc::Status status;
  std::unique_ptr<grpc::GenericClientAsyncResponseReader> reader;
  Time due;
};

// One run of a load: calls start on one thread or two, answers arrive on one.
class Run {
 public:
  Run(const LoadOptions& options, std::shared_ptr<grpc::Channel> channel)
      : options_(options),
        stub_(std::move(channel)),
        method_(MethodOf(options.call)),
        requests_(MakeRequests(options)),
        measured_from_(SteadyClock::now() + Seconds(options.warm_up_seconds)),
        ends_(measured_from_ + Seconds(options.seconds)) {}

  LoadReport Measure() {
    if (options_.rate > 0) {
      std::thread pacer([this] { StartOnTime(); });
      Receive();
      pacer.join();
    } else {
      for (std::size_t i = 0; i < options_.concurrency; ++i) Start(SteadyClock::now());
      if (num_in_flight_ == 0) queue_.Shutdown();
      Receive();
    }
    return Report();
  }

 private:
  // Starts one call; false when the run is over.
  bool Start(Time due) {
    if (SteadyClock::now() >= ends_ || num_started_ >= options_.max_calls) return false;
    auto flight = std::make_unique<Flight>();
    flight->due = due;
    flight->context.set_deadline(std::chrono::system_clock::now() + kCallLimit);
    const grpc::ByteBuffer& request = requests_[num_started_ % requests_.size()];
    ++num_started_;
    ++num_in_flight_;
    flight->reader = stub_.PrepareUnaryCall(&flight->context, method_, request, &queue_);
    flight->reader->StartCall();
    Flight* tag = flight.release();  // Comes back through the queue.
    tag->reader->Finish(&tag->response, &tag->status, tag);
    return true;
  }

  // Open loop: a call is due every 1 / rate seconds, whether the server keeps up or not.
  void StartOnTime() {
    const Time begin = SteadyClock::now();
    for (std::uint64_t i = 0;; ++i) {
      const Time due = begin + Seconds(static_cast<double>(i) / options_.rate);
      if (due >= ends_) break;
      std::this_thread::sleep_until(due);
      std::unique_lock lock(mutex_);
      has_room_.wait(lock, [this] { return num_in_flight_ < options_.concurrency; });
      if (!Start(due)) break;
    }
    const std::lock_guard lock(mutex_);
    is_pacing_done_ = true;
    if (num_in_flight_ == 0) queue_.Shutdown();
  }

  void Receive() {
    void* tag = nullptr;
    bool is_ok = false;
    while (queue_.Next(&tag, &is_ok)) {
      const std::unique_ptr<Flight> flight(static_cast<Flight*>(tag));
      Count(*flight, SteadyClock::now());
      if (options_.rate > 0) {
        const std::lock_guard lock(mutex_);
        --num_in_flight_;
        has_room_.notify_one();
        if (is_pacing_done_ && num_in_flight_ == 0) queue_.Shutdown();
      } else {
        --num_in_flight_;
        Start(SteadyClock::now());
        if (num_in_flight_ == 0) queue_.Shutdown();
      }
    }
  }

  void Count(const Flight& flight, Time now) {
    if (flight.due < measured_from_) return;
    last_ = std::max(last_, now);
    latencies_.Add(MicrosBetween(flight.due, now));
    if (!flight.status.ok()) ++errors_[CodeName(flight.status.error_code())];
  }

  LoadReport Report() const {
    LoadReport report;
    report.num_calls = latencies_.count();
    report.errors = errors_;
    for (const auto& [code, count] : errors_) report.num_errors += count;
    report.seconds = last_ > measured_from_ ? MicrosBetween(measured_from_, last_) / 1e6 : 0;
    if (report.seconds > 0) {
      report.calls_per_second = static_cast<double>(report.num_calls) / report.seconds;
    }
    report.mean_us = latencies_.mean_us();
    report.p50_us = latencies_.Quantile(0.5);
    report.p90_us = latencies_.Quantile(0.9);
    report.p99_us = latencies_.Quantile(0.99);
    report.p999_us = latencies_.Quantile(0.999);
    report.max_us = latencies_.max_us();
    return report;
  }

  const LoadOptions& options_;
  grpc::GenericStub stub_;
  const std::string method_;
  const std::vector<grpc::ByteBuffer> requests_;
  const Time measured_from_;
  const Time ends_;
  grpc::CompletionQueue queue_;

  // In an open loop guarded by mutex_; else of the one thread.
  std::mutex mutex_;
  std::condition_variable has_room_;
  std::size_t num_in_flight_ = 0;
  std::uint64_t num_started_ = 0;
  bool is_pacing_done_ = false;

  // Of the receiving thread.
  LatencyHistogram latencies_;
  std::map<std::string, std::uint64_t> errors_;
  Time last_{};
};

}  // namespace

absl::StatusOr<LoadReport> GenerateLoad(const LoadOptions& options) {
  VITRINE_RETURN_IF_ERROR(Check(options));
  const auto channel = grpc::CreateChannel(options.address, grpc::InsecureChannelCredentials());
  if (!channel->WaitForConnected(std::chrono::system_clock::now() + kConnectLimit)) {
    return absl::UnavailableError(
        absl::StrFormat("no server answers at %s; start one with vitrine serve", options.address));
  }
  return Run(options, channel).Measure();
}

}  // namespace vitrine
