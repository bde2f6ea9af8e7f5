#pragma once

#include "absl/status/status.h"
#include "cli/config.h"
#include "vitrine/engine/placements.h"
#include "vitrine/lifecycle/lifecycle.h"
#include "vitrine/server/api_keys.h"
#include "vitrine/server/server.h"

namespace vitrine::cli {

// What a running server's configuration went to. All must outlive the use.
struct Configured {
  Server& server;
  Lifecycle& lifecycle;
  Placements& placements;
  KeyRing& keys;
};

// Takes in `next` instead of `now`: as a whole, or nothing of it. The files of keys and
// certificates are read again at once, whether or not anything else changed.
//
// Errors: FAILED_PRECONDITION naming every key that wants a restart; INVALID_ARGUMENT a placement
// or a limit is faulty, or what the files of TLS hold; those of KeyRing::Refresh.
absl::Status Reload(const Config& now, const Config& next, const Configured& parts);

}  // namespace vitrine::cli
