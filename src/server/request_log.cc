#include "server/request_log.h"

#include <algorithm>
#include <cmath>
#include <random>

#include "absl/strings/str_format.h"
#include "server/status.h"
#include "vitrine/base/log.h"

namespace vitrine {
namespace {

constexpr char kHexDigits[] = "0123456789abcdef";
constexpr std::size_t kNumDigits = 15;

// SplitMix64's last step: a bijection, so two numbers never become one.
std::uint64_t Mix(std::uint64_t number) {
  number = (number ^ (number >> 30U)) * 0xbf58476d1ce4e5b9U;
  number = (number ^ (number >> 27U)) * 0x94d049bb133111ebU;
  return number ^ (number >> 31U);
}

bool IsIdByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_' || c == '.';
}

LogValue Milliseconds(Micros us) { return LogValue::Rounded(static_cast<double>(us) / 1'000, 3); }

std::string CodeName(const absl::Status& status) {
  return status.ok() ? "OK" : absl::StatusCodeToString(status.code());
}

// Of a page each stage once, with the items and the time of all rows.
std::vector<Trace::Stage> SumOf(const std::vector<std::vector<Trace::Stage>>& lists) {
  if (lists.size() == 1) return lists.front();
  std::vector<Trace::Stage> sum;
  for (const std::vector<Trace::Stage>& stages : lists) {
    for (const Trace::Stage& stage : stages) {
      const auto same = std::find_if(sum.begin(), sum.end(),
                                     [&](const auto& each) { return each.name == stage.name; });
      if (same == sum.end()) {
        sum.push_back(stage);
      } else {
        same->count += stage.count;
        same->micros += stage.micros;
      }
    }
  }
  return sum;
}

// "query 3 12us, retrieve:ials 100 220us".
std::string StagesText(const CallNote* note) {
  if (note == nullptr) return "not-traced";
  std::string text;
  for (const Trace::Stage& stage : SumOf(note->stages)) {
    absl::StrAppendFormat(&text, "%s%s %d %.0fus", text.empty() ? "" : ", ", stage.name,
                          stage.count, stage.micros);
  }
  return text.empty() ? "not-traced" : text;
}

// What somebody has to look into must be in the log, not only in the caller's hands.
bool IsGrave(const absl::Status& status) {
  return absl::IsInternal(status) || absl::IsUnknown(status) || absl::IsDataLoss(status);
}

RequestId GiveId(grpc::CallbackServerContext& context, std::uint64_t number) {
  const RequestId id(context, number);
  context.AddTrailingMetadata(RequestId::kMetadata, std::string(id.text()));
  return id;
}

void WriteGrave(std::string_view id, const Method& method, const absl::Status& status) {
  Log(LogLevel::kError, "server.request_failed",
      {{"id", id},
       {"method", method.name},
       {"code", CodeName(status)},
       {"message", std::string(status.message())}});
}

void Write(LogLevel level, std::string_view event, std::string_view id,
           const RequestLog::Ended& call, std::uint64_t num_left_out) {
  const CallNote* note = call.note;
  Log(level, event,
      {{"id", id},
       {"method", call.method.name},
       {"code", CodeName(call.status)},
       {"ms", Milliseconds(call.took_us)},
       {"waited_ms", Milliseconds(call.waited_us)},
       {"placement", note == nullptr ? "" : note->placement},
       {"items", note == nullptr ? 0 : note->num_items},
       {"stages", StagesText(note)},
       {"left_out", num_left_out}});
}

}  // namespace

bool RequestId::IsSane(std::string_view given) {
  return !given.empty() && given.size() <= kMaxBytes &&
         std::all_of(given.begin(), given.end(), IsIdByte);
}

RequestId::RequestId(std::uint64_t number) : size_(kNumDigits) {
  for (std::size_t i = 0; i < kNumDigits; ++i, number >>= 4U) {
    text_.at(i) = kHexDigits[number & 0xfU];
  }
}

RequestId::RequestId(const grpc::CallbackServerContext& context, std::uint64_t number)
    : RequestId(number) {
  const auto& metadata = context.client_metadata();
  const auto found = metadata.find(kMetadata);
  if (found == metadata.end()) return;
  const std::string_view given(found->second.data(), found->second.size());
  if (!IsSane(given)) return;
  std::copy(given.begin(), given.end(), text_.begin());
  size_ = given.size();
}

RequestLog::RequestLog(const RequestLogOptions& options)
    : next_((std::uint64_t{std::random_device()()} << 32U) | std::random_device()()) {
  Set(options);
}

void RequestLog::Set(const RequestLogOptions& options) {
  slow_us_ = static_cast<Micros>(options.slow_ms * 1'000);
  // 2^64 itself is out of range, so a share of 1 has the largest number, which is never drawn
  // below.
  const double bound = std::ldexp(options.sample_share, 64);
  sample_below_ = options.sample_share >= 1 ? UINT64_MAX : static_cast<std::uint64_t>(bound);
  const std::lock_guard lock(mutex_);
  slow_per_second_ = options.slow_per_second;
}

std::uint64_t RequestLog::NextNumber() {
  return Mix(next_.fetch_add(0x9e3779b97f4a7c15U, std::memory_order_relaxed));
}

bool RequestLog::IsSampled(std::uint64_t number) const {
  const std::uint64_t below = sample_below_.load(std::memory_order_relaxed);
  return number < below || below == UINT64_MAX;
}

std::optional<std::uint64_t> RequestLog::TakeSlowLine() {
  const std::lock_guard lock(mutex_);
  if (slow_per_second_ > 0 && slow_lines_.Take(slow_per_second_, MonotonicNow()) > 0) {
    ++num_left_out_;
    if (left_out_ != nullptr) left_out_->Add();
    return std::nullopt;
  }
  return std::exchange(num_left_out_, 0);
}

bool RequestLog::HasLines() const {
  return slow_us_.load(std::memory_order_relaxed) > 0 ||
         sample_below_.load(std::memory_order_relaxed) > 0;
}

void RequestLog::CountIn(Counter& left_out) {
  const std::lock_guard lock(mutex_);
  left_out_ = &left_out;
}

void RequestLog::NoteStream(grpc::CallbackServerContext& context, const Method& method,
                            const absl::Status& status) {
  const RequestId id = GiveId(context, NextNumber());
  if (IsGrave(status)) WriteGrave(id.text(), method, status);
}

void RequestLog::Note(grpc::CallbackServerContext& context, const Ended& call) {
  const std::uint64_t number = NextNumber();
  const RequestId id = GiveId(context, number);
  if (IsGrave(call.status)) WriteGrave(id.text(), call.method, call.status);
  const Micros slow_us = slow_us_.load(std::memory_order_relaxed);
  if (slow_us > 0 && call.took_us > slow_us) {
    if (const auto num_left_out = TakeSlowLine(); num_left_out.has_value()) {
      Write(LogLevel::kWarning, "request.slow", id.text(), call, *num_left_out);
    }
  } else if (IsSampled(number)) {
    Write(LogLevel::kInfo, "request.sampled", id.text(), call, 0);
  }
}

}  // namespace vitrine
