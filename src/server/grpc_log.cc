#include "server/grpc_log.h"

#include <grpc/support/log.h>

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "absl/strings/str_format.h"
#include "vitrine/base/clock.h"
#include "vitrine/base/log.h"
#include "vitrine/server/api_keys.h"
#include "vitrine/server/server.h"

namespace vitrine {
namespace {

constexpr double kLinesPerSecond = 5;

void Write(gpr_log_func_args* said) {
  static TokenBucket lines(kLinesPerSecond);
  static std::atomic<std::uint64_t> num_left_out = 0;
  if (lines.Take(MonotonicNow()) > 0) {
    ++num_left_out;
    return;
  }
  const std::string_view path = said->file;
  // What gRPC calls an error is one of the other side, as a rule.
  Log(said->severity == GPR_LOG_SEVERITY_ERROR ? LogLevel::kWarning : LogLevel::kInfo,
      "server.grpc",
      {{"message", WithoutAddresses(said->message)},
       {"at", absl::StrFormat("%s:%d", path.substr(path.rfind('/') + 1), said->line)},
       {"left_out", num_left_out.exchange(0)}});
}

}  // namespace

std::string WithoutAddresses(std::string_view text) {
  std::string without;
  while (true) {
    const std::size_t at = std::min(text.find("ipv4:"), text.find("ipv6:"));
    without += text.substr(0, at);
    if (at == std::string_view::npos) return without;
    without += "[address]";
    const std::size_t end = text.find_first_of(" ,;\"'})", at);
    text.remove_prefix(std::min(end, text.size()));
  }
}

void RouteGrpcLog() { gpr_set_log_function(&Write); }

}  // namespace vitrine
