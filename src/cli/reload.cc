#include "cli/reload.h"

#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "cli/config_change.h"
#include "vitrine/base/log.h"
#include "vitrine/base/log_format.h"
#include "vitrine/base/status_macros.h"

namespace vitrine::cli {
namespace {

absl::Status CheckKeys(const Config& now, const Config& next) {
  const std::vector<std::string> names = WantRestart(now, next);
  if (names.empty()) return absl::OkStatus();
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
  return absl::FailedPreconditionError(absl::StrFormat(
      "%s cannot change while the server runs: restart it, or put back what it was started with",
      list));
}

}  // namespace

absl::Status Reload(const Config& now, const Config& next, const Configured& parts) {
  VITRINE_RETURN_IF_ERROR(CheckKeys(now, next));
  VITRINE_RETURN_IF_ERROR(parts.server.CheckChange(next.server));
  VITRINE_RETURN_IF_ERROR(parts.keys.Refresh());
  VITRINE_RETURN_IF_ERROR(parts.placements.Configure(next.placements));
  // From here on nothing can fail.
  parts.server.Change(next.server);
  parts.lifecycle.Change(next.lifecycle);
  SetLogFormat(next.log_format);
  SetLogLevel(next.log_level);
  return absl::OkStatus();
}

}  // namespace vitrine::cli
