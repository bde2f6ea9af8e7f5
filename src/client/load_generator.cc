#include "vitrine/client/load_generator.h"

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/generic/generic_stub.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

#include "absl/strings/str_format.h"
#include "client/channel.h"
#include "client/cut_short.h"
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
constexpr double kMaxDeadlineMs = 30'000;
constexpr double kMaxSkew = 10;

double MicrosBetween(Time begin, Time end) {
  return std::chrono::duration<double, std::micro>(end - begin).count();
}

SteadyClock::duration Seconds(double seconds) {
  return std::chrono::duration_cast<SteadyClock::duration>(std::chrono::duration<double>(seconds));
}

absl::Status CheckMix(const LoadOptions& options) {
  double sum = 0;
  bool needs_items = false;
  for (const LoadShare& each : options.mix) {
    if (!(each.share > 0)) return absl::InvalidArgumentError("a share of the mix is not above 0");
    sum += each.share;
    needs_items =
        needs_items || (each.call != LoadCall::kRecommendItems && each.call != LoadCall::kCheck);
  }
  if (std::abs(sum - 1) > 0.001) {
    return absl::InvalidArgumentError(
        absl::StrFormat("the shares of the mix sum to %g, want to sum to 1", sum));
  }
  if (needs_items && options.item_ids.empty()) {
    return absl::InvalidArgumentError(
        "there are no items to record events of, to compare with or to rank");
  }
  return absl::OkStatus();
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
  if (!(options.deadline_ms >= 0 && options.deadline_ms <= kMaxDeadlineMs)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "the deadline is %g ms, wants at most %g, or 0", options.deadline_ms, kMaxDeadlineMs));
  }
  if (!(options.skew >= 0 && options.skew <= kMaxSkew)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("the skew is %g, wants 0 to %g", options.skew, kMaxSkew));
  }
  return CheckMix(options);
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
  LoadCall call{};
};

// What came of one call.
enum class Answer { kWhole, kCutShort, kError };

Answer AnswerOf(Flight& flight) {
  if (!flight.status.ok()) return Answer::kError;
  const bool is_list = flight.call != LoadCall::kRecordEvents && flight.call != LoadCall::kCheck;
  return is_list && WasCutShort(flight.response) ? Answer::kCutShort : Answer::kWhole;
}

// What answers of one kind took.
class Latencies {
 public:
  void Add(double us, Answer answer) {
    histogram_.Add(us);
    if (answer == Answer::kError) ++num_errors_;
    if (answer == Answer::kCutShort) ++num_cut_short_;
  }

  LoadLatencies Report() const {
    return {.num_calls = histogram_.count(),
            .num_errors = num_errors_,
            .num_cut_short = num_cut_short_,
            .mean_us = histogram_.mean_us(),
            .p50_us = histogram_.Quantile(0.5),
            .p90_us = histogram_.Quantile(0.9),
            .p99_us = histogram_.Quantile(0.99),
            .p999_us = histogram_.Quantile(0.999),
            .max_us = histogram_.max_us()};
  }

 private:
  LatencyHistogram histogram_;
  std::uint64_t num_errors_ = 0;
  std::uint64_t num_cut_short_ = 0;
};

std::map<LoadCall, std::string> MethodsOf(const LoadOptions& options) {
  std::map<LoadCall, std::string> methods;
  for (const LoadShare& each : options.mix) methods[each.call] = MethodOf(each.call);
  return methods;
}

// One run of a load: calls start on one thread or two, answers arrive on one.
class Run {
 public:
  Run(const LoadOptions& options, std::shared_ptr<grpc::Channel> channel)
      : options_(options),
        stub_(std::move(channel)),
        call_limit_(options.deadline_ms > 0
                        ? std::chrono::duration_cast<std::chrono::system_clock::duration>(
                              std::chrono::duration<double, std::milli>(options.deadline_ms))
                        : kCallLimit),
        requests_(MakeRequests(options)),
        methods_(MethodsOf(options)),
        measured_from_(SteadyClock::now() + Seconds(options.warm_up_seconds)),
        ends_(measured_from_ + Seconds(options.seconds)) {}

  LoadReport Measure() {
    if (options_.on_begin) options_.on_begin();
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
    if (SteadyClock::now() >= ends_ || num_counted_ >= options_.max_calls) return false;
    auto flight = std::make_unique<Flight>();
    flight->due = due;
    ShowKey(options_.client.key, flight->context);
    flight->context.set_deadline(std::chrono::system_clock::now() + call_limit_);
    const LoadRequest& request = requests_[num_started_ % requests_.size()];
    flight->call = request.call;
    ++num_started_;
    if (due >= measured_from_) ++num_counted_;
    ++num_in_flight_;
    flight->reader = stub_.PrepareUnaryCall(&flight->context, methods_.at(request.call),
                                            request.message, &queue_);
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

  void Count(Flight& flight, Time now) {
    if (flight.due < measured_from_) return;
    last_ = std::max(last_, now);
    const double us = MicrosBetween(flight.due, now);
    const Answer answer = AnswerOf(flight);
    all_.Add(us, answer);
    by_call_[flight.call].Add(us, answer);
    if (answer == Answer::kError) ++errors_[CodeName(flight.status.error_code())];
  }

  LoadReport Report() const {
    LoadReport report;
    static_cast<LoadLatencies&>(report) = all_.Report();
    for (const auto& [call, latencies] : by_call_) report.by_call[call] = latencies.Report();
    report.errors = errors_;
    report.seconds = MeasuredSeconds();
    if (report.num_calls > 1) {
      report.calls_per_second = static_cast<double>(report.num_calls) / report.seconds;
    }
    return report;
  }

  // An open loop goes on after its last answer: until the next call is due, or the time is up.
  double MeasuredSeconds() const {
    double seconds = options_.seconds;
    const bool is_cut = num_counted_ >= options_.max_calls;
    if (is_cut && options_.rate > 0) {
      seconds = std::min(seconds, static_cast<double>(num_counted_) / options_.rate);
    } else if (is_cut) {
      seconds = 0;
    }
    const double to_last = last_ > measured_from_ ? MicrosBetween(measured_from_, last_) / 1e6 : 0;
    return std::max(seconds, to_last);
  }

  const LoadOptions& options_;
  grpc::GenericStub stub_;
  const std::chrono::system_clock::duration call_limit_;
  const std::vector<LoadRequest> requests_;
  const std::map<LoadCall, std::string> methods_;
  const Time measured_from_;
  const Time ends_;
  grpc::CompletionQueue queue_;

  // In an open loop guarded by mutex_; else of the one thread.
  std::mutex mutex_;
  std::condition_variable has_room_;
  std::size_t num_in_flight_ = 0;
  std::uint64_t num_started_ = 0;
  std::uint64_t num_counted_ = 0;  // Of these, behind the warm-up.
  bool is_pacing_done_ = false;

  // Of the receiving thread.
  Latencies all_;
  std::map<LoadCall, Latencies> by_call_;
  std::map<std::string, std::uint64_t> errors_;
  Time last_{};
};

}  // namespace

absl::StatusOr<LoadReport> GenerateLoad(const LoadOptions& options) {
  VITRINE_RETURN_IF_ERROR(Check(options));
  const auto channel = MakeChannel(options.address, options.client);
  if (!channel->WaitForConnected(std::chrono::system_clock::now() + kConnectLimit)) {
    return absl::UnavailableError(
        absl::StrFormat("no server answers at %s; start one with vitrine serve", options.address));
  }
  return Run(options, channel).Measure();
}

}  // namespace vitrine
